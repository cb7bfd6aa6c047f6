"""Files of many lengths on jax: a sample of the attack."""

import pytest

from . import failures, growth_jax


@pytest.mark.slow
def test_memory_and_programs_do_not_grow_with_lengths():
    pytest.importorskip("jax")

    assert failures(growth_jax) == []
