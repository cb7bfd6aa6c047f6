"""`kerasaudio tag`: the top tags of files or folders."""

import argparse
import sys
from contextlib import ExitStack
from typing import Any

from kerasaudio.cli.clap import clap_folder, load_clap
from kerasaudio.cli.common import (
    add_dtype_option,
    add_errors_option,
    add_model_options,
    add_repeat_option,
    complain,
    find_files,
    load_model,
    with_windows,
)
from kerasaudio.cli.corpus import (
    ENGINE_NOTE,
    ENGINE_WORDS,
    add_engine_options,
    check_engine,
    run_engine,
)
from kerasaudio.cli.labels import given_labels
from kerasaudio.cli.out import add_out_options, check_out, opened_out
from kerasaudio.cli.scores import (
    SCORE_WORDS,
    WINDOW_WORDS,
    add_tag_options,
    add_window_options,
    choice,
)
from kerasaudio.cli.wording import MODEL_WORDS, SALVAGE_WORDS, Words
from kerasaudio.cli.writer import TagWriter, add_format_options, write_all
from kerasaudio.text import counted, printable

_EXAMPLES = """examples:
  kerasaudio tag street.wav
  kerasaudio tag street.wav --label Dog --label "Rain on surface"
  kerasaudio tag talk.wav --window 2 --hop 1 --threshold 0.3 --timeline
  kerasaudio tag sounds/ --out tags.csv
  kerasaudio tag sounds/ --json | jq -r '[.path, .tags[0].label] | @tsv'
  kerasaudio tag corpus/ --engine local --out tags/
  kerasaudio tag street.wav --model clap/ --labels "a dog barking,rain"

With the folder of a CLAP (docs: zero-shot.md), labels can be any words."""

_WORDS: Words = {
    **MODEL_WORDS,
    **SALVAGE_WORDS,
    **WINDOW_WORDS,
    **SCORE_WORDS,
    **ENGINE_WORDS,
    "top": "--top",
}
_ANY_WORDS = (
    " To choose from any words, --model must be the folder of a CLAP (docs: "
    "zero-shot.md)."
)


def add(commands: Any) -> None:
    """Register the command."""
    what = "print the top tags of files or folders"
    tag = commands.add_parser(
        "tag",
        help=what,
        description=f"{what.capitalize()}.\n{ENGINE_NOTE}",
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
    add_repeat_option(tag)
    add_window_options(tag)
    add_tag_options(tag)
    tag.add_argument(
        "--timeline", action="store_true", help="also the tags of each window"
    )
    add_dtype_option(tag)
    add_errors_option(tag)
    add_out_options(add_format_options(tag), tag)
    add_engine_options(tag)
    tag.set_defaults(run=_tag, wording=_WORDS)


def _tag(options: argparse.Namespace) -> int:
    from kerasaudio.cli.tagging import tag_files

    if check_engine(options):
        model = _model(options)
        labels = given_labels(options, model.spec.labels or ())
        given = {"top": options.top, "threshold": options.threshold}
        given["dtype"] = options.dtype
        return run_engine(options, model, "tag", labels=labels, **given)
    form = check_out(options)
    paths, missing = find_files(options.paths)
    if not paths:
        return 1
    model = _model(options)
    labels = model.spec.labels
    if labels is None:
        raise ValueError(f"{options.model} has no labels to tag with.")
    results = tag_files(
        model,
        paths,
        choice(options, labels, _ANY_WORDS),
        with_timeline=options.timeline,
        errors=options.errors,
        words=_WORDS,
        dtype=options.dtype,
    )
    with ExitStack() as stack:
        out = sys.stdout
        if options.out is not None:
            out = stack.enter_context(opened_out(options))
        writer = stack.enter_context(TagWriter(out, form, options.timeline))
        failed = write_all(results, len(paths), writer)[1]
    if options.out is not None:
        done = counted(len(paths) - failed, "file")
        print(f"{printable(options.out)}: tags of {done}")
    if failed and len(paths) > 1:
        complain(f"{failed} of {len(paths)} files could not be tagged.")
    return int(missing + failed > 0)


def _model(options: argparse.Namespace) -> Any:
    """Load the model; from the folder of a CLAP, one for the words of --labels."""
    folder = clap_folder(options)
    has_labels = options.label is not None or options.labels is not None
    if has_labels and (folder is not None or options.model == "CLAP"):
        clap = load_clap(options, "--labels")
        tagger = clap.tagger(given_labels(options, ()) or [])
        return with_windows(tagger, options.window, options.hop, options.repeat_to)
    if folder is not None and folder == options.model:
        raise ValueError(
            f"--model {folder} is a folder. If it holds a CLAP, name the words to "
            'choose from: --labels "a dog barking,rain".'
        )
    return load_model(options, options.window, options.hop)
