"""A PostgreSQL with the territories loaded once for these tests; nothing here writes but the load itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from odis_app.core import db, migrate
from odis_app.core.config import libpq
from odis_app.core.services.embedded import Embedded, embedded
from odis_app.territories import dataset
from odis_app.territories.dataset import Dataset
from odis_app.territories.operations import LoadReport, load


@pytest.fixture(scope="session")
def base() -> Dataset:
    """The base as committed."""
    return dataset.read()


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """Servers of our own, with the schema of the territories only."""
    with embedded(tmp_path_factory.mktemp("territories"), fast=True) as running:
        migrate.upgrade(running.addresses.migrate, identity_key="ab" * 32, revision="0002_territories")
        yield running


@pytest.fixture(scope="session")
def first_load(services: Embedded, base: Dataset) -> LoadReport:
    """What the first load reported."""
    return load(libpq(services.addresses.migrate), base)


@pytest.fixture(scope="session")
def _engine(services: Embedded, first_load: LoadReport) -> Iterator[None]:
    db.configure("app", services.addresses.app)
    yield
    db.dispose("app")


@pytest.fixture
def territories(_engine: None) -> Iterator[None]:
    """A reading unit of work, as the web has it for somebody who has not signed in."""
    with db.unit_of_work(None, readonly=True):
        yield
