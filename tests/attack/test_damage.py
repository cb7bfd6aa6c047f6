"""A sample of the damage that `python -m tests.attack damage` does."""

import pytest

from . import damage, failures


@pytest.mark.slow
@pytest.mark.parametrize("area", damage.AREAS, ids=lambda area: area.NAME)
def test_damage_is_named_or_harmless(area):
    assert failures(area) == []
