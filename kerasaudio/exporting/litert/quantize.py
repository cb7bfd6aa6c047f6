"""Half-precision and integer weights for LiteRT; the front-end stays in float32.

The powers of a spectrum have a larger range than 8 bits or a half-precision number can
represent. Only the layers after `frontend` are rounded, and of these the operations
with many weights (convolutions, dense layers); weights have one scale per channel.

Source: ai-edge-quantizer 0.10; Jacob et al. 2018, arXiv:1712.05877.
"""

import contextlib
import io
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kerasaudio.exporting.facts import INPUT
from kerasaudio.exporting.graph import SIGNATURE


def quantize(
    content: bytes,
    kind: str,
    leave: Sequence[str],
    calibration: np.ndarray | None,
) -> bytes:
    """Return a model with rounded weights, and with "int8" rounded activations.

    Args:
        content: Content of the float32 file.
        kind: "float16", "dynamic" (int8 weights, activations rounded at run time) or
            "int8" (weights, and activations to their ranges on the clips).
        leave: Names of the layers that stay in float32.
        calibration: Clips for "int8", float32 (clips, samples).
    """
    with _quiet():
        from ai_edge_quantizer import quantizer

        recipe = _recipe(kind, leave)
        ranges = None
        if kind == "int8":
            assert calibration is not None
            ranges = _ranges(content, recipe, calibration)
        workshop = quantizer.Quantizer(content, recipe.get_quantization_recipe())
        return bytes(workshop.quantize(ranges).quantized_model)


def _recipe(kind: str, leave: Sequence[str]) -> Any:
    from ai_edge_quantizer import qtyping, recipe_manager
    from ai_edge_quantizer.algorithm_manager import AlgorithmName

    operations = qtyping.TFLOperationName
    recipe = recipe_manager.RecipeManager()
    for operation in (
        operations.CONV_2D,
        operations.DEPTHWISE_CONV_2D,
        operations.CONV_2D_TRANSPOSE,
        operations.FULLY_CONNECTED,
    ):
        if kind == "int8":
            recipe.add_static_config(".*", operation, 8, 8)
        elif kind == "dynamic":
            recipe.add_dynamic_config(".*", operation, 8)
        else:
            recipe.add_weight_only_config(
                ".*", operation, 16, algorithm_key=AlgorithmName.FLOAT_CASTING
            )
    # Keras names operations MODEL/LAYER_1/...; names of fused ones are joined by ";".
    names = "|".join(map(re.escape, leave))
    recipe.add_quantization_config(
        rf"(^|;)[^/;]+/({names})(_\d+)?/",
        operations.ALL_SUPPORTED,
        None,
        AlgorithmName.NO_QUANTIZE,
    )
    return recipe


def _ranges(content: bytes, recipe: Any, clips: np.ndarray) -> Any:
    """Return the least and greatest value of each tensor over all clips."""
    from ai_edge_quantizer import calibrator
    from ai_edge_quantizer.utils.qsv_utils import min_max_update

    run = calibrator.Calibrator(
        content,
        num_threads=1,
        mode=calibrator.CalibrationMode.CALIBRATION_PROFILER_BASED,
        # Not the default, a running mean, in which the first clip weighs most.
        qsv_update_func=min_max_update,
    )
    run.calibrate({SIGNATURE: [{INPUT: row[None]} for row in clips]}, recipe)
    return run.get_model_qsvs()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide the quantizer's own reports and progress bars."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        # It causes this warning itself: "for debugging purposes only".
        warnings.filterwarnings("ignore", ".*experimental_preserve_all_tensors")
        yield
