"""Networks with a state as files that take the state and return the next one.

step (1, samples), state_0, state_1, ... -> scores (1, classes), next_state_0, ...
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.core import AudioModel
from kerasaudio.core.carried import beginning, continued
from kerasaudio.core.windowed import Hearing
from kerasaudio.exporting.errors import ExportError
from kerasaudio.exporting.facts import INPUT, next_state, output_name, state_input
from kerasaudio.exporting.formats import Format
from kerasaudio.exporting.timing import Ran, run_and_time

FORMATS = ("litert", "onnx")
STEPS = 32  # length of the sounds for the comparison


def check_state(
    model: AudioModel, form: Format, samples: int | None, quantize: str | None
) -> int:
    """Return the number of samples of the input of a file with a state.

    Args:
        model: The model.
        form: The format.
        samples: The wanted number; None for one step.
        quantize: Quantization; only None is possible.

    Raises:
        ValueError: The model has no state, or the length is not whole steps.
        ExportError: The format or the quantization is not supported.
    """
    step = model.spec.step_samples
    if step is None:
        raise ValueError(
            f"with_state=True needs a network with a state, such as SileroVAD. "
            f"{model.name} hears each window on its own."
        )
    if form.name not in FORMATS or quantize is not None:
        raise ExportError(
            f"with_state=True is possible for {' and '.join(FORMATS)} in float32. "
            f"Received: {form.name}, quantize={quantize!r}."
        )
    samples = samples or step
    if samples % step:
        seconds = step / model.spec.sample_rate
        raise ValueError(
            f"With with_state=True, input_seconds must be a multiple of {seconds:g}, "
            f"the step of {model.name}. Received: {samples / model.spec.sample_rate:g}."
        )
    return samples


def state_facts(model: AudioModel) -> list[dict[str, Any]]:
    """Return the names of the state's inputs and outputs, and their sizes.

    Each part is (1, size), and zeros at the beginning of a clip.
    """
    return [
        {"input": state_input(i), "output": next_state(i), "size": part.shape[1]}
        for i, part in enumerate(beginning(continued(model)))
    ]


class InSteps:
    """A model, or a file with a state, that scores each step of a clip.

    It stands for a model, or for a runtime, in `verify.compare`.

    Args:
        model: The model.
        samples: Number of samples of a step.
        runtime: Module of the format of the file.
        facts: Facts of the file.
    """

    def __init__(
        self, model: AudioModel, samples: int, runtime: Any, facts: Mapping[str, Any]
    ) -> None:
        self.name, self.spec = model.name, model.spec
        self._model, self._samples, self._runtime = model, samples, runtime
        self._state = facts["state"]

    def predict(self, clips: np.ndarray, verbose: int = 0) -> np.ndarray:
        """Return the scores of the model, (clips * steps, outputs)."""
        steps = (clip.reshape(-1, self._samples) for clip in clips)
        return np.concatenate([Hearing(self._model)(clip) for clip in steps])

    def run(self, path: Path, clips: np.ndarray, repeats: int, threads: int) -> Ran:
        """Return the scores of a file, (clips * steps, outputs)."""
        step = self._runtime.open_step(path, threads)
        name = output_name(self.spec)

        def one(clip: np.ndarray) -> np.ndarray:
            state = {
                part["input"]: np.zeros((1, part["size"]), "float32")
                for part in self._state
            }
            scores = []
            for samples in clip.reshape(-1, 1, self._samples):
                found = step(**{INPUT: samples}, **state)
                scores.append(np.array(found[name]))
                state = {
                    part["input"]: np.array(found[part["output"]])
                    for part in self._state
                }
            return np.concatenate(scores)

        return run_and_time(one, clips, repeats)
