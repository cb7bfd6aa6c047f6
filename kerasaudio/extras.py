"""What the package's extras hold, for errors that say what to install."""

import re
from pathlib import Path

_PROJECT = Path(__file__).parents[1] / "pyproject.toml"
_EXTRA = re.compile(r"""extra == ['"]([\w-]+)['"]""")


def install(extra: str) -> str:
    """Return the command that installs what an extra holds.

    It names the packages themselves, because `pip install "kerasaudio[onnx]"` works
    only where an index has kerasaudio, and ".[onnx]" only in a checkout.

    Args:
        extra: Name of the extra, such as "onnx".

    Returns:
        Such as ``pip install "onnx>=1.17" "onnxruntime>=1.20"``.

    Raises:
        KeyError: There is no such extra.
    """
    packages = (f'"{package}"' for package in sorted(_extras()[extra]))
    return " ".join(["pip install", *packages])


def _extras() -> dict[str, list[str]]:
    """Return the packages of each extra, with their versions, without conditions."""
    import importlib.metadata  # only for an error, as this takes time
    import tomllib

    if _PROJECT.is_file():  # a checkout, which may be newer than what is installed
        project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
        if project["name"] == "kerasaudio":
            return {
                extra: [package.partition(";")[0].strip() for package in packages]
                for extra, packages in project["optional-dependencies"].items()
            }
    extras: dict[str, list[str]] = {}
    for needed in importlib.metadata.requires("kerasaudio") or ():
        package, _, condition = needed.partition(";")
        if found := _EXTRA.search(condition):
            extras.setdefault(found[1], []).append(package.strip())
    return extras
