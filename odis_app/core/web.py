"""Answering: a page or its fragment, a redirection, a page of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import Response, abort, g, make_response, render_template, request, url_for
from sqlalchemy import Select, func

from odis_app.core.db import db
from odis_app.core.identity import ANONYMOUS, Identity
from odis_app.core.slots import slot

T = TypeVar("T")
PER_PAGE = 25


def identity() -> Identity:
    """Who makes the present request."""
    found: Identity = g.get("identity", ANONYMOUS)
    return found


def is_fragment_request() -> bool:
    """HTMX asks for a fragment: not a boosted link, nor a page that the browser's history restores."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def render(page: str, /, *, fragment: str | None = None, status: int = 200, **context: Any) -> Response:
    """The page, or the fragment file that it includes when HTMX asks; both from the same context."""
    as_fragment = fragment is not None and is_fragment_request()
    body = render_template(fragment if as_fragment and fragment else page, as_fragment=as_fragment, **context)
    response = make_response(body, status)
    response.headers.add("Vary", "HX-Request")
    return response


def redirect_to(endpoint: str, **values: Any) -> Response:
    """303 after a write. Under HTMX, HX-Location does the same without leaving the page."""
    return redirect_to_url(url_for(endpoint, **values))


def redirect_to_url(target: str) -> Response:
    """303 to an address of ours."""
    if is_fragment_request():
        response = make_response("", 204)
        response.headers["HX-Redirect"] = target
        return response
    response = make_response("", 303)
    response.headers["Location"] = target
    return response


def is_safe_path(target: str | None) -> bool:
    """An address inside this application: a path, no scheme, no host, no backslash nor control character (browsers drop tabs)."""
    return (
        bool(target)
        and target is not None
        and target.startswith("/")
        and not target.startswith(("//", "/\\"))
        and "\\" not in target
        and target.isprintable()
    )


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list: ``number`` from 1 to ``pages``; ``first_index``–``last_index`` of ``total`` (1-based)."""

    items: Sequence[T]
    number: int
    per_page: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages; at least one."""
        return max(1, -(-self.total // self.per_page))

    @property
    def near(self) -> list[int]:
        """The pages that are linked to: all of a few, otherwise the first, the last and those beside this one."""
        if self.pages <= 5:
            return list(range(1, self.pages + 1))
        return sorted({1, *range(max(1, self.number - 1), min(self.pages, self.number + 1) + 1), self.pages})

    @property
    def first_index(self) -> int:
        """Index of the first row shown; 0 when there is none."""
        return (self.number - 1) * self.per_page + 1 if self.total else 0

    @property
    def last_index(self) -> int:
        """Index of the last row shown."""
        return min(self.total, self.number * self.per_page)


def page_number() -> int:
    """``?page=`` as a positive number; anything else is the first page."""
    raw = request.args.get("page", "1")
    return max(1, int(raw)) if raw.isdecimal() and len(raw) < 9 else 1


def paginate(
    statement: Select[Any], *, number: int, per_page: int = PER_PAGE, scalars: bool = True, total: int | None = None
) -> Page[Any]:
    """The rows of page ``number`` of ``statement`` (the last page when it is beyond), with the total.

    ``total`` when the caller already knows it; otherwise one count of the first column of ``statement``, its key (neither grouped nor distinct).
    """
    if total is None:
        key = next(iter(statement.selected_columns))  # of the table listed: its key
        total = int(db.execute(statement.order_by(None).with_only_columns(func.count(key))).scalar_one())
    number = min(number, max(1, -(-total // per_page)))
    result = db.execute(statement.limit(per_page).offset((number - 1) * per_page))
    return Page(list(result.scalars() if scalars else result), number, per_page, total)


def navigation() -> list[dict[str, Any]]:
    """The sections of the masthead for this person: label, url, folder colour, current."""
    who = identity()
    if not who.is_signed_in:
        return []
    found = []
    for entry in slot("nav.main").entries(who):
        url = url_for(entry.endpoint)
        prefixes = entry.data.get("prefixes", (url,))
        current = request.path == url if url == "/" else any(request.path.startswith(p) for p in prefixes)
        found.append({"label": entry.label, "url": url, "folder": entry.data.get("folder", ""), "current": current})
    return found


def not_found() -> Response:
    """404, the same for what does not exist and what may not be seen."""
    abort(404)
