"""Sounds and files that the tests of this room share."""

from collections.abc import Callable

import pytest

from support import containers

Encode = Callable[..., bytes]


@pytest.fixture(scope="session")
def tone():
    """Make sines with a little noise, another frequency each channel."""
    return containers.tone


@pytest.fixture(scope="session")
def encode() -> Encode:
    """Encode samples in memory with libsndfile."""
    return containers.encode


@pytest.fixture(scope="session")
def ffmpeg() -> Callable[..., None]:
    """Run the user's ffmpeg, or skip."""
    if containers.ffmpeg_program() is None:
        pytest.skip("there is no ffmpeg program here")
    return containers.ffmpeg
