"""Facts that are stored in an exported model: labels, rate, lengths, license."""

import json
from collections.abc import Mapping
from typing import Any

from kerasaudio.checkpoints.exported_facts import FACTS_FILE as FACTS_FILE
from kerasaudio.checkpoints.exported_facts import KEY as KEY
from kerasaudio.core import AudioSpec
from kerasaudio.version import __version__

LABELS_FILE = "labels.txt"
INPUT = "waveform"
# The setting that makes OpenVINO compute in float32. Its default is bfloat16 on CPUs
# that support it.
COMPILE_WITH = {"INFERENCE_PRECISION_HINT": "f32"}


def output_name(spec: AudioSpec) -> str:
    """Return the name of the output: "predictions", or "embedding" without a top."""
    return "embedding" if spec.labels is None else "predictions"


def state_input(number: int) -> str:
    """Return the name of the input for a part of the state."""
    return f"state_{number}"


def next_state(number: int) -> str:
    """Return the name of the output for a part of the state after the input."""
    return f"next_state_{number}"


def artifact_spec(spec: AudioSpec, samples: int | None) -> AudioSpec:
    """Return the spec of an artifact with an input of `samples`, None for any length.

    Its windows have no context before them and do not overlap.
    """
    # Without its state, an artifact hears each window on its own.
    own = {"context_samples": 0, "edge_samples": 0, "step_samples": None}
    spec = spec.over_time().replace(**own)
    if samples is None:
        return spec
    return spec.replace(
        clip_samples=samples, window_samples=samples, min_samples=samples
    )


def describe(
    spec: AudioSpec, samples: int | None, quantize: str | None
) -> dict[str, Any]:
    """Return the facts that are needed to run the artifact, ready for JSON.

    Args:
        spec: Spec of the model.
        samples: Length of the artifact's input in samples; None for any length.
        quantize: Quantization of the artifact; None for float32.

    Returns:
        sample_rate (Hz), clip_samples (null for any length), min_samples,
        window_samples, hop_samples, window_padding and rest (how long audio is cut, see
        `AudioSpec`), labels (null for an embedding), and the origin of the model:
        preset (null if its weights are no longer the published ones), weights and
        weights_hash (of the published weights that it started from), trained_on (data
        sets since then), provenance (each step with hashes), kerasaudio (its version),
        metrics, license.
    """
    spec = artifact_spec(spec, samples)
    return {
        "input": INPUT,
        "output": output_name(spec),
        "labels": None if spec.labels is None else list(spec.labels),
        "sample_rate": spec.sample_rate,
        "clip_samples": samples,
        "min_samples": spec.min_samples,
        "window_samples": spec.window_samples,
        "hop_samples": spec.hop_samples,
        "window_padding": spec.window_padding,
        "rest": spec.rest,
        "quantize": quantize,
        "architecture": spec.architecture,
        "preset": spec.preset,
        "weights": spec.weights,
        "weights_hash": spec.weights_hash,
        "trained_on": list(spec.trained_on),
        "provenance": [dict(step) for step in spec.provenance],
        "kerasaudio": __version__,
        "metrics": dict(spec.metrics),
        "license": spec.license,
        "citation": spec.citation,
        "homepage": spec.homepage,
    }


def facts_json(facts: Mapping[str, Any]) -> str:
    """Return the facts as JSON text."""
    return json.dumps(facts, ensure_ascii=False, indent=1)


def files(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the text of each file for the facts by name: all facts, and the labels."""
    named = {FACTS_FILE: facts_json(facts)}
    if facts["labels"] is not None:
        # One label per line, so a label must not contain a line break.
        lines = [" ".join(label.split()) for label in facts["labels"]]
        named[LABELS_FILE] = "".join(f"{line}\n" for line in lines)
    return named
