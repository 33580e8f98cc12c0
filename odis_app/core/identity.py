"""Who acts: the person (or the job) behind the current unit of work, as the database vouches for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from odis_app.core import clock

if TYPE_CHECKING:
    from odis_app.core.permissions import Permission


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity, immutable for the length of a unit of work.

    ``level`` is the highest sensitivity class it may read (0 administrative … 4 protection story; -1: no case content).
    ``class2_is_open``: whether this installation collected class 2 when the unit began. ``permissions`` are names such as ``household:read``, from the roles that the membership gives.
    """

    kind: str
    session_id: str = ""
    user_id: int | None = None
    user_public_id: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    charter_version: str = ""
    is_demo: bool = False
    has_factor: bool = False
    factor_from: date | None = None
    org_id: int | None = None
    org_public_id: str = ""
    org_name: str = ""
    org_short_name: str = ""
    org_kind: str = ""
    org_department: str | None = None
    org_is_active: bool = True
    class2_is_open: bool = False
    roles: tuple[str, ...] = ()
    level: int = -1
    departments: tuple[str, ...] = ()
    system_name: str = ""
    step_up_until: datetime | None = None
    last_seen_at: datetime | None = None
    permissions: frozenset[str] = field(default_factory=frozenset)

    @property
    def name(self) -> str:
        """« Camille Fictive », or the name of the task."""
        return f"{self.first_name} {self.last_name}".strip() or self.system_name

    @property
    def is_signed_in(self) -> bool:
        """A person, or a job that acts for one."""
        return self.user_id is not None

    @property
    def is_stepped_up(self) -> bool:
        """The person proved who they are again less than ten minutes ago."""
        return self.step_up_until is not None and self.step_up_until > clock.now()

    @property
    def is_confirmed(self) -> bool:
        """Stepped up, or a job asked for by who was; the installation's tasks have no such gesture. The database says the same (odis.is_confirmed)."""
        return self.kind == "system" or self.is_stepped_up

    @property
    def owes_factor(self) -> bool:
        """The organisation asks its members for a second factor, now or from a day to come, and this one has none."""
        return self.factor_from is not None and self.kind == "user" and not (self.has_factor or self.is_demo)

    @property
    def must_enrol(self) -> bool:
        """That day has come: nothing but one's own account opens."""
        return self.owes_factor and self.factor_from is not None and self.factor_from <= clock.today()

    @property
    def case_org_id(self) -> int | None:
        """The organisation, when the identity may read case content at all; administrators may not."""
        return self.org_id if self.level >= 0 else None

    def can(self, permission: Permission, obj: object | None = None) -> bool:
        """Whether the roles give ``permission``, and its rule, if any, accepts ``obj``."""
        if permission.name not in self.permissions:
            return False
        return obj is None or permission.rule is None or permission.rule(self, obj)

    def require_user(self) -> int:
        """The user's id; for operations that only a person may do. Raises PermissionError otherwise."""
        if self.user_id is None:
            raise PermissionError("this operation is done by a person")
        return self.user_id

    def require_org(self) -> int:
        """The organisation's id. Raises PermissionError when there is none."""
        if self.org_id is None:
            raise PermissionError("this operation is done within an organisation")
        return self.org_id


ANONYMOUS = Identity(kind="anonymous")
