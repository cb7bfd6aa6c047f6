"""The methods by name, and the one that is used unless another is asked for."""

from collections.abc import Callable
from typing import Any

from kerasaudio.core import AudioModel
from kerasaudio.core.audio_model import check_model
from kerasaudio.interpret.attribution import Attribution
from kerasaudio.interpret.cam import grad_cam
from kerasaudio.interpret.integrated import integrated_gradients
from kerasaudio.interpret.occluding import occlusion
from kerasaudio.interpret.saliency import saliency, smooth_grad
from kerasaudio.layers.base import check_choice

METHODS: dict[str, Callable[..., Attribution]] = {
    "occlusion": occlusion,
    "grad_cam": grad_cam,
    "integrated_gradients": integrated_gradients,
    "saliency": saliency,
    "smooth_grad": smooth_grad,
}
DEFAULT = "occlusion"


def attribute(
    model: AudioModel,
    audio: Any,
    sample_rate: int | None = None,
    *,
    label: str | None = None,
    method: str = DEFAULT,
    **arguments: Any,
) -> Attribution:
    """Return what a network listens to, by the method of a name.

    Args:
        model: The model.
        audio: One sound, in a form that `AudioModel.tag` takes.
        sample_rate: Sample rate in Hz of a waveform that comes without one.
        label: One of the model's labels; None for the one with the highest score,
            unless `layer` and `unit` are given.
        method: ``"occlusion"`` (default; the results page says why), ``"grad_cam"``,
            ``"integrated_gradients"``, ``"saliency"`` or ``"smooth_grad"``.
        **arguments: Other arguments of the method.

    Raises:
        NoGradientError, ValueError, OSError: As the method; its name is unknown.

    Examples:
        >>> model = kerasaudio.LeNetMFCC(weights="fsdd")
        >>> kerasaudio.interpret.attribute(model, "song.wav", method="grad_cam")
        Attribution('2' by grad_cam, 301 x 40 parts in 3 s, ...)
    """
    check_model(model, "attribute")
    check_choice(method=(method, tuple(METHODS)))
    if label is None and arguments.get("layer") is None:
        ((label, _),) = model.tag(audio, sample_rate, top=1)
    return METHODS[method](model, audio, sample_rate, label=label, **arguments)
