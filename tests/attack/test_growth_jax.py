"""Files of many lengths on jax: a sample of the attack."""

import sys

import pytest

from . import growth_jax


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize(
    "name", [name for name, (_, few) in growth_jax.RUNS.items() if few]
)
def test_memory_and_programs_do_not_grow_with_lengths(name):
    pytest.importorskip("jax")
    assert growth_jax.measure(name, growth_jax.RUNS[name][1]) is None
