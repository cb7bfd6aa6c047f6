"""What a model expects and gives: rate, lengths, labels, and where it comes from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

Padding = Literal["zeros", "repeat"]


@dataclass(frozen=True)
class AudioSpec:
    """The facts a model carries besides its weights.

    Attributes:
        sample_rate: Samples a second of the waveform that the model takes, in Hz.
        clip_samples: Exact length of the input in samples; None if any length goes.
        window_samples: Length of the windows that long audio is cut into, in samples.
        architecture: Factory that built the model, such as ``"MusiCNN"``.
        min_samples: Shortest input in samples.
        window_padding: How the last window is filled up, ``"zeros"`` or ``"repeat"``.
        hop_samples: From one window's start to the next in samples; None for windows
            side by side.
        frontend: Parameters of the feature extraction inside the graph.
        arguments: Architecture arguments that the model was built with.
        labels: Names of the classes, in the order of the output; None without a top.
        weights: Tag of the published weights that the body has, or had before it was
            trained on; None if there are none. A head of other classes leaves it.
        weights_hash: ``"sha256:..."`` or ``"git_blob:..."`` of the file they came from.
        trained_on: Data sets that it was trained on since, in order.
        licence: Licence of the weights (SPDX).
        citation: Paper to cite.
        homepage: Where the original is published.
        metrics: Scores of the network with the head that it has, such as
            ``{"dataset": ..., "roc_auc": ...}``, published or measured while it was
            trained. A new head has none, and neither has an embedding.
    """

    sample_rate: int
    clip_samples: int | None
    window_samples: int
    architecture: str = ""
    min_samples: int = 1
    window_padding: Padding = "zeros"
    hop_samples: int | None = None
    frontend: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] | None = None
    weights: str | None = None
    weights_hash: str | None = None
    trained_on: tuple[str, ...] = ()
    licence: str | None = None
    citation: str | None = None
    homepage: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_fixed_clips(
        cls,
        sample_rate: int,
        clip_samples: int,
        frontend: Mapping[str, Any] | None = None,
    ) -> Self:
        """Describe a network of one input length; short sounds are repeated to it."""
        return cls(
            sample_rate=sample_rate,
            clip_samples=clip_samples,
            window_samples=clip_samples,
            min_samples=clip_samples,
            window_padding="repeat",
            frontend=frontend or {},
        )

    @property
    def preset(self) -> str | None:
        """Factory and tag, such as ``"MusiCNN/mtat"``, whose weights the body has.

        None without a tag, and where it was trained on.
        """
        if self.weights is None or self.trained_on:
            return None
        return f"{self.architecture}/{self.weights}"

    @property
    def window_seconds(self) -> float:
        """Length of the windows that long audio is cut into."""
        return self.window_samples / self.sample_rate

    @property
    def hop_seconds(self) -> float:
        """From the start of a window to the next."""
        return (self.hop_samples or self.window_samples) / self.sample_rate

    def replace(self, **changes: Any) -> Self:
        """Give a copy with some fields changed."""
        return replace(self, **changes)

    def get_config(self) -> dict[str, Any]:
        """Give a JSON-ready dictionary."""
        config = asdict(self)
        config["labels"] = None if self.labels is None else list(self.labels)
        config["trained_on"] = list(self.trained_on)
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a spec from what `get_config` gave."""
        labels = config.get("labels")
        changes = {
            "labels": None if labels is None else tuple(labels),
            "trained_on": tuple(config.get("trained_on", ())),
        }
        return cls(**{**config, **changes})
