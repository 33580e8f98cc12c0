"""/offres: the list, the queue, one offer, declaring and correcting it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from odis_app.access.enums import ReviewKind
from odis_app.access.queries import pending_review
from odis_app.core.errors import RuleError
from odis_app.core.formats import pluriel
from odis_app.core.identity import Identity
from odis_app.core.permissions import guard
from odis_app.core.slots import slot
from odis_app.core.templating import url_with, with_query
from odis_app.core.web import identity, page_number, redirect_to, render
from odis_app.housing import operations, queries
from odis_app.housing.enums import HousingKind, QualificationStatus
from odis_app.housing.forms import MotifForm, OfferForm, PhotoForm
from odis_app.housing.models import Offer
from odis_app.housing.operations.photos import MAX_PHOTOS
from odis_app.housing.policy import (
    OFFER_CREATE,
    OFFER_HOST_READ,
    OFFER_LIST,
    OFFER_QUALIFY,
    OFFER_READ,
    OFFER_UPDATE,
    PLACE_LIST,
    find_offer,
    is_own,
)
from odis_app.housing.queries.photos import photos_of
from odis_app.housing.queries.sight import address_readers, host_readers
from odis_app.housing.rooms import room_words, sleeps
from odis_app.housing.status import QUALITIES
from odis_app.organisations.queries import organisation_by_id, qualified_by
from odis_app.territories import addresses
from odis_app.territories.queries import departments, label_of

blueprint = Blueprint("offers", __name__, url_prefix="/offres")
STATES = {
    "recue": ("wait", "inbox-fill"), "a_completer": ("wait", "pencil-fill"), "appel_fait": ("info", "telephone-fill"),
    "visite_planifiee": ("info", "calendar-check-fill"), "visite_faite": ("info", "house-check-fill"), "validee": ("ok", "check-circle-fill"),
    "refusee": ("off", "dash-circle"), "retiree": ("off", "dash-circle"), "suspendue": ("wait", "hourglass-split"), "expiree": ("late", "exclamation-triangle-fill"),
}  # fmt: skip


def sections(who: Identity, current: str, *, waiting: int | None = None) -> list[dict[str, Any]]:
    """The strip shared by the lists of this section; ``waiting``: how many offers are to qualify, when the page already knows."""
    if waiting is None and current != "places" and who.can(OFFER_LIST):
        waiting = queries.count_waiting(who)
    entries = [
        ("offers.index", "Offres", OFFER_LIST, None),
        ("offers.queue", "À qualifier", OFFER_LIST, waiting),
        ("places.index", "Places", PLACE_LIST, None),
        ("structures.index", "Structures", PLACE_LIST, None),
    ]
    return [
        {
            "label": label,
            "url": url_for(endpoint),
            "current": endpoint == current or endpoint.startswith(f"{current}."),
            "count": count,
        }
        for endpoint, label, permission, count in entries
        if who.can(permission)
    ]


@blueprint.get("")
@guard(OFFER_LIST)
def index() -> Response:
    """The offers that one may see, narrowed by the address."""
    who = identity()
    filters = queries.offer_filter(request.args)
    return render(
        "housing/offers.html",
        fragment="housing/_offers.html",
        found=queries.list_offers(who, filters, number=page_number()),
        filters=filters,
        sort=filters.order or "-nouvelle",
        choices=_choices(),
        status_of=queries.effective_status,
        states=STATES,
        sections=sections(who, "offers.index"),
        actions=[(e.label, with_query(url_for(e.endpoint))) for e in slot("offers.list").entries(who)],
        can_create=who.can(OFFER_CREATE),
        label_of=label_of,
    )


@blueprint.get("/a-qualifier")
@guard(OFFER_LIST)
def queue() -> Response:
    """The offers to qualify, the nearest deadline first."""
    who, stage = identity(), request.args.get("etape", "")
    counts = queries.queue_counts(who)
    total = sum(n for s, n in counts.stages.items() if stage in {"", s.value})
    views = [{"label": "Toutes", "url": url_with(etape=""), "current": not stage, "count": counts.total}]
    views += [
        {"label": s.label, "url": url_with(etape=s.value), "current": stage == s.value, "count": n}
        for s, n in counts.stages.items()
    ]
    return render(
        "housing/queue.html",
        fragment="housing/_queue.html",
        found=queries.queue_page(who, stage, number=page_number(), total=total),
        counts=counts,
        views=views,
        states=STATES,
        sections=sections(who, "offers.queue", waiting=counts.total),
        can_create=who.can(OFFER_CREATE),
        label_of=label_of,
    )


def _choices() -> dict[str, list[tuple[str, str]]]:
    return {
        "status": QualificationStatus.choices(),
        "kind": HousingKind.choices(),
        "department": [(d.code, f"{d.name} ({d.code})") for d in departments()],
    }


@blueprint.get("/<public_id>")
@guard(OFFER_READ, public_id=find_offer)
def show(public_id: Offer) -> Response:
    """One offer: what it has, who offers it for its organisation, its history."""
    return offer_page(public_id)


def offer_page(
    offer: Offer,
    *,
    form: MotifForm | None = None,
    act: str = "",
    photo_form: PhotoForm | None = None,
    status: int = 200,
) -> Response:
    """The offer's first page; ``form`` is that of a stop that was refused, ``photo_form`` that of a photo."""
    who = identity()
    inside = who.can(OFFER_HOST_READ, offer)
    host = queries.host_of(who, offer) if inside else None
    address, events = queries.address_of(offer), queries.events_of(who, offer)
    return render(
        "housing/offer.html",
        status=status,
        host=host,
        address=address,
        events=[(e, queries.describe(e)) for e in sorted(events, key=lambda e: (e.happened_on, e.id), reverse=True)],
        places=queries.offer_places(who, offer),
        qualities=[(label, offer.qualities[name]) for name, label in QUALITIES.items() if name in offer.qualities],
        rooms=[room_words(room) for room in offer.qualities.get("rooms", [])],
        beds=sleeps(offer.qualities.get("rooms", [])),
        stopped=queries.stop_words(offer, events),
        motif_form=form or MotifForm(formdata=None),
        refused_act=act,
        photos=photos_of(who, offer) if inside else None,
        max_photos=MAX_PHOTOS,
        photo_form=photo_form or PhotoForm(formdata=None),
        host_readers=host_readers(offer) if host else None,
        address_readers=address_readers(offer) if address else None,
        second_look=pending_review(who, ReviewKind.OFFER_DECISION, offer.public_id),
        can_update=who.can(OFFER_UPDATE, offer),
        **offer_context(who, offer, "resume"),
    )


