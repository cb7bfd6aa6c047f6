"""Frames of a dream: zoom, going on after a break, one file with all, bad input."""

import json
import shutil

import keras
import numpy as np
import pytest
from PIL import Image

from kerasaudio.app.pictures import Pictures
from kerasaudio.interpret import Dreamer, dream_sequence, film
from kerasaudio.interpret import dreamer as dreamer_module
from kerasaudio.interpret.pictures import as_bytes, check_picture

RINGS = np.hypot(*np.indices((20, 24)) - 10) % 8 / 8
SETTINGS = {"iterations": 2, "jitter": 2, "seed": 3, "animation": None}


@pytest.fixture(scope="module")
def dreamer():
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((20, 24, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, 2, activation="relu", name="first"),
        ],
        name="edges",
    )
    return Dreamer(network, "first")


@pytest.fixture(scope="module")
def whole(dreamer, tmp_path_factory):
    """Four frames without a break."""
    out = tmp_path_factory.mktemp("whole") / "rings"
    return dream_sequence(dreamer, guide=RINGS, out=out, frames=4, **SETTINGS)


def bytes_of(sequence):
    return [frame.read_bytes() for frame in sequence.frames]


def test_frames(whole):
    names = [f"frame-00{number}.png" for number in range(4)]
    assert [frame.name for frame in whole.frames] == names
    assert sorted(path.name for path in whole.folder.iterdir()) == [
        *names,
        "sequence.json",
    ]
    assert whole.stopped == "finished"
    assert whole.animation is None
    assert "DreamSequence('first' of edges, " in repr(whole)
    assert check_picture(whole.frames[0]).shape == (20, 24, 3)
    assert len(set(bytes_of(whole))) == 4
    assert json.loads((whole.folder / "sequence.json").read_text())["seed"] == 3


def test_the_page_takes_the_folder(whole):
    shown = Pictures(["rings", "rain"], whole.folder.parent)
    (film,) = [each for each in shown.sets if each.is_film]
    assert film.title == "rings"
    assert [frame.path for frame in film.frames] == whole.frames


def test_each_frame_begins_with_the_middle_of_the_last(dreamer, tmp_path):
    start = np.zeros((21, 25, 3))
    start[8:13, 10:15] = 1
    made = dream_sequence(
        dreamer, start, out=tmp_path, frames=2, zoom=2, step=1e-6, fade=0, **SETTINGS
    )
    first, second = (check_picture(frame)[..., 0] for frame in made.frames)
    np.testing.assert_allclose(first, start[..., 0], atol=0.003)
    assert second.sum() == pytest.approx(4 * first.sum(), rel=0.15)
    assert second[10, 12] == 1


def test_it_goes_on_as_if_nothing_had_happened(dreamer, whole, tmp_path, monkeypatch):
    real = dreamer_module._Steps.move
    calls = []

    def move(self, batch, gradient):
        calls.append(1)
        if len(calls) == 6:  # in the third frame
            raise KeyboardInterrupt
        return real(self, batch, gradient)

    monkeypatch.setattr(dreamer_module._Steps, "move", move)
    given = {"guide": RINGS, "out": tmp_path / "rings", **SETTINGS}
    made = dream_sequence(dreamer, frames=3, **given)
    assert made.stopped == "interrupted"
    assert made.note == "Interrupted after 2 of 3 frames. The same call goes on."
    assert bytes_of(made) == bytes_of(whole)[:2]
    assert not list(made.folder.glob(".*"))
    calls.clear()
    calls.extend([1] * 6)
    longer = dream_sequence(dreamer, frames=4, **given)
    assert len(calls) == 6 + 4  # two frames of two steps
    assert bytes_of(longer) == bytes_of(whole)


def test_frames_that_are_lost_or_damaged_are_rendered_again(dreamer, whole, tmp_path):
    folder = shutil.copytree(whole.folder, tmp_path / "rings")
    (folder / "frame-001.png").unlink()
    (folder / "frame-002.png").write_bytes(b"damaged")
    made = dream_sequence(dreamer, guide=RINGS, out=folder, frames=4, **SETTINGS)
    assert bytes_of(made) == bytes_of(whole)


