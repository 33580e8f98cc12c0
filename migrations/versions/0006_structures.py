"""Structures (minimal): the reception structures of operators, and the counters that number what is housed.

A secret location is no column that somebody forgets to hide: when ``location_secret`` is true the row holds no commune at
all (CHECK), and the exact address lives in ``structure_addresses``, which wide scopes then do not read, sealed with the key of
the structure's record. Keys hold the owner, so that a forged row meets its foreign key whether the neighbour's exists or not.
"""

from __future__ import annotations

from migrations.walls import OWN_RECORD, definer, drop_definer, run, wall

revision = "0006_structures"
down_revision = "0005_journal"

OWN = "owner_org_id = (SELECT odis.housing_org())"
STEERED = "department_code = ANY (ARRAY(SELECT odis.steered_departments()))"


def upgrade() -> None:
    # Homes are no case content: those who qualify offers hold them without reading any file. Administrators hold neither.
    definer(
        "housing_org()",
        "bigint",
        "SELECT odis.org() WHERE odis.roles() && ARRAY['travailleur_social', 'coordinateur', 'qualificateur_offres', 'operateur', 'ddets', 'bailleur']",
    )
    run("""
    CREATE TABLE housing_counters (
      owner_org_id bigint NOT NULL REFERENCES organisations,
      series text NOT NULL CHECK (series IN ('O', 'P', 'S')),
      department_code text NOT NULL,
      last_number int NOT NULL,
      PRIMARY KEY (owner_org_id, series, department_code)
    )""")
    run("""
    CREATE TABLE structures (
      id bigint PRIMARY KEY,
      owner_org_id bigint NOT NULL,
      public_id text NOT NULL CONSTRAINT uq_structures_public_id UNIQUE,
      number text NOT NULL,
      name text NOT NULL,
      kind text NOT NULL,
      department_code text NOT NULL,
      commune_code text,
      location_secret boolean NOT NULL DEFAULT false,
      created_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT uq_structures_owner UNIQUE (id, owner_org_id),
      CONSTRAINT uq_structures_location UNIQUE (id, owner_org_id, department_code, location_secret),
      CONSTRAINT uq_structures_number UNIQUE (owner_org_id, number),
      CONSTRAINT fk_structures_record FOREIGN KEY (id, owner_org_id) REFERENCES records (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE,
      CONSTRAINT ck_structures_secret CHECK (NOT location_secret OR commune_code IS NULL)
    )""")
    run("CREATE INDEX ix_structures_owner ON structures (owner_org_id, name)")
    run("CREATE INDEX ix_structures_department ON structures (department_code, name)")
    run("""
    CREATE TABLE structure_addresses (
      structure_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      department_code text NOT NULL,
      location_secret boolean NOT NULL,
      name_sealed bytea,
      commune_code_sealed bytea,
      address_sealed bytea,
      PRIMARY KEY (structure_id, owner_org_id),
      CONSTRAINT fk_structure_addresses_structure FOREIGN KEY (structure_id, owner_org_id, department_code, location_secret)
        REFERENCES structures (id, owner_org_id, department_code, location_secret) ON UPDATE CASCADE ON DELETE CASCADE
    )""")
    wall("housing_counters", select=OWN, insert=OWN, update=OWN)
    # What a mandate opens is told by the places of the structure: 0007.
    wall(
        "structures",
        select=f"{OWN} OR {STEERED} OR id = ANY (ARRAY(SELECT odis.shared_records()))",
        insert=f"{OWN} AND {OWN_RECORD.format(record='structures.id')}",
        update=OWN,
    )
    shared = "structure_id = ANY (ARRAY(SELECT odis.shared_full_records()))"
    wall(
        "structure_addresses",
        select=f"{OWN} OR (NOT location_secret AND {STEERED}) OR {shared}",
        insert=OWN,
        update=OWN,
    )


def downgrade() -> None:
    run("DROP TABLE structure_addresses, structures, housing_counters")
    drop_definer("housing_org()")
