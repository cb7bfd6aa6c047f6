"""Several devices on torch, as torch's DistributedDataParallel trains on them.

Keras' `fit` runs in this process, with its callbacks and the optimizer, on the first
device. Each other device has a process (`torch_worker`). In a step each device gets its
rows and the weights and computes the gradient of its rows; their sum over all devices
updates the weights here. Batch normalization sums over all devices, too. Keras' own
step would not add up the gradients of several processes, nor say so.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np

from kerasaudio.arguments import whole_number
from kerasaudio.core.exactness import mode_now
from kerasaudio.start import PRECISION
from kerasaudio.training.devices.messages import (
    Message,
    loss_facts,
    read_message,
    unloadable,
    write_message,
)
from kerasaudio.training.devices.moments import over_all_rows
from kerasaudio.training.devices.torch_step import (
    all_sum,
    gradient,
    joined,
    others_of,
    send_weights,
)

CPUS = "KERASAUDIO_TORCH_CPUS"
_WORKER = "kerasaudio.training.devices.torch_worker"
_PATIENCE = 20  # seconds for a process to end


class OnTorch:
    """Train on several devices of torch.

    Args:
        devices: Names of the devices: "cuda:0" and so on, or "cpu:0" and so on.

    Raises:
        ValueError: The process is one of several already, as under torchrun.
    """

    def __init__(self, devices: Sequence[str]) -> None:
        import torch.distributed

        if torch.distributed.is_initialized():
            raise ValueError(
                "devices must be None in a process group of torch: train starts the "
                f"processes itself. Received: devices of {len(devices)} processes."
            )
        self._devices = tuple(devices)
        self._workers: list[subprocess.Popen[bytes]] = []
        self._seed: int | None = None
        self._knows_network = False

    def scope(self) -> AbstractContextManager[Any]:
        """Return a context that changes nothing."""
        return nullcontext()

    @contextmanager
    def placed(self, learner: Any) -> Iterator[None]:
        """Run the processes of the other devices."""
        import torch.distributed

        with TemporaryDirectory(prefix="kerasaudio-") as folder:
            self._folder = Path(folder)
            address = (self._folder / "meeting").as_uri()
            kind = "nccl" if self._devices[0].startswith("cuda") else "gloo"
            begin = (kind, address, len(self._devices))
            self._knows_network = False
            try:
                for rank in range(1, len(self._devices)):
                    self._workers.append(_started(self._devices[rank]))
                    self._tell(rank, {"begin": (*begin, rank)})
                torch.distributed.init_process_group(
                    kind, init_method=address, world_size=begin[2], rank=0
                )
                with over_all_rows(learner, all_sum):
                    yield
            finally:
                self._end()
                if torch.distributed.is_initialized():
                    torch.distributed.destroy_process_group()

    def begin_epoch(self, seed: int) -> None:
        """Let the processes begin an epoch with the next step."""
        self._seed = seed

    def train_step(self, learner: Any, data: Any) -> Any:
        """Train on a batch of `FilledBatches`."""
        import torch

        (x, marks), y, weights = data
        size = len(marks) // len(self._devices)
        parts = [
            tuple(whole[start : start + size] for whole in (x, marks, y, weights))
            for start in range(0, len(marks), size)
        ]
        asked = bool(learner.metrics[1:])
        scale = float(learner.optimizer.scale_loss(torch.ones(())))
        try:
            self._send(learner, parts, {"scale": scale, "outputs": asked})
            found = gradient(learner, parts[0], len(parts), scale)
            loss, gradients = joined(learner, found)
            outputs = [found.outputs]
            outputs += self._outputs(found.outputs.device) if asked else []
        except (RuntimeError, OSError) as error:
            raise RuntimeError(self._what_failed(error)) from error
        learner._loss_tracker.update_state(loss)
        with torch.no_grad():
            learner.optimizer.apply(gradients, learner.trainable_variables)
        return learner.compute_metrics(x, y, torch.cat(outputs), weights)

    def _send(self, learner: Any, parts: Any, told: dict[str, Any]) -> None:
        """Send each process its rows, and all of them the weights."""
        arrays: dict[str, list[np.ndarray]] = {}
        if not self._knows_network:
            told |= _described(learner, self._folder)
            self._knows_network = True
        if self._seed is not None:  # a new epoch
            told["seed"] = self._seed
            arrays["others"] = [*map(_array, others_of(learner))]
            self._seed = None
        for rank, part in enumerate(parts[1:], start=1):
            self._tell(rank, told, arrays | {"rows": [*map(_array, part)]})
        send_weights(learner)

    def _tell(self, rank: int, facts: dict[str, Any], arrays: Any = None) -> None:
        pipe = self._workers[rank - 1].stdin
        assert pipe is not None
        write_message(pipe, facts, arrays)

    def _outputs(self, device: Any) -> list[Any]:
        """Return the outputs of the other devices."""
        import torch

        found = [self._answer(worker).arrays["outputs"] for worker in self._workers]
        return [torch.as_tensor(part, device=device) for (part,) in found]

    def _answer(self, worker: "subprocess.Popen[bytes]") -> Message:
        assert worker.stdout is not None
        answer = read_message(worker.stdout)
        if "error" in answer.facts:
            raise RuntimeError(answer.facts["error"])
        return answer

    def _what_failed(self, error: Exception) -> str:
        """Return what a process says of its failure, or else the error here."""
        for worker in self._workers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(_PATIENCE)
            if worker.returncode is None:
                continue
            with contextlib.suppress(EOFError, OSError):
                while worker.stdout is not None:
                    if "error" in (facts := read_message(worker.stdout).facts):
                        return f"A process of this training failed: {facts['error']}"
            return f"A process of this training ended with {worker.returncode}: {error}"
        return f"The processes of this training cannot reach each other: {error}"

    def _end(self) -> None:
        """Let the processes end, and kill those that do not."""
        for worker in self._workers:
            with contextlib.suppress(OSError):  # it has ended
                worker.stdin.close()  # type: ignore[union-attr]
        for worker in self._workers:
            try:
                worker.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
            worker.stdout.close()  # type: ignore[union-attr]
        self._workers.clear()


def _started(device: str) -> "subprocess.Popen[bytes]":
    """Start the process of a device."""
    settings = {
        "KERAS_BACKEND": "torch",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        PRECISION: mode_now(),
    }
    kind, _, number = device.partition(":")
    if kind == "cuda":
        there = os.environ.get("CUDA_VISIBLE_DEVICES")
        names = there.split(",") if there else None
        settings["CUDA_VISIBLE_DEVICES"] = names[int(number)] if names else number
    return subprocess.Popen(
        [sys.executable, "-m", _WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | settings,
    )


def _described(learner: Any, folder: Path) -> dict[str, Any]:
    """Return what a process needs to build the network for a phase."""
    path = folder / "network.keras"
    try:
        learner.network.save(path)
    except (AttributeError, TypeError, NotImplementedError) as error:
        raise ValueError(unloadable(str(error))) from error
    layers = [*learner.network._flatten_layers()]
    return {
        "network": str(path),
        "policies": learner.precision.names(layers),
        "loss": loss_facts(learner.loss),
        "trainable": [layer.trainable for layer in layers],
        "floatx": keras.config.floatx(),
        "policy": keras.config.dtype_policy().name,
    }


def _array(value: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(value))


def torch_devices() -> tuple[str, ...]:
    """Return the names of torch's GPUs, or of its CPUs: one, or as many as CPUS says.

    Raises:
        ValueError: The environment variable is no number.
    """
    import torch

    if torch.cuda.is_available():
        return tuple(f"cuda:{i}" for i in range(torch.cuda.device_count()))
    told = os.environ.get(CPUS) or "1"
    number = whole_number(int(told) if told.isdecimal() else told, CPUS)
    return tuple(f"cpu:{i}" for i in range(number))
