"""The optional reader that decodes with tensorflow-io's native ops.

tensorflow-io 0.37.1 is its last release. It can be imported with any TensorFlow, but
above 2.17 every native op fails. Therefore the reader tests one op first.
"""

import functools
import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from kerasaudio.audio.containers import shortfall
from kerasaudio.audio.errors import AudioDecodeError, IncompleteAudioError
from kerasaudio.audio.ogg import read_links
from kerasaudio.audio.source import Source, looks_like, on_disk
from kerasaudio.extras import install

# Full scale of the integers that tensorflow-io returns.
_SCALES = {"uint8": 128.0, "int16": 32768.0, "int24": 8388608.0, "int32": 2147483648.0}

_WAV_KINDS = {(1, 8), (1, 16), (1, 24), (3, 32)}  # format and bits


def _needs() -> str:
    return (
        "reader='tensorflow-io' needs Python 3.11 or 3.12 on Linux or macOS, "
        "tensorflow-io 0.37.1 and TensorFlow 2.16 or 2.17, in an environment of its "
        f"own: {install('tensorflow-io')}. The default reader needs none of this."
    )


@functools.cache
def native_tensorflow_io() -> Any:
    """Import tensorflow_io and call one of its native ops.

    Raises:
        ImportError: tensorflow-io is not installed, or does not work with this
            TensorFlow. The message names versions that do.
    """
    try:
        import tensorflow_io
    except Exception as error:  # incompatible libraries fail in many ways
        raise ImportError(
            f"Cannot import tensorflow_io: {error}. {_needs()}"
        ) from error
    try:
        samples = tensorflow_io.audio.decode_wav(_tiny_wav(), dtype=np.int16)
        heard = np.asarray(samples).ravel().tolist()
    except Exception as error:  # undefined symbols raise NotImplementedError
        raise ImportError(
            f"tensorflow_io is installed, but its native ops do not work here: "
            f"{str(error)[:300]}. {_needs()}"
        ) from error
    if heard != [1, -2]:
        raise ImportError(
            f"tensorflow_io decodes incorrectly here ({heard} for [1, -2]). {_needs()}"
        )
    return tensorflow_io


@contextmanager
def open_tensorflow_io(source: Source) -> Iterator["TensorFlowIODecoder"]:
    """Decode wav, flac, ogg (Vorbis) or mp3 with tensorflow-io.

    Raises:
        ImportError: tensorflow-io does not work here.
        AudioDecodeError: tensorflow-io cannot decode the file.
    """
    tensorflow_io = native_tensorflow_io()
    _refuse_misread_wav(source)
    _refuse_chain(source)
    with on_disk(source) as path:
        try:
            tensor = tensorflow_io.audio.AudioIOTensor(path)
        except Exception as error:  # TensorFlow's errors have no common base
            raise AudioDecodeError(_cannot_decode(source, error)) from error
        yield TensorFlowIODecoder(source, tensor)


def _refuse_misread_wav(source: Source) -> None:
    """Raise for wavs that tensorflow-io misreads: 32-bit integers, and not PCM."""
    source.file.seek(0)
    start = source.file.read(4096)
    at = start.find(b"fmt ") + 8
    if start[:4] != b"RIFF" or at < 8:
        return
    code, bits = struct.unpack_from("<H12xH", start.ljust(at + 40, b"\0"), at)
    if code == 0xFFFE:  # extensible: the code is at the start of an identifier
        code = struct.unpack_from("<H", start.ljust(at + 40, b"\0"), at + 24)[0]
    if (code, bits) not in _WAV_KINDS:
        raise AudioDecodeError(
            f"tensorflow-io misreads {source.name}, a wav of format {code} with {bits} "
            f"bits. Use reader='soundfile'."
        )


def _refuse_chain(source: Source) -> None:
    if source.head[:4] == b"OggS" and len(read_links(source.file)) > 1:
        raise AudioDecodeError(
            f"tensorflow-io reads only the first of the streams in {source.name}. Use "
            f"reader='soundfile'."
        )


def _cannot_decode(source: Source, error: Exception) -> str:
    return (
        f"tensorflow-io cannot decode {source.name}: it is {looks_like(source)} "
        f"({str(error)[:200]}). It reads wav, flac, ogg (Vorbis) and mp3; "
        f"reader='soundfile' reads more."
    )


class TensorFlowIODecoder:
    """Reads slices of an AudioIOTensor."""

    def __init__(self, source: Source, tensor: Any) -> None:
        """Wrap an open AudioIOTensor."""
        self.name = source.name
        self.format = "tensorflow-io"
        self._source = source
        self._tensor = tensor
        self.sample_rate = int(tensor.rate.numpy())
        frames, self.channels = (int(n) for n in tensor.shape.numpy())
        self.frames: int | None = frames

    def blocks(
        self, start: int, frames: int | None, block_frames: int
    ) -> Iterator[np.ndarray]:
        """Yield float32 (n, channels) from frame `start` on, at most `frames`."""
        promised = self.frames or 0
        stop = promised if frames is None else min(promised, start + frames)
        for at in range(start, stop, block_frames):
            end = min(stop, at + block_frames)
            try:
                block = self._tensor[at:end].numpy()
            except Exception as error:  # TensorFlow's errors have no common base
                self._check_whole()
                raise AudioDecodeError(_cannot_decode(self._source, error)) from error
            if len(block) != end - at:
                raise IncompleteAudioError(
                    f"{self.name} is truncated: {at + len(block)} of {self.frames} "
                    f"samples can be read."
                )
            yield _floats(block)
        if frames is None or start + frames > promised:
            self._check_whole()

    def _check_whole(self) -> None:
        lost = shortfall(self._source.file)
        if lost is not None:
            raise IncompleteAudioError(f"{self.name} is {lost.kind}: {lost.text}.")


def _floats(block: np.ndarray) -> np.ndarray:
    if block.dtype.kind == "f":
        return block.astype(np.float32)
    center = 128.0 if block.dtype == np.uint8 else 0.0
    scale = _SCALES[block.dtype.name]
    return ((block.astype(np.float64) - center) / scale).astype(np.float32)


def _tiny_wav() -> bytes:
    wav = io.BytesIO()
    wav.write(b"RIFF" + struct.pack("<I", 40) + b"WAVEfmt ")
    wav.write(struct.pack("<IHHIIHH", 16, 1, 1, 16_000, 32_000, 2, 16))
    wav.write(b"data" + struct.pack("<Ihh", 4, 1, -2))
    return wav.getvalue()
