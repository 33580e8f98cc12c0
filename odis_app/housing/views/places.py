"""/places: the list made for a thumb, the list of a territory, one place and its weeks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, flash, render_template, request, url_for

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.formats import pluriel
from odis_app.core.identity import Identity
from odis_app.core.permissions import guard
from odis_app.core.slots import slot
from odis_app.core.templating import url_with, with_query
from odis_app.core.web import identity, is_fragment_request, page_number, redirect_to, redirect_to_url, render
from odis_app.households.models import Household
from odis_app.households.policy import visible_households
from odis_app.housing import operations, queries
from odis_app.housing.enums import HousingKind, OccupancyKind, PlaceState, UnavailabilityMotif
from odis_app.housing.forms import AvailabilityForm
from odis_app.housing.models import Occupancy, Place, PlaceAddress
from odis_app.housing.policy import PLACE_CONFIRM, PLACE_CREATE, PLACE_LIST, PLACE_READ, PLACE_UPDATE, find_place
from odis_app.housing.queries.places import OPEN, VIEWS, PlaceFilter
from odis_app.housing.queries.sight import address_readers
from odis_app.housing.views.offers import sections
from odis_app.structures.queries import structure_by_id
from odis_app.territories.queries import departments, label_of

blueprint = Blueprint("places", __name__, url_prefix="/places")
STATES = {
    PlaceState.EN_CREATION: ("off", "hourglass-split"), PlaceState.DISPONIBLE: ("ok", "door-open-fill"), PlaceState.RESERVEE: ("wait", "bookmark-fill"),
    PlaceState.ATTRIBUEE: ("wait", "calendar-check-fill"), PlaceState.OCCUPEE: ("info", "person-fill"), PlaceState.EN_LIBERATION: ("info", "door-open"), PlaceState.INDISPONIBLE: ("off", "tools"),
    PlaceState.A_REMETTRE_EN_ETAT: ("off", "tools"),
    PlaceState.FERMEE: ("off", "dash-circle"),
}  # fmt: skip
BARS = {OccupancyKind.RESERVATION: "book", OccupancyKind.STAY: "busy", OccupancyKind.UNAVAILABLE: "out"}
WEEKS = 13
MONTHS = (
    "Janvier",
    "Février",
    "Mars",
    "Avril",
    "Mai",
    "Juin",
    "Juillet",
    "Août",
    "Septembre",
    "Octobre",
    "Novembre",
    "Décembre",
)


@blueprint.get("")
@guard(PLACE_LIST)
def index() -> Response:
    """One's own places for the thumb; those of the territory as a table."""
    who = identity()
    filters = queries.place_filter(who, request.args)
    mine = filters.scope == "mes"
    counts = queries.place_counts(who, filters)
    return render(
        "housing/places.html",
        fragment="housing/_places_mine.html" if mine else "housing/_places_table.html",
        found=queries.list_places(who, filters, number=page_number(), counts=counts),
        filters=filters,
        sort=filters.order or "nouvelle",
        states=STATES,
        counts=counts,
        label_of=label_of,
        views=_views(filters, counts),
        scopes=_scopes(who, filters),
        sections=sections(who, "places"),
        actions=[(e.label, with_query(url_for(e.endpoint))) for e in slot("places.list").entries(who)],
        choices={
            "department": [(d.code, f"{d.name} ({d.code})") for d in departments()],
            "kind": HousingKind.choices(),
            "state": _state_choices(),
        },
        can_create=who.can(PLACE_CREATE),
        can_confirm=who.can(PLACE_CONFIRM),
    )


def _state_choices() -> list[tuple[str, str]]:
    """The states, and some words that gather several of them, as the figures of a département count."""
    wider = {
        PlaceState.RESERVEE.value: "Réservée ou attribuée",
        PlaceState.OCCUPEE.value: "Occupée, ou qui se libère",
        PlaceState.INDISPONIBLE.value: "Indisponible, quel que soit le motif",
    }
    return [(OPEN, "Ouverte, quel que soit l’état"), *((c, wider.get(c, label)) for c, label in PlaceState.choices())]


def _views(filters: PlaceFilter, counts: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {"label": label, "key": name, "url": url_with(vue=name), "current": filters.view == name, "count": counts[name]}
        for name, label in VIEWS
    ]


def _scopes(who: Identity, filters: PlaceFilter) -> list[dict[str, Any]]:
    if not who.can(PLACE_CONFIRM):
        return []
    return [
        {"label": label, "url": url_for("places.index", perimetre=name), "current": filters.scope == name}
        for name, label in (("mes", "Mes places"), ("territoire", "Toutes les places"))
    ]


@blueprint.get("/compteurs")
@guard(PLACE_CONFIRM)
def counters() -> Response:
    """The note that counts what has no news; asked again after a tap."""
    who = identity()
    if not is_fragment_request():
        return redirect_to("places.index")
    return render("housing/_stale.html", counts=queries.place_counts(who, PlaceFilter()))


@blueprint.post("/confirmer")
@guard(PLACE_CONFIRM)
def confirm_all() -> Response:
    """« Rien n’a changé » for every place without news."""
    count = operations.confirm_stale_places(identity())
    flash(
        f"{pluriel(count, 'place confirmée', 'places confirmées')}."
        if count
        else "Aucune place n’attendait de confirmation."
    )
    return redirect_to("places.index", perimetre="mes")


