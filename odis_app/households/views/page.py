"""What every page of a file shares: the folder, its tabs and actions, and how a form is saved.

Slots that higher packages fill:

- ``household.tabs``    label, endpoint (takes ``household``), permission, order; ``provider(identity, household)`` gives the count,
  or its question (``core.db.one_value``): all of them are asked in one statement;
- ``household.actions`` label, endpoint (takes ``household``), permission, order; ``icon``, ``primary=True`` for the one that burns,
  ``when=predicate(identity, household)`` hides it;
- ``household.aside``   ``provider(identity, household)`` gives Markup, or None for nothing to show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, url_for
from markupsafe import Markup

from odis_app.access.limits import limited_since
from odis_app.core import clock
from odis_app.core.db import answered
from odis_app.core.errors import RuleError, StaleVersionError
from odis_app.core.forms import Form
from odis_app.core.identity import Identity
from odis_app.core.requests import note_sensitivity
from odis_app.core.slots import Entry, slot
from odis_app.core.web import identity, redirect_to, render
from odis_app.households import policy, queries
from odis_app.households.enums import Language
from odis_app.households.forms.fields import VersionedForm
from odis_app.households.models import Household
from odis_app.households.policy import HOUSEHOLD_READ_FULL, HOUSEHOLD_UPDATE
from odis_app.households.queries.sight import Block, who_reads
from odis_app.territories.queries import label_of

blueprint = Blueprint("households", __name__, url_prefix="/menages")


def file_page(
    household: Household, template: str, *, tab: str, status: int = 200, crumb: str = "", **context: Any
) -> Response:
    """A page of one file under its folder; ``tab`` is the endpoint of the current tab, ``crumb`` the page under it."""
    return render(template, status=status, **file_context(identity(), household, tab, crumb), **context)


def file_context(who: Identity, household: Household, tab: str, crumb: str) -> dict[str, Any]:
    """The variables of « households/_file.html », for the pages of this package and the tabs that other packages give."""
    in_full = policy.reads_in_full(who, household)
    note_sensitivity(int(in_full))
    _kept = queries.load_blocks(household) if in_full else ()  # held while they are read below
    tabs = [entry for entry in slot("household.tabs").entries(who) if _applies(entry, who, household)]
    told = (entry.provider(who, household) if entry.provider else None for entry in tabs)
    limited, *counts = answered([limited_since.of(household.id), *told])
    address = url_for("households.show", household=household.public_id)
    trail = [("Ménages", url_for("households.index")), (household.number, address), *([(crumb, None)] if crumb else [])]
    return {
        "household": household,
        "in_full": in_full,
        "name": display_name(household),
        "facts": _facts(who, household) if in_full else _minimal_facts(household),
        "tabs": _tabs(household, tab, tabs, counts),
        "actions": []
        if limited
        else [e for e in slot("household.actions").entries(who) if _applies(e, who, household)],
        "can_edit": limited is None and who.can(HOUSEHOLD_UPDATE, household),
        "limited_since": limited,
        "who_reads": lambda block: who_reads(household, Block(block)),
        "crumbs": trail,
    }


def display_name(household: Household) -> str:
    """The family's name, or its initials for a minimal share."""
    block = queries.identity_block(household)
    return block.name if block is not None else household.initials


def _applies(entry: Entry, who: Identity, household: Household) -> bool:
    when: Callable[[Identity, Household], bool] | None = entry.data.get("when")
    return (entry.permission is None or who.can(entry.permission, household)) and (when is None or when(who, household))


def _tabs(household: Household, current: str, entries: list[Entry], counts: list[int | None]) -> list[dict[str, Any]]:
    found = [
        {
            "label": entry.label,
            "url": url_for(entry.endpoint, household=household.public_id),
            "current": entry.endpoint == current,
            "count": count,
        }
        for entry, count in zip(entries, counts, strict=True)
    ]
    return found if len(found) > 1 else []


