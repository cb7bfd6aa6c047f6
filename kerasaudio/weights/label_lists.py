"""Read lists of labels, one per line, in the order of a network's outputs."""

from pathlib import Path

_PACKAGED = Path(__file__).parent / "labels"


def label_list(name: str, *folders: Path) -> tuple[str, ...]:
    """Return the labels of a list.

    Args:
        name: Name of the file, without `.txt`.
        *folders: Folders that are searched before those of the package.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A label is empty or there twice.
    """
    for folder in (*folders, _PACKAGED):
        file = folder / f"{name}.txt"
        if file.is_file():
            labels = tuple(file.read_text(encoding="utf-8").splitlines())
            if not all(labels) or len(set(labels)) != len(labels):
                raise ValueError(f"{file} has an empty or a repeated label.")
            return labels
    raise FileNotFoundError(f"{file}, which does not exist")
