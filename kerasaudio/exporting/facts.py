"""What travels with an exported model: labels, rate, lengths, license."""

import json
from collections.abc import Mapping
from typing import Any

from kerasaudio.core import AudioSpec

KEY = "kerasaudio"
LABELS_FILE = "labels.txt"
FACTS_FILE = "kerasaudio.json"
INPUT = "waveform"
# What openvino must be told to compute in float32: on CPUs that can, its default is
# bfloat16.
COMPILE_WITH = {"INFERENCE_PRECISION_HINT": "f32"}


def output_name(spec: AudioSpec) -> str:
    """Return the name of the output: "predictions", or "embedding" without a top."""
    return "embedding" if spec.labels is None else "predictions"


def artifact_spec(spec: AudioSpec, samples: int | None) -> AudioSpec:
    """Return the spec of an artifact whose input has a length, None for any.

    It hears windows without what is before them, one after the other.
    """
    spec = spec.over_time().replace(context_samples=0, edge_samples=0)
    if samples is None:
        return spec
    return spec.replace(
        clip_samples=samples, window_samples=samples, min_samples=samples
    )


def describe(
    spec: AudioSpec, samples: int | None, quantize: str | None
) -> dict[str, Any]:
    """Return what whoever runs the artifact must know, ready for JSON.

    Args:
        spec: Of the model.
        samples: Length of the artifact's input, None for any.
        quantize: How it is quantized.

    Returns:
        sample_rate (Hz), clip_samples (null for any length), min_samples,
        window_samples, hop_samples, window_padding and rest (how long audio is cut, see
        `AudioSpec`), labels (null for an embedding), and where the model is from:
        preset (null where its weights are no longer the published ones), weights and
        weights_hash (of the published ones that it began with), trained_on (data sets,
        since), metrics, license.
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
        "metrics": dict(spec.metrics),
        "license": spec.license,
        "citation": spec.citation,
        "homepage": spec.homepage,
    }


def facts_json(facts: Mapping[str, Any]) -> str:
    """Return the facts as text."""
    return json.dumps(facts, ensure_ascii=False, indent=1)


def files(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the files that hold the facts, by name: the labels, a line each, and all."""
    named = {FACTS_FILE: facts_json(facts)}
    if facts["labels"] is not None:
        # A label is a line: nothing in it may look like the end of one.
        lines = [" ".join(label.split()) for label in facts["labels"]]
        named[LABELS_FILE] = "".join(f"{line}\n" for line in lines)
    return named
