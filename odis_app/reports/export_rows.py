"""What a list of files says once it has left: columns that ``data_classes.yml`` calls exportable, class 1 at most."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households.enums import HouseholdStatus, Language, NeedKind
from odis_app.households.models import (
    Household,
    HouseholdAdministrative,
    HouseholdEnrolment,
    HouseholdIdentity,
    HouseholdNeed,
    HouseholdRequest,
    HouseholdResource,
    HouseholdWish,
    Member,
    job_words,
)
from odis_app.households.queries import protection_label
from odis_app.organisations.models import Dispositif

CHUNK = 500
PRESSING = 2


@dataclass(frozen=True, slots=True)
class Line:
    """One file: what a minimal share shows, and the blocks that a full one adds (None without it)."""

    identity: Identity
    household: Household
    name: str | None
    papers: HouseholdAdministrative | None
    asked: HouseholdRequest | None
    needs: str
    wishes: str
    languages: str
    jobs: str
    schemes: str
    resources: Decimal | None


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """``sources``: the columns of the database that it shows (« table.column »)."""

    title: str
    sources: tuple[str, ...]
    value: Callable[[Any], object]
    width: int = 16


def _own(name: str) -> Callable[[Line], object]:
    return lambda line: getattr(line.household, name)


COLUMNS = (
    ExportColumn("Numéro", ("households.number",), _own("number")),
    ExportColumn("Nom", ("household_identities.name", "households.initials"), lambda x: x.name or x.household.initials, 28),
    ExportColumn("Département", ("households.department_code",), _own("department_code"), 12),
    ExportColumn("Étape", ("households.status",), lambda x: HouseholdStatus.label_of(x.household.status), 22),
    ExportColumn("Priorité", ("households.priority",), _own("priority"), 10),
    ExportColumn("Ancienneté", ("households.seniority_date",), _own("seniority_date"), 14),
    ExportColumn("Personnes", ("households.size",), _own("size"), 11),
    ExportColumn("Adultes", ("households.adults",), _own("adults"), 10),
    ExportColumn("Mineurs", ("households.minors",), _own("minors"), 10),
    ExportColumn("Référent", ("households.referent_label",), _own("referent_label"), 24),
    ExportColumn(
        "Protection", ("household_administrative.protection_status",),
        lambda x: protection_label(x.identity, x.papers.protection_status) if x.papers else None, 24,
    ),
    ExportColumn(
        "Titre valable jusqu’au", ("household_administrative.title_valid_until",),
        lambda x: x.papers.title_valid_until if x.papers else None,
    ),
    ExportColumn(
        "DALO ou DAHO", ("household_administrative.housing_right",), lambda x: x.papers.housing_right_label or None if x.papers else None, 24
    ),
    ExportColumn("Demande SI-SIAO", ("household_administrative.si_siao_state",), lambda x: x.papers.si_siao_label or None if x.papers else None, 24),
    ExportColumn("SI-SIAO, depuis le", ("household_administrative.si_siao_on",), lambda x: x.papers.si_siao_on if x.papers else None),
    ExportColumn("Métiers visés", ("members.rome_code", "members.target_job"), lambda x: x.jobs, 34),
    ExportColumn("Langues", ("household_identities.languages",), lambda x: x.languages, 24),
    ExportColumn("Dispositifs en cours", ("household_enrolments.dispositif_id", "household_enrolments.ends_on"), lambda x: x.schemes, 30),
    ExportColumn("Ressources par mois", ("household_resources.amount",), lambda x: x.resources),
    ExportColumn("Logement attendu le", ("household_requests.need_from",), lambda x: x.asked.need_from if x.asked else None),
    ExportColumn("Loyer maximal", ("household_requests.max_rent",), lambda x: x.asked.max_rent if x.asked else None),
    ExportColumn("Besoins indispensables", ("household_needs.kind", "household_needs.level"), lambda x: x.needs, 34),
    ExportColumn("Départements souhaités", ("household_wishes.department_code",), lambda x: x.wishes, 24),
    ExportColumn("Relu le", ("households.reviewed_at",), lambda x: x.household.reviewed_at.date(), 14),
)  # fmt: skip


def lines(identity: Identity, ids: Sequence[int]) -> Iterator[list[object]]:
    """The row of each file of ``ids``, in their order; a file that may not be read any more has none."""
    for start in range(0, len(ids), CHUNK):
        for line in _chunk(identity, ids[start : start + CHUNK]):
            yield [column.value(line) for column in COLUMNS]


def _chunk(identity: Identity, ids: Sequence[int]) -> Iterator[Line]:
    found = {h.id: h for h in db.scalars(select(Household).where(Household.id.in_(ids)))}
    block = HouseholdIdentity
    identities = {
        row[0]: (row[1], ", ".join(Language.label_of(code).lower() for code in row[2]))
        for row in db.execute(
            select(block.household_id, block.name, block.languages).where(block.household_id.in_(ids))
        )
    }
    papers, asked = _blocks(HouseholdAdministrative, ids), _blocks(HouseholdRequest, ids)
    need, wish = HouseholdNeed, HouseholdWish
    needs = _words(
        select(need.household_id, need.kind)
        .where(need.household_id.in_(ids), need.level == PRESSING)
        .order_by(need.kind),
        NeedKind.label_of,
    )
    wishes = _words(
        select(wish.household_id, wish.department_code).where(wish.household_id.in_(ids)).order_by(wish.rank), str
    )
    enrolled, today = HouseholdEnrolment, clock.today()
    schemes = _words(
        select(enrolled.household_id, Dispositif.label)
        .join(Dispositif, Dispositif.id == enrolled.dispositif_id)
        .where(enrolled.household_id.in_(ids), or_(enrolled.ends_on.is_(None), enrolled.ends_on >= today))
        .order_by(enrolled.starts_on, Dispositif.position),
        str,
    )
    people = select(Member.household_id, Member.rome_code, Member.target_job).where(
        Member.household_id.in_(ids),
        Member.until.is_(None),
        or_(Member.rome_code.is_not(None), Member.target_job != ""),
    )
    jobs: dict[int, list[str]] = {}
    for key, code, words in db.execute(people.order_by(Member.id)):
        jobs.setdefault(key, []).append(job_words(code, words))
    money = HouseholdResource
    totals = db.execute(
        select(money.household_id, func.sum(money.amount))
        .where(money.household_id.in_(ids))
        .group_by(money.household_id)
    )
    resources: dict[int, Decimal | None] = {row[0]: row[1] for row in totals}
    for key in ids:
        if key in found:
            name, languages = identities.get(key, (None, ""))
            yield Line(
                identity,
                found[key],
                name,
                papers.get(key),
                asked.get(key),
                needs.get(key, ""),
                wishes.get(key, ""),
                languages,
                ", ".join(jobs.get(key, [])),
                schemes.get(key, ""),
                resources.get(key),
            )


def _blocks(model: Any, ids: Sequence[int]) -> dict[int, Any]:
    return {row.household_id: row for row in db.scalars(select(model).where(model.household_id.in_(ids)))}


def _words(statement: Any, label: Callable[[str], str]) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    for key, value in db.execute(statement):
        found.setdefault(key, []).append(label(value))
    return {key: ", ".join(values) for key, values in found.items()}
