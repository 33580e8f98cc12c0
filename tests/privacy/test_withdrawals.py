"""What is withdrawn is written outside of the database, and stays so when yesterday's comes back (``tests/ops`` restores a real backup)."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from sqlalchemy import text

from odis_app.access import erasures
from odis_app.access.enums import ShareLevel, SharePurpose, Withdrawal
from odis_app.access.operations import revoke_share
from odis_app.accounts.models import User
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.permissions import Role
from odis_app.households.models import Household
from odis_app.households.operations import share_household
from odis_app.households.queries import present_members
from odis_app.organisations.operations import set_roles
from odis_app.privacy import operations
from odis_app.privacy.models import Consent
from odis_app.privacy.operations.withdrawals import AGAIN
from tests.privacy.conftest import Town, agree, organisation_of
from tests.privacy.test_retention import scheduled
from tests.support.worlds import WorldBuilder, owner_unit

Find = Callable[[Identity, str], Household]
LIVE = "SELECT count(*) FROM grants WHERE revoked_at IS NULL"


def count(statement: str) -> int:
    with owner_unit():
        return int(db.execute(text(statement)).scalar_one())


def shared_by_consent(town: Town, family: str, file_of: Find) -> int:
    """A share that rests on the consent of two adults; the number of one of these consents."""
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        given = [agree(identity, household, adult, town.neighbour) for adult in present_members(household.id)[:2]]
        share_household(
            identity, household=household, organisation=organisation_of(town.neighbour), level=ShareLevel.MINIMAL, purpose=SharePurpose.AUTRE_ASSOCIATION,
        )  # fmt: skip
    return given[0].id


def test_each_kind_is_written_and_replayed() -> None:
    kinds = importlib.import_module("migrations.versions.0021_withdrawals").KINDS
    assert set(kinds) == {kind.value for kind in Withdrawal} == {kind.value for kind in AGAIN}


def test_a_consent_withdrawn_since_the_backup_stays_so_with_its_share(
    database: Flask, town: Town, family: str, file_of: Find, tmp_path: Path
) -> None:
    given = shared_by_consent(town, family, file_of)
    with town.sacha.acting() as identity:
        operations.withdraw_consent(identity, consent=db.get_one(Consent, given))
    assert scheduled(database, "write-withdrawals", "jobs.privacy.settle") == "done"
    with owner_unit():
        written = set(db.execute(text("SELECT key_id FROM erasures")).scalars())
        assert erasures.settle(tmp_path) == len(written) == 2
    log = [one for one in erasures.lines(database.config["ODIS"].erasures_dir) if one.key_id in written]
    assert {one.kind for one in log} == {"consent", "share"}
    assert not any(word in json.dumps([one.key_id for one in log]) for word in ("Laila", "@", "Nemoune", "Fictif"))
    with owner_unit():  # yesterday's database: nothing of it was known
        for statement in (
            "DELETE FROM erasures", "UPDATE consents SET withdrawn_at = NULL, withdrawn_by_id = NULL, withdrawn_by_label = NULL",
            "UPDATE grants SET revoked_at = NULL",
        ):  # fmt: skip
            db.execute(text(statement))
    assert count(LIVE) == 1
    with owner_unit():
        assert erasures.withdraw_again(tmp_path) == {"consent": 1, "share": 1}
    assert count(LIVE) == 0
    assert count("SELECT count(*) FROM consents WHERE withdrawn_at IS NULL") == 1
    with owner_unit():
        assert erasures.withdraw_again(tmp_path) == {}


def test_what_the_backup_knows_as_given_again_stays_given(
    database: Flask, town: Town, family: str, file_of: Find, tmp_path: Path
) -> None:
    """The line is older than the backup, which has it: the share that was opened again afterwards is no business of the log."""
    with town.camille.acting() as identity:
        grant = share_household(
            identity, household=file_of(identity, family), organisation=organisation_of(town.neighbour), level=ShareLevel.MINIMAL,
            purpose=SharePurpose.ACCOMPAGNEMENT,
        )  # fmt: skip
        revoke_share(identity, grant=grant)
    with owner_unit():
        assert erasures.settle(tmp_path) == 1
        db.execute(text("UPDATE grants SET revoked_at = NULL"))
    with owner_unit():
        assert erasures.withdraw_again(tmp_path) == {}
    assert count(LIVE) == 1


def test_a_role_lowered_since_leaves_neither_the_former_nor_one_that_nobody_gave(
    world: WorldBuilder, tmp_path: Path
) -> None:
    admin = world.actor("admin_organisation", "44")
    colleague = world.actor("coordination", "44", colleague_of=admin)
    with admin.acting() as identity:
        set_roles(identity, member=db.get_one(User, colleague.user_id), roles=[Role.TRAVAILLEUR_SOCIAL])
    with owner_unit():
        assert erasures.settle(tmp_path) == 1
        db.execute(text("DELETE FROM erasures"))
        db.execute(text("UPDATE memberships SET ends_on = NULL WHERE role = 'coordinateur'"))
        db.execute(text("DELETE FROM memberships WHERE role = 'travailleur_social'"))
    with owner_unit():
        db.execute(text("DELETE FROM erasures"))
        assert erasures.withdraw_again(tmp_path) == {"role": 1}
    standing = "SELECT count(*) FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.public_id = '{}' AND coalesce(m.ends_on, 'infinity') >= current_date"
    with owner_unit():
        public_id = db.get_one(User, colleague.user_id).public_id
    assert count(standing.format(public_id)) == 0


def test_what_the_backup_never_knew_changes_nothing(database: Flask, tmp_path: Path) -> None:
    words = "inconnu inconnu inconnu inconnu inconnu 2026-01-01 unique"
    at = "2026-01-01T00:00:00+00:00"
    lines = [
        erasures.Erased(0, f"inconnu inconnu inconnu 2026-01-01 {kind.value}" if kind is Withdrawal.ROLE else f"inconnu 2026-01-01 {kind.value}", at, kind.value)
        for kind in Withdrawal if kind is not Withdrawal.RESTRICTION
    ]  # fmt: skip
    assert erasures.append(tmp_path, [*lines, erasures.Erased(0, words, at, Withdrawal.RESTRICTION.value)]) == len(
        Withdrawal
    )
    with owner_unit():
        assert erasures.withdraw_again(tmp_path) == {}
    assert count("SELECT count(*) FROM erasures") == len(Withdrawal)
    with owner_unit():
        assert erasures.replay(tmp_path) == []
