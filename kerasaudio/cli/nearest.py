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
from kerasaudio.cli.wording import CACHE_WORDS, MODEL_WORDS, NO_SALVAGE_WORDS, Words
from kerasaudio.cli.writer import add_json_option, json_line
from kerasaudio.text import printable

_DESCRIPTION = """Find the sounds that are most similar to a sound.

Sounds are compared by the embeddings of a network, averaged over time. The distance is
1 - cosine: 0 for the same direction, 2 for the opposite one. Embeddings are kept, so a
second search in the same folder takes only a moment."""

_EXAMPLES = """examples:
  kerasaudio nearest bark.wav sounds/
  kerasaudio nearest bark.wav sounds/ --top 20 --model EfficientAT --weights audioset
  kerasaudio nearest bark.wav sounds/ --farthest
  kerasaudio nearest "rain on a roof" sounds/ --text --model clap/
  kerasaudio nearest bark.wav sounds.npz      a table that `kerasaudio embed` wrote"""

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
        "paths", nargs="+", metavar="FOLDER", help="folders, files, or one table"
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
    from kerasaudio.similarity import Index

    if options.text:
        clap = load_clap(options, "--text")
        extractor = FeatureExtractor(clap.audio)
        vector = clap.text(options.query)
    else:
        if not os.path.isfile(options.query):
            raise ValueError(
                f"There is no sound file named {options.query!r}."
                f"{similar_file(options.query)}"
            )
        extractor = FeatureExtractor(load_model(options))
        vector = extractor(options.query)
    features, failed = _features(extractor, options.paths)
    asked = os.path.realpath(options.query)
    others = [i for i, p in enumerate(features.paths) if os.path.realpath(p) != asked]
    if not others:
        complain("There is nothing to compare with.")
        return 1
    index = Index()
    index.add(features.vectors[others], paths=[features.paths[i] for i in others])
    find = index.farthest if options.farthest else index.nearest
    found = find(vector, min(options.top, len(index)))
    for neighbor in found:
        if options.json:
            record = {"path": neighbor.path, "distance": round(neighbor.distance, 6)}
            sys.stdout.write(json_line(record))
        else:
            print(f"{neighbor.distance:.3f}  {printable(neighbor.path)}")
    return int(failed)


def _features(extractor: Any, given: list[str]) -> tuple[Any, bool]:
    """Return the vectors of a table or of files, and whether something failed."""
    from kerasaudio.features import load_features

    if len(given) == 1 and given[0].endswith((".npz", ".parquet")):
        features = load_features(given[0])
        if features.origin.get("fingerprint") != extractor.origin["fingerprint"]:
            maker = features.origin.get("model", "an unknown network")
            raise ValueError(
                f"{given[0]!r} holds vectors of {printable(maker)} with other "
                "settings or of another version. Name the --model that made it, or the "
                "folder."
            )
        return features, False
    paths, missing = find_files(given)
    if not paths:
        raise ValueError("There is nothing to compare with.")
    features = extractor.extract(paths)
    for bad in features.failed:
        complain_of(bad.path, bad.error, _WORDS)
    return features, bool(missing or features.failed)
