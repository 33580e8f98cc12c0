"""One association with one of everything, and everybody who could look at it: ten roles in each of five situations."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from PIL import Image
from sqlalchemy import select, text

from jobs.runner import perform
from odis_app.access.enums import ReviewKind, ShareLevel, SharePurpose
from odis_app.access.models import Grant, Review
from odis_app.access.operations import ask_review, except_permission, share_record
from odis_app.accounts.models import User
from odis_app.core import clock
from odis_app.core import db as core_db
from odis_app.core.db import db, unit_of_work
from odis_app.core.ids import new_public_id
from odis_app.core.permissions import Role
from odis_app.documents.enums import Audience
from odis_app.documents.operations import Upload, store_document
from odis_app.exchange import kinds
from odis_app.exchange.operations import drafts
from odis_app.households import operations as files
from odis_app.households.models import Household, Member
from odis_app.households.queries import present_members
from odis_app.housing import operations as homes
from odis_app.housing.models import Offer, Place
from odis_app.housing.status import CHECKLIST, SAFEGUARDS
from odis_app.journal.operations import add_entry
from odis_app.organisations import seeds
from odis_app.organisations.enums import OrganisationKind
from odis_app.organisations.models import AccessRequest, Dispositif, Mandate, Organisation, Qualifier
from odis_app.organisations.operations import Asking, ask_access, invite
from odis_app.organisations.queries import Suggestion
from odis_app.organisations.seeds import Actor
from odis_app.pilotage.period import Period
from odis_app.placements import operations as placements
from odis_app.privacy import operations as privacy
from odis_app.privacy.enums import ConsentChannel, RequestKind
from odis_app.reports.models import Report
from odis_app.reports.operations import request_household_report
from odis_app.structures.models import Structure
from tests.documents.conftest import PDF
from tests.exchange import real_kind
from tests.placements.conftest import complete, create_place, dispositif, found, open_file, stay
from tests.support.worlds import WorldBuilder, confirmed, open_class2, owner_unit

LETTERS = {
    "ts": Role.TRAVAILLEUR_SOCIAL, "co": Role.COORDINATEUR, "qo": Role.QUALIFICATEUR_OFFRES, "op": Role.OPERATEUR, "dd": Role.DDETS,
    "na": Role.NATIONAL, "ba": Role.BAILLEUR, "cl": Role.COLLECTIVITE, "ao": Role.ADMIN_ORGANISATION, "ap": Role.ADMIN_PLATEFORME,
}  # fmt: skip
KIND_OF = {
    "op": OrganisationKind.OPERATEUR, "dd": OrganisationKind.DDETS, "na": OrganisationKind.DIHAL, "ba": OrganisationKind.BAILLEUR,
    "cl": OrganisationKind.COLLECTIVITE, "ap": OrganisationKind.PLATEFORME,
}  # fmt: skip
SITUATIONS = ("elsewhere", "neighbour", "minimal", "full", "own")
HEADERS = "Nom;Prénom;Naissance\nMarqueuzine;Lalarème;1990\n"
NAMED = {
    "invitation",
    "colleague",
    "access_request",
    "record",
    "household",
    "member",
    "entry",
    "document",
    "photo",
    "report",
    "export",
    "placement",
    "orientation",
    "found",
    "share",
    "place",
    "structure",
    "public_id",
    "passation",
    "rapprochement",
    "review",
    "consent",
    "asked",
    "mandate",
    "qualifier",
}


@dataclass(slots=True)
class Region:
    """``people[situation, letters]`` and ``things``: public ids by the name of the address's variable."""

    people: dict[tuple[str, str], Actor]
    things: dict[str, str]
    numbers: dict[str, int]
    camille: Actor
    app: Flask
    spent: set[str] = field(default_factory=set)

    def renew(self, name: str) -> None:
        """Another document, draft import, invitation or colleague, when the last one was used up (``spent``)."""
        self.spent.discard(name)
        author = self.people["own", "ts"]
        if name == "invitation":
            self.things[name] = _invitation(self.app, self.camille)
        elif name == "share":
            self.things[name] = _again(self.camille, self.numbers, self.people["full", "op"])
        elif name == "photo":
            self.things[name] = _photo(self.people["own", "qo"], self.numbers)
        elif name == "exception":
            self.things[name] = _exception(self.people["own", "ao"], self.camille)
        elif name == "colleague":
            self.things[name] = _colleague(self.app, self.camille)
        else:
            self.things[name] = _import(author) if name == "found" else _document(author, self.numbers)

    def of(self, situation: str, *letters: str) -> list[Actor]:
        """Some people of one situation (all of them when no letters are given)."""
        return [
            actor
            for (place, role), actor in self.people.items()
            if place == situation and (not letters or role in letters)
        ]


