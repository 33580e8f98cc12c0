"""One region per module: tests of one module that write say so by their order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests import conftest
from tests.security.region import Region, build


@pytest.fixture(scope="module")
def region(app: Flask, admin_url: str) -> Iterator[Region]:
    """See ``region.Region``."""
    conftest._configure(app)
    conftest.empty(admin_url)
    yield build(app)
    conftest.empty(admin_url)
