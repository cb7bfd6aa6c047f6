"""The page in a real browser: a click on a point plays the sound of that point."""

import functools
import http.server
import threading
import time
from contextlib import contextmanager, nullcontext

import numpy as np
import pytest
import soundfile

from kerasaudio.plot import feature_space
from support.browser import Visit

RATE = 8_000
LABELS = ["one", "</script><img src=x onerror=alert(1)>", "one", "'\"& two", "three"]
# Far apart, and every other one of its own length: the right sound is known by it.
VECTORS = np.array([[0.0, 0], [10, 0], [10, 6], [0, 6], [5, 3]])
SECONDS = [1.0, 1.5, 2.0, 2.5, 3.0]


def tone(seconds):
    samples = np.arange(round(seconds * RATE))
    return (0.2 * np.sin(2 * np.pi * 440 / RATE * samples)).astype("float32")


@pytest.fixture
def visit(browser, tmp_path):
    """Open the page of five points with embedded sounds."""
    feature_space(
        VECTORS,
        LABELS,
        [tone(seconds) for seconds in SECONDS],
        sample_rate=RATE,
        path=tmp_path / "space.html",
        title="<b>Sounds</b> & {{data}}",
    )
    opened = Visit(browser, (tmp_path / "space.html").as_uri())
    yield opened
    opened.page.close()
    assert opened.complaints == []
    assert opened.requests == [(tmp_path / "space.html").as_uri()]


def assert_plays(visit, seconds, played):
    """Wait until the sound of that length is heard to go on."""
    visit.wait_until(f"window.played.length === {played}")
    visit.wait_until("document.getElementById('player').currentTime > 0.2")
    assert visit.ask("window.played.at(-1)") == pytest.approx(seconds, abs=0.15)
    # On a busy machine it may be over by now.
    assert visit.ask(
        "(player => player.ended || !player.paused)(document.getElementById('player'))"
    )


def test_a_click_plays_the_sound_of_the_point(visit):
    for played, point in enumerate((3, 1), start=1):
        visit.click(point)
        assert_plays(visit, SECONDS[point], played)
        assert visit.text("#status") == f"{LABELS[point]}: point {point}"


def test_a_click_beside_the_points_or_a_drag_plays_nothing(visit):
    x, y = visit.place(4)
    visit.page.mouse.click(x + 60, y)
    visit.page.mouse.move(x, y)
    visit.page.mouse.down()
    visit.page.mouse.move(x + 30, y + 20, steps=3)
    visit.page.mouse.up()

    assert visit.place(4) == pytest.approx([x + 30, y + 20], abs=1)
    assert visit.ask("document.getElementById('player').hidden")
    assert visit.ask("window.played") == []


def test_labels_show_as_they_are(visit):
    visit.page.mouse.move(*visit.place(1))

    assert visit.text("#tip") == f"{LABELS[1]}\npoint 1"
    assert visit.text("h1") == "<b>Sounds</b> & {{data}}"
    listed = visit.page.locator("#classes button").all_inner_texts()
    assert sorted(entry.split("\n")[0] for entry in listed) == sorted(set(LABELS))


def test_the_legend_hides_classes(visit):
    entry = visit.page.locator("#classes button", has_text="three")
    assert entry.get_attribute("aria-pressed") == "true"

    entry.click()

    assert entry.get_attribute("aria-pressed") == "false"
    visit.click(4)  # the hidden one
    assert visit.ask("window.played") == []
    visit.page.locator("#show").click()
    visit.click(4)
    assert_plays(visit, SECONDS[4], 1)
    visit.page.locator("#hide").click()
    is_blank = """((map) => {
        const [width, height] = [map.width, map.height];
        const pen = new OffscreenCanvas(width, height).getContext("2d");
        pen.drawImage(map, 0, 0);
        return pen.getImageData(0, 0, width, height).data.every((value) => !value);
    })(document.getElementById("map"))"""
    visit.wait_until(is_blank)
    visit.page.locator("#show").click()
    visit.wait_until(f"!{is_blank}")


def test_the_wheel_and_the_buttons_zoom(visit):
    def apart():
        (x, y), (other_x, other_y) = visit.place(0), visit.place(2)
        return np.hypot(x - other_x, y - other_y)

    before, middle = apart(), visit.place(1)
    visit.page.mouse.move(*middle)

    visit.page.mouse.wheel(0, -300)
    end = time.monotonic() + 20
    while apart() < 1.2 * before:
        assert time.monotonic() < end
        visit.page.wait_for_timeout(20)

    assert visit.place(1) == pytest.approx(middle, abs=1)
    visit.page.locator("#all").click()
    assert apart() == pytest.approx(before, abs=1)
    visit.page.locator("#farther").click()
    assert apart() < 0.8 * before
    visit.page.locator("#closer").click()
    assert apart() == pytest.approx(before, abs=1)


def test_the_keyboard_does_it_all(visit):
    visit.page.locator("#map").focus()
    visit.page.keyboard.press("ArrowRight")  # begins in the middle
    assert visit.text("#status") == "three: point 4"

    visit.page.keyboard.press("Enter")
    assert_plays(visit, SECONDS[4], 1)
    visit.page.keyboard.press("Escape")
    assert visit.ask("document.getElementById('player').paused")

    visit.page.keyboard.press("ArrowRight")
    corner = visit.text("#status")
    visit.page.keyboard.press("ArrowLeft")
    assert corner != "three: point 4"
    assert visit.text("#status") != corner
    before = visit.place(0)
    visit.page.keyboard.press("+")
    assert visit.place(0) != before
    visit.page.keyboard.press("0")
    assert visit.place(0) == pytest.approx(before, abs=1)


def test_a_page_without_sounds_or_labels(browser, tmp_path):
    feature_space(np.ones((3, 2)), path=tmp_path / "space.html")

    visit = Visit(browser, (tmp_path / "space.html").as_uri())
    visit.click(2)

    assert visit.text("#status").startswith("point ")
    assert visit.ask("document.getElementById('player').hidden")
    assert visit.ask("document.getElementById('legend').hidden")
    visit.page.close()
    assert visit.complaints == []


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def served(folder):
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("is_served", [False, True])
def test_linked_files_play(is_served, browser, tmp_path):
    (tmp_path / "sounds").mkdir()
    names = ["a.wav", "ü #1 50%.wav", "c:d?.wav", "quote'\".wav", "e.wav"]
    for name, seconds in zip(names, SECONDS, strict=True):
        path = tmp_path / "sounds" / name
        soundfile.write(path, tone(seconds), RATE, format="WAV")
    paths = [tmp_path / "sounds" / name for name in names]
    feature_space(VECTORS, audio=paths, embed_audio=False, path=tmp_path / "space.html")

    with served(tmp_path) if is_served else nullcontext(tmp_path.as_uri()) as folder:
        visit = Visit(browser, f"{folder}/space.html")
        for played, point in enumerate((1, 2, 3), start=1):
            visit.click(point)
            assert_plays(visit, SECONDS[point], played)
        visit.page.close()
    assert visit.complaints == []
