"""`kerasaudio train`: train a model on a folder of labeled sounds."""

import argparse
import sys
from dataclasses import asdict
from typing import Any

from kerasaudio.cli.arguments import add_set_option, factory_arguments, set_words
from kerasaudio.cli.common import (
    add_model_options,
    choose_model,
    complain,
    positive,
    positive_number,
    positive_seconds,
    seed,
    share,
)
from kerasaudio.cli.measure import (
    add_clip_options,
    add_split_options,
    held_out,
    load_clips,
)
from kerasaudio.cli.parser import YesOrNo
from kerasaudio.cli.train_lines import (
    announced,
    epoch_line,
    introduction,
    measuring_command,
)
from kerasaudio.cli.wording import CLIP_WORDS, MODEL_WORDS, Words, in_options
from kerasaudio.cli.writer import add_json_option, json_line
from kerasaudio.files.progress import shows_bars
from kerasaudio.text import counted, escaped, percent, printable

_DESCRIPTION = """Teach a network your own sounds.

FOLDER contains one folder of sounds for each class. It can also be a .csv table with
the columns path and label, and optionally start, end and group; with --separator ';' a
clip can have several labels. A share of the recordings chooses the best epoch.

In a pretrained network the new head starts from a linear probe; from 32 clips a class
on, all layers are then trained. On the clips that choose the epoch, the result is never
worse than the probe. With few clips the network then learns from all of them, also from
those; the report is from before. A network with random weights is trained as a whole
from the beginning.

After each epoch the state is written to OUT.training, next to --out. After an
interruption the same command resumes after the last finished epoch."""

_EXAMPLES = """examples:
  kerasaudio train sounds/ --model EfficientAT --weights audioset --out mine.keras
  kerasaudio train sounds/ --model LogMelCNN --out mine.keras --unfreeze-epochs 60
  kerasaudio train sounds/ --model LogMelCNN --weights none --set filters=16 \\
      --out small.keras
  kerasaudio train sounds/ --augment stretch,pitch --out mine.keras
  kerasaudio train sounds/ --model YAMNet --devices all --out mine.keras
  kerasaudio train sounds/ --recording '^(\\w+)-' --out mine.keras
      knock/door3-a.wav and knock/door3-b.wav belong to one recording: door3
then:
  kerasaudio evaluate mine.keras other-sounds/
or, with clips that the training does not see:
  kerasaudio train sounds/ --hold-out 0.2 --out mine.keras
  kerasaudio evaluate mine.keras sounds/ --hold-out 0.2
  kerasaudio tag street.wav --model mine.keras"""

HEADS = ("probe", "kept")  # as in kerasaudio.training, which takes long to import
VERSIONS = ("stretch", "pitch")  # as in kerasaudio.audio.versions
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")  # as in training.devices
_SETTINGS = (
    *("freeze_epochs", "unfreeze_epochs", "patience", "batch_size"),
    *("learning_rate", "head_learning_rate", "min_steps", "seed"),
)
_WORDS: Words = {
    **MODEL_WORDS,
    **CLIP_WORDS,
    **{name: f"--{name.replace('_', '-')}" for name in _SETTINGS},
    "class_weights": "--no-class-weights",
    "group": "--recording",
    "head": "--head",
    "train the saved model again, or start again": "pass the saved model as --model "
    "with --freeze-epochs 0 and another --out, or start again",
    "out": "--out",
    "refit": "--refit",
    "overwrite": "--overwrite",
    "restart": "--restart",
    "devices": "--devices",
    'Pass devices="all"': "Pass --devices all",
    "precision": "--precision",
    "accumulate": "--accumulate",
    "time_stretch and pitch_shift need": "--augment needs",
    "weights=None": "--weights none",
    "Build it with labels=clips.class_names": "Name a factory or a tagger",
    "Build it with classifier_activation=": "Name another --model, or a factory with "
    "--set classifier_activation=",
}


