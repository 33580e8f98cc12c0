"""Functions, keys and triggers that see behind the walls, called with what is made to measure: none answers for somebody else's rows."""

from __future__ import annotations

from sqlalchemy import text

from odis_app.core.db import db, unit_of_work
from odis_app.core.ids import new_public_id
from tests.security.bare import outcome, refused, trying, value
from tests.security.region import Region
from tests.support.worlds import owner_unit


def test_the_line_of_a_foreign_import_answers_as_a_missing_one(region: Region) -> None:
    """The number of a draft and how many lines it has are nobody else's."""
    with owner_unit():
        theirs = value("SELECT import_id FROM import_rows WHERE owner_org_id = :org LIMIT 1", org=region.camille.org_id)
        assert theirs
    line = "INSERT INTO import_rows (import_id, number, owner_org_id) VALUES (:id, :number, :org)"
    for actor in (region.people["neighbour", "ts"], region.people["elsewhere", "co"]):
        with trying(actor):
            told = {
                outcome(line, id=i, number=n, org=o)
                for i in (theirs, 987654321)
                for n in (1, 2, 999)
                for o in (actor.org_id,)
            }
            assert told == {"23503"}


def test_a_share_on_a_foreign_file_does_not_tell_what_it_agreed_to(region: Region) -> None:
    """A consent is told by no error: the answer is the same for a file that agreed, one that did not, and one that is not there."""
    with owner_unit():
        receiver = value("SELECT organisation_id FROM consent_recipients LIMIT 1")
        purposes = db.execute(text("SELECT code FROM purposes WHERE legal_basis = 'consentement'")).scalars().all()
    given = """INSERT INTO grants (record_id, owner_org_id, public_id, grantee_org_id, level, max_class, purpose, expires_at)
               VALUES (:record, :org, 'attaque', :receiver, 'full', 1, :purpose, now() + interval '1 day')"""
    for actor in (region.people["neighbour", "ts"], region.people["full", "ts"], region.people["elsewhere", "co"]):
        for org in (actor.org_id, region.numbers["owner"]):
            with trying(actor):
                told = {
                    outcome(given, record=record, org=org, receiver=to, purpose=purpose)
                    for record in (region.numbers["household"], region.numbers["housed"], 987654321)
                    for to in (receiver,)
                    if to != org
                    for purpose in purposes
                }
                assert len(told) <= 1, (actor, org, told)
                assert "inserted" not in told


# Keys without the owner that nobody reaches: their wall reads the row they hang on, or wants another value, before the key is looked at.
REACHED_BY_NOBODY = {
    "audit_seals_event_id_key", "audit_segments_pkey", "households_pkey", "offers_pkey", "structures_pkey", "uq_invitations_request", "uq_jobs_slot", "journal_attachments_pkey",
    "journal_readers_pkey", "uq_journal_revisions", "uq_outbox_job", "uq_passations_asked", "uq_passations_open", "uq_placements_orientation",
    "territory_rules_pkey", "territory_words_pkey", "uq_limitations_request", "uq_users_email",
}  # fmt: skip


def test_no_unique_key_of_a_shared_table_is_an_oracle(region: Region) -> None:
    """A key that one can choose by hand holds the owner, or a name drawn at random: « already there » is never said of a neighbour's row."""
    with owner_unit():
        found = db.execute(
            text(r"""
            SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
             WHERE i.indisunique AND c.relrowsecurity AND c.relnamespace = 'public'::regnamespace
               AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd IN ('a', 'w') AND p.polname <> 'auth_writes')
               AND NOT EXISTS (SELECT 1 FROM unnest(i.indkey\:\:int2[]) k JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k
                                WHERE a.attname ~ '(owner_org_id|organisation_id|public_id|token_hash|storage_key|key_id)$' OR a.attidentity = 'a')""")
        ).scalars()
        assert set(found) - REACHED_BY_NOBODY == set()


