"""What a model expects and gives: rate, lengths, labels, and where it comes from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from kerasaudio.arguments import number
from kerasaudio.audio.check import check_size
from kerasaudio.audio.window_rule import Padding, Rest, WindowRule
from kerasaudio.core.spec_fields import (
    REQUIRED,
    as_now,
    check_fields,
    check_kind,
    name_now,
)
from kerasaudio.moved import old_attribute


@dataclass(frozen=True, repr=False)
class AudioSpec:
    """The facts a model carries besides its weights.

    Attributes:
        sample_rate: Samples a second of the waveform that the model takes, in Hz.
        clip_samples: Exact length of the input in samples; None if any length goes.
            Networks with `context_samples` also take so many more, which come before.
        window_samples: Length of the windows that long audio is cut into, in samples.
        architecture: Factory that built the model, such as ``"MusiCNN"``.
        min_samples: Shortest input in samples.
        short_samples: Clips, and rests of clips, that are shorter than this are filled
            up to it, also where the network takes them as they are.
        window_padding: What fills a short clip, or the rest of a clip behind its last
            full window: ``"zeros"``, or ``"repeat"``, the clip from its beginning.
        hop_samples: From one window's start to the next in samples; None for windows
            side by side.
        rest: What becomes of that rest: ``"count"``, a window whose weight in the mean
            is the share of a window that the clip has of it; ``"full"``, a window like
            all others; ``"drop"``, none, unless the clip is shorter than a window.
        windows_per_clip: A clip's answer is the mean of so many windows, spread over
            it; None for windows a hop apart.
        whole_samples: Clips up to this length are heard in one piece; 0 for none.
        context_samples: Samples before its start that a window has in front, silence at
            the beginning of the clip.
        edge_samples: How many of its last samples a window may lack to be a full one.
        max_samples: How much of its input the network hears, in samples; None for all.
        frontend: Parameters of the feature extraction inside the graph.
        arguments: Architecture arguments that the model was built with.
        labels: Names of the classes, in the order of the output and in Unicode's
            composed form, NFC; None without a top.
        weights: Tag of the published weights that the body has, or had before it was
            trained on; None if there are none. A head of other classes leaves it.
        weights_hash: ``"sha256:..."`` or ``"git_blob:..."`` of the file they came from.
        trained_on: Data sets that it was trained on since, in order.
        license: License of the weights (SPDX).
        citation: Paper to cite.
        homepage: Where the original is published.
        metrics: Scores of the network with the head that it has, such as
            ``{"dataset": ..., "roc_auc": ...}``, published or measured while it was
            trained. A new head has none, and neither has an embedding.

    Examples:
        >>> spec = kerasaudio.LeNetMFCC(weights="fsdd").spec
        >>> spec
        AudioSpec('LeNetMFCC/fsdd', sample_rate=8000, window_seconds=1, labels=10)
        >>> spec.labels[:3], spec.license
        (('0', '1', '2'), 'Apache-2.0')
    """

    sample_rate: int
    clip_samples: int | None
    window_samples: int
    architecture: str = ""
    min_samples: int = 1
    window_padding: Padding = "zeros"
    hop_samples: int | None = None
    short_samples: int = 0
    rest: Rest = "count"
    windows_per_clip: int | None = None
    whole_samples: int = 0
    context_samples: int = 0
    edge_samples: int = 0
    max_samples: int | None = None
    frontend: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] | None = None
    weights: str | None = None
    weights_hash: str | None = None
    trained_on: tuple[str, ...] = ()
    license: str | None = None
    citation: str | None = None
    homepage: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)

    licence = old_attribute("licence", "license")

    def __post_init__(self) -> None:
        """Check each field: they also come from files. Bring labels into one form.

        Raises:
            ValueError: A field has a value that it cannot have.
        """
        check_fields(self)

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

    @classmethod
    def of_any_length(
        cls,
        sample_rate: int,
        window_samples: int,
        min_samples: int,
        clip_samples: int | None = None,
        **fields: Any,
    ) -> Self:
        """Describe a network that takes any length, unless it is built for one."""
        if clip_samples is not None:
            fields |= {"hop_samples": None, "whole_samples": 0}
            window_samples = min_samples = clip_samples
        return cls(
            sample_rate, clip_samples, window_samples, min_samples=min_samples, **fields
        )

    @property
    def preset(self) -> str | None:
        """Factory and tag, such as ``"MusiCNN/mtat"``, whose weights the body has.

        None without a tag, and where it was trained on.
        """
        if self.weights is None or self.trained_on:
            return None
        return f"{self.architecture}/{self.weights}"

    def __repr__(self) -> str:
        """Give the main facts in a line; labels are counted, not listed."""
        name = self.preset or self.architecture
        about = f"{name!r}, " if name else ""
        labels = None if self.labels is None else len(self.labels)
        return (
            f"{type(self).__name__}({about}sample_rate={self.sample_rate}, "
            f"window_seconds={self.window_seconds:g}, labels={labels})"
        )

    @property
    def window_seconds(self) -> float:
        """Length of the windows that long audio is cut into."""
        return self.window_samples / self.sample_rate

    @property
    def hop_seconds(self) -> float:
        """From the start of a window to the next."""
        return (self.hop_samples or self.window_samples) / self.sample_rate

    @property
    def rule(self) -> WindowRule:
        """How a clip becomes windows, and what each counts in the clip's answer."""
        return WindowRule(
            window=self.window_samples,
            hop=self.hop_samples or self.window_samples,
            padding=self.window_padding,
            rest=self.rest,
            exact=self.clip_samples is not None,
            shortest=max(self.min_samples, self.short_samples),
            per_clip=self.windows_per_clip,
            whole=self.whole_samples,
            context=self.context_samples,
            edge=self.edge_samples,
        )

    def takes(self, samples: int) -> bool:
        """Tell whether windows can have a length, and all of it is heard."""
        if self.clip_samples is not None:
            return samples == self.clip_samples
        return self.min_samples <= samples <= (self.max_samples or samples)

    @property
    def lengths(self) -> str:
        """Say which lengths these are, such as "at least 0.5 s"."""
        rate = self.sample_rate
        if self.clip_samples is not None:
            return f"exactly {self.clip_samples / rate:g} s"
        least = f"{self.min_samples / rate:g} s"
        if self.max_samples is None:
            return f"at least {least}"
        return f"from {least} to {self.max_samples / rate:g} s"

    def with_windows(
        self,
        window_seconds: float | None = None,
        hop_seconds: float | None = None,
        repeat_to_seconds: float | None = None,
    ) -> Self:
        """Give the spec with other windows.

        Args:
            window_seconds: Length of a window, for networks that take any length; clips
                that are shorter are filled up to it. None for the network's own.
            hop_seconds: From the start of a window to the next; None for the network's
                own, or where `window_seconds` is given for windows side by side.
            repeat_to_seconds: Shorter clips are repeated up to this length, which helps
                networks that were trained on longer sounds.

        Raises:
            ValueError: Not positive, not finite, or a length that the network cannot
                take.
        """
        spec, rate = self, self.sample_rate
        if window_seconds is not None:
            window = round(number(window_seconds, "window_seconds", above=0) * rate)
            check_size(window, "A window", "Choose a shorter one.")
            if not spec.takes(window):
                raise ValueError(
                    f"{spec.architecture or 'The model'} takes {spec.lengths}. "
                    f"Received: window_seconds={window_seconds!r}."
                )
            spec = spec.over_time().replace(
                window_samples=window, hop_samples=None, short_samples=window
            )
        if hop_seconds is not None:
            hop = round(number(hop_seconds, "hop_seconds", above=0) * rate)
            spec = spec.over_time().replace(hop_samples=max(1, hop))
        if repeat_to_seconds is not None:
            seconds = number(repeat_to_seconds, "repeat_to_seconds", above=0)
            short = round(seconds * rate)
            longest = max(spec.window_samples, spec.whole_samples)
            if short > longest:
                raise ValueError(
                    f"repeat_to_seconds must be at most {longest / rate:g}, the longest"
                    f" that {spec.architecture or 'the model'} hears at once. "
                    f"Received: {repeat_to_seconds!r}."
                )
            spec = spec.replace(short_samples=short, window_padding="repeat")
        return spec

    def over_time(self) -> Self:
        """Give the spec for answers over time: windows a hop apart, as long as any."""
        return self.replace(windows_per_clip=None, whole_samples=0)

    def of_own_head(self) -> Self:
        """Give the spec for classes of the user's own: all of a clip counts."""
        return self.replace(rest="count", windows_per_clip=None)

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
        """Make a spec from what `get_config` gave.

        Raises:
            ValueError: It is something else.
        """
        check_kind(config, Mapping, "A spec")
        config = {name_now(name): as_now(name, value) for name, value in config.items()}
        known = {field.name for field in fields(cls)}
        lacking = [name for name in REQUIRED if name not in config]
        unknown = [str(name) for name in config if name not in known]
        if lacking or unknown:
            raise ValueError(
                "A spec must have sample_rate, clip_samples and window_samples, and "
                f"nothing unknown. Received: {', '.join(unknown[:4]) or 'too little'}."
            )
        for name in config.get("labels") or ():
            check_kind(name, str, "Each of labels")
        return cls(**config)
