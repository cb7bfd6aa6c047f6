"""`kerasaudio info`: describe a model, its weights, or a file."""

import argparse
import sys
from typing import Any

from kerasaudio.cli.common import complain, complain_of, reason_of, similar_file
from kerasaudio.cli.factories import description, factory_files
from kerasaudio.cli.files import facts_of, is_address
from kerasaudio.cli.wording import MODEL_WORDS, Words
from kerasaudio.cli.writer import add_json_option, json_line
from kerasaudio.text import choices, columns, did_you_mean, megabytes, quoted
from kerasaudio.weights.manifest import WeightsEntry, find, tags
from kerasaudio.weights.whereabouts import Whereabouts, whereabouts

_DESCRIPTION = """Describe a model, its weights, or a file.

Of a file: a saved model (.keras, .safetensors), an exported one (.tflite, .onnx, .xml,
the folder of a SavedModel), a sound, or a repository on the Hugging Face Hub. --json
has all facts. No backend is needed."""

_EXAMPLES = """examples:
  kerasaudio info YAMNet
  kerasaudio info YAMNet/audioset
  kerasaudio info mine.keras
  kerasaudio info street.wav rain.wav --json
  kerasaudio info hf://user/dogs"""

_WORDS: Words = {
    **MODEL_WORDS,
    "weights": "tag",
    " weights= also takes None or the path of a file.": "",
}
# In the text, in this order; --json has more.
_FILE_ROWS = (
    *("kind", "path", "bytes", "format", "sample_rate", "channels", "seconds"),
    *("frames", "missing", "architecture", "preset", "weights", "quantize", "input"),
    *("output", "clip_samples", "window_seconds", "parameters", "tensors", "layers"),
    *("trained_on", "metrics", "license", "homepage", "citation", "keras", "saved"),
    *("kerasaudio", "classes", "labels"),
)


def add(commands: Any) -> None:
    """Register the command."""
    info = commands.add_parser(
        "info",
        help="describe a model, its weights, or a file",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    info.add_argument("words", nargs="+", metavar="MODEL [TAG] | FILE")
    add_json_option(info)
    info.set_defaults(run=_info, wording=_WORDS, with_backend=False)


def _info(options: argparse.Namespace) -> int:
    known = factory_files()
    factory, _, tag = "/".join(options.words).partition("/")
    if factory in known:
        return _tell_model(factory, tag, options.json)
    if not is_address(options.words[0]):
        question = did_you_mean(factory, known) or similar_file(options.words[0])
        raise ValueError(f"Unknown model {factory!r}.{choices(question, known)}")
    failed = 0
    for word in options.words:
        try:
            facts = facts_of(word)
        except (ValueError, OSError) as error:
            failed += 1
            complain_of(word, reason_of(error), _WORDS)
        else:
            _tell_file(facts, options.json)
    if failed and len(options.words) > 1:
        complain(f"{failed} of {len(options.words)} files could not be read.")
    return int(failed > 0)


def _tell_model(factory: str, tag: str, as_json: bool) -> int:
    described = description(factory)
    if tag:
        entry = find(factory, tag)
        facts = facts_of_weights(entry, *whereabouts([entry]))
        facts["labels"] = list(entry.labels)
    else:
        facts = {"model": factory, "weights": tags(factory)}
    if as_json:
        sys.stdout.write(json_line(facts | {"description": described}))
        return 0
    print(f"{described}\n\n{_table(facts)}")
    return 0


def _tell_file(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json_line(facts))
        return
    print(_table({key: facts.get(key) for key in _FILE_ROWS}))


def _table(facts: dict[str, Any]) -> str:
    """Return the facts that there are, a line each, with the units of the numbers."""
    told: list[tuple[str, ...]] = []
    for key, value in facts.items():
        if value:
            unit = " Hz" if key == "sample_rate" else ""
            size = f" ({megabytes(value)})" if key == "bytes" else ""
            told.append((key, f"{readable(value)}{unit}{size}"))
    return columns(told)


def readable(value: Any) -> str:
    """Return a fact as text, on one line; whole numbers with commas."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, dict):
        first = [str(value["dataset"])] if "dataset" in value else []
        others = [
            f"{key.replace('_', ' ')} {said}"
            for key, said in value.items()
            if key != "dataset"
        ]
        return ", ".join(first + others)
    if not isinstance(value, list):
        return str(value)
    return ", ".join(quoted(str(item)) for item in value)


def facts_of_weights(entry: WeightsEntry, place: Whereabouts) -> dict[str, Any]:
    """Return all facts of published weights but the labels, ready for JSON."""
    return {
        "model": entry.factory,
        "weights": entry.tag,
        "task": entry.task,
        "data": list(entry.data),
        "sample_rate": entry.sample_rate,
        "classes": len(entry.labels),
        "bundled": entry.is_bundled,
        "where": place.kind,
        "path": None if place.path is None else str(place.path),
        "bytes": entry.approximate_size,
        "parameters": entry.parameters,
        "license": entry.license,
        "non_commercial": entry.is_non_commercial,
        "metrics": dict(entry.metrics),
        "homepage": entry.homepage,
        "citation": entry.citation,
        "training": dict(entry.training),
        "sources": [
            file.address
            for source in entry.pinned_sources
            for file in (source, *source.companions)
        ],
    }