def test_a_key_shared_with_a_record_is_no_oracle(region: Region) -> None:
    """A file, an offer, a structure, a handover, an invitation on a number of somebody else's: as if the number were nobody's."""
    numbers = region.numbers
    columns = "owner_org_id, public_id, number, department_code, "
    rows = {
        "households": (columns + "id, dispositif_id, initials, composition_kind, size, adults, minors, seniority_date, status_since",
                       ":org, 'attaque', 'M-44-9998', '44', :id, 1, 'X', 'isole', 1, 1, 0, current_date, current_date"),
        "offers": (columns + "id, dispositif_id, provider_kind, received_on, kind, capacity", ":org, 'attaque', 'O-44-9998', '44', :id, 1, 'particulier', current_date, 'x', 1"),
        "structures": (columns + "id, name, kind", ":org, 'attaque', 'S-44-9998', '44', :id, 'x', 'x'"),
        "passations": ("owner_org_id, public_id, record_id, from_org_id, to_org_id, state, by_user_id, by_label, by_org_label, at, reason_sealed, due_on",
                       ":org, 'attaque', :id, :org, :owner, 'proposed', odis.user_id(), 'x', 'x', now(), 'x', current_date"),
    }  # fmt: skip
    with owner_unit():
        known = [value(f"SELECT max(id) FROM {table}") for table in ("households", "offers", "structures")] + [
            numbers["housed"],
            numbers["household"],
        ]
    for actor in (region.people["neighbour", "ts"], region.people["elsewhere", "co"]):
        with trying(actor):
            for table, (names, values) in rows.items():
                told = {
                    outcome(
                        f"INSERT INTO {table} ({names}) VALUES ({values})",
                        id=i,
                        org=actor.org_id,
                        owner=numbers["owner"],
                    )
                    for i in (*known, 987654321)
                }
                assert told == {"42501"}, table


def test_nobody_takes_the_place_of_an_approval(region: Region) -> None:
    """An invitation made by hand on the number of a request would stop the answer of whoever decides."""
    admin = region.people["neighbour", "ao"]
    with owner_unit():
        asked = value("SELECT max(id) FROM access_requests")
    made = """INSERT INTO invitations (public_id, organisation_id, access_request_id, email, roles, invited_by_id, token_hash, expires_at)
              VALUES ('attaque', odis.org(), :id, 'x@essai.example', ARRAY['travailleur_social'], odis.user_id(), 'x', now() + interval '1 day')"""
    with trying(admin):
        assert {outcome(made, id=number) for number in (asked, 987654321)} == {"42501"}


def test_what_expired_elsewhere_is_not_counted(region: Region) -> None:
    """Freeing lapsed reservations is anybody's; how many there were on a place is not."""
    with owner_unit():
        db.execute(
            text("""INSERT INTO occupancies (public_id, place_id, owner_org_id, department_code, during, kind, expires_at)
                    VALUES (:id, :place, :owner, '44', daterange(current_date + 500, current_date + 510), 'reservation', now() - interval '1 hour')"""),
            {"id": new_public_id(), **region.numbers},
        )
    with trying(region.people["elsewhere", "ts"]):
        assert not value("SELECT odis.release_expired(:place)", place=region.numbers["place"])


def test_a_password_s_hash_is_not_given_to_sql_alone(region: Region) -> None:
    """An injection on the sign-in page would take away the hash of every account whose address is known."""
    with owner_unit():
        email = value("SELECT email FROM users WHERE id = :id", id=region.camille.user_id)
        db.execute(
            text("INSERT INTO private.credentials (user_id, password_hash) VALUES (:id, 'x') ON CONFLICT DO NOTHING"),
            {"id": region.camille.user_id},
        )
    for token in (None, region.people["neighbour", "ts"].token, region.camille.token):
        with unit_of_work(token):
            assert refused("SELECT password_hash FROM odis.auth_login(:email)", email=email)
            assert refused("SELECT password_hash FROM odis.auth_login(:email, 'x')", email=email)


def test_the_reason_of_one_exit_is_not_counted_by_the_day(region: Region) -> None:
    """A service of the State that cuts its periods by the day learns that a household left, not why."""
    counted = "SELECT string_agg(reason, ',') FROM odis.department_movements('44', current_date, current_date) WHERE kind = 'exit'"
    with owner_unit():
        db.execute(
            text(
                "UPDATE placements SET exited_on = current_date, exit_reason = 'deces', exit_outcome = 'neutre' WHERE household_id = :h"
            ),
            {"h": region.numbers["housed"]},
        )
    with trying(region.people["own", "ts"]):
        assert value(counted) == "deces"
    for who in (("neighbour", "dd"), ("elsewhere", "dd"), ("neighbour", "ts")):
        with trying(region.people[who]):
            assert value(counted) is None
            assert value("SELECT count(*) FROM odis.territory_figures('44', current_date, current_date)") == 0


def test_what_the_state_follows_holds_no_reason_nor_outcome(region: Region) -> None:
    """A row without a name, with a number: whether a household left well or badly is told rounded, of a whole département, or not at all."""
    with trying(region.people["neighbour", "dd"]):
        row = db.execute(text("SELECT * FROM household_tracking LIMIT 1")).mappings().one()
    assert set(row) == {
        "record_id", "owner_org_id", "public_id", "number", "department_code", "dispositif_id", "size", "seniority_date", "status", "status_since",
        "first_proposed_on", "entered_on", "exited_on", "signalled_at",
    }  # fmt: skip
