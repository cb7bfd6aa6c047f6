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
from kerasaudio.core.spec import AudioSpec
from kerasaudio.core.spec_model import NoSpecError as NoSpecError
from kerasaudio.core.spec_model import SpecModel

Audio = str | PathLike[str] | ArrayLike | Mapping[str, Any]


_TOP = 5  # labels, unless more or fewer are asked for

# By the name of a method, what does its work: it knows of models, not they of it.
WRITERS: dict[str, Callable[..., Any]] = {}


@keras.saving.register_keras_serializable("kerasaudio")
class AudioModel(SpecModel):
    """A network from waveform to class scores (or to an embedding).

    It is a functional `keras.Model`: `fit`, `predict`, `save`, `get_layer` are Keras'
    own. The factories of `kerasaudio` build it; `spec` says what it takes and gives.

    Input: float32 in [-1, 1], mono, `spec.sample_rate` Hz, (batch, samples).
    Output: (batch, classes), or (batch, features) without a top.

    Attributes:
        spec: Rate, lengths, labels, license, citation and metrics; see `AudioSpec`.

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
            super(SpecModel, self).predict_on_batch,
            self._tag_spec(),
            audio,
            sample_rate,
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
            input_signature: Of `keras.Model.export`; not taken: `input_seconds=` says
                how long the input is.
            **kwargs: Of `kerasaudio.export`.

        Returns:
            The report; see `kerasaudio.export`.

        Raises:
            ValueError, OSError, ImportError: See `kerasaudio.export`.
        """
        write = WRITERS["export"]
        return write(self, filepath, format, verbose, input_signature, **kwargs)


def check_model(value: Any, what: str) -> None:
    """Raise a ValueError unless a value is a model of kerasaudio.

    Args:
        value: To be checked.
        what: Takes it, for the message.
    """
    if not isinstance(value, AudioModel):
        raise ValueError(
            f"{what} takes a model of kerasaudio. Received: {type(value).__name__}."
        )


# Keras' HDF5 files name a model's class without its package.
keras.saving.get_custom_objects()["AudioModel"] = AudioModel
