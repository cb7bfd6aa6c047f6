"""A sample of the answers that `python -m tests.attack servers` gives."""

import pytest

from . import failures, servers


@pytest.mark.slow
def test_servers_are_given_up_or_right():
    assert not failures(servers)
