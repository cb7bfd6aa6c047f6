"""The tokenizer of RoBERTa: byte pair encoding, read from the files of the Hub."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np

from kerasaudio.zero_shot.pieces import split

BEGIN, PADDING, END, UNKNOWN = "<s>", "<pad>", "</s>", "<unk>"
_STEP = 16  # tokens that batches are padded to a multiple of
_WHOLE = "tokenizer.json"
_VOCABULARY, _MERGES = "vocab.json", "merges.txt"


def byte_letters() -> list[str]:
    """Return a printable letter for each byte: its own, or one from 256 on."""
    own = {*range(33, 127), *range(161, 173), *range(174, 256)}
    letters, others = [], 256
    for byte in range(256):
        letters.append(chr(byte if byte in own else others))
        others += byte not in own
    return letters


_LETTERS = byte_letters()


class BytePairs:
    """Turn sentences into numbers of tokens.

    A sentence is split into words, and these into bytes; then neighbors are merged, the
    pairs that are earliest in the list first.

    Args:
        vocabulary: Number of each token.
        merges: Pairs of tokens that are merged, the most important first.
        begins_with_space: Whether a sentence is read as if a space were in front.

    Raises:
        ValueError: A token that is needed has no number.
    """

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        merges: Sequence[tuple[str, str]],
        begins_with_space: bool = False,
    ) -> None:
        joined = [first + second for first, second in merges]
        needed = [BEGIN, PADDING, END, UNKNOWN, *joined]
        lacking = [token for token in needed if token not in vocabulary]
        if lacking:
            raise ValueError(
                f"its vocabulary has no {lacking[0]!r}"
                + (f", and {len(lacking) - 1} more tokens" if lacking[1:] else "")
            )
        self.vocabulary = dict(vocabulary)
        self.begins_with_space = begins_with_space
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Read `vocab.json` and `merges.txt`, or `tokenizer.json`.

        Raises:
            FileNotFoundError: The folder has neither.
            ValueError: A file is damaged, or is of another kind of tokenizer.
            OSError: A file cannot be read.
        """
        vocabulary, merges, whole = (
            folder / name for name in (_VOCABULARY, _MERGES, _WHOLE)
        )
        if vocabulary.is_file() and merges.is_file():
            words = _json(vocabulary)
            pairs: Any = merges.read_text(encoding="utf-8").splitlines()
            pairs = [line for line in pairs if line and not line.startswith("#version")]
            origin = vocabulary
        elif whole.is_file():
            words, pairs = _parts(_json(whole), whole)
            origin = whole
        else:
            raise FileNotFoundError(
                f"{str(folder)!r} has no tokenizer, which turns sentences into numbers:"
                f" neither {_VOCABULARY} and {_MERGES}, nor {_WHOLE}. Put them there, "
                "from where the weights are."
            )
        try:
            return cls(_numbers(words), _pairs(pairs), _spaced(folder))
        except ValueError as error:
            raise ValueError(
                f"{str(origin)!r} is not a tokenizer of RoBERTa: {error}."
            ) from error

    @property
    def padding(self) -> int:
        """Number of the token that fills short sentences."""
        return self.vocabulary[PADDING]

    @property
    def size(self) -> int:
        """Number above that of every token."""
        return 1 + max(self.vocabulary.values())

    def tokens(self, text: str) -> list[int]:
        """Return the numbers of a sentence's tokens, with its begin and end."""
        if self.begins_with_space and not text.startswith(" "):
            text = f" {text}"
        found = [
            token
            for piece in split(text)
            for token in self._merged([_LETTERS[byte] for byte in piece.encode()])
        ]
        unknown = self.vocabulary[UNKNOWN]
        return [self.vocabulary.get(token, unknown) for token in (BEGIN, *found, END)]

    def batch(self, texts: Sequence[str], longest: int) -> np.ndarray:
        """Return the tokens of sentences, int32 (texts, tokens), padded.

        Args:
            texts: Sentences.
            longest: Largest number of tokens.

        Raises:
            ValueError: A sentence has more tokens.
        """
        rows = [self.tokens(text) for text in texts]
        for text, row in zip(texts, rows, strict=True):
            if len(row) > longest:
                raise ValueError(
                    f"A text must have at most {longest} tokens (parts of words), with "
                    "begin and end: the network was not trained on more. Shorten it. "
                    f"Received {len(row)} tokens: {text[:60]!r}..."
                )
        # Few different widths, as Keras compiles a program for each.
        width = min(longest, -(-max(map(len, rows)) // _STEP) * _STEP)
        padded = np.full((len(rows), width), self.padding, "int32")
        for line, row in zip(padded, rows, strict=True):
            line[: len(row)] = row
        return padded

    def _merged(self, parts: list[str]) -> list[str]:
        """Merge the letters of a word."""
        while len(parts) > 1:
            ranks = [
                self._ranks.get(pair, len(self._ranks)) for pair in pairwise(parts)
            ]
            best = min(ranks)
            if best == len(self._ranks):
                break
            pair = parts[ranks.index(best)], parts[ranks.index(best) + 1]
            merged, place = [], 0
            while place < len(parts):
                found = tuple(parts[place : place + 2]) == pair
                merged.append("".join(pair) if found else parts[place])
                place += 1 + found
            parts = merged
        return parts


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{str(path)!r} is not a JSON file ({error}). Download it again."
        ) from error


def _parts(whole: Any, path: Path) -> tuple[Any, Any]:
    """Return the vocabulary and the merges of a tokenizer.json."""
    model = whole.get("model") if isinstance(whole, dict) else None
    if not isinstance(model, dict) or model.get("type") != "BPE":
        kind = model.get("type") if isinstance(model, dict) else None
        raise ValueError(
            f"{str(path)!r} is not a tokenizer of RoBERTa, which has a model of the "
            f"type 'BPE'. Received: {kind!r}."
        )
    return model.get("vocab"), model.get("merges")


def _numbers(words: Any) -> dict[str, int]:
    is_table = isinstance(words, dict) and all(
        isinstance(n, int) and not isinstance(n, bool) and n >= 0
        for n in words.values()
    )
    if not is_table or len(set(words.values())) != len(words):
        raise ValueError("its vocabulary does not have one number for each token")
    return words


def _pairs(merges: Any) -> list[tuple[str, str]]:
    """Return the merges, each of which is "a b" or ["a", "b"]."""
    pairs = []
    for merge in merges if isinstance(merges, list) else [None]:
        pair: Any = merge.split(" ") if isinstance(merge, str) else merge
        is_pair = isinstance(pair, list) and len(pair) == 2
        if not is_pair or not all(isinstance(part, str) and part for part in pair):
            raise ValueError(f"its merges must be pairs, not {merge!r}")
        pairs.append((pair[0], pair[1]))
    return pairs


def _spaced(folder: Path) -> bool:
    """Return whether sentences begin with a space, as tokenizer_config.json says."""
    path = folder / "tokenizer_config.json"
    config = _json(path) if path.is_file() else {}
    return isinstance(config, dict) and config.get("add_prefix_space") is True
