"""Plans of erasure: the day itself, what blocks, two people, the warning, the switch, the resumable run."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.documents.enums import Audience
from odis_app.documents.operations import Upload
from odis_app.households.models import Household
from odis_app.households.operations import confirm_review, share_household
from odis_app.housing import operations as homes_operations
from odis_app.journal.operations import add_entry
from odis_app.notifications.models import Mail
from odis_app.privacy import operations, queries
from odis_app.privacy.enums import RequestKind
from odis_app.privacy.models import RetentionPlan, RetentionPlanRow, RetentionWarning, RetiredStatistic
from odis_app.privacy.operations.requests import months_after
from odis_app.privacy.policy import visible_plans
from tests.documents.conftest import picture
from tests.housing.conftest import values
from tests.privacy.conftest import Town, ask, open_file, organisation_of, silent_since
from tests.support.client import StrictClient
from tests.support.workers import run_job
from tests.support.worlds import WorldBuilder, owner_unit

Find = Callable[[Identity, str], Household]


def two_years_ago() -> int:
    """How many days ago a file last touched is due today: the same day 24 months before."""
    today = clock.today()
    back = months_after(date(today.year - 2, today.month, 1), 0).replace(day=min(today.day, 28))
    return (today - back).days


def scheduled(app: Flask, name: str, task: str) -> str:
    """One run of a schedule, as the scheduler plans it."""
    with owner_unit():
        job = db.execute(
            text(
                "INSERT INTO jobs (public_id, kind, task, queue, label, schedule, slot) "
                "VALUES (substr(md5(random()::text), 1, 16), 'schedule', :task, 'nuit', 'x', :name, clock_timestamp()) RETURNING id"
            ),
            {"task": task, "name": name},
        ).scalar_one()
    return run_job(app, task, job)


def run_erasures(app: Flask) -> None:
    assert scheduled(app, "run-erasures", "jobs.privacy.erase") == "done"


def identifier(family: str) -> int:
    with owner_unit():
        return db.scalars(select(Household.id).where(Household.public_id == family)).one()


def approved_plan(town: Town, world: WorldBuilder) -> RetentionPlan:
    with town.sacha.acting() as identity:
        plan = operations.plan_erasures(identity)
    second = world.actor("coordination", colleague_of=town.camille)
    with second.acting() as identity:
        assert operations.approve_plan(identity, plan=db.get_one(RetentionPlan, plan.id))
    return plan


@pytest.mark.parametrize(("shift", "is_due"), [(-1, False), (0, True), (1, True)])
def test_due_on_the_day_and_not_before(town: Town, family: str, shift: int, is_due: bool) -> None:
    silent_since(identifier(family), two_years_ago() + shift, warned_days=31)
    with town.sacha.acting() as identity:
        if not is_due:
            with pytest.raises(RuleError, match="Rien n’est à effacer"):
                operations.plan_erasures(identity)
            return
        plan = operations.plan_erasures(identity)
        assert [(r.state, r.blocks) for r in queries.plan_rows(plan)] == [("due", [])]


@pytest.mark.parametrize(("warned", "is_due"), [(None, False), (29, False), (30, True), (31, True)])
def test_never_before_thirty_days_of_warning(town: Town, family: str, warned: int | None, is_due: bool) -> None:
    silent_since(identifier(family), 900, warned_days=warned)
    with town.sacha.acting() as identity:
        try:
            operations.plan_erasures(identity)
            planned = True
        except RuleError:
            planned = False
    assert planned is is_due


def test_the_warning_comes_once_to_the_referent_and_a_contact_resets_it(
    database: Flask, town: Town, family: str, file_of: Find, client: StrictClient
) -> None:
    silent_since(identifier(family), two_years_ago() - 31)
    assert scheduled(database, "warn-erasures", "jobs.privacy.nightly") == "done"
    with owner_unit():
        assert db.scalars(select(Mail.template)).all() == []
    silent_since(identifier(family), two_years_ago() - 30)
    for _ in range(2):
        assert scheduled(database, "warn-erasures", "jobs.privacy.nightly") == "done"
    with owner_unit():
        assert db.scalars(select(Mail.template)).all() == ["files_to_erase"]
        assert len(db.scalars(select(RetentionWarning)).all()) == 1
    assert "1 dossier bientôt effacé" in client.as_(town.camille).get("/").text.replace("\u00a0", " ")
    assert "Effaçable" in client.as_(town.camille).get("/droits/conservation").text
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        add_entry(
            identity,
            record_id=household.id,
            owner_org_id=household.owner_org_id,
            body="Vue ce matin",
            audience=Audience.ORGANISATION,
        )
    assert scheduled(database, "warn-erasures", "jobs.privacy.nightly") == "done"
    with owner_unit():
        assert db.scalars(select(RetentionWarning)).all() == []
        assert len(db.scalars(select(Mail.template)).all()) == 1


@pytest.mark.parametrize("block", ["partage", "demande"])
def test_what_blocks_is_said_and_kept(
    database: Flask, world: WorldBuilder, town: Town, family: str, file_of: Find, block: str
) -> None:
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        if block == "partage":
            share_household(
                identity,
                household=household,
                organisation=organisation_of(town.neighbour),
                level=ShareLevel.MINIMAL,
                purpose=SharePurpose.MOBILITE,
            )
        else:
            ask(identity, household, RequestKind.OPPOSITION)
    silent_since(identifier(family), 900, warned_days=40)
    plan = approved_plan(town, world)
    with town.sacha.acting() as identity:
        assert [(r.state, r.blocks) for r in queries.plan_rows(db.get_one(RetentionPlan, plan.id))] == [
            ("blocked", [block])
        ]
    run_erasures(database)
    assert identifier(family)


def test_a_second_person_approves(town: Town, family: str, client: StrictClient) -> None:
    silent_since(identifier(family), 900, warned_days=40)
    client.as_(town.sacha).post("/droits/conservation")
    with town.sacha.acting() as identity:
        plan = db.scalars(visible_plans(identity)).one()
    page = client.as_(town.sacha).get(f"/droits/conservation/{plan.public_id}").text.replace("\u00a0", " ")
    assert "1 élément à effacer" in page
    client.as_(town.sacha).post(f"/droits/conservation/{plan.public_id}/approuver")
    with town.sacha.acting() as identity:
        deferred = db.get_one(RetentionPlan, plan.id)
        assert deferred.state == "approved"  # alone in the organisation: seven days to change one's mind
        assert deferred.runs_after is not None
        assert (deferred.runs_after - clock.now()).days in {6, 7}


def test_its_author_does_not_when_somebody_else_could(world: WorldBuilder, town: Town, family: str) -> None:
    silent_since(identifier(family), 900, warned_days=40)
    admin = world.actor("admin_organisation", colleague_of=town.camille)
    with town.sacha.acting() as identity:
        plan = operations.plan_erasures(identity)
        with pytest.raises(RuleError, match="Une autre personne"):
            operations.approve_plan(identity, plan=plan)
    with admin.acting() as identity:
        assert operations.approve_plan(identity, plan=db.get_one(RetentionPlan, plan.id))


def test_nobody_else_reads_or_decides(town: Town, family: str) -> None:
    silent_since(identifier(family), 900, warned_days=40)
    with town.sacha.acting() as identity:
        public_id = operations.plan_erasures(identity).public_id
    for actor in (*town.strangers, town.camille):
        with actor.acting() as identity:
            assert db.scalars(visible_plans(identity)).all() == []
            assert db.execute(text("SELECT count(*) FROM retention_plans")).scalar_one() == 0
            assert (
                db.execute(text("SELECT odis.retention_decide(:id, true)"), {"id": public_id}).scalar_one() == "refused"
            )


def test_bare_sql_erases_nothing(town: Town, family: str) -> None:
    silent_since(identifier(family), 900, warned_days=40)
    with town.sacha.acting() as identity:
        plan = operations.plan_erasures(identity)
    for statement in ("SELECT odis.erase_planned(:plan, 'household', :record, true)", "SELECT odis.take_household(:record)", "SELECT odis.take_offer(:record)",
                      "SELECT odis.take_account(:record)", "SELECT odis.take_trail(:record)", "DELETE FROM audit_events", "DELETE FROM audit_seals",
                      "INSERT INTO audit_segments (position, chain, digest, events, proof) SELECT 1, 1, sha256(''), 1, sha256('')", "DELETE FROM records WHERE id = :record",
                      "UPDATE retention_plans SET state = 'approved'"):  # fmt: skip
        with pytest.raises(ProgrammingError, match="permission denied"), town.sacha.acting():
            db.execute(text(statement), {"plan": plan.id, "record": identifier(family)})


def test_the_run_is_resumed_and_the_switch_stops_it(
    database: Flask, world: WorldBuilder, town: Town, family: str, client: StrictClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with town.camille.acting() as identity:
        others = [open_file(identity).id for _ in range(2)]
    records = [identifier(family), *others]
    for record in records:
        silent_since(record, 900, warned_days=40)
    plan = approved_plan(town, world)
    client.as_(town.admin).post("/droits/effacements", data={"running": "non"})
    run_erasures(database)
    with owner_unit():
        assert len(db.scalars(select(Household.id)).all()) == 3
    client.as_(town.admin).post("/droits/effacements", data={"running": "oui"})
    monkeypatch.setattr("odis_app.privacy.operations.erasures.run_erasures.__kwdefaults__", {"at_most": 2})
    for left in (1, 0, 0):
        run_erasures(database)
        with owner_unit():
            assert len(db.scalars(select(Household.id)).all()) == left
    with owner_unit():
        assert db.get_one(RetentionPlan, plan.id).state == "done"
        assert {(r.state, r.number) for r in db.scalars(select(RetentionPlanRow))} == {("erased", None)}
        assert sum(s.households for s in db.scalars(select(RetiredStatistic))) == 3
        erased = db.execute(text("SELECT record_id FROM audit_events WHERE action = 'record:erase'")).scalars().all()
        assert sorted(erased) == sorted(records)


def test_a_contact_after_the_approval_keeps_the_file(
    database: Flask, world: WorldBuilder, town: Town, family: str, file_of: Find
) -> None:
    silent_since(identifier(family), 900, warned_days=40)
    plan = approved_plan(town, world)
    with town.camille.acting() as identity:
        confirm_review(identity, household=file_of(identity, family))
    run_erasures(database)
    with owner_unit():
        assert db.scalars(select(RetentionPlanRow.state).where(RetentionPlanRow.plan_id == plan.id)).all() == ["kept"]
        assert (
            db.execute(
                text("SELECT count(*) FROM record_keys WHERE record_id = :id"), {"id": identifier(family)}
            ).scalar_one()
            == 1
        )
        assert db.execute(text("SELECT count(*) FROM audit_events WHERE action = 'record:erase'")).scalar_one() == 0


def test_cancelling_keeps_everything(database: Flask, world: WorldBuilder, town: Town, family: str) -> None:
    silent_since(identifier(family), 900, warned_days=40)
    plan = approved_plan(town, world)
    with town.sacha.acting() as identity:
        operations.cancel_plan(identity, plan=db.get_one(RetentionPlan, plan.id))
        with pytest.raises(RuleError, match="terminé"):
            operations.cancel_plan(identity, plan=db.get_one(RetentionPlan, plan.id))
    run_erasures(database)
    assert identifier(family)


@pytest.mark.parametrize(("days", "goes"), [(150, False), (190, True)])
def test_a_refused_host_is_forgotten_after_six_months(
    database: Flask, world: WorldBuilder, town: Town, days: int, goes: bool
) -> None:
    with town.sacha.acting() as identity:
        offer = homes_operations.create_offer(
            identity, values=values(), host=homes_operations.Host(name="Jeanne Marqueuse", phone="+33639980001", email="hote@exemple.test"),
            address="Impasse inventée", units=1, received_on=clock.today(),
        )  # fmt: skip
        record, public_id = offer.id, offer.public_id
        photo = Upload("chambre.jpg", io.BytesIO(picture()))
        kept = homes_operations.add_photo(identity, offer=offer, upload=photo, caption="Chambre", agreed=True)
        stored = database.config["ODIS"].documents_dir / kept.storage_key
    assert stored.exists()
    with owner_unit():
        db.execute(
            text(
                "UPDATE offers SET qualification_status = 'refusee', status_motif = 'autre', decided_on = current_date - :days, received_on = current_date - 400 WHERE id = :id"
            ),
            {"days": days, "id": record},
        )
    if not goes:
        with town.sacha.acting() as identity, pytest.raises(RuleError, match="Rien n’est à effacer"):
            operations.plan_erasures(identity)
        return
    approved_plan(town, world)
    run_erasures(database)
    with owner_unit():
        assert (
            db.execute(text("SELECT count(*) FROM offers WHERE public_id = :id"), {"id": public_id}).scalar_one() == 0
        )
        assert db.execute(text("SELECT count(*) FROM offer_hosts")).scalar_one() == 0
        assert (
            db.execute(text("SELECT count(*) FROM documents WHERE record_id = :id"), {"id": record}).scalar_one() == 0
        )
        assert not stored.exists()
        left = "SELECT (SELECT count(*) FROM record_keys WHERE record_id = :id), (SELECT count(*) FROM erasures WHERE record_id = :id)"
        assert tuple(db.execute(text(left), {"id": record}).one()) == (
            0,
            1,
        )  # no backup reads its host nor its address any more
