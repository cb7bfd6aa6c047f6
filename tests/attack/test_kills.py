"""A sample of the kills of `python -m tests.attack kills`."""

import pytest

from . import failures, kills


@pytest.mark.slow
@pytest.mark.parametrize("area", kills.AREAS, ids=lambda area: area.NAME)
def test_a_killed_run_can_be_run_again(area):
    assert failures(area) == []
