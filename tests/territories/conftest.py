"""A database of our own with the territories loaded once; nothing here writes but the load itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import pytest

from odis_app.core import db, migrate
from odis_app.core.config import libpq
from odis_app.core.services.embedded import Embedded
from odis_app.core.services.roles import Addresses, ensure_database
from odis_app.territories import dataset
from odis_app.territories.dataset import Dataset
from odis_app.territories.operations import LoadReport, load


@pytest.fixture(scope="session")
def base() -> Dataset:
    """The base as committed."""
    return dataset.read()


@pytest.fixture(scope="session")
def urls(services: Embedded) -> Addresses:
    """A database with the schema of the territories only, apart from the one that other tests empty."""
    ensure_database(services.addresses.admin, "odis_territories")
    found = {role: url.replace("/odis?", "/odis_territories?") for role, url in asdict(services.addresses).items()}
    made = Addresses(**found)
    migrate.upgrade(made.migrate, identity_key="ab" * 32, revision="0002_territories")
    return made


@pytest.fixture(scope="session")
def first_load(urls: Addresses, base: Dataset) -> LoadReport:
    """What the first load reported."""
    return load(libpq(urls.migrate), base)


@pytest.fixture
def engine(urls: Addresses, first_load: LoadReport) -> Iterator[None]:
    """The application's engine, pointed at the territories for the time of a test."""
    db.configure("app", urls.app)
    yield
    db.dispose("app")


@pytest.fixture
def territories(engine: None) -> Iterator[None]:
    """A reading unit of work, as the web has it for somebody who has not signed in."""
    with db.unit_of_work(None, readonly=True):
        yield
