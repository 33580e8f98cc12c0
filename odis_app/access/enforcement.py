"""The decision behind the marks: every endpoint carries exactly one guard, and no view runs before its guard agreed."""

from __future__ import annotations

from flask import Flask, abort, current_app, g, request
from flask.typing import ResponseReturnValue

from odis_app.accounts.views import ask_to_sign_in
from odis_app.core.permissions import Guard, guard_of, require_step_up
from odis_app.core.requests import note_read

UNMARKED = frozenset({"static", "assets.serve"})  # files, no data


class UnguardedEndpointError(RuntimeError):
    """Raised at start-up: a route without ``@guard`` nor ``@public`` would be open to everybody."""


def check_every_endpoint(app: Flask) -> None:
    """Default deny. Raises UnguardedEndpointError naming the endpoints that carry no mark."""
    bare = sorted(name for name, view in app.view_functions.items() if name not in UNMARKED and guard_of(view) is None)
    if bare:
        raise UnguardedEndpointError("endpoints without @guard or @public: " + ", ".join(bare))


def enforce() -> ResponseReturnValue | None:
    """Before each request: sign-in, objects through their loaders (invisible: 404), permission and rule (403)."""
    if request.endpoint is None or request.endpoint in UNMARKED:
        return None
    mark = guard_of(current_app.view_functions[request.endpoint])
    if mark is None:
        abort(403)
    if mark.permission is None:
        return None
    if not g.identity.is_signed_in:
        return ask_to_sign_in()
    objects = _load(mark)
    last = next(reversed(objects.values()), None)  # the innermost object of the address is the one that is judged
    if not g.identity.can(mark.permission, last):
        abort(403)
    if mark.permission.step_up:
        require_step_up(g.identity)
    _note_read(mark, objects)
    return None


def _load(mark: Guard) -> dict[str, object]:
    arguments = request.view_args or {}
    objects: dict[str, object] = {}
    for name, loader in mark.loaders.items():
        found = loader(g.identity, str(arguments[name]))
        if found is None:
            abort(404)
        objects[name] = arguments[name] = found
    return objects


def _note_read(mark: Guard, objects: dict[str, object]) -> None:
    """One audit event for an answer that shows a record: the first loaded object that belongs to one."""
    if mark.permission is None:
        return
    for obj in objects.values():
        record_id = getattr(obj, "record_id", None)
        if record_id is not None:
            note_read(f"{mark.permission.name.partition(':')[0]}:read", record_id)
            return
