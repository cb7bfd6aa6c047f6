"""Pictures of an ascent and of spectra; the page of sounds, also in a browser."""

import numpy as np
import pytest

from kerasaudio.plot import ascent, spectra
from kerasaudio.plot.sound_page import Card, write_sound_page
from support.browser import Visit

pytest.importorskip("matplotlib")
RATE = 8_000
TONE = (0.02 * np.sin(np.arange(4_000) / 3)).astype("float32")


def test_waveform_spectrogram_and_course(tmp_path):
    figure = ascent(TONE, [0.1, 0.5, 0.9], sample_rate=RATE, title="dog")
    wave, spectrum, rise = figure.axes
    np.testing.assert_array_equal(wave.lines[0].get_ydata(), TONE)
    assert wave.get_xlim() == (0, 0.5)
    assert len(spectrum.images) == 1
    np.testing.assert_array_equal(rise.lines[0].get_ydata(), [0.1, 0.5, 0.9])
    assert ascent(TONE, [], tmp_path / "dog.png", sample_rate=RATE).exists()


def test_wrong_ascents():
    with pytest.raises(ValueError, match="course must have the shape"):
        ascent(TONE, [[1, 2]], sample_rate=RATE)
    with pytest.raises(ValueError, match="sample_rate"):
        ascent(TONE, [1], sample_rate=0)


def test_spectra_are_columns_below_their_peak():
    figure = spectra([[5, 1, -9], [-30, -20, -10]], sample_rate=RATE, title="x")
    image = figure.axes[0].images[0]
    np.testing.assert_array_equal(image.get_array(), [[0, -20], [-4, -10], [-14, 0]])
    assert image.get_extent() == [0.5, 2.5, 0, 4]


@pytest.mark.parametrize("levels", [[1, 2], np.zeros((0, 4)), [[np.nan]]])
def test_wrong_levels(levels):
    with pytest.raises(ValueError, match="levels must be finite numbers"):
        spectra(levels, sample_rate=RATE)


def card(title, course=(0.1, 0.9)):
    facts = [("score", "0.9 <i>")]
    return Card(title, "reached", TONE, RATE, np.array(course), facts)


def test_the_page_plays_and_shows_what_it_is_given(browser, tmp_path):
    path = tmp_path / "sounds.html"
    cards = [
        card("<b>dog</b>"),
        card("not dog", np.linspace(0, 1, 2_000)),
        card("a", []),
    ]
    write_sound_page(path, cards, "Sounds & <x>", "made")
    visit = Visit(browser, path.as_uri(), color_scheme="dark")

    assert visit.text("h1") == "Sounds & <x>"
    assert visit.page.locator("h2").all_inner_texts() == ["<b>dog</b>", "not dog", "a"]
    assert visit.text("article:first-child dd") == "0.9 <i>"
    lengths = "[...document.querySelectorAll('audio')].map(a => a.duration)"
    visit.wait_until(f"{lengths}.every(seconds => seconds > 0)")
    assert visit.ask(lengths) == pytest.approx([0.5] * 3, abs=0.01)
    pictures = "[...document.images].map(i => i.naturalWidth)"
    assert min(visit.ask(pictures)) > 1
    ground = "getComputedStyle(document.body).backgroundColor"
    assert visit.ask(ground) == "rgb(20, 22, 28)"
    visit.page.emulate_media(color_scheme="light")
    assert visit.ask(ground) == "rgb(255, 255, 255)"
    visit.page.set_viewport_size({"width": 360, "height": 700})
    assert visit.ask("document.documentElement.scrollWidth") <= 360
    visit.page.close()
    assert visit.complaints == []
    assert all(url.startswith(("data:", path.as_uri())) for url in visit.requests)
