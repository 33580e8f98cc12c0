"""Permissions as data, and the marks that views carry. The decision behind the marks is in ``access``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ParamSpec, TypeVar

from odis_app.core.identity import Identity

P = ParamSpec("P")
R = TypeVar("R")
Loader = Callable[[Identity, str], Any]
Rule = Callable[[Identity, Any], bool]


class Role(StrEnum):
    """What a person does in an organisation (practice §2.15)."""

    TRAVAILLEUR_SOCIAL = "travailleur_social"
    COORDINATEUR = "coordinateur"
    QUALIFICATEUR_OFFRES = "qualificateur_offres"
    OPERATEUR = "operateur"
    DDETS = "ddets"
    NATIONAL = "national"
    BAILLEUR = "bailleur"
    COLLECTIVITE = "collectivite"
    ADMIN_ORGANISATION = "admin_organisation"
    ADMIN_PLATEFORME = "admin_plateforme"

    @property
    def label(self) -> str:
        """The French word."""
        return _ROLE_LABELS[self]


_ROLE_LABELS = {
    Role.TRAVAILLEUR_SOCIAL: "Travail social",
    Role.COORDINATEUR: "Coordination",
    Role.QUALIFICATEUR_OFFRES: "Qualification des offres",
    Role.OPERATEUR: "Opérateur",
    Role.DDETS: "DDETS",
    Role.NATIONAL: "Pilotage national",
    Role.BAILLEUR: "Bailleur",
    Role.COLLECTIVITE: "Collectivité",
    Role.ADMIN_ORGANISATION: "Administration de l’organisation",
    Role.ADMIN_PLATEFORME: "Administration de la plateforme",
}
EVERYONE = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Permission:
    """``name`` is ``resource:action``; ``roles`` hold it by default; ``rule`` judges one object.

    ``step_up``: a person uses it only within ten minutes of having proved once more who they are.
    """

    name: str
    label: str
    roles: frozenset[Role]
    rule: Rule | None = None
    step_up: bool = False


@dataclass(frozen=True, slots=True)
class Guard:
    """What a view demands: a permission, and how each URL variable becomes an object."""

    permission: Permission | None
    loaders: dict[str, Loader] = field(default_factory=dict)


REGISTRY: dict[str, Permission] = {}


class StepUpNeededError(Exception):
    """What is asked needs a renewed proof of identity; the web then asks for it and comes back (accounts.views.confirmation)."""


def require_step_up(identity: Identity) -> None:
    """For an act that needs a renewed proof in some cases only (a large export). Raises StepUpNeededError before anything is done."""
    if not identity.is_confirmed:
        raise StepUpNeededError


def permission(
    name: str,
    label: str,
    *,
    roles: set[Role] | frozenset[Role],
    rule: Rule | None = None,
    step_up: bool = False,
) -> Permission:
    """Declare a permission. Raises ValueError when the name is taken or is not ``resource:action``."""
    if name.count(":") != 1 or name in REGISTRY:
        raise ValueError(f"permission {name!r} is malformed or declared twice")
    REGISTRY[name] = Permission(name, label, frozenset(roles), rule, step_up)
    return REGISTRY[name]


def permissions_of(roles: tuple[str, ...]) -> frozenset[str]:
    """The names of the permissions that a bundle of roles gives."""
    held = set(roles)
    return frozenset(p.name for p in REGISTRY.values() if held & p.roles)


WITHIN = frozenset(Role) - {Role.DDETS, Role.NATIONAL, Role.ADMIN_PLATEFORME}


def with_exceptions(held: frozenset[str], exceptions: Iterable[str]) -> frozenset[str]:
    """What roles give, with what an administrator of the organisation added (« +household:create ») or took away (« -household:share »).

    Nothing of the State's, the nation's or the platform's alone is ever added; what is taken away wins.
    """
    changes = list(exceptions)
    added = {c[1:] for c in changes if c.startswith("+") and c[1:] in REGISTRY and REGISTRY[c[1:]].roles & WITHIN}
    return (held | added) - {c[1:] for c in changes if c.startswith("-")}


def guard(required: Permission, **loaders: Loader) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a view: the permission it demands and, for each URL variable, the loader that goes through ``visible_*``."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        view.__odis_guard__ = Guard(required, loaders)  # type: ignore[attr-defined]
        return view

    return mark


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Mark a view that anybody may open, signed in or not."""
    view.__odis_guard__ = Guard(None)  # type: ignore[attr-defined]
    return view


def guard_of(view: object) -> Guard | None:
    """The mark of a view function, if it has one."""
    return getattr(view, "__odis_guard__", None)
