"""Named places in lower pages that higher packages fill: tabs, cards, menu entries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from odis_app.core.permissions import Permission


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing added to a slot. ``endpoint`` is a route; ``data`` what the slot's own documentation says."""

    label: str
    endpoint: str
    permission: Permission | None
    order: int
    data: dict[str, Any]
    provider: Callable[..., Any] | None


class Slot:
    """An ordered collection of entries."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def add(
        self,
        *,
        label: str = "",
        endpoint: str = "",
        permission: Permission | None = None,
        order: int = 100,
        provider: Callable[..., Any] | None = None,
        **data: Any,
    ) -> None:
        """Register an entry; called from a package's ``setup(app)``. Registering the same twice changes nothing."""
        entry = Entry(label, endpoint, permission, order, data, provider)
        if entry not in self._entries:
            self._entries.append(entry)
            self._entries.sort(key=lambda e: (e.order, e.label))

    def entries(self, identity: Any = None) -> list[Entry]:
        """The entries in order; with an identity, only those whose permission it holds."""
        return [e for e in self._entries if identity is None or e.permission is None or identity.can(e.permission)]


_slots: dict[str, Slot] = {}


def slot(name: str) -> Slot:
    """The slot called ``name`` (such as ``nav.main`` or ``household.tabs``), created at first use."""
    return _slots.setdefault(name, Slot())
