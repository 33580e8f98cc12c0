"""The doors of the installation, counted by hand: what opens without an account, what leaves the machine, what the public role reads.

docs/security.md says of rules 2, 3, 17, 18, 20 and 21 that what they protect does not exist yet. These lists refuse the day it is built without
its rule: whoever adds a line here writes, in the same commit, the test that the rule asks for, and the sentence of the page.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import psycopg
from flask import Flask

from odis_app.core.config import ROOT, libpq
from odis_app.core.permissions import Role, guard_of

OPEN = {  # endpoint: what somebody without an account gets there
    "accounts.forgotten", "accounts.reset_asked", "accounts.open_reset", "accounts.new_password",  # a link sent to their own address
    "accounts.proconnect", "accounts.proconnect_back", "accounts.sign_in", "accounts.sign_in_challenge", "accounts.sign_out", "accounts.verify",
    "availability.open_link", "availability.answer", "availability.done",  # one structure's places, no household
    "mailbox.index", "mailbox.show", "demo.accounts", "components.page", "components.progress",  # 404 elsewhere than on a demonstration
    "home.accessibility", "home.health_check", "home.index", "home.legal", "home.metrics", "home.personal_data", "home.register",
    "organisations.access_asked", "organisations.answer", "organisations.ask_access", "organisations.confirm_access",
    "organisations.find_organisation", "organisations.open_confirmation", "organisations.open_invitation",
    "territories.communes",
}  # fmt: skip
OUTLETS = {  # module that opens a connection by itself: towards what
    "odis_app/accounts/proconnect.py",  # the provider of identity
    "odis_app/core/services/serve.py",  # whether our own port is taken
    "odis_app/documents/antivirus.py",  # ClamAV
    "odis_app/notifications/smtp.py",  # mails to teams
    "odis_app/territories/ban.py",  # one address at a time, never a secret one
}
NETWORK = {
    "aiohttp", "asyncio", "ftplib", "http.client", "httpx", "imaplib", "poplib", "requests", "smtplib", "socket", "ssl", "telnetlib", "urllib.request",
    "urllib3", "websocket", "websockets", "xmlrpc",
}  # fmt: skip
READ_BY_ALL = {  # territories and lists; nothing of a person, an organisation, a home
    "arrondissements", "commune_keys", "commune_parts", "commune_postal_codes", "communes", "departments", "employment_zones", "epcis",
    "former_communes", "regions", "territory_loads", "dispositifs", "instance", "purposes", "retention_rules",
}  # fmt: skip


def modules() -> list[Path]:
    return [path for folder in ("odis_app", "jobs") for path in sorted((ROOT / folder).rglob("*.py"))]


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def test_what_opens_without_an_account_is_known_by_name(app: Flask) -> None:
    """A portal, a public assistant, a feed or an API begins by a view that asks for no account."""
    unguarded = {
        rule.endpoint for rule in app.url_map.iter_rules()
        if (guard := guard_of(app.view_functions[rule.endpoint])) is None or guard.permission is None
    }  # fmt: skip
    assert unguarded ^ OPEN == set()


def test_everybody_who_signs_in_is_an_agent() -> None:
    """No role is that of a household, a relative or the public: their pages are another door, with its own rules (2, 17)."""
    assert {role.value for role in Role} == {
        "travailleur_social", "coordinateur", "qualificateur_offres", "operateur", "ddets", "national", "bailleur", "collectivite",
        "admin_organisation", "admin_plateforme",
    }  # fmt: skip


def test_what_leaves_the_machine_leaves_by_known_modules() -> None:
    """A text message, a video room, a map's tiles or a translation would open a connection of its own (3, 4, 18)."""
    found = {str(path.relative_to(ROOT)) for path in modules() if imported(path) & NETWORK}
    assert found ^ OUTLETS == set()


def test_no_view_is_freed_of_its_form_s_token_nor_reads_a_key_of_api(app: Flask) -> None:
    """An API's client has neither session nor form: its tokens, scopes, expiry and class come first (21)."""
    said = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in modules()}
    freed = re.compile(
        r"csrf\w*\.exempt|request\.authorization|HTTP_AUTHORIZATION|headers(?:\.get\(|\[)\s*['\"](?:Authorization|X-Api-Key)",
        re.I,
    )
    read = {path: found[0] for path, text in said.items() if (found := freed.search(text))}
    read.pop("odis_app/accounts/proconnect.py", None)  # what we send to the provider, not what we receive
    assert read == {}
    assert app.config.get("WTF_CSRF_CHECK_DEFAULT", True)
    assert not app.extensions["csrf"]._exempt_views
    assert not app.extensions["csrf"]._exempt_blueprints


def test_nothing_is_a_calendar() -> None:
    """A feed is read by a telephone that anybody holds: no place, no name, revocable (18)."""
    assert [
        str(path) for path in modules() if re.search(r"text/calendar|BEGIN:VCALENDAR|\.ics\b", path.read_text("utf-8"))
    ] == []


def test_the_public_role_reads_no_person_and_no_organisation(database: Flask, admin_url: str) -> None:
    """Public figures and the public assistant would run under it (19, 20): it reads territories and lists, by name."""
    with psycopg.connect(libpq(admin_url)) as connection:
        read = {
            name for (name,) in connection.execute(
                "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm') "
                "AND n.nspname IN ('public', 'private', 'odis') AND (has_table_privilege('odis_public', c.oid, 'SELECT, INSERT, UPDATE, DELETE') "
                "OR has_any_column_privilege('odis_public', c.oid, 'SELECT'))"
            )
        }  # fmt: skip
        called = connection.execute(
            "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'odis'::regnamespace AND has_function_privilege('odis_public', p.oid, 'EXECUTE')"
        ).fetchall()
    assert read ^ READ_BY_ALL == set()
    assert called == []
