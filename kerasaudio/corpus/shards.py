"""Labeled sounds in WebDataset shards, to train on; nothing is unpacked to disk.

A sample is several members of a tar that follow each other and have one name up to the
first dot: a sound, and a member with its label. The headers and labels of all shards
are read once, at the beginning; sounds are read from their places when needed.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from kerasaudio.arguments import whole_number
from kerasaudio.audio.find import SUFFIXES, find_inside
from kerasaudio.core import AudioSpec
from kerasaudio.corpus import addresses
from kerasaudio.corpus.clips import Clip, clip_waveform
from kerasaudio.corpus.hidden import shown
from kerasaudio.corpus.labels import Labels
from kerasaudio.corpus.tars import is_tar, tar_clips
from kerasaudio.datasets.streams.clips import LabeledStream
from kerasaudio.datasets.streams.decoding import LabeledClip

LABELS = (".cls", ".txt", ".json")
_MOST_BYTES = 2**20  # of a label
_LONGEST = float("inf")


class Sample(NamedTuple):
    """A sound of a shard with the numbers of its classes."""

    clip: Clip
    classes: tuple[int, ...]


def from_shards(
    shards: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    class_names: Sequence[str] | None = None,
    *,
    label: str | None = None,
    field: str = "label",
    separator: str | None = None,
    buffer: int = 1_000,
    name: str = "shards",
) -> LabeledStream:
    """Return the labeled sounds of WebDataset shards, to train on.

    All headers are read now, with the labels; sounds when they are needed. In each
    epoch the shards come in another order, and their sounds are shuffled by a buffer,
    so that a shard is read nearly from its beginning to its end. The same seed gives
    the same epochs.

    Args:
        shards: Tars (not compressed), folders with tars, or addresses of them that
            fsspec reads, also with `*`.
        class_names: Names of the classes, in the order of their numbers. None for
            those that are found, in alphabetical order; numbers are then their own
            names, in the order of numbers.
        label: Member with the label: "cls", "txt" or "json". None for the first of
            these that a sample has. "cls" and "txt" hold a name or a number.
        field: Key of the label in "json": a name, a number, or a list of these.
        separator: What separates several classes in a "cls" or "txt", such as ";".
            With a separator, or lists in "json", clips can have several classes.
        buffer: Number of sounds that are shuffled at once.
        name: Name of the data.

    Raises:
        ValueError: A sample has no sound or no label, or several; a label is not a
            class; a name leads out of its tar; a tar is damaged, cut or compressed.
        OSError: A shard is missing or cannot be read.

    Examples:
        >>> import io, tarfile
        >>> with tarfile.open("shard-0.tar", "w") as tar:
        ...     for number in range(8):
        ...         kind = ("hum", "hiss")[number % 2]
        ...         tar.add(f"labeled/{kind}/{number}.wav", f"{number}.wav")
        ...         member = tarfile.TarInfo(f"{number}.cls")
        ...         member.size = len(kind)
        ...         tar.addfile(member, io.BytesIO(kind.encode()))
        >>> data = kerasaudio.corpus.from_shards("shard-0.tar")
        >>> data, data.class_names, data.counts.tolist()
        (LabeledStream('shards', clips=8, classes=2), ('hiss', 'hum'), [4, 4])
        >>> model = kerasaudio.LeNetMFCC(labels=data.class_names, filters=4)
        >>> data.batches(model, 4)[0][0].shape
        (4, 16000)
    """
    if label is not None and f".{label}" not in LABELS:
        raise ValueError(f"label must be cls, txt or json. Received: {label!r}.")
    kinds = LABELS if label is None else (f".{label}",)
    found = Labels(class_names, separator)
    clips: list[list[tuple[Clip, Any]]] = []
    for path in _tars(shards):
        clips.append([])
        for clip, told in _samples(path, kinds):
            value = found.read(_value(told, field), f"{_named(told)}")
            clips[-1].append((clip, value))
    labels = found.settled()
    groups = [[Sample(c, labels.numbers(value)) for c, value in own] for own in clips]
    groups = [group for group in groups if group]
    if not groups:
        raise ValueError(f"There are no samples in {name}.")
    every = [sample for group in groups for sample in group]
    counts = np.zeros(len(labels.names), np.int64)
    for sample in every:
        counts[list(sample.classes)] += 1
    return LabeledStream(
        name,
        labels.names,
        len(every),
        partial(_order, groups, whole_number(buffer, "buffer")),
        counts=counts,
        multi_label=labels.several,
        facts=((s.clip.path, s.clip.offset, s.clip.size, s.classes) for s in every),
    )


def _tars(shards: Any) -> Iterator[str]:
    """Yield the paths and addresses of all shards."""
    given = [shards] if isinstance(shards, str | os.PathLike) else shards
    for shard in given:
        path = os.fspath(shard)
        if addresses.is_address(path):
            names = [name for name, _ in addresses.found(path) if is_tar(name)]
        elif addresses.is_pattern(path) and not Path(path).exists():
            inside = Path(path)
            names = sorted(map(str, inside.parent.glob(inside.name)))
        elif Path(path).is_dir():
            files = find_inside(Path(path), also=(".tar",))
            names = [str(file) for file in files if is_tar(file.name)]
        else:
            names = [path]
        if not names:
            raise FileNotFoundError(f"There is no tar at {shown(path)!r}.")
        for name in names:
            if not is_tar(name):
                raise ValueError(
                    f"A shard must be a .tar file. Received: {shown(name)!r}."
                )
            yield name


def _samples(path: str, kinds: tuple[str, ...]) -> Iterator[tuple[Clip, Clip]]:
    """Yield the sound and the label of each sample of a shard."""
    key: str | None = None
    members: list[Clip] = []
    for member in tar_clips(path, also=kinds):
        if member.problem is not None:
            raise ValueError(member.problem)
        own = _key(member.member or "")
        if own != key and members:
            yield _sample(members, kinds)
            members = []
        key = own
        members.append(member)
    if members:
        yield _sample(members, kinds)


def _sample(members: list[Clip], kinds: tuple[str, ...]) -> tuple[Clip, Clip]:
    def ends(member: Clip) -> str:
        return PurePosixPath(member.member or "").suffix.lower()

    first = members[0]
    where = f"The sample {_key(first.member or '')!r} in {first.path!r}"
    sounds = [member for member in members if ends(member) in SUFFIXES]
    labels = [m for kind in kinds for m in members if ends(m) == kind]
    if not labels:
        raise ValueError(
            f"{where} has no label: no member {', '.join(kinds)} next to its sound. "
            "The members of a sample must follow each other."
        )
    if len(sounds) != 1:
        raise ValueError(
            f"{where} has {len(sounds) or 'no'} sounds; it must have one. Two samples "
            "must not have one name, nor a dot in it."
        )
    return sounds[0], labels[0]


def _key(name: str) -> str:
    """Return the name of a member up to the first dot in its last part."""
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.partition(".")[0]


def _named(member: Clip) -> str:
    return f"{member.member!r} in {member.path!r}"


def _value(member: Clip, field: str) -> Any:
    """Return the label that a member holds: text, a number, or a list of these."""
    if not 0 < member.size <= _MOST_BYTES:
        raise ValueError(
            f"{_named(member)} must hold a label. Received: {member.size:,} bytes."
        )
    content = addresses.read(member.source, member.begin, member.size)
    try:
        text = content.decode("utf-8-sig")
        if not (member.member or "").lower().endswith(".json"):
            return text
        told = json.loads(text)
    except ValueError as error:  # also of UTF-8
        raise ValueError(f"{_named(member)} cannot be read: {error}.") from error
    if not isinstance(told, dict) or field not in told:
        keys = ", ".join(map(repr, told)) if isinstance(told, dict) else type(told)
        raise ValueError(
            f"{_named(member)} must have the key {field!r}. Received: {keys}. Pass "
            "another one as field=."
        )
    return told[field]


def _order(
    groups: list[list[Sample]], buffer: int, epoch: int | None, seed: int
) -> Iterator[LabeledClip]:
    """Yield the clips of an epoch; with None for the epoch, in order."""
    if epoch is None:
        yield from (_clip(sample) for group in groups for sample in group)
        return
    rng = np.random.default_rng((seed, epoch, 0))
    held: list[Sample] = []
    for number in rng.permutation(len(groups)).tolist():
        for sample in groups[number]:
            if len(held) < buffer:
                held.append(sample)
                continue
            place = int(rng.integers(buffer))
            yield _clip(held[place])
            held[place] = sample
    yield from (_clip(held[place]) for place in rng.permutation(len(held)).tolist())


def _clip(sample: Sample) -> LabeledClip:
    clip = sample.clip

    def waveform(spec: AudioSpec) -> np.ndarray:
        found = clip_waveform(clip, spec.sample_rate, "raise", _LONGEST)
        assert found is not None  # as there is no limit
        return found

    return LabeledClip(f"{clip.path}/{clip.member}", sample.classes, waveform)