def asides(household: Household) -> list[Markup]:
    """The cards that higher packages add beside the summary."""
    who = identity()
    given = [entry.provider(who, household) for entry in slot("household.aside").entries(who) if entry.provider]
    return [card for card in given if card]


def _facts(who: Identity, household: Household) -> list[tuple[str, Any]]:
    today = clock.today()
    block, papers = queries.identity_block(household), queries.administrative(household)
    languages = ", ".join(Language.label_of(code).lower() for code in (block.languages if block else []))
    return [
        ("Composition", queries.composition_words(household, queries.present_members(household.id), today)),
        ("Statut de protection", queries.protection_label(who, papers.protection_status) if papers else ""),
        ("Langues", languages or "non renseignées"),
        ("Département", label_of(f"dep:{household.department_code}")),
        ("Référent", household.referent_label),
        ("Attente", waiting(household)),
    ]


def _minimal_facts(household: Household) -> list[tuple[str, Any]]:
    size = "1 personne" if household.size == 1 else f"{household.size} personnes"
    return [
        ("Taille", size),
        ("Département", label_of(f"dep:{household.department_code}")),
        ("Référent", household.referent_label),
    ]


def waiting(household: Household) -> str:
    """« 64 jours » since the household asks."""
    days = max((clock.today() - household.seniority_date).days, 0)
    return f"{days}\u00a0jour{'s' if days > 1 else ''}"


def saved(form: Form, household: Household | None, act: Callable[[], object]) -> bool:
    """Run an operation; what it refuses is shown on the form, which keeps what was typed."""
    try:
        act()
    except StaleVersionError as error:
        form.add_error(error)
        if isinstance(form, VersionedForm) and household is not None:
            form.show_stale(error, household.version)
        return False
    except RuleError as error:
        form.add_error(error)
        return False
    return True


def done(household: Household, endpoint: str, sentence: str) -> Response:
    """303 to the page where the result is seen, with one sentence there."""
    flash(sentence, "ok")
    return redirect_to(endpoint, household=household.public_id)


def form_page(
    household: Household,
    form: Form,
    *,
    title: str,
    tab: str,
    submit: str,
    template: str = "households/form.html",
    **context: Any,
) -> Response:
    """A form of the file: 200 when opened or given back after a new sign-in, 422 when something is to mend."""
    status = 422 if form.is_submitted() and not form.is_resumed else 200
    return file_page(
        household,
        template,
        tab=tab,
        status=status,
        crumb=title,
        form=form,
        title=title,
        submit=submit,
        back=tab,
        **context,
    )


def register_tabs() -> None:
    """The tabs of this package, in the order of the mock-up; the others come from the packages above."""
    tabs = slot("household.tabs")
    tabs.add(label="Résumé", endpoint="households.show", permission=policy.HOUSEHOLD_READ, order=10)
    tabs.add(label="Composition", endpoint="households.composition", permission=HOUSEHOLD_READ_FULL, order=20)
    tabs.add(label="Situation", endpoint="households.administrative", permission=HOUSEHOLD_READ_FULL, order=30)
    tabs.add(label="Besoins", endpoint="households.needs", permission=HOUSEHOLD_READ_FULL, order=40)
    tabs.add(label="Projet de vie", endpoint="households.project", permission=HOUSEHOLD_READ_FULL, order=50)
    tabs.add(label="Partages", endpoint="households.shares", permission=policy.HOUSEHOLD_SHARE, order=110)
    tabs.add(label="Historique", endpoint="households.history", permission=policy.HOUSEHOLD_HISTORY, order=120)
    actions = slot("household.actions")
    actions.add(
        label="Partager", endpoint="households.share", permission=policy.HOUSEHOLD_SHARE, order=10, icon="share"
    )
    actions.add(label="Confier", endpoint="households.assign", permission=policy.HOUSEHOLD_ASSIGN, order=12)
    actions.add(
        label="Demander à suivre", endpoint="households.ask_passation", permission=policy.PASSATION_ASK, order=14
    )
