"""Every endpoint × every role × {own, shared in full, shared minimally, a neighbour's, another département's}, against a written table.

``matrix.yml`` says, for each endpoint and verb, who gets through; everybody else gets 404 where the address names something,
403 where it does not. Signed out: the sign-in page. What is read or written is in the trail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import yaml
from flask import Flask
from werkzeug.routing import Rule

from odis_app.core.config import libpq
from odis_app.core.permissions import guard_of
from tests import conftest
from tests.security.region import LETTERS, SITUATIONS, Region, build
from tests.support.client import StrictClient

pytestmark = pytest.mark.timeout(900)  # some six thousand requests, once
TABLE = Path(__file__).with_name("matrix.yml")
UNMARKED = {"static", "assets.serve"}
ALIASES = {"case": "ts.co.op", "read": "ts.co.op.dd", "everyone": ".".join(LETTERS)}
PARTS = {
    "offers.act": {"act": "confirmer"},
    "offers.qualify": {"step": "appel"},
    "places.close": {"act": "fermer"},
    "privacy.set_duration": {"rule": "dossier_menage"},
}
QUERIES = {"exchange.create": "?genre=essai"}
OTHERS = {"households.close_member": {"member": "child"}}  # whoever asked for the file does not leave it
USED_UP = {
    "documents.withdraw": "document",
    "offers.remove_photo": "photo",
    "organisations.withdraw": "invitation",
    "organisations.remove": "colleague",
    "access.withdraw_exception": "exception",
    "households.revoke_share": "share",
    "organisations.change_roles": "colleague",
} | {f"exchange.{act}": "found" for act in ("columns", "set_aside", "sheet", "record", "undo", "reload", "discard")}
NOTHING_CHANGES = {  # writes that an empty form leaves without effect, and why
    "POST documents.scan": "judged already", "POST reports.stop": "ended already", "POST placements.see": "read already",
    "POST placements.withdraw_exclusion": "none was asked for", "POST places.confirm_all": "nothing was ticked", "POST structure.reopen": "open already",
    "POST households.edit_needs": "as before", "POST households.edit_administrative": "as before", "POST households.edit_enrolments": "as before", "POST households.edit_resources": "as before", "POST households.edit_health": "as before",
    "POST privacy.plan": "nothing to erase", "POST privacy.withdraw_consent": "withdrawn already",
    "POST exchange.record": "not confirmed", "POST exchange.undo": "nothing recorded", "POST exchange.set_aside": "no line in error",
    "POST accounts.new_application": "nothing is confirmed", "POST accounts.application": "no secret was drawn",
    "POST accounts.remove_application": "there is none", "POST accounts.unlink_proconnect": "nothing was tied", "POST organisations.reset_factor": "there is none", "POST exchange.reload": "no file", "POST exchange.sheet": "no other sheet",
}  # fmt: skip
SEVERAL = {  # writes that leave more than one event, and why
    "POST placements.accept_household": "the second of the two agreements is also the confirmation, which opens the file to the host",
}
ABSENT = {  # addresses without a name that answer 404, and why
    "GET accounts.application_qr": "no secret was drawn", "POST accounts.close_session": "no session was chosen", "POST accounts.switch_organisation": "no other organisation was chosen", "GET exchange.model": "a kind that one may not create",
    "GET exchange.create": "a kind that one may not create", "POST exchange.create": "a kind that one may not create",
}  # fmt: skip
AS_FRAGMENTS = {"elsewhere", "neighbour", "minimal"}  # asked as HTMX asks: a fragment is as closed as its page
READ, WROTE = 200, 303
THROUGH = {200, 303, 422}


@dataclass(frozen=True, slots=True)
class Line:
    """One endpoint and verb; ``variables`` are those of its address."""

    rule: Rule
    verb: str

    @property
    def name(self) -> str:
        return f"{self.verb} {self.rule.endpoint}"

    @property
    def names_a_thing(self) -> bool:
        return bool(self.rule.arguments - {"name", "genre", "act", "step", "rule"})


Answers = dict[tuple[str, str], tuple[int, int]]
"""(situation, letters) → (status, events written in the trail)."""


def lines_of(app: Flask) -> list[Line]:
    """Every guarded address and verb, in the order of the addresses."""
    found = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda r: (r.rule, r.endpoint)):
        mark = guard_of(app.view_functions[rule.endpoint])
        if rule.endpoint in UNMARKED or mark is None or mark.permission is None:
            continue
        found += [Line(rule, verb) for verb in ("GET", "POST") if verb in (rule.methods or ())]
    return found


@pytest.fixture(scope="module")
def region(app: Flask, admin_url: str) -> Iterator[Region]:
    conftest._configure(app)
    conftest.empty(admin_url)
    yield build(app)
    conftest.empty(admin_url)


def address(app: Flask, line: Line, region: Region) -> str:
    """The address of the association's own things."""
    endpoint = line.rule.endpoint
    things = {
        **region.things,
        **PARTS.get(endpoint, {}),
        "public_id": region.things["offer" if endpoint.startswith("offers") else "place"],
    }
    things |= {name: region.things[other] for name, other in OTHERS.get(endpoint, {}).items()}
    values = {name: things[name] for name in line.rule.arguments}
    return app.url_map.bind("localhost").build(endpoint, values, method=line.verb) + QUERIES.get(endpoint, "")


