"""Acts on the files of a random world: consents, limitations, exceptions to roles, class 3, documents, proposals; each keeps the model in step."""

from __future__ import annotations

import io
import random
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from odis_app.access.enums import SharePurpose
from odis_app.access.models import RoleException
from odis_app.access.operations import except_permission, withdraw_exception
from odis_app.accounts.models import User
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.permissions import Role
from odis_app.documents.enums import Audience
from odis_app.documents.models import Document
from odis_app.documents.operations import Upload, store_document
from odis_app.households import operations as files
from odis_app.households.models import Household
from odis_app.households.operations.protected import Safety
from odis_app.households.policy import HEALTH_READ, HOUSEHOLD_READ, HOUSEHOLD_READ_FULL, HOUSEHOLD_SHARE
from odis_app.households.queries import present_members
from odis_app.housing.models import Place
from odis_app.organisations.models import Organisation
from odis_app.placements.operations import propose
from odis_app.privacy import operations as rights
from odis_app.privacy.enums import ConsentChannel, RequestKind
from odis_app.privacy.models import Consent, Limitation
from tests.documents.conftest import PDF
from tests.security.naive_model import Agreement, Exempted, File, Model, Paper, Proposal, Someone
from tests.support.worlds import confirmed, owner_unit

OPTIONAL = SharePurpose.AUTRE_ASSOCIATION
EXCEPTED = (HOUSEHOLD_READ, HOUSEHOLD_READ_FULL, HEALTH_READ, HOUSEHOLD_SHARE)


def refused(expected: bool) -> AbstractContextManager[object]:
    """The act is refused by its own rule, or done."""
    return pytest.raises(RuleError) if expected else nullcontext()


def owner_of(model: Model, file: File) -> Someone:
    return next(p for p in model.people if p.actor.org_id == file.owner and p.level >= 1)


def household_of(file: File) -> Household:
    """The file itself, in the present unit."""
    return db.execute(select(Household).where(Household.id == file.id)).scalar_one()


def deposit(identity: Identity, file: File, audience: Audience, *, is_health: bool) -> Document:
    return store_document(
        identity, record_id=file.id, owner_org_id=file.owner, upload=Upload("attestation.pdf", io.BytesIO(PDF)), audience=audience,
        sensitivity=2 if is_health else 1,
    )  # fmt: skip


def deposit_alone(model: Model, draw: random.Random) -> None:
    """A document that no note carries: « choisis » is then its author alone."""
    file, audience = draw.choice(model.files), draw.choice(list(Audience))
    authors = [p for p in model.people if p.level >= 1 and model.reads_in_full(p, file)]
    author = draw.choice(authors)
    is_health = draw.random() < 0.5
    closed = file.is_limited or (is_health and not model.reads_class2(author, file))
    with refused(closed), author.actor.acting() as identity:
        paper = deposit(identity, file, audience, is_health=is_health)
        model.papers.append(Paper(paper.id, file, author, audience, None, is_health))


def agree(model: Model, draw: random.Random) -> None:
    """The adult of a file agrees that one organisation reads it."""
    file, max_class = draw.choice(model.files), draw.choice([0, 1, 2])
    to = draw.choice(sorted({p.actor.org_id for p in model.people} - {file.owner}))
    with owner_of(model, file).actor.acting() as identity:
        given = rights.give_consent(
            identity, household=household_of(file), member=present_members(file.id)[0], purpose=OPTIONAL.value,
            organisations=[db.get_one(Organisation, to)], max_class=max_class, language="fa", channel=ConsentChannel.INTERPRETE,
            given_on=clock.today(), witness="Interprète de permanence",
        )  # fmt: skip
        model.agreements.append(Agreement(given.id, file, to, max_class))


