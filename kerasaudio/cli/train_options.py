"""The options of `kerasaudio train`: clips, learning, devices."""

import argparse
from typing import Any

from kerasaudio.cli.common import (
    positive,
    positive_number,
    positive_seconds,
    seed,
    share,
)
from kerasaudio.cli.measure import add_clip_options, add_split_options
from kerasaudio.cli.parser import YesOrNo

HEADS = ("probe", "kept")  # as in kerasaudio.training, which takes long to import
VERSIONS = ("stretch", "pitch")  # as in kerasaudio.audio.versions
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")  # as in training.devices


def add_clips(train: Any) -> None:
    """Add the options about clips, their windows and versions."""
    clips = train.add_argument_group("clips")
    clips.add_argument(
        "--validation",
        type=share,
        default=0.2,
        metavar="SHARE",
        help="share of the other clips that choose the epoch (default: 0.2)",
    )
    add_split_options(
        clips,
        "share of the clips that the training does not see, for `kerasaudio evaluate "
        "... --hold-out` (default: none)",
    )
    clips.add_argument(
        "--clip-seconds", type=positive_seconds, help="length of a window"
    )
    add_clip_options(clips)
    clips.add_argument(
        "--augment",
        type=_versions,
        default=(),
        metavar="NAMES",
        help="learn from versions of each clip, too, made ahead and kept: stretch "
        "(0.81, 0.93, 1.07 and 1.23 times as fast), pitch (-2, -1, 1 and 2 semitones), "
        "or stretch,pitch",
    )
    clips.add_argument(
        "--readers",
        type=positive,
        metavar="N",
        help="number of threads that decode (default: one per core)",
    )


def add_learning(train: Any) -> None:
    """Add the options about epochs, steps and rates."""
    learning = train.add_argument_group("learning")
    for name, text in {
        "freeze": "in which only the head is trained",
        "unfreeze": "in which all layers are trained",
    }.items():
        learning.add_argument(
            f"--{name}-epochs", type=_count, metavar="N", help=f"most epochs {text}"
        )
    learning.add_argument(
        "--min-steps",
        type=_count,
        metavar="N",
        help="least training steps of a phase, also with few clips",
    )
    learning.add_argument(
        "--head",
        choices=HEADS,
        help="start the head from a linear probe, or keep the weights that it has "
        "(default: probe for a new head of a pretrained network)",
    )
    learning.add_argument(
        "--refit",
        action=YesOrNo,
        help="train again on all clips, for as many epochs as were best (default: if "
        "the head starts from a probe, up to 64 clips a class)",
    )
    learning.add_argument("--learning-rate", type=positive_number)
    learning.add_argument("--head-learning-rate", type=positive_number)
    learning.add_argument("--batch-size", type=positive)
    learning.add_argument(
        "--patience",
        type=positive,
        metavar="N",
        help="stop after this many epochs without progress",
    )
    learning.add_argument(
        "--no-class-weights",
        action="store_true",
        help="give classes with more clips more weight",
    )
    learning.add_argument("--seed", type=seed, default=0, help="default: 0")


def add_devices(train: Any) -> None:
    """Add the options about devices, precision and accumulation."""
    devices = train.add_argument_group("devices")
    devices.add_argument(
        "--devices",
        type=_devices,
        metavar="N",
        help="train on this number of devices, or on all of them; each gets an equal "
        "share of a batch (default: one)",
    )
    devices.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="what training steps compute in (default: as the network was built)",
    )
    devices.add_argument(
        "--accumulate",
        type=positive,
        default=1,
        metavar="N",
        help="learn from N batches at once, which need the memory of one (default: 1)",
    )


def _versions(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        if name not in VERSIONS:
            raise argparse.ArgumentTypeError(
                f"{name!r} is not one of {', '.join(VERSIONS)}"
            )
    return names


def _devices(text: str) -> int | str:
    if text != "all" and not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither all nor a whole number above 0"
        )
    return text if text == "all" else int(text)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)