@pytest.fixture(scope="module")
def answers(app: Flask, region: Region, admin_url: str) -> dict[str, Answers]:
    """The whole map asked by everybody: strangers first and reads first, so that what some write changes nobody's answers."""
    found: dict[str, Answers] = {line.name: {} for line in lines_of(app)}
    with psycopg.connect(libpq(admin_url), autocommit=True) as trail:
        for situation in SITUATIONS:
            clients = {letters: StrictClient(app).as_(region.people[situation, letters]) for letters in LETTERS}
            tokens = {letters: client.token() for letters, client in clients.items()}
            for line in sorted(lines_of(app), key=lambda one: one.verb):
                if not line.names_a_thing and situation != "own":
                    continue  # a list asks nothing of anybody's file: one situation says all
                for letters, client in clients.items():
                    found[line.name][situation, letters] = _ask(
                        app, line, region, client, tokens[letters], trail, fragment=situation in AS_FRAGMENTS
                    )
    return found


def _ask(
    app: Flask,
    line: Line,
    region: Region,
    client: StrictClient,
    token: str,
    trail: psycopg.Connection,
    *,
    fragment: bool,
) -> tuple[int, int]:
    used = USED_UP.get(line.rule.endpoint) if line.verb == "POST" else None
    if used in region.spent:
        region.renew(used)
    before = _events(trail)
    headers = {"X-CSRFToken": token, "Referer": "http://localhost/", **({"HX-Request": "true"} if fragment else {})}
    answer = client.browser.open(address(app, line, region), method=line.verb, headers=headers, buffered=True)
    answer.close()
    if used is not None and answer.status_code in THROUGH:
        region.spent.add(used)
    return answer.status_code, _events(trail) - before


def _events(trail: psycopg.Connection) -> int:
    row = trail.execute("SELECT count(*) FROM audit_events").fetchone()
    assert row is not None
    return int(row[0])


def told(line: Line, answers: Answers) -> str:
    """The answers as the table writes them: who gets through, then (after « ! ») whom the rule refuses; the others are told nothing."""
    through = _groups(answers, THROUGH, line)
    refused = [f"!{group}" for group in _groups(answers, {403}, line)] if line.names_a_thing else []
    return " ".join([*through, *refused]) or "nobody"


def _groups(answers: Answers, codes: set[int], line: Line) -> list[str]:
    by_letters: dict[str, list[str]] = {}
    for situation in reversed(SITUATIONS):
        letters = ".".join(x for x in LETTERS if answers.get((situation, x), (0, 0))[0] in codes)
        if letters:
            by_letters.setdefault(letters, []).append(situation)
    names = {value: alias for alias, value in ALIASES.items()}
    return [
        (f"{'+'.join(where)}=" if line.names_a_thing else "") + names.get(letters, letters)
        for letters, where in by_letters.items()
    ]


def test_every_endpoint_answers_as_the_table_says(app: Flask, answers: dict[str, Answers]) -> None:
    table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    seen = {line.name: told(line, answers[line.name]) for line in lines_of(app)}
    wrong = {
        name: f"{name}: {value}    # the table says: {table.get(name, 'nothing; add this line if it is right')}"
        for name, value in seen.items()
        if table.get(name) != value
    }
    assert not wrong, "tests/architecture/matrix.yml and the application differ:\n" + "\n".join(wrong.values())
    assert sorted(set(table) - set(seen)) == [], "the table speaks of endpoints that are no more"


def test_whoever_does_not_get_through_is_told_nothing(app: Flask, answers: dict[str, Answers]) -> None:
    """404 where the address names something (403 for who may see it), 403 elsewhere; never a fault, never anything else."""
    odd = [
        f"{line.name} {who}: {code}"
        for line in lines_of(app)
        for who, (code, _) in answers[line.name].items()
        if code not in THROUGH | {403} | ({404} if line.names_a_thing or line.name in ABSENT else set())
    ]
    assert odd == []


def of_record(line: Line) -> bool:
    """A draft import is no record; taking its annotated file away is told all the same."""
    drafted = line.rule.endpoint.startswith("exchange.") and line.rule.endpoint != "exchange.annotated"
    return line.names_a_thing and not drafted


def test_a_record_that_is_read_is_written_down_once(app: Flask, answers: dict[str, Answers]) -> None:
    wrong = []
    for line in lines_of(app):
        if line.verb != "GET":
            continue
        for who, (code, events) in answers[line.name].items():
            if events != (1 if code == READ and of_record(line) else 0):
                wrong.append(f"{line.name} {who}: {code}, {events} events")
    assert wrong == []


def test_what_is_written_is_written_down(app: Flask, answers: dict[str, Answers]) -> None:
    """A write that succeeds with an empty form leaves one event (none when somebody did it before); a form that is refused shows its record, and is told as a read; else nothing."""
    loud: list[str] = []
    found: dict[str, set[int]] = {}
    for line in lines_of(app):
        if line.verb == "POST":
            shows = of_record(line) and not line.rule.endpoint.startswith(
                "organisations."
            )  # neither a request nor a colleague is a record
            loud += [
                f"{line.name} {who}: {code}, {events} events"
                for who, (code, events) in answers[line.name].items()
                if code != WROTE and events != (1 if code in THROUGH and shows else 0)
            ]
            found[line.name] = {events for code, events in answers[line.name].values() if code == WROTE}
    assert not loud, "\n".join(loud)
    told = {name for name, written in found.items() if written}
    assert {n for n in told if found[n] == {0}} - set(NOTHING_CHANGES) == set()
    assert {n for n in told if max(found[n]) > 1} == set(SEVERAL)


def test_signed_out_nothing_answers(app: Flask, region: Region) -> None:
    client = StrictClient(app)
    token = client.token()
    found = {}
    for line in lines_of(app):
        headers = {"X-CSRFToken": token, "Referer": "http://localhost/"}
        answer = client.browser.open(address(app, line, region), method=line.verb, headers=headers)
        found[line.name] = (answer.status_code, answer.headers.get("Location", "").partition("?")[0])
    wanted = {line.name: (303, "/connexion") if line.verb == "GET" else (401, "") for line in lines_of(app)}
    assert found == wanted
