"""The app with a network that tells hums, which are dogs here, from hisses, rain."""

import pytest

from kerasaudio.app import create_app
from support.hum_or_hiss import hum_or_hiss

LABELS = ("Dog", "Rain")


@pytest.fixture(scope="session")
def model():
    return hum_or_hiss(LABELS)


@pytest.fixture(scope="module")
def client(model):
    """FastAPI's test client, on this machine."""
    from fastapi.testclient import TestClient

    app = create_app(model, visitors=3, hosts=["name.example", "[fe80::1]"])
    with TestClient(app, base_url="http://localhost:8000") as running:
        yield running
