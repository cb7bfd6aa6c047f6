"""AudioModel: a functional keras.Model that knows its rate, labels and origin."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
from numpy.typing import ArrayLike

from kerasaudio.models import windowed
from kerasaudio.models.checks import check_batch, check_static
from kerasaudio.models.compiled import avoid_xla_on_cpu
from kerasaudio.models.spec import AudioSpec
from kerasaudio.models.tap import tap

Audio = str | PathLike[str] | ArrayLike


@keras.saving.register_keras_serializable("kerasaudio")
class AudioModel(keras.Model):
    """A network from waveform to class scores (or to an embedding).

    It is a functional `keras.Model`: `fit`, `predict`, `save`, `get_layer` are Keras'
    own. The factories of `kerasaudio` build it; `spec` says what it takes and gives.

    Input: float32 in [-1, 1], mono, `spec.sample_rate` Hz, (batch, samples).
    Output: (batch, classes), or (batch, features) without a top.

    Attributes:
        spec: Rate, lengths, labels, licence, citation and metrics; see `AudioSpec`.
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
        self._spec = spec
        avoid_xla_on_cpu(self)
        self._embedder = windowed.Lazy(lambda: tap(self, ["embedding"]))

    @property
    def spec(self) -> AudioSpec:
        """What the model takes and gives, and where it comes from."""
        if self._spec is None:
            # No AttributeError: torch modules replace those by one of their own.
            raise ValueError(
                "This AudioModel was built without a spec. Use a factory of kerasaudio."
            )
        return self._spec

    def call(
        self, inputs: Any, training: bool | None = None, mask: Any = None, **kwargs: Any
    ) -> Any:
        """Run the graph; integers, which Keras would cast in silence, are refused."""
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
        return super().fit(x, *args, **kwargs)

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
        return super().evaluate(x, *args, **kwargs)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Give the output for waveforms, as `keras.Model.predict` does.

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
        return super().predict_on_batch(check_batch(x, self._spec))

    def tag(
        self,
        audio: Audio | Sequence[Audio],
        sample_rate: int | None = None,
        *,
        top: int = 5,
    ) -> list[Any]:
        """Name what is heard.

        Audio longer than `spec.window_samples` is cut into windows, `spec.hop_samples`
        apart or side by side, and their scores are averaged.

        Args:
            audio: A path, or a mono waveform (samples,) of floats in [-1, 1]; or a list
                of either.
            sample_rate: Rate of the waveforms in Hz; paths know theirs.
            top: Number of labels to give, at most the number of classes.

        Returns:
            (label, score) pairs, best first; for a list of audio, a list of these.

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
        self, audio: Audio | Sequence[Audio], sample_rate: int | None = None
    ) -> np.ndarray:
        """Turn sound into a vector: the `embedding` layer, averaged over windows.

        Args:
            audio: A path, or a mono waveform (samples,) of floats in [-1, 1]; or a list
                of either.
            sample_rate: Rate of the waveforms in Hz; paths know theirs.

        Returns:
            float32 (features,); for a list of audio, (clips, features).

        Raises:
            ValueError: The audio is unusable; see `tag`.
            OSError: A file is missing or cannot be decoded.
        """
        vectors, several = windowed.outputs(
            self._embedder().predict_on_batch, self.spec, audio, sample_rate
        )
        return vectors if several else vectors[0]

    def decode(
        self, predictions: ArrayLike, top: int = 5
    ) -> list[list[tuple[str, float]]]:
        """Pair scores with labels.

        Args:
            predictions: Output of `predict`, (batch, classes).
            top: Number of labels a clip, best first; at most the number of classes.

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
        if not isinstance(top, int | np.integer) or not 1 <= top <= len(labels):
            raise ValueError(
                f"top must be an integer from 1 to {len(labels)}. Received: {top!r}."
            )
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
        from kerasaudio.models.saving import save_pretrained

        return save_pretrained(self, Path(path), overwrite)

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
        from kerasaudio.export.method import export_method

        return export_method(self, filepath, format, verbose, input_signature, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Give the functional configuration, with the spec."""
        return super().get_config() | {
            "spec": None if self._spec is None else self._spec.get_config()
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Rebuild the model that `get_config` described."""
        spec = config.get("spec")
        graph = {key: value for key, value in config.items() if key != "spec"}
        model = super().from_config(graph, custom_objects=custom_objects)
        model._spec = None if spec is None else AudioSpec.from_config(spec)
        return model


# Keras' HDF5 files name a model's class without its package.
keras.saving.get_custom_objects()["AudioModel"] = AudioModel