def build(app: Flask) -> Region:
    """The whole region, through the operations that pages call. ``camille`` follows the file; everything is in Loire-Atlantique."""
    kinds.register(real_kind.KIND)
    builder = WorldBuilder(app)
    camille = builder.actor(
        "association", "44", roles=(Role.TRAVAILLEUR_SOCIAL, Role.COORDINATEUR, Role.QUALIFICATEUR_OFFRES)
    )
    people = {
        ("own", letter): builder.actor("association", "44", colleague_of=camille, roles=(role,))
        for letter, role in LETTERS.items()
    }
    for situation in SITUATIONS[:-1]:
        people |= _around(builder, situation, "33" if situation == "elsewhere" else "44")
    open_class2()
    things, numbers = _things(camille, people["own", "ts"])
    _validate(people["own", "qo"], numbers["offer"])
    _share(camille, numbers, people)
    things["passation"] = _handover(camille, numbers, people["full", "ts"])
    things["rapprochement"] = _rapprochement(camille, numbers)
    things["review"] = _review(camille, numbers)
    things["exception"] = _exception(people["own", "ao"], camille)
    things["share"] = _share_of(numbers, people["full", "op"])
    _make_report(app, things["report"])
    things |= {
        "invitation": _invitation(app, camille),
        "colleague": _colleague(app, camille),
        "access_request": _access_request(app, camille),
    }
    things |= _rights(camille, numbers, people["full", "ts"])
    things |= dict.fromkeys(
        ("passkey", "given", "plan", "export", "limitation"), "inconnue"
    )  # a copy is its author's, a plan that of who keeps the files
    # everybody has just proved who they are once more: what keeps them out is their rights alone
    return Region({who: confirmed(actor) for who, actor in people.items()}, things, numbers, confirmed(camille), app)


def _around(builder: WorldBuilder, situation: str, department: str) -> dict[tuple[str, str], Actor]:
    """The ten roles of one situation: those of associations in one organisation, each other role in one of its kind."""
    found: dict[tuple[str, str], Actor] = {}
    association: Actor | None = None
    for letter, role in LETTERS.items():
        kind = KIND_OF.get(letter)
        if kind is None:
            association = builder.actor("association", department, colleague_of=association, roles=(role,))
            found[situation, letter] = association
        else:
            found[situation, letter] = _lone(builder, kind, department, role, f"{situation}-{letter}")
    return found


def _lone(builder: WorldBuilder, kind: OrganisationKind, department: str, role: Role, name: str) -> Actor:
    local = kind not in {OrganisationKind.DIHAL, OrganisationKind.PLATEFORME}
    with owner_unit():
        organisation_id = seeds.create_organisation(
            name=name,
            short_name=name,
            kind=kind,
            department=department if local else None,
            areas=(department,) if local else (),
        ).id
        user_id = seeds.create_user(
            email=f"{name}@test.odis.example",
            first_name="Personne",
            last_name=f"Fictive {name}",
            organisation_id=organisation_id,
            roles=(role,),
        ).id
    return seeds.open_actor(builder.world, name, user_id=user_id, organisation_id=organisation_id)


