"""The page's own shortlist on 110,000 places: the same code, places added by COPY where the association is mandated."""

from __future__ import annotations

import random
from typing import Any

import psycopg
from sqlalchemy import select, text

from bench.figures import Figure, Table, milliseconds, p50, p95
from bench.ground import Ground
from odis_app.core import clock
from odis_app.core.db import db, unit_of_work
from odis_app.core.ids import new_public_id
from odis_app.home.demo.national.homes import ordinary_home
from odis_app.households.models import Household
from odis_app.households.policy import visible_households
from odis_app.matching import queries
from odis_app.matching.engine.shortlist import shortlist
from odis_app.matching.supply import forget, supply

PLACES, LIMIT, DATABASE = 110_000, 50, "odis_110k"
COLUMNS = (
    "public_id", "number", "owner_org_id", "structure_id", "department_code", "commune_code", "dispositif_id", "kind", "capacity", "bedrooms", "max_minors",
    "available_from", "wheelchair", "ground_floor_or_lift", "hosts_women_only", "accepts_animals", "accepts_minors", "women_only_certified",
    "specialised_fvv_teh", "rent", "validated_until",
)  # fmt: skip


def run(ground: Ground) -> list[Table]:
    with ground.copy(DATABASE) as larger:
        spent = milliseconds(lambda: fill(larger)) / 1000
        return [_shortlist(larger, spent), _parts(larger), _safety(larger)]


def fill(ground: Ground, count: int = PLACES) -> None:
    """Homes of ordinary variety, in the structures of the demonstration that stand where the association is mandated."""
    draw, today = random.Random(110), clock.today()
    with psycopg.connect(ground.admin_url(DATABASE)) as connection:  # COPY goes through no policy, not even the owner's
        structures = connection.execute(
            "SELECT DISTINCT s.id, s.owner_org_id, p.department_code, p.commune_code, p.dispositif_id FROM structures s JOIN places p ON p.structure_id = s.id"
            " WHERE p.department_code IN (SELECT department_code FROM mandates WHERE organisation_id = %s) AND p.commune_code IS NOT NULL",
            [ground.world["association"].org_id],
        ).fetchall()
        with connection.cursor().copy(f"COPY places ({', '.join(COLUMNS)}) FROM STDIN") as rows:
            for rank in range(count):
                structure, owner, department, commune, dispositif = draw.choice(structures)
                home = ordinary_home(draw, today)
                known = (new_public_id(), f"B-{rank:06d}", owner, structure, department, commune, dispositif)
                rows.write_row((*known, *(home[name] for name in COLUMNS[len(known) :])))
    with psycopg.connect(ground.admin_url(DATABASE), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE places")
        connection.execute("VACUUM ANALYZE place_changes")


def _waiting(ground: Ground) -> tuple[int, str]:
    """The waiting household with the most feasible places: the heaviest page."""
    with unit_of_work(ground.world["association"].token, readonly=True) as unit:
        own = visible_households(unit.identity).where(Household.owner_org_id == unit.identity.org_id)
        found = (
            db.execute(
                own.where(Household.status.in_([s.value for s in queries.WAITING])).order_by(Household.id).limit(10)
            )
            .scalars()
            .all()
        )
        best = max(found, key=lambda h: queries.shortlist_of(unit.identity, h).feasible)
        return best.id, best.public_id


def _shortlist(ground: Ground, spent: float) -> Table:
    _, public_id = _waiting(ground)
    browser, url = ground.browser("association"), f"/menages/{public_id}/appariement"
    forget()
    first = milliseconds(lambda: browser.get(url))
    times = [milliseconds(lambda: browser.get(url)) for _ in range(ground.repeat)]
    table = Table(f"Offres d’un ménage, {PLACES:,} places de plus".replace(",", "\u202f"), ("Mesure", "Valeur"))
    table.rows = [
        ("Page, premier chargement (les places sont lues)", Figure(first, "ms")), ("Page, places gardées, p50", Figure(p50(times), "ms", LIMIT)),
        ("Page, places gardées, p95", Figure(p95(times), "ms")), ("Remplissage par COPY et VACUUM ANALYZE", Figure(spent, "s")),
    ]  # fmt: skip
    return table


def _parts(ground: Ground) -> Table:
    key, _ = _waiting(ground)
    table = Table("Les parties de cette page", ("Partie", "p50 (ms)"))
    with unit_of_work(ground.world["association"].token, readonly=True) as unit:
        who = unit.identity
        household = db.execute(select(Household).where(Household.id == key)).scalar_one()
        forget()
        table.rows.append(("Lecture des places, première fois", Figure(milliseconds(lambda: supply(who)))))
        pair_facts = queries._pair_facts  # noqa: SLF001 - the parts of a page, timed apart
        stock, row = supply(who), queries.facts_of([household])[0]
        schemes = queries._schemes(household)  # noqa: SLF001
        pair = pair_facts(household, stock, schemes)
        parts: tuple[tuple[str, Any], ...] = (
            ("Lecture des places, gardées (fraîcheur vérifiée)", lambda: supply(who)),
            ("dont la sécurité, jugée dans la base", lambda: queries.safety_of(household, stock)),
            ("Faits des paires", lambda: pair_facts(household, stock, schemes)),
            (
                "Moteur : contraintes, note, rang",
                lambda: shortlist(row, stock.offers, queries.POLICY, pair, limit=queries.SHOWN),
            ),
            ("Le tout : shortlist_of", lambda: queries.shortlist_of(who, household)),
        )
        for label, call in parts:
            call()
            times = [milliseconds(call) for _ in range(max(5, ground.repeat // 3))]
            table.rows.append((label, Figure(p50(times), "", LIMIT if label.startswith("Le tout") else None)))
    return table


def _safety(ground: Ground) -> Table:
    key, _ = _waiting(ground)
    table = Table(
        "odis.safety_compatible de toutes les places, dans la base (la page n’en juge qu’une de chaque forme)",
        ("Mesure", "Valeur"),
    )
    with unit_of_work(ground.world["association"].token, readonly=True):
        plan = (
            db.execute(text("EXPLAIN (ANALYZE, TIMING OFF) SELECT odis.safety_compatible(:id)"), {"id": key})
            .scalars()
            .all()
        )
    table.rows = [(line.strip().split(":")[0], line.split(":", 1)[1].strip()) for line in plan if "Time" in line]
    table.notes = [line for line in plan if "rows=" in line]
    return table
