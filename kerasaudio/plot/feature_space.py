"""A map of vectors: a picture, or a page where a click on a point plays its sound."""

import os
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np

from kerasaudio.arguments import number
from kerasaudio.audio.check import check_rate
from kerasaudio.audio.load import check_seconds
from kerasaudio.moved import renamed
from kerasaudio.plot import check, clips
from kerasaudio.plot.clips import Sound
from kerasaudio.plot.figure import Place, find_place
from kerasaudio.plot.page import write_page
from kerasaudio.plot.project import prepare
from kerasaudio.plot.scatter import write_picture

Method = Literal["pca", "tsne", "umap"]
_TITLES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
_PICTURE, _PAGES = ".png", (".html", ".htm")


@renamed(neighbours="neighbors")
def feature_space(
    vectors: Any,
    labels: Sequence[Any] | None = None,
    audio: Sequence[Any] | None = None,
    *,
    sample_rate: int | None = None,
    starts: Sequence[float] | None = None,
    method: Method = "pca",
    path: str | PathLike[str] | None = None,
    ax: Any = None,
    title: str | None = None,
    seed: int = 0,
    perplexity: float | None = None,
    neighbors: int | None = None,
    embed_audio: bool = True,
    clip_seconds: float = 5.0,
    max_megabytes: float = 32.0,
) -> np.ndarray:
    """Project vectors to a plane, and draw them.

    A `.png` has a legend, and colors and shapes that color-blind people can
    distinguish. An `.html` is one file that needs no network: points show their names,
    a click or tap (or Enter) plays their sounds, the wheel or two fingers zoom, the
    legend hides classes, and a search finds labels and files. It has a dark mode.

    Args:
        vectors: Vectors, (points, features), at least three points.
        labels: Class of each point, strings or whole numbers; None for no classes.
        audio: Sound of each point: paths, or waveforms (samples,) in [-1, 1].
        sample_rate: Sample rate of waveforms in Hz; not needed for files.
        starts: Start of each point's sound in its file, in seconds; None for 0.
        method: "pca", "tsne" (van der Maaten & Hinton 2008) or "umap" (McInnes et al.
            2018, arXiv:1802.03426; the extra `umap`).
        path: A .png, .html or .htm file to write; None to write nothing.
        ax: Axes of matplotlib to draw into, in a notebook for example; None for none.
        title: Title above the picture; None for the name of the method.
        seed: Random seed of t-SNE and UMAP.
        perplexity: Perplexity of t-SNE; None for 30, or less for few points.
        neighbors: Number of neighbors for UMAP; None for 15, or less for few points.
        embed_audio: Whether to embed the sounds in the page, as mono MP3 at 24 kHz.
            False links the files by paths relative to the page, which is then small but
            plays sounds only where the files are.
        clip_seconds: Length of each sound that the page plays, in seconds.
        max_megabytes: Most megabytes of sounds in a page; 5 s take about 0.04.

    Returns:
        Coordinates, float32 (points, 2).

    Raises:
        ValueError: Vectors have other axes, NaN or too few points; the number of labels
            or sounds differs; the method or suffix is unknown; settings do not fit;
            both `path` and `ax` are given; sounds are unusable, or too large for
            `max_megabytes`.
        OSError: A sound is missing or cannot be decoded, or the file cannot be written.
        ImportError: matplotlib, scikit-learn or umap-learn is needed and not installed.

    Examples:
        >>> files = kerasaudio.find_audio("sounds")
        >>> vectors = kerasaudio.MusiCNN("mtat").embed(files)
        >>> draw = kerasaudio.plot.feature_space
        >>> draw(vectors, audio=files, path="sounds.html").shape
        (3, 2)
    """
    points = check.check_vectors(vectors)
    classes, of_points = _classes(labels, len(points))
    project = prepare(method, len(points), seed, perplexity, neighbors)
    target = _target(path, ax, audio)
    sounds = _sounds(audio, starts, len(points))
    title = _TITLES[method] if title is None else title
    if not isinstance(target, Path):
        projection = project(points)
        if target is not None:
            write_picture(target, projection, classes, of_points, title)
        return projection.coordinates
    playable = None
    if sounds is not None:
        seconds = check_seconds(clip_seconds, "clip_seconds")
        if embed_audio:
            rate = None if sample_rate is None else check_rate(sample_rate)
            playable = clips.embed(sounds, rate, seconds, _megabytes(max_megabytes))
        else:
            playable = clips.link(sounds, seconds, target.parent)
    projection = project(points)
    names = [
        _name(number, sounds[number] if sounds else None)
        for number in range(len(points))
    ]
    write_page(target, projection, classes, of_points, names, playable, title)
    return projection.coordinates


def _classes(labels: Any, count: int) -> tuple[list[str], np.ndarray]:
    if labels is None:
        return [], np.zeros(count, int)
    return check.check_classes(check.check_count(labels, count, "labels"))


def _target(path: Any, ax: Any, audio: Any) -> Path | Place | None:
    """Return the path of a page, the place of a picture, or None to draw nothing."""
    target = None if path is None else check.check_path(path, (_PICTURE, *_PAGES))
    is_page = target is not None and target.suffix.lower() != _PICTURE
    if audio is not None and not is_page:
        raise ValueError(
            "Only a page plays sounds. Pass a path= that ends in .html, or leave out "
            f"audio. Received: path={path!r}."
        )
    if is_page and ax is None:
        return target
    return None if path is None and ax is None else find_place(path, ax)


def _sounds(audio: Any, starts: Any, count: int) -> list[Sound] | None:
    if audio is None:
        if starts is not None:
            raise ValueError("starts needs audio. Pass audio too, or leave out starts.")
        return None
    heard = check.check_count(audio, count, "audio")
    if starts is None:
        return [Sound(clip, None) for clip in heard]
    begins = check.check_count(starts, count, "starts")
    return [
        Sound(clip, check_seconds(begin, "starts", or_zero=True))
        for clip, begin in zip(heard, begins, strict=True)
    ]


def _megabytes(value: Any) -> float:
    return float(number(value, "max_megabytes", above=0))


def _name(number: int, sound: Sound | None) -> str:
    """Return the name of a point: its file and time, or its number."""
    name = f"point {number}"
    if sound is None:
        return name
    if clips.is_path(sound.clip):
        name = os.path.basename(os.fspath(sound.clip))
    return name if sound.start is None else f"{name}, from {sound.start:g} s"
