"""Read the X of an estimator: the forms of sounds that scikit-learn's users have.

    paths                  list, object array, Series
    waveforms (samples,)   list of arrays, of tensors, of lists of numbers
    waveforms with rates   rows of a Hugging Face dataset, pairs (rate, waveform)
    (clips, samples)       array, tensor, DataFrame of numbers

A `datasets.Dataset` gives the rows of its audio column.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from os import PathLike, path
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from kerasaudio.audio.check import check_rate, check_waveform
from kerasaudio.core.audio_input import Clip, clip_given
from kerasaudio.core.data_set import audio_columns, is_data_set
from kerasaudio.text import counted

_FORMS = (
    "X must be a list, array or Series of clips, or an array (clips, samples) of "
    "waveforms."
)
_ONE = " If it is one clip, pass a list of one"


def read_sounds(
    estimator: Any, X: Any, sampling_rate: int | None, *, reset: bool
) -> list[Clip]:
    """Return the clips of X, all of one kind; waveforms are checked, files are not.

    Args:
        estimator: The estimator; it gets, or is asked for, `n_features_in_` and
            `feature_names_in_` if X has two axes.
        X: Sounds, as the module's docstring describes.
        sampling_rate: Sample rate in Hz of waveforms that come without one.
        reset: Whether the estimator is being fitted.

    Raises:
        ValueError: X is no collection of clips, is empty, mixes kinds, or a waveform is
            unusable or has no rate.
        TypeError: X is sparse.
    """
    if sampling_rate is not None:
        sampling_rate = check_rate(sampling_rate, "sampling_rate")
    X = _without_columns(X)
    if _is_table_of_lists(X) or (hasattr(X, "__array__") and not hasattr(X, "shape")):
        X = np.asarray(X)
    if reset:
        for name in ("n_features_in_", "feature_names_in_"):
            estimator.__dict__.pop(name, None)
    if len(getattr(X, "shape", ())) == 2:
        items: Iterable[Any] = _rows(estimator, X, sampling_rate, reset)
    else:
        items = _listed(X)
    clips = [_clip(item, number, sampling_rate) for number, item in enumerate(items)]
    if not clips:
        raise ValueError("X is empty. Pass at least one clip.")
    _check_alike([_kind(clip) for clip in clips])
    return clips


def is_file(clip: Clip) -> bool:
    """Return whether a clip is the path of a file."""
    return isinstance(clip.audio, str | PathLike)


def _without_columns(X: Any) -> Any:
    """Return the audio column of a Hugging Face dataset, or of columns taken from it.

    Several rows of a dataset, `dataset[numbers]`, are a dictionary of columns.
    """
    if is_data_set(X):
        return X[_only_one(audio_columns(X.features), X.features)]
    if isinstance(X, Mapping) and any(isinstance(v, list) for v in X.values()):
        found = [
            name
            for name, column in X.items()
            if isinstance(column, list) and column and _is_cell(column[0])
        ]
        return X[_only_one(found, X)]
    return X


def _only_one(found: list[Any], columns: Iterable[Any]) -> Any:
    if len(found) != 1:
        raise ValueError(
            "X must have one column of audio. Received: "
            f"{counted(len(found), 'column')} of audio among "
            f"{', '.join(map(repr, columns))}. Pass the column, dataset['audio']."
        )
    return found[0]


def _is_cell(value: Any) -> bool:
    """Return whether a value is what the audio column of a dataset holds."""
    keys = {"array", "path", "bytes"}
    is_row = isinstance(value, Mapping) and not keys.isdisjoint(value)
    return is_row or hasattr(value, "get_all_samples")


def _is_table_of_lists(X: Any) -> bool:
    """Return whether X is a list of lists of numbers, which scikit-learn takes, too."""
    return (
        isinstance(X, list)
        and all(isinstance(row, list) for row in X)
        and len({len(row) for row in X}) == 1
        and all(isinstance(number, int | float) for row in X for number in row[:1])
    )


def _rows(
    estimator: Any, X: Any, sampling_rate: int | None, reset: bool
) -> Iterable[np.ndarray]:
    """Return the rows of an array or a table (clips, samples)."""
    is_table = hasattr(X, "columns")
    if isinstance(X, np.ndarray) or is_table:
        first = np.asarray(X[:1] if not is_table else X.head(1), dtype=object).ravel()
        if any(isinstance(value, str | PathLike) for value in first):
            raise ValueError(
                "X must be one column of paths. Received: a table of shape "
                f"{X.shape}. Pass its column, X['path'] or X[:, 0]; in a "
                "ColumnTransformer name it 'path', not ['path']."
            )
    if sampling_rate is None:
        raise ValueError(
            f"An array has no sample rate. Received: X of shape {tuple(X.shape)}. Set "
            "sampling_rate= of the estimator, in Hz."
        )
    if not is_table and hasattr(X, "__array__"):
        try:
            X = np.asarray(X)
        except (ValueError, TypeError, RuntimeError) as error:
            raise ValueError(
                f"{_FORMS} Received: {type(X).__name__}, which NumPy cannot read "
                f"({error})."
            ) from error
    rows: np.ndarray = validate_data(estimator, X, reset=reset)
    return rows


def _listed(X: Any) -> Iterable[Any]:
    if hasattr(X, "to_numpy") and not isinstance(X, np.ndarray):
        X = X.to_numpy()
    if isinstance(X, str | bytes | bytearray | PathLike | Mapping) or _is_cell(X):
        raise ValueError(f"{_FORMS} Received: {type(X).__name__}.{_ONE}.")
    if hasattr(X, "shape"):
        kind = getattr(getattr(X, "dtype", None), "kind", "")
        if kind not in ("O", "U", "T") or len(X.shape) != 1:
            raise ValueError(
                f"{_FORMS} Received: an array of shape {tuple(X.shape)}. Reshape your "
                "data: array.reshape(1, -1) is one clip."
            )
        return list(X.tolist())
    if not isinstance(X, Iterable):
        raise ValueError(f"{_FORMS} Received: {type(X).__name__}.")
    return X


def _clip(item: Any, number: int, sampling_rate: int | None) -> Clip:
    """Return one clip; `number` is its position in X."""
    if isinstance(item, Mapping):  # a row with other columns
        inside = [value for value in item.values() if _is_cell(value)]
        item = inside[0] if len(inside) == 1 else item
    elif isinstance(item, int | float) and not isinstance(item, bool):
        raise ValueError(
            f"X[{number}] must be a clip. Received: the number {item!r}.{_ONE}: if X "
            "is a waveform, [X]. Reshape your data."
        )
    try:
        clip = clip_given(item)
        if is_file(clip) or hasattr(clip.audio, "read"):
            return clip
        rate = clip.sample_rate or sampling_rate
        if rate is None:
            raise ValueError(
                "A waveform has no sample rate. Set sampling_rate= of the estimator, "
                "in Hz; or pass {'array': waveform, 'sampling_rate': rate}."
            )
        if sampling_rate not in (None, rate):
            raise ValueError(
                f"The waveform has {rate} Hz, the estimator has "
                f"sampling_rate={sampling_rate}. Leave the latter out."
            )
    except ValueError as error:
        raise ValueError(f"X[{number}]: {error}") from error
    return Clip(check_waveform(clip.audio, name=f"X[{number}]"), rate)


def _kind(clip: Clip) -> str:
    if is_file(clip):
        return "path"
    return "open file" if hasattr(clip.audio, "read") else "waveform"


def _check_alike(kinds: list[str]) -> None:
    counts = Counter(kinds)
    if len(counts) > 1:
        told = " and ".join(counted(n, kind) for kind, n in counts.items())
        other = next(i for i, kind in enumerate(kinds) if kind != kinds[0])
        raise ValueError(
            f"X must have clips of one kind. Received: {told}; the first of another "
            f"kind is X[{other}]."
        )


def check_folders(paths: Iterable[Any]) -> None:
    """Raise a ValueError if a path is that of a folder, which is not one clip."""
    folder = next((each for each in paths if path.isdir(each)), None)
    if folder is not None:
        raise ValueError(
            f"{str(folder)!r} is a folder, not a clip. Pass the files in it: "
            "kerasaudio.find_audio(folder)."
        )
