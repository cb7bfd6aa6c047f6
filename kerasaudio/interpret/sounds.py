"""A page of sounds that networks were made to hear."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from kerasaudio.core import AudioModel
from kerasaudio.core.audio_model import check_model
from kerasaudio.interpret.auralization import Auralization
from kerasaudio.plot.check import check_path
from kerasaudio.plot.sound_page import Card, write_sound_page

_ABOUT = (
    "Each sound began as noise and was changed, step by step, so that the score of a "
    "network rose. All are played about equally loud."
)
_SHOWN_TAGS = 3


def write_page(
    path: str | PathLike[str],
    results: Auralization | Sequence[Auralization],
    *,
    judges: Mapping[str, AudioModel] | None = None,
    title: str = "What the network would like to hear",
    about: str = _ABOUT,
) -> Path:
    """Write auralizations as one self-contained HTML page, with their sound.

    Of each sound it shows a player, the waveform, the spectrogram, the course of the
    score, the numbers of `describe`, and what other networks hear in it.

    Args:
        path: HTML file to write; a file that is there is replaced.
        results: One auralization or several.
        judges: Other models by the names that the page shows; their three highest
            labels are shown.
        title: Title of the page.
        about: Sentences below it.

    Returns:
        The path.

    Raises:
        ValueError: There is no result, or the suffix is not .html.
        OSError: The file cannot be written.
        ImportError: matplotlib is not installed.

    Examples:
        >>> model = kerasaudio.LeNetMFCC(weights="fsdd")
        >>> three = kerasaudio.interpret.auralize(model, "3", iterations=20)
        >>> kerasaudio.interpret.write_page("three.html", three).name
        'three.html'
    """
    every = [results] if isinstance(results, Auralization) else list(results)
    if not every or not all(isinstance(result, Auralization) for result in every):
        raise ValueError(
            "results must be one or several results of kerasaudio.interpret.auralize. "
            f"Received: {results!r:.80}."
        )
    target = check_path(path, (".html",))
    if not isinstance(judges, Mapping | None):
        raise ValueError(
            'judges must be a mapping, such as {"YAMNet hears": model}. Received: '
            f"{type(judges).__name__}."
        )
    for judge in (judges or {}).values():
        check_model(judge, "write_page")
    cards = [_card(result, judges or {}) for result in every]
    write_sound_page(target, cards, title, about)
    return target


def _card(result: Auralization, judges: Mapping[str, AudioModel]) -> Card:
    about = result.describe()
    facts = [
        ("score", f"{result.score:.4g}"),
        ("crest factor", f"{about.crest_factor:.3g}"),
        ("spectral centroid", f"{about.spectral_centroid:.0f} Hz"),
        ("bursts", f"{about.bursts}, {1000 * about.burst_seconds:.0f} ms on average"),
        *((name, _heard(model, result)) for name, model in judges.items()),
    ]
    return Card(
        f"{result.target} · {result.model}",
        result.note,
        result.waveform,
        result.sample_rate,
        result.course,
        facts,
    )


def _heard(model: AudioModel, result: Auralization) -> str:
    tags: list[Any] = model.tag(result.waveform, result.sample_rate)
    return ", ".join(f"{label} {score:.2f}" for label, score in tags[:_SHOWN_TAGS])
