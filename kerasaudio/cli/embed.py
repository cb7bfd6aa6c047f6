"""`kerasaudio embed`: write a table of vectors for files and folders."""

import argparse
import sys
from typing import Any

from kerasaudio.cli.common import (
    add_dtype_option,
    add_errors_option,
    add_model_options,
    add_repeat_option,
    complain,
    complain_of,
    find_files,
    load_model,
    positive,
)
from kerasaudio.cli.corpus import (
    ENGINE_NOTE,
    ENGINE_WORDS,
    add_engine_options,
    check_engine,
    run_engine,
)
from kerasaudio.cli.scores import WINDOW_WORDS, add_window_options
from kerasaudio.cli.wording import CACHE_WORDS, MODEL_WORDS, SALVAGE_WORDS, Words
from kerasaudio.cli.writer import add_json_option, json_line
from kerasaudio.text import counted, printable

_DESCRIPTION = """Turn sound files into vectors.

The table has one row per file (or per window, with --pool none): path, start and end in
seconds, embedding, model, hash of the weights, version. Results are also kept in the
cache: after an interruption the same command resumes, and only new or changed files are
computed. Files that cannot be used are listed and do not stop the others. Instead of a
table, --json prints path, start, end and vector of each row.
"""

_EXAMPLES = """examples:
  kerasaudio embed sounds/ --out sounds.npz
  kerasaudio embed sounds/ --model EfficientAT --weights audioset --out sounds.parquet
  kerasaudio embed talk.wav --pool none --hop 0.5 --out talk.npz
  kerasaudio embed talk.wav --json
  kerasaudio embed corpus/ shards/ --engine local --out vectors/

in Python: kerasaudio.load_features("sounds.npz").vectors"""

_WORDS: Words = {
    **MODEL_WORDS,
    **SALVAGE_WORDS,
    **CACHE_WORDS,
    **WINDOW_WORDS,
    **ENGINE_WORDS,
    "overwrite": "--overwrite",
}


def add(commands: Any) -> None:
    """Register the command."""
    embed = commands.add_parser(
        "embed",
        help="turn files or folders into a table of vectors",
        description=_DESCRIPTION + ENGINE_NOTE,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    embed.add_argument("paths", nargs="+", metavar="FILE_OR_FOLDER")
    result = embed.add_mutually_exclusive_group(required=True)
    result.add_argument(
        "--out", help="a .npz or .parquet file; or a folder, with --engine"
    )
    add_json_option(result)
    add_model_options(embed)
    add_repeat_option(embed)
    embed.add_argument(
        "--layer",
        action="append",
        help="use the output of this layer (default: embedding); can be repeated, the "
        "outputs are then joined",
    )
    embed.add_argument(
        "--pool",
        choices=("mean", "max", "none"),
        default="mean",
        help="how to combine the windows of a file; none: one row per window "
        "(default: mean)",
    )
    add_window_options(embed)
    embed.add_argument(
        "--batch-size", type=positive, help="number of windows per batch"
    )
    add_dtype_option(embed)
    add_errors_option(embed)
    add_engine_options(embed)
    embed.add_argument(
        "--overwrite", action="store_true", help="replace --out, whatever it contains"
    )
    embed.set_defaults(run=_embed, wording=_WORDS)


def _embed(options: argparse.Namespace) -> int:
    from kerasaudio.features import FeatureExtractor
    from kerasaudio.features.table import check_suffix

    pool = None if options.pool == "none" else options.pool
    if check_engine(options):
        return run_engine(
            options,
            load_model(options),
            "embed",
            layer=options.layer or "embedding",
            pool=pool,
            window_seconds=options.window,
            hop_seconds=options.hop,
            batch_size=options.batch_size,
            dtype=options.dtype,
        )
    if options.out is not None:
        check_suffix(options.out)
    elif options.overwrite:
        raise ValueError("--overwrite needs --out.")
    paths, missing = find_files(options.paths)
    if not paths:
        return 1
    extractor = FeatureExtractor(
        load_model(options),
        options.layer or "embedding",
        window_seconds=options.window,
        hop_seconds=options.hop,
        pool=pool,
        batch_size=options.batch_size,
        errors=options.errors,
        dtype=options.dtype,
    )
    if options.out is None:
        features = extractor.extract(paths)
        _print_rows(features)
        failed = features.failed
    else:
        done = extractor.write(paths, options.out, overwrite=options.overwrite)
        kept = done.files - done.computed
        print(
            f"{printable(done.path)}: {counted(done.rows, 'row')} of "
            f"{extractor.width} features from {counted(done.files, 'file')} ("
            f"{done.computed} computed, {kept} already known)"
        )
        failed = done.failed
    for bad in failed:
        complain_of(bad.path, bad.error, _WORDS)
    if failed:
        complain(f"{len(failed)} of {len(paths)} files could not be used.")
    return int(missing + len(failed) > 0)


def _print_rows(features: Any) -> None:
    rows = zip(
        *(features.paths, features.starts, features.ends, features.vectors),
        strict=True,
    )
    for path, start, end, vector in rows:
        record = {"path": str(path), "start": float(start), "end": float(end)}
        sys.stdout.write(json_line({**record, "vector": vector.tolist()}))
