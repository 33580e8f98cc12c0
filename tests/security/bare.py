"""Bare SQL under somebody's token: what an injection would give."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from odis_app.core.db import db
from odis_app.organisations.seeds import Actor


@contextmanager
def trying(actor: Actor) -> Iterator[None]:
    """A unit of work under ``actor`` that is always undone."""
    with actor.acting():
        kept = db.begin_nested()
        yield
        kept.rollback()


def value(sql: str, **given: Any) -> Any:
    return db.execute(text(sql), given).scalar()


def refused(sql: str, **given: Any) -> bool:
    """Whether the database raises, or answers nothing, false, zero."""
    try:
        with db.begin_nested():
            return not value(sql, **given)
    except DBAPIError:
        return True


def outcome(sql: str, **given: Any) -> str:
    """« inserted », or the code by which the database refuses."""
    try:
        with db.begin_nested():
            db.execute(text(sql), {k: v for k, v in given.items() if f":{k}" in sql})
    except DBAPIError as error:
        return str(getattr(error.orig, "sqlstate", ""))
    return "inserted"
