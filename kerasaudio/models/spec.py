"""What a model expects and gives: rate, lengths, labels, and where it comes from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

from kerasaudio.arguments import class_name

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
        labels: Names of the classes, in the order of the output and in Unicode's
            composed form, NFC; None without a top.
        weights: Tag of the published weights, None if there are none.
        weights_hash: ``"sha256:..."`` or ``"git_blob:..."`` of the file they came from.
        licence: Licence of the weights (SPDX).
        citation: Paper to cite.
        homepage: Where the original is published.
        metrics: Published scores, such as ``{"dataset": ..., "roc_auc": ...}``.
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
    licence: str | None = None
    citation: str | None = None
    homepage: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Bring labels into one form."""
        if self.labels is not None:
            names = tuple(class_name(label) for label in self.labels)
            object.__setattr__(self, "labels", names)

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
        """Factory and tag, such as ``"MusiCNN/mtat"``; None without a tag."""
        return None if self.weights is None else f"{self.architecture}/{self.weights}"

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
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a spec from what `get_config` gave."""
        labels = config.get("labels")
        return cls(**{**config, "labels": None if labels is None else tuple(labels)})
