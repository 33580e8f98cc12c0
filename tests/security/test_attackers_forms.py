"""Somebody's own forms, filled by hand with what belongs to others: identifiers, numbers, roles, columns that no field shows."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.documents.enums import Audience
from odis_app.households.models import Household
from odis_app.households.operations.composition import Person
from odis_app.households.operations.file import Opening, open_household
from odis_app.journal.operations import add_entry
from odis_app.organisations.seeds import Actor
from tests.placements.conftest import dispositif, open_file
from tests.security.bare import value
from tests.security.region import Region
from tests.security.test_http import body
from tests.security.visits import addresses, browser
from tests.support.client import form_values
from tests.support.html import parsed
from tests.support.worlds import owner_unit

MARKS = ("Marqueuzine", "Lalarème", "Nikadème", "Marqueuse", "Impasse Marqueur", "hote@exemple.test", "33639980001")
LEFT_ALONE = ("csrf_token", "version", "suite")
# Columns that an attacker would like to set, under the names that they have in the database and in our forms.
COLUMNS = (
    "id", "public_id", "owner_org_id", "organisation_id", "org_id", "record_id", "household_id", "user_id", "author_id", "by_user_id", "level", "max_class",
    "sensitivity", "can_edit", "state", "outcome", "expires_at", "decided_by_id", "granted_by_id", "referent_user_id", "number", "department_code", "role", "roles",
)  # fmt: skip


@pytest.fixture(scope="module")
def own_file(region: Region) -> str:
    """A file of the neighbour's own, where they may do everything."""
    with region.people["neighbour", "ts"].acting() as identity:
        household = open_file(identity, Person("Propre", "Dossier", "f", birth_year=1990))
        return household.public_id


def foreign(region: Region) -> list[str]:
    """Everything by which something of the association may be named: public ids, inner numbers, people, the organisation itself."""
    with owner_unit():
        people = (
            db.execute(text("SELECT public_id FROM users WHERE id = :id"), {"id": region.camille.user_id})
            .scalars()
            .all()
        )
        organisations = (
            db.execute(text("SELECT public_id FROM organisations WHERE id = :id"), {"id": region.camille.org_id})
            .scalars()
            .all()
        )
    things = [v for k, v in region.things.items() if len(v) == 16 and k not in {"found"}]
    return [
        *things,
        *people,
        *organisations,
        *(str(n) for n in (region.numbers["household"], region.numbers["place"], region.camille.user_id)),
    ]


def of_the_association(region: Region) -> dict[str, Any]:
    """How many rows of the association each table has, and what may have moved in them."""
    told = {}
    with owner_unit():
        tables = db.execute(
            text(
                "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'owner_org_id' AND table_name NOT IN ('audit_events')"
            )
        ).scalars()
        for table in tables:
            told[table] = value(
                f"SELECT md5(string_agg(t\\:\\:text, '|' ORDER BY t\\:\\:text)) FROM {table} t WHERE owner_org_id = :org",
                org=region.camille.org_id,
            )
    return told


def forms_of(client: Any, urls: list[str]) -> dict[str, dict[str, Any]]:
    """The forms that post, by address, as a browser would send them."""
    found: dict[str, dict[str, Any]] = {}
    for url in urls:
        page = client.browser.get(url, buffered=True)
        html = page.get_data(as_text=True) if page.mimetype == "text/html" else ""
        for form in parsed(html).find_all("form", method=re.compile("post", re.IGNORECASE)):
            action = str(form.get("action") or url)
            if not action.endswith(("deconnexion", "langue", "archiver", "recherche")):
                found.setdefault(action, form_values(form))
        page.close()
    return found


def pages_of(household: str) -> list[str]:
    parts = (
        "", "/modifier", "/composition", "/composition/ajouter", "/besoins/modifier", "/souhaits/modifier", "/administratif/modifier", "/confier", "/passation",
        "/partages", "/partages/nouveau", "/signaler", "/journal", "/documents", "/bilan", "/droits", "/sante/modifier", "/securite", "/appariement",
    )  # fmt: skip
    return [f"/menages/{household}{part}" for part in parts] + [
        "/menages/nouveau",
        "/bilans/nouveau",
        "/equipe/acces",
        "/appariement",
    ]


