"""Read audio arguments in the forms of common libraries: one clip or several.

A clip is a path, an open file, or a waveform (samples,); only waveforms need a sample
rate. These forms are also clips:
    {"array": waveform, "sampling_rate": rate}   a row of a Hugging Face dataset
    {"path": ..., "bytes": ...}                  the same, not decoded
    (rate, waveform), (waveform, rate)           SciPy, gradio; librosa, soundfile
    a list of numbers, a Series of numbers       a waveform
Several clips are a list, a generator, an array or a Series of clips.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from numbers import Real
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from kerasaudio.audio.check import check_rate

RATES = ("sampling_rate", "sample_rate")
# Full scale and zero of the integers in WAV files; readers return them unscaled.
_WAV_SCALES = {"int16": (2**15, 0), "int32": (2**31, 0), "uint8": (2**7, 2**7)}


class Clip(NamedTuple):
    """One sound.

    Attributes:
        audio: A path, an open file, or a waveform (samples,).
        sample_rate: Sample rate of a waveform in Hz; None if none was passed.
    """

    audio: Any
    sample_rate: int | None


def clips_given(audio: Any, sample_rate: Any = None) -> tuple[bool, Iterator[Clip]]:
    """Return whether several clips were passed, and an iterator over the clips.

    Args:
        audio: One clip or several, as the module's docstring describes.
        sample_rate: Sample rate in Hz of waveforms that come without one.

    Returns:
        Whether several clips were passed, and the clips; generators are read lazily.

    Raises:
        ValueError: The argument is not audio, or sample rates contradict each other.
            The iterator also raises it if there are no clips.
    """
    found = _unpacked(audio)
    if _is_several(found):
        return True, _each(found, sample_rate)
    return False, iter([_clip(found, sample_rate)])


def clip_given(audio: Any, sample_rate: Any = None) -> Clip:
    """Return the one clip that was passed.

    Raises:
        ValueError: The argument is not audio, there are several clips, or sample rates
            contradict each other.
    """
    found = _unpacked(audio)
    if _is_several(found):
        raise ValueError(
            f"Expected one clip. Received: several ({_kind(audio)}). Pass them one "
            "by one."
        )
    return _clip(found, sample_rate)


def _each(audio: Iterable[Any], sample_rate: Any) -> Iterator[Clip]:
    empty = True
    for item in audio:
        empty = False
        yield clip_given(item, sample_rate)
    if empty:
        raise ValueError("The list of audio is empty. Pass at least one clip.")


def _unpacked(audio: Any) -> Any:
    """Return a Series as an array, and an array of objects or strings as a list."""
    pair = isinstance(audio, tuple) and len(audio) == 2
    if pair and any(map(_is_source, audio)) and any(map(_is_scalar, audio)):
        raise ValueError(
            "A file contains its own sample rate. Pass the file alone. "
            f"Received: {audio!r}."
        )
    if hasattr(audio, "columns") and hasattr(audio, "to_numpy"):
        raise ValueError(
            f"A {_kind(audio)} is not audio. Pass its column of paths or waveforms, "
            "such as frame['path']."
        )
    if hasattr(audio, "to_numpy") and not isinstance(audio, np.ndarray):
        audio = audio.to_numpy()
    if isinstance(audio, np.ndarray) and audio.dtype.kind in "OUT" and audio.ndim:
        return audio.tolist()
    return audio


def _is_several(audio: Any) -> bool:
    single = str | bytes | bytearray | memoryview | PathLike | Mapping | np.ndarray
    if isinstance(audio, single) or hasattr(audio, "read") or _is_decoder(audio):
        return False
    if isinstance(audio, list):
        return not audio or not all(map(_is_scalar, audio))
    if isinstance(audio, tuple):
        return _rate_beside(audio) is None and not (
            audio and all(map(_is_scalar, audio))
        )
    # Tensors iterate over their first axis, but are one waveform.
    return isinstance(audio, Iterable) and not hasattr(audio, "shape")


def _clip(audio: Any, sample_rate: Any) -> Clip:
    own = None
    beside = _rate_beside(audio) if isinstance(audio, tuple) else None
    if beside is not None:
        audio, own = beside
        audio = _from_wav_reader(audio)
    elif _is_decoder(audio):
        samples = audio.get_all_samples()
        audio, own = np.asarray(samples.data).mean(axis=0), samples.sample_rate
    elif isinstance(audio, Mapping):
        audio, own = _from_mapping(audio)
    elif isinstance(audio, bytes | bytearray | memoryview):
        raise ValueError(
            f"Expected audio. Received: {len(audio)} bytes. Pass the content of an "
            "audio file as io.BytesIO(data), and samples as an array."
        )
    if _is_scalar(audio) or not (_is_source(audio) or _has_samples(audio)):
        told = f" {audio!r}" if audio is None or _is_scalar(audio) else ""
        raise ValueError(
            "Audio must be a path, an open file, a waveform (samples,), a row of a "
            'Hugging Face dataset ({"array": ..., "sampling_rate": ...}), (rate, '
            f"waveform), or a list of these. Received: {_kind(audio)}{told}."
        )
    if own is None:
        return Clip(audio, sample_rate)
    own = check_rate(_whole(own), "The rate that came with the audio")
    if sample_rate is not None and sample_rate != own:
        raise ValueError(
            f"The audio came with a sample rate of {own} Hz, which contradicts "
            f"sample_rate={sample_rate!r}. Leave sample_rate out."
        )
    return Clip(audio, own)


def _from_mapping(given: Mapping[Any, Any]) -> tuple[Any, Any]:
    """Return the audio and the rate (None for a file) of a Hugging Face row."""
    if given.get("array") is not None:
        own = next((given[key] for key in RATES if given.get(key) is not None), None)
        if own is None:
            raise ValueError(
                "A dictionary with an 'array' must also have a 'sampling_rate'. "
                f"Received: {', '.join(map(repr, given))}."
            )
        return given["array"], own
    if given.get("bytes") is not None:
        return io.BytesIO(given["bytes"]), None
    if given.get("path") is not None:
        return given["path"], None
    advice = " Pass row['audio']." if "audio" in given else ""
    raise ValueError(
        "A dictionary must have the keys of a Hugging Face row: 'array' and "
        "'sampling_rate', or 'path', or 'bytes'. Received: "
        f"{', '.join(map(repr, given)) or 'no keys'}.{advice}"
    )


def _rate_beside(pair: tuple[Any, ...]) -> tuple[Any, Any] | None:
    """Return (waveform, rate) if a tuple is a waveform and a number, else None."""
    if len(pair) != 2:
        return None
    for waveform, rate in (pair, pair[::-1]):
        if _is_scalar(rate) and not _is_scalar(waveform) and _has_samples(waveform):
            return waveform, rate
    return None


def _from_wav_reader(waveform: Any) -> Any:
    """Scale the integers that readers of WAV files return to [-1, 1]."""
    samples = waveform if isinstance(waveform, np.ndarray) else np.asarray(waveform)
    scale, zero = _WAV_SCALES.get(samples.dtype.name, (None, 0))
    if scale is None or not isinstance(waveform, np.ndarray):
        return waveform
    return (samples.astype(np.float32) - np.float32(zero)) / np.float32(scale)


def _is_decoder(audio: Any) -> bool:
    """Return whether this is torchcodec's AudioDecoder, as in Hugging Face datasets."""
    return hasattr(audio, "get_all_samples")


def _is_scalar(value: Any) -> bool:
    if isinstance(value, str):  # NumPy's strings have a shape
        return False
    return isinstance(value, Real) or getattr(value, "shape", None) == ()


def _is_source(audio: Any) -> bool:
    return isinstance(audio, str | PathLike) or hasattr(audio, "read")


def _has_samples(audio: Any) -> bool:
    """Return whether this is an array, a tensor, or a sequence of numbers."""
    numbers = isinstance(audio, list | tuple) and all(map(_is_scalar, audio))
    return hasattr(audio, "shape") or numbers


def _whole(rate: Any) -> Any:
    """Return 16000 for 16000.0, as some readers return rates as floats."""
    number = rate.item() if hasattr(rate, "item") else rate
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _kind(audio: Any) -> str:
    return type(audio).__name__
