"""Deep dream: a picture is changed to what a network likes to see."""

import warnings
from typing import Any

import keras
import numpy as np

from kerasaudio.arguments import number, whole_number
from kerasaudio.files.progress import steps_bar
from kerasaudio.interpret.dream_goal import Layers
from kerasaudio.interpret.dream_result import Dream
from kerasaudio.interpret.dreamer import Dreamer, Schedule, noise
from kerasaudio.interpret.picture_network import Preprocess
from kerasaudio.interpret.pictures import Size, check_picture, resized

OCTAVES, OCTAVE_SCALE, ITERATIONS, STEP, JITTER = 3, 1.4, 10, 0.01, 16


def dream(
    network: keras.Model | Dreamer,
    picture: Any = None,
    guide: Any = None,
    *,
    layers: Layers | None = None,
    label: str | None = None,
    unit: int | None = None,
    size: int | Size | None = None,
    octaves: int = OCTAVES,
    octave_scale: float = OCTAVE_SCALE,
    iterations: int = ITERATIONS,
    step: float = STEP,
    jitter: int = JITTER,
    seed: int = 0,
    picture_layer: str | None = None,
    preprocess: Preprocess | None = None,
    progress: bool | None = None,
) -> Dream:
    """Change a picture to what a network likes to see (deep dream).

    Gradient ascent on the picture makes the activations of layers stronger, or with a
    guide, another picture, more like the guide's: at each position, towards the
    position of the guide whose activations have the largest product with the
    picture's. It begins with a small version of the picture, so that large things
    appear, and adds detail octave by octave. Ctrl-C ends it, and what is there is
    returned.

    The network is computed up to the layers only, at any size, if all layers before
    are convolutions and the like; otherwise at the size of its input.

    Args:
        network: A functional Keras model that takes pictures, such as those of
            `keras.applications`; `MelResNet50`; or a `Dreamer`, which keeps what is
            compiled from call to call.
        picture: Where it starts: an array (height, width, 3), or (height, width) for
            gray, of uint8 or of floats from 0 to 1; or the path of a picture file.
            None for seeded noise.
        guide: Picture to become like, in any size; a guide that is larger than the
            picture is reduced.
        layers: Name of a layer, several names, or names with their weights.
        label: Instead of layers, a label of an `AudioModel` that sees pictures.
        unit: With one layer: unit or channel, counted from 0; its mean over all
            positions is climbed.
        size: Height and width of the result, or the longer of the two; default: those
            of the picture; for noise those of the network's input, or 224 x 224.
        octaves: Number of sizes of the picture.
        octave_scale: Ratio from one to the next.
        iterations: Number of steps in each octave.
        step: Mean change of a color by one step; colors go from 0 to 1.
        jitter: Number of pixels by up to which the picture is rolled at random in each
            step, which hides the grid of the network.
        seed: Seed of the noise and the jitter.
        picture_layer: For networks that make the picture themselves: name of the layer
            whose output (batch, height, width, 3), or 1 for gray, it is.
        preprocess: Turns pixels from 0 to 255 into the values that the network takes,
            by `keras.ops`, as `keras.applications.resnet50.preprocess_input` does.
            Known for `keras.applications` by the network's name, for networks that
            begin with `Rescaling` or `Normalization`, and for `MelResNet50`.
        progress: Whether to show a progress bar; None for only if stderr is a terminal.

    Returns:
        The picture, the course of its score, and why it stopped.

    Raises:
        ValueError: There is no such layer, label or unit; a picture is unusable, or too
            small; the network takes another size, or what values it takes is unknown; a
            number is out of range; there is no gradient.
        OSError: A picture file is missing or damaged.

    Warns:
        UserWarning: The dream diverged.

    Source: Mordvintsev et al. 2015, "Inceptionism"; google/deepdream. Miano 2018, "Hear
    and See", uses guides for the classes of sounds.

    Examples:
        >>> network = keras.Sequential(
        ...     [
        ...         keras.Input((64, 64, 3)),
        ...         keras.layers.Rescaling(1 / 255),
        ...         keras.layers.Conv2D(8, 5, 2, activation="relu", name="edges"),
        ...     ]
        ... )
        >>> rings = np.hypot(*np.indices((48, 48)) - 24) % 8 / 8
        >>> made = kerasaudio.interpret.dream(network, guide=rings, layers="edges")
        >>> made
        Dream('edges' of sequential..., 64 x 64, iterations=30, stopped='finished')
        >>> made.save("rings.png").name
        'rings.png'
    """
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
    schedule = schedule.seeded(whole_number(seed, "seed", 0))
    start = noise(target, schedule.seed) if start is None else resized(start, target)
    maps = (
        None if guide is None else dreamer.guide(check_picture(guide, "guide"), target)
    )
    with steps_bar(dreamer.goal.title, schedule.steps, progress) as bar:
        course = dreamer.run(start, maps, schedule, bar)
    if course.stopped == "diverged":
        warnings.warn(f"Dream of {dreamer.goal.title}: {course.note}", stacklevel=2)
    return Dream(
        picture=course.picture,
        target=dreamer.goal.title,
        course=np.array(course.scores, "float32"),
        model=dreamer.model.name,
        settings={
            "guided": guide is not None,
            "size": list(target),
            "octaves": octaves,
            "octave_scale": octave_scale,
            "iterations": iterations,
            "step": step,
            "jitter": jitter,
            "seed": seed,
        },
        stopped=course.stopped,
        note=course.note,
    )


def dreamer_of(network: keras.Model | Dreamer, **target: Any) -> Dreamer:
    """Return the network itself if it is prepared, or prepare it.

    Raises:
        ValueError: It is prepared, and a target is named again.
    """
    if not isinstance(network, Dreamer):
        return Dreamer(network, target.pop("layers"), **target)
    again = [name for name, value in target.items() if value is not None]
    if again:
        raise ValueError(
            f"A Dreamer has its target already. Leave out {', '.join(again)}."
        )
    return network


def size_of(
    dreamer: Dreamer, picture: np.ndarray | None, size: int | Size | None
) -> Size:
    """Return the height and width of the result.

    Raises:
        ValueError: The size is no size.
    """
    own = dreamer.seen.usual if picture is None else picture.shape[:2]
    if size is None:
        return int(own[0]), int(own[1])
    if isinstance(size, tuple | list):
        if len(size) != 2:
            raise ValueError(
                f"size must be a height and a width, or one number. Received: {size!r}."
            )
        height, width = (whole_number(side, "size", unit="pixels") for side in size)
        return height, width
    longer = whole_number(size, "size", unit="pixels")
    height, width = (round(longer * side / max(own)) or 1 for side in own)
    return height, width


def schedule_of(
    size: Size,
    octaves: int,
    octave_scale: float,
    iterations: int,
    step: float,
    jitter: int,
) -> Schedule:
    """Return how a dream goes.

    Raises:
        ValueError: A number is out of range.
    """
    count = whole_number(octaves, "octaves", 1, 20)
    scale = number(octave_scale, "octave_scale", above=1)
    sizes = [
        (round(size[0] / scale**power) or 1, round(size[1] / scale**power) or 1)
        for power in reversed(range(count))
    ]
    return Schedule(
        sizes,
        whole_number(iterations, "iterations"),
        number(step, "step", above=0),
        whole_number(jitter, "jitter", 0, unit="pixels"),
    )
