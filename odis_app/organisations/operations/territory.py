"""The « organisation départementale »: who matches and who qualifies, from a day to another, never erased; rules and words of a territory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from sqlalchemy import TextClause, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.formats import jour_long
from odis_app.core.identity import Identity
from odis_app.notifications.messages import MailKind
from odis_app.notifications.operations import send_mail
from odis_app.organisations.enums import Attribution
from odis_app.organisations.messages import HOME_PATH, MANDATE_ENDED, MANDATE_SET, QUALIFIER_ENDED, QUALIFIER_SET
from odis_app.organisations.models import Dispositif, Mandate, Office, Organisation, Qualifier, TerritoryWord
from odis_app.organisations.policy import steered
from odis_app.organisations.queries import associations_in, qualifying_in, rules_of
from odis_app.organisations.words import LONGEST_WORD, terms, words_of
from odis_app.territories.queries import label_of

RULES = {
    "first_call_days": (1, 60), "decision_days": (1, 180), "urgent_answer_hours": (1, 336), "standard_answer_days": (1, 60),
    "proposals_per_household": (1, 10), "proposals_per_place": (1, 5),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Kind:
    """What tells a mandate from a right to qualify: the table, who may hold it, the words, who is told."""

    model: type[Mandate | Qualifier]
    candidates: Callable[[str], Sequence[Organisation]]
    name: str  # of the trail
    outside: str
    overlaps: str
    set_mail: MailKind
    ended_mail: MailKind
    contacts: TextClause
    added: str
    ended: str


MATCHES = _Kind(
    Mandate, associations_in, "mandate", "Cette association n’intervient pas dans ce département. Choisissez-en une de la liste.",
    "Cette association a déjà un mandat pour ce dispositif", MANDATE_SET, MANDATE_ENDED, text("SELECT * FROM odis.mandate_contacts(:id)"), "Association mandatée", "Fin de mandat",
)  # fmt: skip
QUALIFIES = _Kind(
    Qualifier, qualifying_in, "qualifier", "Cette organisation ne peut pas qualifier d’offres dans ce département. Choisissez-en une de la liste.",
    "Cette organisation qualifie déjà les offres de ce dispositif", QUALIFIER_SET, QUALIFIER_ENDED, text("SELECT * FROM odis.qualifier_contacts(:id)"),
    "Organisation chargée de qualifier les offres", "Fin de la qualification des offres",
)  # fmt: skip


def set_mandate(
    identity: Identity,
    *,
    department_code: str,
    organisation_id: int,
    dispositif_id: int,
    starts_on: date,
    ends_on: date | None,
) -> Mandate:
    """Mandate an association in a département that one steers, first and last days included. Raises RuleError; it is told by mail."""
    given = (department_code, organisation_id, dispositif_id, starts_on, ends_on)
    mandate = _add(identity, MATCHES, *given)
    return cast(Mandate, mandate)


def set_qualifier(
    identity: Identity,
    *,
    department_code: str,
    organisation_id: int,
    dispositif_id: int,
    starts_on: date,
    ends_on: date | None,
) -> Qualifier:
    """Name who visits and decides on the offers of a dispositif; where somebody is named, nobody else does. Raises RuleError; it is told by mail."""
    given = (department_code, organisation_id, dispositif_id, starts_on, ends_on)
    qualifier = _add(identity, QUALIFIES, *given)
    return cast(Qualifier, qualifier)


def end_mandate(identity: Identity, *, mandate: Mandate, ends_on: date) -> None:
    """Give a mandate its last day, today at the earliest and never later than the one it had. Raises RuleError; the association is told."""
    _end(identity, MATCHES, mandate, ends_on)


def end_qualifier(identity: Identity, *, qualifier: Qualifier, ends_on: date) -> None:
    """The same for who qualifies. Raises RuleError; the organisation is told."""
    _end(identity, QUALIFIES, qualifier, ends_on)


def _add(
    identity: Identity,
    kind: _Kind,
    department_code: str,
    organisation_id: int,
    dispositif_id: int,
    starts_on: date,
    ends_on: date | None,
) -> Office:
    _require(identity, department_code)
    if organisation_id not in {o.id for o in kind.candidates(department_code)}:
        raise RuleError("organisation", kind.outside)
    if db.get(Dispositif, dispositif_id) is None:
        raise RuleError("dispositif", "Choisissez un dispositif dans la liste.")
    if ends_on is not None and ends_on < starts_on:
        raise RuleError("ends_on", "La fin précède le début. Donnez une fin au plus tôt le premier jour.")
    db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{kind.name}s:{organisation_id}", 0))))
    if other := _overlapping(kind, department_code, organisation_id, dispositif_id, starts_on, ends_on):
        until = f" au {jour_long(other.ends_on)}" if other.ends_on else ", sans date de fin"
        raise RuleError(
            "starts_on",
            f"{kind.overlaps} du {jour_long(other.starts_on)}{until}. Donnez un début après sa fin, ou mettez-y fin d’abord.",
        )
    office = kind.model(
        organisation_id=organisation_id, department_code=department_code, dispositif_id=dispositif_id, starts_on=starts_on, ends_on=ends_on,
        set_by_label=identity.name,
    )  # fmt: skip
    db.add(office)
    db.flush()
    _tell(identity, kind, office, kind.set_mail, since=jour_long(starts_on), until=_until(ends_on))
    _trail(identity, f"{kind.name}:add", office, kind.added)
    return office


def _end(identity: Identity, kind: _Kind, office: Mandate | Qualifier, ends_on: date) -> None:
    _require(identity, office.department_code)
    if office.ends_on == ends_on:
        return
    if office.is_over:
        raise RuleError("", "C’est déjà terminé. Rien n’est enregistré.")
    if ends_on < clock.today():
        raise RuleError(
            "ends_on", "Cette date est passée. La fin est aujourd’hui au plus tôt : ce qui a été fait reste."
        )
    if ends_on < office.starts_on:
        raise RuleError(
            "ends_on",
            f"La fin précède le début, le {jour_long(office.starts_on)}. Donnez une date à partir de ce jour.",
        )
    if office.ends_on is not None and ends_on > office.ends_on:
        raise RuleError(
            "ends_on",
            f"Cela finit déjà le {jour_long(office.ends_on)}. Pour prolonger, ajoutez une ligne à partir du lendemain.",
        )
    office.ends_on, office.end_set_by_label = ends_on, identity.name
    db.flush()
    # the database's own instant: it opens the addresses to be told to this transaction alone
    db.execute(update(kind.model).where(kind.model.id == office.id).values(end_set_at=func.now()))
    _tell(identity, kind, office, kind.ended_mail, until=jour_long(ends_on))
    _trail(identity, f"{kind.name}:end", office, kind.ended)


def set_rules(identity: Identity, *, department_code: str, attribution: Attribution, figures: dict[str, int]) -> None:
    """Write the rules of a département that one steers; they hold for what is done from now on. ``figures``: one for each of ``RULES``. Raises RuleError."""
    _require(identity, department_code)
    for name, (least, most) in RULES.items():
        if not least <= figures[name] <= most:
            raise RuleError(name, f"Donnez un nombre entre {least} et {most}.")
    rules = rules_of(department_code)
    values: dict[str, Any] = {**figures, "attribution": attribution.value}
    changed = {name: [getattr(rules, name), value] for name, value in values.items() if getattr(rules, name) != value}
    if not changed:
        return
    for name, value in values.items():
        setattr(rules, name, value)
    rules.updated_at, rules.updated_by_label = clock.now(), identity.name
    db.add(rules)
    db.flush()
    data = {"department": department_code, "changed": changed}
    record_event(identity, "territory:update", summary="Règles du département changées", data=data)


def set_words(identity: Identity, *, department_code: str, said: Mapping[str, str]) -> None:
    """How a département that one steers says the words of the product: term → word, empty for the product's own. Raises RuleError."""
    _require(identity, department_code)
    known = words_of(department_code)
    changed = {}
    for term in terms():
        word = " ".join(said.get(term.key, "").split())
        if len(word) > LONGEST_WORD:
            raise RuleError(term.field, f"{LONGEST_WORD} caractères au plus.")
        if word == known.get(term.key, ""):
            continue
        changed[term.key] = [known.get(term.key, ""), word]
        key = {"department_code": department_code, "term": term.key}
        if not word:
            db.execute(delete(TerritoryWord).filter_by(**key))
        else:
            written = {"label": word, "updated_at": clock.now(), "updated_by_label": identity.name}
            statement = insert(TerritoryWord).values(**key, **written)
            db.execute(statement.on_conflict_do_update(index_elements=["department_code", "term"], set_=written))
    if changed:
        data = {"department": department_code, "changed": changed}
        record_event(identity, "territory:words", summary="Mots du département changés", data=data)