def test_a_foreign_identifier_in_one_s_own_forms_links_nothing(app: Flask, region: Region, own_file: str) -> None:
    """Every field of every form that a neighbour may open, given each identifier of the association in turn."""
    client = browser(app, region.people["neighbour", "ts"])
    before = of_the_association(region)
    forms = forms_of(client, pages_of(own_file))
    assert len(forms) > 8, sorted(forms)
    told = []
    for action, fields in forms.items():
        names = [name for name in fields if name not in LEFT_ALONE]
        for forged in foreign(region):
            sent = {**fields, **dict.fromkeys((*COLUMNS, *names), forged)}
            answer = client.browser.post(action, data=sent, headers={"Referer": "http://localhost/"}, buffered=True)
            page = answer.get_data(as_text=True)
            if answer.status_code >= 500 or any(mark in page for mark in MARKS):
                told.append((action, forged, answer.status_code))
            answer.close()
    assert told == []
    assert of_the_association(region) == before


def test_the_key_of_a_form_is_no_oracle(region: Region, own_file: str) -> None:
    """The hidden key of a form, replaced by an address kept from a share that ended: what is made is one's own, whatever the key is worth elsewhere."""
    theirs = {"0" * 16, region.things["household"], region.things["entry"]}
    with region.people["neighbour", "ts"].acting() as identity:
        file = db.execute(select(Household).where(Household.public_id == own_file)).scalar_one()
        for key in theirs:
            opening = Opening(
                department_code="44", dispositif_id=dispositif(), people=[Person("Autre", "Fictive", "f", birth_year=1991)], seniority_date=clock.today(), key=key,
            )  # fmt: skip
            made, again = (open_household(identity, opening=opening) for _ in range(2))
            assert made.public_id == again.public_id
            notes = [
                add_entry(
                    identity,
                    record_id=file.id,
                    owner_org_id=file.owner_org_id,
                    body="Appel.",
                    audience=Audience.ORGANISATION,
                    key=key,
                ).public_id
                for _ in range(2)
            ]
            assert len(set(notes)) == 1
            assert not theirs & {made.public_id, *notes}


def test_columns_that_no_field_shows_are_not_written(app: Flask, region: Region, own_file: str) -> None:
    """A valid form with more names than it has: the file stays its owner's, at its place, under its number."""
    who = region.people["neighbour", "ts"]
    client = browser(app, who)
    kept = "SELECT owner_org_id::text || public_id || number || department_code || coalesce(referent_user_id, 0) FROM households WHERE public_id = :p".replace(
        "::", r"\:\:"
    )
    with owner_unit():
        before = value(kept, p=own_file)
    extra = {
        "owner_org_id": str(region.camille.org_id), "number": "M-44-7777", "department_code": "33", "public_id": "0" * 16, "referent_user_id": str(region.camille.user_id),
        "id": str(region.numbers["household"]), "version": "999", "status": "suivi",
    }  # fmt: skip
    for action, fields in forms_of(client, pages_of(own_file)).items():
        client.browser.post(
            action, data={**extra, **fields}, headers={"Referer": "http://localhost/"}, buffered=True
        ).close()
    with owner_unit():
        assert value(kept, p=own_file) == before


def test_no_address_tells_a_foreign_thing_from_a_missing_one_when_written_to(app: Flask, region: Region) -> None:
    """POST, as a page and as a fragment: the same status, the same words, and nothing of the association moves."""
    before = of_the_association(region)
    known = [v for v in region.things.values() if len(v) == 16]
    for who in (region.people["elsewhere", "co"], region.people["neighbour", "op"]):
        client = browser(app, who)
        headers = {"X-CSRFToken": client.token(), "Referer": "http://localhost/"}
        for endpoint, url in addresses(app, region, "POST"):
            missing = url
            for public_id in known:
                missing = missing.replace(public_id, "0" * 16)
            for more in ({}, {"HX-Request": "true", "HX-Target": "main", "HX-Current-URL": f"http://localhost{url}"}):
                theirs, none = (
                    client.browser.post(each, data={"suite": "//mechant.example"}, headers={**headers, **more})
                    for each in (url, missing)
                )
                assert theirs.status_code == none.status_code, (endpoint, more)
                assert body(theirs).replace(url, "") == body(none).replace(missing, ""), endpoint
                assert "mechant.example" not in str(theirs.headers), endpoint
    assert of_the_association(region) == before