def offer_context(who: Identity, offer: Offer, current: str) -> dict[str, Any]:
    """What every page of one offer shows: its folder, its tabs."""
    status = queries.effective_status(offer)
    tabs = [
        {"label": "Résumé", "url": url_for("offers.show", public_id=offer.public_id), "current": current == "resume"}
    ]
    if who.can(OFFER_QUALIFY, offer):
        tabs.append(
            {
                "label": "Qualification",
                "url": url_for("offers.qualification", public_id=offer.public_id),
                "current": current == "qualification",
            }
        )
    tabs += [
        {"label": e.label, "url": url_for(e.endpoint, offer=offer.public_id), "current": current == e.endpoint}
        for e in slot("offer.tabs").entries(who)
    ]
    return {
        "offer": offer,
        "offer_status": status,
        "states": STATES,
        "tabs": tabs,
        "is_own": is_own(who, offer),
        "qualified": _qualified(offer),
        "where": label_of(offer.commune_code)
        if offer.commune_code
        else f"{label_of(f'dep:{offer.department_code}')}, lieu secret",
        "crumbs": [("Offres", url_for("offers.index")), (offer.number, None)],
    }


def _qualified(offer: Offer) -> str:
    """Who qualifies it: those whom the DDETS named, else the organisation that received it."""
    if named := qualified_by(offer.department_code, offer.dispositif_id):
        return f"{', '.join(organisation.short_name for organisation in named)}, par décision de la DDETS"
    owner = organisation_by_id(offer.owner_org_id)
    return owner.short_name if owner else ""


@blueprint.route("/nouveau", methods=["GET", "POST"])
@guard(OFFER_CREATE)
def create() -> Response:
    """Declare an offer that came by phone, mail or a meeting."""
    form = OfferForm()
    if addresses.pressed():
        return _form_page(form, None, search=addresses.answer(identity(), form, secret=form.is_secret))
    if form.validate_on_submit():
        try:
            offer = operations.create_offer(
                identity(), values=form.values(), host=_host(form), address=form.address.data or "", ban_id=form.ban_id.data or "", provider_kind=form.provider_kind.data,
                units=form.units.data, qualities=form.qualities(), received_on=form.received_on.data,
            )  # fmt: skip
        except RuleError as error:
            form.add_error(error)
        else:
            flash(f"Offre {offer.number} enregistrée. Appelez l’hébergeur pour commencer la qualification.")
            return redirect_to("offers.show", public_id=offer.public_id)
    return _form_page(form, None)


