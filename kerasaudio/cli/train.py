"""`kerasaudio train`: train a model on a folder of labeled sounds."""

import argparse
import sys
from dataclasses import asdict
from typing import Any

from kerasaudio.cli.arguments import add_set_option, factory_arguments, set_words
from kerasaudio.cli.common import add_model_options, choose_model, complain
from kerasaudio.cli.measure import held_out, load_clips
from kerasaudio.cli.train_lines import (
    announced,
    epoch_line,
    introduction,
    measuring_command,
)
from kerasaudio.cli.train_options import add_clips, add_devices, add_learning
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
    "readers": "--readers",
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
    add_clips(train)
    add_learning(train)
    add_devices(train)
    train.add_argument("--overwrite", action="store_true", help="replace --out")
    train.add_argument(
        "--restart", action="store_true", help="discard an interrupted training"
    )
    add_json_option(train)
    train.set_defaults(run=_train, wording=_WORDS)


def _train(options: argparse.Namespace) -> int:
    from kerasaudio.audio.stretch import require_stretch
    from kerasaudio.training import Augmentation, Schedule, start_from, train
    from kerasaudio.training.outputs import check_out
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
        "readers": options.readers,
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
