"""The fixture that runs a table of `parity.kit`."""

import pytest


@pytest.fixture(scope="module")
def compared():
    """What was made for this module's tests, by table."""
    return {}


@pytest.fixture
def parity(request, compared, tmp_path_factory):
    """What both networks of a table gave; made once for all its stages."""
    table = request.param
    if table not in compared:
        compared[table] = table.run(tmp_path_factory.mktemp("parity"))
    return compared[table]
