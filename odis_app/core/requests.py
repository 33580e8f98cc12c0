"""One request is one unit of work: read-only for GET and HEAD, committed once; what was read is written down before the answer leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from typing import Any, TypeVar

from flask import Flask, Response, abort, current_app, g, request
from sqlalchemy import text

from odis_app.core import clock
from odis_app.core.db import close_unit, current_unit, db, in_unit, open_unit, unit_of_work
from odis_app.core.identity import ANONYMOUS
from odis_app.core.ids import new_public_id

COOKIE = "odis_session"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
TOUCH_EVERY = timedelta(seconds=60)
View = TypeVar("View", bound=Callable[..., Any])


def init_app(app: Flask) -> None:
    """Open a unit before each request and close it after."""
    app.before_request(_open)
    app.after_request(_close)
    app.teardown_request(_abandon)


def session_token() -> str | None:
    """The raw token of this browser's session; never logged, never rendered."""
    return request.cookies.get(cookie_name())


def cookie_name() -> str:
    """That of the session's cookie: over https browsers take the prefixed one from this very host alone, and never in clear."""
    return host_cookie(COOKIE, secure=current_app.config["SESSION_COOKIE_SECURE"])


def host_cookie(name: str, *, secure: bool) -> str:
    """The name of a cookie for the whole of an installation, ``secure`` when it is reached over https."""
    return f"__Host-{name}" if secure else name


def keep_session(response: Response, token: str) -> None:
    """Give the browser its session: a cookie that no script reads, gone when the browser closes."""
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response.set_cookie(cookie_name(), token, httponly=True, secure=secure, samesite="Lax", path="/")


def forget_session(response: Response) -> None:
    """Take its session back from the browser."""
    response.delete_cookie(cookie_name(), path="/", secure=current_app.config["SESSION_COOKIE_SECURE"], httponly=True)


def device() -> str:
    """What the browser says of itself and, on a second line, the network that it comes from: kept with the session, for its owner to know it again."""
    said = " ".join((request.user_agent.string or "").split())[:200]
    return f"{said}\n{_network()}"


def _network() -> str:
    """« 203.0.113.x », « 2001:db8:1: »: enough to say at home or elsewhere, too little to say who; empty when nothing is known."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None) or address
    if mapped.version == 4:
        return f"{str(mapped).rpartition('.')[0]}.x"
    return ":".join(mapped.exploded.split(":")[:3]) + ":"


def without_unit(view: View) -> View:
    """A view that answers even when the database does not: no unit of work is opened for it, nobody is signed in."""
    view.without_unit = True  # type: ignore[attr-defined]
    return view


def _open() -> None:
    g.request_id = new_public_id()
    g.identity = ANONYMOUS
    if request.endpoint is None or request.endpoint in {"static", "assets.serve"}:
        return
    if hasattr(current_app.view_functions[request.endpoint], "without_unit"):
        return
    if any(
        "\0" in value for source in (request.args, request.view_args or {}, request.form) for value in _texts(source)
    ):
        abort(400)  # no database holds this character
    unit = open_unit(session_token(), readonly=request.method in READING, request_id=g.request_id)
    if unit.identity.kind in {"job", "system"}:  # what the queue holds opens no page
        close_unit(commit=False)
        unit = open_unit(None, readonly=request.method in READING, request_id=g.request_id)
    g.identity = unit.identity


def _texts(source: Any) -> list[str]:
    values = (v for _, v in source.items(multi=True)) if hasattr(source, "getlist") else source.values()
    return [value for value in values if isinstance(value, str)]


def note_read(action: str, record_id: int, *, sensitivity: int = 0, summary: str = "") -> None:
    """Note that the present answer shows a record: one audit event will be written before the answer leaves. Later calls only raise the sensitivity."""
    known = g.get("read_event")
    if known is not None and known["record"] == record_id:
        known["class"] = max(known["class"], sensitivity)
        return
    g.read_event = {"action": action, "record": record_id, "class": sensitivity, "summary": summary}


def note_sensitivity(level: int) -> None:
    """The page shows a block of class ``level`` of the record already noted."""
    known = g.get("read_event")
    if known is not None:
        known["class"] = max(known["class"], level)


def read_is_written_down() -> None:
    """The view wrote this read in the trail itself, in words of its own: there is no second event."""
    g.pop("read_event", None)


def _close(response: Response) -> Response:
    if not in_unit():
        return response
    told = current_unit().audited
    close_unit(commit=response.status_code < 400)
    if request.method in READING:
        if response.status_code < 400:
            _write_down()
    elif g.get("read_event") and (response.status_code == 422 or (response.status_code == 200 and not told)):
        _write_down()  # a form that is refused, or found again, shows the record as reading it does
    return response


def _write_down() -> None:
    """The read event and the session touch, in one short second transaction. If it fails, the answer is a 500 and nothing is shown."""
    event, who = g.get("read_event"), g.identity
    stale = who.is_signed_in and who.last_seen_at is not None and clock.now() - who.last_seen_at > TOUCH_EVERY
    if event is None and not stale:
        return
    with unit_of_work(session_token()):
        if event is not None:
            written = db.execute(
                text(
                    "SELECT odis.audit_append(:action, :record, :class, '', :summary, CAST(:data AS jsonb), :request)"
                ),
                {**event, "data": json.dumps({"route": str(request.url_rule)}), "request": g.request_id},
            )
            if written.scalar() is None:
                raise PermissionError("a page shows a record that its reader may not name")
        if stale:
            db.execute(text("SELECT odis.touch_session()"))


def _abandon(_: BaseException | None) -> None:
    if in_unit():
        close_unit(commit=False)
