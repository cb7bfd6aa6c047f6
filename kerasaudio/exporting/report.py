"""What an export tells about the file that it wrote."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kerasaudio.exporting.facts import COMPILE_WITH
from kerasaudio.text import columns, megabytes, printable


@dataclass(frozen=True)
class Verification:
    """The artifact beside the model, on the same clips.

    Attributes:
        clips: How many were run.
        source: Where they are from: "synthetic", or what the user gave.
        max_difference: Of any two outputs; of vectors that reach beyond [-1, 1],
            relative to their largest value.
        relative_rms: Of the differences, relative to that of the model's outputs.
        untold_difference: As `max_difference`, where a runtime computes in another
            precision unless it is told not to (OpenVINO); None for the others.
        untold_precision: That precision on this machine, such as "bfloat16".
        top1_agreement: Share of the clips with the same best label; None for vectors
            without labels, or one label.
        accuracy_before: Share of the labeled clips that the model recognizes; None
            unless labeled clips were given.
        accuracy_after: The same of the artifact.
        latency_ms: Median time for one clip on one thread, in milliseconds.
        real_time_factor: That time over the clip's own; below 1 it keeps up.
    """

    clips: int
    source: str
    max_difference: float
    relative_rms: float
    top1_agreement: float | None
    accuracy_before: float | None
    accuracy_after: float | None
    latency_ms: float
    real_time_factor: float
    untold_difference: float | None = None
    untold_precision: str | None = None


@dataclass(frozen=True)
class ExportReport:
    """What was written, and how it compares.

    Attributes:
        path: The file or folder.
        format: Its format.
        quantize: How it is quantized, None for float32.
        input_samples: Length of its input, None for any.
        size_bytes: Of everything that was written.
        verification: How it compares with the model; None if that was not asked for.
    """

    path: Path
    format: str
    quantize: str | None
    input_samples: int | None
    size_bytes: int
    verification: Verification | None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return asdict(self) | {"path": str(self.path)}

    def __str__(self) -> str:
        """Return a table for people."""
        rows: list[tuple[str, ...]] = [
            ("file", printable(self.path)),
            ("format", f"{self.format}, {self.quantize or 'float32'}"),
            ("size", megabytes(self.size_bytes)),
        ]
        found = self.verification
        if found is None:
            return columns([*rows, ("verified", "no")])
        rows += [
            ("verified on", f"{found.clips} clips, {found.source}"),
            ("largest difference", f"{found.max_difference:.1e}"),
        ]
        if found.untold_difference is not None:
            told = ", ".join(f"{k}: {v}" for k, v in COMPILE_WITH.items())
            rows += [
                ("  with", told),
                (
                    "  without",
                    f"{found.untold_difference:.1e}, {found.untold_precision} here",
                ),
            ]
        if found.top1_agreement is not None:
            rows.append(("same best label", f"{100 * found.top1_agreement:.1f} %"))
        if found.accuracy_before is not None and found.accuracy_after is not None:
            before, after = 100 * found.accuracy_before, 100 * found.accuracy_after
            rows.append(("accuracy", f"{before:.1f} % before, {after:.1f} % after"))
        rows += [
            ("time for a clip", f"{found.latency_ms:.1f} ms, one thread"),
            ("real-time factor", f"{found.real_time_factor:.4f}"),
        ]
        return columns(rows)
