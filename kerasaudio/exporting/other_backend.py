"""Convert models of other backends in another process, which runs on TensorFlow.

The model and the exported file are passed as files. Custom layers must be registered by
a module that the other process can import.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np

from kerasaudio.core import AudioModel
from kerasaudio.exporting.convert import convert
from kerasaudio.exporting.errors import ExportError
from kerasaudio.exporting.formats import FORMATS
from kerasaudio.exporting.graph import Order
from kerasaudio.exporting.process import last_words
from kerasaudio.files.workplace import temporary_folder

_REFUSED = 3  # exit status: the message for the user is on stdout


def convert_elsewhere(model: AudioModel, order: Order, path: Path) -> None:
    """Write the exported file in a process of the TensorFlow backend.

    Raises:
        ExportError: As in this process, or the other process cannot load the model.
    """
    with temporary_folder() as folder:
        model.save(folder / "model.keras")
        if order.calibration is not None:
            np.save(folder / "calibration.npy", order.calibration)
        request = {
            "format": order.format.name,
            "samples": order.samples,
            "quantize": order.quantize,
            "with_state": order.with_state,
            "facts": order.facts,
            "path": os.fspath(path.absolute()),
        }
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "kerasaudio.exporting.other_backend", str(folder)],
            env=os.environ | {"KERAS_BACKEND": "tensorflow"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode == _REFUSED:
        raise ExportError(done.stdout.splitlines()[-1])
    if done.returncode:
        raise ExportError(
            f"{model.name} could not be exported by a process of the TensorFlow "
            f"backend: {last_words(done.stderr)}"
        )


def main(folder: Path) -> int:
    """Carry out the request in a folder, and return the exit status."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    calibration = None
    if (folder / "calibration.npy").exists():
        calibration = np.load(folder / "calibration.npy", allow_pickle=False)
    order = Order(
        format=FORMATS[request["format"]],
        samples=request["samples"],
        quantize=request["quantize"],
        facts=request["facts"],
        calibration=calibration,
        with_state=request["with_state"],
    )
    model = keras.saving.load_model(folder / "model.keras", compile=False)
    try:
        convert(model, order, Path(request["path"]))
    except ExportError as error:
        print(" ".join(str(error).split()))
        return _REFUSED
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
