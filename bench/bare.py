"""The bare Flask view that a page is compared with: its costliest statement and its template, on the same rows, nothing else."""

from __future__ import annotations

import copy
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, before_render_template, g
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from odis_app.core.db import db, engine


@dataclass(slots=True)
class Seen:
    """What one request did. ``statements`` with their parameters and milliseconds; the last template with its context."""

    response: TestResponse | None = None
    statements: list[tuple[str, Any, float]] = field(default_factory=list)
    template: Any = None
    context: dict[str, Any] = field(default_factory=dict)
    identity: Any = None

    @property
    def repeated(self) -> int:
        """How often the most repeated statement ran."""
        return max(Counter(s for s, _, _ in self.statements).values(), default=0)

    @property
    def costliest(self) -> tuple[str, Any] | None:
        """The page's own SELECT that took longest; the identity's and the audit's are the walls' business."""
        own = [
            s
            for s in self.statements
            if s[0].lstrip().upper().startswith("SELECT") and "odis.open_unit" not in s[0] and "odis.audit" not in s[0]
        ]
        return max(own, key=lambda s: s[2])[:2] if own else None


def observe(app: Flask, call: Callable[[], TestResponse]) -> Seen:
    """One request, watched."""
    seen = Seen()

    def before(_c: Any, _k: Any, _s: Any, _p: Any, context: Any, _m: Any) -> None:
        context.bench_start = time.perf_counter()

    def after(_c: Any, _k: Any, statement: str, parameters: Any, context: Any, _m: Any) -> None:
        seen.statements.append((statement, parameters, (time.perf_counter() - context.bench_start) * 1000))

    def rendered(_app: Flask, template: Any, context: dict[str, Any], **_: Any) -> None:
        seen.template, seen.context, seen.identity = template, dict(context), g.get("identity")

    target = engine("app")
    event.listen(target, "before_cursor_execute", before)
    event.listen(target, "after_cursor_execute", after)
    try:
        with before_render_template.connected_to(rendered, app):
            seen.response = call()
    finally:
        event.remove(target, "before_cursor_execute", before)
        event.remove(target, "after_cursor_execute", after)
    return seen


def bare_client(app: Flask, seen: Seen) -> FlaskClient:
    """A client of the bare application: no hook, no guard, no identity, no ORM. To be used inside an open unit of work."""
    bare = copy.copy(app)
    for name in ("before_request_funcs", "after_request_funcs", "teardown_request_funcs"):
        setattr(bare, name, {})
    bare.__dict__.pop("wsgi_app", None)  # the layer of assets in front
    final = seen.costliest

    def view(**_: Any) -> Response:
        g.identity = seen.identity  # what the template's own calls ask for
        if final is not None:
            cursor = db.connection().connection.cursor()
            cursor.execute(*final)
            cursor.fetchall()
        return Response(seen.template.render(seen.context), mimetype="text/html")

    bare.view_functions = dict.fromkeys(app.view_functions, view)
    return bare.test_client()