def withdraw_agreement(model: Model, draw: random.Random) -> None:
    """What rested on a consent alone falls with it; what another consent still covers stays."""
    standing = [a for a in model.agreements if not a.withdrawn]
    if not standing:
        return
    agreement = draw.choice(standing)
    file = agreement.file
    with owner_of(model, file).actor.acting() as identity:
        rights.withdraw_consent(identity, consent=db.get_one(Consent, agreement.id))
    agreement.withdrawn = True
    for share in model.shares:
        rests = share.file is file and share.purpose is OPTIONAL
        if rests and not model.agreed(file, share.to, share.max_class):
            share.withdrawn = True


def limit(model: Model, draw: random.Random) -> None:
    """A person of the household has its processing limited: it is kept and read, nothing more."""
    file = draw.choice(model.files)
    if file.is_limited or sum(f.is_limited for f in model.files) > 2:
        return
    with owner_of(model, file).actor.acting() as identity:
        asked = rights.register_request(
            identity, household=household_of(file), member=present_members(file.id)[0], kind=RequestKind.LIMITATION, received_on=clock.today()
        )  # fmt: skip
        rights.answer_request(identity, request=asked, accepted=True, answer="Votre dossier est gardé.")
    file.is_limited = True


def lift(model: Model, draw: random.Random) -> None:
    limited = [f for f in model.files if f.is_limited]
    if not limited:
        return
    file = draw.choice(limited)
    standing = select(Limitation).where(Limitation.household_id == file.id, Limitation.lifted_at.is_(None))
    with owner_of(model, file).actor.acting() as identity:
        rights.lift_limitation(
            identity, limitation=db.execute(standing).scalar_one(), reason="C’est corrigé.", told_on=clock.today()
        )
    file.is_limited = False


def make_exception(model: Model, draw: random.Random) -> None:
    """An administrator gives or takes a permission; a third of the exceptions are over at once, withdrawn or at their end."""
    admin = next(p for p in model.people if p.role is Role.ADMIN_ORGANISATION)
    colleagues = [p for p in model.people if p.actor.org_id == admin.actor.org_id and p is not admin]
    member, permission, gives = draw.choice(colleagues), draw.choice(EXCEPTED), draw.random() < 0.4
    with admin.actor.acting() as identity:
        made = except_permission(
            identity, member=db.get_one(User, member.actor.user_id), permission=permission.name, gives=gives, motive="Remplacement.",
            until=clock.today() + timedelta(days=30),
        ).id  # fmt: skip
    fate = draw.choice(["stands", "stands", "stands", "stands", "withdrawn", "expired"])
    if fate == "withdrawn":
        with admin.actor.acting() as identity:
            withdraw_exception(identity, exception=db.get_one(RoleException, made))
    elif fate == "expired":
        past = clock.now() - timedelta(minutes=1)
        with owner_unit():
            moved = {"at": past - timedelta(days=1), "expires_at": past}
            db.execute(update(RoleException).where(RoleException.id == made).values(moved))
    model.exceptions.append(Exempted(member.actor.user_id, permission.name, gives, fate == "stands"))


def assess(model: Model, draw: random.Random) -> None:
    """The coordination or the referent writes down what the adult said of danger; a limited file still protects."""
    file = draw.choice(model.files)
    author = draw.choice([p for p in model.people if model.refers(p, file)])
    endangered = draw.random() < 0.4
    with confirmed(author.actor).acting() as identity:
        files.update_member_safety(
            identity, household=household_of(file), member=present_members(file.id)[0], safety=Safety(fvv_teh=endangered), version=None
        )  # fmt: skip
    file.is_assessed, file.is_endangered = True, endangered


def propose_home(model: Model, draw: random.Random, file: File) -> None:
    """A home that who follows the file sees; what the rules of proposals refuse (the test of their own) is not proposed."""
    author = owner_of(model, file)
    homes = [h for h in model.homes if h.scheme == file.scheme and model.reads_home(author, h)]
    if author.level < 2 or not homes:
        return
    home = draw.choice(homes)
    try:
        with author.actor.acting() as identity:
            place = db.execute(select(Place).where(Place.id == home.place)).scalar_one()
            made = propose(identity, household=household_of(file), place=place, starts_on=clock.today()).id
    except RuleError:
        return
    assert file.is_safe
    model.proposals.append(Proposal(made, file, home))
