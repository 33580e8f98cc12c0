"""/journal-des-acces: what I did, and what my organisation's people did."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta

from flask import Blueprint, Response, request
from sqlalchemy import Select, or_
from wtforms import DateField, SelectField, StringField
from wtforms.validators import Length, Optional

from odis_app.audit.labels import RESOURCES
from odis_app.audit.models import AuditEvent
from odis_app.audit.policy import TRAIL_ORGANISATION, TRAIL_OWN, visible_organisation_events, visible_own_events
from odis_app.core import clock
from odis_app.core.forms import Form
from odis_app.core.permissions import guard
from odis_app.core.slots import slot
from odis_app.core.web import identity, page_number, paginate, render

OBJECTS = sorted({label: key for key, label in RESOURCES.items()}.items())  # a word once, though two resources have it
blueprint = Blueprint("audit", __name__, url_prefix="/journal-des-acces")


class TrailFilter(Form):
    """Whose acts, on what, from when to when."""

    class Meta(Form.Meta):
        """A search changes nothing: no token in its address."""

        csrf = False

    personne = StringField("Personne", [Length(max=100)])
    objet = SelectField(
        "Objet",
        choices=[("", "Tous"), *((key, label) for label, key in OBJECTS)],
        validate_choice=False,
    )
    depuis = DateField("Depuis le", [Optional()])
    jusqu = DateField("Jusqu’au", [Optional()])


@blueprint.get("")
@guard(TRAIL_OWN)
def mine() -> Response:
    """Mon activité: every read and write that carries my name."""
    return _page(visible_own_events(identity()), is_own=True)


@blueprint.get("/organisation")
@guard(TRAIL_ORGANISATION)
def organisation() -> Response:
    """The same for the people of my organisation, class 3 left out."""
    return _page(visible_organisation_events(identity()), is_own=False)


def _page(statement: Select[AuditEvent], *, is_own: bool) -> Response:
    form = TrailFilter(request.args)
    form.validate()
    given = {name: form[name].data for name in ("personne", "objet", "depuis", "jusqu") if not form[name].errors}
    about = [resource for resource, label in RESOURCES.items() if label == RESOURCES.get(given.get("objet", ""))]
    if about:
        statement = statement.where(
            or_(*(AuditEvent.action.startswith(f"{resource}:", autoescape=True) for resource in about))
        )
    if given.get("personne") and not is_own:
        statement = statement.where(AuditEvent.actor_label.icontains(given["personne"], autoescape=True))
    if given.get("depuis"):
        statement = statement.where(AuditEvent.at >= _midnight(given["depuis"]))
    if given.get("jusqu"):
        statement = statement.where(AuditEvent.at < _midnight(given["jusqu"] + timedelta(days=1)))
    results = paginate(statement.order_by(AuditEvent.id.desc()), number=page_number())
    active = sum(1 for value in given.values() if value)
    files = _files({event.record_id for event in results.items if event.record_id})
    return render(
        "audit/index.html",
        fragment="audit/_results.html",
        form=form,
        results=results,
        is_own=is_own,
        active=active,
        files=files,
    )


def _files(record_ids: AbstractSet[int]) -> dict[int, tuple[str, str]]:
    """Record → (number, address) of those that the reader sees today, as the packages above name them in the slot « audit.records »."""
    found: dict[int, tuple[str, str]] = {}
    for entry in slot("audit.records").entries() if record_ids else ():
        if entry.provider is not None:
            found |= entry.provider(identity(), record_ids)
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), clock.PARIS)
