"""The report of an export: the written file and its verification."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kerasaudio.exporting.facts import COMPILE_WITH
from kerasaudio.text import columns, megabytes, printable


@dataclass(frozen=True)
class Verification:
    """Comparison of the exported file with the model on the same clips.

    Attributes:
        clips: Number of clips.
        source: Where the clips are from: "synthetic", or the user's clips.
        max_difference: Largest difference of any output value; for vectors with values
            outside [-1, 1], relative to the largest value.
        relative_rms: RMS of the differences relative to the RMS of the model's outputs.
        untold_difference: As `max_difference`, for a runtime whose default precision is
            lower (OpenVINO), without the setting for float32; None for other runtimes.
        untold_precision: That default precision on this machine, such as "bfloat16".
        top1_agreement: Fraction of the clips with the same best label; None for vectors
            without labels and for a single label.
        accuracy_before: Fraction of the labeled clips that the model recognizes; None
            unless labeled clips were given.
        accuracy_after: The same for the exported file.
        latency_ms: Median time for one clip on one thread, in milliseconds.
        real_time_factor: This time divided by the length of the clip; below 1 is faster
            than real time.
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
    """Result of an export.

    Attributes:
        path: Path of the file or folder.
        format: Name of the format.
        quantize: Quantization; None for float32.
        input_samples: Length of the input in samples; None for any length.
        size_bytes: Total size of all written files in bytes.
        verification: Comparison with the model; None if it was switched off.
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
        """Return the report as a text table."""
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
