"""Sounds and sentences side by side: tag with any words, search with words."""

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.arguments import class_names
from kerasaudio.core.audio_model import Audio, AudioModel
from kerasaudio.core.heads import scorer, with_head
from kerasaudio.core.pretrained import weights_file
from kerasaudio.models.clap import CLAP
from kerasaudio.models.clap_text import PADDING, read_sentences
from kerasaudio.zero_shot.byte_pairs import BytePairs

LONGEST = 77  # tokens of a sentence in training
SUFFIXES = (".safetensors", ".bin")
_BATCH = 32


class ZeroShot:
    """A CLAP: tags sounds with any words, and finds sounds by words.

        clap = kerasaudio.ZeroShot("clap-htsat-unfused/")
        clap.tag("street.wav", labels=["a dog barking", "rain"])
        clap.text("rain on a roof")          # a vector beside those of `clap.embed`
        model = clap.tagger(["a dog barking", "rain"])  # an AudioModel of its own

    Args:
        weights: Folder as on the Hugging Face Hub, such as a copy of
            laion/clap-htsat-unfused: `model.safetensors` or `pytorch_model.bin`,
            `config.json`, and the tokenizer, `vocab.json` and `merges.txt` or
            `tokenizer.json`. Or the path of such a weights file in its folder.

    Attributes:
        audio: The network for sounds, `kerasaudio.CLAP`, whose output is the embedding.
        scale: Factor of the cosines before softmax.

    Raises:
        ValueError: The weights are not those of a CLAP without fusion, or lie in
            several files; the tokenizer does not fit.
        OSError: A file is missing or cannot be read.

    Source: Wu et al. 2023, arXiv:2211.06687.

    Examples:
        >>> clap = kerasaudio.ZeroShot("clap/")
        >>> tags = clap.tag("sounds/rain.wav", labels=["a dog barking", "rain"])
        >>> sorted(label for label, score in tags)
        ['a dog barking', 'rain']
        >>> index = kerasaudio.similarity.Index()
        >>> names = ["bark", "knock", "rain"]
        >>> index.add(clap.embed([f"sounds/{name}.wav" for name in names]), ids=names)
        >>> [found.id in names for found in index.nearest(clap.text("rain"), k=1)]
        [True]
        >>> clap.tagger(["a dog barking", "rain"]).save("barks.keras")
    """

    def __init__(self, weights: str | PathLike[str]) -> None:
        path = weights_file(Path(weights), SUFFIXES)
        self._tokenizer = BytePairs.from_folder(path.parent)
        sentences = read_sentences(path)
        self._network, self.scale = sentences.network, sentences.scale
        self._longest = min(LONGEST, sentences.longest)
        known = self._network.get_layer("embeddings").vocabulary
        if self._tokenizer.size > known or self._tokenizer.padding != PADDING:
            raise ValueError(
                f"The tokenizer beside {str(path)!r} does not belong to its network, "
                f"which knows the tokens below {known}, and fills sentences with token "
                f"{PADDING}. Received: tokens below {self._tokenizer.size}, and "
                f"{self._tokenizer.padding}."
            )
        self.audio: AudioModel = CLAP(weights=path)
        if self.audio.output_shape != self._network.output_shape:
            raise ValueError(
                f"{str(path)!r} has vectors of {self.audio.output_shape[-1]} numbers "
                f"for sounds, but of {self._network.output_shape[-1]} for sentences."
            )

    def text(self, texts: str | Sequence[str]) -> np.ndarray:
        """Return the vectors of sentences, of length 1.

        The cosine with the vector of a sound (`embed`) says how well it is described;
        `kerasaudio.similarity.Index` finds the nearest of many sounds.

        Args:
            texts: A sentence or several, of at most 77 tokens (about 50 words).

        Returns:
            float32 (features,); for several sentences, (texts, features).

        Raises:
            ValueError: There is no text; or one is empty, too long, or not a string.
        """
        given = [texts] if isinstance(texts, str) else list(texts)
        for text in given:
            if not isinstance(text, str) or not text.strip():
                raise ValueError(
                    f"A text must be a string that is not empty. Received: {text!r}."
                )
        if not given:
            raise ValueError("texts is empty. Pass at least one text.")
        tokens = self.tokens(given)
        vectors = self._network.predict(tokens, batch_size=_BATCH, verbose=0)
        return vectors[0] if isinstance(texts, str) else vectors

    def tokens(self, texts: Sequence[str]) -> np.ndarray:
        """Return the numbers of the tokens of sentences, int32 (texts, tokens), padded.

        Raises:
            ValueError: A sentence is too long.
        """
        return self._tokenizer.batch(texts, self._longest)

    def embed(
        self, audio: Audio | Iterable[Audio], sample_rate: int | None = None
    ) -> np.ndarray:
        """Return the vectors of sounds; see `AudioModel.embed`."""
        return self.audio.embed(audio, sample_rate)

    def tagger(self, labels: Sequence[str], *, template: str = "{}") -> AudioModel:
        """Return a network that tags with these words, and does all that others do.

        Its head is a dense layer whose weights are the vectors of the labels times
        `scale`, with softmax: the scores say which label describes the sound best,
        compared with the others, and sum to 1. It shares the layers of `audio`. It can
        be saved, exported, trained, and used for `timeline` and events, without the
        network for sentences.

        Args:
            labels: At least two different labels, such as "a dog barking".
            template: Sentence in which each label replaces ``{}``; default: the label
                alone. The pipeline of Hugging Face transformers uses "This is a sound
                of {}."

        Raises:
            ValueError: The labels are not different strings, one is empty or too long,
                or there is only one; the template has no ``{}``.
        """
        names = class_names(labels)
        if len(names) < 2:
            raise ValueError(
                "labels must be at least two, as scores compare them with each other. "
                f"Received: {labels!r}."
            )
        if not all(name.strip() for name in names):
            raise ValueError(f"labels must not be empty. Received: {labels!r}.")
        if "{}" not in template:
            raise ValueError(
                "template must contain {} where the label stands. "
                f"Received: {template!r}."
            )
        vectors = self.text([template.replace("{}", name) for name in names])
        model = with_head(self.audio, names, activation="softmax")
        scorer(model).set_weights(
            [vectors.T * np.float32(self.scale), np.zeros(len(names), "float32")]
        )
        return model

    def tag(
        self,
        audio: Audio | Iterable[Audio],
        sample_rate: int | None = None,
        *,
        labels: Sequence[str],
        top: int | None = None,
        template: str = "{}",
    ) -> list[Any]:
        """Return the labels that describe a sound best, with their scores.

        For many calls with the same labels, call `tagger` once.

        Args:
            audio: One sound or several; see `AudioModel.tag`.
            sample_rate: As for `AudioModel.tag`.
            labels: As for `tagger`.
            top: Number of labels to return; default: 5, or all if there are fewer.
            template: As for `tagger`.

        Returns:
            (label, score) pairs, best first; for several clips, a list of such lists.
            The scores of a clip longer than 10 s are the mean over its windows.

        Raises:
            ValueError: See `tagger` and `AudioModel.tag`.
            OSError: A file is missing or cannot be decoded.
        """
        model = self.tagger(labels, template=template)
        return model.tag(audio, sample_rate, top=top)
