"""What each person of a random world should see, by walking plain lists: it knows nothing of SQL, nor of the application's own rules.

``naive_draws`` builds a world and this model of it side by side; ``test_random_worlds`` asks both walls.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from odis_app.access.enums import SharePurpose
from odis_app.core import clock
from odis_app.core.permissions import Permission, Role
from odis_app.documents.enums import Audience
from odis_app.organisations.seeds import Actor

LEVELS = {Role.COORDINATEUR: 3, Role.TRAVAILLEUR_SOCIAL: 2, Role.OPERATEUR: 1, Role.DDETS: 1}


@dataclass(frozen=True, slots=True)
class Someone:
    actor: Actor
    role: Role
    kind: str
    department: str

    @property
    def level(self) -> int:
        return LEVELS.get(self.role, -1)


@dataclass(slots=True)
class File:
    id: int
    owner: int
    has_health: bool
    born: date
    scheme: str
    referent: int
    is_assessed: bool = False
    is_endangered: bool = False
    is_limited: bool = False

    @property
    def is_safe(self) -> bool:
        return self.is_assessed and not self.is_endangered


@dataclass(slots=True)
class Home:
    """A place, alone in its structure, closed for some days."""

    place: int
    structure: int
    owner: int
    department: str
    scheme: str


@dataclass(slots=True)
class Mandate:
    org: int
    department: str
    scheme: str
    starts: date
    ends: date | None

    def holds(self, today: date) -> bool:
        return self.starts <= today and (self.ends is None or today <= self.ends)


@dataclass(slots=True)
class Share:
    file: File
    to: int
    purpose: SharePurpose
    full: bool
    max_class: int
    ends: datetime
    withdrawn: bool = False

    def stands(self, now: datetime) -> bool:
        return not self.withdrawn and self.ends > now


@dataclass(slots=True)
class Handover:
    id: int
    giver: int
    receiver: int


@dataclass(slots=True)
class Note:
    id: int
    file: File
    author: Someone
    audience: Audience
    chosen: int | None


@dataclass(slots=True)
class Paper:
    """A document: alone, or joined to a note whose audience it takes."""

    id: int
    file: File
    author: Someone
    audience: Audience
    chosen: int | None
    is_health: bool


@dataclass(slots=True)
class Agreement:
    """What the adult of a file agreed to: that one organisation reads it, up to one class."""

    id: int
    file: File
    to: int
    max_class: int
    withdrawn: bool = False


@dataclass(slots=True)
class Proposal:
    id: int
    file: File
    home: Home


@dataclass(slots=True)
class Exempted:
    """One permission more or less for one person, until it ends or is withdrawn."""

    user: int
    permission: str
    gives: bool
    stands: bool = True


@dataclass(slots=True)
class Model:
    """The world as plain lists, and what each person should see of it."""

    people: list[Someone] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    handovers: list[Handover] = field(default_factory=list)
    homes: list[Home] = field(default_factory=list)
    mandates: list[Mandate] = field(default_factory=list)
    papers: list[Paper] = field(default_factory=list)
    agreements: list[Agreement] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    exceptions: list[Exempted] = field(default_factory=list)
    tries: dict[int, int] = field(default_factory=dict)
    class2: bool = True

    def shares_of(self, who: Someone, file: File) -> list[Share]:
        now = clock.now()
        return [s for s in self.shares if s.file is file and s.to == who.actor.org_id and s.stands(now)]

    def owns(self, who: Someone, file: File) -> bool:
        return who.level >= 0 and file.owner == who.actor.org_id

    def opens(self, who: Someone, file: File) -> bool:
        return who.level >= 0 and (self.owns(who, file) or bool(self.shares_of(who, file)))

    def reads_in_full(self, who: Someone, file: File) -> bool:
        return self.owns(who, file) or (who.level >= 0 and any(s.full for s in self.shares_of(who, file)))

    def reads_class2(self, who: Someone, file: File) -> bool:
        if not self.class2 or who.level < 2:
            return False
        return self.owns(who, file) or any(s.full and s.max_class >= 2 for s in self.shares_of(who, file))

    def reads_health(self, who: Someone, file: File) -> bool:
        return file.has_health and self.reads_class2(who, file)

    def refers(self, who: Someone, file: File) -> bool:
        """Who may read class 3 once they prove who they are: the coordination and the referent, at home; never by a share."""
        return self.owns(who, file) and (who.level >= 3 or file.referent == who.actor.user_id)

    def agreed(self, file: File, to: int, max_class: int) -> bool:
        standing = [a for a in self.agreements if a.file is file and a.to == to and not a.withdrawn]
        return any(a.max_class >= max_class for a in standing)

    def can(self, who: Someone, permission: Permission) -> bool:
        """What the role gives, and one exception beside it; what is taken away wins."""
        changes = {e.gives for e in self._exceptions_of(who, permission)}
        return False not in changes and (who.role in permission.roles or True in changes)

    def is_taken(self, who: Someone, permission: Permission) -> bool:
        return any(not e.gives for e in self._exceptions_of(who, permission))

    def _exceptions_of(self, who: Someone, permission: Permission) -> list[Exempted]:
        mine = [e for e in self.exceptions if e.stands and e.user == who.actor.user_id]
        return [e for e in mine if e.permission == permission.name]

    def is_mandated(self, who: Someone, department: str, scheme: str) -> bool:
        """Who qualifies offers or administers follows no file: the mandate of the organisation opens nothing to them."""
        wanted = (who.actor.org_id, department, scheme)
        held = [m for m in self.mandates if (m.org, m.department, m.scheme) == wanted and m.holds(clock.today())]
        return who.level >= 0 and bool(held)

    def reads_home(self, who: Someone, home: Home) -> bool:
        own = home.owner == who.actor.org_id and who.role is not Role.ADMIN_ORGANISATION
        steered = who.kind == "ddets" and who.department == home.department
        return own or steered or self.is_mandated(who, home.department, home.scheme)

    def follows_stage(self, who: Someone, file: File) -> bool:
        return self.opens(who, file) or (who.kind == "ddets" and who.department == "44")

    def is_party(self, who: Someone, proposal: Proposal) -> bool:
        """Either side reads it, the State by a share in full; who else holds a share reads the file without its proposals."""
        sides = {proposal.file.owner, proposal.home.owner}
        given = who.kind == "ddets" and self.reads_in_full(who, proposal.file)
        return who.level >= 0 and (who.actor.org_id in sides or given)

    def sees_days_of(self, who: Someone, home: Home) -> bool:
        """Who reads the home, and whoever follows a household to whom it was proposed."""
        ours = any(p.home is home and self.owns(who, p.file) for p in self.proposals)
        return self.reads_home(who, home) or ours

    def reads_paper(self, who: Someone, paper: Paper) -> bool:
        return self.reads_note(who, paper) and (not paper.is_health or self.reads_class2(who, paper.file))

    def reads_note(self, who: Someone, note: Note | Paper) -> bool:
        if not self.reads_in_full(who, note.file):
            return False
        ours = note.author.actor.org_id == who.actor.org_id
        match note.audience:
            case Audience.PARTENAIRES:
                return ours or who.kind != "ddets"
            case Audience.ORGANISATION:
                return ours
            case Audience.ETAT:
                return ours or who.kind == "ddets"
            case Audience.CHOISIS:
                return who.actor.user_id in {note.author.actor.user_id, note.chosen}

    def expected(self, who: Someone) -> dict[str, set[int]]:
        return {
            "households": {f.id for f in self.files if self.opens(who, f)},
            "members": {f.id for f in self.files if self.reads_in_full(who, f)},
            "health": {f.id for f in self.files if self.reads_health(who, f)},
            "tracking": {f.id for f in self.files if self.follows_stage(who, f)},
            "notes": {n.id for n in self.notes if self.reads_note(who, n)},
            "places": {h.place for h in self.homes if self.reads_home(who, h)},
            "occupancies": {h.place for h in self.homes if self.sees_days_of(who, h)},
            "structures": {h.structure for h in self.homes if self.reads_home(who, h)},
            "documents": {p.id for p in self.papers if self.reads_paper(who, p)},
            "orientations": {p.id for p in self.proposals if self.is_party(who, p)},
            "consents": {a.id for a in self.agreements if self.owns(who, a.file)},
            "limitations": {f.id for f in self.files if f.is_limited and self.opens(who, f)},
            "safety": {f.id for f in self.files if f.is_assessed and self.refers(who, f)},
            "passations": {
                h.id for h in self.handovers if who.level >= 0 and who.actor.org_id in {h.giver, h.receiver}
            },
        }
