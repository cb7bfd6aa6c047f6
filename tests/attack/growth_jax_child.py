"""python -m tests.attack.growth_jax_child NAME FILES: one run of `growth_jax`."""

import json
import resource
import sys
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from jax import monitoring

import kerasaudio
from kerasaudio.core import AudioModel, AudioSpec

_COMPILED = "/jax/core/compile/backend_compile_duration"
NETWORKS: dict[str, tuple[dict[str, Any], float]] = {  # arguments, longest in seconds
    "EfficientAT": ({"width": 0.1}, 30.0),
    "LeNetMFCC": ({}, 5.0),
    "LogMelCNN": ({"filters": 8}, 12.0),
    "SoundEventCRNN": ({"filters": 8, "units": 8}, 25.0),
    "SpeechGRU": ({}, 5.0),
    "YAMNet": ({}, 12.0),
}


@keras.saving.register_keras_serializable("attack")
class Own(keras.layers.Layer):
    """Looks like any layer of a user's own."""

    def call(self, inputs: Any) -> Any:
        """Double."""
        return 2 * inputs


def own_model() -> tuple[AudioModel, float]:
    """Build a network that cannot hear clips that were filled up."""
    waveform = keras.Input((None,))
    x = kerasaudio.layers.MelSpectrogram(8_000, n_fft=256, hop_length=128, n_mels=32)(
        waveform
    )
    x = Own()(x)
    x = keras.layers.GlobalAveragePooling1D(name="embedding")(x)
    scores = keras.layers.Dense(2, "softmax", name="predictions")(x)
    spec = AudioSpec(8_000, None, 80_000, "Own", 400, labels=("a", "b"))
    return AudioModel(waveform, scores, spec=spec), 9.0


def main(name: str, files: int) -> None:
    """Run, and print how much memory grew and how many programs were compiled."""
    factory, what = name.rsplit(" ", 1)
    if factory in NETWORKS:
        arguments, seconds = NETWORKS[factory]
        model = getattr(kerasaudio, factory)(**arguments)
    else:
        model, seconds = own_model()
    rate = model.spec.sample_rate
    least = model.spec.min_samples if what == "predict" else -(-rate // 20)
    most = int(seconds * rate)
    rng = np.random.default_rng(0)
    # The longest comes first: what hearing it takes for a moment is no growth.
    order = [files, *rng.permutation(files - 1).tolist()]
    lengths = [least + number * (most - least) // files for number in order]
    noise = rng.normal(0, 0.1, most).astype("float32")
    network = kerasaudio.events.framewise(model) if what == "frames" else model
    hear: Callable[[np.ndarray], Any] = {
        "tag": lambda clip: model.tag(clip, rate, top=1),
        "embed": lambda clip: model.embed(clip, rate),
        "predict": lambda clip: model.predict(clip[None], verbose=0),
        "frames": lambda clip: kerasaudio.events.frame_scores(network, clip, rate),
    }[what]

    programs = 0

    def listen(event: str, duration: float, **kwargs: Any) -> None:
        nonlocal programs
        programs += event == _COMPILED

    monitoring.register_event_duration_secs_listener(listen)
    start = grown = 0.0
    for number, length in enumerate(lengths):
        hear(noise[:length])
        start = start or _resident()
        grown = max(grown, _resident() - start)
        if number % max(1, files // 10) == 0:
            print(f"{number}: {grown:.0f} MB, {programs} programs", file=sys.stderr)
    print(json.dumps({"grown": grown, "programs": programs}))


def _resident() -> float:
    with open("/proc/self/statm", encoding="ascii") as numbers:
        return int(numbers.read().split()[1]) * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
