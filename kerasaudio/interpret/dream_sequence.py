"""A dream that goes on: zooming frames, rendered ahead of time."""

import base64
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import keras

from kerasaudio.arguments import number, whole_number
from kerasaudio.files.progress import steps_bar
from kerasaudio.files.workplace import workplace
from kerasaudio.interpret.climb import Stopped
from kerasaudio.interpret.dream import (
    ITERATIONS,
    JITTER,
    OCTAVE_SCALE,
    STEP,
    dreamer_of,
    schedule_of,
    size_of,
)
from kerasaudio.interpret.dream_goal import Layers
from kerasaudio.interpret.dreamer import Dreamer, noise
from kerasaudio.interpret.film import FACTS, Film, Scene, animate, digest_of
from kerasaudio.interpret.picture_network import Preprocess
from kerasaudio.interpret.pictures import Size, check_picture, check_pillow, resized
from kerasaudio.layers.base import check_choice

Animation = Literal["webp", "gif", "png"]
ANIMATIONS = ("webp", "gif", "png")
_MOST_FRAMES = 1_000  # of three digits


@dataclass(frozen=True, eq=False, repr=False)
class DreamSequence:
    """Frames of a dream in a folder; see `dream_sequence`. A notebook plays them.

    Attributes:
        folder: Folder of the frames.
        frames: Their files, in order, frame-000.png first.
        animation: One file with all frames, beside the folder; None if there is none.
        target: What was climbed.
        model: Name of the network.
        settings: Arguments of the dream.
        stopped: "finished", "interrupted" by Ctrl-C, or "diverged".
        note: What happened, in a sentence.

    Examples:
        >>> network = keras.Sequential(
        ...     [
        ...         keras.Input((64, 64, 3)),
        ...         keras.layers.Rescaling(1 / 255),
        ...         keras.layers.Conv2D(8, 5, 2, activation="relu", name="edges"),
        ...     ]
        ... )
        >>> made = kerasaudio.interpret.dream_sequence(
        ...     network, layers="edges", out="edges", frames=2, animation=None
        ... )
        >>> made
        DreamSequence('edges' of sequential..., 'edges', frames=2, stopped='finished')
    """

    folder: Path
    frames: list[Path]
    animation: Path | None
    target: str
    model: str
    settings: Mapping[str, Any]
    stopped: Stopped
    note: str

    def __repr__(self) -> str:
        """Return the target, the number of frames, and what happened."""
        return (
            f"DreamSequence({self.target!r} of {self.model}, {str(self.folder)!r}, "
            f"frames={len(self.frames)}, stopped={self.stopped!r})"
        )

    def _repr_html_(self) -> str:
        """Return the animation for IPython; without one the last frame."""
        shown = self.animation or (self.frames[-1] if self.frames else None)
        if shown is None:
            return ""
        content = base64.b64encode(shown.read_bytes()).decode()
        return f'<img src="data:image/{shown.suffix[1:]};base64,{content}" alt="">'


