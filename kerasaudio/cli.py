"""The command line: results on stdout, everything else on stderr.

Exit status: 0 if all went well, 1 if something could not be done (the rest was), 2 for
a wrong command, 130 if interrupted.
"""

import argparse
import inspect
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from kerasaudio.report import FORMATS, Writer, columns, megabytes, printable
from kerasaudio.weights.manifest import WeightsEntry, find, list_weights, tags

DEFAULT_MODEL = "MusiCNN"
_MODEL_HELP = f"factory, or the path of a saved .keras model (default: {DEFAULT_MODEL})"

_EXAMPLES = """examples:
  kerasaudio tag song.mp3                    five tags, from weights in the package
  kerasaudio tag sounds/ --top 3 --csv       a folder and its subfolders, as a table
  kerasaudio tag talk.wav --timeline         also what is heard when
  kerasaudio download EfficientAT audioset   fetch weights for a machine without network
  kerasaudio tag street.wav --model EfficientAT --weights audioset

KERAS_BACKEND chooses tensorflow, jax or torch; KERASAUDIO_WEIGHTS names a folder of
weights you already have; KERASAUDIO_CACHE is where downloads are kept."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Words after the program's name; None for those it was called with.

    Returns:
        The exit status.
    """
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):  # a file's name need not be printable
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = options.run(options)
        sys.stdout.flush()
        return int(status)
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError, ImportError) as error:
        _complain(str(error))
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    from kerasaudio import __version__

    parser = argparse.ArgumentParser(
        prog="kerasaudio",
        description="Name what is heard in sound files.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    tag = commands.add_parser("tag", help="print the top tags of files or folders")
    tag.add_argument("paths", nargs="+", metavar="FILE_OR_FOLDER")
    tag.add_argument("--model", default=DEFAULT_MODEL, help=_MODEL_HELP)
    tag.add_argument("--weights", help="tag of published weights, or a file of yours")
    tag.add_argument("--top", type=_positive, default=5, help="tags a file")
    tag.add_argument(
        "--timeline", action="store_true", help="also the tags of each window"
    )
    form = tag.add_mutually_exclusive_group()
    for name in FORMATS:
        if name != "text":
            form.add_argument(
                f"--{name}", dest="form", action="store_const", const=name
            )
    tag.set_defaults(run=_tag, form="text")

    listing = commands.add_parser("list", help="list the published weights")
    listing.add_argument("model", nargs="?", metavar="MODEL")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_list)

    info = commands.add_parser("info", help="describe a model with its weights")
    info.add_argument("words", nargs="+", metavar="MODEL [TAG]")
    info.add_argument("--json", action="store_true")
    info.set_defaults(run=_info)

    download = commands.add_parser("download", help="fetch weights ahead of time")
    download.add_argument("words", nargs="+", metavar="MODEL TAG | MODEL/TAG")
    download.set_defaults(run=_download)
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def _tag(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from kerasaudio.tagging import tag_files

    paths, failed = _find(options.paths)
    if not paths:
        return 1
    model = _model(options.model, options.weights)
    labels = model.spec.labels
    if labels is None:
        raise ValueError(f"{options.model} has no labels to tag with.")
    if options.top > len(labels):
        raise ValueError(
            f"--top must be from 1 to {len(labels)}, the classes of {options.model}. "
            f"Received: {options.top}."
        )
    results = tag_files(model, paths, top=options.top, with_timeline=options.timeline)
    # A bar for one file is noise; disable=None hides it where stderr is no terminal.
    quiet = True if len(paths) == 1 else None
    with (
        tqdm(results, total=len(paths), unit="file", disable=quiet) as bar,
        Writer(sys.stdout, options.form, options.timeline) as writer,
    ):
        for result in bar:
            with tqdm.external_write_mode(file=sys.stdout):
                writer.write(result)
                sys.stdout.flush()
                if result.error is not None:
                    failed += 1
                    _complain(f"{printable(result.path)}: {result.error}")
    if failed and len(paths) > 1:
        _complain(f"{failed} of {len(paths)} files could not be tagged.")
    return int(failed > 0)


def _find(given: Sequence[str]) -> tuple[list[Path], int]:
    """Give the files, and how many of the given paths lead to none."""
    from kerasaudio.audio import find_audio

    good: list[str] = []
    for path in given:
        try:
            find_audio(path)
        except (ValueError, OSError) as error:
            _complain(str(error))
        else:
            good.append(path)
    return find_audio(good) if good else [], len(given) - len(good)


def _model(name: str, weights: str | None) -> Any:
    from kerasaudio.models import FACTORIES, AudioModel

    if name.endswith(".keras"):
        if weights is not None:
            raise ValueError("A saved model holds its weights: leave out --weights.")
        import keras

        model = keras.saving.load_model(name, compile=False)
        if not isinstance(model, AudioModel):
            raise ValueError(f"{name!r} holds no model of kerasaudio.")
        return model
    if name not in FACTORIES:
        raise ValueError(
            f"Unknown --model {name!r}. There are: {', '.join(sorted(FACTORIES))}; or "
            f"name a saved .keras file."
        )
    if weights is None:
        offered = tags(name)
        if not offered:
            raise ValueError(f"{name} has no published weights: name a --weights file.")
        weights = offered[0]
        if name != DEFAULT_MODEL:
            _complain(f"Using --weights {weights}; there are: {', '.join(offered)}.")
    return FACTORIES[name](weights=weights)


def _list(options: argparse.Namespace) -> int:
    entries = list_weights(options.model)
    if options.json:
        print(json.dumps([_facts(entry) for entry in entries], indent=2))
        return 0
    heading = ("model", "weights", "size", "licence", "where", "published")
    rows: list[tuple[str, ...]] = [heading]
    for entry in entries:
        where = "in the package" if entry.is_bundled else "download"
        size = megabytes(entry.approximate_size)
        scores = _readable(dict(entry.metrics))
        rows.append((entry.factory, entry.tag, size, entry.licence, where, scores))
    print(columns(rows))
    return 0


def _info(options: argparse.Namespace) -> int:
    from kerasaudio.models import FACTORIES

    factory, _, tag = "/".join(options.words).partition("/")
    if factory not in FACTORIES:
        raise ValueError(
            f"Unknown model {factory!r}. There are: {', '.join(sorted(FACTORIES))}."
        )
    # The docstring says what goes in and out; to build the network would take seconds.
    described = (inspect.getdoc(FACTORIES[factory]) or "").partition("\nArgs:")[0]
    if tag:
        entry = find(factory, tag)
        facts = _facts(entry) | {"labels": list(entry.labels)}
    else:
        facts = {"model": factory, "weights": tags(factory)}
    if options.json:
        print(json.dumps(facts | {"description": described.strip()}, indent=2))
        return 0
    rows: list[tuple[str, ...]] = [
        (key, _readable(value)) for key, value in facts.items() if value
    ]
    print(f"{described.strip()}\n\n{columns(rows)}")
    return 0


def _readable(value: Any) -> str:
    if isinstance(value, dict):
        scores = ", ".join(f"{key} {score}" for key, score in value.items())
        return scores.replace("dataset ", "").replace("_", " ")
    return ", ".join(value) if isinstance(value, list) else str(value)


def _facts(entry: WeightsEntry) -> dict[str, Any]:
    return {
        "model": entry.factory,
        "weights": entry.tag,
        "bundled": entry.is_bundled,
        "bytes": entry.approximate_size,
        "parameters": entry.parameters,
        "licence": entry.licence,
        "metrics": dict(entry.metrics),
        "homepage": entry.homepage,
        "citation": entry.citation,
        "sources": [source.address for source in entry.pinned_sources],
    }


def _download(options: argparse.Namespace) -> int:
    from kerasaudio.weights import fetch

    failed = 0
    for entry in _entries(options.words):
        try:
            print(fetch(entry).path)
        except OSError as error:
            failed += 1
            _complain(str(error))
    return int(failed > 0)


def _entries(words: Iterable[str]) -> list[WeightsEntry]:
    """Read `MODEL TAG TAG MODEL/TAG ...`; a tag of only one model may be alone."""
    everything = list_weights()
    factories = {entry.factory for entry in everything}
    entries: dict[str, WeightsEntry] = {}
    factory, used = "", True
    for word in words:
        if word in factories:
            _check_used(factory, used)
            factory, used = word, False
            continue
        named, slash, tag = word.rpartition("/")
        if not slash and not factory:
            having = [entry.factory for entry in everything if entry.tag == word]
            if len(having) != 1:
                titles = ", ".join(f"{name}/{word}" for name in having)
                raise ValueError(
                    f"Say of which model: {titles}."
                    if having
                    else f"There are no weights {word!r}; see: kerasaudio list"
                )
            named = having[0]
        entry = find(named or factory, tag)
        entries[entry.title] = entry
        used = True
    _check_used(factory, used)
    return list(entries.values())


def _check_used(factory: str, used: bool) -> None:
    if not used:
        raise ValueError(f"Say which weights of {factory}: {', '.join(tags(factory))}.")


def _complain(message: str) -> None:
    print(f"kerasaudio: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
