"""The territories: régions, départements, EPCI, communes, and how people name them. No person: no wall, read by every role.

Names are searched on folded keys under collation "C", where a plain btree answers equality and prefix ranges alike.
"""

from __future__ import annotations

from migrations.walls import open_table, run

revision = "0002_territories"
down_revision = "0001_walls"

TABLES = (
    "regions", "departments", "epcis", "employment_zones", "communes", "arrondissements", "commune_parts", "commune_postal_codes", "former_communes",
    "commune_keys", "territory_loads",
)  # fmt: skip


def upgrade() -> None:
    _areas()
    _communes()
    _names()
    for table in TABLES:
        open_table(table)


def downgrade() -> None:
    run(f"DROP TABLE {', '.join(TABLES)}")


def _areas() -> None:
    run("""
    CREATE TABLE regions (
      code text CONSTRAINT pk_regions PRIMARY KEY,
      name text NOT NULL,
      name_folded text COLLATE "C" NOT NULL,
      article smallint NOT NULL,
      zone text NOT NULL CONSTRAINT ck_regions_zone CHECK (zone IN ('metro', 'drom', 'com')),
      seat_code text NOT NULL
    );
    CREATE TABLE departments (
      code text CONSTRAINT pk_departments PRIMARY KEY,
      region_code text NOT NULL CONSTRAINT fk_departments_region_code_regions REFERENCES regions,
      name text NOT NULL,
      name_folded text COLLATE "C" NOT NULL,
      article smallint NOT NULL,
      zone text NOT NULL CONSTRAINT ck_departments_zone CHECK (zone IN ('metro', 'drom', 'com')),
      seat_code text NOT NULL
    );
    CREATE TABLE arrondissements (
      code text CONSTRAINT pk_arrondissements PRIMARY KEY,
      department_code text NOT NULL CONSTRAINT fk_arrondissements_department_code_departments REFERENCES departments,
      name text NOT NULL,
      name_folded text COLLATE "C" NOT NULL,
      article smallint NOT NULL,
      seat_code text NOT NULL
    );
    CREATE TABLE epcis (
      siren text CONSTRAINT pk_epcis PRIMARY KEY CONSTRAINT ck_epcis_siren CHECK (siren ~ '^[0-9]{9}$'),
      name text NOT NULL,
      name_folded text COLLATE "C" NOT NULL,
      kind text NOT NULL CONSTRAINT ck_epcis_kind CHECK (kind IN ('CC', 'CA', 'CU', 'METRO', 'MET69')),
      funding text NOT NULL,
      population integer NOT NULL,
      member_count integer NOT NULL
    );
    CREATE TABLE employment_zones (
      code text CONSTRAINT pk_employment_zones PRIMARY KEY CONSTRAINT ck_employment_zones_code CHECK (code ~ '^[0-9]{4}$'),
      name text NOT NULL,
      name_folded text COLLATE "C" NOT NULL
    )""")


def _communes() -> None:
    run("""
    CREATE TABLE communes (
      code text CONSTRAINT pk_communes PRIMARY KEY CONSTRAINT ck_communes_code CHECK (code ~ '^[0-9][0-9AB][0-9]{3}$'),
      name text NOT NULL,
      name_folded text COLLATE "C" NOT NULL,
      article smallint,
      zone text NOT NULL CONSTRAINT ck_communes_zone CHECK (zone IN ('metro', 'drom', 'com')),
      department_code text NOT NULL CONSTRAINT fk_communes_department_code_departments REFERENCES departments,
      region_code text NOT NULL CONSTRAINT fk_communes_region_code_regions REFERENCES regions,
      arrondissement_code text CONSTRAINT fk_communes_arrondissement_code_arrondissements REFERENCES arrondissements,
      canton_code text,
      epci_siren text CONSTRAINT fk_communes_epci_siren_epcis REFERENCES epcis,
      employment_zone_code text CONSTRAINT fk_communes_employment_zone_code_employment_zones REFERENCES employment_zones,
      siren text,
      population integer CONSTRAINT ck_communes_population CHECK (population >= 0),
      population_year smallint
    );
    CREATE INDEX ix_communes_department_code ON communes (department_code, name_folded);
    CREATE INDEX ix_communes_region_code ON communes (region_code);
    CREATE INDEX ix_communes_epci_siren ON communes (epci_siren);
    CREATE INDEX ix_communes_name_folded ON communes (name_folded);
    CREATE TABLE commune_parts (
      code text NOT NULL,
      kind text NOT NULL CONSTRAINT ck_commune_parts_kind CHECK (kind IN ('arrondissement', 'deleguee', 'associee')),
      name text NOT NULL,
      name_folded text COLLATE "C" NOT NULL,
      commune_code text NOT NULL CONSTRAINT fk_commune_parts_commune_code_communes REFERENCES communes ON DELETE CASCADE,
      postal_code text,
      population integer,
      CONSTRAINT pk_commune_parts PRIMARY KEY (code, kind)
    );
    CREATE INDEX ix_commune_parts_commune_code ON commune_parts (commune_code);
    CREATE TABLE commune_postal_codes (
      postal_code text COLLATE "C" NOT NULL,
      commune_code text NOT NULL CONSTRAINT fk_commune_postal_codes_commune_code_communes REFERENCES communes ON DELETE CASCADE,
      CONSTRAINT pk_commune_postal_codes PRIMARY KEY (postal_code, commune_code)
    );
    CREATE INDEX ix_commune_postal_codes_commune_code ON commune_postal_codes (commune_code)""")


def _names() -> None:
    """``commune_keys`` is derived at each load: one row per way of beginning to type a name, old or new."""
    run("""
    CREATE TABLE former_communes (
      code text NOT NULL,
      name text,
      name_folded text COLLATE "C" NOT NULL,
      commune_code text NOT NULL CONSTRAINT fk_former_communes_commune_code_communes REFERENCES communes ON DELETE CASCADE,
      CONSTRAINT pk_former_communes PRIMARY KEY (code, name_folded)
    );
    CREATE INDEX ix_former_communes_commune_code ON former_communes (commune_code);
    CREATE TABLE commune_keys (
      key text COLLATE "C" NOT NULL,
      commune_code text NOT NULL CONSTRAINT fk_commune_keys_commune_code_communes REFERENCES communes ON DELETE CASCADE,
      kind text NOT NULL CONSTRAINT ck_commune_keys_kind CHECK (kind IN ('name', 'former', 'part')),
      depth smallint NOT NULL,
      label text NOT NULL,
      CONSTRAINT pk_commune_keys PRIMARY KEY (key, commune_code, kind, depth, label)
    );
    CREATE TABLE territory_loads (
      id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_territory_loads PRIMARY KEY,
      source text NOT NULL,
      vintage smallint NOT NULL,
      sha256 text NOT NULL,
      counts jsonb NOT NULL,
      loaded_at timestamptz NOT NULL DEFAULT now()
    )""")
