"""Transfer learning: adapt a pretrained network with few labels.

`fit_probe` and `fine_tune` return models.
"""

from kerasaudio.moved import getattr_of
from kerasaudio.transfer.fine_tuning import fine_tune
from kerasaudio.transfer.heads import attach
from kerasaudio.transfer.probes import fit_probe

__all__ = ["attach", "fine_tune", "fit_probe"]

__getattr__ = getattr_of(
    __name__,
    {
        "Report": "kerasaudio.evaluation.FoldReport",
        "evaluate": "kerasaudio.evaluation.cross_validate",
    },
)
