"""A bilan from the request to its files: what it says, who has it, what it never says."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.access.models import Grant
from odis_app.core import clock
from odis_app.core import db as core_db
from odis_app.core.db import db
from odis_app.core.pdf import check_pdf
from odis_app.documents.storage import Store
from odis_app.households import operations as files
from odis_app.households.operations.protected import HealthNeed, Safety
from odis_app.organisations.models import Organisation
from odis_app.placements.enums import ExitReason
from odis_app.placements.operations import exit_placement
from odis_app.reports import operations
from odis_app.reports.enums import ReportOutcome
from odis_app.reports.models import Report
from odis_app.reports.policy import visible_reports
from odis_app.reports.printing import html_of
from tests.placements.conftest import MARK, NAMES, PEOPLE, Town, stay
from tests.reports.conftest import ask_department, ask_household, row
from tests.reports.reading import cells, days_and_numbers, pdf_text, plain
from tests.support.client import StrictClient, text_of
from tests.support.worlds import open_class2, owner_unit

Work = Callable[[str], str]
DANGER, CARE = "Zzdanger marqué", "Zzsoin marqué"


def store_of(app: Flask) -> Store:
    return Store(app.config["ODIS"].documents_dir / "bilans")


def contents(app: Flask, public_id: str) -> tuple[bytes, bytes]:
    report, store = row(public_id), store_of(app)
    assert report.is_ready, (report.outcome, report.figures)
    with owner_unit():
        return operations.content_of(report, "pdf", store), operations.content_of(report, "xlsx", store)


def a_life(town: Town) -> str:
    """A file with a stay, a need of care, a danger, and a second adult who must read none of it."""
    open_class2()
    household = town.another_file(PEOPLE[0], safety=Safety(note=DANGER, safe_hours=DANGER))
    with town.camille.acting() as identity:
        files.update_health_needs(
            identity, household=town.file(household), values={"maternity": HealthNeed(2, 15, CARE)}, version=None
        )
    town.entered(5, household=household, place=town.another_place())
    return household


def share_with(town: Town, actor: object, household: str = "") -> None:
    with town.camille.acting() as identity:
        partner = db.get(Organisation, actor.org_id)  # type: ignore[attr-defined]
        files.share_household(identity, household=town.file(household), organisation=partner, level=ShareLevel.FULL, purpose=SharePurpose.ACCOMPAGNEMENT,
                              expires_at=clock.now() + timedelta(days=30))  # fmt: skip


def revoke_all(town: Town) -> None:
    with town.camille.acting() as identity:
        for grant in db.scalars(
            select(Grant).where(Grant.purpose == SharePurpose.ACCOMPAGNEMENT.value, Grant.revoked_at.is_(None))
        ):
            files.revoke_household_share(identity, grant=grant)


@pytest.mark.parametrize("kind", ["department", "association", "household"])
def test_every_number_of_the_sentences_is_in_the_workbook(
    town: Town, work: Work, database: Flask, tmp_path: Path, kind: str
) -> None:
    household = a_life(town)
    author = town.ddets if kind == "department" else town.camille
    public_id = ask_household(author, town, household) if kind == "household" else ask_department(author)
    assert work(public_id) == "done"
    pdf, xlsx = contents(database, public_id)
    with author.acting() as identity:
        made = operations.build(identity, db.merge(row(public_id), load=False))
    assert made is not None
    days, numbers, _ = cells(xlsx)
    stated = 0
    for sentence in made.sentences:
        told_days, told = days_and_numbers(sentence)
        assert told_days <= days, sentence
        assert told <= numbers, sentence
        stated += len(told_days) + len(told)
    assert stated >= 5
    printed = pdf_text(pdf, tmp_path)
    if printed is not None:
        assert [s for s in made.sentences if plain(s).replace(" ", "") not in printed.replace(" ", "")] == []
    assert check_pdf(pdf) == row(public_id).faults == []


def test_a_bilan_says_nothing_of_care_nor_danger_nor_address(
    town: Town, work: Work, database: Flask, tmp_path: Path
) -> None:
    household = a_life(town)
    for public_id in (
        ask_household(town.camille, town, household),
        ask_department(town.ddets),
        ask_department(town.camille),
    ):
        assert work(public_id) == "done"
        pdf, xlsx = contents(database, public_id)
        author = town.ddets if row(public_id).whole_territory else town.camille
        with author.acting() as identity:
            made = operations.build(identity, db.merge(row(public_id), load=False))
        assert made is not None
        said = " ".join(
            [
                html_of(made, database.jinja_env),
                *cells(xlsx)[2],
                pdf_text(pdf, tmp_path) or "",
                str(row(public_id).figures),
                row(public_id).title,
            ]
        )
        for marker in (DANGER, CARE, MARK, "Maternité", "sécurité de la personne", "Nikadème"):
            assert marker not in said
        if not row(public_id).is_household:
            assert all(name not in said for name in (*NAMES, "Camille", "M-44-"))


def test_the_bilan_of_one_household_tells_neither_where_it_went_nor_why_it_left(
    town: Town, work: Work, database: Flask
) -> None:
    """Whoever looks for somebody reads the bilan of a département where they are the only file, and that of where they are."""
    entered = town.entered(12, household=town.household)
    with town.operator.acting() as identity:
        exit_placement(identity, placement=stay(entered), reason=ExitReason.AUTRE_PAYS.value, exited_on=clock.today())
    for author, department, other in ((town.ddets, "44", "Mayenne"), (town.ddets53, "53", "Loire-Atlantique")):
        public_id = ask_department(author, department)
        assert work(public_id) == "done"
        with author.acting() as identity:
            made = operations.build(identity, db.merge(row(public_id), load=False))
        assert made is not None
        said = " ".join([html_of(made, database.jinja_env), *cells(contents(database, public_id)[1])[2]])
        assert "Mobilité entre départements" in said
        assert all(word not in said for word in (other, ExitReason.AUTRE_PAYS.label, *NAMES)), department


def test_run_twice_changes_nothing(town: Town, work: Work, database: Flask) -> None:
    public_id = ask_department(town.ddets)
    assert work(public_id) == "done"
    before = row(public_id)
    assert work(public_id) == "not queued"

    def never(*_: object) -> bytes:
        raise AssertionError("drawn a second time")

    with town.ddets.acting() as identity:
        summary = operations.generate(
            identity, public_id=public_id, attempt=2, store=store_of(database), draw=never, progress=never
        )  # type: ignore[arg-type]
    after = row(public_id)
    assert summary["outcome"] == "ready"
    assert (before.pdf_sha256, before.storage_key, before.generated_at) == (
        after.pdf_sha256,
        after.storage_key,
        after.generated_at,
    )


def test_a_share_withdrawn_meanwhile_leaves_an_empty_bilan(town: Town, work: Work, client: StrictClient) -> None:
    share_with(town, town.neighbour)
    public_id = ask_household(town.neighbour, town)
    revoke_all(town)
    assert work(public_id) == "done"
    assert (row(public_id).outcome, row(public_id).storage_key) == (ReportOutcome.EMPTY.value, "")
    page = client.as_(town.neighbour).get(f"/bilans/{public_id}")
    assert "ne vous est plus ouvert" in text_of(page)
    client.as_(town.neighbour).get(f"/bilans/{public_id}/pdf", status=404)


def test_a_bilan_hides_with_the_file_it_tells_of(town: Town, work: Work, client: StrictClient) -> None:
    share_with(town, town.neighbour)
    public_id = ask_household(town.neighbour, town)
    assert work(public_id) == "done"
    browser = client.as_(town.neighbour)
    assert browser.get(f"/bilans/{public_id}/pdf").get_data()[:5] == b"%PDF-"
    revoke_all(town)
    for address in ("", "/pdf", "/xlsx"):
        browser.get(f"/bilans/{public_id}{address}", status=404)
    with town.neighbour.acting():  # the second wall alone
        assert db.execute(select(func.count()).select_from(Report)).scalar_one() == 0


def test_others_find_nothing_at_its_address(town: Town, work: Work, client: StrictClient) -> None:
    mine, theirs = ask_household(town.camille, town), ask_department(town.ddets)
    assert [work(mine), work(theirs)] == ["done", "done"]
    for public_id, strangers in (
        (mine, town.strangers),
        (theirs, (town.camille, town.neighbour, town.elsewhere, town.ddets53, town.operator)),
    ):
        for actor in strangers:
            browser = client.as_(actor)
            expected = 403 if actor is town.admin else 404
            for address in ("", "/pdf", "/xlsx"):
                assert browser.browser.get(f"/bilans/{public_id}{address}").status_code in {404, expected}
            for address in ("/refaire", "/arreter"):
                browser.post(f"/bilans/{public_id}{address}", status=404)


def test_each_wall_stands_alone(town: Town, work: Work) -> None:
    mine = ask_household(town.camille, town)
    theirs = ask_department(town.ddets)
    assert [work(mine), work(theirs)] == ["done", "done"]
    expected = {
        "camille": {mine},
        "sacha": {mine},
        "ddets": {theirs},
        "neighbour": set(),
        "elsewhere": set(),
        "ddets53": set(),
        "operator": set(),
        "admin": set(),
    }
    second = {}
    identities = {}
    for name in expected:
        with getattr(town, name).acting() as identity:
            identities[name] = identity
            second[name] = set(db.scalars(select(Report.public_id)))
    assert second == expected
    with owner_unit():
        first = {
            name: {r.public_id for r in db.scalars(visible_reports(identity))} for name, identity in identities.items()
        }
    assert first == expected


def test_nobody_writes_a_result_but_the_worker(town: Town) -> None:
    public_id = ask_department(town.ddets)

    def forge() -> None:
        with town.ddets.acting():
            db.execute(
                text("UPDATE reports SET outcome = 'empty', generated_at = now() WHERE public_id = :id"),
                {"id": public_id},
            )

    with pytest.raises(Exception, match="permission denied"):
        forge()


def test_sealed_files_show_nothing_and_are_bound_to_their_bilan(town: Town, work: Work, database: Flask) -> None:
    one, other = ask_department(town.ddets), ask_department(town.ddets)
    assert [work(one), work(other)] == ["done", "done"]
    store = store_of(database)
    raw = store.get(f"{row(one).storage_key}pdf")
    assert b"%PDF" not in raw
    store.put(f"{row(other).storage_key}pdf", raw)
    with pytest.raises(ValueError, match=r"."):
        operations.content_of(row(other), "pdf", store)


def test_old_bilans_and_their_files_go(town: Town, work: Work, database: Flask) -> None:
    old, recent = ask_department(town.ddets), ask_department(town.ddets)
    assert [work(old), work(recent)] == ["done", "done"]
    store = store_of(database)
    with owner_unit():
        db.execute(text("UPDATE reports SET expires_at = now() - interval '1 day' WHERE public_id = :id"), {"id": old})
    path = Path(store.root) / f"{row(old).storage_key}pdf"
    aged = (clock.now() - timedelta(days=400)).timestamp()
    os.utime(path, (aged, aged))
    core_db.configure("app", database.config["ODIS"].worker_database_url)
    try:
        with core_db.unit_of_work():
            token = _system()
        with core_db.unit_of_work(token):
            assert operations.purge(store=store) == 1
            assert operations.purge(store=store) == 0
    finally:
        core_db.configure("app", database.config["ODIS"].database_url)
    assert not path.exists()
    assert contents(database, recent)


def _system() -> str:
    db.execute(
        text("SELECT odis.mint_system_token(:hash, 'essai-purge', 'system:purge-reports', 5)"),
        {"hash": core_db.token_hash("jeton d’essai")},
    )
    return "jeton d’essai"
