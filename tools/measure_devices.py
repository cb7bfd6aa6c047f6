"""Compare trainings on 1, 2 and 4 simulated devices of a backend.

    KERAS_BACKEND=jax python tools/measure_devices.py

Each training is a process. It trains LogMelCNN/esc10 with a new head on 18 clips of
noise in batches of 7, 7 and 4, by SGD without dropout, for 51 steps. The largest
relative differences of the training losses and of the validation losses to those of one
device are printed as rows of a table. What was measured before is not measured again.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

NETWORK = "LogMelCNN/esc10"
EPOCHS = 17  # of 3 steps
RATE = 1e-5  # at 1e-3, rounding grows from 2e-7 to 5e-3 within 51 steps
WAYS: dict[str, dict[str, Any]] = {
    "1 device": {},
    "2 devices": {"devices": 2},
    "4 devices": {"devices": 4},
    "1 device, mixed_bfloat16": {"precision": "mixed_bfloat16"},
}


def sounds(folder: Path, rate: int = 22_050, seconds: float = 1.6) -> Path:
    """Write 18 clips of noise of three colors, six a class."""
    import numpy as np
    import soundfile

    rng = np.random.default_rng(0)
    for kind, exponent in {"white": 0.0, "pink": 0.5, "brown": 1.0}.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for number in range(6):
            spectrum = np.fft.rfft(rng.normal(0, 1, round(rate * seconds)))
            spectrum /= np.maximum(1, np.arange(len(spectrum))) ** exponent
            wave = np.fft.irfft(spectrum)
            wave *= 0.1 / wave.std()
            soundfile.write(folder / kind / f"{number}.wav", wave, rate)
    return folder


def train_once(folder: Path, out: Path, settings: dict[str, Any]) -> None:
    """Train in this process, and write the losses."""
    if os.environ["KERAS_BACKEND"] == "tensorflow":
        import tensorflow as tf

        one = tf.config.list_physical_devices("CPU")[0]
        several = [tf.config.LogicalDeviceConfiguration()] * 4
        tf.config.set_logical_device_configuration(one, several)
    import keras

    from kerasaudio.datasets import from_folder
    from kerasaudio.training import Schedule, start_from, train

    clips = from_folder(folder)
    model = start_from(NETWORK, clips.class_names)
    for layer in model.layers:  # random numbers of several devices are others
        if "dropout" in layer.name:
            layer.rate = 0.0
    schedule = Schedule(unfreeze_epochs=EPOCHS, batch_size=7, patience=99)
    done = train(
        *(model, clips, clips, out.with_suffix(".keras")),
        schedule=schedule,
        head="kept",
        optimizer=keras.optimizers.SGD(RATE),
        overwrite=True,
        restart=True,
        **settings,
    )
    told = {
        "loss": [epoch.loss for epoch in done.epochs],
        "validation": [epoch.validation_loss for epoch in done.epochs],
    }
    out.write_text(json.dumps(told), encoding="utf-8")


def main() -> None:
    """Train all ways, each in a process, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("several-devices"))
    parser.add_argument("--once", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    backend = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    heard = options.folder / "sounds"
    if options.once:
        train_once(heard, Path(options.once[0]), json.loads(options.once[1]))
        return
    if not heard.exists():
        sounds(heard)
    simulated = {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
        "KERASAUDIO_TORCH_CPUS": "4",
    }
    found = {}
    for name, settings in WAYS.items():
        out = options.folder / f"{backend}, {name}.json"
        if not out.exists():
            words = ["--folder", str(options.folder), "--once", str(out)]
            subprocess.run(
                [sys.executable, __file__, *words, json.dumps(settings)],
                check=True,
                env=os.environ | simulated,
            )
        found[name] = json.loads(out.read_text(encoding="utf-8"))
    one = found["1 device"]
    for name, other in found.items():
        row = [
            max(abs(a - b) / a for a, b in zip(one[key], other[key], strict=True))
            for key in one
        ]
        print(f"| {backend} | {name} | {row[0]:.1e} | {row[1]:.1e} |")


if __name__ == "__main__":
    main()
