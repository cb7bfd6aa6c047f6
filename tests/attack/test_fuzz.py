"""The readers that are fuzzed: seeds, what was found once, and some damage to them."""

import pytest

from support.damage import damaged, memory_limited

from .readers import READERS, without_checksums


@pytest.fixture
def path(reader, tmp_path):
    return tmp_path / f"input{reader.suffix}"


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_what_was_found_stays_mended(reader, path):
    for content in reader.corpus():
        path.write_bytes(content)
        with without_checksums():
            assert reader.problem(path) is None


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_damage_behind_the_checksums_is_named(reader, path):
    for content in reader.corpus():
        for changed in damaged(content, 1_000):
            path.write_bytes(changed)
            with without_checksums(), memory_limited(2**30):
                assert reader.problem(path) is None
