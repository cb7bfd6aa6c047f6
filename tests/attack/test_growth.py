"""Long runs, in short: memory, descriptors and threads."""

import pytest

from . import failures, growth


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_nothing_grows():
    assert not failures(growth)
