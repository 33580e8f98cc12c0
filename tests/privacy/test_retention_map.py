"""Every table says how long it is kept, and what makes it go: a rule, a named task, or a reason. A new table without one fails here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select

from jobs import maintenance, queues, schedule
from odis_app.core import data_classes
from odis_app.core.config import libpq
from odis_app.core.db import db, unit_of_work
from odis_app.exchange.operations import drafts
from odis_app.housing.operations import links
from odis_app.notifications import delivery
from odis_app.privacy.models import RetentionRule
from odis_app.reports import operations as reports

# What is written in the column « retention » → the rule that says how long.
BY_RULE = {
    "24 mois après le dernier contact": "dossier_menage",
    "vie du dossier": "dossier_menage",
    "vie du dossier ; détruite à l’effacement": "dossier_menage",
    "celle du dossier": "dossier_menage",
    "24 mois après la fin de l’offre": "offre_finie",
    "24 mois après la sortie": "sejour_fini",
    "vie du compte": "compte_ferme",
    "durée du journal": "trace",
    "2 ans": "import_trace",
    "7 jours ou jusqu’à l’enregistrement": "import_brouillon",
    "30 jours": "import_annulation",
    "1 an": "bilan",
    "90 jours après l’envoi": "courriel",
    "jusqu’à l’envoi": "courriel",
    "90 jours après la réponse": "entree",
    "90 jours après la fin": "entree",
    "90 jours après l’échéance du lien": "lien_rappel",
    "30 jours après la fin": "travaux",
    "1 jour": "connexion",
    "24 heures": "connexion",
}
# A rule that no plan carries out → the task that does; what is shorter than a rule → its task, by table.
BY_TASK = {
    "import_trace": "jobs.maintenance.purge_imports",
    "import_brouillon": "jobs.maintenance.purge_imports",
    "import_annulation": "jobs.maintenance.purge_imports",
    "bilan": "jobs.reports.purge",
    "courriel": "jobs.notifications.send",
    "entree": "jobs.organisations.entrance",
    "lien_rappel": "jobs.housing.remind_operators",
    "travaux": "jobs.maintenance.purge_jobs",
    "connexion": "jobs.accounts.purge",
    "export": "jobs.exports.purge",
    "copie": "jobs.privacy.nightly",
    ("list_exports", "48 heures"): "jobs.exports.purge",
    ("list_exports", "jusqu’à ce qu’il soit montré, 48 heures au plus"): "jobs.exports.purge",
    ("data_copies", "48 heures"): "jobs.privacy.nightly",
    ("private.sessions", "12 heures"): "jobs.maintenance.purge_sessions",
    ("private.verifications", "10 minutes"): "jobs.accounts.purge",
    ("private.challenges", "5 minutes"): "jobs.accounts.purge",
    ("erased_files", "quelques minutes"): "jobs.privacy.erase",
}
BY_REASON = {
    "vie de l’installation": "réglages, preuves et comptes sans ménage : décisions d’effacement, durées changées, hébergement de santé",
    "vie de l’organisation": "un organisme n’est pas une personne ; il se ferme, ses dossiers suivent leurs règles",
    "vie de la structure": "un lieu et son adresse, tant que l’organisme l’exploite",
    "vie de la place": "un lieu et son adresse ; ses occupations ont leur règle, et celles d’une offre partent avec elle",
    "jusqu’au COG suivant": "communes publiées par l’Insee",
    "jusqu’au remplacement": "liste publique des dispositifs",
    "jusqu’à la fin du travail": "la ligne part quand le travail finit, dans sa transaction",
    "sans limite (aucune donnée de personne)": "numéros de clés détruites et de droits retirés, qui se rejouent après une restauration ; comptes arrondis d’un département",
}
# Tables of a file that no foreign key takes with it: the function that erases says so itself.
BY_HAND = {"import_keys"}


@pytest.fixture
def catalogue(database: Flask, admin_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(libpq(admin_url)) as connection:
        yield connection


def said() -> set[tuple[str, str]]:
    """(table, what its columns say)."""
    return {(column.table, column.retention) for column in data_classes.columns()}


def rules() -> Mapping[str, RetentionRule]:
    with unit_of_work(None, readonly=True):
        found = {rule.code: rule for rule in db.scalars(select(RetentionRule))}
        db.expunge_all()
    return found


def fallen(catalogue: psycopg.Connection, *roots: str) -> set[str]:
    """The tables that a deleted row of ``roots`` takes with it."""
    pairs = catalogue.execute(
        "SELECT confrelid::regclass::text, conrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND confdeltype = 'c'"
    ).fetchall()
    found, last = set(roots), set()
    while found != last:
        last = set(found)
        found |= {child for parent, child in pairs if parent in found}
    return found


def body(catalogue: psycopg.Connection, *functions: str) -> str:
    bodies = catalogue.execute(
        "SELECT prosrc FROM pg_proc WHERE pronamespace = 'odis'::regnamespace AND proname = ANY (%s)", [list(functions)]
    ).fetchall()
    assert len(bodies) == len(functions)
    return "\n".join(source for (source,) in bodies)


def test_every_table_maps_to_a_rule_a_task_or_a_reason() -> None:
    unknown = {
        (table, words) for table, words in said() if words not in BY_RULE and words not in BY_REASON and (table, words) not in BY_TASK
    }  # fmt: skip
    assert unknown == set(), "say in this file what makes it go"
    known = {words for _, words in said()}
    assert (set(BY_RULE) | set(BY_REASON)) - known == set(), "nothing says it any more"
    assert {key for key in BY_TASK if isinstance(key, tuple)} - said() == set()


def test_each_rule_is_carried_out_by_a_plan_or_by_a_task_that_is_scheduled(catalogue: psycopg.Connection) -> None:
    tasks = {line.task for line in schedule.SCHEDULE}
    candidates = body(catalogue, "retention_candidates")
    for code, rule in rules().items():
        if rule.enforced_by == "plan d’effacement":
            assert f"'{code}'" in candidates, code
            assert rule.shortest is not None
        else:
            assert BY_TASK[code] in tasks & queues.ALLOWED, code
    assert set(BY_TASK.values()) <= tasks & queues.ALLOWED
    assert set(BY_RULE.values()) <= set(rules())


def test_the_words_and_the_tasks_say_the_duration_of_the_rule(database: Flask) -> None:
    known = rules()
    for words, code in BY_RULE.items():
        if words[0].isdigit():
            value, unit = words.split()[:2]
            days = {"mois": 30, "jours": 1, "jour": 1, "ans": 365, "an": 365, "heures": 1 / 24}[unit] * int(value)
            rule = known[code]
            kept = rule.value * (30 if rule.unit == "mois" else 1)
            assert abs(days - kept) <= days / 60, (words, rule.duration)
    assert known["courriel"].days == delivery.KEPT_DAYS
    assert known["bilan"].months == reports.KEPT_DAYS // 30
    assert known["travaux"].days == maintenance.JOB_DAYS
    assert links.KEPT.days == known["lien_rappel"].days
    assert known["import_brouillon"].days == drafts.DRAFT_DAYS


def test_what_lives_as_long_as_a_file_or_an_offer_falls_with_its_record(catalogue: psycopg.Connection) -> None:
    of_records = {table for table, words in said() if BY_RULE.get(words) in {"dossier_menage", "offre_finie"}}
    left = of_records - fallen(catalogue, "records") - BY_HAND
    assert left == set(), "ON DELETE CASCADE towards its record, or a line in take_household"
    source = body(catalogue, "take_household")
    assert [table for table in BY_HAND if f"public.{table}" not in source] == []


def test_what_lives_as_long_as_an_account_is_taken_with_it(catalogue: psycopg.Connection) -> None:
    source = body(catalogue, "take_account")
    for table, words in said():
        if BY_RULE.get(words) == "compte_ferme":
            full = table if "." in table else f"public.{table}"
            assert f"DELETE FROM {full} " in source or f"UPDATE {full} " in source, table


def test_days_and_the_trail_leave_whole(catalogue: psycopg.Connection) -> None:
    days = {table for table, words in said() if BY_RULE.get(words) == "sejour_fini"}
    assert days <= fallen(catalogue, "occupancies")
    trail = {table for table, words in said() if BY_RULE.get(words) == "trace"}
    source = body(catalogue, "take_trail")
    assert [table for table in trail if f"DELETE FROM public.{table} " not in source] == []
