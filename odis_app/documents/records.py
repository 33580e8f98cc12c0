"""What documents and the journal hang on: kinds of records, registered by the packages above, and their addresses.

``/menages/<public_id>/journal`` is the address of a record (``menages/<public_id>``) and a tab of it. A package above
registers its kind once, in ``setup``; the pages of this floor then exist for it, without knowing what it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import url_for
from werkzeug.routing import BaseConverter, ValidationError

from odis_app.core.db import answered
from odis_app.core.identity import Identity
from odis_app.core.slots import slot


@dataclass(frozen=True, slots=True)
class RecordKind:
    """How to reach the records of one kind, and how their pages look.

    ``find(identity, public_id)`` goes through a ``visible_*`` select; ``url(obj)`` is the page of the object; ``title(obj)``
    what its h1 says (without a name when the reader has no right to it); ``folder`` the look's word (household, structure…).
    ``layout`` is a template that extends the page and leaves a block « file »; ``context(identity, obj, tab, crumb)`` gives its
    variables (``tab`` is the endpoint of the current tab, ``crumb`` the page under the object).
    """

    name: str
    prefix: str
    find: Callable[[Identity, str], Any]
    url: Callable[[Any], str]
    title: Callable[[Any], str]
    folder: str
    layout: str
    context: Callable[[Identity, Any, str, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class RecordPage:
    """One record as the pages of this floor see it: what the guard judges and the trail notes."""

    kind: RecordKind
    obj: Any
    record_id: int
    owner_org_id: int
    public_id: str

    @property
    def path(self) -> str:
        """« menages/abcd… »: what ``url_for`` takes."""
        return f"{self.kind.prefix.strip('/')}/{self.public_id}"

    @property
    def title(self) -> str:
        """What the page is about."""
        return self.kind.title(self.obj)

    @property
    def url(self) -> str:
        """The page of the object itself."""
        return self.kind.url(self.obj)


_kinds: dict[str, RecordKind] = {}
DEFAULT_LAYOUT = "documents/record.html"


def register_record_kind(
    name: str,
    *,
    prefix: str,
    find: Callable[[Identity, str], Any],
    url: Callable[[Any], str],
    title: Callable[[Any], str],
    folder: str = "household",
    layout: str = DEFAULT_LAYOUT,
    context: Callable[[Identity, Any, str, str], dict[str, Any]] | None = None,
) -> RecordKind:
    """Give a kind of record its journal and documents pages. The objects have ``record_id``, ``owner_org_id``, ``public_id``.

    Also fills the slots ``<name>.tabs`` (endpoint, permission, ``provider(identity, obj)`` gives the count or its question) and ``<name>.aside``
    (``provider(identity, obj)`` gives Markup). Their addresses are built with the name of the kind:
    ``url_for("journal.index", household=public_id)``.
    Registering again replaces: each application registers the same.
    """
    kind = RecordKind(name, prefix, find, url, title, folder, layout, context or _plain_context(name))
    _kinds[prefix.strip("/")] = kind
    for fill in _fillers:
        fill(kind)
    return kind


_fillers: list[Callable[[RecordKind], None]] = []


def on_each_kind(fill: Callable[[RecordKind], None]) -> None:
    """Call ``fill(kind)`` for each kind, registered already or later."""
    if fill not in _fillers:
        _fillers.append(fill)
    for kind in _kinds.values():
        fill(kind)


def page_of(kind_name: str, obj: Any) -> RecordPage:
    """The RecordPage of an object whose kind is registered. Raises KeyError otherwise."""
    kind = next((k for k in _kinds.values() if k.name == kind_name), None)
    if kind is None:
        raise KeyError(kind_name)
    return RecordPage(kind, obj, obj.record_id, obj.owner_org_id, obj.public_id)


def find_record(identity: Identity, path: str) -> RecordPage | None:
    """The record at « menages/<public_id> », or None when it does not exist or may not be seen."""
    prefix, _, public_id = path.partition("/")
    kind = _kinds.get(prefix)
    obj = kind.find(identity, public_id) if kind is not None else None
    return page_of(kind.name, obj) if kind is not None and obj is not None else None


def _plain_context(kind: str) -> Callable[[Identity, Any, str, str], dict[str, Any]]:
    """What the default layout needs: its tabs and where it is."""

    def context(identity: Identity, obj: Any, tab: str, crumb: str) -> dict[str, Any]:
        record = page_of(kind, obj)
        entries = [
            e for e in slot(f"{kind}.tabs").entries(identity) if e.permission is None or identity.can(e.permission, obj)
        ]
        counts = answered(e.provider(identity, obj) if e.provider else None for e in entries)
        tabs = [
            {"label": e.label, "url": url_for(e.endpoint, record=record), "current": e.endpoint == tab, "count": count}
            for e, count in zip(entries, counts, strict=True)
        ]
        return {"tabs": tabs, "crumbs": [(record.title, record.url), (crumb, None)]}

    return context


def page_context(identity: Identity, record: RecordPage, tab: str, crumb: str) -> dict[str, Any]:
    """The variables of a page of a record: its layout, what the layout needs, the record itself."""
    given = record.kind.context(identity, record.obj, tab, crumb)
    return {**given, "record": record, "record_layout": record.kind.layout, "title": crumb}


def record_address(endpoint: str, values: dict[str, Any]) -> None:
    """``household=<public_id>`` in an address of ours becomes ``record=menages/<public_id>``."""
    del endpoint
    for kind in _kinds.values():
        if kind.name in values:
            values["record"] = f"{kind.prefix.strip('/')}/{values.pop(kind.name)}"


class RecordConverter(BaseConverter):
    """The URL part « menages/<public_id> » of a registered kind; anything else is no such address."""

    regex = r"[a-z-]{1,40}/[0-9a-z]{1,40}"
    part_isolating = False

    def to_python(self, value: str) -> str:
        """The path itself, when its prefix is registered."""
        if value.partition("/")[0] not in _kinds:
            raise ValidationError
        return value

    def to_url(self, value: Any) -> str:
        """The path of a RecordPage."""
        return value.path if isinstance(value, RecordPage) else str(value)
