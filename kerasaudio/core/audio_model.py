"""AudioModel: a functional keras.Model that knows its rate, labels and origin."""

from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
from numpy.typing import ArrayLike

from kerasaudio.arguments import whole_number
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

Audio = str | PathLike[str] | ArrayLike | Mapping[str, Any]


class NoSpecError(AttributeError, ValueError):
    """A model was built by hand: an attribute that is missing, for `hasattr`, too."""


_NO_SPEC = "This AudioModel was built without a spec. Use a factory of kerasaudio."
_TOP = 5  # labels, unless more or fewer are asked for
_SPEC_OF_OUTPUT = "_kerasaudio_spec"

# By the name of a method, what does its work: it knows of models, not they of it.
WRITERS: dict[str, Callable[..., Any]] = {}


@keras.saving.register_keras_serializable("kerasaudio")
class AudioModel(InferenceModel):
    """A network from waveform to class scores (or to an embedding).

    It is a functional `keras.Model`: `fit`, `predict`, `save`, `get_layer` are Keras'
    own. The factories of `kerasaudio` build it; `spec` says what it takes and gives.

    Input: float32 in [-1, 1], mono, `spec.sample_rate` Hz, (batch, samples).
    Output: (batch, classes), or (batch, features) without a top.

    Attributes:
        spec: Rate, lengths, labels, licence, citation and metrics; see `AudioSpec`.

    Raises:
        ValueError: The spec is that of another network: its labels are not one an
            output, or its clips not as long as the input.

    Examples:
        >>> model = kerasaudio.LeNetMFCC(weights="fsdd")  # spoken digits
        >>> tags = model.tag("sounds/knock.wav", top=2)  # none of them, and so unsure
        >>> [(label, round(score, 2)) for label, score in tags]
        [('5', 0.23), ('6', 0.13)]
        >>> model.embed("sounds/knock.wav").shape
        (84,)
        >>> model.predict(np.zeros((2, 8_000), "float32"), verbose=0).shape
        (2, 10)
    """

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

    def tag(
        self,
        audio: Audio | Iterable[Audio],
        sample_rate: int | None = None,
        *,
        top: int | None = None,
    ) -> list[Any]:
        """Name what is heard.

        Long audio is cut into windows, whose scores are averaged, as the original does;
        see the factory's docstring, and `spec.rule`.

        Args:
            audio: A path, or a mono waveform (samples,) of floats in [-1, 1]; or with
                its rate a row of Hugging Face's, {"array": waveform, "sampling_rate":
                rate}, (rate, waveform) or (waveform, rate), whose integers are scaled.
                Or several of these: a list, a generator, an array or a Series.
            sample_rate: Rate of waveforms without one in Hz; paths know theirs.
            top: Number of labels to give, at most the number of classes; None for 5,
                or all where there are fewer.

        Returns:
            (label, score) pairs, best first; for several clips, a list of these.

        Raises:
            ValueError: The model has no top, or the audio is unusable: no or a wrong
                rate, stereo, integers, NaN, empty, shorter than 50 ms.
            OSError: A file is missing or cannot be decoded.
        """
        scores, several = windowed.outputs(
            super().predict_on_batch, self._tag_spec(), audio, sample_rate
        )
        tags = self.decode(scores, top)
        return tags if several else tags[0]

    def embed(
        self, audio: Audio | Iterable[Audio], sample_rate: int | None = None
    ) -> np.ndarray:
        """Turn sound into a vector: the `embedding` layer, averaged over windows.

        Args:
            audio: A path, or a mono waveform (samples,) of floats in [-1, 1]; or a list
                of either. Other forms: see `tag`.
            sample_rate: Rate of waveforms without one in Hz; paths know theirs.

        Returns:
            float32 (features,); for several clips, (clips, features).

        Raises:
            ValueError: The audio is unusable; see `tag`.
            OSError: A file is missing or cannot be decoded.
        """
        vectors, several = windowed.outputs(
            self._embedder().predict_on_batch, self.spec, audio, sample_rate
        )
        return vectors if several else vectors[0]

    def with_windows(
        self,
        window_seconds: float | None = None,
        hop_seconds: float | None = None,
        *,
        repeat_to_seconds: float | None = None,
    ) -> Self:
        """Give the same network, its layers shared, with other windows of a clip.

            near = model.with_windows(repeat_to_seconds=10)  # for short sounds
            near.tag("knock.wav")

        All that hears clips follows: `tag`, `embed`, `FeatureExtractor`,
        `predict_clips`, `measure`, `Stream`.

        Args:
            window_seconds: Length of a window, for networks that take any length;
                shorter clips are filled up to it. None for the network's own.
            hop_seconds: From the start of a window to the next; None for the network's
                own, or where `window_seconds` is given for windows side by side. Given
                one or the other, clips are no longer heard in one piece, nor in windows
                spread over them.
            repeat_to_seconds: Shorter clips are repeated up to this length. Networks
                that were trained on longer sounds then name more of them.

        Raises:
            ValueError: Not positive, not finite, or a length that the network cannot
                take.
        """
        spec = self.spec.with_windows(window_seconds, hop_seconds, repeat_to_seconds)
        return type(self)(self.input, self.output, name=self.name, spec=spec)

    def decode(
        self, predictions: ArrayLike, top: int | None = None
    ) -> list[list[tuple[str, float]]]:
        """Pair scores with labels.

        Args:
            predictions: Output of `predict`, (batch, classes).
            top: Number of labels a clip, best first; at most the number of classes.
                None for 5, or all where there are fewer.

        Returns:
            A list a clip, of (label, score).

        Raises:
            ValueError: Shape or `top` does not fit the labels, or there are none.
        """
        labels = self._tag_spec().labels or ()
        scores = np.asarray(predictions)
        if scores.ndim != 2 or scores.shape[1] != len(labels):
            raise ValueError(
                f"decode needs predictions of shape (batch, {len(labels)}). "
                f"Received: shape {scores.shape}."
            )
        if top is None:
            top = min(_TOP, len(labels))
        top = whole_number(top, "top", most=len(labels))
        order = np.argsort(-scores, axis=1, kind="stable")[:, :top]
        return [
            [(labels[i], float(row[i])) for i in best]
            for row, best in zip(scores, order, strict=True)
        ]

    def _tag_spec(self) -> AudioSpec:
        if self.spec.labels is None:
            raise ValueError(
                f"{self.name} has no labels to tag with. Build it with include_top="
                "True and labels=[...], or use embed()."
            )
        return self.spec

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

    def save_pretrained(
        self, path: str | PathLike[str], *, overwrite: bool = False
    ) -> Path:
        """Write the weights with what the model is, for its factory's `weights=`.

            model.save_pretrained("mine.safetensors")
            again = kerasaudio.MusiCNN(weights="mine.safetensors")

        One safetensors file: tensors that any program can read, and in its header the
        spec (labels, architecture arguments, windows, origin). Nothing in it is
        executed when it is read. `save("mine.keras")` also keeps the graph, and is for
        networks that no factory builds.

        Args:
            path: The `.safetensors` file; or a folder, which is made and gets
                `model.safetensors`.
            overwrite: Whether to replace the file.

        Returns:
            The file.

        Raises:
            ValueError: A network that no factory builds, such as one with a layer of
                your own.
            FileExistsError: There is such a file.
            OSError: It cannot be written.
        """
        written: Path = WRITERS["save_pretrained"](self, Path(path), overwrite)
        return written

    def export(
        self,
        filepath: str | PathLike[str],
        format: str | None = None,
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Write a file that runs without Keras; this is `kerasaudio.export`.

            model.export("mine.tflite")

        Args:
            filepath: What to write: a folder for a SavedModel, or a file.
            format: "saved_model", "litert", "onnx" or "openvino"; None to go by the
                suffix. Keras' "tf_saved_model" is "saved_model".
            verbose: Of `keras.Model.export`; whether to print the report.
            input_signature: Of `keras.Model.export`; not taken: `input_length=` says
                how long the input is.
            **kwargs: Of `kerasaudio.export`.

        Returns:
            The report; see `kerasaudio.export`.

        Raises:
            ValueError, OSError, ImportError: See `kerasaudio.export`.
        """
        write = WRITERS["export"]
        return write(self, filepath, format, verbose, input_signature, **kwargs)

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


# Keras' HDF5 files name a model's class without its package.
keras.saving.get_custom_objects()["AudioModel"] = AudioModel
