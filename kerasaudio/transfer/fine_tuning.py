"""Fine-tuning on waveforms: a new head on a frozen body, or the whole network.

A random head would distort a pretrained body at first, and a few clips give poor
statistics for normalization. So the head is fitted before all layers are trained (Kumar
et al. 2022, arXiv:2202.10054), and batch normalization keeps its statistics.
"""

from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np

from kerasaudio.core import AudioModel
from kerasaudio.core.audio_model import check_model
from kerasaudio.core.heads import activation_name, scorer
from kerasaudio.core.programs.tracing import QuietModel
from kerasaudio.core.provenance import trained, with_step
from kerasaudio.datasets import LabeledClips
from kerasaudio.datasets.learned import learned_too
from kerasaudio.datasets.protocol import check_clips
from kerasaudio.transfer.heads import freeze_normalization, with_new_head
from kerasaudio.transfer.probes import linear_head, one_against_all
from kerasaudio.transfer.settings import ON_WAVEFORMS, check_seed, settle
from kerasaudio.transfer.training import Trainer
from kerasaudio.transfer.waveforms import Waveforms, load_waveforms


def fine_tune(
    model: AudioModel,
    clips: LabeledClips,
    *,
    body: Literal["frozen", "full"] = "full",
    seed: int = 0,
    **settings: Any,
) -> AudioModel:
    """Train a copy of a model, with a new head, on all clips of a data set.

    Clips are decoded into memory and cut or padded to one length. Use
    `cross_validate(model, clips, "full")` to estimate the accuracy on new clips.

    Args:
        model: Pretrained model; it does not change.
        clips: Clips with one class each; folds are ignored.
        body: "frozen": only the new head is trained, and batch normalization stays in
            inference mode. "full": the new head is fitted first, like the linear
            probe; then all layers except batch normalization are trained.
        seed: Random seed of the head's initial weights, shuffling and dropout.
        **settings: Settings of the training, with their defaults for "frozen" and
            "full": epochs (10, 5), batch_size in windows (32, 16), learning_rate of
            Adam (0.003, 0.0001), and clip_seconds, the length of a training window in
            seconds (the network's length, or the median length of the clips).

    Returns:
        The trained copy, with the head that the model's factory makes for the class
        names, which become its `spec.labels`.

    Raises:
        ValueError: A setting is unknown, the network does not accept the length, or
            clips are parts of files or have several classes.
        OSError: A clip is missing or cannot be decoded.

    Examples:
        >>> clips = kerasaudio.datasets.from_folder("labeled")
        >>> model = kerasaudio.load("LeNetMFCC/fsdd")
        >>> tuned = kerasaudio.transfer.fine_tune(model, clips, epochs=2)
        >>> tuned.spec.labels
        ('hiss', 'hum')
        >>> label, score = tuned.tag("labeled/hum/0.wav")[0]
        >>> label
        'hum'
    """
    settled = settle(body, settings, ON_WAVEFORMS)
    check_model(model, "fine_tune")
    check_clips(clips)
    clips.require_whole_files("fine_tune")
    waveforms = load_waveforms(clips.paths, model.spec, settled["clip_seconds"])
    tuner = Tuner(
        model,
        waveforms,
        clips.targets,
        clips.class_names,
        body,
        settled,
        check_seed(seed),
    )
    tuned = tuner.fit(np.arange(len(clips)))
    spec = tuned.spec
    spec = spec.replace(learned_files=learned_too(spec.learned_files, clips.paths))
    if body == "full":  # otherwise the body has not changed
        spec = spec.replace(trained_on=(*spec.trained_on, clips.name))
    part = "network" if body == "full" else "head"
    step = trained(clips.name, len(clips), len(clips.class_names), part)
    whole = AudioModel(tuned.input, tuned.output, name=tuned.name, spec=spec)
    return with_step(whole, step)


class Tuner:
    """Fine-tune one network on several sets of clips, compiled once.

    Args:
        model: Pretrained model; it is copied.
        waveforms: Waveforms of all clips.
        targets: Class numbers of all clips.
        class_names: Names of the classes.
        body: "frozen" or "full".
        settings: Settings from `settle`.
        seed: Random seed.
    """

    def __init__(
        self,
        model: AudioModel,
        waveforms: Waveforms,
        targets: np.ndarray,
        class_names: Sequence[str],
        body: str,
        settings: dict[str, Any],
        seed: int,
    ) -> None:
        keras.utils.set_random_seed(seed)
        self._waveforms, self._targets = waveforms, targets[waveforms.clip_of]
        self._settings, self._seed = settings, seed
        tuned = with_new_head(model, class_names, frozen=body == "frozen")
        self._head = scorer(tuned)
        self._exclusive = activation_name(tuned) == "softmax"
        self._classes = len(class_names)
        self._vectors = None
        if body == "full":
            freeze_normalization(tuned)
            sees = QuietModel(tuned.input, self._head.input)
            vectors = sees.predict(
                waveforms.samples, batch_size=settings["batch_size"], verbose=0
            )
            # The average of the pieces, for networks that score pieces of a clip.
            self._vectors = vectors.mean(axis=1) if vectors.ndim == 3 else vectors
        loss = "binary_crossentropy"
        if self._exclusive:
            loss = "sparse_categorical_crossentropy"
        self._trainer = Trainer(tuned, settings["learning_rate"], loss=loss)

    def fit(self, clips: np.ndarray) -> AudioModel:
        """Train from the pretrained weights on some clips; return the (one) model."""
        chosen = np.isin(self._waveforms.clip_of, clips)
        self._trainer.reset()
        if self._vectors is not None:
            self._head.set_weights(self._fitted_head(chosen))
        targets = self._targets[chosen]
        if not self._exclusive:
            targets = np.eye(self._classes, dtype="float32")[targets]
        self._trainer.go_on(
            self._waveforms.samples[chosen],
            targets,
            epochs=self._settings["epochs"],
            batch_size=self._settings["batch_size"],
            seed=self._seed,
        )
        return self._trainer.model

    def _fitted_head(self, chosen: np.ndarray) -> list[np.ndarray]:
        assert self._vectors is not None
        vectors, targets = self._vectors[chosen], self._targets[chosen]
        kernel, bias = linear_head(vectors, targets, self._classes)
        return [kernel, bias if self._exclusive else one_against_all(bias)]

    def predict(self, clips: np.ndarray) -> np.ndarray:
        """Return probabilities for some clips."""
        return self._waveforms.answers(
            self._trainer.model, clips, self._settings["batch_size"]
        )
