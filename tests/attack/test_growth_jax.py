"""Files of many lengths on jax: a sample of the attack."""

import pytest

from . import growth_jax


@pytest.mark.slow
def test_memory_and_programs_do_not_grow_with_lengths():
    pytest.importorskip("jax")

    wrong = [f"{case}: {what}" for case, what in growth_jax.run(quick=True) if what]

    assert not wrong
