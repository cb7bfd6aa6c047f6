"""Gradient ascent on the waveform towards a label, a unit or a channel."""

import warnings
from typing import Any

import numpy as np

from kerasaudio.arguments import number, whole_number
from kerasaudio.audio.check import check_size, check_waveform
from kerasaudio.core import AudioModel
from kerasaudio.core.audio_model import check_model
from kerasaudio.files.progress import steps_bar
from kerasaudio.interpret.ascent import Ascent, Priors
from kerasaudio.interpret.auralization import Auralization
from kerasaudio.interpret.climb import Climb
from kerasaudio.interpret.gradient import Gradient
from kerasaudio.interpret.objective import objective_of
from kerasaudio.interpret.target import find_target

PLAIN_STEP, PLAIN_ITERATIONS = 0.001, 5_000
STEP, ITERATIONS = 0.003, 400
_DEFAULT = Priors()


def auralize(
    model: AudioModel,
    label: str | None = None,
    *,
    layer: str | None = None,
    unit: int | None = None,
    against: bool = False,
    priors: Priors | None = _DEFAULT,
    iterations: int | None = None,
    step: float | None = None,
    until: float | None = None,
    seconds: float | None = None,
    seed: int = 0,
    start: Any = None,
    progress: bool | None = None,
) -> Auralization:
    """Make a sound that a network scores highly, by gradient ascent from noise.

    For labels, what is climbed is the logarithm of the odds of the score. Ctrl-C ends
    the ascent, and what is there is returned; `start=` goes on from it.

    Args:
        model: A model with any backend, also your own.
        label: One of its labels.
        layer: Name of a layer, instead of a label.
        unit: With `layer`: unit or channel, counted from 0; its mean over time and
            frequency is climbed.
        against: Whether to go down instead: to a sound that is not the label.
        priors: What is assumed of natural sounds; see `Priors`. None for plain ascent,
            waveform + step * gradient, which finds what this network alone hears.
        iterations: Number of steps; default: 400, plain 5,000.
        step: With priors, root mean square of the change by a step; default: 0.003.
            Plain, factor of the gradient; default: 0.001.
        until: Score at which to stop, such as 0.99; None for all iterations.
        seconds: Length of the sound; default: that of the model's input, or 1 s (or its
            shortest input) if it takes any length.
        seed: Seed of the noise at the start and of the shifts.
        start: What to start from instead of noise: a waveform at the model's sample
            rate, or an earlier result for the same target, whose course goes on. With
            the same settings, the numbers are those of one call without a break.
        progress: Whether to show a progress bar; None for only if stderr is a terminal.

    Returns:
        The waveform, its score, the course of the score, and why it stopped.

    Raises:
        ValueError: The model has no such label, layer or unit; a number is out of
            range; the start has another length, or is of another target; or there is no
            gradient at the start, as for a unit that is silent.

    Warns:
        UserWarning: The ascent diverged.

    Source: for images, Simonyan et al. 2013, arXiv:1312.6034.

    Examples:
        >>> model = kerasaudio.LeNetMFCC(weights="fsdd")
        >>> three = kerasaudio.interpret.auralize(model, "3", iterations=20)
        >>> three
        Auralization('3' of LeNetMFCC/fsdd, score=..., stopped='finished')
        >>> three.save("three.wav").name
        'three.wav'
        >>> more = kerasaudio.interpret.auralize(model, "3", iterations=5, start=three)
        >>> len(more.course)
        25
    """
    check_model(model, "auralize")
    target = find_target(model, label, layer=layer, unit=unit)
    usual = (PLAIN_ITERATIONS, PLAIN_STEP) if priors is None else (ITERATIONS, STEP)
    steps = whole_number(usual[0] if iterations is None else iterations, "iterations")
    size = number(usual[1] if step is None else step, "step", above=0)
    goal = None if until is None else number(until, "until")
    seed = whole_number(seed, "seed", 0)
    name = f"not {target.name}" if against else target.name
    before = _before(start, name)
    waveform = None if start is None else _waveform(start)
    samples = _samples(model, seconds, waveform)
    uphill = Ascent(samples, model.spec.sample_rate, size, priors, seed)
    objective = objective_of(model, target, is_label=label is not None, against=against)
    climb = Climb(
        Gradient(target.network, objective.value),
        objective.score,
        uphill,
        uphill.noise(1)[0] if waveform is None else waveform,
        before,
    )
    with steps_bar(name, steps, progress) as bar:
        climb.go(steps, goal, bar)
    if climb.stopped == "diverged":
        warnings.warn(f"Auralization of {name}: {climb.note}", stacklevel=2)
    return Auralization(
        waveform=climb.place,
        sample_rate=model.spec.sample_rate,
        target=name,
        score=climb.final_score(),
        course=np.array(climb.course, "float32"),
        model=title_of(model),
        settings={
            "label": label,
            "layer": layer,
            "unit": unit,
            "against": against,
            "priors": None if priors is None else priors.to_dict(),
            "iterations": steps,
            "step": size,
            "until": goal,
            "seconds": samples / model.spec.sample_rate,
            "seed": seed,
        },
        stopped=climb.stopped,
        note=climb.note,
    )


def title_of(model: AudioModel) -> str:
    """Return a model's architecture and weights, or its name."""
    known = model.spec.architecture or model.name
    return f"{known}/{model.spec.weights}" if model.spec.weights else known


def _before(start: Any, name: str) -> list[float]:
    """Return the course that a start has behind it."""
    if not isinstance(start, Auralization):
        return []
    if start.target != name:
        raise ValueError(
            f"The start was made for {start.target!r}, not for {name!r}. To go on from "
            "its sound alone, pass start=result.waveform."
        )
    return [float(score) for score in start.course]


def _waveform(start: Any) -> np.ndarray:
    given = start.waveform if isinstance(start, Auralization) else start
    return check_waveform(given, name="start")


def _samples(
    model: AudioModel, seconds: float | None, waveform: np.ndarray | None
) -> int:
    """Return the length of the sound.

    Raises:
        ValueError: The model does not take it, or the start has another one.
    """
    spec = model.spec
    if seconds is not None:
        number(seconds, "seconds", above=0)
        samples = round(seconds * spec.sample_rate)
        check_size(samples, "The sound", "Choose a shorter one.")
    elif waveform is not None:
        samples = len(waveform)
    else:
        samples = spec.clip_samples or max(spec.sample_rate, spec.min_samples)
    exact, least = spec.clip_samples, spec.min_samples
    if (exact and samples != exact) or samples < least:
        takes = f"exactly {exact}" if exact else f"at least {least}"
        rate = spec.sample_rate
        raise ValueError(
            f"{model.name} takes {takes} samples ({(exact or least) / rate:g} s). "
            f"Received: {samples} ({samples / rate:g} s)."
        )
    if waveform is not None and len(waveform) != samples:
        raise ValueError(
            f"The start has {len(waveform)} samples, but seconds={seconds} are "
            f"{samples}. Leave out seconds."
        )
    return int(samples)
