"""The page in a real browser, with a sound file as its microphone."""

import contextlib
import time

import numpy as np
import pytest
import soundfile

from kerasaudio.app import create_app
from support.browser import launched
from support.hum_or_hiss import RATE, sound
from support.see import ALLOWED, FAKE, microphone, opened, reads, served, status, until
from support.served import encoded

pytestmark = pytest.mark.slow

FIRST = "#tags li:first-child span"
PICTURE = "#heard"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Its microphone hears a hum (a dog) and hiss (rain), again and again."""
    sounds = [sound(kind, 1.5, 48_000) for kind in ("hum", "hiss")]
    option = microphone(tmp_path_factory.mktemp("microphone"), *sounds)
    with launched(
        ALLOWED, FAKE, option, "--autoplay-policy=no-user-gesture-required"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def app(model):
    return create_app(model, visitors=2)


@pytest.fixture(scope="module")
def address(app):
    with served(app) as found:
        yield found


WANTED = """
const ask = MediaDevices.prototype.getUserMedia;
MediaDevices.prototype.getUserMedia = function (wanted) {
  window.wanted = wanted;
  return ask.call(this, wanted);
};
"""


def test_tags_and_picture_follow_the_microphone(browser, app, address):
    small = {"viewport": {"width": 360, "height": 640}, "color_scheme": "dark"}
    with opened(browser, address, WANTED, **small) as page:
        page.focus("#listen")
        page.keyboard.press("Enter")
        reads(page, FIRST, "Dog", "Rain", "Dog")
        reads(page, PICTURE, "A dog", "Water", "A dog")
        assert page.get_attribute("#drawing", "aria-label") == "A dog"
        assert page.evaluate("window.wanted.audio") == {
            "echoCancellation": False,
            "noiseSuppression": False,
            "autoGainControl": False,
        }
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert "s after the sound" in page.inner_text("#delay")
        colors = """() => {
          const {width, height} = spectrogram;
          const {data} = spectrogram.getContext("2d").getImageData(0, 0, width, height);
          return new Set(data).size;
        }"""
        assert page.evaluate(colors) > 50
        page.check("#saliency")
        until(page, lambda: "orange:" in page.inner_text("#explained"))
        page.uncheck("#saliency")
        assert page.inner_text("#explained") == ""
        page.click("#listen")
        status(page, "Listen with the microphone")
        assert page.inner_text("#heard") == "Quiet"
        page.click("#listen")
        reads(page, FIRST, "Rain", "Dog")
        assert app.state.visitors.count == 1
    until_left(app)


def until_left(app):
    """A closed tab leaves nobody behind."""
    end = time.monotonic() + 10
    while app.state.visitors.count:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_children_see_animals_alone(browser, address):
    with opened(browser, address) as page:
        page.check("#children")
        page.click("#listen")
        reads(page, PICTURE, "A dog")
        time.sleep(1)
        assert page.inner_text(PICTURE) == "A dog"  # rain is none
        assert not page.is_visible("#tags")
        assert not page.is_visible("#spectrogram")
        box = page.locator("#drawing").bounding_box()
        assert box["width"] > 350
        page.uncheck("#children")
        assert page.is_visible("#tags")


def test_a_recording_stays_in_the_browser(browser, address, tmp_path):
    with opened(browser, address) as page:
        assert page.is_disabled("#record")
        page.click("#listen")
        reads(page, FIRST, "Dog")
        page.click("#record")
        status(page, "Listening. Recording.")
        reads(page, "#record", "Stop recording (1 s)")
        page.click("#record")
        with page.expect_download() as download:
            page.click("#save")
        path = tmp_path / "kept.wav"
        download.value.save_as(path)
        kept, rate = soundfile.read(path)
        assert 0.9 < len(kept) / rate < 10
        assert kept.ndim == 1
        assert 0.1 < np.abs(kept).max() <= 1
        assert download.value.suggested_filename.startswith("heard-20")
        page.click("#discard")
        assert not page.is_visible("#recording")


def test_a_file_is_played_and_a_bad_one_refused(browser, address):
    def choose(page, name, content):
        file = {"name": name, "mimeType": "audio/wav", "buffer": content}
        page.set_input_files("#file", file)

    with opened(browser, address) as page:
        choose(page, "<b>bad.wav", b"no sound")
        status(page, "<b>bad.wav is no sound that this browser can read")
        choose(page, "hum.wav", encoded(sound("hum", 1, RATE), RATE))
        reads(page, FIRST, "Dog")
        status(page, "Playing hum.wav.")
        until(page, lambda: "1 of 1 s" in page.inner_text("#delay"))
        status(page, "Listen with the microphone")  # it has ended


def test_a_lost_server_is_told_and_found_again(browser, model):
    app = create_app(model)
    with contextlib.ExitStack() as first:
        address = first.enter_context(served(app))
        with opened(browser, address, losing=True) as page:
            page.click("#listen")
            reads(page, FIRST, "Dog")
            first.close()
            status(page, "The server is gone. Trying again")
            assert "old" in page.get_attribute("#tags", "class")
            port = int(address.rpartition(":")[2])
            with served(create_app(model), port):
                reads(page, FIRST, "Rain", "Dog")
                status(page, "Listening")
                page.click("#listen")


def test_a_page_too_many_is_told(browser, app, address):
    with (
        opened(browser, address) as one,
        opened(browser, address) as two,
        opened(browser, address, losing=True) as three,
    ):
        for page in (one, two):
            page.click("#listen")
            reads(page, FIRST, "Dog")
        three.click("#listen")
        status(three, "All 2 places are taken. Try again later. This page tries")
        three.click("#listen")
        status(three, "Listen with the microphone")
    until_left(app)


def test_a_film_shows_ten_pictures_a_second(browser, model, tmp_path):
    pytest.importorskip("matplotlib")
    from matplotlib.image import imsave

    for label, count in (("Dog", 30), ("Rain", 20)):
        (tmp_path / label).mkdir()
        for frame in range(count):
            shade = np.full((200, 200, 3), frame / count)
            imsave(tmp_path / label / f"frame-{frame:03}.png", shade)
    counted = "Number(drawing.dataset.changes)"
    with served(create_app(model, tmp_path)) as address:
        with opened(browser, address) as page:
            page.click("#listen")
            reads(page, PICTURE, "Dog", "Rain", "Dog")
            before, begin = page.evaluate(f"[{counted}, performance.now()]")
            page.wait_for_timeout(3_000)
            after, end = page.evaluate(f"[{counted}, performance.now()]")
            assert (after - before) / (end - begin) * 1_000 >= 10
        with opened(browser, address, reduced_motion="reduce") as page:
            page.click("#listen")
            reads(page, PICTURE, "Dog", "Rain", "Dog")
            assert page.evaluate(counted) < 15
