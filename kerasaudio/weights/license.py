"""Licenses that forbid commercial use: they are accepted before a download."""

import os

from kerasaudio.files.errors import WeightsError
from kerasaudio.weights.manifest import WeightsEntry

ACCEPT_VARIABLE = "KERASAUDIO_ACCEPT_LICENSE"


def check_accepted(entry: WeightsEntry) -> None:
    """Raise unless KERASAUDIO_ACCEPT_LICENSE names the license of an entry.

    Raises:
        WeightsError: It does not. The message shows the license and how to accept it.
    """
    named = os.environ.get(ACCEPT_VARIABLE, "").upper().split(",")
    if entry.license.upper() in (name.strip() for name in named):
        return
    raise WeightsError(
        f"The license of {entry.title}, {entry.license}, forbids commercial use: see "
        f"{entry.homepage} and https://spdx.org/licenses/{entry.license}.html. If you "
        f"accept it, run once: kerasaudio download {entry.factory} {entry.tag} "
        "--accept-license; or pass accept_license=True to kerasaudio.weights.fetch; or "
        f"set the environment variable {ACCEPT_VARIABLE}={entry.license}."
    )