def _things(camille: Actor, author: Actor) -> tuple[dict[str, str], dict[str, int]]:
    """Public ids, and inner numbers, of a file with a note, a document, a bilan, a proposal, a stay; an offer; a place; a draft import."""
    things: dict[str, str] = {"name": "pdf", "genre": real_kind.KIND.code, "act": "", "step": ""}
    numbers: dict[str, int] = {}
    with camille.acting() as identity:
        household, housed = open_file(identity), open_file(identity)
        for each in (household, housed):
            complete(identity, each)
        people = (
            db.execute(select(Member.public_id).where(Member.household_id == household.id).order_by(Member.id))
            .scalars()
            .all()
        )
        things["member"], things["child"] = people
        place, taken = create_place(identity, "44109"), create_place(identity, "44109")
        offer = _offer(identity)
        things |= {
            "household": household.public_id,
            "record": f"menages/{household.public_id}",
            "place": place.public_id,
            "offer": offer.public_id,
        }
        numbers |= {
            "household": household.id,
            "housed": housed.id,
            "owner": household.owner_org_id,
            "offer": offer.id,
            "place": place.id,
        }
        numbers |= {"structure": int(place.record_id), "taken": taken.id}
        structure = db.get_one(Structure, place.structure_id)
        things |= {"housed": housed.public_id, "taken": taken.public_id, "structure": structure.public_id}
    things["entry"] = _entry(author, numbers)
    things["document"] = _document(author, numbers)
    things["photo"] = _photo(camille, numbers)
    things["report"] = _report(camille, things["household"])
    things["orientation"] = _proposal(camille, things["household"], things["place"])
    things["placement"] = _stay(camille, things["housed"], things["taken"])
    things["found"] = _import(author)
    things["mandate"], things["qualifier"] = _mandate(camille), _qualifier(camille)
    return things, numbers


def _mandate(camille: Actor) -> str:
    """One of the mandates of the association in its département."""
    with owner_unit():
        wanted = select(Mandate.public_id).where(Mandate.organisation_id == camille.org_id)
        return db.execute(wanted.order_by(Mandate.id).limit(1)).scalar_one()


def _qualifier(camille: Actor) -> str:
    """The association qualifies the offers of hébergement citoyen in its département."""
    with owner_unit():
        scheme = db.execute(select(Dispositif.id).where(Dispositif.code == "hebergement_citoyen")).scalar_one()
        named = Qualifier(
            organisation_id=camille.org_id, department_code="44", dispositif_id=scheme, starts_on=clock.today()
        )
        db.add(named)
        db.flush()
        return named.public_id


def _invitation(app: Flask, camille: Actor) -> str:
    """An invitation to the association, as a social worker."""
    minter = app.extensions["odis_minter"]
    with camille.acting() as identity:
        address = f"{new_public_id()}@essai.example"
        return invite(identity, minter, email=address, roles=(Role.TRAVAILLEUR_SOCIAL,)).public_id


def _colleague(app: Flask, camille: Actor) -> str:
    """One more person of the association, whom nobody plays."""
    name = new_public_id()
    with owner_unit():
        return seeds.create_user(
            email=f"{name}@test.odis.example", first_name="Personne", last_name="Fictive", organisation_id=camille.org_id,
            roles=(Role.TRAVAILLEUR_SOCIAL,),
        ).public_id  # fmt: skip


def _access_request(app: Flask, camille: Actor) -> str:
    """Somebody who asks to join the association, and whose address is confirmed."""
    with owner_unit():
        name, public_id = db.execute(
            select(Organisation.name, Organisation.public_id).where(Organisation.id == camille.org_id)
        ).one()
    asking = Asking(
        email="visite@essai.example", first_name="Marqueuzine", last_name="Lalarème", organisation=Suggestion(public_id, name, "association", "44")
    )  # fmt: skip
    with unit_of_work(None):
        ask_access(app.extensions["odis_minter"], asking=asking)
    with owner_unit():
        asked = db.execute(select(AccessRequest).where(AccessRequest.organisation_id == camille.org_id)).scalar_one()
        asked.state, asked.confirmed_at = "waiting", clock.now()
        return asked.public_id


