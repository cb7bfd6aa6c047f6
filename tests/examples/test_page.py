"""The page of the FastAPI example in a real browser, with a microphone of its own."""

import contextlib
import time

import numpy as np
import pytest
import soundfile

from support.browser import launched
from support.hum_or_hiss import RATE, sound
from support.served import encoded

pytestmark = pytest.mark.slow

FAKE = "--use-fake-device-for-media-stream"
ALLOWED = "--use-fake-ui-for-media-stream"
FIRST = "#tags li:first-child span"


@pytest.fixture(scope="module")
def microphone(tmp_path_factory):
    """A hum of 1.5 s, and 1.5 s of hiss, again and again."""
    path = tmp_path_factory.mktemp("microphone") / "heard.wav"
    heard = [sound(kind, 1.5, 48_000) for kind in ("hum", "hiss")]
    soundfile.write(path, np.concatenate(heard), 48_000)
    return f"--use-file-for-fake-audio-capture={path}"


@contextlib.contextmanager
def opened(browser, address, script="", **settings):
    """Give the page, whose complaints there must be none of."""
    complaints = []
    page = browser.new_page(**settings)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script(script)
    page.goto(address)
    yield page
    page.close()
    assert complaints == []


def wait_for(page, selector, *texts):
    """Wait until the text of an element has been each of these, in this order."""
    end = time.monotonic() + 30
    for text in texts:
        while text not in page.locator(selector).all_inner_texts()[:1]:
            assert time.monotonic() < end, (text, page.inner_text("#status"))
            page.wait_for_timeout(30)


def status_of(page, text):
    end = time.monotonic() + 30
    while text not in page.inner_text("#status"):
        assert time.monotonic() < end, page.inner_text("#status")
        page.wait_for_timeout(30)


# What the page asks the browser for; and a way to lose the server.
SPIES = """
const ask = MediaDevices.prototype.getUserMedia;
MediaDevices.prototype.getUserMedia = function (wanted) {
  window.wanted = wanted;
  return ask.call(this, wanted);
};
const Plain = WebSocket;
window.WebSocket = class extends Plain {
  constructor(...all) { super(...all); window.socket = this; }
};
"""


def test_the_microphone_is_heard_live(hearing, microphone):
    small = {"viewport": {"width": 360, "height": 640}, "color_scheme": "dark"}
    with (
        launched(ALLOWED, FAKE, microphone) as browser,
        opened(browser, hearing, SPIES, **small) as page,
    ):
        page.click("#listen")
        wait_for(page, FIRST, "hum", "hiss", "hum")
        assert "Listening" in page.inner_text("#status")
        assert page.evaluate("window.wanted.audio") == {
            "echoCancellation": False,
            "noiseSuppression": False,
            "autoGainControl": False,
        }
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == "rgb(20, 22, 28)"

        page.evaluate("window.socket.close()")  # as if the server had ended it
        status_of(page, "The server is gone.")
        assert page.inner_text("#listen") == "Listen"
        page.click("#listen")  # again
        wait_for(page, FIRST, "hum", "hiss")
        page.click("#listen")
        status_of(page, "Listen with the microphone")
        page.set_input_files(
            "#file",
            {
                "name": "<b>a hum.wav",
                "mimeType": "audio/wav",
                "buffer": encoded(sound("hum", 1, RATE), RATE),
            },
        )
        status_of(page, "<b>a hum.wav")
        wait_for(page, FIRST, "hum")


GONE = "fetch = async () => { throw new TypeError('Failed to fetch'); };"
SERVERLESS = "window.WebSocket = class extends EventTarget { constructor() { super();"
SERVERLESS += "setTimeout(() => this.dispatchEvent(new CloseEvent('close'))); }"
SERVERLESS += "close() {} };"


def test_what_goes_wrong_is_told(hearing, microphone):
    with launched(FAKE, "--deny-permission-prompts", microphone) as browser:
        with opened(browser, hearing) as page:
            page.click("#listen")
            status_of(page, "The microphone was refused.")
            assert page.inner_text("#listen") == "Listen"
        with opened(browser, hearing, GONE) as page:
            file = {"name": "a.wav", "mimeType": "audio/wav", "buffer": b"x"}
            page.set_input_files("#file", file)
            status_of(page, "The server is gone")
        granted = {"permissions": ["microphone"]}
        with opened(browser, hearing, SERVERLESS, **granted) as page:
            page.click("#listen")
            status_of(page, "The server does not answer")
        with opened(
            browser, hearing, "delete Navigator.prototype.mediaDevices"
        ) as page:
            page.click("#listen")
            status_of(page, "only to pages over https")
