"""Splits that have no recording on two sides, and every class on every side.

Recordings are assigned one by one, those of the rarest class first, to the side that
lacks that class most: iterative stratification over groups, after Sechidis et al. 2011,
doi:10.1007/978-3-642-23808-6_10.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kerasaudio.arguments import whole_number
from kerasaudio.datasets.clips import LabeledClips
from kerasaudio.datasets.protocol import check_clips
from kerasaudio.text import counted

DEFAULT_FRACTIONS = (0.8, 0.2)


def split(
    clips: LabeledClips,
    fractions: Sequence[float] = DEFAULT_FRACTIONS,
    seed: int = 0,
) -> tuple[LabeledClips, ...]:
    """Split clips so that no recording is on two sides.

    Args:
        clips: Clips to split. If they are cut from longer recordings, they need
            `groups`; otherwise every file counts as one recording.
        fractions: Fraction of the clips on each side, such as (0.8, 0.1, 0.1); their
            sum must be 1. The result is as close to them as whole recordings allow.
        seed: Random seed; the same seed gives the same split.

    Returns:
        One set of clips per fraction, each with some clips of every class.

    Raises:
        ValueError: `fractions` is invalid, or a class has fewer recordings than there
            are sides.

    Examples:
        >>> clips = kerasaudio.datasets.from_folder("labeled")
        >>> training, testing = kerasaudio.datasets.split(clips, (0.75, 0.25))
        >>> len(training), len(testing)
        (6, 2)
    """
    check_clips(clips)
    shares = np.asarray(fractions, float)
    if shares.ndim != 1 or len(shares) < 2 or not (shares > 0).all():
        raise ValueError(
            f"fractions must be two or more numbers above 0. Received: {fractions!r}."
        )
    if abs(shares.sum() - 1) > 1e-6:
        raise ValueError(f"fractions must add up to 1. Received: {fractions!r}.")
    _require_recordings(clips, len(shares), "sides of the split")
    side = _deal(clips, shares, seed)
    return tuple(clips.take(side == number) for number in range(len(shares)))


def k_fold(clips: LabeledClips, folds: int = 5, seed: int = 0) -> LabeledClips:
    """Assign clips to new folds so that no recording is in two folds; see `split`.

    Args:
        clips: As for `split`; existing folds are replaced.
        folds: Number of folds, at least 2.
        seed: Random seed; the same seed gives the same folds.

    Returns:
        The clips with `folds`, for `hold_out` and `cross_validate`.

    Raises:
        ValueError: There are fewer than two folds or more folds than recordings, or a
            class has only one recording.

    Examples:
        >>> clips = kerasaudio.datasets.from_folder("labeled")
        >>> clips = kerasaudio.datasets.k_fold(clips, folds=4)
        >>> clips
        LabeledClips('labeled', clips=8, classes=2, folds=4)
        >>> training, testing = clips.hold_out(1)
        >>> len(training), len(testing)
        (6, 2)
    """
    check_clips(clips)
    recordings = len(np.unique(clips.recordings))
    folds = whole_number(folds, "folds", least=2)
    if folds > recordings:
        raise ValueError(
            f"{clips.name} has {counted(recordings, 'recording')}, too few for "
            f"{folds} folds. Use fewer folds."
        )
    _require_recordings(clips, 2, "folds at least")
    numbers = _deal(clips, np.full(folds, 1 / folds), seed) + 1
    whole = clips.take(np.arange(len(clips)))
    return replace(whole, folds=numbers, parts=None, partial=clips.partial, shared={})


def _require_recordings(clips: LabeledClips, least: int, what: str) -> None:
    recordings = clips.recordings
    for name, has_it in zip(clips.class_names, clips.multi_hot.T, strict=True):
        count = len(np.unique(recordings[has_it]))
        if 0 < count < least:
            raise ValueError(
                f"{clips.name}: class {name!r} has {counted(int(has_it.sum()), 'clip')}"
                f" from {counted(count, 'recording')}, too few for {least} {what}. Add "
                "recordings, or leave out the class."
            )


def _deal(clips: LabeledClips, shares: np.ndarray, seed: int) -> np.ndarray:
    """Return the number of the side of each clip, (clips,)."""
    rng = np.random.default_rng(whole_number(seed, "seed", 0))
    # The last column counts all clips, including those without a class.
    hot = np.column_stack([clips.multi_hot, np.ones(len(clips), bool)])
    recordings = clips.recordings
    counts = np.zeros((recordings.max() + 1, hot.shape[1]), np.int64)
    np.add.at(counts, recordings, hot)
    wanted = np.outer(shares, counts.sum(axis=0)).astype(float)
    side_of = np.full(len(counts), -1)
    having = (counts > 0).sum(axis=0)
    by_rarity = sorted(range(hot.shape[1] - 1), key=lambda label: int(having[label]))
    for label in [*by_rarity, hot.shape[1] - 1]:
        open_ones = np.flatnonzero((counts[:, label] > 0) & (side_of < 0))
        order = rng.permutation(open_ones)
        order = order[np.argsort(-counts[order, label], kind="stable")]
        has = np.array(
            [(counts[side_of == s][:, label] > 0).any() for s in range(len(shares))]
        )
        for place, recording in enumerate(order):
            # The last recordings of a class go to sides that still lack the class.
            must = not has.all() and len(order) - place <= (~has).sum()
            need = (
                np.where(has, -np.inf, wanted[:, label]) if must else wanted[:, label]
            )
            best = np.flatnonzero(need >= need.max() - 1e-9)
            best = best[wanted[best, -1] >= wanted[best, -1].max() - 1e-9]
            side = int(rng.choice(best))
            side_of[recording] = side
            wanted[side] -= counts[recording]
            has[side] = True
    return side_of[recordings]
