"""Round an OpenVINO network to 8 bits; run as a process of its own, do not import.

python -P run_nncf.py REQUEST.json

Importing nncf also imports PyTorch if that is installed, replaces the class of loggers,
and sends telemetry. Here all of that ends with the process.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np


def main(request: str) -> None:
    """Read the network that the request names, and write the rounded one."""
    # If it is not installed, openvino and nncf work without it and send no telemetry.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    nncf, openvino = map(importlib.import_module, ("nncf", "openvino"))
    words = json.loads(Path(request).read_text(encoding="utf-8"))
    network = openvino.Core().read_model(words["network"])
    ignored = nncf.IgnoredScope(names=words["leave"], validate=False)
    if words["calibration"] is None:
        network = nncf.compress_weights(
            network, mode=nncf.CompressWeightsMode.INT8_SYM, ignored_scope=ignored
        )
    else:
        clips = np.load(words["calibration"], allow_pickle=False)
        rows = [{words["input"]: row[None]} for row in clips]
        network = _to_ranges(nncf, network, rows, ignored)
    openvino.save_model(network, words["path"], compress_to_fp16=False)


def _to_ranges(
    nncf: Any, network: Any, rows: list[dict[str, np.ndarray]], ignored: Any
) -> Any:
    """Round weights, and activations to their ranges on the clips."""
    ranges = importlib.import_module("nncf.quantization.range_estimator")
    return nncf.quantize(
        network,
        nncf.Dataset(rows),
        subset_size=len(rows),
        preset=nncf.QuantizationPreset.MIXED,
        ignored_scope=ignored,
        advanced_parameters=nncf.AdvancedQuantizationParameters(
            # The extremes over all clips; the default is the mean of their extremes.
            activations_range_estimator_params=(
                ranges.RangeEstimatorParametersSet.MINMAX
            ),
        ),
    )


if __name__ == "__main__":
    sys.tracebacklimit = 0  # so that the last line is the error itself
    main(*sys.argv[1:])
