"""The formats: how they are named, what they need installed, what they can hold."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kerasaudio.exporting.errors import ExportError

QUANTIZE = ("float16", "dynamic", "int8")
# Operations of fewer are not rounded, as in first layers and those by channel: each
# weight counts there, and they take no room.
FEW_WEIGHTS = 2_000


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: As `export(format=...)` takes it.
        suffix: Of its file; empty for a folder.
        extra: Of kerasaudio, that installs what it needs.
        modules: What must be importable to write and run it.
        quantize: What it can be quantized to, with what that needs besides.
        companions: Suffixes of further files beside the one that is named.
        method: Form of the front-end that its runtime computes: ``"fft"``,
            ``"matmul"`` where it has no Fourier transform, or ``"fft of powers of 2"``
            where it has only those.
        one_clip: Whether the batch is one clip; otherwise any number.
    """

    name: str
    suffix: str
    extra: str
    modules: tuple[str, ...] = ()
    quantize: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    companions: tuple[str, ...] = ()
    method: str = "matmul"
    one_clip: bool = False


FORMATS = {
    form.name: form
    for form in (
        Format("saved_model", "", "tensorflow", method="fft"),
        Format(
            "litert",
            ".tflite",
            "litert",
            ("ai_edge_litert",),
            dict.fromkeys(QUANTIZE, ("ai_edge_quantizer",)),
            method="fft of powers of 2",
            one_clip=True,
        ),
        Format(
            "onnx",
            ".onnx",
            "onnx",
            ("onnx", "onnxruntime", "tf2onnx"),
            dict.fromkeys(QUANTIZE, ()),
        ),
        Format(
            "openvino",
            ".xml",
            "openvino",
            ("openvino",),
            {"float16": (), "dynamic": ("nncf",), "int8": ("nncf",)},
            companions=(".bin",),
            method="fft",
        ),
    )
}


def choose_format(path: Path, name: str | None) -> Format:
    """Return the format that is named, or else the one of the path's suffix.

    Raises:
        ValueError: There is no such format, or the suffix is another one's.
    """
    if name is None:
        for form in FORMATS.values():
            if form.suffix == path.suffix.lower():
                return form
        raise ValueError(
            f"The suffix of {str(path)!r} names no format. There are: {_listed()}."
        )
    if name not in FORMATS:
        raise ValueError(f"format must be one of {_listed()}. Received: {name!r}.")
    form = FORMATS[name]
    if form.suffix != path.suffix.lower() and form.suffix:
        raise ValueError(
            f"format={name!r} is written to a file with the suffix {form.suffix!r}. "
            f"Received: {str(path)!r}."
        )
    return form


def _listed() -> str:
    return ", ".join(
        f"{form.name!r} ({form.suffix or 'a folder, no suffix'})"
        for form in FORMATS.values()
    )


def check_quantize(form: Format, quantize: Any) -> None:
    """Raise unless the format can be quantized so.

    Raises:
        ValueError: There is no such quantization.
        ExportError: There is, but not in this format.
    """
    if quantize is None or quantize in form.quantize:
        return
    if quantize not in QUANTIZE:
        raise ValueError(
            f"quantize must be None or one of {QUANTIZE}. Received: {quantize!r}."
        )
    able = [other.name for other in FORMATS.values() if quantize in other.quantize]
    raise ExportError(
        f"{form.name} cannot be quantized to {quantize!r} here. It takes: "
        f"{', '.join(['None', *map(repr, form.quantize)])}. Formats that take "
        f"{quantize!r}: {', '.join(able)}."
    )


def check_installed(form: Format, quantize: str | None) -> None:
    """Raise unless everything that the export needs is installed.

    Raises:
        ImportError: What is missing, and the extra that installs it.
    """
    needed = ["tensorflow", *form.modules]
    needed += form.quantize[quantize] if quantize else ()
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(
            f"Exporting to {form.name} needs {', '.join(missing)}: "
            f'pip install "kerasaudio[{form.extra}]".'
        )
