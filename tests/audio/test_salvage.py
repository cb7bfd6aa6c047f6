"""What a cut recording still has can be had, and what is missing is said."""

import io
import pickle
import warnings

import numpy as np
import pytest

from kerasaudio.audio import AudioDecodeError, AudioWarning, iter_windows, load_audio

RATE = 16_000
KINDS = {
    "wav": ({"format": "WAV"}, r"truncated: 2\.\d+ s can .*missing: 0\.\d+ s of 3\."),
    "flac": ({"format": "FLAC"}, r"or damaged: .* after [12]\.\d+ s of 3\.000 s"),
    "ogg": ({"format": "OGG"}, r"truncated: 1\.\d+ s .*missing: 1\.\d+ s of [23]\."),
    "mp3": ({"format": "MP3"}, r"truncated: 2\.\d+ s of 3\.000 s can be read"),
}


@pytest.fixture(params=KINDS)
def cut(request, tone, encode):
    """Give a recording, what is left of it, and what is to be said of that."""
    options, says = KINDS[request.param]
    data = encode(tone(3 * RATE, RATE), RATE, **options)
    return data, data[: int(0.8 * len(data))], says


def test_salvage_gives_the_beginning_and_a_warning(cut):
    data, left, says = cut
    whole = load_audio(io.BytesIO(data), RATE)
    with pytest.raises(AudioDecodeError, match=f"{says}.*errors='salvage'"):
        load_audio(io.BytesIO(left), RATE)
    with pytest.warns(AudioWarning, match=says) as caught:
        part = load_audio(io.BytesIO(left), RATE, errors="salvage")
    assert len(caught) == 1
    assert "salvage" not in str(caught[0].message)
    assert RATE < len(part) < 3 * RATE
    np.testing.assert_allclose(part[:-2_000], whole[: len(part) - 2_000], atol=1e-6)
    with pytest.warns(AudioWarning, match=says):
        found = list(
            iter_windows(io.BytesIO(left), RATE, 8_000, errors="salvage", offset=0.5)
        )
    np.testing.assert_allclose(found[0][0], whole[8_000:16_000], atol=1e-5)


def test_a_whole_file_warns_of_nothing(cut):
    data, left, _ = cut
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        whole = load_audio(io.BytesIO(data), RATE, errors="salvage")
        np.testing.assert_array_equal(whole, load_audio(io.BytesIO(data), RATE))
        assert len(load_audio(io.BytesIO(left), RATE, duration=1, errors="salvage"))


def test_what_holds_nothing_is_no_salvage(cut):
    data, left, _ = cut
    with pytest.raises((AudioDecodeError, ValueError)):
        load_audio(io.BytesIO(left), RATE, offset=2.99, errors="salvage")
    with pytest.raises(AudioDecodeError):
        load_audio(io.BytesIO(data[:20]), RATE, errors="salvage")


def test_bad_numbers_are_not_salvaged(encode):
    sound = np.zeros(9_000, "float32")
    sound[8_000] = np.nan
    with pytest.raises(AudioDecodeError, match="sample"):
        load_audio(
            io.BytesIO(encode(sound, RATE, subtype="FLOAT")), RATE, errors="salvage"
        )


@pytest.mark.parametrize("errors", ["skip", None, ""])
def test_other_words_are_refused_at_once(encode, errors):
    file = io.BytesIO(encode(np.zeros(99)))
    with pytest.raises(ValueError, match="errors must be one of"):
        load_audio(file, RATE, errors=errors)
    with pytest.raises(ValueError, match="errors must be one of"):
        iter_windows(file, RATE, 99, errors=errors)


def test_the_error_can_travel_between_processes(cut):
    with pytest.raises(AudioDecodeError) as caught:
        load_audio(io.BytesIO(cut[1]), RATE)
    arrived = pickle.loads(pickle.dumps(caught.value))
    assert str(arrived) == str(caught.value)
    assert str(arrived).count("salvage") == 1


def test_ffmpeg_goes_on_behind_damage(ffmpeg, tmp_path, tone, encode):
    source, path = tmp_path / "a.wav", tmp_path / "a.tta"
    source.write_bytes(encode(tone(6 * RATE, RATE), RATE))
    ffmpeg("-i", source, "-c:a", "tta", path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(AudioDecodeError, match="truncated or damaged"):
        load_audio(path, RATE)
    says = r"truncated or damaged: [34]\.\d+ s of 6\.000 s can be read \(ffmpeg"
    with pytest.warns(AudioWarning, match=says):
        left = load_audio(path, RATE, errors="salvage")
    whole = load_audio(source, RATE)
    np.testing.assert_allclose(left[: 3 * RATE], whole[: 3 * RATE], atol=1e-4)