def _entry(author: Actor, numbers: dict[str, int]) -> str:
    with author.acting() as identity:
        return add_entry(
            identity,
            record_id=numbers["household"],
            owner_org_id=numbers["owner"],
            body="Rendez-vous pris avec Lalarème.",
            audience=Audience.ORGANISATION,
        ).public_id


def _document(author: Actor, numbers: dict[str, int]) -> str:
    upload = Upload("attestation.pdf", io.BytesIO(PDF))
    with author.acting() as identity:
        return store_document(
            identity,
            record_id=numbers["household"],
            owner_org_id=numbers["owner"],
            upload=upload,
            audience=Audience.ORGANISATION,
        ).public_id


def _photo(author: Actor, numbers: dict[str, int]) -> str:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, format="PNG")
    out.seek(0)
    with author.acting() as identity:
        offer = db.get_one(Offer, numbers["offer"])
        upload = Upload("chambre.png", out)
        return homes.add_photo(identity, offer=offer, upload=upload, caption="Chambre", agreed=True).public_id


def _offer(identity: Any) -> Offer:
    values = {
        "dispositif_id": dispositif(),
        "kind": "logement_entier_gratuit",
        "capacity": 4,
        "bedrooms": 2,
        "accepts_minors": True,
        "commune_code": "44109",
    }
    offer = homes.create_offer(
        identity, values=values, host=homes.Host(name="Jeanne Marqueuse", phone="+33639980001", email="hote@exemple.test"), address="Impasse Marqueur 75",
        units=1, received_on=clock.today() - timedelta(days=10),
    )  # fmt: skip
    homes.record_visit(
        identity,
        offer=offer,
        on=clock.today(),
        visitors=("Camille Fictive", "Sacha Témoin"),
        checklist=dict.fromkeys(CHECKLIST, True),
    )
    homes.record_safeguards(identity, offer=offer, checked=dict.fromkeys(SAFEGUARDS, True))
    return offer


def _validate(decider: Actor, offer_id: int) -> None:
    """By somebody else than who recorded the visit."""
    with decider.acting() as identity:
        homes.decide(identity, offer=db.get_one(Offer, offer_id), accepted=True, motif="conforme")


def _file(public_id: str) -> Household:
    return db.execute(select(Household).where(Household.public_id == public_id)).scalar_one()


def _home(public_id: str) -> Place:
    return db.execute(select(Place).where(Place.public_id == public_id)).scalar_one()


def _report(camille: Actor, household: str) -> str:
    with camille.acting() as identity:
        return request_household_report(
            identity, household=_file(household), period=Period(date(clock.today().year - 1, 1, 1), clock.today())
        ).public_id


def _proposal(camille: Actor, household: str, place: str) -> str:
    with camille.acting() as identity:
        today = clock.today()
        return placements.propose(
            identity,
            household=_file(household),
            place=_home(place),
            starts_on=today,
            ends_on=today + timedelta(days=90),
        ).public_id


def _stay(camille: Actor, household: str, place: str) -> str:
    orientation = _proposal(camille, household, place)
    for act in (placements.accept_for_household, placements.accept_for_host):
        with camille.acting() as identity:
            act(identity, orientation=found(orientation))
    with camille.acting() as identity:
        placements.record_entry(identity, placement=stay(orientation), entered_on=clock.today())
        return stay(orientation).public_id


def _import(camille: Actor) -> str:
    with tempfile.TemporaryDirectory() as folder, camille.acting() as identity:
        path = Path(folder) / "menages.csv"
        path.write_text(HEADERS, encoding="utf-8")
        return drafts.start_import(identity, kind=real_kind.KIND, path=path, filename="menages.csv").public_id


def _handover(camille: Actor, numbers: dict[str, int], receiver: Actor) -> str:
    """The second file, proposed to the association to which it is open in full."""
    with camille.acting() as identity:
        return files.propose_passation(
            identity, household=db.get_one(Household, numbers["housed"]), to=db.get_one(Organisation, receiver.org_id), due_on=clock.today(),
            reason="Lalarème Marqueuzine déménage.", packet=files.Packet(summary="Impasse Marqueur 75."),
        ).public_id  # fmt: skip


