"""Structures: the reception structures of operators, and the counters that number what is housed.

A secret location is no column that somebody forgets to hide: when ``location_secret`` is true the row holds neither commune nor
public code (a FINESS number leads to an address) at all (CHECK); they live with the exact address in ``structure_addresses``, which
wide scopes then do not read, nor ``structure_contacts``, sealed with the key of the structure's record. ``structure_events`` tell what
was changed, and nothing of where. Keys hold the owner, so that a forged row meets its foreign key whether the neighbour's exists or not.
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
      capacity_authorised smallint CONSTRAINT ck_structures_capacity CHECK (capacity_authorised BETWEEN 1 AND 5000),
      public text NOT NULL DEFAULT '' CHECK (public IN ('', 'tout_public', 'famille', 'personnes_isolees')),
      building text NOT NULL DEFAULT '' CHECK (building IN ('', 'diffus', 'collectif', 'mixte')),
      finess_codes text[] NOT NULL DEFAULT '{}',
      dna_codes text[] NOT NULL DEFAULT '{}',
      opened_on date,
      authorised_from date,
      authorised_to date,
      convention_from date,
      convention_to date,
      closed_on date,
      closing_reason text NOT NULL DEFAULT '',
      version int NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT uq_structures_owner UNIQUE (id, owner_org_id),
      CONSTRAINT uq_structures_location UNIQUE (id, owner_org_id, department_code, location_secret),
      CONSTRAINT uq_structures_number UNIQUE (owner_org_id, number),
      CONSTRAINT fk_structures_record FOREIGN KEY (id, owner_org_id) REFERENCES records (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE,
      CONSTRAINT ck_structures_secret CHECK (NOT location_secret OR (commune_code IS NULL AND finess_codes = '{}' AND dna_codes = '{}')),
      CONSTRAINT ck_structures_dates CHECK (authorised_to >= authorised_from AND convention_to >= convention_from AND closed_on >= opened_on),
      CONSTRAINT ck_structures_closed CHECK ((closed_on IS NULL) = (closing_reason = ''))
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
      finess_codes_sealed bytea,
      dna_codes_sealed bytea,
      PRIMARY KEY (structure_id, owner_org_id),
      CONSTRAINT fk_structure_addresses_structure FOREIGN KEY (structure_id, owner_org_id, department_code, location_secret)
        REFERENCES structures (id, owner_org_id, department_code, location_secret) ON UPDATE CASCADE ON DELETE CASCADE
    )""")
    run("""
    CREATE TABLE structure_contacts (
      structure_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      position smallint NOT NULL CHECK (position BETWEEN 1 AND 3),
      public_id text NOT NULL CONSTRAINT uq_structure_contacts_public_id UNIQUE,
      department_code text NOT NULL,
      location_secret boolean NOT NULL,
      name_sealed bytea,
      role_sealed bytea,
      phone_sealed bytea,
      email_sealed bytea,
      PRIMARY KEY (structure_id, owner_org_id, position),
      CONSTRAINT fk_structure_contacts_structure FOREIGN KEY (structure_id, owner_org_id, department_code, location_secret)
        REFERENCES structures (id, owner_org_id, department_code, location_secret) ON UPDATE CASCADE ON DELETE CASCADE
    )""")
    run("""
    CREATE TABLE structure_events (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      structure_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      kind text NOT NULL CHECK (kind IN ('declaree', 'modifiee', 'fermee', 'rouverte')),
      version int NOT NULL,
      data jsonb NOT NULL DEFAULT '{}',
      recorded_at timestamptz NOT NULL,
      author_label text NOT NULL,
      CONSTRAINT fk_structure_events_structure FOREIGN KEY (structure_id, owner_org_id) REFERENCES structures (id, owner_org_id)
        ON UPDATE CASCADE ON DELETE CASCADE
    )""")
    run("CREATE INDEX ix_structure_events_structure ON structure_events (structure_id, id)")
    wall("housing_counters", select=OWN, insert=OWN, update=OWN)
    # What a mandate opens is told by the places of the structure: 0007.
    wall(
        "structures",
        select=f"{OWN} OR {STEERED} OR id = ANY (ARRAY(SELECT odis.shared_records()))",
        insert=f"{OWN} AND {OWN_RECORD.format(record='structures.id')}",
        update=OWN,
    )
    shared = "structure_id = ANY (ARRAY(SELECT odis.shared_full_records()))"
    sealed = f"{OWN} OR (NOT location_secret AND {STEERED}) OR {shared}"
    wall("structure_addresses", select=sealed, insert=OWN, update=OWN)
    wall("structure_contacts", select=sealed, insert=OWN, update=OWN, delete=OWN)
    # Who reads the structure reads what became of it; the wall of structures answers.
    wall(
        "structure_events",
        select="(SELECT true FROM structures s WHERE s.id = structure_events.structure_id)",
        insert=OWN,
    )


def downgrade() -> None:
    run("DROP TABLE structure_events, structure_contacts, structure_addresses, structures, housing_counters")
    drop_definer("housing_org()")
