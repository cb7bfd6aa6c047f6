"""The picture, and the page, of what a network listens to."""

import re

import numpy as np
import pytest
import soundfile

from kerasaudio import cli
from kerasaudio.interpret import integrated_gradients, look_page, occlusion
from kerasaudio.layers.filterbank import hertz_to_mel
from kerasaudio.plot import attribution
from support.browser import Visit
from support.listener import HEARD, RATE, UNHEARD, listener, two_tones

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def model():
    return listener()


@pytest.fixture(scope="module")
def found(model):
    return integrated_gradients(model, two_tones(), RATE, label="tone")


@pytest.fixture(scope="module")
def over_time(model):
    return occlusion(model, two_tones(), RATE, label="tone")


def overlay(figure):
    return figure.axes[0].images[1]


def test_the_color_lies_on_what_is_heard(found):
    figure = attribution(found)
    picture = overlay(figure)
    mask = np.asarray(picture.get_array())
    left, right, bottom, top = picture.get_extent()
    assert (left, right, bottom) == pytest.approx((0, 2, 0))
    assert top == pytest.approx(float(hertz_to_mel(RATE / 2)))
    row, column = np.unravel_index(mask.argmax(), mask.shape)
    assert HEARD[0] - 0.05 < (column + 0.5) / mask.shape[1] * 2 < HEARD[1] + 0.05
    height = (row + 0.5) / mask.shape[0] * top
    assert height == pytest.approx(float(hertz_to_mel(1_000)), rel=0.15)
    assert figure.axes[0].get_title().startswith("tone by integrated_gradients")
    assert figure.axes[1].get_ylabel() == "speaks for it"


def test_over_time_columns_are_colored_whole(over_time):
    assert overlay(attribution(over_time)).get_array().shape == (1, 20)


def test_axes_of_ones_own_and_files(found, tmp_path):
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    assert attribution(found, ax=axes, title="", scale="linear") is figure
    assert len(figure.axes) == 1
    path = attribution(found, tmp_path / "a.png")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_what_is_no_attribution_is_refused(found):
    with pytest.raises(ValueError, match=r"result of a method.*Received: ndarray"):
        attribution(np.zeros(4))
    with pytest.raises(ValueError, match="range_db must be"):
        attribution(found, range_db=0)


class Page(Visit):
    """An open page of `look_page`, which has two players."""

    def __init__(self, browser, address, **settings):
        settings = {"viewport": {"width": 1000, "height": 700}} | settings
        self.complaints, self.requests = [], []
        self.page = browser.new_page(**settings)
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(address)