def test_ctrl_c_between_the_steps(dreamer, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(film, "zoomed", stop)
    made = dream_sequence(dreamer, out=tmp_path, frames=3, **SETTINGS)
    assert made.stopped == "interrupted"
    assert len(made.frames) == 1


@pytest.mark.parametrize("kind", ["webp", "gif", "png"])
def test_one_file_with_all_frames(dreamer, whole, tmp_path, kind):
    folder = shutil.copytree(whole.folder, tmp_path / "rings")
    settings = SETTINGS | {"animation": kind, "seconds": 0.05}
    made = dream_sequence(dreamer, guide=RINGS, out=folder, frames=4, **settings)
    assert made.animation == (tmp_path / f"rings.{kind}").resolve()
    with Image.open(made.animation) as image:
        assert image.n_frames == 4
        assert image.size == (24, 20)
        image.seek(3)
        last = np.asarray(image.convert("RGB"), "float32")
        assert image.info["duration"] == 50
    assert np.abs(last - as_bytes(check_picture(made.frames[3]))).mean() < 20
    assert made._repr_html_().startswith(f'<img src="data:image/{kind};base64,')


def test_progress_is_shown(dreamer, whole, capsys):
    given = {"guide": RINGS, "out": whole.folder, "frames": 4, **SETTINGS}
    dream_sequence(dreamer, progress=True, **given)
    assert "first" in capsys.readouterr().err
    dream_sequence(dreamer, **given)
    assert capsys.readouterr().err == ""


def test_a_dream_that_diverges_keeps_its_frames(tmp_path):
    layer = keras.layers.Lambda(
        lambda x: 1 / keras.ops.sqrt(150 - x), output_shape=lambda s: s, name="odd"
    )
    network = keras.Sequential([keras.Input((None, None, 3)), layer])
    with pytest.warns(UserWarning, match=r"odd: Frame \d: Stopped .* frames are kept"):
        made = dream_sequence(
            network,
            np.full((8, 8, 3), 0.5),
            layers="odd",
            preprocess=lambda pixels: pixels,
            out=tmp_path,
            step=0.02,
            frames=9,
            iterations=3,
        )
    assert made.stopped == "diverged"
    assert 0 < len(made.frames) < 9
    assert made.animation is None
    assert "image/png" in made._repr_html_()


def test_frames_of_another_dream_stay(dreamer, whole, tmp_path):
    settings = {"out": whole.folder, "frames": 4, **SETTINGS}
    with pytest.raises(ValueError, match="another dream: picture, guide, seed differ"):
        dream_sequence(dreamer, **(settings | {"seed": 4}))
    others = Dreamer(dreamer.model, {"first": 2.0})
    with pytest.raises(ValueError, match="another dream: network differ"):
        dream_sequence(others, guide=RINGS, **settings)
    (tmp_path / "frame-000.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"frames without sequence\.json"):
        dream_sequence(dreamer, **(settings | {"out": tmp_path}))
    (tmp_path / "sequence.json").write_text("{")
    with pytest.raises(ValueError, match=r"sequence\.json' is damaged"):
        dream_sequence(dreamer, **(settings | {"out": tmp_path}))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"frames": 0}, "frames must be"),
        ({"frames": 1_001}, "frames must be"),
        ({"zoom": 0.9}, "zoom must be"),
        ({"fade": 1}, "fade must be"),
        ({"seconds": 0}, "seconds must be"),
        ({"animation": "mp4"}, "animation"),
        ({"layers": "first"}, "Leave out layers"),
    ],
)
def test_wrong_arguments(dreamer, tmp_path, wrong, says):
    with pytest.raises(ValueError, match=says):
        dream_sequence(dreamer, **({"out": tmp_path / "none"} | wrong))
    assert not (tmp_path / "none").exists()


def test_a_folder_that_cannot_be_made(dreamer, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        dream_sequence(dreamer, out=tmp_path / "file", frames=1, animation=None)
