"""The description of a model: sample rate, lengths, labels and origin."""

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
    whole_steps,
)
from kerasaudio.moved import old_attribute, renamed


@renamed(licence="license")
@dataclass(frozen=True, repr=False)
class AudioSpec:
    """The facts that a model carries besides its weights.

    Attributes:
        sample_rate: Sample rate of the waveform that the model takes, in Hz.
        clip_samples: Exact length of the input in samples; None for any length. With
            `context_samples`, the network also takes inputs with that many samples
            more, in front of the clip.
        window_samples: Length of the windows that long audio is cut into, in samples.
        architecture: Factory that built the model, such as ``"MusiCNN"``.
        min_samples: Shortest input in samples.
        short_samples: Clips, and remainders of clips, shorter than this number of
            samples are padded to it, even if the network accepts them as they are.
        window_padding: Content that fills a short clip, or the remainder of a clip
            after its last full window: ``"zeros"``; ``"repeat"``, the clip again from
            its beginning; or ``"whole_repeats"``, the same samples again, as often as
            they fit, then zeros.
        hop_samples: Distance from one window's start to the next in samples; None for
            windows that do not overlap.
        rest: Treatment of that remainder: ``"count"``, a window whose weight in the
            mean is the fraction of it that the clip covers; ``"full"``, a window like
            all others; ``"drop"``, no window, unless the clip is shorter than one.
        windows_per_clip: Number of windows, spread over the clip, whose mean is the
            clip's result; None for windows one hop apart.
        whole_samples: Clips up to this length in samples are processed in one piece;
            0 to always cut them.
        context_samples: Number of samples before its start that each window includes;
            at the beginning of the clip they are silence.
        edge_samples: Number of samples that may be missing at the end of a window that
            still counts as full.
        max_samples: Number of samples of its input that the network uses; None for all.
        step_samples: Step in samples of a network with a state, such as that of a
            recurrent layer, which goes on from each window of a clip to the next;
            windows are whole steps long and lie side by side. None for networks that
            hear each window on its own.
        frontend: Parameters of the feature extraction inside the graph.
        arguments: Architecture arguments that the model was built with.
        labels: Names of the classes, in the order of the output and in Unicode's
            composed form, NFC; None without a top.
        weights: Tag of the published weights of the body, also after further training
            or with a head for other classes; None without published weights.
        weights_hash: ``"sha256:..."`` or ``"git_blob:..."`` of the weights file.
        trained_on: Data sets that the model was trained on since then, in order.
        provenance: Steps that led to the weights, in order: where a file came from
            with its hash, and on what a part was trained, by which version.
        learned_files: Beginnings of the SHA-256 hashes, 12 hexadecimal digits each, of
            the files that it was trained on since then; see `evaluate`.
        license: License of the weights (SPDX).
        citation: Paper to cite.
        homepage: Address where the original is published.
        metrics: Scores of the network with its present head, published or measured
            during training, such as ``{"dataset": ..., "roc_auc": ...}``. Empty for a
            new head and for an embedding.

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
    step_samples: int | None = None
    frontend: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] | None = None
    weights: str | None = None
    weights_hash: str | None = None
    trained_on: tuple[str, ...] = ()
    provenance: tuple[Mapping[str, Any], ...] = ()
    learned_files: tuple[str, ...] = ()
    license: str | None = None
    citation: str | None = None
    homepage: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)

    licence = old_attribute("licence", "license")

    def __post_init__(self) -> None:
        """Check each field, as specs are also read from files, and normalize labels.

        Raises:
            ValueError: A field has an invalid value.
        """
        check_fields(self)

    @classmethod
    def of_fixed_clips(
        cls,
        sample_rate: int,
        clip_samples: int,
        frontend: Mapping[str, Any] | None = None,
    ) -> Self:
        """Return the spec of a network with one input length; short clips repeat."""
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
        """Return the spec of a network for any length, or for `clip_samples` only."""
        if clip_samples is not None:
            fields |= {"hop_samples": None, "whole_samples": 0}
            window_samples = min_samples = clip_samples
        return cls(
            sample_rate, clip_samples, window_samples, min_samples=min_samples, **fields
        )

    @property
    def is_pretrained(self) -> bool:
        """Whether the weights are from a file or a training, not only random."""
        known = self.weights, self.weights_hash, self.trained_on, self.metrics
        return any(known)

    @property
    def preset(self) -> str | None:
        """Factory and tag of the body's weights, such as ``"MusiCNN/mtat"``.

        None without a tag, or after further training.
        """
        if self.weights is None or self.trained_on:
            return None
        return f"{self.architecture}/{self.weights}"

    def __repr__(self) -> str:
        """Return the main facts in one line, with the number of labels."""
        name = self.preset or self.architecture
        about = f"{name!r}, " if name else ""
        labels = None if self.labels is None else len(self.labels)
        return (
            f"{type(self).__name__}({about}sample_rate={self.sample_rate}, "
            f"window_seconds={self.window_seconds:g}, labels={labels})"
        )

    @property
    def window_seconds(self) -> float:
        """Length of the windows that long audio is cut into, in seconds."""
        return self.window_samples / self.sample_rate

    @property
    def hop_seconds(self) -> float:
        """Time from the start of one window to the start of the next, in seconds."""
        return (self.hop_samples or self.window_samples) / self.sample_rate

    @property
    def rule(self) -> WindowRule:
        """The rule that cuts a clip into windows and weights them in its result."""
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
            step=self.step_samples or 1,
        )

    def takes(self, samples: int) -> bool:
        """Return whether the network accepts windows of this length, and uses all."""
        if self.clip_samples is not None:
            return samples == self.clip_samples
        return self.min_samples <= samples <= (self.max_samples or samples)

    @property
    def lengths(self) -> str:
        """The lengths that the network accepts, as text, such as "at least 0.5 s"."""
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
        """Return a copy with other windows.

        Windows of a network with a state (`step_samples`) lie side by side; their
        length, or the hop, is rounded to whole steps.

        Args:
            window_seconds: Length of a window in seconds, for networks that accept any
                length; shorter clips are padded to it. Default: the network's own.
            hop_seconds: Time from the start of one window to the start of the next, in
                seconds. Default: the network's own; with `window_seconds`, the window
                length, so that windows do not overlap.
            repeat_to_seconds: Shorter clips are repeated up to this length in seconds.
                This helps networks that were trained on longer sounds.

        Raises:
            ValueError: A value is not positive or not finite, or the network does not
                accept the length; or the network has a state, and windows would not lie
                side by side.
        """
        spec, rate = self, self.sample_rate
        if self.step_samples is not None:
            window_seconds = whole_steps(self, window_seconds, hop_seconds)
            hop_seconds = None
        if window_seconds is not None:
            window = round(number(window_seconds, "window_seconds", above=0) * rate)
            check_size(window, "A window", "Choose a shorter one.")
            if not spec.takes(window):
                raise ValueError(
                    f"{spec.architecture or 'The model'} takes {spec.lengths}. "
                    f"Received: window_seconds={window_seconds!r}."
                )
            spec = spec.over_time().replace(
                window_samples=window,
                hop_samples=None,
                short_samples=window if self.step_samples is None else 0,
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
                    f" clip that {spec.architecture or 'the model'} takes at once. "
                    f"Received: {repeat_to_seconds!r}."
                )
            spec = spec.replace(short_samples=short, window_padding="repeat")
        return spec

    def over_time(self) -> Self:
        """Return the spec for results over time: all windows are one hop apart."""
        return self.replace(windows_per_clip=None, whole_samples=0)

    def of_own_head(self) -> Self:
        """Return the spec for the user's own classes: every part of a clip counts."""
        return self.replace(rest="count", windows_per_clip=None)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    def get_config(self) -> dict[str, Any]:
        """Return a dictionary that JSON can store."""
        config = asdict(self)
        config["labels"] = None if self.labels is None else list(self.labels)
        config["trained_on"] = list(self.trained_on)
        config["provenance"] = [dict(step) for step in self.provenance]
        config["learned_files"] = list(self.learned_files)
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Return the spec that `get_config` described.

        Raises:
            ValueError: The configuration is not that of a spec.
        """
        check_kind(config, Mapping, "A spec")
        config = {name_now(name): as_now(name, value) for name, value in config.items()}
        known = {field.name for field in fields(cls)}
        lacking = [name for name in REQUIRED if name not in config]
        unknown = [str(name) for name in config if name not in known]
        if lacking or unknown:
            raise ValueError(
                "A spec must have sample_rate, clip_samples and window_samples, and no "
                f"unknown fields. Received: {', '.join(unknown[:4]) or 'too few'}."
            )
        for name in config.get("labels") or ():
            check_kind(name, str, "Each of labels")
        return cls(**config)
