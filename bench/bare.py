"""The bare Flask view that a page is compared with: its final SQL and its template, on the same rows, nothing else."""

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
    def final(self) -> list[tuple[str, Any]]:
        """The page's own SELECTs, each once; the identity's and the audit's are the walls' business."""
        own = [
            (statement, parameters)
            for statement, parameters, _ in self.statements
            if statement.lstrip().upper().startswith("SELECT")
            and "odis.open_unit" not in statement
            and "odis.audit" not in statement
        ]
        return [pair for rank, pair in enumerate(own) if pair not in own[:rank]]


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
    final = seen.final

    def view(**_: Any) -> Response:
        g.identity = seen.identity  # what the template's own calls ask for
        cursor = db.connection().connection.cursor()
        for statement, parameters in final:
            cursor.execute(statement, parameters)
            cursor.fetchall()
        return Response(seen.template.render(seen.context), mimetype="text/html")

    bare.view_functions = dict.fromkeys(app.view_functions, view)
    bare.error_handler_spec = {}
    bare.config = {**app.config, "PROPAGATE_EXCEPTIONS": True}  # type: ignore[assignment] - a bare view that fails is no measure
    return bare.test_client()