def test_headers_of_fragments_open_nothing_more(app: Flask, region: Region) -> None:
    """What HTMX says of itself changes the shape of an answer, never whether there is one."""
    kinds: list[dict[str, str]] = [
        {"HX-Request": "true"},
        {"HX-Request": "true", "HX-Target": "results", "HX-Trigger-Name": "q"},
        {"HX-Request": "true", "HX-Boosted": "true"},
        {"HX-Request": "true", "HX-History-Restore-Request": "true"},
    ]
    for who in (region.people["elsewhere", "ts"], region.people["neighbour", "ao"], region.people["minimal", "ts"]):
        client = browser(app, who).browser
        for endpoint, url in addresses(app, region, "GET"):
            plain = client.get(url, buffered=True)
            for headers in kinds:
                answer = client.get(url, headers=headers, buffered=True)
                allowed = {plain.status_code} | ({204} if plain.status_code == 303 else set())
                assert answer.status_code in allowed, (endpoint, headers)
                assert answer.headers["Cache-Control"] == "no-store", endpoint
                answer.close()
            plain.close()


@pytest.mark.parametrize("role", ["admin_plateforme", "ddets", "national", "bailleur", "inconnu", ""])
def test_no_form_gives_a_role_that_the_organisation_has_not(app: Flask, region: Region, role: str) -> None:
    client = browser(app, region.people["own", "ao"])
    held = (
        "SELECT count(*) FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.public_id = :p AND m.role = :role"
    )
    client.browser.post(
        f"/equipe/membres/{region.things['colleague']}/roles",
        data={"roles": [role, "travailleur_social"]},
        headers={"X-CSRFToken": client.token(), "Referer": "http://localhost/"},
    )
    client.browser.post(
        "/equipe/inviter",
        data={"roles": [role], "email": f"{role}@essai.example"},
        headers={"X-CSRFToken": client.token(), "Referer": "http://localhost/"},
    )
    with owner_unit():
        assert value(held, p=region.things["colleague"], role=role) == 0
        assert value("SELECT count(*) FROM invitations WHERE :role = ANY (roles)", role=role) == 0


def test_nobody_gives_themselves_a_right(app: Flask, region: Region) -> None:
    """An exception for oneself, for a stranger, or of the State's and the platform's permissions; one's own roles."""
    admin: Actor = region.people["own", "ao"]
    client = browser(app, admin)
    with owner_unit():
        me, stranger = (
            value("SELECT public_id FROM users WHERE id = :id", id=person.user_id)
            for person in (admin, region.people["neighbour", "ts"])
        )
        before = value("SELECT count(*) FROM role_exceptions")
    headers = {"X-CSRFToken": client.token(), "Referer": "http://localhost/"}
    for member, permission in (
        (me, "household:read"),
        (stranger, "household:read"),
        (region.things["colleague"], "hosting:record"),
    ):
        sent = {"member": member, "permission": permission, "gives": "oui", "motive": "Essai", "until": "2026-12-31"}
        assert client.browser.post("/equipe/droits", data=sent, headers=headers).status_code == 422, permission
    assert client.browser.post(
        f"/equipe/membres/{me}/roles", data={"roles": ["coordinateur"]}, headers=headers
    ).status_code in {403, 404, 422}
    assert (
        client.browser.post(
            f"/equipe/membres/{stranger}/roles", data={"roles": ["coordinateur"]}, headers=headers
        ).status_code
        == 404
    )
    with owner_unit():
        assert value("SELECT count(*) FROM role_exceptions") == before
        assert (
            value(
                "SELECT count(*) FROM memberships WHERE user_id = :id AND role <> 'admin_organisation'",
                id=admin.user_id,
            )
            == 0
        )
