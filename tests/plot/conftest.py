"""The browser that opens pages."""

import pytest

from support.browser import launched


@pytest.fixture(scope="module")
def browser():
    with launched("--autoplay-policy=no-user-gesture-required") as running:
        yield running
