"""Compare an artifact with its model on the same clips, each in its own runtime."""

from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.audio.window_rule import weighted_means
from kerasaudio.core import AudioModel
from kerasaudio.exporting.clips import Probe
from kerasaudio.exporting.errors import ExportError
from kerasaudio.exporting.facts import COMPILE_WITH
from kerasaudio.exporting.report import Verification
from kerasaudio.exporting.timing import Ran, Untold

TOLERANCE = {None: 1e-4, "float16": 5e-3}
# Integer weights change scores, and only labeled clips show how much accuracy that
# costs. Without labels, a difference of half the scores' RMS is an error, not rounding.
LARGEST_RMS = 0.5
LARGEST_DROP = 0.01
REPEATS = 5


def compare(
    model: AudioModel,
    runtime: Any,
    path: Path,
    probe: Probe,
    quantize: str | None,
) -> Verification:
    """Run both on the same clips.

    Args:
        model: The model, computing in float32.
        runtime: Module of the artifact's format, with `run`, and with `run_untold` if
            the default precision of the runtime is not float32.
        path: Path of the artifact.
        probe: Clips to run.
        quantize: Quantization of the artifact; None for float32.

    Returns:
        Comparison of the outputs, and the time of the artifact.

    Raises:
        ExportError: The artifact does not run, or differs by more than is allowed.
    """
    windows = probe.windows
    expected = np.asarray(model.predict(windows, verbose=0), "float32")
    try:
        found: Ran = runtime.run(path, windows, REPEATS, 1)
        untold: Untold | None = None
        if hasattr(runtime, "run_untold"):
            untold = runtime.run_untold(path, windows)
    except (RuntimeError, ValueError) as error:
        raise ExportError(
            f"The export of {model.name} was written but does not run: {error}"
        ) from error
    outputs = found.outputs
    if outputs.shape != expected.shape or not np.isfinite(outputs).all():
        raise ExportError(
            f"The export of {model.name} returns outputs of shape {outputs.shape}, "
            f"finite: {bool(np.isfinite(outputs).all())}; the model returns "
            f"{expected.shape}."
        )
    before = after = None
    if probe.clip_of is not None and probe.classes is not None:
        before, after = (_accuracy(scores, probe) for scores in (expected, outputs))
    seconds = float(np.median(found.seconds))
    verification = Verification(
        clips=len(windows),
        source=probe.source,
        max_difference=_difference(outputs, expected),
        relative_rms=_relative_rms(outputs, expected),
        untold_difference=untold and _difference(untold.outputs, expected),
        untold_precision=untold and untold.precision,
        top1_agreement=_agreement(model, outputs, expected),
        accuracy_before=before,
        accuracy_after=after,
        latency_ms=1000 * seconds,
        real_time_factor=seconds * model.spec.sample_rate / windows.shape[1],
    )
    _judge(model, verification, probe, quantize)
    return verification


def _difference(outputs: np.ndarray, expected: np.ndarray) -> float:
    largest = max(1.0, float(np.abs(expected).max()))
    return float(np.abs(outputs - expected).max()) / largest


def _relative_rms(outputs: np.ndarray, expected: np.ndarray) -> float:
    scale = float(np.sqrt(np.mean(expected.astype("float64") ** 2)))
    rms = float(np.sqrt(np.mean((outputs - expected).astype("float64") ** 2)))
    return rms / scale if scale else rms


def _agreement(model: AudioModel, outputs: Any, expected: Any) -> float | None:
    if model.spec.labels is None or len(model.spec.labels) < 2:
        return None
    return float((outputs.argmax(axis=1) == expected.argmax(axis=1)).mean())


def _accuracy(scores: np.ndarray, probe: Probe) -> float:
    assert probe.clip_of is not None
    assert probe.classes is not None
    count = len(probe.classes)
    means = weighted_means(scores, probe.clip_of, probe.weights, count)
    return float((means.argmax(axis=1) == probe.classes).mean())


def _advice(found: Verification) -> str:
    if found.untold_difference is None:
        return ""
    return (
        f" Loaded with Core().compile_model(path), it computes in "
        f"{found.untold_precision} and differs by {found.untold_difference:.1e}; pass "
        f"{COMPILE_WITH} to compute in float32."
    )


def _judge(
    model: AudioModel, found: Verification, probe: Probe, quantize: str | None
) -> None:
    if quantize in TOLERANCE:
        if found.max_difference > TOLERANCE[quantize]:
            raise ExportError(
                f"The export of {model.name} differs from the model by up to "
                f"{found.max_difference:.1e} on {found.clips} clips ({found.source}); "
                f"{TOLERANCE[quantize]:.0e} is allowed for {quantize or 'float32'}."
                f"{_advice(found)} Nothing was kept; pass verify=False to keep it "
                "anyway."
            )
        return
    if found.accuracy_before is not None and found.accuracy_after is not None:
        assert probe.classes is not None
        lost = round(
            (found.accuracy_before - found.accuracy_after) * len(probe.classes)
        )
        allowed = max(1, int(LARGEST_DROP * len(probe.classes)))  # one can be chance
        if lost > allowed:
            raise ExportError(
                f"Quantized to {quantize}, {model.name} recognizes "
                f"{100 * found.accuracy_after:.1f} % of {len(probe.classes)} clips, "
                f"instead of {100 * found.accuracy_before:.1f} %; one point is allowed."
                " Calibrate on more clips like those it will process, or use float16. "
                "Nothing was kept; pass verify=False to keep it anyway."
            )
    elif found.relative_rms > LARGEST_RMS:
        raise ExportError(
            f"Quantized to {quantize}, {model.name} returns other scores than before: "
            f"the differences are {found.relative_rms:.2f} times as large as the "
            f"scores (RMS), on {found.clips} clips ({found.source}). Calibrate on "
            "clips like those it will process, or use float16. Nothing was kept; pass "
            "verify=False to keep it anyway."
        )
