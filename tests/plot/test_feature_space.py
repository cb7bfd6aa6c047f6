"""What feature_space writes: pictures, pages, their sounds and links; bad input."""

import base64
import html
import io
import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import soundfile

from kerasaudio.plot import feature_space
from kerasaudio.plot.palette import COLORS, SHAPES, style
from kerasaudio.text import escaped

RATE = 8_000
VECTORS = np.random.default_rng(0).normal(size=(6, 4))
LABELS = ["dog", "cat", "dog", "cat", "bird", "bird"]
NASTY = "</script><script>alert(1)</script>\"'&<!-- {{data}} \u2028"


def tone(hertz, seconds=0.5):
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(seconds * RATE) / RATE)).astype(
        "float32"
    )


def read(page):
    """Give the page's data, as a browser would find it."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(
        r'<script type="application/json" id="data">(.*?)</script>', text
    )
    assert len(found) == 1
    return json.loads(found[0])


def decode(address):
    kind, _, content = address.partition(";base64,")
    assert kind == "data:audio/mpeg"
    return soundfile.read(io.BytesIO(base64.b64decode(content)))


def main_frequency(waveform, rate):
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return spectrum.argmax() * rate / len(waveform)


def test_a_picture_shows_every_class_and_its_name(tmp_path):
    images = pytest.importorskip("matplotlib.image")
    vectors = np.random.default_rng(0).normal(size=(150, 4))
    plane = feature_space(
        vectors,
        [f"class {n % 50}" for n in range(150)],
        path=tmp_path / "space.png",
        title="costs $5_000 and $6^x",
    )

    picture = images.imread(tmp_path / "space.png")
    assert plane.shape == (150, 2)
    assert picture.shape[0] > 800
    # Colors are mixed with white: look for the marks of the first class.
    red, green, blue = (int(COLORS[0][i : i + 2], 16) / 255 for i in (1, 3, 5))
    mixed = 0.85 * np.array([red, green, blue]) + 0.15
    hits = (np.abs(picture[..., :3] - mixed) < 0.02).all(axis=-1)
    legend = picture.shape[1] * 3 // 4
    assert hits[:, :legend].sum() > 50
    assert hits[:, legend:].sum() > 20
    assert list(tmp_path.iterdir()) == [tmp_path / "space.png"]


@pytest.mark.parametrize("classes", [1, 30, 150])
def test_any_number_of_classes_is_drawn(classes, tmp_path):
    pytest.importorskip("matplotlib")
    vectors = np.random.default_rng(0).normal(size=(max(3, classes), 4))
    labels = [f"_{NASTY} $ {n % classes}" for n in range(len(vectors))]

    feature_space(vectors, labels, path=tmp_path / "space.PNG")

    assert (tmp_path / "space.PNG").read_bytes().startswith(b"\x89PNG")


def test_looks_differ_for_168_classes():
    looks = {(look.color, look.shape) for look in map(style, range(168))}

    assert len(looks) == 168
    assert len(looks) == len(COLORS) * len(SHAPES)
    for number in range(100):
        one, next_one = style(number), style(number + 1)
        assert one.color != next_one.color
        assert one.shape != next_one.shape


def test_a_page_holds_points_names_and_sounds(tmp_path):
    hertz = [300, 500, 700, 900, 1100, 1300]
    plane = feature_space(
        VECTORS,
        LABELS,
        [tone(f) for f in hertz],
        sample_rate=RATE,
        path=tmp_path / "space.html",
    )

    data = read(tmp_path / "space.html")
    points = data["points"]
    np.testing.assert_allclose([p[:2] for p in points], plane, rtol=1e-4, atol=1e-6)
    assert [data["classes"][p[2]][0] for p in points] == LABELS
    assert [entry[0] for entry in data["classes"]] == ["bird", "cat", "dog"]
    for point, wanted in zip(points, hertz, strict=True):
        waveform, rate = decode(data["sounds"][point[4]])
        assert waveform.ndim == 1
        assert len(waveform) / rate == pytest.approx(0.5, abs=0.1)
        assert main_frequency(waveform, rate) == pytest.approx(wanted, abs=10)


def test_sounds_are_cut_and_embedded_once(tmp_path):
    long = np.concatenate([tone(400, 3), tone(1000, 3)])
    soundfile.write(tmp_path / "long.wav", np.stack([long, long], axis=1), RATE)

    feature_space(
        VECTORS,
        audio=[tmp_path / "long.wav"] * 6,
        starts=[0, 3, 0, 3, 0, 3],
        clip_seconds=1,
        path=tmp_path / "space.html",
    )

    data = read(tmp_path / "space.html")
    assert [point[4] for point in data["points"]] == [0, 1] * 3
    assert data["points"][1][3] == "long.wav, from 3 s"
    for address, wanted in zip(data["sounds"], (400, 1000), strict=True):
        waveform, rate = decode(address)
        assert len(waveform) / rate == pytest.approx(1, abs=0.1)
        assert main_frequency(waveform, rate) == pytest.approx(wanted, abs=10)


def test_a_page_can_link_its_sounds(tmp_path):
    (tmp_path / "sounds").mkdir()
    (tmp_path / "pages").mkdir()
    names = [
        "a.wav",
        "ü #1 50%.wav",
        "c:d?.wav",
        "quote'\".wav",
        "new\nline.wav",
        "f.wav",
    ]
    for name in names:
        soundfile.write(tmp_path / "sounds" / name, tone(300), RATE, format="WAV")

    feature_space(
        VECTORS,
        audio=[tmp_path / "sounds" / name for name in names],
        embed_audio=False,
        path=tmp_path / "pages" / "space.html",
    )

    data = read(tmp_path / "pages" / "space.html")
    assert len(data["sounds"]) == 6
    for address, name in zip(data["sounds"], names, strict=True):
        link, _, times = address.partition("#")
        assert re.fullmatch(r"[\w./%~'-]+", link, flags=re.ASCII)
        assert (tmp_path / "pages" / unquote(link)).resolve().name == name
        assert times == "t=0,5"


def test_what_others_named_stays_text(tmp_path):
    feature_space(
        VECTORS, [NASTY, *LABELS[1:]], path=tmp_path / "space.html", title=NASTY
    )

    text = (tmp_path / "space.html").read_text(encoding="utf-8")
    data = read(tmp_path / "space.html")
    assert NASTY in [entry[0] for entry in data["classes"]]
    assert len(re.findall("<script", text)) == len(re.findall("</script", text)) == 2
    assert f"<h1>{html.escape(escaped(NASTY))}</h1>" in text
    for outside in ("http://", "https://", "//cdn", "url(", "@import"):
        assert outside not in text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.skipif(sys.platform != "linux", reason="needs file names of any bytes")
def test_file_names_that_are_no_text_are_kept(tmp_path):
    path = Path(str(tmp_path) + "/\udcff.wav")
    with path.open("wb") as file:
        soundfile.write(file, tone(300), RATE, format="WAV")

    for embed in (True, False):
        feature_space(
            VECTORS,
            audio=[path] * 6,
            embed_audio=embed,
            path=tmp_path / "space.html",
            title=path.name,
        )

        data = read(tmp_path / "space.html")
        assert data["points"][0][3] == path.name
    assert data["sounds"][0].startswith("%FF.wav")


def test_numbers_sort_as_numbers(tmp_path):
    feature_space(VECTORS, np.array([10, 9, 100, 9, 10, 2]), path=tmp_path / "s.html")

    names = [entry[0] for entry in read(tmp_path / "s.html")["classes"]]
    assert names == ["2", "9", "10", "100"]


def waveforms(count=6):
    return [tone(300)] * count


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"labels": ["a"]}, ValueError, "6. Received: 1"),
        ({"labels": "abcdef"}, ValueError, "sequence"),
        ({"labels": 6}, ValueError, "sequence"),
        ({"audio": waveforms(5)}, ValueError, "audio must have one item per point: 6"),
        ({"audio": "sounds/"}, ValueError, "sequence"),
        ({"audio": waveforms()}, ValueError, "sample_rate"),
        ({"audio": waveforms(), "sample_rate": 0}, ValueError, "sample_rate"),
        ({"audio": [np.zeros(9, int)] * 6, "sample_rate": 8000}, ValueError, "point 0"),
        (
            {"audio": waveforms(), "embed_audio": False},
            ValueError,
            "needs files to link",
        ),
        ({"audio": ["no.wav"] * 6, "embed_audio": False}, OSError, "no.wav"),
        ({"audio": ["no.wav"] * 6}, OSError, "no.wav"),
        ({"audio": [__file__] * 6}, OSError, "test_feature_space.py"),
        ({"starts": [0] * 6}, ValueError, "Pass audio"),
        ({"audio": waveforms(), "starts": [0]}, ValueError, "starts must have one"),
        (
            {"audio": waveforms(), "starts": [-1] * 6, "sample_rate": 8000},
            ValueError,
            "starts",
        ),
        (
            {"audio": waveforms(), "starts": [9] * 6, "sample_rate": 8000},
            ValueError,
            "ends before its start, 9 s",
        ),
        (
            {"audio": waveforms(), "sample_rate": 8000, "clip_seconds": 0},
            ValueError,
            "clip_seconds",
        ),
        (
            {"audio": waveforms(), "sample_rate": 8000, "max_megabytes": "big"},
            ValueError,
            "max_megabytes",
        ),
        (
            {"audio": waveforms(), "sample_rate": 8000, "max_megabytes": 0.006},
            ValueError,
            r"sound \d of 6.*embed_audio=False",
        ),
    ],
)
def test_unusable_arguments_are_refused(arguments, error, message, tmp_path):
    with pytest.raises(error, match=message):
        feature_space(VECTORS, **{"path": tmp_path / "space.html"} | arguments)
    assert not list(tmp_path.iterdir())


def test_paths_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\.png or \.html.*space\.gif"):
        feature_space(VECTORS, path=tmp_path / "space.gif")
    with pytest.raises(FileNotFoundError, match="cannot be written"):
        feature_space(VECTORS, path=tmp_path / "no folder" / "space.html")
    for path in (None, tmp_path / "space.png"):
        with pytest.raises(ValueError, match="Only a page plays"):
            feature_space(VECTORS, audio=waveforms(), sample_rate=RATE, path=path)


def test_missing_matplotlib_is_named_and_pages_do_without(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    with pytest.raises(ImportError, match='pip install "matplotlib>='):
        feature_space(VECTORS, path=tmp_path / "space.png")
    feature_space(VECTORS, path=tmp_path / "space.html")

    assert (tmp_path / "space.html").is_file()
