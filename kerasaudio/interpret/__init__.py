"""What a network listens to: which part of a sound, and what it would like to hear.

Everything starts from the gradient of a score with respect to the sound.
"""

from kerasaudio.interpret.attribution import Attribution
from kerasaudio.interpret.cam import grad_cam
from kerasaudio.interpret.faithfulness import Curve, deletion_curve, insertion_curve
from kerasaudio.interpret.gradient import NoGradientError
from kerasaudio.interpret.integrated import integrated_gradients
from kerasaudio.interpret.look import look_page
from kerasaudio.interpret.methods import attribute
from kerasaudio.interpret.occluding import occlusion
from kerasaudio.interpret.saliency import saliency, smooth_grad

__all__ = [
    "Attribution",
    "Curve",
    "NoGradientError",
    "attribute",
    "deletion_curve",
    "grad_cam",
    "insertion_curve",
    "integrated_gradients",
    "look_page",
    "occlusion",
    "saliency",
    "smooth_grad",
]
