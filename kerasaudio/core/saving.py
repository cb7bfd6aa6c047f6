"""Write a model to one file that its factory can read."""

import os
from pathlib import Path

import keras

from kerasaudio.checkpoints.native import model_state, named_variables
from kerasaudio.core.architecture import ARCHITECTURES
from kerasaudio.core.audio_model import WORKERS, AudioModel
from kerasaudio.core.heads import activation_name, add_head
from kerasaudio.core.initializers import numpy_initializers
from kerasaudio.core.saved import FILE, Saved, saved_bytes
from kerasaudio.files.whole_file import unwritable, writing_whole


def save_pretrained(model: AudioModel, path: Path, overwrite: bool) -> Path:
    """Write a model to a file; see `AudioModel.save_pretrained`."""
    if path.suffix != ".safetensors":
        path = path / FILE
    if os.path.lexists(path) and not overwrite:
        raise FileExistsError(
            f"{str(path)!r} exists. Pass another path, or overwrite=True."
        )
    activation = None
    if model.spec.labels is not None:
        activation = activation_name(model)
        if activation is None:
            raise ValueError(
                f"The activation of {model.name}'s scores has no name that a file "
                'can store. Save the model instead: model.save("mine.keras").'
            )
    _check_rebuilt(model)
    saved = Saved(model_state(model), model.spec, activation, model.has_random_weights)
    content = saved_bytes(saved)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    with writing_whole(path) as temporary:
        temporary.write_bytes(content)
    return path


WORKERS["save_pretrained"] = save_pretrained


def _check_rebuilt(model: AudioModel) -> None:
    """Raise unless the factory builds the same weights from the spec."""
    spec = model.spec
    problem = f"there is no factory {spec.architecture!r}"
    architecture = ARCHITECTURES.get(spec.architecture)
    if architecture is not None:
        with numpy_initializers():
            body = architecture.body(**spec.arguments)
        output = body.embedding
        if spec.labels is not None:
            output = add_head(
                architecture,
                body.penultimate,
                body.embedding,
                len(spec.labels),
                "linear" if architecture.head.scorer == "predictions" else "sigmoid",
            )
        wanted = _shapes(keras.Model(body.waveform, output))
        found = _shapes(model)
        odd = sorted(
            key
            for key in wanted.keys() | found.keys()
            if wanted.get(key) != found.get(key)
        )
        if not odd:
            return
        problem = f"{spec.architecture} has different weights: {', '.join(odd[:4])}"
    raise ValueError(
        f"No factory could load {model.name} from this file: {problem}. Save the "
        'model instead: model.save("mine.keras").'
    )


def _shapes(model: keras.Model) -> dict[str, tuple[int, ...]]:
    return {
        key: tuple(variable.shape) for key, variable in named_variables(model).items()
    }