def _require(identity: Identity, department_code: str) -> None:
    if department_code not in steered(identity):
        raise PermissionError("only a service of the State sets the organisation of its départements")


def _overlapping(
    kind: _Kind, department_code: str, organisation_id: int, dispositif_id: int, first: date, last: date | None
) -> Mandate | Qualifier | None:
    table = kind.model
    statement = select(table).where(
        table.organisation_id == organisation_id, table.department_code == department_code, table.dispositif_id == dispositif_id,
        or_(table.ends_on.is_(None), table.ends_on >= first),
    ).order_by(table.starts_on)  # fmt: skip
    if last is not None:
        statement = statement.where(table.starts_on <= last)
    return cast(Mandate | Qualifier | None, db.execute(statement.limit(1)).scalar_one_or_none())


def _until(ends_on: date | None) -> str:
    return f"jusqu’au {jour_long(ends_on)}" if ends_on else "sans date de fin"


def _tell(identity: Identity, kind: _Kind, office: Office, mail: MailKind, **words: str) -> None:
    context = {
        "dispositif": db.get_one(Dispositif, office.dispositif_id).label, "department": label_of(f"dep:{office.department_code}"), "link": HOME_PATH, **words,
    }  # fmt: skip
    for address in db.execute(kind.contacts, {"id": office.public_id}).scalars().all():
        send_mail(identity, to=address, template=mail, context=context)


def _trail(identity: Identity, action: str, office: Office, summary: str) -> None:
    data = {
        action.partition(":")[0]: office.public_id, "organisation": db.get_one(Organisation, office.organisation_id).public_id, "department": office.department_code,
        "dispositif": db.get_one(Dispositif, office.dispositif_id).code, "starts_on": office.starts_on.isoformat(),
        "ends_on": office.ends_on.isoformat() if office.ends_on else None,
    }  # fmt: skip
    record_event(identity, action, summary=summary, data=data)
