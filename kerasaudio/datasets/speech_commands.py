"""Speech Commands: words of 1 s, 16 kHz, spoken by thousands of speakers.

Version 1 has 30 words, version 2 has 35. Source: Warden 2018, arXiv:1804.03209, CC BY
4.0; the 12-class protocol is that of github.com/tensorflow/tensorflow,
examples/speech_commands/input_data.py.
"""

import math
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np

from kerasaudio.arguments import whole_number
from kerasaudio.datasets.archives import present
from kerasaudio.datasets.check import PARTS, listed
from kerasaudio.datasets.clips import LabeledClips
from kerasaudio.datasets.rows import naming

COMMANDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
SILENCE, UNKNOWN = "_silence_", "_unknown_"
NOISE = "_background_noise_"
LISTS = {"validation": "validation_list.txt", "testing": "testing_list.txt"}
SHARE = 0.1  # of the clips with commands in each part: for silence and unknown words
CLIP_SECONDS = 1.0

_Key = tuple[str, str]  # word, name of the file


class SpeechCommands(LabeledClips):
    """The clips of a Speech Commands folder, version 1 or 2.

    `groups` are the speakers; `parts` are those of the official lists, which have no
    speaker in two parts.

    Args:
        folder: Folder in the official layout: WORD/SPEAKER_nohash_TAKE.wav, the two
            lists and _background_noise_/.
        classes: None for every word in the folder (35 in version 2, 30 in version 1);
            35 or 30 to require that many; 12 for the ten commands, "_silence_" and
            "_unknown_".
        seed: Seed for choosing unknown words and pieces of noise, with 12 classes.
        download: Whether to download the data set if the folder does not have it.
        version: Version to download, 1 or 2.

    With 12 classes, as upstream, each part gets "_unknown_" clips, drawn at random from
    the other words, and "_silence_" clips, each a tenth as many as the part has
    commands. A clip of silence is 1 s of background noise. Unlike upstream, each noise
    recording is used in one part only.

    Raises:
        FileNotFoundError: The lists, or clips that they name, are missing.
        ValueError: `classes` or `version` is unknown, or the folder does not have the
            words that `classes` needs.
        OSError: The download failed.

    Examples:
        >>> clips = kerasaudio.datasets.SpeechCommands("speech_commands", classes=12)
        >>> clips.class_names[-4:]
        ('stop', 'go', '_silence_', '_unknown_')
        >>> training, validation, testing = clips.published_split()
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        *,
        classes: int | None = None,
        seed: int = 0,
        download: bool = False,
        version: int = 2,
    ) -> None:
        if classes not in (None, 12, 30, 35):
            raise ValueError(
                f"classes must be None, 12, 30 or 35. Received: {classes!r}."
            )
        seed = whole_number(seed, "seed", 0)
        if version not in (1, 2):
            raise ValueError(f"version must be 1 or 2. Received: {version!r}.")
        archive = f"speech_commands_v{version}"
        root = present(archive, folder, LISTS["testing"], download)
        lists = {part: _read_list(root / name) for part, name in LISTS.items()}
        words = _words(root)
        _require_words(root, words, classes)
        parts = _parts(root, words, lists)
        wanted = COMMANDS if classes == 12 else tuple(words)
        chosen = [(key, key[0]) for key in parts if key[0] in wanted]
        if classes == 12:
            chosen += [(key, UNKNOWN) for key in _unknown(parts, seed)]
        names = (*wanted, SILENCE, UNKNOWN) if classes == 12 else wanted
        paths = [root / word / file for (word, file), _ in chosen]
        labels = [names.index(name) for _, name in chosen]
        groups = [file.partition("_")[0] for (_, file), _ in chosen]
        in_part = [parts[key] for key, _ in chosen]
        starts = [0.0] * len(paths)
        if classes == 12:
            for part in PARTS:
                count = sum(p == part and k[0] in COMMANDS for k, p in parts.items())
                for path, start in _silence(root, part, count, seed):
                    paths.append(path)
                    labels.append(names.index(SILENCE))
                    groups.append(f"noise {path.stem}")
                    in_part.append(part)
                    starts.append(start)
        is_noise = np.array([path.parent.name == NOISE for path in paths])
        begin = np.array(starts)
        super().__init__(
            name="Speech Commands",
            paths=tuple(paths),
            targets=np.array(labels, np.int64),
            class_names=names,
            groups=np.array(groups),
            starts=begin if is_noise.any() else None,
            ends=np.where(is_noise, begin + CLIP_SECONDS, np.inf)
            if is_noise.any()
            else None,
            parts=np.array(in_part),
        )


def _read_list(path: Path) -> set[_Key]:
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no {path}. SpeechCommands needs the folder that contains one "
            "folder per word and the two lists, as in the official archive; "
            "download=True gets it."
        )
    keys = set()
    with naming(path):
        lines = path.read_text(encoding="utf-8").split()
    for line in lines:
        word, _, file = line.partition("/")
        if not file or "/" in file:
            raise ValueError(f"{path} must list WORD/FILE. Received: {line!r}.")
        keys.add((word, file))
    return keys


def _words(root: Path) -> dict[str, list[str]]:
    return {
        folder.name: names
        for folder in sorted(root.iterdir())
        if folder.is_dir() and folder.name[0] not in "._"
        if (names := sorted(path.name for path in folder.glob("[!.]*.wav")))
    }


def _require_words(
    root: Path, words: dict[str, list[str]], classes: int | None
) -> None:
    lacking = sorted(set(COMMANDS) - set(words))
    if classes == 12 and (lacking or len(words) == len(COMMANDS)):
        raise ValueError(
            f"classes=12 needs the ten commands and other words. {root} has the words "
            f"{listed(words, 35)}"
            + (f", but lacks {listed(lacking)}." if lacking else ".")
        )
    if classes in (30, 35) and len(words) != classes:
        raise ValueError(
            f"{root} has {len(words)} words, not {classes}: version 1 has 30, version "
            "2 has 35. Leave out classes to use the words that are in the folder."
        )


def _parts(
    root: Path, words: dict[str, list[str]], lists: dict[str, set[_Key]]
) -> dict[_Key, str]:
    there = {(word, file) for word, files in words.items() for file in files}
    missing = sorted(f"{w}/{f}" for w, f in set().union(*lists.values()) - there)
    if missing:
        raise FileNotFoundError(
            f"{len(missing)} clips in the lists of {root} are missing: "
            f"{listed(missing)}."
        )
    return {
        key: next((part for part, keys in lists.items() if key in keys), PARTS[0])
        for key in sorted(there)
    }


def _unknown(parts: dict[_Key, str], seed: int) -> list[_Key]:
    rng, chosen = np.random.default_rng((seed, 0)), []
    for part in PARTS:
        commands = sum(p == part and key[0] in COMMANDS for key, p in parts.items())
        others = [k for k, p in parts.items() if p == part and k[0] not in COMMANDS]
        count = min(len(others), math.ceil(SHARE * commands))
        chosen += [others[i] for i in sorted(rng.permutation(len(others))[:count])]
    return chosen


def _silence(
    root: Path, part: str, commands: int, seed: int
) -> list[tuple[Path, float]]:
    import soundfile

    files: Sequence[Path] = sorted((root / NOISE).glob("[!.]*.wav"))
    if len(files) < len(PARTS):
        raise FileNotFoundError(
            f"classes=12 needs at least {len(PARTS)} wav files in {root / NOISE}, one "
            f"for each part. Received: {len(files)}."
        )
    files = files[PARTS.index(part) :: len(PARTS)]
    rng = np.random.default_rng((seed, 1, PARTS.index(part)))
    latest = [soundfile.info(file).duration - CLIP_SECONDS for file in files]
    pieces = []
    for _ in range(math.ceil(SHARE * commands)):
        which = int(rng.integers(len(files)))
        start = round(float(rng.uniform(0, max(0.0, latest[which]))), 3)
        pieces.append((files[which], start))
    return pieces
