"""`kerasaudio.export`: from a model to a file that runs without Keras, compared."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import keras

from kerasaudio.arguments import number, whole_number
from kerasaudio.core import AudioModel
from kerasaudio.core.audio_model import check_model
from kerasaudio.core.spec_fields import name_now
from kerasaudio.exporting.clips import Clips, gather, synthetic
from kerasaudio.exporting.convert import convert, module_of
from kerasaudio.exporting.facts import describe
from kerasaudio.exporting.formats import (
    Format,
    check_installed,
    check_quantize,
    choose_format,
)
from kerasaudio.exporting.graph import Order
from kerasaudio.exporting.rebuild import computes_in_float32, rebuild
from kerasaudio.exporting.report import ExportReport
from kerasaudio.exporting.verify import compare
from kerasaudio.files.whole_file import unwritable
from kerasaudio.files.workplace import BusyError, Workplace, workplace
from kerasaudio.moved import warn_old


def export(
    model: AudioModel,
    path: str | PathLike[str],
    format: str | None = None,
    *,
    quantize: str | None = None,
    calibrate: Clips | None = None,
    verify: bool | Clips = True,
    input_seconds: float | str | None = None,
    overwrite: bool = False,
    input_length: int | str | None = None,
) -> ExportReport:
    """Write a model as a file that runs without Keras: waveform in, scores out.

        kerasaudio.export(model, "mine.tflite", quantize="int8", calibrate="sounds/")

    The front-end is part of it. What was written is run, in its own runtime, and
    compared with the model before it gets its name. Labels, sample rate and lengths
    travel with it; `read_facts` reads them.

    Args:
        model: From a factory of kerasaudio, trained or not, on any backend; on others
            than TensorFlow a process of that backend converts it.
        path: What to write: a folder for a SavedModel, or a file.
        format: "saved_model", "litert" (.tflite), "onnx" or "openvino" (.xml, with its
            .bin); None to go by the suffix.
        quantize: None for float32; "float16" weights; "dynamic" for 8-bit weights; or
            "int8", where what goes through them has 8 bits, too. The front-end stays in
            float32.
        calibrate: For "int8", sounds like those that it will hear: a folder, files, an
            array (clips, samples) at the model's rate, or clips of
            `kerasaudio.datasets`. About 100 will do.
        verify: Whether to compare, on synthetic sounds or those of `calibrate`; or the
            sounds to compare on, as for `calibrate`. With labeled clips the report has
            the accuracy before and after.
        input_seconds: Length of the input; None for the model's own, or where that
            takes any, for that of its windows; "dynamic" for any length.
        overwrite: Whether to replace what is there.
        input_length: Old name of `input_seconds`, in samples.

    Returns:
        What was written, and how it compares: difference, agreement, size, latency.

    Raises:
        ExportError: The format cannot hold the model, or not so; or what came out
            differs by more than 1e-4 (float32), 5e-3 (float16), one point of accuracy
            (8 bits, labeled clips) or half the scores' RMS (8 bits). Nothing is kept.
        ValueError: Arguments that do not fit, or unusable clips.
        FileExistsError: There is something at `path`.
        ImportError: An extra is not installed.
        OSError: Files cannot be read or written; another process exports to `path`.

    Examples:
        >>> model = kerasaudio.BarkNet("esc10")
        >>> report = kerasaudio.export(model, "bark", "saved_model", verify=False)
        >>> report.path.name, report.input_samples
        ('bark', 16000)
        >>> kerasaudio.export.read_facts("bark", "saved_model")["labels"]
        ['dog', 'other']
    """
    target = Path(path)
    form = choose_format(target, format)
    check_model(model, "export")
    spec = model.spec
    check_quantize(form, quantize)
    if input_length is not None:
        warn_old("export(input_length=)", "input_seconds=, in seconds,", stacklevel=2)
        input_seconds = "dynamic"
        if input_length != "dynamic":
            whole_number(input_length, "input_length")
            input_seconds = float(input_length) / spec.sample_rate
    samples = _samples(model, input_seconds)
    if (calibrate is None) == (quantize == "int8"):
        raise ValueError(
            'quantize="int8" needs calibrate=, sounds like those that the model will '
            f"hear; nothing else does. Received: quantize={quantize!r}, "
            f"calibrate={'None' if calibrate is None else 'clips'}."
        )
    check_installed(form, quantize)
    with _alone(target) as place:
        _check_free(target, form, overwrite)
        length = samples or spec.window_samples
        sounds = None
        if calibrate is not None:
            sounds = gather(calibrate, spec, length, "calibrate")
        probe = None
        if not isinstance(verify, bool):
            probe = gather(verify, spec, length, "verify")
        elif verify:
            probe = synthetic(spec, length) if sounds is None else sounds
        order = Order(
            format=form,
            samples=samples,
            quantize=quantize,
            facts=describe(spec, samples, quantize),
            calibration=None if sounds is None else sounds.windows,
        )
        if keras.backend.backend() == "tensorflow":
            write = convert
        else:
            from kerasaudio.exporting.other_backend import convert_elsewhere as write
        # Where nothing was before: what a killed process started may still be writing.
        made = place.folder / uuid.uuid4().hex / target.name
        made.parent.mkdir()
        write(model, order, made)
        found = None
        if probe is not None:
            reference = model if computes_in_float32(model) else rebuild(model, samples)
            found = compare(reference, module_of(form), made, probe, quantize)
        size = _size(made, form)
        try:
            place.put(*reversed(_parts(made, form)))  # its companions first
        except OSError as error:
            raise unwritable(target, error) from error
    return ExportReport(target, form.name, quantize, samples, size, found)


def read_facts(path: str | PathLike[str], format: str | None = None) -> dict[str, Any]:
    """Read what travels with an exported model.

    Args:
        path: The file or folder.
        format: As for `export`.

    Returns:
        labels (None for an embedding), sample_rate in Hz, clip_samples (None for any
        length), min_samples, window_samples, hop_samples, license, and so on.

    Raises:
        ValueError: An unknown format; nothing of kerasaudio travels with it.
        OSError: It cannot be read.
        ImportError: An extra is not installed.
    """
    target = Path(path)
    form = choose_format(target, format)
    if not target.exists():
        raise FileNotFoundError(f"There is nothing at {str(target)!r}.")
    facts: dict[str, Any] | None = module_of(form).read_facts(target)
    if facts is None:
        raise ValueError(
            f"{str(target)!r} has nothing of kerasaudio in it: it was not written by "
            "kerasaudio.export."
        )
    return {name_now(name): value for name, value in facts.items()}


def _samples(model: AudioModel, input_seconds: float | str | None) -> int | None:
    spec = model.spec
    if input_seconds is None:
        return spec.clip_samples or spec.window_samples
    if input_seconds == "dynamic":
        if spec.clip_samples is not None:
            raise ValueError(
                f"{model.name} takes {spec.lengths}, so its export does. "
                'input_seconds="dynamic" is for networks that take any length.'
            )
        return None
    try:
        seconds = number(input_seconds, "input_seconds", above=0)
    except ValueError as error:
        raise ValueError(
            'input_seconds must be None, "dynamic" or a number of seconds. '
            f"Received: {input_seconds!r}."
        ) from error
    samples = round(seconds * spec.sample_rate)
    if not spec.takes(samples):
        raise ValueError(
            f"{model.name} takes {spec.lengths}. Received: "
            f"input_seconds={input_seconds!r}."
        )
    return samples


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[Workplace]:
    """Make a folder to work in, and keep others from exporting to the same path."""
    with contextlib.ExitStack() as stack:
        try:
            place = stack.enter_context(workplace(target.parent, only=target.name))
        except BusyError:
            raise
        except OSError as error:
            raise unwritable(target, error) from error
        yield place


def _parts(path: Path, form: Format) -> list[Path]:
    return [path, *(path.with_suffix(suffix) for suffix in form.companions)]


def _check_free(path: Path, form: Format, overwrite: bool) -> None:
    for part in _parts(path, form):
        if not os.path.lexists(part):
            continue
        if not overwrite:
            raise FileExistsError(
                f"{str(part)!r} exists. Name another path, or say overwrite=True."
            )
        if part.is_dir() and not (part / "saved_model.pb").is_file():
            raise FileExistsError(
                f"{str(part)!r} is a folder and holds no SavedModel: overwrite=True "
                "does not delete it."
            )


def _size(path: Path, form: Format) -> int:
    size = 0
    for part in _parts(path, form):
        inside = part.rglob("*") if part.is_dir() else [part]
        size += sum(file.stat().st_size for file in inside if file.is_file())
    return size
