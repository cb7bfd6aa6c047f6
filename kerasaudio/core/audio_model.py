"""AudioModel: a functional keras.Model with a sample rate, labels and an origin."""

from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
from numpy.typing import ArrayLike

from kerasaudio.core import windowed
from kerasaudio.core.random_weights import warn_if_random
from kerasaudio.core.ranked import ranked
from kerasaudio.core.score_timeline import ScoreTimeline
from kerasaudio.core.spec import AudioSpec
from kerasaudio.core.spec_model import NoSpecError as NoSpecError
from kerasaudio.core.spec_model import SpecModel
from kerasaudio.ontology import Ontology, check_ontology

Audio = str | PathLike[str] | ArrayLike | Mapping[str, Any]

# Method name -> the function that does its work. The modules of these functions import
# this one and register them here, so that imports run in one direction.
WORKERS: dict[str, Callable[..., Any]] = {}


@keras.saving.register_keras_serializable("kerasaudio")
class AudioModel(SpecModel):
    """A network from waveform to class scores (or to an embedding).

    It is a functional `keras.Model`: `fit`, `predict`, `save` and `get_layer` work as
    in Keras. The factories of `kerasaudio` build it; `spec` describes its input and
    output.

    Input: float32 in [-1, 1], mono, `spec.sample_rate` Hz, (batch, samples).
    Output: (batch, classes), or (batch, features) without a top.

    Attributes:
        spec: Sample rate, lengths, labels, license, citation and metrics; see
            `AudioSpec`.

    Raises:
        ValueError: The spec does not fit the network: the number of labels differs
            from the number of outputs, or the clip length from the input length.

    Examples:
        >>> model = kerasaudio.LeNetMFCC(weights="fsdd")  # spoken digits
        >>> tags = model.tag("sounds/knock.wav", top=2)  # not a digit: low scores
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
        ontology: Ontology | None = None,
        dtype: str | None = None,
    ) -> list[Any]:
        """Return the labels with the highest scores.

        Long audio is cut into windows, whose scores are averaged as in the original;
        see the factory's docstring and `spec.rule`.

        Args:
            audio: A path, or a mono waveform (samples,) of floats in [-1, 1]. Or a
                waveform with its sample rate: a row of a Hugging Face dataset,
                {"array": waveform, "sampling_rate": rate}, or a pair (rate, waveform)
                or (waveform, rate), whose integers are scaled. Or several of these: a
                list, a generator, an array or a Series.
            sample_rate: Sample rate in Hz of waveforms that come without one; files
                contain their own.
            top: Number of labels to return, at most the number of classes; default: 5,
                or all if there are fewer.
            ontology: For models of AudioSet's classes: return the classes above those
                of the model instead, with the highest score of any class below; see
                `Ontology.parent_scores`.
            dtype: "bfloat16" or "float16" to compute the network in half precision,
                which is faster on GPUs; None as it was built. Front-ends and heads stay
                in float32.

        Returns:
            (label, score) pairs, best first; for several clips, a list of such lists.

        Raises:
            ValueError: The model has no top, or the audio is unusable: its rate is
                missing or wrong, or it is stereo, integer, empty, shorter than 50 ms
                or contains NaN. The ontology lacks a label.
            OSError: A file is missing or cannot be decoded.

        Warns:
            UserWarning: The weights are random: `weights=None` and no training; or with
                `dtype`, scores move by more than 0.01, or were not measured. Each
                comes once for each model.
        """
        spec = self._tag_spec()
        labels = spec.labels or ()
        check_ontology(ontology)
        warn_if_random(self)
        network = self if dtype is None else WORKERS["in_half"](self, dtype)
        scores, several = windowed.outputs(network, spec, audio, sample_rate)
        if ontology is not None:
            labels, scores = ontology.parent_scores(labels, scores)
        tags = ranked(scores, labels, top)
        return tags if several else tags[0]

    def timeline(
        self,
        audio: Audio,
        sample_rate: int | None = None,
        *,
        window_seconds: float | None = None,
        hop_seconds: float | None = None,
    ) -> ScoreTimeline:
        """Return the scores over time: of frames if the network has them, else windows.

        Args:
            audio: One sound, in a form that `tag` takes. Long files are read in blocks.
            sample_rate: As for `tag`.
            window_seconds: Length of the windows; see `with_windows`.
            hop_seconds: Time from one window to the next; see `with_windows`.

        Raises:
            ValueError: The model has no labels, the audio is unusable, the network does
                not accept the length, or has frames and takes no windows.
            OSError: The file is missing or cannot be decoded.
        """
        warn_if_random(self)
        windows = {"window_seconds": window_seconds, "hop_seconds": hop_seconds}
        line: ScoreTimeline = WORKERS["timeline"](self, audio, sample_rate, **windows)
        return line

    def embed(
        self,
        audio: Audio | Iterable[Audio],
        sample_rate: int | None = None,
        *,
        dtype: str | None = None,
    ) -> np.ndarray:
        """Return the output of the layer `embedding`, averaged over windows.

        Args:
            audio: A path, or a mono waveform (samples,) of floats in [-1, 1]; or a list
                of either. For other forms see `tag`.
            sample_rate: Sample rate in Hz of waveforms that come without one; files
                contain their own.
            dtype: As for `tag`.

        Returns:
            A float32 array (features,); for several clips, (clips, features).

        Raises:
            ValueError: The audio is unusable; see `tag`.
            OSError: A file is missing or cannot be decoded.
        """
        warn_if_random(self)
        network = self._embedder()
        if dtype is not None:
            network = WORKERS["in_half"](self, dtype, ["embedding"])
        vectors, several = windowed.outputs(network, self.spec, audio, sample_rate)
        return vectors if several else vectors[0]

    def with_windows(
        self,
        window_seconds: float | None = None,
        hop_seconds: float | None = None,
        *,
        repeat_to_seconds: float | None = None,
    ) -> Self:
        """Return a model that shares the layers but cuts clips into other windows.

            near = model.with_windows(repeat_to_seconds=10)  # for short sounds
            near.tag("knock.wav")

        The windows apply to `tag`, `timeline`, `embed`, `FeatureExtractor`,
        `predict_clips`, `measure` and `Stream`.

        Args:
            window_seconds: Length of a window in seconds, for networks that accept any
                length; shorter clips are padded to it. Default: the network's own.
            hop_seconds: Time from the start of one window to the start of the next, in
                seconds. Default: the network's own; with `window_seconds`, the window
                length, so that windows do not overlap. If either is passed, clips are
                no longer processed in one piece or in windows spread over the clip.
            repeat_to_seconds: Shorter clips are repeated up to this length in seconds.
                This helps networks that were trained on longer sounds.

        Raises:
            ValueError: A value is not positive or not finite, or the network does not
                accept the length.
        """
        spec = self.spec.with_windows(window_seconds, hop_seconds, repeat_to_seconds)
        model = type(self)(self.input, self.output, name=self.name, spec=spec)
        model.random_checksum = self.random_checksum
        model.has_told_random = self.has_told_random
        return model

    def decode(
        self, predictions: ArrayLike, top: int | None = None
    ) -> list[list[tuple[str, float]]]:
        """Pair scores with labels.

        Args:
            predictions: Output of `predict`, (batch, classes).
            top: Number of labels per clip, at most the number of classes; default: 5,
                or all if there are fewer.

        Returns:
            One list of (label, score) per clip, best first.

        Raises:
            ValueError: The shape or `top` does not fit the labels, or the model has no
                labels.
        """
        labels = self._tag_spec().labels or ()
        scores = np.asarray(predictions)
        if scores.ndim != 2 or scores.shape[1] != len(labels):
            raise ValueError(
                f"decode needs predictions of shape (batch, {len(labels)}). "
                f"Received: shape {scores.shape}."
            )
        return ranked(scores, labels, top)

    def _tag_spec(self) -> AudioSpec:
        if self.spec.labels is None:
            raise ValueError(
                f"{self.name} has no labels to tag with. Build it with include_top="
                "True and labels=[...], or use embed()."
            )
        if len(self.output_shape) != 2:
            raise ValueError(
                f"{self.name} scores frames, not clips. Use timeline() or "
                "kerasaudio.events.find_events, or the model it was made from."
            )
        return self.spec

    def save_pretrained(
        self, path: str | PathLike[str], *, overwrite: bool = False
    ) -> Path:
        """Write the weights and the spec to a file for the factory's `weights=`.

            model.save_pretrained("mine.safetensors")
            again = kerasaudio.MusiCNN(weights="mine.safetensors")

        It is a safetensors file: any program can read the tensors, and the header
        contains the spec (labels, architecture arguments, windows, origin). Reading it
        executes nothing. For networks that no factory builds use `save("mine.keras")`,
        which also stores the graph.

        Args:
            path: Path of the `.safetensors` file; or a folder, which is created if
                needed and gets a file `model.safetensors`.
            overwrite: Whether to replace an existing file.

        Returns:
            The path of the file.

        Raises:
            ValueError: No factory builds this network; for example, you added a layer.
            FileExistsError: The file exists.
            OSError: The file cannot be written.
        """
        written: Path = WORKERS["save_pretrained"](self, Path(path), overwrite)
        return written

    def push_to_hub(
        self,
        repo: str,
        *,
        token: str | None = None,
        private: bool | None = None,
        message: str | None = None,
        card: str | None = None,
        **about: Any,
    ) -> str:
        """Upload the model and its card to the Hugging Face Hub, in one commit.

            model.push_to_hub("user/dogs")
            again = kerasaudio.load("hf://user/dogs")

        Other files of the repository stay. If the upload fails, nothing in the
        repository changes.

        Args:
            repo: "user/repo"; it is created if it does not exist.
            token: Token that may write; default: that of HF_TOKEN or `hf auth login`.
            private: Whether a new repository is private; default: the account's
                setting.
            message: Message of the commit.
            card: Text of the model card; default: `card()`.
            **about: Arguments of `card`: description, license, report.

        Returns:
            The address of the commit, "hf://user/repo@commit".

        Raises:
            ValueError: The name of the repository or the token is invalid.
            OSError: There is no token, or the upload failed.

        Warns:
            UserWarning: The license of the base weights forbids commercial use.
        """
        push = WORKERS["push_to_hub"]
        return str(push(self, repo, token, private, message, card, **about))

    def card(self, repo: str = "user/repo", **about: Any) -> str:
        """Return the model card that `push_to_hub` uploads.

        Args:
            repo: Name of the repository, for the example in the card.
            **about: description (your own words), license (SPDX; default: that of the
                base weights), report (from `kerasaudio.evaluate`).

        Returns:
            Markdown with a YAML header.
        """
        return str(WORKERS["card"](self, repo, **about))

    def save_card(
        self, path: str | PathLike[str], repo: str = "user/repo", **about: Any
    ) -> Path:
        """Write the model card to a file; see `card`.

        Raises:
            OSError: The file cannot be written.
        """
        written: Path = WORKERS["save_card"](self, path, repo, **about)
        return written

    def export(
        self,
        filepath: str | PathLike[str],
        format: str | None = None,
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Write a model that runs without Keras; calls `kerasaudio.export`.

            model.export("mine.tflite")

        Args:
            filepath: Path to write: a folder for a SavedModel, otherwise a file.
            format: "saved_model", "litert", "onnx" or "openvino"; default: by the
                suffix. Keras' name "tf_saved_model" also means "saved_model".
            verbose: Whether to print the report, as in `keras.Model.export`.
            input_signature: Not supported; pass `input_seconds=` to set the length of
                the input.
            **kwargs: Other arguments of `kerasaudio.export`.

        Returns:
            The report; see `kerasaudio.export`.

        Raises:
            ValueError, OSError, ImportError: See `kerasaudio.export`.
        """
        write = WORKERS["export"]
        return write(self, filepath, format, verbose, input_signature, **kwargs)


def check_model(value: Any, what: str) -> None:
    """Raise a ValueError unless a value is an AudioModel.

    Args:
        value: The value to check.
        what: Name of the caller, for the message.
    """
    if not isinstance(value, AudioModel):
        raise ValueError(
            f"{what} takes a model of kerasaudio. Received: {type(value).__name__}."
        )


# HDF5 files of Keras contain the name of a model's class without its package.
keras.saving.get_custom_objects()["AudioModel"] = AudioModel
