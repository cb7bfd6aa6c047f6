"""Change the sample rate of a whole waveform or a stream, with the same result.

Both use soxr's HQ recipe (20 bits, 0.91 of the band kept) and return
ceil(samples * to_rate / from_rate) samples, as librosa does. As soxr itself rounds, the
last sample can be a zero.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from kerasaudio.audio.check import check_rate, check_size, check_waveform

QUALITY = "HQ"


def resample(waveform: np.ndarray, from_rate: int, to_rate: int) -> np.ndarray:
    """Resample one mono waveform with soxr's HQ recipe.

    Args:
        waveform: Float samples in [-1, 1], shape (samples,).
        from_rate: Sample rate of `waveform` in Hz.
        to_rate: Sample rate of the result in Hz.

    Returns:
        A float32 array (ceil(samples * to_rate / from_rate),), equal to
        `librosa.resample(..., res_type="soxr_hq")`.

    Raises:
        ValueError: The waveform is not mono float, a rate is not a whole number from
            1,000 to 1,000,000, or the result would have more than 2**31 samples.

    Examples:
        >>> waveform = kerasaudio.load_audio("song.wav", 16_000)
        >>> kerasaudio.resample(waveform, 16_000, 22_050).shape
        (66150,)
    """
    samples = check_waveform(waveform)
    from_rate = check_rate(from_rate, "from_rate")
    to_rate = check_rate(to_rate, "to_rate")
    return resample_channels(samples[:, None], from_rate, to_rate)[:, 0]


def resampled_length(samples: int, from_rate: int, to_rate: int) -> int:
    """Return the number of samples that `resample` returns."""
    return -(-samples * to_rate // from_rate)


def resample_channels(frames: np.ndarray, from_rate: int, to_rate: int) -> np.ndarray:
    """Resample float32 (frames, channels), each channel by itself."""
    if from_rate == to_rate:
        return frames
    import soxr

    length = resampled_length(len(frames), from_rate, to_rate)
    check_size(
        length * frames.shape[1],
        f"The audio, resampled from {from_rate:,} to {to_rate:,} Hz,",
        "Are the rates right?",
    )
    out = soxr.resample(frames, from_rate, to_rate, quality=QUALITY)[:length]
    lacking = length - len(out)
    return np.pad(out, ((0, lacking), (0, 0))) if lacking else out


def resample_stream(
    chunks: Iterable[np.ndarray], from_rate: int, to_rate: int
) -> Iterator[np.ndarray]:
    """Resample a mono float32 stream; joined, the chunks equal `resample`."""
    if from_rate == to_rate:
        yield from chunks
        return
    import soxr

    stream = soxr.ResampleStream(from_rate, to_rate, 1, "float32", quality=QUALITY)
    received = given = 0
    for chunk in chunks:
        received += len(chunk)
        out = stream.resample_chunk(chunk)
        given += len(out)
        yield out
    missing = resampled_length(received, from_rate, to_rate) - given
    out = stream.resample_chunk(np.zeros(0, np.float32), last=True)[:missing]
    yield np.pad(out, (0, missing - len(out)))
