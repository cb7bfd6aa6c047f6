"""`kerasaudio tag`: the top tags of files or folders."""

import argparse
import sys
from typing import Any

from kerasaudio.cli.clap import clap_folder, load_clap
from kerasaudio.cli.common import (
    add_errors_option,
    add_model_options,
    add_repeat_option,
    complain,
    find_files,
    load_model,
    positive,
)
from kerasaudio.cli.detect import read_labels
from kerasaudio.cli.wording import MODEL_WORDS, SALVAGE_WORDS, Words
from kerasaudio.cli.writer import TagWriter, add_format_options, write_all

_EXAMPLES = """examples:
  kerasaudio tag street.wav
  kerasaudio tag street.wav --model clap/ --labels "a dog barking,rain"

With the folder of a CLAP (docs: zero-shot.md), labels can be any words."""

_WORDS: Words = {**MODEL_WORDS, **SALVAGE_WORDS, "labels": "--labels"}


def add(commands: Any) -> None:
    """Register the command."""
    what = "print the top tags of files or folders"
    tag = commands.add_parser(
        "tag",
        help=what,
        description=f"{what.capitalize()}.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    tag.add_argument(
        "paths",
        nargs="+",
        metavar="FILE_OR_FOLDER",
        help="a sound or film, or a folder, which is searched with its subfolders",
    )
    add_model_options(tag)
    tag.add_argument(
        "--labels",
        action="append",
        metavar="LABEL[,LABEL]",
        help="words to choose from, if --model is the folder of a CLAP",
    )
    add_repeat_option(tag)
    tag.add_argument(
        "--top", type=positive, help="number of tags per file (default: 5)"
    )
    tag.add_argument(
        "--timeline", action="store_true", help="also the tags of each window"
    )
    add_errors_option(tag)
    add_format_options(tag)
    tag.set_defaults(run=_tag, wording=_WORDS)


def _tag(options: argparse.Namespace) -> int:
    from kerasaudio.cli.tagging import tag_files

    paths, missing = find_files(options.paths)
    if not paths:
        return 1
    model = _model(options)
    labels = model.spec.labels
    if labels is None:
        raise ValueError(f"{options.model} has no labels to tag with.")
    if options.top is not None and options.top > len(labels):
        raise ValueError(
            f"--top must be from 1 to {len(labels)}, the classes of {options.model}. "
            f"Received: {options.top}."
        )
    results = tag_files(
        model,
        paths,
        top=options.top,
        with_timeline=options.timeline,
        errors=options.errors,
        words=_WORDS,
    )
    with TagWriter(sys.stdout, options.form, options.timeline) as writer:
        failed = write_all(results, len(paths), writer)[1]
    if failed and len(paths) > 1:
        complain(f"{failed} of {len(paths)} files could not be tagged.")
    return int(missing + failed > 0)


def _model(options: argparse.Namespace) -> Any:
    """Load the model; from the folder of a CLAP, one for the words of --labels."""
    if options.labels is None:
        folder = clap_folder(options)
        if folder is not None and folder == options.model:
            raise ValueError(
                f"--model {folder} is a folder. If it holds a CLAP, name the words to "
                'choose from: --labels "a dog barking,rain".'
            )
        return load_model(options)
    clap = load_clap(options, "--labels")
    model = clap.tagger(read_labels(options.labels, ()) or [])
    if options.repeat_to is None:
        return model
    return model.with_windows(repeat_to_seconds=options.repeat_to)
