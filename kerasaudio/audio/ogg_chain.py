"""Read Ogg streams in a row, as from internet radio or `cat`, as one stream."""

from collections.abc import Iterator, Sequence

import numpy as np

from kerasaudio.audio.errors import AudioDecodeError, IncompleteAudioError
from kerasaudio.audio.libsndfile import NotReadError, open_link
from kerasaudio.audio.ogg import Link
from kerasaudio.audio.sound_file import SoundFileDecoder
from kerasaudio.audio.source import Source


class ChainDecoder:
    """Reads one stream after the other; all must have the same rate and channels."""

    def __init__(self, source: Source, links: Sequence[Link]) -> None:
        """Open the first stream, to get the sample rate and the number of channels."""
        self.name = source.name
        self.format = f"OGG {links[0].codec.upper()}"
        self._source = source
        self._links = links
        with open_link(source, links[0], self._is_only) as first:
            self.sample_rate, self.channels = first.sample_rate, first.channels
            self.frames = first.frames if self._is_only else None

    @property
    def _is_only(self) -> bool:
        return len(self._links) == 1

    def blocks(
        self, start: int, frames: int | None, block_frames: int
    ) -> Iterator[np.ndarray]:
        """Yield float32 (n, channels) from frame `start` on, at most `frames`."""
        before = 0  # frames of the links that were read
        stop = None if frames is None else start + frames
        for link in self._links:
            if stop is not None and before >= stop:
                return
            try:
                with open_link(self._source, link, self._is_only, before) as decoder:
                    self._check(decoder, before)
                    length = decoder.frames or 0
                    first = max(0, start - before)
                    left = None if stop is None else stop - before - first
                    if first < length:
                        yield from decoder.blocks(first, left, block_frames)
                    before += length
            except NotReadError as error:
                kind = IncompleteAudioError if before else AudioDecodeError
                raise kind(
                    f"{self.name} is truncated or damaged: "
                    f"{before / self.sample_rate:.3f} s can be read, the data after "
                    f"byte {link.start:,} cannot be decoded (libsndfile: {error})."
                ) from error

    def _check(self, decoder: SoundFileDecoder, before: int) -> None:
        kind = (decoder.sample_rate, decoder.channels)
        if kind != (self.sample_rate, self.channels):
            raise IncompleteAudioError(
                f"{self.name} is a join of two files: "
                f"{before / self.sample_rate:.3f} s can be read, and after that the "
                f"audio changes from {self.sample_rate:,} Hz and {self.channels} "
                f"channel(s) to {kind[0]:,} Hz and {kind[1]}."
            )
