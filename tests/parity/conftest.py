"""The fixture that runs a table of `parity.kit`."""

import pytest


@pytest.fixture(scope="module")
def parity(request, tmp_path_factory):
    """What both networks of a table gave; made once for all its stages."""
    return request.param.run(tmp_path_factory.mktemp("parity"))