def _form_page(form: OfferForm, offer: Offer | None, *, search: addresses.AddressSearch | None = None) -> Response:
    """The form; ``search`` when it comes back with addresses, otherwise what was sent was refused."""
    crumbs: list[tuple[str, str | None]] = [("Offres", url_for("offers.index"))]
    if offer:
        crumbs += [(offer.number, url_for("offers.show", public_id=offer.public_id)), ("Modifier", None)]
    else:
        crumbs += [("Déclarer une offre", None)]
    return render(
        "housing/offer_form.html",
        form=form,
        offer=offer,
        search=search or addresses.AddressSearch(),
        crumbs=crumbs,
        status=422 if form.is_submitted() and not search else 200,
    )


@blueprint.route("/<public_id>/modifier", methods=["GET", "POST"])
@guard(OFFER_UPDATE, public_id=find_offer)
def update(public_id: Offer) -> Response:
    """Correct an offer."""
    offer, who = public_id, identity()
    form = OfferForm(data=_as_typed(who, offer))
    if addresses.pressed():
        secret = form.is_secret or offer.location_secret
        return _form_page(form, offer, search=addresses.answer(who, form, secret=secret, record_id=offer.id))
    if form.validate_on_submit():
        version = request.form.get("version", "")
        try:
            operations.update_offer(
                who, offer=offer, values=form.values(), host=_host(form), address=form.address.data or "", ban_id=form.ban_id.data or "", units=form.units.data,
                qualities=form.qualities(), version=int(version) if version.isdecimal() else None,
            )  # fmt: skip
        except RuleError as error:
            form.add_error(error)
        else:
            flash(f"Offre {offer.number} modifiée.")
            return redirect_to("offers.show", public_id=offer.public_id)
    return _form_page(form, offer)


def _as_typed(who: Identity, offer: Offer) -> dict[str, Any]:
    host, address = queries.host_of(who, offer), queries.address_of(offer)
    contacts = {"phone": host.phone, "email": host.email, **asdict(host.home)} if host else {}
    values = {column.key: getattr(offer, column.key) for column in Offer.__table__.columns}
    return values | offer.qualities | contacts | {
        "host_name": host.name if host else "", "siret": host.siret if host else "",
        "commune": address.commune_code if address else offer.commune_code, "address": address.address if address else "",
        "ban_id": address.ban_id if address else "", "rooms": "\n".join(room_words(room) for room in offer.qualities.get("rooms", [])),
    }  # fmt: skip


def _host(form: OfferForm) -> operations.Host:
    return operations.Host(
        name=form.host_name.data or "",
        phone=form.phone.data or "",
        email=form.email.data or "",
        siret=form.siret.data or "",
        note=None,
        living=form.living(),
    )


@blueprint.post("/<public_id>/<any(confirmer, suspendre, reprendre, retirer):act>")
@guard(OFFER_UPDATE, public_id=find_offer)
def act(public_id: Offer, act: str) -> Response:
    """« Toujours disponible », or a stop with its motif."""
    offer, who, form = public_id, identity(), MotifForm()
    try:
        if act == "confirmer":
            operations.confirm_offer(who, offer=offer)
        elif act == "reprendre":
            operations.resume_offer(who, offer=offer)
        elif not form.validate_on_submit():
            return offer_page(offer, form=form, act=act, status=422)
        elif act == "suspendre":
            operations.suspend_offer(who, offer=offer, motif=form.motif.data)
        else:
            operations.withdraw_offer(who, offer=offer, motif=form.motif.data)
    except RuleError as error:
        form.add_error(error)
        return offer_page(offer, form=form, act=act, status=422)
    flash({"confirmer": "Offre toujours disponible, c’est noté.", "suspendre": "Offre suspendue : elle n’est plus proposée.",
           "reprendre": "Offre reprise.", "retirer": "Offre retirée."}[act])  # fmt: skip
    return redirect_to("offers.show", public_id=offer.public_id)


def remaining(left: int) -> str:
    """« reste 2 jours », « aujourd’hui », « 1 jour de retard »: working days."""
    if left < 0:
        return f"{pluriel(-left, 'jour')} de retard"
    return "aujourd’hui" if left == 0 else f"reste {pluriel(left, 'jour')}"


blueprint.add_app_template_global(remaining, "remaining")
