"""Counts the SQL statements of a request, as the database receives them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from odis_app.core.db import engine

LIST_LIMIT, FILE_LIMIT = 12, 20
"""Statements of a list page and of a page of one object, at most (quality.md)."""


class Statements(list[str]):
    """The statements of a block, in order; BEGIN, COMMIT and ROLLBACK apart."""

    def told(self) -> str:
        """Each statement's beginning, for the message of an assertion."""
        return "\n".join(f"{rank}. {' '.join(statement.split())[:160]}" for rank, statement in enumerate(self, 1))


@contextmanager
def recorded(name: str = "app") -> Iterator[Statements]:
    """``with recorded() as statements:`` what goes through the engine ``name`` meanwhile."""
    found = Statements()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    target = engine(name)
    event.listen(target, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(target, "before_cursor_execute", note)
