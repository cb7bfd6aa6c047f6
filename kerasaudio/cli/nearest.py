"""`kerasaudio nearest`: find the most similar sounds in a folder."""

import argparse
import os
import sys
from typing import Any

from kerasaudio.cli.clap import load_clap
from kerasaudio.cli.common import (
    add_model_options,
    complain,
    complain_of,
    find_files,
    load_model,
    positive,
    similar_file,
)
from kerasaudio.cli.data_set import Embed, check_origin, data_set_of, nearest_in
from kerasaudio.cli.wording import CACHE_WORDS, MODEL_WORDS, NO_SALVAGE_WORDS, Words
from kerasaudio.cli.writer import add_json_option, json_line
from kerasaudio.text import printable

_DESCRIPTION = """Find the sounds that are most similar to a sound.

Sounds are compared by the embeddings of a network, averaged over time. The distance is
1 - cosine: 0 for the same direction, 2 for the opposite one. Embeddings are kept, so a
second search in the same folder takes only a moment.

A Parquet data set of vectors, one file or a folder of them, is searched through its
index (similarity.DiskIndex) if it has one. With more than 100,000 vectors, an index is
made in or beside it, if faiss is installed. Such a search is approximate: now and then
it misses a sound."""

_EXAMPLES = """examples:
  kerasaudio nearest bark.wav sounds/
  kerasaudio nearest bark.wav sounds/ --top 20 --model EfficientAT --weights audioset
  kerasaudio nearest bark.wav sounds/ --farthest
  kerasaudio nearest "rain on a roof" sounds/ --text --model clap/
  kerasaudio nearest bark.wav sounds.npz      a table that `kerasaudio embed` wrote
  kerasaudio nearest bark.wav vectors/        a Parquet data set, of any size"""

_WORDS: Words = {**MODEL_WORDS, **NO_SALVAGE_WORDS, **CACHE_WORDS}


def add(commands: Any) -> None:
    """Register the command."""
    nearest = commands.add_parser(
        "nearest",
        help="find the sounds in a folder that are most similar to a sound",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    nearest.add_argument(
        "query", metavar="QUERY", help="a sound file; with --text, words"
    )
    nearest.add_argument(
        "paths",
        nargs="+",
        metavar="FOLDER",
        help="folders, files, one table, or one folder of Parquet tables",
    )
    nearest.add_argument(
        "--text",
        action="store_true",
        help="find the sounds that QUERY describes, if --model is the folder of a CLAP",
    )
    add_model_options(nearest)
    nearest.add_argument(
        "--top", type=positive, default=5, help="number of sounds to find (default: 5)"
    )
    nearest.add_argument(
        "--farthest", action="store_true", help="find the least similar sounds"
    )
    add_json_option(nearest)
    nearest.set_defaults(run=_nearest, wording=_WORDS)


def _nearest(options: argparse.Namespace) -> int:
    from kerasaudio.features import FeatureExtractor

    if options.text:
        clap = load_clap(options, "--text")
        extractor = FeatureExtractor(clap.audio)
        embed = _text(clap, options.query)
    else:
        if not os.path.isfile(options.query):
            raise ValueError(
                f"There is no sound file named {options.query!r}."
                f"{similar_file(options.query)}"
            )
        extractor = FeatureExtractor(load_model(options))
        embed = _sound(options.query)
    asked = os.path.realpath(options.query)
    if (data := data_set_of(options.paths)) is not None:
        found, failed = nearest_in(data, extractor, embed, asked, options), False
    else:
        found, failed = _nearest_in_memory(extractor, embed, asked, options)
    if not found:
        complain("There is nothing to compare with.")
        return 1
    for neighbor in found:
        known = neighbor.start is not None and neighbor.end is not None
        if options.json:
            record = {"path": neighbor.path, "distance": round(neighbor.distance, 6)}
            times = {"start": neighbor.start, "end": neighbor.end} if known else {}
            sys.stdout.write(json_line(record | times))
        else:
            line = f"{neighbor.distance:.3f}  {printable(str(neighbor.path))}"
            when = f"  {neighbor.start:.2f} to {neighbor.end:.2f} s" if known else ""
            print(f"{line}{when}")
    return int(failed)


def _text(clap: Any, words: str) -> Embed:
    return lambda extractor: clap.text(words)


def _sound(path: str) -> Embed:
    return lambda extractor: extractor(path)


def _nearest_in_memory(
    extractor: Any, embed: Embed, asked: str, options: argparse.Namespace
) -> tuple[list[Any], bool]:
    """Return the neighbors in files or a .npz table, and whether something failed."""
    from kerasaudio.similarity import Index

    vector = embed(extractor)
    features, failed = _features(extractor, options.paths)
    others = [i for i, p in enumerate(features.paths) if os.path.realpath(p) != asked]
    if not others:
        return [], failed
    index = Index()
    index.add(features.vectors[others], paths=[features.paths[i] for i in others])
    find = index.farthest if options.farthest else index.nearest
    return find(vector, min(options.top, len(index))), failed


def _features(extractor: Any, given: list[str]) -> tuple[Any, bool]:
    """Return the vectors of a table or of files, and whether something failed."""
    from kerasaudio.features import load_features

    if len(given) == 1 and given[0].endswith(".npz"):
        features = load_features(given[0])
        check_origin(given[0], features.origin, extractor)
        return features, False
    paths, missing = find_files(given)
    if not paths:
        raise ValueError("There is nothing to compare with.")
    features = extractor.extract(paths)
    for bad in features.failed:
        complain_of(bad.path, bad.error, _WORDS)
    return features, bool(missing or features.failed)