def dream_sequence(
    network: keras.Model | Dreamer,
    picture: Any = None,
    guide: Any = None,
    *,
    out: str | PathLike[str],
    frames: int = 100,
    zoom: float = 1.05,
    fade: float = 0.1,
    animation: Animation | None = "webp",
    seconds: float = 0.1,
    layers: Layers | None = None,
    label: str | None = None,
    unit: int | None = None,
    size: int | Size | None = None,
    octaves: int = 1,
    octave_scale: float = OCTAVE_SCALE,
    iterations: int = ITERATIONS,
    step: float = STEP,
    jitter: int = JITTER,
    seed: int = 0,
    picture_layer: str | None = None,
    preprocess: Preprocess | None = None,
    progress: bool | None = None,
) -> DreamSequence:
    """Render a dream that goes on and on, into a folder of frames.

    Each frame begins with the middle of the last one, enlarged. Frames are
    frame-000.png, frame-001.png and so on, and sequence.json, what they are made of.
    All of them in one file is beside the folder, such as dog.webp.

    Ctrl-C ends the rendering after the last whole frame. The same call goes on with the
    frames that are missing, and more `frames` make it longer; the result is that of one
    call without a break.

    Args:
        network: See `dream`. Pass a `Dreamer` to render several classes, so that the
            network is compiled once.
        picture: See `dream`.
        guide: See `dream`.
        out: Folder of the frames; it is created. A folder for each class, named after
            it, is what `kerasaudio see` shows.
        frames: Number of frames, up to 1,000.
        zoom: By how much each frame is larger than the last, at least 1.
        fade: Share of the last frame that stays as it is, below 1.
        animation: Kind of the file with all frames: "webp", "gif" or "png"; None for
            none.
        seconds: Time of a frame in it.
        layers: See `dream`.
        label: See `dream`.
        unit: See `dream`.
        size: See `dream`.
        octaves: See `dream`; one is enough, as large things grow by the zoom.
        octave_scale: See `dream`.
        iterations: See `dream`.
        step: See `dream`.
        jitter: See `dream`.
        seed: See `dream`; each frame has its own seed that follows from it.
        picture_layer: See `dream`.
        preprocess: See `dream`.
        progress: See `dream`.

    Returns:
        The files, and why the rendering stopped.

    Raises:
        ValueError: See `dream`; or the folder holds frames of another dream.
        OSError: A file cannot be read or written, or another process renders here.
        ImportError: Pillow is not installed.

    Warns:
        UserWarning: The dream diverged; the frames before are kept.

    Examples:
        >>> network = keras.Sequential(
        ...     [
        ...         keras.Input((64, 64, 3)),
        ...         keras.layers.Rescaling(1 / 255),
        ...         keras.layers.Conv2D(8, 5, 2, activation="relu", name="edges"),
        ...     ]
        ... )
        >>> waves = np.sin(np.arange(64) / 3)[:, None] * np.ones(64) / 2 + 0.5
        >>> made = kerasaudio.interpret.dream_sequence(
        ...     network, guide=waves, layers="edges", out="waves", frames=3
        ... )
        >>> [frame.name for frame in made.frames], made.animation.name
        (['frame-000.png', 'frame-001.png', 'frame-002.png'], 'waves.webp')
    """
    count = whole_number(frames, "frames", 1, _MOST_FRAMES)
    number(zoom, "zoom", 1)
    number(fade, "fade", 0, below=1)
    number(seconds, "seconds", above=0)
    if animation is not None:
        check_choice(animation=(animation, ANIMATIONS))
    check_pillow()
    dreamer = dreamer_of(
        network,
        layers=layers,
        label=label,
        unit=unit,
        picture_layer=picture_layer,
        preprocess=preprocess,
    )
    start = None if picture is None else check_picture(picture)
    target = size_of(dreamer, start, size)
    schedule = schedule_of(target, octaves, octave_scale, iterations, step, jitter)
    seed = whole_number(seed, "seed", 0)
    start = noise(target, [seed]) if start is None else resized(start, target)
    leader = None if guide is None else check_picture(guide, "guide")
    maps = None if leader is None else dreamer.guide(leader, target)
    facts = {
        "target": dreamer.goal.title,
        "model": dreamer.model.name,
        "network": dreamer.digest,
        "picture": digest_of(start),
        "guide": None if leader is None else digest_of(leader),
        "size": list(target),
        "zoom": zoom,
        "fade": fade,
        "octaves": octaves,
        "octave_scale": octave_scale,
        "iterations": iterations,
        "step": step,
        "jitter": jitter,
        "seed": seed,
    }
    film = Film(Path(out), target, count)
    film.folder.mkdir(parents=True, exist_ok=True)
    one_file = None
    with workplace(film.folder, only=FACTS):
        film.claim(facts)
        scene = Scene(dreamer, maps, schedule, seed, zoom, fade)
        with steps_bar(dreamer.goal.title, count * schedule.steps, progress) as bar:
            stopped, note = film.render(scene, start, bar)
        made = film.made()
        if animation is not None and stopped == "finished":
            whole = film.folder.resolve()
            one_file = whole.with_name(f"{whole.name}.{animation}")
            animate(one_file, made, seconds)
    if stopped == "diverged":
        warnings.warn(f"Dream of {dreamer.goal.title}: {note}", stacklevel=2)
    return DreamSequence(
        folder=film.folder,
        frames=made,
        animation=one_file,
        target=dreamer.goal.title,
        model=dreamer.model.name,
        settings=facts | {"frames": count, "seconds": seconds},
        stopped=stopped,
        note=note,
    )
