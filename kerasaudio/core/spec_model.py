"""A functional keras.Model with a spec: Keras' methods, adapted to waveforms."""

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
from kerasaudio.core.own_operations import own_operations
from kerasaudio.core.programs.shapes import Lengths
from kerasaudio.core.random_weights import kernel_checksum
from kerasaudio.core.spec import AudioSpec


class NoSpecError(AttributeError, ValueError):
    """The model has no spec. Also an AttributeError, so that `hasattr` works."""


_NO_SPEC = "This AudioModel was built without a spec. Use a factory of kerasaudio."
_SPEC_OF_OUTPUT = "_kerasaudio_spec"


class SpecModel(InferenceModel):
    """The part of `AudioModel` that overrides methods of Keras.

    Attributes:
        random_checksum: Checksum of random weights that the model was built with; None
            if they come from a file or a training.
        has_told_random: Whether a warning has told the user of random weights.
    """

    random_checksum: int | None = None
    has_told_random: bool = False

    # Keras recognizes a functional class by the names of its positional arguments.
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
        # Keras builds a clone from outputs and a name only.
        self._spec = spec or getattr(outputs, _SPEC_OF_OUTPUT, None)
        inside = any(isinstance(layer, SpecModel) for layer in self.layers)
        if spec is None and self._spec is not None and not inside:  # a clone
            self.random_checksum = kernel_checksum(self)
        if spec is not None:
            check_fits(self, spec)
        self._embedder = windowed.Lazy(lambda: tap(self, ["embedding"]))
        self.half_networks = windowed.Lazy(dict)  # of `half_precision`

    @property
    def spec(self) -> AudioSpec:
        """The description of the model's input, output and origin."""
        if self._spec is None:
            raise NoSpecError(_NO_SPEC)
        return self._spec

    @property
    def has_random_weights(self) -> bool:
        """Whether the weights are still the random ones that it was built with."""
        known = self.random_checksum
        if known is not None and known != kernel_checksum(self):
            self.random_checksum = known = None
        return known is not None

    @property
    def clip_lengths(self) -> Lengths | None:  # type: ignore[override]
        """The lengths of the model's clips, in samples; None without a spec."""
        if self._spec is None:
            return None
        window = self._spec.window_samples
        longest = max(window, self._spec.whole_samples)
        return Lengths(self._spec.min_samples, window, longest)

    @property
    def has_state(self) -> bool:  # type: ignore[override]
        """Whether a state goes on from each window of a clip to the next."""
        return self._spec is not None and self._spec.step_samples is not None

    def __getattr__(self, name: str) -> Any:
        """Raise an error that explains a missing spec; torch modules would not."""
        if name == "spec":
            raise NoSpecError(_NO_SPEC)
        inherited: Any = getattr(super(), "__getattr__", None)
        if inherited is None:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}"
            )
        return inherited(name)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Run the graph on waveforms; arrays may have any byte order."""
        return super().__call__(native(inputs), *args, **kwargs)

    def call(
        self, inputs: Any, training: bool | None = None, mask: Any = None, **kwargs: Any
    ) -> Any:
        """Run the graph; raise for empty batches and for integers."""
        check_static(inputs)
        with own_operations(self, training):
            return super().call(inputs, training=training, mask=mask, **kwargs)

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Train as `keras.Model.fit` does; the clips of a data set can be passed.

            model.fit(kerasaudio.datasets.from_folder("sounds/"), epochs=20)

        Args:
            x: Any input that Keras takes; or clips of `kerasaudio.datasets`, which are
                then read in batches of `batch_size` (default: 32).
            *args: As in `keras.Model.fit`; with clips, pass keywords only.
            **kwargs: As in `keras.Model.fit`; `validation_data` may also be clips.

        Raises:
            ValueError, OSError: The clips do not fit; see `ClipBatches`.
        """
        size = kwargs.get("batch_size") or 32
        if hasattr(x, "batches"):
            kwargs.pop("batch_size", None)
            x = x.batches(self, size, training=True)
            kwargs.setdefault("shuffle", False)  # the batches shuffle, by their seed
        held_out: Any = kwargs.get("validation_data")
        if hasattr(held_out, "batches"):
            kwargs["validation_data"] = held_out.batches(self, size, training=False)
        args, kwargs = _native_arguments(args, kwargs)
        return super().fit(native_order(x), *args, **kwargs)

    def evaluate(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Measure loss and metrics, as `keras.Model.evaluate` does.

        Args:
            x: Any input that Keras takes; or clips of `kerasaudio.datasets`, each of
                whose windows then counts as one example.
            *args: As in `keras.Model.evaluate`; with clips, pass keywords only.
            **kwargs: As in `keras.Model.evaluate`.

        Raises:
            ValueError, OSError: The clips do not fit; see `ClipBatches`.
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
        """Return the outputs for waveforms, as `keras.Model.predict` does.

        Several threads may share a model, unless one of them trains it.

        Args:
            x: Waveforms, floats in [-1, 1], (batch, samples), or a data set of them.
            *args: As in `keras.Model.predict`.
            **kwargs: As in `keras.Model.predict`.

        Raises:
            ValueError: The array is not a batch of waveforms of the right length: it
                is integer, stereo, too short, (samples, batch), or contains NaN.
        """
        return super().predict(check_batch(x, self._spec), *args, **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for one batch; checks arrays as `predict` does."""
        return super().predict_on_batch(native(check_batch(x, self._spec)))

    def get_build_config(self) -> dict[str, Any]:
        """Return Keras' build config with advice, which its loading errors show."""
        own = super().get_build_config() or {}
        return {**own, "advice": "To load this file, import kerasaudio first."}

    def _run_through_graph(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Attach the spec to the outputs, the only thing `clone_model` passes on."""
        outputs = super()._run_through_graph(inputs, *args, **kwargs)
        if isinstance(outputs, keras.KerasTensor) and self._spec is not None:
            setattr(outputs, _SPEC_OF_OUTPUT, self._spec)
        return outputs

    def get_config(self) -> dict[str, Any]:
        """Return the configuration of the functional model, with the spec."""
        config = super().get_config() | {
            "spec": None if self._spec is None else self._spec.get_config()
        }
        if self.has_random_weights:
            config["random_checksum"] = self.random_checksum
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Rebuild the model that `get_config` described.

        Raises:
            ValueError: The configuration is invalid, or its spec does not fit.
        """
        spec = config.get("spec")
        own = ("spec", "random_checksum")
        graph = {key: value for key, value in config.items() if key not in own}
        model = super().from_config(graph, custom_objects=custom_objects)
        model._spec = None if spec is None else AudioSpec.from_config(spec)
        model.random_checksum = config.get("random_checksum")
        if model._spec is not None:
            check_fits(model, model._spec)
        return model


def _native_arguments(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return arguments for Keras with arrays in this machine's byte order."""
    arrays = ("y", "sample_weight", "validation_data")
    named = {key: native_order(kwargs[key]) for key in arrays if key in kwargs}
    return native_order(args), kwargs | named
