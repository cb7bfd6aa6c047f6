"""Transfer: a pretrained network, few labels, and how well they do on held-out folds.

`evaluate` gives the `Report`; `fit_probe` and `fine_tune` give models to use.
"""

from kerasaudio.transfer.cross_validation import evaluate
from kerasaudio.transfer.fine_tuning import fine_tune
from kerasaudio.transfer.heads import attach
from kerasaudio.transfer.probes import fit_probe
from kerasaudio.transfer.report import Report

__all__ = ["Report", "attach", "evaluate", "fine_tune", "fit_probe"]
