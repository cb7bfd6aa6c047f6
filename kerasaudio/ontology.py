"""The ontology of AudioSet: ids of its classes, and which class is a kind of which.

Google publishes it under CC BY-SA 4.0, so it does not come with this package. Download
`ontology.json` from https://github.com/audioset/ontology.
"""

import difflib
import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.arguments import class_name, class_names


class Ontology:
    """The classes of AudioSet with their ids, parents and children.

        ontology = kerasaudio.Ontology("ontology.json")
        kerasaudio.YAMNet(weights="audioset").tag("street.wav", ontology=ontology)

    Args:
        path: `ontology.json` of https://github.com/audioset/ontology, or a file of the
            same form: a list of objects with "id", "name" and "child_ids".

    Attributes:
        names: Names of the classes, in the order of the file.

    Raises:
        ValueError: The file is no ontology: it is no JSON, lacks a field, repeats an id
            or a name, names an unknown child, or a class is below itself.
        OSError: The file cannot be read.

    Examples:
        >>> ontology = kerasaudio.Ontology("ontology.json")
        >>> ontology.id_of("Dog"), ontology.name_of("/m/0bt9lr")
        ('/m/0bt9lr', 'Dog')
        >>> ontology.parents("Bark"), ontology.children("Animal")
        (('Dog',), ('Dog', 'Cat'))
        >>> ontology.parent_scores(["Bark", "Cat"], [0.7, 0.2])
        (('Animal', 'Dog'), array([0.7, 0.7]))
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        file = Path(path)
        entries = _entries(file)
        self._ids = {name: mid for mid, name, _ in entries}
        self._named = {mid: name for name, mid in self._ids.items()}
        if not len(self._ids) == len(self._named) == len(entries):
            raise ValueError(f"{file} repeats an id or a name.")
        self._children: dict[str, tuple[str, ...]] = {}
        self._parents: dict[str, list[str]] = {name: [] for name in self._ids}
        for _, name, children in entries:
            unknown = [child for child in children if child not in self._named]
            if unknown:
                raise ValueError(
                    f"{file}: {name!r} has an unknown child {unknown[0]!r}."
                )
            self._children[name] = tuple(
                self._named[child] for child in dict.fromkeys(children)
            )
            for child in self._children[name]:
                self._parents[child].append(name)
        self._below = _below(self._children, file)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the file."""
        return tuple(self._ids)

    def __repr__(self) -> str:
        """Return the number of classes."""
        return f"{type(self).__name__}(classes={len(self._ids)})"

    def id_of(self, name: str) -> str:
        """Return the id of a class, such as "/m/0bt9lr" for "Dog".

        Raises:
            ValueError: There is no such class.
        """
        return self._ids[self._known(name)]

    def name_of(self, id: str) -> str:
        """Return the name of the class with an id.

        Raises:
            ValueError: There is no such class.
        """
        if id not in self._named:
            raise ValueError(f"The ontology has no class with the id {id!r}.")
        return self._named[id]

    def parents(self, name: str) -> tuple[str, ...]:
        """Return the classes that a class is a kind of; some have several, some none.

        Raises:
            ValueError: There is no such class.
        """
        return tuple(self._parents[self._known(name)])

    def children(self, name: str) -> tuple[str, ...]:
        """Return the kinds of a class.

        Raises:
            ValueError: There is no such class.
        """
        return self._children[self._known(name)]

    def parent_scores(
        self, labels: Sequence[str], scores: Any
    ) -> tuple[tuple[str, ...], np.ndarray]:
        """Return the scores of the classes that have children.

        The score of such a class is the highest of those of all labels below it, at any
        depth, and of its own if it is a label. Classes without labels below are left
        out.

        Args:
            labels: Labels of the scores, such as those of a model.
            scores: Scores, (..., labels).

        Returns:
            Names of the classes in the order of the file, and scores, (..., names).

        Raises:
            ValueError: A label is not in the ontology or is repeated, no label has a
                parent, or the shapes differ.
        """
        known = [self._known(label) for label in class_names(labels)]
        column = {label: i for i, label in enumerate(known)}
        values = np.asarray(scores)
        if values.ndim == 0 or values.shape[-1] != len(known):
            raise ValueError(
                f"scores must be (..., {len(known)}), a score for each label. "
                f"Received: shape {values.shape}."
            )
        found = {}
        for name, children in self._children.items():
            below = [column[other] for other in self._below[name] if other in column]
            if children and below and below != [column.get(name)]:
                found[name] = values[..., below].max(axis=-1)
        if not found:
            raise ValueError("None of the labels has a parent in the ontology.")
        return tuple(found), np.stack(list(found.values()), axis=-1)

    def _known(self, name: str) -> str:
        label = class_name(name)
        if label not in self._ids:
            close = difflib.get_close_matches(label, self._ids, n=3)
            advice = f" The nearest are: {', '.join(map(repr, close))}." * bool(close)
            raise ValueError(f"The ontology has no class {label!r}.{advice}")
        return label


def check_ontology(value: Any) -> None:
    """Raise a ValueError unless a value is an Ontology or None."""
    if not isinstance(value, Ontology | None):
        raise ValueError(
            "ontology must be a kerasaudio.Ontology, which reads ontology.json. "
            f"Received: {type(value).__name__}."
        )


def _entries(file: Path) -> list[tuple[str, str, list[str]]]:
    """Read id, name and ids of the children of each class."""
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is not a JSON file: {error}.") from error
    if not isinstance(content, list) or not content:
        raise ValueError(f"{file} is no ontology: it must be a list of classes.")
    return [_entry(raw, f"{file}, class {n},") for n, raw in enumerate(content, 1)]


def _entry(raw: Any, where: str) -> tuple[str, str, list[str]]:
    entry = raw if isinstance(raw, Mapping) else {}
    mid, name = entry.get("id"), entry.get("name")
    children = entry.get("child_ids")
    if isinstance(children, list) and all(map(_is_text, [mid, name, *children])):
        return str(mid), class_name(name), children
    raise ValueError(
        f"{where} must have the texts id and name, and the list of texts child_ids. "
        f"Received: {str(raw)[:80]}."
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _below(
    children: Mapping[str, tuple[str, ...]], file: Path
) -> dict[str, dict[str, None]]:
    """Return each class with all classes below it, in order."""
    done: dict[str, dict[str, None]] = {}
    for root in children:
        stack = [(root, False)]
        opened: set[str] = set()
        while stack:
            name, is_left = stack.pop()
            if is_left:
                below = [other for child in children[name] for other in done[child]]
                done[name] = dict.fromkeys([name, *below])
            elif name in done:
                continue
            elif name in opened:
                raise ValueError(f"{file}: the class {name!r} is below itself.")
            else:
                opened.add(name)
                stack.append((name, True))
                stack += [(child, False) for child in children[name]]
    return done
