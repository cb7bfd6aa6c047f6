"""Pictures as arrays: what is accepted, their sizes, a step into them, their files."""

import io
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.extras import install
from kerasaudio.files.whole_file import writing_whole

Size = tuple[int, int]  # height and width in pixels
_ROUNDING = 1e-4


def check_picture(picture: Any, name: str = "picture") -> np.ndarray:
    """Return a picture as float32 (height, width, 3) from 0 to 1.

    Args:
        picture: Path of a picture file, or an array (height, width), (height, width, 1)
            or (height, width, 3), of uint8, or of floats from 0 to 1. A Pillow image is
            such an array.
        name: Name of the argument.

    Raises:
        ValueError: It has another shape or type, is empty, or holds other numbers.
        OSError: The file is missing or is no picture.
        ImportError: A path is given, and Pillow is not installed.
    """
    if isinstance(picture, str | PathLike):
        return _read(Path(picture))
    try:
        pixels = np.asarray(picture)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(
            f"{name} must be a picture. Received: {type(picture).__name__}."
        ) from error
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3) or not pixels.size:
        four = pixels.ndim == 3 and pixels.shape[2] == 4
        raise ValueError(
            f"{name} must have the shape (height, width, 3), or (height, width) for "
            f"gray, and at least one pixel. Received: shape {np.shape(picture)}."
            + (" Leave out its transparency: picture[..., :3]." if four else "")
        )
    if pixels.dtype == np.uint8:
        pixels = pixels.astype("float32") / 255
    elif pixels.dtype.kind != "f" and pixels.dtype.name != "bfloat16":
        raise ValueError(
            f"{name} must be of uint8, 0 to 255, or of floats, 0 to 1. Received: dtype "
            f"{pixels.dtype.name}."
        )
    pixels = pixels.astype("float32")
    if not np.isfinite(pixels).all():
        raise ValueError(f"{name} must hold finite numbers. It has NaN or infinity.")
    if pixels.min() < -_ROUNDING or pixels.max() > 1 + _ROUNDING:
        raise ValueError(
            f"Floats of {name} must be from 0 to 1. Received: {pixels.min():g} to "
            f"{pixels.max():g}. Divide by 255, or pass uint8."
        )
    return np.repeat(pixels.clip(0, 1), 3 // pixels.shape[2], axis=2)


def resized(picture: np.ndarray, size: Size) -> np.ndarray:
    """Return a picture, or a difference of two, in another size.

    Between pixels it is interpolated linearly; where it becomes smaller, pixels are
    averaged.
    """
    return zoomed(picture, 1.0, size)


def zoomed(
    picture: np.ndarray,
    zoom: float,
    size: Size | None = None,
    aside: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
    """Return the middle of a picture, enlarged.

    Args:
        picture: float32 (height, width, channels).
        zoom: By how much it is enlarged; 1 for not.
        size: Height and width of the result; default: those of the picture.
        aside: How many pixels below and right of its middle the new middle is.
    """
    height, width = size or picture.shape[:2]
    down = _weights(picture.shape[0], height, zoom, aside[0])
    across = _weights(picture.shape[1], width, zoom, aside[1])
    rows = np.tensordot(down, picture, 1)
    return np.tensordot(across, rows, (1, 1)).transpose(1, 0, 2)


def _weights(known: int, count: int, zoom: float, aside: float) -> np.ndarray:
    """Return the share of each of `known` pixels in each of `count`."""
    pitch = known / count / zoom
    middles = aside + known / 2 + pitch * (np.arange(count) + 0.5 - count / 2) - 0.5
    reach = max(1.0, pitch)
    distance = np.abs(np.arange(known) - middles.clip(0, known - 1)[:, None])
    shares = np.maximum(0, 1 - distance / reach)
    weights: np.ndarray = shares / shares.sum(axis=1, keepdims=True)
    return weights.astype("float32")


def as_bytes(picture: np.ndarray) -> np.ndarray:
    """Return a picture as uint8, 0 to 255."""
    pixels: np.ndarray = np.rint(picture.clip(0, 1) * 255).astype(np.uint8)
    return pixels


def check_pillow() -> None:
    """Raise unless Pillow is installed.

    Raises:
        ImportError: It is missing; the message says what to install.
    """
    try:
        import PIL.Image  # noqa: F401
    except ImportError as error:
        raise ImportError(f"Picture files need Pillow: {install('plot')}.") from error


def png_bytes(picture: np.ndarray) -> bytes:
    """Return a picture as the bytes of a PNG file; call `check_pillow` before."""
    from PIL import Image

    written = io.BytesIO()
    Image.fromarray(as_bytes(picture)).save(written, "PNG")
    return written.getvalue()


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Write a PNG file, completely or not at all.

    Raises:
        OSError: The file cannot be written.
        ImportError: Pillow is not installed.
    """
    check_pillow()
    with writing_whole(path) as temporary:
        temporary.write_bytes(png_bytes(picture))


def _read(path: Path) -> np.ndarray:
    check_pillow()
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, SyntaxError, ValueError) as error:
        raise OSError(f"{str(path)!r} is not a picture: {error}") from error
    except Image.DecompressionBombError as error:
        raise OSError(f"{str(path)!r} is too large: {error}") from error
    except OSError as error:
        if error.errno is not None:  # such as a missing file
            raise
        raise OSError(f"{str(path)!r} is damaged: {error}") from error
    return pixels.astype("float32") / 255
