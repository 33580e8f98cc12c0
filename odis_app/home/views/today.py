"""/: what waits for me today. Each role has its part; a person with several roles reads them one after the other.

Packages below add to ``home.today``: ``provider(identity)`` gives what their ``template`` shows as ``found``, or None for nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app, request, url_for
from flask.typing import ResponseReturnValue

from odis_app.access.policy import REVIEW_LIST
from odis_app.accounts.views import ask_to_sign_in
from odis_app.core import clock
from odis_app.core.identity import Identity
from odis_app.core.permissions import Permission, Role, public
from odis_app.core.slots import slot
from odis_app.core.templating import url_with
from odis_app.core.web import identity, render
from odis_app.exchange.policy import IMPORT_USE
from odis_app.home import health, policy
from odis_app.home.queries import capacity, cooperation, files, homes, platform, steering, work
from odis_app.home.views.pages import blueprint
from odis_app.households.policy import HOUSEHOLD_CREATE
from odis_app.housing.policy import OFFER_CREATE, OFFER_QUALIFY
from odis_app.reports.policy import REPORT_LIST
from odis_app.territories.queries import label_of

FOLDERS = {"menages": "household", "places": "place"}


@blueprint.route("/")
@public
def index() -> ResponseReturnValue:
    """What waits for me today, for each role; the sign-in page for who is not known."""
    who = identity()
    if not who.is_signed_in:
        return ask_to_sign_in()
    parts = {name: read(who) for name, permission, read in PARTS if who.can(permission)}
    cards = [
        (entry.data["template"], found)
        for entry in slot("home.today").entries(who)
        if entry.provider and (found := entry.provider(who))
    ]
    return render("home/index.html", today=clock.today(), actions=_actions(who), parts=parts, cards=cards)


def _actions(who: Identity) -> list[dict[str, str]]:
    """The buttons of the page, the one that matters most last."""
    offered: list[tuple[str, str, Permission, dict[str, Any]]] = [
        ("Déclarer une offre", "offers.create", OFFER_CREATE, {}),
        ("Nouveau ménage", "households.create", HOUSEHOLD_CREATE, {}),
        ("Mettre à jour mes places", "places.index", policy.CAPACITY_READ, {"perimetre": "mes"}),
        ("Suivi des dossiers", "home.tracking", policy.STEERING_READ, {}),
        ("Produire un bilan", "reports.new", policy.STEERING_READ, {}),
    ]
    return [
        {"label": label, "url": url_for(endpoint, **values)}
        for label, endpoint, permission, values in offered
        if who.can(permission)
    ]


def _work(who: Identity) -> dict[str, Any] | None:
    """The work list on files and offers, and beside it the state of one's files; None for an operator who follows no file."""
    cases, runs_places = who.can(HOUSEHOLD_CREATE), who.can(policy.CAPACITY_READ)
    mine = _is_mine(who)
    folder = FOLDERS.get(request.args.get("afficher", ""), "")
    state = files.state(who, mine=mine) if cases else None
    if runs_places and not (state and state.total):
        return None
    sources = []
    if cases:
        sources += [] if runs_places else [files.proposals(who, mine=mine)]
        sources += files.lines(who, mine=mine) + cooperation.cooperation(who)
    if who.can(OFFER_QUALIFY):
        sources += [homes.to_qualify(who), homes.unconfirmed_offers(who)]
    if who.can(REVIEW_LIST):
        sources.append(cooperation.to_review(who))
    if who.can(IMPORT_USE):
        sources.append(homes.drafts(who))
    found = work.work_list(sources, clock.today(), folder=folder)
    return {
        "list": found,
        "folder": folder,
        "views": _views(found, folder) if cases else [],
        "scopes": _scopes(mine) if cases else [],
        "mine": mine,
        "when": work.when,
        "files": state,
        "narrowed": files.referent(mine),
        "entries": homes.entries_for_me(who) if cases else [],
        "cases": cases,
    }


def _is_mine(who: Identity) -> bool:
    """Whose files: a social worker's page opens on their own, anybody else's on the whole team; the address decides otherwise."""
    asked = request.args.get("dossiers", "")
    default = Role.TRAVAILLEUR_SOCIAL.value in who.roles and Role.COORDINATEUR.value not in who.roles
    return asked == "moi" if asked in {"moi", "equipe"} else default


def _views(found: work.WorkList, folder: str) -> list[dict[str, Any]]:
    counts = {"": found.total, "household": found.by_folder["household"], "place": found.by_folder["place"]}
    return [
        {
            "label": label,
            "url": url_with(afficher=name),
            "current": folder == FOLDERS.get(name, ""),
            "count": counts[FOLDERS.get(name, "")],
        }
        for name, label in (("", "Tout"), ("menages", "Ménages"), ("places", "Places"))
    ]


def _scopes(mine: bool) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": url_with(dossiers=name), "current": mine is (name == "moi")}
        for name, label in (("moi", "Mes dossiers"), ("equipe", "Toute l’équipe"))
    ]


def _capacity(who: Identity) -> dict[str, Any]:
    proposals, total = capacity.proposals(who)
    return {
        "proposals": proposals,
        "total": total,
        "stale": capacity.stale(who),
        "counts": capacity.counts(who),
        "moves": capacity.moves(who),
    }


def _steering(who: Identity) -> dict[str, Any]:
    code = steering.department_asked(who, request.args.get("departement", ""))
    signalled, total = steering.signalled(who)
    situation = steering.situation(who, code) if code else None
    views = [
        {"label": label_of(f"dep:{c}"), "url": url_with(departement=c), "current": c == code} for c in who.departments
    ]
    return {
        "situation": situation,
        "signalled": signalled,
        "total": total,
        "departments": who.departments,
        "department_views": views,
        "reviews": cooperation.steered_reviews(who),
        "bilans": steering.last_bilans(who) if who.can(REPORT_LIST) else [],
    }


def _national(who: Identity) -> dict[str, Any]:
    del who  # organisations and mandates are the same for everybody who signs in
    return {"departments": steering.coverage(), "label_of": label_of}


def _platform(who: Identity) -> dict[str, Any]:
    del who  # the wall gives an administrator every account
    active, closed = platform.accounts()
    return {
        "organisations": platform.organisations(),
        "active": active,
        "closed": closed,
        "health": health.report(current_app.config["ODIS"]),
    }


PARTS: tuple[tuple[str, Permission, Callable[[Identity], Any]], ...] = (
    ("work", policy.WORK_READ, _work),
    ("capacity", policy.CAPACITY_READ, _capacity),
    ("steering", policy.STEERING_READ, _steering),
    ("national", policy.NATIONAL_READ, _national),
    ("platform", policy.PLATFORM_READ, _platform),
    ("team", policy.TEAM_READ, platform.team),
)
