"""Thread-safe prediction on any backend and device.

Keras' own prediction is thread-safe on TensorFlow and torch. On jax it removes the
weights from the model while it runs and restores them afterwards: a second thread finds
none, and an error leaves the model without weights. Here they stay in the model.
"""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np

from kerasaudio.core.programs import tensorflow_tiled
from kerasaudio.core.programs.active import are_active, programs_run
from kerasaudio.core.programs.compiled import avoid_xla_on_cpu
from kerasaudio.core.programs.folded import run_folded
from kerasaudio.core.programs.jax_programs import JaxPrograms
from kerasaudio.core.programs.parallel import DividedBatches, evaluate_divided, shares
from kerasaudio.core.programs.rowwise import makes_masks
from kerasaudio.core.programs.shapes import Lengths
from kerasaudio.core.programs.torch_program import TorchProgram
from kerasaudio.core.programs.tracing import QuietModel


@keras.saving.register_keras_serializable("kerasaudio")
class InferenceModel(QuietModel):
    """A functional model that several threads may use for prediction at once.

    Attributes:
        clip_lengths: Lengths of the clips that the model gets; None if unknown.
        has_state: Whether the model has a state that goes on from each window of a clip
            to the next.
        continued: Function that returns the networks that carry it, once they are
            built.
        most_samples: Largest batch that fits into the memory of the device, in samples
            of all rows; None as long as every batch did.
    """

    clip_lengths: Lengths | None = None
    has_state: bool = False
    continued: Callable[[], Any] | None = None
    most_samples: int | None = None

    def __init__(
        self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(inputs, outputs, name=name, **kwargs)
        avoid_xla_on_cpu(self)
        self._programs = JaxPrograms(self) if _on_jax() else None
        self._torch_program = TorchProgram(self) if _on_torch() else None

    def call(
        self, inputs: Any, training: bool | None = None, mask: Any = None, **kwargs: Any
    ) -> Any:
        """Run the graph; while Keras' loop predicts or evaluates, faster."""
        if training is not False or kwargs or not are_active():
            return super().call(inputs, training=training, mask=mask, **kwargs)
        tensors = self._standardize_inputs(inputs)
        masks = [mask, *(getattr(x, "_keras_mask", None) for x in tensors)]
        masked = any(one is not None for one in keras.tree.flatten(masks))
        found = None if masked else self._run_program(tensors)
        if found is None:
            return super().call(inputs, training=training, mask=mask)
        outputs = keras.tree.pack_sequence_as(self._outputs_struct, found)
        alone = isinstance(outputs, list | tuple) and len(outputs) == 1
        return outputs[0] if alone else outputs

    def _run_program(self, tensors: list[Any]) -> list[Any] | None:
        """Return the outputs, flat; None if the model must run as it is."""
        if self._torch_program is not None:
            return self._torch_program(tensors)
        # Under another policy, variables are read in its precision here, also those of
        # layers that compute in float32.
        if makes_masks(self) or self.compute_dtype != "float32":
            return None
        tiled = tensorflow_tiled.stand_ins(self, tensors)
        maxima = tensorflow_tiled.maxima(self, tensors)
        return list(keras.tree.flatten(run_folded(self, tensors, tiled, maxima)))

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Train as `keras.Model.fit` does; several devices take any batch size."""
        if shares() > 1 and isinstance(x, keras.utils.PyDataset):
            x = DividedBatches(x)
        with self._keeping_weights():
            return super().fit(x, *args, **kwargs)

    def evaluate(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Evaluate as `keras.Model.evaluate` does, likewise."""
        if shares() > 1 and isinstance(x, keras.utils.PyDataset):
            return evaluate_divided(self, x, kwargs.get("return_dict", False))
        with self._keeping_weights():
            return super().evaluate(x, *args, **kwargs)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Return the outputs for arrays or data sets, as `keras.Model.predict` does."""
        if _on_jax() and steps is None and not callbacks:
            if isinstance(x, np.ndarray):
                batches = -(-len(x) // (batch_size or 32))
                return self._predict_on_jax(x, batches, batch_size or 32, verbose)
            if isinstance(x, keras.utils.PyDataset) and x.num_batches is not None:
                return self._predict_on_jax(x, x.num_batches, 0, verbose)
        with self._keeping_weights():
            return super().predict(x, batch_size, verbose, steps, callbacks)

    def predict_step(self, *args: Any) -> Any:  # on jax, the state comes first
        """Return the outputs for one batch of Keras' loop."""
        with self._by_program():
            return super().predict_step(*args)

    def test_step(self, *args: Any) -> Any:
        """Measure on one batch of Keras' loop."""
        with self._by_program():
            return super().test_step(*args)

    def _by_program(self) -> contextlib.AbstractContextManager[None]:
        """Return a context in which the network runs by its program.

        On jax, `predict_on_batch` does, and XLA compiles what is left to Keras.
        """
        if _on_jax() or self.jit_compile or self.run_eagerly:
            return contextlib.nullcontext()
        return programs_run()

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for one batch, as `keras.Model.predict_on_batch` does."""
        if self._programs is None:
            return super().predict_on_batch(x)
        return self._programs(x, compiled=self.jit_compile and not self.run_eagerly)

    def limit_batches(self, samples: int) -> None:
        """Note that larger batches, in samples of all rows, do not fit into memory."""
        self.most_samples = min(samples, self.most_samples or samples)
        if self._programs is not None:
            self._programs.limit(self.most_samples)

    def _predict_on_jax(self, x: Any, steps: int, batch_size: int, verbose: Any) -> Any:
        bar = None
        if verbose == "auto" or verbose:
            kind = 1 if verbose == "auto" else int(verbose)
            bar = keras.utils.Progbar(steps, verbose=kind, unit_name="step")
        outputs = []
        for number, batch in enumerate(_batches(x, steps, batch_size), start=1):
            outputs.append(self.predict_on_batch(batch))
            if bar is not None:
                bar.update(number, finalize=number == steps)
        return keras.tree.map_structure(lambda *y: np.concatenate(y), *outputs)

    @contextlib.contextmanager
    def _keeping_weights(self) -> Iterator[None]:
        """Restore the weights if Keras on jax fails, which would leave none."""
        if not _on_jax():
            yield
            return
        before = [(v, v.value) for v in self._with_optimizer()]
        try:
            yield
        except BaseException:
            self.jax_state_sync()  # the result of the last step, if there was one
            for variable, value in before:
                if variable._value is None and not value.is_deleted():
                    variable.assign(value)
            raise

    def _with_optimizer(self) -> list[Any]:
        optimizer = getattr(self, "optimizer", None)
        return [*self.variables, *([] if optimizer is None else optimizer.variables)]


def _on_jax() -> bool:
    return keras.backend.backend() == "jax"


def _on_torch() -> bool:
    return keras.backend.backend() == "torch"


def _batches(x: Any, steps: int, batch_size: int) -> Iterator[Any]:
    if isinstance(x, np.ndarray):
        for start in range(0, len(x), batch_size):
            yield x[start : start + batch_size]
        return
    # While the network runs, a thread prepares the next batch.
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(x.__getitem__, 0)
        for number in range(1, steps + 1):
            batch, _, _ = keras.utils.unpack_x_y_sample_weight(coming.result())
            if number < steps:
                coming = reader.submit(x.__getitem__, number)
            yield batch
    x.on_epoch_end()
