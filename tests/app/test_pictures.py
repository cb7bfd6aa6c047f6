"""The pictures: our own drawings, and folders of frames."""

import draw_pictures
import numpy as np
import pytest

from kerasaudio.app.pictures import Pictures
from kerasaudio.app.subjects import POSES, QUIET, SUBJECTS
from kerasaudio.weights.label_lists import label_list

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
LABELS = ["Speech", "Dog", "Bark", "Rain", "AC/DC"]


def film(folder, name, frames=3, suffix=".png", content=PNG):
    (folder / name).mkdir(parents=True)
    for frame in range(frames):
        path = folder / name / f"frame-{frame:03}{suffix}"
        path.write_bytes(content + bytes([frame]))
    return folder


def test_the_drawings_are_those_of_the_script():
    found = {
        path.name: path.read_text(encoding="utf-8")
        for path in draw_pictures.FOLDER.iterdir()
    }
    assert found == draw_pictures.drawn(), "python tools/draw_pictures.py"
    assert len(found) == POSES * (len(SUBJECTS) + 1)
    assert sum(map(len, found.values())) < 100_000
    poses = [found[f"{each.name}-{pose}.svg"] for each in SUBJECTS for pose in (0, 1)]
    assert len(set(poses)) == len(poses)  # no two alike


def test_every_label_of_a_drawing_is_one_of_a_network_or_of_esc_50():
    known = {label.lower() for label in label_list("yamnet")}
    known |= {label.lower() for label in label_list("audioset")}
    esc = {
        *("rooster", "hen", "cow", "insects", "chirping birds", "laughing", "car horn"),
        *("sea waves", "water drops", "pouring water", "church bells", "clock alarm"),
    }
    for subject in SUBJECTS:
        unknown = {label.lower() for label in subject.labels} - known - esc
        assert not unknown
    everything = [label.lower() for each in SUBJECTS for label in each.labels]
    assert len(set(everything)) == len(everything)
    assert QUIET.labels == ()


def test_a_drawing_has_the_best_of_its_labels():
    pictures = Pictures(LABELS)
    titles = [each.title for each in pictures.sets]
    assert titles == ["Quiet", "A dog", "Somebody speaks", "Water"]
    found = pictures.scores(np.array([0.5, 0.1, 0.7, 0.01, 0.9]))
    assert [(titles[number], score) for number, score in found] == [
        ("A dog", 0.7),
        ("Somebody speaks", 0.5),
    ]


def test_animals_are_sent_even_if_much_else_is_louder():
    labels = label_list("yamnet")
    pictures = Pictures(labels)
    scores = np.full(len(labels), 0.5)
    scores[[labels.index(name) for name in ("Dog", "Bark")]] = 0.6
    scores[labels.index("Quack")] = 0.55
    animals = [
        pictures.sets[number].title
        for number, _ in pictures.scores(scores)
        if pictures.sets[number].is_animal
    ]
    assert animals[:2] == ["A dog", "A duck"]


def test_names_of_esc_10_are_known():
    pictures = Pictures(["dog", "rooster", "sea_waves", "crackling_fire"])
    assert [each.title for each in pictures.sets] == [
        *("Quiet", "A dog", "A rooster", "Water"),
    ]


def test_a_folder_replaces_drawings(tmp_path):
    film(film(film(tmp_path, "Bark"), "AC_DC", 1), "dog", 4)
    pictures = Pictures(LABELS, tmp_path)
    sets = {each.title: each for each in pictures.sets}
    assert list(sets) == ["Quiet", "AC/DC", "Bark", "A dog"]
    assert [len(each.frames) for each in sets.values()] == [POSES, 1, 3, 4]
    assert [each.is_film for each in sets.values()] == [False, True, True, True]
    assert sets["A dog"].is_animal
    assert [frame.path.name for frame in sets["Bark"].frames] == [
        *("frame-000.png", "frame-001.png", "frame-002.png"),
    ]
    # Ours remain for children only.
    other = Pictures(LABELS, film(tmp_path / "other", "Rain"))
    shown = [(each.title, each.is_usual) for each in other.sets]
    assert shown == [("Quiet", True), ("Rain", True), ("A dog", False)]


def test_frames_are_served_as_what_they_are(tmp_path, model):
    from fastapi.testclient import TestClient

    from kerasaudio.app import create_app

    film(tmp_path, "Dog", 2)
    film(tmp_path, "Rain", 1, ".jpg", b"\xff\xd8\xff" + bytes(9))
    (tmp_path / "Rain" / "notes.txt").write_text("not shown")
    client = TestClient(create_app(model, tmp_path), base_url="http://localhost")
    dog = client.get("/pictures/1/1")
    assert (dog.content, dog.headers["content-type"]) == (PNG + b"\1", "image/png")
    assert client.get("/pictures/2/0").headers["content-type"] == "image/jpeg"
    assert client.get("/pictures/2/1").status_code == 404
    assert dog.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({}, "has no folders"),
        ({"name": "Bork"}, "neither a label .* Did you mean 'Bark'"),
        ({"name": "Dog", "frames": 0}, "has 0 pictures"),
        ({"name": "Dog", "suffix": ".txt"}, "has 0 pictures"),
        ({"name": "Dog", "content": b"<svg onload=x>"}, "is no picture"),
        ({"name": "Dog", "content": b"RIFF----WAVEfmt "}, "is no picture"),
        ({"name": "Dog", "content": PNG + bytes(2**22)}, "4.0 MiB"),
    ],
)
def test_folders_that_are_wrong(tmp_path, made, message):
    if made:
        film(tmp_path, **made)
    with pytest.raises(ValueError, match=message):
        Pictures(LABELS, tmp_path)
