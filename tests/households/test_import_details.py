"""The details of people in a file: read as they are written, never in the way of a household, put back by an undo."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from odis_app.core.db import db
from odis_app.exchange.values import CellWarning
from odis_app.households import queries
from odis_app.households.imports import KIND
from odis_app.households.imports.cells import nationality
from odis_app.households.models import Household, Member
from tests.exchange.samples import write_xlsx
from tests.support.imported import bring_in, draft, take_back
from tests.support.worlds import WorldBuilder

HEADERS = (
    "N° famille", "Nom", "Prénom", "Lien", "Sexe", "Date de naissance", "Nationalité", "Situation familiale", "Niveau de français", "Niveau d’études", "Mobilité", "DALO",
)  # fmt: skip
NOUR = ("E-1", "Exemplova", "Nour", "DP", "F", "12/03/1990", "érythréenne", "mariée", "A2", "licence", "bus", "oui")
ALI = ("E-1", "Exemplova", "Ali", "époux", "M", 1988, "Wakanda", "marié(e)", "débutant", None, "permis B", None)
DETAILS = ("nationality", "family_situation", "french_level", "education_level", "mobility")


def details(first_name: str) -> tuple[str | None, ...]:
    member = db.scalars(select(Member).where(Member.first_name == first_name)).one()
    return tuple(getattr(member, name) for name in DETAILS)


def test_the_details_of_each_line_are_read_and_undone(world: WorldBuilder, tmp_path: Path) -> None:
    actor = world.actor("association", "44")
    path = write_xlsx(tmp_path / "suivi.xlsx", [HEADERS, NOUR, ALI])
    _public_id, judged = draft(actor, KIND, path)
    assert not judged.errors  # an unknown country never stops a household
    bring_in(actor, KIND, path)
    with actor.acting():
        assert details("Nour") == ("ERI", "marie", "A2", "NV2", "transports")
        assert details("Ali") == (None, "marie", "A1", None, "permis_sans_vehicule")
        household = db.scalars(select(Household)).one()
        papers = queries.administrative(household)
        assert papers is not None
        assert papers.housing_right == "dalo"
        assert len(queries.enrolments(household)) == 1
    moved = (*NOUR[:6], "Soudan", None, "B1", None, None, None)
    second = bring_in(actor, KIND, write_xlsx(tmp_path / "suivi2.xlsx", [HEADERS, moved, ALI]))
    with actor.acting():
        assert details("Nour") == ("SDN", "marie", "B1", "NV2", "transports")  # what the file leaves empty stays
    assert take_back(actor, second) == 0
    with actor.acting():
        assert details("Nour") == ("ERI", "marie", "A2", "NV2", "transports")


def test_nationalities_are_read_as_people_write_them() -> None:
    written = {
        "Ukraine": "UKR", "ukrainienne": "UKR", "Afghane": "AFG", "SYRIE": "SYR", "RDC": "COD", "Congo (RDC)": "COD", "ERI": "ERI", "apatride": "XXA", "Côte d'Ivoire": "CIV",
        "soudanais": "SDN", "Soudan du Sud": "SSD", "guinéenne": "GIN", "Guinée": "GIN", "Niger": "NER", "nigériane": "NGA",
    }  # fmt: skip
    assert {word: nationality(word, None) for word in written} == written  # type: ignore[arg-type]
    unknown = nationality("Wakanda", None)  # type: ignore[arg-type]
    assert isinstance(unknown, CellWarning)
    assert unknown.value is None
