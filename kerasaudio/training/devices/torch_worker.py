"""The process of a further device on torch; see `on_torch`, which starts it.

It reads messages from its standard input until that ends, as it does when the first
process dies. Answers go to its standard output; whatever else is printed, to the
standard error.
"""

import os
import sys
import traceback
from typing import Any, BinaryIO

import keras

from kerasaudio.training.devices.learner import Learner, learner_of
from kerasaudio.training.devices.messages import (
    Message,
    loss_of,
    read_message,
    write_message,
)
from kerasaudio.training.devices.moments import over_all_rows
from kerasaudio.training.devices.on_one import OnOne
from kerasaudio.training.devices.seeds import drawn_state, states
from kerasaudio.training.devices.torch_step import (
    all_sum,
    gradient,
    joined,
    others_of,
    send_weights,
)


class Worker:
    """What the process has built, and what it does with a message."""

    def __init__(self, kind: str, address: str, devices: int, rank: int) -> None:
        import torch.distributed

        self._devices, self._rank = devices, rank
        self._learner: Any = None
        torch.distributed.init_process_group(
            kind, init_method=address, world_size=devices, rank=rank
        )

    def step(self, message: Message) -> Any:
        """Take part in a step; return the outputs if they are wanted."""
        facts, arrays = message
        if "network" in facts:
            self._learner = _built(facts)
        learner = self._learner
        if "seed" in facts:
            self._begin_epoch(facts["seed"], arrays["others"])
        send_weights(learner)
        rows, scale = arrays["rows"], facts["scale"]
        with over_all_rows(learner, all_sum):
            found = gradient(learner, rows, self._devices, scale)
        joined(learner, found)
        if not facts["outputs"]:
            return None
        return keras.ops.convert_to_numpy(found.outputs)

    def _begin_epoch(self, seed: int, others: list[Any]) -> None:
        """Take over what is not trained, with random numbers of its own."""
        for variable, value in zip(others_of(self._learner), others, strict=True):
            variable.assign(value)
        for number, state in enumerate(states(self._learner)):
            state.assign(drawn_state(seed, number, self._rank, state.shape))
        keras.utils.set_random_seed(int(drawn_state(seed, 0, self._rank, ())))


def _built(facts: dict[str, Any]) -> Learner:
    keras.config.set_floatx(facts["floatx"])
    keras.config.set_dtype_policy(facts["policy"])
    network = keras.saving.load_model(facts["network"], compile=False)
    layers = [*network._flatten_layers()]
    chosen = zip(layers, facts["policies"], strict=True)
    changes = [
        (layer, keras.dtype_policies.get(name)) for layer, name in chosen if name
    ]
    learner = learner_of(network, OnOne(), None, changes)
    for layer, flag in zip(layers, facts["trainable"], strict=True):
        if not isinstance(layer, keras.Model):  # those would set all their layers
            layer.trainable = flag
    learner.compile(loss=loss_of(facts["loss"]))
    return learner


def main() -> None:
    """Do what the messages say."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        _listen(sys.stdin.buffer, answers)
    except Exception:
        write_message(answers, {"error": traceback.format_exc()})
        sys.exit(1)


def _listen(messages: BinaryIO, answers: BinaryIO) -> None:
    worker: Worker | None = None
    while True:
        try:
            message = read_message(messages)
        except EOFError:
            return
        if worker is None:
            worker = Worker(*message.facts["begin"])
            continue
        outputs = worker.step(message)
        if outputs is not None:
            write_message(answers, {}, {"outputs": [outputs]})


if __name__ == "__main__":
    main()