@pytest.fixture(scope="module")
def address(model, found, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "look.html"
    look_page(model, found, path, name="</script><b>two</b> tones.wav")
    return path.as_uri()


def color_at(visit, name, across, up):
    """Give the color of a place on a canvas, both from 0 to 1."""
    return visit.ask(
        f"""(() => {{
            const canvas = document.getElementById("{name}");
            const [x, y] = [{across}, 1 - {up}];
            const left = window.innerWidth < 640 ? 44 : 160;
            const ratio = canvas.width / canvas.clientWidth;
            const at = [left + x * (canvas.clientWidth - left),
                        y * (canvas.clientHeight - 18)];
            const copy = document.createElement("canvas");
            const pen = copy.getContext("2d", {{ willReadFrequently: true }});
            pen.drawImage(canvas, ...at.map((place) => -Math.round(place * ratio)));
            return [...pen.getImageData(0, 0, 1, 1).data];
        }})()"""
    )


@pytest.mark.parametrize("width", [390, 1_000])
def test_the_page(browser, address, width):
    visit = Page(browser, address, viewport={"width": width, "height": 900})
    visit.wait_until("document.getElementById('heard').duration > 0")
    assert visit.text("#name") == "What listener listens to for 'tone'"
    assert visit.text("#about") == "</script><b>two</b> tones.wav"
    for player in ("whole", "heard"):
        length = visit.ask(f"document.getElementById('{player}').duration")
        assert length == pytest.approx(2, abs=0.15)
    visit.page.wait_for_timeout(100)
    up = float(hertz_to_mel(1_000) / hertz_to_mel(RATE / 2))
    red, _, blue, _ = color_at(visit, "picture", sum(HEARD) / 4, up)
    assert red > blue + 60  # orange
    up = float(hertz_to_mel(3_000) / hertz_to_mel(RATE / 2))
    red, _, blue, _ = color_at(visit, "picture", sum(UNHEARD) / 4, up)
    assert abs(red - blue) < 10  # gray
    assert visit.ask("document.documentElement.scrollWidth") <= width

    before = visit.ask("getComputedStyle(document.body).backgroundColor")
    visit.page.locator("#theme").click()
    assert visit.ask("getComputedStyle(document.body).backgroundColor") != before
    visit.page.locator("#picture").click()
    visit.wait_until("document.getElementById('whole').currentTime > 0.8")
    visit.page.close()
    assert visit.complaints == []
    assert [url for url in visit.requests if not url.startswith("data:")] == [address]


def test_a_page_is_short(model, found, tmp_path):
    from dataclasses import replace

    long = replace(found, waveform=np.zeros(61 * RATE, "float32"))
    with pytest.raises(ValueError, match=r"up to 60 s. Received: 61.0 s"):
        look_page(model, long, tmp_path / "a.html")
    with pytest.raises(ValueError, match=r"must end in .html"):
        look_page(model, found, tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"result of a method.*Received: NoneType"):
        look_page(model, None, tmp_path / "a.html")
    with pytest.raises(ValueError, match="takes a model of kerasaudio"):
        look_page(None, found, tmp_path / "a.html")


@pytest.fixture
def files(model, tmp_path):
    model.save(tmp_path / "listener.keras")
    soundfile.write(tmp_path / "tones.wav", two_tones(), RATE)
    return tmp_path


def look(files, *words, out="look.html"):
    words = ["--model", files / "listener.keras", "--out", files / out, *words]
    return cli.main(["look", *map(str, (files / "tones.wav", *words))])


def test_the_command(files, capsys):
    assert look(files, "--method", "grad_cam") == 0
    said = capsys.readouterr()
    # The best tag, of two that are about as likely.
    assert re.search(r"look.html: Attribution\('(tone|other)' by grad_cam", said.out)
    assert said.err == ""
    page = (files / "look.html").read_text(encoding="utf-8")
    assert "tones.wav" in page
    assert "Score that is explained, before the softmax: " in page
    assert len(page) < 200_000
    assert look(files) == 1
    assert "exists. Pass --overwrite" in capsys.readouterr().err
    assert look(files, "--overwrite", "--label", "tone", "--seconds", 1) == 0
    assert "'tone' by occlusion, 10 parts in 1 s" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--label", "Bark"], "no label 'Bark'. Its labels are: 'tone', 'other'."),
        (["--start", 9], "--start 9 s is at or after the end"),
        (["--seconds", 99], "--seconds must be at most 60. Received: 99."),
    ],
)
def test_wrong_words(files, capsys, words, says):
    assert look(files, *words) == 1
    assert says in capsys.readouterr().err


def test_a_model_without_labels(files, capsys):
    sound, page = str(files / "tones.wav"), str(files / "a.html")
    assert cli.main(["look", sound, "--model", "SpeakerEncoder", "--out", page]) == 1
    assert "SpeakerEncoder has no labels to explain." in capsys.readouterr().err


def test_wrong_files(files, capsys):
    assert look(files, out="look.png") == 1
    assert "--out must end in .html" in capsys.readouterr().err
    assert cli.main(["look", "none.wav", "--out", str(files / "a.html")]) == 1
    assert "no sound file named 'none.wav'" in capsys.readouterr().err
