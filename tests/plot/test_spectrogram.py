"""Spectrograms and events of files: frequencies, levels, times; long sounds."""

import numpy as np
import pytest
import soundfile

from kerasaudio.layers.filterbank import hertz_to_mel
from kerasaudio.plot import events, spectrogram
from kerasaudio.plot.sound import Scale, measure, open_sound

pytest.importorskip("matplotlib")


def tone(hertz, seconds, rate):
    time = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * hertz * time)).astype("float32")


def mel(hertz):
    return float(hertz_to_mel(hertz))


def image(figure):
    return figure.axes[0].images[0]


@pytest.mark.parametrize("scale", ["mel", "linear"])
@pytest.mark.parametrize(("rate", "hertz"), [(44_100, 15_000), (8_000, 1_000)])
def test_a_tone_lies_at_its_frequency_below_half_the_rate_of_the_file(
    scale, rate, hertz, tmp_path
):
    soundfile.write(tmp_path / "a.wav", tone(hertz, 1.5, rate), rate)

    figure = spectrogram(tmp_path / "a.wav", scale=scale)

    picture = image(figure)
    levels = np.asarray(picture.get_array())
    left, right, bottom, top = picture.get_extent()
    on_axis = mel if scale == "mel" else float
    assert (left, bottom, top) == pytest.approx((0, 0, on_axis(rate / 2)))
    assert right == pytest.approx(1.5, abs=0.03)
    middle = levels[:, levels.shape[1] // 2]
    place = (middle.argmax() + 0.5) / len(levels) * top
    assert place == pytest.approx(on_axis(hertz), abs=1.5 * top / len(levels))
    assert levels.max() == 0
    assert figure.axes[0].get_xlim() == (0, 1.5)
    assert figure.axes[0].get_xlabel() == "seconds"


def test_max_hertz_cuts_the_axis():
    for scale in ("mel", "linear"):
        figure = spectrogram(
            tone(900, 1, 16_000), sample_rate=16_000, max_hertz=2_000, scale=scale
        )
        highest = mel(2_000) if scale == "mel" else 2_000
        assert figure.axes[0].get_ylim() == pytest.approx((0, highest))
        levels = np.asarray(image(figure).get_array())
        place = levels.mean(axis=1).argmax() / len(levels)
        wanted = mel(900) / mel(2_000) if scale == "mel" else 0.45
        assert place == pytest.approx(wanted, abs=0.03)


def test_levels_are_decibels_and_silence_is_black():
    quiet, loud = tone(500, 1, 8_000) / 100, tone(500, 1, 8_000)
    figure = spectrogram(
        np.concatenate([loud, quiet, 0 * quiet]), sample_rate=8_000, range_db=60
    )

    levels = np.asarray(image(figure).get_array())
    first, second, third = np.array_split(levels.max(axis=0), 3)
    assert np.median(first) - np.median(second) == pytest.approx(40, abs=0.5)
    assert np.median(third) < -80
    assert image(figure).get_clim() == (-60, 0)
    spectrogram(np.zeros(9, "float32"), sample_rate=8_000)  # nothing but silence


def test_a_long_sound_keeps_what_is_short_and_shows_minutes(tmp_path):
    rate, seconds = 2_000, 1_200
    sound = np.zeros(seconds * rate, "float32")
    sound[700 * rate : 700 * rate + 200] = tone(300, 0.1, rate)
    soundfile.write(tmp_path / "long.wav", sound, rate)

    figure = spectrogram(tmp_path / "long.wav")
    levels = np.asarray(image(figure).get_array())
    place = levels.max(axis=0).argmax() / levels.shape[1]
    end = image(figure).get_extent()[1]
    assert place * end == pytest.approx(700, abs=end / levels.shape[1] + 0.1)
    assert 1_000 <= levels.shape[1] <= 2_000
    for drawn in (figure.axes[0], events(tmp_path / "long.wav", []).axes[1]):
        assert drawn.get_xlim() == (0, seconds)
        drawn.figure.draw_without_rendering()
        shown = [text.get_text() for text in drawn.get_xticklabels()]
        assert {"0:00", "5:00", "10:00", "20:00"} <= set(shown)
        assert drawn.get_xlabel() == "minutes"


def test_blocks_give_what_the_whole_gives():
    rng = np.random.default_rng(0)
    wave = rng.normal(0, 0.1, 30_000).astype("float32")
    with open_sound(wave, 16_000) as sound:
        whole = measure(sound, Scale())
        cut = measure(sound._replace(blocks=np.array_split(wave, 17)), Scale())

    np.testing.assert_allclose(cut.levels, whole.levels, atol=1e-3)
    assert cut[1:] == whole[1:]


def test_events_reach_half_the_rate_of_the_file(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(15_000, 1, 44_100), 44_100)

    figure = events(tmp_path / "a.wav", [("whistle", 0, 1)])

    assert figure.axes[0].get_ylim()[1] == pytest.approx(mel(22_050))


WAVE = tone(300, 0.2, 8_000)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"audio": "none.wav", "sample_rate": None}, OSError, "none.wav"),
        ({"audio": "none.wav"}, ValueError, "has its own rate"),
        ({"audio": __file__, "sample_rate": None}, OSError, "test_spectrogram.py"),
        ({"sample_rate": None}, ValueError, "sample_rate="),
        ({"sample_rate": 7.5}, ValueError, "sample_rate"),
        ({"audio": np.zeros((2, 9))}, ValueError, "mono"),
        ({"scale": "log"}, ValueError, "`scale` must be one of.*log"),
        ({"max_hertz": 4_001}, ValueError, "max_hertz.*4001"),
        ({"max_hertz": 0}, ValueError, "max_hertz"),
        ({"range_db": -3}, ValueError, "range_db"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        spectrogram(**{"audio": WAVE, "sample_rate": 8_000} | arguments)
