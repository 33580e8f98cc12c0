"""The details of people in a file: read as they are written, never in the way of a household, put back by an undo."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from sqlalchemy import select

from odis_app.core.db import db
from odis_app.exchange.values import CellWarning
from odis_app.households import queries
from odis_app.households.imports import KIND
from odis_app.households.imports.cells import job, nationality
from odis_app.households.models import Household, Member, MemberLanguage
from odis_app.organisations.seeds import Actor
from odis_app.reports import export_rows
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


WRITTEN = (
    "N° famille", "Nom", "Prénom", "Lien", "Sexe", "Date de naissance", "Dispositif", "Langues parlées", "Revenus", "Montant ressources", "Autre dispositif",
)  # fmt: skip
SAMIA = (
    "E-2", "Exemplova", "Samia", "DP", "F", "12/03/1990", "HC", "arabe (courant, lu et écrit), anglais (notions), français", "RSA 635 ; CAF 140,50 €", None,
    "AGIR depuis le 01/03/2026 (France Horizon) ; EMILE du 01/01/2025 au 30/06/2025",
)  # fmt: skip
OMAR = ("E-2", "Exemplova", "Omar", "fils", "M", "02/05/2012", None, "arabe : langue maternelle", None, None, None)


def spoken() -> dict[str, set[tuple[str, str, str | None]]]:
    rows = db.execute(
        select(Member.first_name, MemberLanguage.language, MemberLanguage.spoken, MemberLanguage.written).join(
            Member, Member.id == MemberLanguage.member_id
        )
    )
    found: dict[str, set[tuple[str, str, str | None]]] = {}
    for name, *told in rows:
        found.setdefault(name, set()).add(tuple(told))
    return found


def situation() -> tuple[list[str], dict[str, Decimal | None], set[tuple[str, date, date | None, str]]]:
    household = db.scalars(select(Household)).one()
    block = queries.identity_block(household)
    assert block is not None
    lived_on = {row.kind: row.amount for row in queries.resources(household)}
    schemes = {
        (e.code, e.starts_on, e.ends_on, e.lead)
        for e in queries.enrolments(household)
        if e.code != "hebergement_citoyen"
    }
    return block.languages, lived_on, schemes


def test_languages_resources_and_registrations_are_written_moved_and_undone(
    world: WorldBuilder, tmp_path: Path
) -> None:
    actor = world.actor("association", "44")
    bring_in(actor, KIND, write_xlsx(tmp_path / "suivi.xlsx", [WRITTEN, SAMIA, OMAR]))
    agir, emile = date(2026, 3, 1), (date(2025, 1, 1), date(2025, 6, 30))
    opened = (
        ["ar", "fr"],
        {"rsa": Decimal("635.00"), "prestations_familiales": Decimal("140.50")},
        {("agir", agir, None, "France Horizon"), ("emile", *emile, "")},
    )
    tongues = {"Samia": {("ar", "courant", "lit_ecrit"), ("en", "notions", None)}, "Omar": {("ar", "maternelle", None)}}
    with actor.acting():
        assert (spoken(), situation()) == (tongues, opened)
    moved = (*SAMIA[:7], "anglais (courant)", "RSA", 650, "AGIR du 01/03/2026 au 31/10/2026")
    second = bring_in(actor, KIND, write_xlsx(tmp_path / "suivi2.xlsx", [WRITTEN, moved, OMAR]))
    with actor.acting():
        assert spoken()["Samia"] == {("ar", "courant", "lit_ecrit"), ("en", "courant", None)}
        languages, lived_on, schemes = situation()
        assert {"ar", "en"} <= set(languages)
        assert lived_on == {"rsa": Decimal("650.00"), "prestations_familiales": Decimal("140.50")}
        assert schemes == {("agir", agir, date(2026, 10, 31), ""), ("emile", *emile, "")}
    assert take_back(actor, second) == 0
    with actor.acting():
        assert (spoken(), situation()) == (tongues, opened)


def test_a_second_import_of_the_same_file_changes_nothing(world: WorldBuilder, tmp_path: Path) -> None:
    actor, path = world.actor("association", "44"), write_xlsx(tmp_path / "suivi.xlsx", [WRITTEN, SAMIA, OMAR])
    bring_in(actor, KIND, path)
    judged = draft(actor, KIND, path)[1]
    assert (judged.creates, judged.updates, judged.unchanged) == (0, 0, 2)


def test_what_cannot_be_read_is_said_by_line_and_column(world: WorldBuilder, tmp_path: Path) -> None:
    actor = world.actor("association", "44")
    wrong = [
        ("E-3", "Exemplova", "A", "DP", "F", 1990, "HC", None, "Pécule 30", None, None),
        ("E-4", "Exemplova", "B", "DP", "F", 1990, "HC", None, "RSA, salaire", 300, None),
        ("E-5", "Exemplova", "C", "DP", "F", 1990, "HC", None, None, None, "AGIR"),
        ("E-6", "Exemplova", "D", "DP", "F", 1990, "HC", None, None, None, "EMILE du 01/05/2026 au 01/02/2026"),
        ("E-7", "Exemplova", "E", "DP", "F", 1990, "AGIR", None, None, None, "AGIR depuis le 01/03/2026"),
        ("E-8", "Exemplova", "F", "DP", "F", 1990, "HC", "arabe (xyz), klingon", "AAH 900", None, None),
    ]  # fmt: skip
    _public_id, judged = draft(actor, KIND, write_xlsx(tmp_path / "faux.xlsx", [WRITTEN, *wrong]))
    expected = [
        ("Ligne 2, colonne « Revenus »", "Pécule"), ("Ligne 3, colonne « Montant ressources »", "écrivez chaque montant"),
        ("Ligne 4, colonne « Autre dispositif »", "le jour de l’inscription"), ("Ligne 5, colonne « Autre dispositif »", "finit avant de commencer"),
        ("Ligne 6, colonne « Autre dispositif »", "est déjà le dispositif du dossier"),
    ]  # fmt: skip
    assert len(judged.errors) == len(expected)
    assert all(
        error.startswith(place) and words in error
        for error, (place, words) in zip(judged.errors, expected, strict=True)
    )
    warned = " ".join(judged.warnings)
    assert "arabe (xyz) : le niveau n’est pas repris" in warned
    assert "klingon : hors de la liste" in warned
    assert "touche à la santé" in warned


def test_a_registration_on_the_days_of_another_stops_the_file(world: WorldBuilder, tmp_path: Path) -> None:
    """The file has AGIR since March: the same from April on would be two at once."""
    actor = world.actor("association", "44")
    bring_in(actor, KIND, write_xlsx(tmp_path / "suivi.xlsx", [WRITTEN, SAMIA]))
    again = (*SAMIA[:10], "AGIR depuis le 01/04/2026")
    _public_id, judged = draft(actor, KIND, write_xlsx(tmp_path / "encore.xlsx", [WRITTEN, again]))
    assert ["est déjà inscrit à « AGIR » à ces dates" in error for error in judged.errors] == [True]


STEPS = (
    "N° famille",
    "Nom",
    "Prénom",
    "Lien",
    "Métier recherché",
    "N° SI-SIAO",
    "Statut SIAO",
    "Date état SIAO",
    "Date demande SIAO",
)


def test_the_job_and_the_request_to_the_si_siao_come_in_and_leave_again(world: WorldBuilder, tmp_path: Path) -> None:
    actor = world.actor("association", "44")
    lines = [
        ("E-1", "Exemplova", "Nour", "DP", "Agent d’entretien (K2204)", 123456, "MAJ", "01/10/2026", "20/09/2026"),
        ("E-1", "Exemplova", "Ali", "époux", "soudeur", None, None, None, None),
    ]
    _public_id, judged = draft(actor, KIND, write_xlsx(tmp_path / "suivi.xlsx", [STEPS, *lines]))
    assert not judged.errors
    bring_in(actor, KIND, write_xlsx(tmp_path / "suivi.xlsx", [STEPS, *lines]))
    with actor.acting() as identity:
        household = db.scalars(select(Household)).one()
        papers = queries.administrative(household)
        assert papers is not None
        told = (papers.si_siao_number, papers.si_siao_state, papers.si_siao_on, papers.si_siao_asked_on)
        assert told == ("123456", "a_mettre_a_jour", date(2026, 10, 1), date(2026, 9, 20))
        assert {(m.first_name, m.rome_code, m.target_job) for m in queries.present_members(household.id)} == {
            ("Nour", "K2204", "Agent d’entretien"), ("Ali", None, "soudeur"),
        }  # fmt: skip
        [line] = export_rows.lines(identity, [household.id])
        sent = dict(zip([column.title for column in export_rows.COLUMNS], line, strict=True))
        assert (sent["Demande SI-SIAO"], sent["SI-SIAO, depuis le"]) == ("À mettre à jour", date(2026, 10, 1))
        assert sent["Métiers visés"] == "Agent d’entretien (K2204), soudeur"
    moved = (*lines[0][:4], "aide à domicile K1304", None, "transmis", "15/11/2026", None)
    second = bring_in(actor, KIND, write_xlsx(tmp_path / "suivi2.xlsx", [STEPS, moved, lines[1]]))
    assert job_of(actor) == ("K1304", "aide à domicile", "transmise")
    assert take_back(actor, second) == 0
    assert job_of(actor) == ("K2204", "Agent d’entretien", "a_mettre_a_jour")


def job_of(actor: Actor) -> tuple[str | None, str, str | None]:
    with actor.acting():
        nour = db.scalars(select(Member).where(Member.first_name == "Nour")).one()
        papers = queries.administrative(db.scalars(select(Household)).one())
        assert papers is not None
        return nour.rome_code, nour.target_job, papers.si_siao_state


def test_a_job_is_read_as_people_write_it() -> None:
    written = {
        "Agent d’entretien (K2204)": ["K2204", "Agent d’entretien"], "k2204": ["K2204", ""], "K2204 - agent d’entretien": ["K2204", "agent d’entretien"],
        "aide à domicile": [None, "aide à domicile"], "ROME N4101 conducteur": ["N4101", "conducteur"],
    }  # fmt: skip
    assert {words: job(words, None) for words in written} == written  # type: ignore[arg-type]
    wrong = job("Cuisinier Z1602", None)  # type: ignore[arg-type]
    assert isinstance(wrong, CellWarning)
    assert wrong.value == [None, "Cuisinier"]
