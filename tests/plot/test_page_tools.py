"""The page in a real browser: search, dark mode, fingers, size and time to open."""

import numpy as np
import pytest
import soundfile

from kerasaudio.plot import feature_space
from kerasaudio.plot.palette import COLORS, DARK_COLORS
from support.browser import Visit

VECTORS = np.array([[0.0, 0], [10, 0], [10, 6], [0, 6], [5, 3]])
NAMES = ["dog", "dog", "cat", "Church bells", "cat"]
PHONE = {
    "viewport": {"width": 390, "height": 780},
    "has_touch": True,
    "is_mobile": True,
}


def written(folder, **arguments):
    feature_space(VECTORS, NAMES, path=folder / "space.html", **arguments)
    return (folder / "space.html").as_uri()


def played(folder):
    for number in range(5):
        tone = np.sin(np.arange(8_000) / 5).astype("float32") / 5
        soundfile.write(folder / f"{number}-take.wav", tone, 8_000)
    return [folder / f"{number}-take.wav" for number in range(5)]


@pytest.fixture
def visiting(browser):
    """Give a function that opens a page; none of them may complain."""
    visits = []

    def visit(address, **settings):
        visits.append(Visit(browser, address, **settings))
        return visits[-1]

    yield visit
    for opened in visits:
        opened.page.close()
        assert opened.complaints == []


def test_a_search_finds_labels_and_files(visiting, tmp_path):
    files = played(tmp_path)
    visit = visiting(written(tmp_path, audio=files, embed_audio=False))
    search = visit.page.locator("#search")

    search.fill("CHURCH bel")
    assert visit.text("#status") == "1 of 5 points found"
    search.press("Enter")
    assert visit.text("#status") == "Church bells: 3-take.wav"
    visit.click(4)  # not found, so it cannot be hit
    assert visit.ask("document.getElementById('player').hidden")

    search.fill("cat 4-take")
    search.press("Enter")
    assert visit.text("#status") == "cat: 4-take.wav"
    search.fill("dog")
    for point in (0, 1, 0):  # one after the other
        search.press("Enter")
        assert visit.text("#status") == f"dog: {point}-take.wav"
    search.fill("no such thing")
    search.press("Enter")
    assert visit.text("#status") == "0 of 5 points found"
    search.fill("")
    visit.click(4)
    assert visit.text("#status") == "cat: 4-take.wav"


def looks(visit):
    return visit.ask(
        """[getComputedStyle(document.body).backgroundColor,
            document.querySelector('#classes polygon').getAttribute('fill')]"""
    )


def test_a_dark_screen_gets_a_dark_page_and_a_button_changes_it(visiting, tmp_path):
    address = written(tmp_path)
    for scheme, before, after in (
        (
            "dark",
            ["rgb(20, 22, 28)", DARK_COLORS[0]],
            ["rgb(255, 255, 255)", COLORS[0]],
        ),
        (
            "light",
            ["rgb(255, 255, 255)", COLORS[0]],
            ["rgb(20, 22, 28)", DARK_COLORS[0]],
        ),
    ):
        visit = visiting(address, color_scheme=scheme)
        assert looks(visit) == before
        visit.page.locator("#theme").click()
        assert looks(visit) == after


def test_a_tap_plays_and_names_the_point(visiting, tmp_path):
    files = played(tmp_path)
    visit = visiting(written(tmp_path, audio=files, embed_audio=False), **PHONE)

    x, y = visit.place(4)
    visit.page.touchscreen.tap(x + 18, y)  # a finger is wider than a mouse

    visit.wait_until("window.played.length === 1")
    assert visit.text("#tip") == "cat\n4-take.wav"
    assert "Tap a point" in visit.text("#help")
    assert visit.ask("document.documentElement.scrollWidth") == 390


def test_two_fingers_zoom(visiting, tmp_path):
    visit = visiting(written(tmp_path), **PHONE)
    x, y = visit.place(4)
    before = visit.place(0)

    # Playwright has no second finger, but Chromium's own protocol does.
    session = visit.page.context.new_cdp_session(visit.page)

    def touch(kind, *places):
        points = [{"x": px, "y": py, "id": n} for n, (px, py) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (x - 30, y), (x + 30, y))
    for half in (40, 50, 60):
        touch("touchMove", (x - half, y), (x + half, y))
    touch("touchEnd")

    assert visit.place(4) == pytest.approx([x, y], abs=2)
    assert x - visit.place(0)[0] == pytest.approx(2 * (x - before[0]), rel=0.05)


def test_a_page_of_400_linked_clips_is_small_and_opens_at_once(visiting, tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "space.html"
    file = played(tmp_path)[0]
    feature_space(
        rng.normal(size=(400, 8)),
        [f"class {number % 20}" for number in range(400)],
        audio=[file] * 400,
        starts=np.arange(400) / 400,
        embed_audio=False,
        path=path,
    )

    assert path.stat().st_size < 5e6
    entry = "performance.getEntriesByType('navigation')[0].loadEventEnd"
    # Of three, because the machine may be busy with other things.
    assert min(visiting(path.as_uri()).ask(entry) for _ in range(3)) < 2_000
