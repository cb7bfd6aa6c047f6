"""A functional keras.Model that has a spec: Keras' own methods, for waveforms."""

from typing import Any, Self

import keras

from kerasaudio.core import windowed
from kerasaudio.core.checks import (
    check_batch,
    check_fits,
    check_static,
    native,
    native_order,
)
from kerasaudio.core.feature_model import tap
from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.programs.shapes import Lengths
from kerasaudio.core.spec import AudioSpec


class NoSpecError(AttributeError, ValueError):
    """A model was built by hand: an attribute that is missing, for `hasattr`, too."""


_NO_SPEC = "This AudioModel was built without a spec. Use a factory of kerasaudio."
_SPEC_OF_OUTPUT = "_kerasaudio_spec"


class SpecModel(InferenceModel):
    """What `AudioModel` is to Keras; see there."""

    # Keras takes a class for functional when its positional arguments are Functional's.
    def __init__(
        self,
        inputs: Any,
        outputs: Any,
        name: str | None = None,
        *,
        spec: AudioSpec | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(inputs, outputs, name=name, **kwargs)
        # Of a clone, which Keras builds from its outputs and a name.
        self._spec = spec or getattr(outputs, _SPEC_OF_OUTPUT, None)
        if spec is not None:
            check_fits(self, spec)
        self._embedder = windowed.Lazy(lambda: tap(self, ["embedding"]))

    @property
    def spec(self) -> AudioSpec:
        """What the model takes and gives, and where it comes from."""
        if self._spec is None:
            raise NoSpecError(_NO_SPEC)
        return self._spec

    @property
    def clip_lengths(self) -> Lengths | None:  # type: ignore[override]
        """Of the clips that the model hears, in samples; None without a spec."""
        if self._spec is None:
            return None
        window = self._spec.window_samples
        longest = max(window, self._spec.whole_samples)
        return Lengths(self._spec.min_samples, window, longest)

    def __getattr__(self, name: str) -> Any:
        """Say why there is no spec; torch modules would say only that there is none."""
        if name == "spec":
            raise NoSpecError(_NO_SPEC)
        inherited: Any = getattr(super(), "__getattr__", None)
        if inherited is None:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}"
            )
        return inherited(name)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Run the graph on waveforms, also on arrays of any byte order."""
        return super().__call__(native(inputs), *args, **kwargs)

    def call(
        self, inputs: Any, training: bool | None = None, mask: Any = None, **kwargs: Any
    ) -> Any:
        """Run the graph; integers, which Keras would cast, and no clips are refused."""
        check_static(inputs)
        return super().call(inputs, training=training, mask=mask, **kwargs)

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Train, as `keras.Model.fit` does, also straight on a data set's clips.

            model.fit(kerasaudio.datasets.from_folder("sounds/"), epochs=20)

        Args:
            x: What Keras takes; or clips of `kerasaudio.datasets`, whose `batches` for
                this model are then used, with `batch_size` if it is given.
            *args: As in `keras.Model.fit`; with clips only keywords.
            **kwargs: As in `keras.Model.fit`; `validation_data` may be clips, too.

        Raises:
            ValueError, OSError: Clips that do not fit; see `ClipBatches`.
        """
        size = kwargs.get("batch_size") or 32
        if hasattr(x, "batches"):
            kwargs.pop("batch_size", None)
            x = x.batches(self, size, training=True)
            kwargs.setdefault("shuffle", False)  # the batches do it, by their seed
        held_out: Any = kwargs.get("validation_data")
        if hasattr(held_out, "batches"):
            kwargs["validation_data"] = held_out.batches(self, size, training=False)
        args, kwargs = _native_arguments(args, kwargs)
        return super().fit(native_order(x), *args, **kwargs)

    def evaluate(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Measure loss and metrics, as `keras.Model.evaluate` does.

        Args:
            x: What Keras takes; or clips of `kerasaudio.datasets`: each of their
                windows then counts as one example.
            *args: As in `keras.Model.evaluate`; with clips only keywords.
            **kwargs: As in `keras.Model.evaluate`.

        Raises:
            ValueError, OSError: Clips that do not fit; see `ClipBatches`.
        """
        if hasattr(x, "batches"):
            x = x.batches(self, kwargs.pop("batch_size", None) or 32, training=False)
        args, kwargs = _native_arguments(args, kwargs)
        return super().evaluate(native_order(x), *args, **kwargs)

    def train_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Train on one batch, as `keras.Model.train_on_batch` does."""
        args, kwargs = _native_arguments(args, kwargs)
        return super().train_on_batch(native(x), *args, **kwargs)

    def test_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Measure on one batch, as `keras.Model.test_on_batch` does."""
        args, kwargs = _native_arguments(args, kwargs)
        return super().test_on_batch(native(x), *args, **kwargs)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Give the output for waveforms, as `keras.Model.predict` does.

        Threads may share a model, unless one of them trains it.

        Args:
            x: Waveforms, float in [-1, 1], (batch, samples), or a data set of them.
            *args: As in `keras.Model.predict`.
            **kwargs: As in `keras.Model.predict`.

        Raises:
            ValueError: An array that is not a batch of waveforms of the right length:
                integers, NaN, stereo, (samples, batch), too short.
        """
        return super().predict(check_batch(x, self._spec), *args, **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """Give the output for one batch; checks arrays as `predict` does."""
        return super().predict_on_batch(native(check_batch(x, self._spec)))

    def get_build_config(self) -> dict[str, Any]:
        """Give Keras' own, and advice: Keras ends a failure to load with it."""
        own = super().get_build_config() or {}
        return {**own, "advice": "To load this file, import kerasaudio first."}

    def _run_through_graph(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Mark what comes out: `keras.models.clone_model` hands on nothing else."""
        outputs = super()._run_through_graph(inputs, *args, **kwargs)
        if isinstance(outputs, keras.KerasTensor) and self._spec is not None:
            setattr(outputs, _SPEC_OF_OUTPUT, self._spec)
        return outputs

    def get_config(self) -> dict[str, Any]:
        """Give the functional configuration, with the spec."""
        return super().get_config() | {
            "spec": None if self._spec is None else self._spec.get_config()
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Rebuild the model that `get_config` described.

        Raises:
            ValueError: It is none, or its spec is that of another network.
        """
        spec = config.get("spec")
        graph = {key: value for key, value in config.items() if key != "spec"}
        model = super().from_config(graph, custom_objects=custom_objects)
        model._spec = None if spec is None else AudioSpec.from_config(spec)
        if model._spec is not None:
            check_fits(model, model._spec)
        return model


def _native_arguments(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Give arguments of Keras with arrays in this machine's byte order."""
    arrays = ("y", "sample_weight", "validation_data")
    named = {key: native_order(kwargs[key]) for key in arrays if key in kwargs}
    return native_order(args), kwargs | named
