"""`kerasaudio.export`: write a verified file that runs without Keras."""

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
from kerasaudio.core.random_weights import warn_if_random
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
from kerasaudio.exporting.steps import STEPS, InSteps, check_state, state_facts
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
    with_state: bool = False,
    overwrite: bool = False,
    input_length: int | str | None = None,
) -> ExportReport:
    """Write a model as a file that runs without Keras: waveform in, scores out.

        kerasaudio.export(model, "mine.tflite", quantize="int8", calibrate="sounds/")

    The file includes the front-end, labels, sample rate and lengths; `read_facts` reads
    the latter. The written file is run in its own runtime and compared with the model
    before it appears at `path`.

    Args:
        model: Model from a factory of kerasaudio, trained or not, on any backend; if it
            is not TensorFlow, another process converts the model on TensorFlow.
        path: Path to write: a folder for a SavedModel, otherwise a file.
        format: "saved_model", "litert" (.tflite), "onnx" or "openvino" (.xml, with its
            .bin); None to choose by the suffix.
        quantize: None for float32; "float16" for float16 weights; "dynamic" for 8-bit
            weights; "int8" for 8-bit weights and activations. The front-end stays in
            float32.
        calibrate: For "int8", sounds like those that the model will process: a folder,
            files, an array (clips, samples) at the model's rate, or clips of
            `kerasaudio.datasets`. About 100 are enough.
        verify: Whether to compare, on synthetic sounds or those of `calibrate`; or the
            sounds to compare on, as for `calibrate`. With labeled clips, the report has
            the accuracy before and after.
        input_seconds: Length of the input in seconds; None for the model's own, or if
            the model accepts any length, that of its windows; "dynamic" for any length.
        with_state: Whether to write a network with a state (`spec.step_samples`) as one
            that takes the next step of a sound and the state, and returns scores and
            the next state; the facts name them. "litert" and "onnx", in float32.
        overwrite: Whether to replace an existing file or SavedModel.
        input_length: Old name of `input_seconds`, in samples.

    Returns:
        Report with path and size, and if verified, difference, agreement and latency.

    Raises:
        ExportError: The format does not support the model or the quantization; or the
            outputs differ by more than 1e-4 (float32), 5e-3 (float16), one point of
            accuracy (8 bits, labeled clips) or half the scores' RMS (8 bits). Nothing
            is kept.
        ValueError: Arguments do not fit together, or clips are unusable.
        FileExistsError: `path` exists.
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
    warn_if_random(model)
    spec = model.spec
    check_quantize(form, quantize)
    if input_length is not None:
        if input_seconds is not None:
            raise ValueError(
                "input_length is the old name of input_seconds: pass only "
                "input_seconds."
            )
        warn_old("export(input_length=)", "input_seconds=", stacklevel=2)
        input_seconds = "dynamic"
        if input_length != "dynamic":
            whole_number(input_length, "input_length")
            input_seconds = float(input_length) / spec.sample_rate
    samples = _samples(model, input_seconds)
    if with_state:
        wanted = None if input_seconds is None else samples
        samples = check_state(model, form, wanted, quantize)
        if input_seconds == "dynamic":
            raise ValueError(
                "A file with a state takes steps of one length: pass no "
                'input_seconds="dynamic" with with_state=True.'
            )
    if (calibrate is None) == (quantize == "int8"):
        raise ValueError(
            'quantize="int8" needs calibrate=, sounds like those that the model will '
            f"process; no other mode takes it. Received: quantize={quantize!r}, "
            f"calibrate={'None' if calibrate is None else 'clips'}."
        )
    check_installed(form, quantize)
    with _alone(target) as place:
        _check_free(target, form, overwrite)
        length = samples or spec.window_samples
        length *= STEPS if with_state else 1
        sounds = None
        if calibrate is not None:
            sounds = gather(calibrate, spec, length, "calibrate")
        probe = None
        if not isinstance(verify, bool):
            probe = gather(verify, spec, length, "verify")
        elif verify:
            probe = synthetic(spec, length) if sounds is None else sounds
        facts = describe(spec, samples, quantize)
        if with_state:
            facts |= {"state": state_facts(model)}
        order = Order(
            format=form,
            samples=samples,
            quantize=quantize,
            facts=facts,
            calibration=None if sounds is None else sounds.windows,
            with_state=with_state,
        )
        if keras.backend.backend() == "tensorflow":
            write = convert
        else:
            from kerasaudio.exporting.other_backend import convert_elsewhere as write
        # A new folder, as processes started by a killed one may still be writing.
        made = place.folder / uuid.uuid4().hex / target.name
        made.parent.mkdir()
        write(model, order, made)
        found = None
        if probe is not None:
            reference: Any = (
                model if computes_in_float32(model) else rebuild(model, samples)
            )
            runtime: Any = module_of(form)
            if with_state:
                assert samples is not None
                reference = runtime = InSteps(reference, samples, runtime, facts)
            found = compare(reference, runtime, made, probe, quantize)
        size = _size(made, form)
        try:
            place.put(*reversed(_parts(made, form)))  # companion files first
        except OSError as error:
            raise unwritable(target, error) from error
    return ExportReport(target, form.name, quantize, samples, size, found)


def read_facts(path: str | PathLike[str], format: str | None = None) -> dict[str, Any]:
    """Return the facts that are stored in an exported model.

    Args:
        path: Path of the file or folder.
        format: As for `export`.

    Returns:
        labels (None for an embedding), sample_rate in Hz, clip_samples (None for any
        length), min_samples, window_samples, hop_samples, license, and others.

    Raises:
        ValueError: The format is unknown, or the file has no facts of kerasaudio.
        OSError: The file cannot be read.
    """
    target = Path(path)
    form = choose_format(target, format)
    if not target.exists():
        raise FileNotFoundError(f"There is no file or folder {str(target)!r}.")
    facts: dict[str, Any] | None = module_of(form).read_facts(target)
    if facts is None:
        raise ValueError(
            f"{str(target)!r} has no facts of kerasaudio: it was not written by "
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
                f"{model.name} accepts {spec.lengths}, and so does its export. "
                'input_seconds="dynamic" is for networks that accept any length.'
            )
        return None
    try:
        seconds = number(input_seconds, "input_seconds", above=0)
    except ValueError as error:
        raise ValueError(
            'input_seconds must be None, "dynamic" or a number of seconds above 0. '
            f"Received: {input_seconds!r}."
        ) from error
    samples = round(seconds * spec.sample_rate)
    if not spec.takes(samples):
        raise ValueError(
            f"{model.name} accepts {spec.lengths}. Received: "
            f"input_seconds={input_seconds!r}."
        )
    return samples


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[Workplace]:
    """Make a work folder, and keep other exports away from the same path."""
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
                f"{str(part)!r} already exists. Use another path, or pass "
                "overwrite=True."
            )
        if part.is_dir() and not (part / "saved_model.pb").is_file():
            raise FileExistsError(
                f"{str(part)!r} is a folder without a SavedModel, so overwrite=True "
                "does not delete it. Use another path."
            )


def _size(path: Path, form: Format) -> int:
    size = 0
    for part in _parts(path, form):
        inside = part.rglob("*") if part.is_dir() else [part]
        size += sum(file.stat().st_size for file in inside if file.is_file())
    return size
