"""The formats: their names, the packages they need, and what they support."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kerasaudio.exporting.errors import ExportError
from kerasaudio.extras import install

QUANTIZE = ("float16", "dynamic", "int8")
# Operations with fewer weights, such as first layers and depthwise ones, are not
# rounded: each weight matters there, and they take little space.
FEW_WEIGHTS = 2_000


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: Name of the format, as in `export(format=...)`.
        suffix: Suffix of its file; empty for a folder.
        extra: Extra of kerasaudio that installs the packages it needs.
        modules: Modules that must be importable to write and run it.
        quantize: Supported quantizations, each with the further modules that it needs.
        companions: Suffixes of further files next to the main file.
        method: Form of the front-end: ``"fft"``, or ``"matmul"`` if its runtime has no
            Fourier transform, or a slow one for some lengths only (LiteRT: powers of
            2, at three times the time).
        one_clip: Whether the batch is always one clip; otherwise any number.
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
    """Return the named format, or with name None the format of the path's suffix.

    Raises:
        ValueError: The format is unknown, or the suffix belongs to another format.
    """
    if name is None:
        for form in FORMATS.values():
            if form.suffix == path.suffix.lower():
                return form
        raise ValueError(
            f"The suffix of {str(path)!r} is not that of a format. Formats: "
            f"{_listed()}."
        )
    if name not in FORMATS:
        raise ValueError(f"format must be one of {_listed()}. Received: {name!r}.")
    form = FORMATS[name]
    if form.suffix != path.suffix.lower() and form.suffix:
        raise ValueError(
            f"format={name!r} needs a path with the suffix {form.suffix!r}. "
            f"Received: {str(path)!r}."
        )
    return form


def _listed() -> str:
    return ", ".join(
        f"{form.name!r} ({form.suffix or 'a folder, no suffix'})"
        for form in FORMATS.values()
    )


def check_quantize(form: Format, quantize: Any) -> None:
    """Raise unless the format supports the quantization.

    Raises:
        ValueError: The quantization is unknown.
        ExportError: The format does not support it.
    """
    if quantize is None or quantize in form.quantize:
        return
    if quantize not in QUANTIZE:
        raise ValueError(
            f"quantize must be None or one of {QUANTIZE}. Received: {quantize!r}."
        )
    able = [other.name for other in FORMATS.values() if quantize in other.quantize]
    raise ExportError(
        f"{form.name} does not support quantize={quantize!r}. It takes: "
        f"{', '.join(['None', *map(repr, form.quantize)])}. Formats that support "
        f"{quantize!r}: {', '.join(able)}."
    )


def check_installed(form: Format, quantize: str | None) -> None:
    """Raise unless all packages that the export needs are installed.

    Raises:
        ImportError: Packages are missing; the message says what to install.
    """
    needed = ["tensorflow", *form.modules]
    needed += form.quantize[quantize] if quantize else ()
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(
            f"Exporting to {form.name} needs {', '.join(missing)}: "
            f"{install(form.extra)}."
        )
