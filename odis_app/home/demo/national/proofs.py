"""What must be true of the rows that came in, asked of the database itself before they are committed."""

from __future__ import annotations

from typing import Any

import psycopg

from odis_app.home.demo.national import tables

# What is asked → how many rows break it. Foreign keys, checks and exclusions were never set aside: what follows is what triggers, definer
# functions and operations would have kept.
PROOFS = {
    "un déclencheur est resté suspendu": "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'O'",
    "une contrainte n’est pas vérifiée": "SELECT count(*) FROM pg_constraint WHERE NOT convalidated",
    "une table a perdu son mur": "SELECT count(*) FROM pg_class WHERE relname = ANY (%(walled)s) AND relkind = 'r' "
    "AND relnamespace = 'public'::regnamespace AND NOT (relrowsecurity AND relforcerowsecurity)",
    "un dossier n’a pas sa clé": "SELECT count(*) FROM records r LEFT JOIN record_keys k ON k.record_id = r.id WHERE k.record_id IS NULL",
    "un dossier n’a pas sa fiche": "SELECT count(*) FROM records r WHERE NOT EXISTS (SELECT 1 FROM households h WHERE h.id = r.id) AND r.kind = 'household'",
    "une taille ne compte pas ses membres": "SELECT count(*) FROM households h WHERE h.size <> "
    "(SELECT count(*) FROM members m WHERE m.household_id = h.id AND m.until IS NULL)",
    "le suivi de l’État ne dit pas l’étape": "SELECT count(*) FROM households h LEFT JOIN household_tracking t ON t.record_id = h.id "
    "WHERE t.record_id IS NULL OR (t.status, t.status_since, t.number, t.size) <> (h.status, h.status_since, h.number, h.size)",
    "un dossier logé n’a pas de séjour": "SELECT count(*) FROM households h WHERE h.status IN ('place', 'suivi') AND NOT EXISTS "
    "(SELECT 1 FROM placements p WHERE p.household_id = h.id AND p.entered_on IS NOT NULL AND p.exited_on IS NULL)",
    "un séjour n’a pas ses jours": "SELECT count(*) FROM placements p JOIN orientations s ON s.id = p.orientation_id "
    "WHERE p.exited_on IS NULL AND p.cancelled_at IS NULL AND NOT EXISTS (SELECT 1 FROM occupancy_households h JOIN occupancies o ON o.id = h.occupancy_id "
    "WHERE h.subject = s.public_id AND o.place_id = p.place_id AND o.released_at IS NULL AND o.kind = 'stay')",
    "une place tient moins de monde qu’elle n’en a": "SELECT count(*) FROM occupancies o JOIN occupancy_households s ON s.occupancy_id = o.id "
    "JOIN households h ON h.id = s.household_record_id JOIN places p ON p.id = o.place_id "
    "WHERE o.released_at IS NULL AND (o.expires_at IS NULL OR o.expires_at > now()) AND h.size > p.capacity",
    "un partage lit au delà de son propriétaire": "SELECT count(*) FROM grants g JOIN records r ON r.id = g.record_id WHERE g.owner_org_id <> r.owner_org_id",
    "une offre est décidée par une autre que celle qui qualifie": "SELECT count(*) FROM offers o WHERE coalesce(o.visited_on, o.decided_on, o.validated_until) "
    "IS NOT NULL AND EXISTS (SELECT 1 FROM qualifiers q WHERE q.department_code = o.department_code AND q.dispositif_id = o.dispositif_id "
    "AND current_date BETWEEN q.starts_on AND coalesce(q.ends_on, current_date)) AND NOT EXISTS (SELECT 1 FROM qualifiers q "
    "WHERE q.department_code = o.department_code AND q.dispositif_id = o.dispositif_id AND q.organisation_id = o.owner_org_id "
    "AND current_date BETWEEN q.starts_on AND coalesce(q.ends_on, current_date))",
    "une place secrète tient à une structure connue": "SELECT count(*) FROM places p JOIN structures s ON s.id = p.structure_id "
    "WHERE p.location_secret AND NOT s.location_secret",
    "une place n’a pas noté son arrivée": "SELECT count(*) FROM places p LEFT JOIN place_changes c ON c.place_id = p.id WHERE c.place_id IS NULL",
}  # fmt: skip


class BrokenError(RuntimeError):
    """A rule of the database does not hold: nothing is kept."""


def check(connection: psycopg.Connection[Any]) -> None:
    """Ask everything. Raises BrokenError with what is wrong and of how many rows."""
    broken = []
    for label, query in PROOFS.items():
        row = connection.execute(query, {"walled": list(tables.WALLED)}).fetchone()
        if row and row[0]:
            broken.append(f"{label} ({row[0]})")
    if broken:
        raise BrokenError(f"Le chargement est annulé : {' ; '.join(broken)}.")
