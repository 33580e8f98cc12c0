"""Chromium, products on copies of the demonstration, and people in front of them; all shared by the whole session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser

from odis_app.core import db as core_db
from odis_app.core.config import Config
from odis_app.core.services.embedded import Embedded
from odis_app.organisations.seeds import World
from tests.e2e.product import Product, running
from tests.support.browser import Person

Products = Callable[..., Product]


@pytest.fixture(scope="session")
def products(
    services: Embedded, demo_database: Config, demo_world: tuple[Flask, World], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Products]:
    """``products("souris")``: a running product of that name, started when first asked for; its configuration may be told apart."""
    with ExitStack() as stack:

        @cache
        def product(name: str, **configured: str) -> Product:
            for engine in ("app", "worker", "owner"):
                core_db.dispose(engine)  # a database that somebody has open cannot be copied
            folder = tmp_path_factory.mktemp(name)
            return stack.enter_context(running(name, services, replace(demo_database, **configured), folder))

        yield product


People = Callable[..., Person]


@pytest.fixture
def people(chromium: Browser) -> Iterator[People]:
    """``people(product, "association", …)``: somebody signed in, in a browser of their own."""
    with ExitStack() as stack:

        def person(product: Product, account: str | None = None, **options: object) -> Person:
            who = Person(chromium, product.address, **options)  # type: ignore[arg-type]
            stack.callback(who.close)
            if account is not None:
                who.sign_in(account, product.password)
            return who

        yield person


@pytest.fixture(scope="session")
def workbooks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The ugly workbooks, written once."""
    from tests.exchange.workbooks.build import build_all

    return build_all(tmp_path_factory.mktemp("classeurs"))
