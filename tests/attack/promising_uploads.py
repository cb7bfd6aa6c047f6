"""Uploads to the example server that would become far more than they are."""

import importlib.util
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import soundfile

from support.tiny import tiny_model

from .promise import Case
from .promising_sounds import sounds

_APP = Path(__file__).parents[2] / "examples" / "serve" / "app.py"
_WAV = "audio/wav"
_JSON = "application/json"
_FORM = "multipart/form-data; boundary=b"


def cases(folder: Path) -> list[Case]:
    """Load the example and give the cases."""
    from fastapi import HTTPException

    tiny_model().save(folder / "served.keras")
    app = _load(folder / "served.keras")
    app._tags(
        json.dumps({"sample_rate": 8_000, "samples": [0.1] * 9_000}).encode(), _JSON, 3
    )
    return [
        Case(
            f"upload: {name}",
            lambda body=body, kind=kind: app._tags(body, kind, 3),
            errors=(HTTPException,),
            may_pass=may_pass,
        )
        for name, body, kind, may_pass in _uploads()
    ]


def _load(model: Path) -> ModuleType:
    os.environ["MODEL"] = str(model)
    sys.path.insert(0, str(_APP.parent))
    spec = importlib.util.spec_from_file_location("serve_app", _APP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _uploads() -> Iterator[tuple[str, bytes, str, bool]]:
    for name, content in sounds():
        yield name, content, _WAV, True
    for seconds, channels, rate in ((3_600, 1, 16_000), (200, 8, 48_000)):
        yield (
            f"silent FLAC of {seconds} s",
            _silence(seconds, channels, rate),
            _WAV,
            False,
        )
    yield "FLAC of 599 s", _silence(599, 1, 48_000), _WAV, True
    yield "a form of 6 million parts", b"\r\n--b" * (32 * 2**20 // 5), _FORM, False
    yield (
        "a form of a million heads",
        b"--b\r\nfilename\r\n\r\n\r\n" * 2**20,
        _FORM,
        False,
    )
    yield (
        "numbers of 8 MiB",
        b'{"sample_rate":8000,"samples":[' + b"0," * 2**22 + b"0]}",
        _JSON,
        True,
    )
    yield "a list 8 MiB deep", b"[" * 2**23, _JSON, False
    yield "a list of samples 8 MiB deep", b'{"samples":' + b"[" * 2**23, _JSON, False
    yield "a number of 8 MiB", b'{"sample_rate":8' + b"0" * 2**23 + b"}", _JSON, False
    yield (
        "wrong numbers",
        b'{"sample_rate":8000,"samples":[' + b'"",' * 2**10 + b"0]}",
        _JSON,
        False,
    )


def _silence(seconds: int, channels: int, rate: int) -> bytes:
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", rate, channels, "PCM_16", format="FLAC") as out:
        for _ in range(seconds):
            out.write(np.zeros((rate, channels), "int16"))
    return file.getvalue()