def add(commands: Any) -> None:
    """Register the command."""
    train = commands.add_parser(
        "train",
        help="teach a network your own sounds",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    train.add_argument("path", metavar="FOLDER")
    train.add_argument("--out", required=True, help="the .keras file to write")
    add_model_options(train)
    add_set_option(train)
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
    train.add_argument("--overwrite", action="store_true", help="replace --out")
    train.add_argument(
        "--restart", action="store_true", help="discard an interrupted training"
    )
    add_json_option(train)
    train.set_defaults(run=_train, wording=_WORDS)


def _train(options: argparse.Namespace) -> int:
    from kerasaudio.audio.stretch import require_stretch
    from kerasaudio.training import Augmentation, Schedule, start_from, train
    from kerasaudio.training.loop import check_out
    from kerasaudio.training.probing import PROBE, chosen_start
    from kerasaudio.training.refit import hold_out, too_few

    options.wording = {**set_words(options.arguments), **_WORDS}
    check_out(options.out, overwrite=options.overwrite, restart=options.restart)
    augmentation = Augmentation(versions=options.augment)
    if augmentation.versions:
        require_stretch()
    choose_model(options)
    arguments = factory_arguments(options.model, options.arguments)
    everything = load_clips(options.path, options.recording, options.separator)
    clips = everything
    if options.hold_out is not None:
        clips, _ = held_out(everything, options)
    training, validation = hold_out(clips, options.validation, options.seed)
    if clips.multi_label:
        arguments.setdefault("classifier_activation", "sigmoid")
    model = start_from(
        options.model,
        clips.class_names,
        options.weights,
        seed=options.seed,
        **arguments,
    )
    start, _ = chosen_start(options.head, model, training)
    schedule = Schedule.for_model(
        model,
        fitted_head=start == PROBE,
        few_clips=too_few(clips),
        class_weights=not options.no_class_weights,
        **{name: getattr(options, name) for name in _SETTINGS},
    )
    tell = complain if options.json else _say
    tell(introduction(everything, len(training), len(validation), model))
    if augmentation.versions:
        tell(announced(len(training), options.augment, augmentation.versions))
    each = 1 + len(augmentation.versions)
    windows = schedule.batch_size * options.accumulate
    steps = -(-len(training) * each // windows)
    total = sum(phase.epochs for phase in schedule.phases_of(steps))
    settings: dict[str, Any] = {
        "clip_seconds": options.clip_seconds,
        "silence_db": options.silence_db,
        "errors": options.errors,
    }
    try:
        done = train(
            model,
            clips,
            options.validation,
            options.out,
            schedule=schedule,
            head=options.head,
            augmentation=augmentation,
            refit=options.refit,
            devices=options.devices,
            precision=options.precision,
            accumulate=options.accumulate,
            overwrite=options.overwrite,
            restart=options.restart,
            report=lambda epoch: tell(epoch_line(epoch, total)),
            verbose=int(shows_bars(sys.stdout) and not options.json),
            **settings,
        )
    except KeyboardInterrupt:
        complain("Stopped. The same command resumes after the last finished epoch.")
        raise
    notes = [in_options(note, _WORDS) for note in done.notes]
    if options.json:
        epochs = [asdict(epoch) for epoch in done.epochs]
        told = {"epochs": epochs, "notes": notes, "waiting": done.waiting}
        sys.stdout.write(json_line(done.report.to_dict() | told))
        return 0
    print(f"\nEpoch {done.best.number}, on the clips that chose it:\n")
    print(done.report.table())
    print("\n".join(["", *map(escaped, notes)]))
    print(f"Training steps waited for data {percent(done.waiting)} of their time.")
    print(f"The model is in {printable(done.path)}.")
    if options.hold_out is not None:
        held = len(everything) - len(clips)
        print(f"To measure it on the {counted(held, 'clip')} held out:")
        print(f"  {measuring_command(options)}")
    return 0


def _say(text: str) -> None:
    print(escaped(text))


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
