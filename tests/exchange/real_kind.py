"""A kind of import that writes real files: the smallest one that opens a household, changes it and puts it back."""

from collections.abc import Iterable, Sequence

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.exchange.columns import Column
from odis_app.exchange.kinds import Draft, Finding, ImportKind, Saved, Values
from odis_app.exchange.values import Context, birth, departement, free_text, integer, phone
from odis_app.households import queries
from odis_app.households.models import Household
from odis_app.households.operations.composition import Person
from odis_app.households.operations.file import Opening, open_household, update_identity
from odis_app.households.policy import HOUSEHOLD_CREATE
from odis_app.organisations.models import Dispositif


def _person(values: Values) -> Person:
    return Person(first_name=str(values["first_name"]), last_name=str(values["last_name"]), sex="f")


def commit(identity: Identity, drafts: Sequence[Draft]) -> Sequence[Saved]:
    dispositif = db.query(Dispositif).order_by(Dispositif.id).first()
    saved = []
    for draft in drafts:
        values = draft.lines[0]
        number = str(values["phone"] or "")
        if draft.record_id is None:
            opening = Opening(
                department_code=str(values["departement"]), dispositif_id=dispositif.id, people=[_person(line) for line in draft.lines][:1],
                seniority_date=clock.today(), phone=number,
            )  # fmt: skip
            household = open_household(identity, opening=opening)
            saved.append(Saved(household.id, household.number))
        else:
            household = db.get_one(Household, draft.record_id)
            before = {"phone": queries.phone_of(household)}
            update_identity(identity, household=household, values={"phone": number}, version=None)
            saved.append(Saved(household.id, household.number, before))
    return saved


def restore(identity: Identity, saved: Sequence[Saved]) -> Sequence[str]:
    for one in saved:
        household = db.get_one(Household, one.record_id)
        update_identity(identity, household=household, values=one.before, version=None)
    return [""] * len(saved)


def validate(lines: Sequence[Values], _context: Context) -> Iterable[Finding]:
    if lines[0]["size"] == 13:
        yield Finding(0, "size", "13 personnes : vérifiez.", blocking=False)


KIND = ImportKind(
    code="essai", label="Ménages", one="ménage", permission=HOUSEHOLD_CREATE, commit=commit, restore=restore, reference="reference",
    natural_key=("last_name", "first_name", "birth"), validate=validate,
    columns=(
        Column("reference", "N° dossier", free_text(40)),
        Column("last_name", "Nom", free_text(100), required=True, example="Exemplova"),
        Column("first_name", "Prénom", free_text(100), required=True, example="Nour"),
        Column("birth", "Date de naissance", birth, ("naissance",)),
        Column("size", "Taille", integer(1, 99)),
        Column("departement", "Département", departement, required=True, example="44"),
        Column("phone", "Téléphone", phone),
    ),
)  # fmt: skip