def _rights(camille: Actor, numbers: dict[str, int], partner: Actor) -> dict[str, str]:
    """A consent of the first adult of the file, and a request of theirs."""
    with camille.acting() as identity:
        household = db.get_one(Household, numbers["household"])
        adult = present_members(household.id)[0]
        consent = privacy.give_consent(
            identity, household=household, member=adult, purpose="photos", organisations=[db.get_one(Organisation, partner.org_id)], max_class=1,
            language="fa", channel=ConsentChannel.ORAL, given_on=clock.today(), witness="Marqueuzine, interprète",
        )  # fmt: skip
        asked = privacy.register_request(
            identity, household=household, member=adult, kind=RequestKind.RECTIFICATION, received_on=clock.today(), details="Lalarème s’écrit autrement."
        )  # fmt: skip
        return {"consent": consent.public_id, "asked": asked.public_id}


def _rapprochement(camille: Actor, numbers: dict[str, int]) -> str:
    """One side, as the night would have told it."""
    statement = text(
        "INSERT INTO rapprochements (public_id, household_id, owner_org_id, closes_on) VALUES (:public_id, :household, :org, current_date + 30)"
    )
    public_id = new_public_id()
    with owner_unit():
        db.execute(statement, {"public_id": public_id, "household": numbers["household"], "org": camille.org_id})
    return public_id


def _review(camille: Actor, numbers: dict[str, int]) -> str:
    """The validation of the offer, to read over."""
    with camille.acting() as identity:
        ask_review(
            identity, kind=ReviewKind.OFFER_DECISION, subject=new_public_id(), label="O-44-0001", department_code="44", record_id=numbers["offer"]
        )  # fmt: skip
        return db.execute(select(Review.public_id)).scalar_one()


def _exception(admin: Actor, member: Actor) -> str:
    """One permission less for Camille, until tomorrow: one that nothing here asks of her."""
    with admin.acting() as identity:
        return except_permission(
            identity, member=db.get_one(User, member.user_id), permission="offer:create", gives=False, motive="Essai.", until=clock.today() + timedelta(days=1)
        ).public_id  # fmt: skip


def _share_of(numbers: dict[str, int], actor: Actor) -> str:
    with owner_unit():
        statement = select(Grant.public_id).where(
            Grant.record_id == numbers["household"], Grant.grantee_org_id == actor.org_id
        )
        return db.execute(statement).scalar_one()


def _again(camille: Actor, numbers: dict[str, int], actor: Actor) -> str:
    """The same share, given once more."""
    with camille.acting() as identity:
        return share_record(
            identity, record_id=numbers["household"], owner_org_id=numbers["owner"], grantee_org_id=actor.org_id, level=ShareLevel.FULL,
            purpose=SharePurpose.ACCOMPAGNEMENT,
        ).public_id  # fmt: skip


def _make_report(app: Flask, public_id: str) -> None:
    """The worker makes the bilan, as its own role."""
    config = app.config["ODIS"]
    with owner_unit():
        job_id = db.execute(select(Report.job_id).where(Report.public_id == public_id)).scalar_one()
    core_db.configure("app", config.worker_database_url)
    try:
        with app.app_context():
            perform("jobs.reports.run", job_id or 0)
    finally:
        core_db.configure("app", config.database_url)


def _share(camille: Actor, numbers: dict[str, int], people: dict[tuple[str, str], Actor]) -> None:
    """Both files, the offer and the structure are opened to every organisation of « full » and « minimal »."""
    with camille.acting() as identity:
        for situation in ("full", "minimal"):
            for org_id in sorted({actor.org_id for (where, _), actor in people.items() if where == situation}):
                for thing in ("household", "housed", "offer", "structure"):
                    share_record(
                        identity, record_id=numbers[thing], owner_org_id=numbers["owner"], grantee_org_id=org_id, level=ShareLevel(situation),
                        purpose=SharePurpose.ACCOMPAGNEMENT,
                    )  # fmt: skip
