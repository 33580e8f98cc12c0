"""Random worlds of organisations, people, files, homes, mandates, shares that end or are withdrawn, notes: both walls, one by one, against a naive model.

The model knows nothing of SQL: it walks plain lists. A world is drawn from its seed, so that a failure can be drawn again.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Select, select, text, update

from odis_app.access.enums import JoinReason, ShareLevel, SharePurpose
from odis_app.access.models import Grant
from odis_app.access.operations import revoke_share, share_record
from odis_app.accounts.models import User
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.permissions import Role
from odis_app.documents.enums import Audience
from odis_app.households import operations as files
from odis_app.households.models import Household
from odis_app.households.operations.composition import Person
from odis_app.households.operations.protected import HealthNeed, Safety
from odis_app.households.policy import (
    find_household,
    find_passation,
    visible_households,
    visible_passations,
    visible_tracking,
)
from odis_app.households.queries import present_members
from odis_app.households.queries.sight import Block, who_reads
from odis_app.housing.policy import visible_occupancies, visible_places
from odis_app.journal.operations import add_entry
from odis_app.journal.policy import visible_entries
from odis_app.organisations.models import Organisation
from odis_app.organisations.seeds import Actor
from odis_app.structures.policy import visible_structures
from tests.placements.conftest import create_place, dispositif, open_file
from tests.support.worlds import WorldBuilder, confirmed, open_class2, owner_unit

SCHEMES = ("hebergement_citoyen", "deplaces_ukraine")
COMMUNES = {"44": "44109", "49": "49007"}
LEVELS = {Role.COORDINATEUR: 3, Role.TRAVAILLEUR_SOCIAL: 2, Role.OPERATEUR: 1, Role.DDETS: 1}
TEAMS = (  # part, département, roles of its people
    ("association", "44", (Role.TRAVAILLEUR_SOCIAL, Role.COORDINATEUR, Role.ADMIN_ORGANISATION, Role.QUALIFICATEUR_OFFRES)),
    ("association", "44", (Role.TRAVAILLEUR_SOCIAL, Role.COORDINATEUR)),
    ("association", "49", (Role.TRAVAILLEUR_SOCIAL,)),
    ("operateur", "44", (Role.OPERATEUR,)),
    ("ddets", "44", (Role.DDETS,)),
    ("ddets", "49", (Role.DDETS,)),
)  # fmt: skip


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
    is_safe: bool = False


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
class Model:
    """The world as plain lists, and what each person should see of it."""

    people: list[Someone] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    handovers: list[Handover] = field(default_factory=list)
    homes: list[Home] = field(default_factory=list)
    mandates: list[Mandate] = field(default_factory=list)
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

    def reads_health(self, who: Someone, file: File) -> bool:
        if not self.class2 or who.level < 2 or not file.has_health:
            return False
        return self.owns(who, file) or any(s.full and s.max_class >= 2 for s in self.shares_of(who, file))

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

    def reads_note(self, who: Someone, note: Note) -> bool:
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
            "occupancies": {h.place for h in self.homes if self.reads_home(who, h)},
            "structures": {h.structure for h in self.homes if self.reads_home(who, h)},
            "passations": {
                h.id for h in self.handovers if who.level >= 0 and who.actor.org_id in {h.giver, h.receiver}
            },
        }


SECOND_WALL = {
    "households": "SELECT id FROM households",
    "members": "SELECT DISTINCT household_id FROM members",
    "health": "SELECT DISTINCT household_id FROM household_health_needs",
    "tracking": "SELECT record_id FROM household_tracking",
    "notes": "SELECT id FROM journal_entries WHERE kind = 'note'",
    "passations": "SELECT id FROM passations",
    "places": "SELECT id FROM places",
    "occupancies": "SELECT place_id FROM occupancies",
    "structures": "SELECT id FROM structures",
}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_both_walls_are_the_model(world: WorldBuilder, seed: int) -> None:
    """Every person of the world, every table: bare SQL under their identity, then the first wall with the second one set aside."""
    draw = random.Random(seed)
    model = _build(world, draw)
    for who in model.people:
        expected = model.expected(who)
        with who.actor.acting() as identity:
            bare = {name: set(db.execute(text(sql)).scalars()) for name, sql in SECOND_WALL.items()}
        assert bare == expected, (seed, who.role, who.department)
        with owner_unit():
            first = {
                "households": _ids(visible_households(identity)),
                "tracking": {row.record_id for row in db.execute(visible_tracking(identity)).scalars()},
                "passations": _ids(visible_passations(identity)),
                "notes": _ids(visible_entries(identity)) & {note.id for note in model.notes},
                "places": _ids(visible_places(identity)),
                "occupancies": {row.place_id for row in db.execute(visible_occupancies(identity)).scalars()},
                "structures": _ids(visible_structures(identity)),
            }
        assert first == {name: expected[name] for name in first}, (seed, who.role, who.department)
    assert {s.stands(clock.now()) for s in model.shares} == {True, False}
    assert {m.holds(clock.today()) for m in model.mandates} == {True, False}
    _the_page_says_as_much(model)


def _the_page_says_as_much(model: Model) -> None:
    """« Qui peut lire ceci », as the organisation that follows each file is told, names exactly who reads."""
    for file in model.files:
        owner = next(p for p in model.people if p.actor.org_id == file.owner and p.level >= 1)
        with owner.actor.acting():
            household = db.execute(select(Household).where(Household.id == file.id)).scalar_one()
            told = {block: who_reads(household, block) for block in (Block.HEADER, Block.FILE, Block.HEALTH)}
        for who in model.people:
            said = {
                block: answer.includes(org_id=who.actor.org_id, user_id=who.actor.user_id, roles={who.role})
                for block, answer in told.items()
            }
            read = {Block.HEADER: model.opens(who, file), Block.FILE: model.reads_in_full(who, file)}
            health = model.reads_health(who, file) if file.has_health else said[Block.HEALTH]
            assert said == {**read, Block.HEALTH: health}, (who.role, who.department)


def _ids(statement: Select[tuple[int]]) -> set[int]:
    return {row.id for row in db.execute(statement).scalars()}  # type: ignore[attr-defined]


def _build(world: WorldBuilder, draw: random.Random) -> Model:
    model = Model()
    open_class2()
    for part, department, roles in TEAMS:
        first: Actor | None = None
        for role in roles:
            first = world.actor(part, department, colleague_of=first, roles=(role,), mandated=False)
            model.people.append(Someone(first, role, part, department))
        if part == "association" and first is not None:
            _mandate(world, model, draw, first)
    _homes(model, draw)
    workers = [p for p in model.people if p.role in {Role.TRAVAILLEUR_SOCIAL, Role.OPERATEUR}]
    for _ in range(7):
        model.files.append(_file(draw, draw.choice(workers), date(1980, 1, 1) + timedelta(days=len(model.files))))
    for _ in range(70):
        draw.choice([_share, _share, _note, _note, _withdraw, _let_expire, _hand_over, _join])(model, draw)
    if draw.random() < 0.25:
        model.class2 = False
        open_class2(False)
    return model


def _mandate(world: WorldBuilder, model: Model, draw: random.Random, actor: Actor) -> None:
    """For each département and dispositif: nothing, or a mandate that stands, ended, is to come, or ends or begins today."""
    today, days = clock.today(), timedelta(days=draw.randint(1, 400))
    periods = [
        (today - days, None),
        (today - days, today),
        (today, today + days),
        (today - 2 * days, today - days),
        (today + days, None),
    ]
    for department in COMMUNES:
        for scheme in SCHEMES:
            if draw.random() < 0.7:
                starts, ends = draw.choice(periods)
                world.mandate(actor, department, [scheme], starts_on=starts, ends_on=ends)
                model.mandates.append(Mandate(actor.org_id, department, scheme, starts, ends))


def _homes(model: Model, draw: random.Random) -> None:
    """Places of operators, of each département and dispositif and a few more, each closed for some days."""
    operators = [p for p in model.people if p.role is Role.OPERATEUR]
    kinds = [(d, s) for d in COMMUNES for s in SCHEMES]
    for department, scheme in [*kinds, *draw.choices(kinds, k=2)]:
        who = draw.choice(operators).actor
        with who.acting() as identity:
            place = create_place(identity, COMMUNES[department], dispositif_id=dispositif(scheme))
            db.execute(
                text(
                    "INSERT INTO occupancies (public_id, place_id, owner_org_id, department_code, during, kind, motif) "
                    "SELECT 'ferme' || id, id, owner_org_id, department_code, daterange(current_date, NULL), 'unavailable', 'travaux' FROM places WHERE id = :id"
                ),
                {"id": place.id},
            )
            model.homes.append(Home(place.id, int(place.structure_id or 0), who.org_id, department, scheme))


def _file(draw: random.Random, author: Someone, born: date) -> File:
    healthy, asked = author.role is Role.OPERATEUR or draw.random() < 0.4, draw.random() < 0.7
    scheme = draw.choice(SCHEMES)
    with author.actor.acting() as identity:
        household = open_file(identity, Person("Lalarème", "Marqueuzine", "f", birth_date=born), code=scheme)
        if not healthy:
            files.update_health_needs(
                identity, household=household, values={"maternity": HealthNeed(2, 30, "à pied")}, version=None
            )
        endangered = draw.random() < 0.3
        for member in present_members(household.id) if asked else ():
            files.update_member_safety(
                identity, household=household, member=member, safety=Safety(fvv_teh=endangered), version=None
            )
        return File(household.id, author.actor.org_id, not healthy, born, scheme, asked and not endangered)


def _hand_over(model: Model, draw: random.Random) -> None:
    """A file changes hands: what the receiver held by shares ends, the giver reads on; health goes when its author chose it, safety never."""
    file = draw.choice(model.files)
    giver = draw.choice([p for p in model.people if p.actor.org_id == file.owner and p.level >= 1])
    receiver = draw.choice(
        [p for p in model.people if p.actor.org_id != file.owner and p.level >= 1 and p.kind != "ddets"]
    )
    with_health = model.class2 and giver.level >= 2 and draw.random() < 0.5
    with giver.actor.acting() as identity:
        household = db.execute(select(Household).where(Household.id == file.id)).scalar_one()
        proposed = files.propose_passation(
            identity, household=household, to=db.get_one(Organisation, receiver.actor.org_id), due_on=clock.today(), reason="Déménagement.",
            packet=files.Packet(with_health=with_health),
        ).public_id  # fmt: skip
    with receiver.actor.acting() as identity:
        passation = find_passation(identity, proposed)
        assert passation is not None
        assert files.accept_passation(identity, passation=passation, referent=db.get_one(User, receiver.actor.user_id))
        model.handovers.append(Handover(passation.id, file.owner, receiver.actor.org_id))
    for share in model.shares:
        if share.file is file and share.to == receiver.actor.org_id:
            share.withdrawn = True
    model.shares.append(Share(file, file.owner, SharePurpose.PASSATION, True, 1, clock.now() + timedelta(days=60)))
    file.owner, file.has_health, file.is_safe = receiver.actor.org_id, file.has_health and with_health, False


def _join(model: Model, draw: random.Random) -> None:
    """Somebody tries to join a file in an emergency: three tries, a file without danger, a mandate for it or its coordination."""
    file, who = draw.choice(model.files), draw.choice([p for p in model.people if p.level >= 1])
    left = model.tries.get(who.actor.user_id, 0) < 3
    with owner_unit():
        number = db.execute(text("SELECT number FROM households WHERE id = :id"), {"id": file.id}).scalar_one()
    opened = None
    with confirmed(who.actor).acting() as identity:
        try:
            opened = files.join_file(
                identity, number=number, born=file.born, reason=JoinReason.MISE_A_L_ABRI, words="Ce soir."
            )
        except RuleError:
            assert model.reads_in_full(who, file) or not left
            return
    model.tries[who.actor.user_id] = model.tries.get(who.actor.user_id, 0) + (who.level >= 2)
    coordinates = who.role is Role.COORDINATEUR and who.department == "44"
    may = who.level >= 2 and (coordinates or model.is_mandated(who, "44", file.scheme)) and left and file.is_safe
    assert (opened is not None) is may
    if may:
        for share in model.shares:
            if share.file is file and share.to == who.actor.org_id and share.purpose is SharePurpose.URGENCE:
                share.withdrawn = True
        model.shares.append(
            Share(file, who.actor.org_id, SharePurpose.URGENCE, True, 1, clock.now() + timedelta(days=7))
        )


def _holder(model: Model, draw: random.Random, people: Iterable[Someone], file: File) -> Someone | None:
    able = [p for p in people if p.level >= 1 and model.reads_in_full(p, file)]
    return draw.choice(able) if able else None


def _share(model: Model, draw: random.Random) -> None:
    file = draw.choice(model.files)
    owner = next(p for p in model.people if p.actor.org_id == file.owner and p.level >= 1)
    others = sorted({p.actor.org_id for p in model.people} - {file.owner})
    to, purpose = draw.choice(others), draw.choice([SharePurpose.ACCOMPAGNEMENT, SharePurpose.ORIENTATION])
    level, max_class = draw.choice(list(ShareLevel)), draw.choice([1, 1, 2])
    ends = clock.now() + timedelta(days=draw.randint(1, 90))
    with owner.actor.acting() as identity:
        share_record(
            identity, record_id=file.id, owner_org_id=file.owner, grantee_org_id=to, level=level, purpose=purpose, expires_at=ends, max_class=max_class
        )  # fmt: skip
    for known in model.shares:
        if known.file is file and known.to == to and known.purpose is purpose:
            known.withdrawn = True
    model.shares.append(Share(file, to, purpose, level is ShareLevel.FULL, max_class, ends))


def _note(model: Model, draw: random.Random) -> None:
    file = draw.choice(model.files)
    author = _holder(model, draw, model.people, file)
    audience = draw.choice(list(Audience))
    reader = _holder(model, draw, (p for p in model.people if p is not author), file) if author else None
    if author is None or (audience is Audience.CHOISIS and reader is None):
        return
    with owner_unit():
        public = {
            p.actor.user_id: db.execute(
                text("SELECT public_id FROM users WHERE id = :id"), {"id": p.actor.user_id}
            ).scalar_one()
            for p in (reader,)
            if p is not None
        }
    chosen = reader.actor.user_id if reader is not None and audience is Audience.CHOISIS else None
    with author.actor.acting() as identity:
        household = find_household(
            identity, db.execute(text("SELECT public_id FROM households WHERE id = :id"), {"id": file.id}).scalar_one()
        )
        assert household is not None
        entry = add_entry(
            identity,
            record_id=file.id,
            owner_org_id=file.owner,
            body="Rendez-vous pris.",
            audience=audience,
            readers=[public[chosen]] if chosen is not None else [],
        )
        model.notes.append(Note(entry.id, file, author, audience, chosen))


def _withdraw(model: Model, draw: random.Random) -> None:
    standing = [s for s in model.shares if s.stands(clock.now())]
    if not standing:
        return
    share = draw.choice(standing)
    owner = next(p for p in model.people if p.actor.org_id == share.file.owner and p.level >= 1)
    with owner.actor.acting() as identity:
        revoke_share(identity, grant=db.execute(_grant(share)).scalar_one())
    share.withdrawn = True


def _let_expire(model: Model, draw: random.Random) -> None:
    """Time passes for one share: the row is moved into the past by the installation itself."""
    standing = [s for s in model.shares if s.stands(clock.now())]
    if not standing:
        return
    share = draw.choice(standing)
    past = clock.now() - timedelta(minutes=draw.randint(1, 1000))
    with owner_unit():
        grant = db.execute(_grant(share)).scalar_one()
        db.execute(
            update(Grant).where(Grant.id == grant.id).values(granted_at=past - timedelta(days=1), expires_at=past)
        )
    share.ends = past


def _grant(share: Share) -> Select[tuple[Grant]]:
    return select(Grant).where(
        Grant.record_id == share.file.id,
        Grant.grantee_org_id == share.to,
        Grant.purpose == share.purpose.value,
        Grant.revoked_at.is_(None),
        Grant.expires_at > clock.now(),
    )
