"""The model card: a README.md with a YAML header, from a model's spec."""

import math
import re
import warnings
from collections.abc import Mapping
from typing import Any

from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.evaluation.report import Report
from kerasaudio.text import escaped, one_line
from kerasaudio.version import __version__
from kerasaudio.weights.repository import PREFIX

# Licenses that the Hub knows by their SPDX name in small letters.
_KNOWN = {
    *("apache-2.0", "mit", "isc", "bsd-2-clause", "bsd-3-clause", "cc0-1.0"),
    *("cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0"),
    *("cc-by-nc-nd-4.0", "gpl-3.0", "lgpl-3.0", "agpl-3.0", "mpl-2.0", "unlicense"),
}
_HUB_NAME = r"[\w.-]+(/[\w.-]+)?"


def model_card(
    model: AudioModel,
    repo: str = "user/repo",
    *,
    description: str | None = None,
    license: str | None = None,
    report: Report | None = None,
) -> str:
    """Return the text of a model card.

    Args:
        model: The model to describe.
        repo: Name of the repository, for the example.
        description: Your own words about the model (Markdown).
        license: License of your model (SPDX); default: that of the weights it is from.
        report: Evaluation of the model, from `kerasaudio.evaluate`.

    Returns:
        Markdown with a YAML header.

    Warns:
        UserWarning: The license of the weights forbids commercial use.

    Examples:
        >>> model = kerasaudio.load("LeNetMFCC/fsdd")
        >>> card = kerasaudio.sharing.model_card(model, "me/digits")
        >>> 'kerasaudio.load("hf://me/digits")' in card
        True
    """
    spec = model.spec
    figures = _figures(spec, report)
    parts = [
        f"---\n{_header(spec, repo, license, figures)}\n---\n",
        f"# {_plain(repo.rpartition('/')[2])}\n",
        description or f"A {_plain(spec.architecture or model.name)} for kerasaudio.",
        _usage(spec, repo),
        _facts(spec, license),
        _provenance(spec),
    ]
    if figures:
        rows = "\n".join(f"| {_plain(k)} | {_plain(str(v))} |" for k, v in figures)
        parts.append(f"## Evaluation\n\n| figure | value |\n|---|---|\n{rows}\n")
    if report is not None:
        parts.append(f"```text\n{_fenced(report.table())}\n```\n")
    if spec.labels is not None:
        lines = "\n".join(f"{i} {one_line(name)}" for i, name in enumerate(spec.labels))
        parts.append(
            f"## Labels, in the order of the output\n\n```text\n{lines}\n```\n"
        )
    return "\n".join(parts)


def is_non_commercial(license: str | None) -> bool:
    """Return whether a license forbids commercial use, such as ``CC-BY-NC-4.0``."""
    return "NC" in (license or "").upper().split("-")


def _header(
    spec: AudioSpec, repo: str, license: str | None, figures: list[tuple[str, Any]]
) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    base = spec.license
    if is_non_commercial(base):
        warnings.warn(
            f"The weights that this model comes from are licensed under {base}, which "
            "forbids commercial use. That holds for your model, too; its card says so.",
            stacklevel=5,
        )
    chosen = license or base
    fields: dict[str, Any] = {}
    if chosen is not None:
        known = chosen.lower() in _KNOWN
        fields["license"] = chosen.lower() if known else "other"
        if not known:
            fields["license_name"] = re.sub(r"[^\w.-]+", "-", chosen.lower())
    data = [*spec.trained_on, *(s["data"] for s in spec.provenance if "data" in s)]
    data = [name for name in dict.fromkeys(data) if re.fullmatch(_HUB_NAME, name)]
    scores = {k: v for k, v in figures if isinstance(v, int | float)}
    measured = next((v for k, v in figures if k == "data set"), "unknown")
    results = [
        EvalResult("audio-classification", str(measured), str(measured), name, value)
        for name, value in scores.items()
        if name != "clips"
    ]
    header: str = ModelCardData(
        library_name="keras",
        tags=["kerasaudio", "audio", *filter(None, [spec.architecture])],
        pipeline_tag="audio-classification"
        if spec.labels is not None
        else "feature-extraction",
        base_model=_base_model(spec),
        datasets=data or None,
        model_name=repo.rpartition("/")[2] if results else None,
        eval_results=results or None,
        **fields,
    ).to_yaml()
    return header.strip()


def _base_model(spec: AudioSpec) -> str | None:
    """Return the repository of the Hub that the model was loaded from last."""
    for step in reversed(spec.provenance):
        origin = str(step.get("from"))
        if origin.startswith(PREFIX):
            return origin.removeprefix(PREFIX).partition("@")[0]
    return None


def _figures(spec: AudioSpec, report: Report | None) -> list[tuple[str, Any]]:
    """Return name and value of what was measured, the data set first."""
    if report is not None:
        told = {"data set": report.dataset, "clips": len(report.paths)}
        values: Mapping[str, Any] = told | report.figures()
    else:
        values = {
            ("data set" if k == "dataset" else k): v for k, v in (spec.metrics.items())
        }
    return [
        (key, value)
        for key, value in values.items()
        if not (isinstance(value, float) and not math.isfinite(value))
    ]


def _usage(spec: AudioSpec, repo: str) -> str:
    call = "tag" if spec.labels is not None else "embed"
    return (
        "\n```python\nimport kerasaudio\n\n"
        f'model = kerasaudio.load("{PREFIX}{repo}")\n'
        f'print(model.{call}("sound.wav"))\n```\n'
    )


def _facts(spec: AudioSpec, license: str | None) -> str:
    rule = (
        f"windows of {spec.window_seconds:g} s, one each {spec.hop_seconds:g} s; short "
        f"clips are filled with {spec.window_padding}; the rest: {spec.rest}"
    )
    rows = [
        ("network", spec.architecture or "its own"),
        ("input", f"mono waveform in [-1, 1], {spec.sample_rate:,} Hz, {spec.lengths}"),
        ("long clips", rule),
        ("labels", "none" if spec.labels is None else str(len(spec.labels))),
        ("license", license or spec.license or "not stated"),
    ]
    if spec.license is not None:
        note = ", no commercial use" if is_non_commercial(spec.license) else ""
        rows.append(("license of the base weights", f"{spec.license}{note}"))
    if spec.citation:
        rows.append(("cite", spec.citation))
    if spec.homepage:
        rows.append(("homepage of the base weights", spec.homepage))
    rows.append(("written by", f"kerasaudio {__version__}"))
    table = "\n".join(f"| {key} | {_plain(value)} |" for key, value in rows)
    return f"| | |\n|---|---|\n{table}\n"


def _provenance(spec: AudioSpec) -> str:
    lines = []
    if spec.weights is not None:
        pin = spec.weights_hash or "no hash"
        lines.append(f"Base weights: {spec.architecture}/{spec.weights}, {pin}.")
    for name in spec.trained_on:
        lines.append(f"Trained on: {name}.")
    for step in spec.provenance:
        facts = ", ".join(f"{k} {v}" for k, v in step.items() if k != "step")
        lines.append(f"{step.get('step', 'step')}: {facts}.")
    listed = "\n".join(f"- {_plain(line)}" for line in lines) or "- Not known."
    return f"## Where it comes from\n\n{listed}\n"


def _plain(text: str) -> str:
    """Return foreign text so that Markdown shows it as it is, in one line."""
    line = " ".join(one_line(text).replace("\\n", " ").split())
    return re.sub(r"([\\`*\[\]<>|])", r"\\\1", line)


def _fenced(text: str) -> str:
    return escaped(text).replace("```", "'''")
