"""Headers, rates, folds, archives and uploads under a limit of memory."""

import pytest

from . import bounds, failures


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_what_promises_too_much_takes_bounded_memory():
    assert not failures(bounds)
