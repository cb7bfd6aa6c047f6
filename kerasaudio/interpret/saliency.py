"""Saliency: the gradient of a score, and its mean over noisy copies of the sound."""

from typing import Any

import numpy as np

from kerasaudio.arguments import number, whole_number
from kerasaudio.core import AudioModel
from kerasaudio.interpret.attribution import Attribution
from kerasaudio.interpret.explained import explain, result
from kerasaudio.interpret.view import On, check_slope


def saliency(
    model: AudioModel,
    audio: Any,
    sample_rate: int | None = None,
    *,
    label: str | None = None,
    layer: str | None = None,
    unit: int | None = None,
    on: On = "spectrogram",
) -> Attribution:
    """Return the gradient of a score with respect to each part of a sound.

    It says how sensitive the score is to a part, not how much the part adds.

    Args:
        model: The model.
        audio: One sound, in a form that `AudioModel.tag` takes.
        sample_rate: Sample rate in Hz of a waveform that comes without one.
        label: One of the model's labels.
        layer: Name of a layer, instead of a label.
        unit: With `layer`: unit or channel, counted from 0.
        on: ``"spectrogram"`` (default): the output of the model's layer `frontend`;
            ``"waveform"``: the samples.

    Returns:
        An `Attribution` with the gradient, of the kind "sensitivity".

    Raises:
        NoGradientError: The score has no gradient, or 0 everywhere.
        ValueError: The model has no such label, layer, unit or spectrogram; the audio
            is unusable or silent.
        OSError: The file is missing or cannot be decoded.

    Source: Simonyan, Vedaldi & Zisserman 2013, arXiv:1312.6034.

    Examples:
        >>> model = kerasaudio.LeNetMFCC(weights="fsdd")
        >>> found = kerasaudio.interpret.saliency(
        ...     model, "song.wav", label="3", on="waveform"
        ... )
        >>> found.values.shape == found.waveform.shape
        True
    """
    view, asked = explain(model, audio, sample_rate, label, layer, unit, on)
    values, gradients = zip(*view.slopes(view.inputs), strict=True)
    check_slope(gradients, view.target)
    score = view.clip_value(values)
    return result(view, asked, "saliency", gradients, score, kind="sensitivity")


def smooth_grad(
    model: AudioModel,
    audio: Any,
    sample_rate: int | None = None,
    *,
    label: str | None = None,
    layer: str | None = None,
    unit: int | None = None,
    on: On = "spectrogram",
    samples: int = 25,
    noise: float = 0.1,
    seed: int = 0,
) -> Attribution:
    """Return the mean gradient of a score over noisy copies of a sound.

    Gradients of single sounds are rough; their mean shows what they have in common.

    Args:
        model: See `saliency`.
        audio: See `saliency`.
        sample_rate: See `saliency`.
        label: See `saliency`.
        layer: See `saliency`.
        unit: See `saliency`.
        on: See `saliency`.
        samples: Number of copies; default: 25.
        noise: Standard deviation of the Gaussian noise, as a share of the range of the
            window's samples or features; default: 0.1.
        seed: Seed of the noise.

    Returns:
        An `Attribution` with the mean gradient, of the kind "sensitivity".

    Raises:
        NoGradientError, ValueError, OSError: As `saliency`; a number is out of range.

    Source: Smilkov et al. 2017, arXiv:1706.03825.

    Examples:
        >>> model = kerasaudio.LeNetMFCC(weights="fsdd")
        >>> kerasaudio.interpret.smooth_grad(model, "song.wav", label="3", samples=4)
        Attribution('3' by smooth_grad, 301 x 40 parts in 3 s, ...)
    """
    samples = whole_number(samples, "samples")
    noise = number(noise, "noise", above=0)
    rng = np.random.default_rng(whole_number(seed, "seed", 0))
    view, asked = explain(model, audio, sample_rate, label, layer, unit, on)
    score = view.clip_value(list(view.values(view.inputs)))
    noisy = (
        (each + noise * np.ptp(each) * rng.standard_normal(each.shape)).astype(
            "float32"
        )
        for each in view.inputs
        for _ in range(samples)
    )
    means = [np.zeros(each.shape) for each in view.inputs]
    for number_of, (_, gradient) in enumerate(view.slopes(noisy)):
        means[number_of // samples] += gradient / samples
    check_slope(means, view.target)
    return result(view, asked, "smooth_grad", means, score, kind="sensitivity")