@blueprint.post("/<public_id>/confirmer")
@guard(PLACE_UPDATE, public_id=find_place)
def confirm(public_id: Place) -> Response:
    """One tap: under HTMX the line stays in place and its mark refills."""
    who = identity()
    operations.confirm_place(who, place=public_id)
    if not is_fragment_request():
        flash(f"Place {public_id.number} confirmée.")
        if request.form.get("retour") == "accueil":
            return redirect_to_url(url_for("home.index") + "#t-places")
        return redirect_to_url(
            url_for("places.index", perimetre="mes", vue=request.form.get("vue") or None)
            + f"#place-{public_id.public_id}"
        )
    response = Response(
        render_template("housing/_place_line.html", row=queries.place_row(who, public_id), states=STATES),
        mimetype="text/html",
    )
    response.headers["HX-Trigger"] = "places-changed"
    return response


@blueprint.route("/<public_id>/disponibilite", methods=["GET", "POST"])
@guard(PLACE_UPDATE, public_id=find_place)
def change(public_id: Place) -> Response:
    """« Changer »: disponible, occupée or indisponible, from a day on."""
    who, place = identity(), public_id
    row = queries.place_row(who, place)
    form = AvailabilityForm()
    if form.validate_on_submit():
        try:
            operations.change_availability(
                who,
                place=place,
                state=PlaceState(form.state.data),
                on=form.on.data,
                until=form.until.data,
                motif=form.motif.data or "",
            )
        except RuleError as error:
            form.add_error(error)
        else:
            flash(f"Place {place.number} mise à jour.")
            return redirect_to_url(url_for("places.index", perimetre="mes") + f"#place-{place.public_id}")
    crumbs = [
        ("Places", url_for("places.index")),
        (row.label, url_for("places.show", public_id=place.public_id)),
        ("Changer", None),
    ]
    return render(
        "housing/availability.html",
        form=form,
        row=row,
        states=STATES,
        crumbs=crumbs,
        status=422 if form.is_submitted() else 200,
    )


@blueprint.get("/<public_id>")
@guard(PLACE_READ, public_id=find_place)
def show(public_id: Place) -> Response:
    """One place: its state, its weeks, what has been."""
    return place_page(public_id)


def place_page(place: Place, *, problem: str = "", status: int = 200) -> Response:
    """The page of a place; ``problem`` is what an act was refused for."""
    who = identity()
    row, today = queries.place_row(who, place), clock.today()
    monday = today - timedelta(days=today.weekday() + 14)
    address = db.get(PlaceAddress, place.id)
    # The day a household entered is in the tracking that the State reads: beside those of a secret place, it would tell who lives there.
    dated = not place.location_secret or row.is_own or address is not None
    occupancies = queries.occupancies_of(who, place, since=monday) if dated else []
    households = _households(who, [*occupancies])
    return render(
        "housing/place.html",
        status=status,
        row=row,
        place=place,
        states=STATES,
        problem=problem,
        weeks=_weeks(monday, today),
        bars=_bars(place, occupancies, households, monday),
        lines=[(o, households.get(o.id)) for o in occupancies],
        dated=dated,
        address=address,
        address_readers=address_readers(place) if address else None,
        where=label_of(place.commune_code)
        if place.commune_code
        else f"{label_of(f'dep:{place.department_code}')}, lieu secret",
        structure=structure_by_id(who, row.structure_id) if row.structure_id else None,
        can_update=who.can(PLACE_UPDATE, place),
        actions=[(e.label, url_for(e.endpoint, place=place.public_id)) for e in slot("place.actions").entries(who)],
        crumbs=[("Places", url_for("places.index")), (place.number, None)],
    )


def _households(who: Identity, occupancies: list[Occupancy]) -> dict[int, Household]:
    """Those that the person may read, by occupancy: nobody else is named."""
    of = queries.households_of(who, [o.id for o in occupancies if o.followed])
    if not of:
        return {}
    statement = visible_households(who).where(Household.id.in_(of.values()))
    found = {h.id: h for h in db.execute(statement).scalars()}
    return {occupancy: found[record] for occupancy, record in of.items() if record in found}


def _weeks(monday: date, today: date) -> list[dict[str, Any]]:
    this_week = today - timedelta(days=today.weekday())
    days = [monday + timedelta(weeks=n) for n in range(WEEKS)]
    return [
        {"day": d.day, "month": MONTHS[d.month - 1], "month_index": d.year * 12 + d.month, "now": d == this_week}
        for d in days
    ]


def _bars(place: Place, occupancies: Any, households: dict[int, Household], monday: date) -> list[dict[str, Any]]:
    """Weeks, each told by what takes most of it; neighbours that say the same are one bar."""
    pieces = queries.free_windows(occupancies, monday, monday + timedelta(weeks=WEEKS))
    bars: list[dict[str, Any]] = []
    for week in range(WEEKS):
        first, last = monday + timedelta(weeks=week), monday + timedelta(weeks=week + 1)
        taken = max(pieces, key=lambda p: (min(p[1], last) - max(p[0], first)).days)[2]
        said = {"what": taken, **(_bar(taken, households) if taken else _empty(place, last - timedelta(days=1)))}
        if bars and all(bars[-1][key] == value for key, value in said.items()):
            bars[-1]["span"] += 1
        else:
            bars.append({**said, "span": 1})
    return bars


def _empty(place: Place, day: date) -> dict[str, Any]:
    """A week that nobody takes: free, unless the place is closed, or not open yet, on its last day."""
    if place.closed_on is not None and place.closed_on <= day:
        return {"kind": "out", "word": "fermée"}
    if place.opened_on is None or place.opened_on > day:
        return {"kind": "out", "word": "pas encore ouverte"}
    return {"kind": "free", "word": "libre"}


def _bar(taken: Occupancy, households: dict[int, Household]) -> dict[str, Any]:
    kind = OccupancyKind(taken.kind)
    household = households.get(taken.id)
    word = (
        UnavailabilityMotif.label_of(taken.motif).lower()
        if taken.motif
        else household.number
        if household
        else kind.label.lower()
    )
    return {"kind": BARS[kind], "word": word}
