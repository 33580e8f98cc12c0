"""Random worlds drawn from a seed, through the application's own operations, with the naive model of each kept beside it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import date, timedelta

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
from odis_app.households.operations.composition import Person
from odis_app.households.operations.protected import HealthNeed, Safety
from odis_app.households.policy import HEALTH_READ, find_passation
from odis_app.journal.operations import add_entry
from odis_app.organisations.models import Organisation
from odis_app.organisations.seeds import Actor
from tests.placements.conftest import complete, create_place, dispositif, open_file
from tests.security import naive_acts as acts
from tests.security.naive_acts import deposit, household_of, owner_of, refused
from tests.security.naive_model import File, Handover, Home, Mandate, Model, Note, Paper, Share, Someone
from tests.support.worlds import WorldBuilder, confirmed, open_class2, owner_unit

Act = Callable[[Model, random.Random], None]
SCHEMES = ("hebergement_citoyen", "deplaces_ukraine")
COMMUNES = {"44": "44109", "49": "49007"}
TEAMS = (  # part, département, roles of its people
    ("association", "44", (Role.TRAVAILLEUR_SOCIAL, Role.COORDINATEUR, Role.ADMIN_ORGANISATION, Role.QUALIFICATEUR_OFFRES)),
    ("association", "44", (Role.TRAVAILLEUR_SOCIAL, Role.COORDINATEUR)),
    ("association", "49", (Role.TRAVAILLEUR_SOCIAL,)),
    ("operateur", "44", (Role.OPERATEUR,)),
    ("ddets", "44", (Role.DDETS,)),
    ("ddets", "49", (Role.DDETS,)),
)  # fmt: skip


def build(world: WorldBuilder, draw: random.Random) -> Model:
    """A world of seven files and some eighty acts, and its model."""
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
    for rank in range(7):
        author = draw.choice(workers) if rank else workers[0]
        model.files.append(_file(draw, author, date(1980, 1, 1) + timedelta(days=rank), sure=not rank))
    for file in model.files:
        acts.propose_home(model, draw, file)
    for _ in range(80):
        draw.choice(ACTS)(model, draw)
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
            sure = not model.mandates  # somebody is mandated somewhere, so that a home is proposed in every world
            if sure or draw.random() < 0.7:
                starts, ends = periods[0] if sure else draw.choice(periods)
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
                    "SELECT 'ferme' || id, id, owner_org_id, department_code, daterange(current_date - 9, current_date - 2), 'unavailable', 'travaux' FROM places WHERE id = :id"
                ),
                {"id": place.id},
            )
            model.homes.append(Home(place.id, int(place.structure_id or 0), who.org_id, department, scheme))


def _file(draw: random.Random, author: Someone, born: date, *, sure: bool) -> File:
    """A file, more or less complete; one that is ``sure`` is ready for a home of the first dispositif."""
    healthy, asked = author.role is Role.OPERATEUR or draw.random() < 0.4, sure or draw.random() < 0.7
    scheme = SCHEMES[0] if sure else draw.choice(SCHEMES)
    with author.actor.acting() as identity:
        household = open_file(identity, Person("Lalarème", "Marqueuzine", "f", birth_date=born), code=scheme)
        if not healthy:
            files.update_health_needs(
                identity, household=household, values={"maternity": HealthNeed(2, 30, "à pied")}, version=None
            )
        safety = Safety(fvv_teh=not sure and draw.random() < 0.3)
        if asked:
            complete(identity, household, safety)
        file = File(household.id, author.actor.org_id, not healthy, born, scheme, author.actor.user_id)
    file.is_assessed, file.is_endangered = asked, asked and safety.fvv_teh
    return file


def _hand_over(model: Model, draw: random.Random) -> None:
    """A file changes hands: what the receiver held by shares ends, the giver reads on; health and safety go when who reads them chose it."""
    file = draw.choice(model.files)
    giver = draw.choice([p for p in model.people if p.actor.org_id == file.owner and p.level >= 1])
    receiver = draw.choice(
        [p for p in model.people if p.actor.org_id != file.owner and p.level >= 1 and p.kind != "ddets"]
    )
    with_health = model.reads_class2(giver, file) and model.can(giver, HEALTH_READ) and draw.random() < 0.5
    with_safety = model.refers(giver, file) and draw.random() < 0.5
    with refused(file.is_limited), confirmed(giver.actor).acting() as identity:
        proposed = files.propose_passation(
            identity, household=household_of(file), to=db.get_one(Organisation, receiver.actor.org_id), due_on=clock.today(), reason="Déménagement.",
            packet=files.Packet(with_health=with_health, with_safety=with_safety),
        ).public_id  # fmt: skip
    if file.is_limited:
        return
    with confirmed(receiver.actor).acting() as identity:
        passation = find_passation(identity, proposed)
        assert passation is not None
        assert files.accept_passation(identity, passation=passation, referent=db.get_one(User, receiver.actor.user_id))
        model.handovers.append(Handover(passation.id, file.owner, receiver.actor.org_id))
    for share in model.shares:
        if share.file is file and share.to == receiver.actor.org_id:
            share.withdrawn = True
    model.shares.append(Share(file, file.owner, SharePurpose.PASSATION, True, 1, clock.now() + timedelta(days=60)))
    file.owner, file.referent = receiver.actor.org_id, receiver.actor.user_id
    file.has_health, file.is_assessed = file.has_health and with_health, file.is_assessed and with_safety


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
    """A share of any purpose; one that rests on consent is refused until the adult of the file agreed to as much."""
    file = draw.choice(model.files)
    to = draw.choice(sorted({p.actor.org_id for p in model.people} - {file.owner}))
    told = [a.to for a in model.agreements if a.file is file and not a.withdrawn and a.to != file.owner]
    purpose = draw.choice([SharePurpose.ACCOMPAGNEMENT, SharePurpose.ORIENTATION, acts.OPTIONAL])
    if purpose is acts.OPTIONAL and told:
        to = draw.choice(told)
    level, max_class = draw.choice(list(ShareLevel)), draw.choice([1, 1, 2])
    ends = clock.now() + timedelta(days=draw.randint(1, 90))
    closed = file.is_limited or (purpose is acts.OPTIONAL and not model.agreed(file, to, max_class))
    with refused(closed), owner_of(model, file).actor.acting() as identity:
        share_record(
            identity, record_id=file.id, owner_org_id=file.owner, grantee_org_id=to, level=level, purpose=purpose, expires_at=ends, max_class=max_class
        )  # fmt: skip
    if closed:
        return
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
    with_paper = draw.random() < 0.4
    is_health = with_paper and model.reads_class2(author, file) and draw.random() < 0.6
    with refused(file.is_limited), author.actor.acting() as identity:
        paper = deposit(identity, file, audience, is_health=is_health) if with_paper else None
        entry = add_entry(
            identity, record_id=file.id, owner_org_id=file.owner, body="Rendez-vous pris.", audience=audience,
            readers=[public[chosen]] if chosen is not None else [], documents=[paper] if paper is not None else [],
        )  # fmt: skip
        model.notes.append(Note(entry.id, file, author, audience, chosen))
        if paper is not None:
            model.papers.append(Paper(paper.id, file, author, audience, chosen, is_health))


def _withdraw(model: Model, draw: random.Random) -> None:
    standing = [s for s in model.shares if s.stands(clock.now())]
    if not standing:
        return
    share = draw.choice(standing)
    with owner_of(model, share.file).actor.acting() as identity:
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


ACTS: tuple[Act, ...] = (
    _share, _share, _share, _note, _note, _note, _withdraw, _let_expire, _hand_over, _join,
    acts.agree, acts.agree, acts.withdraw_agreement, acts.limit, acts.lift, acts.make_exception, acts.make_exception, acts.assess, acts.deposit_alone,
)  # fmt: skip
