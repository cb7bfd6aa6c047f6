"""The FastAPI example, started as a user does."""

import pytest

import kerasaudio
from support.hum_or_hiss import hum_or_hiss
from support.served import require_server, serving
from support.tiny import tiny_model


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(scope="session")
def hearing(tmp_path_factory):
    """The address of a server whose model tells hums from hisses."""
    require_server()
    folder = tmp_path_factory.mktemp("hearing")
    kerasaudio.export(hum_or_hiss(), folder / "exported", verify=False)
    names = ["hum", "hiss"]
    with serving(folder / "exported", names, HOSTS="name.example, other") as (at, _):
        yield at


@pytest.fixture(scope="module", params=["exported", "mine.keras"])
def started(request, model, tmp_path_factory):
    require_server()
    folder = tmp_path_factory.mktemp("served")
    path = folder / request.param
    if path.suffix:
        model.save(path)
    else:
        kerasaudio.export(model, path, verify=False)
        # Whoever imports kerasaudio there gets this one.
        (folder / "kerasaudio.py").write_text("raise ImportError('not needed')")
    with serving(path, ["a", "b", "c"]) as (address, server):
        yield address, server


@pytest.fixture
def address(started):
    return started[0]


@pytest.fixture
def server(started):
    return started[1]
