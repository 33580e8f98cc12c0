"""A key for each record, and what was erased.

``record_keys`` is read by exactly those who read the sealed content of the record: its owner with case access, the holders of a
full share, and the antivirus's round while a file of the record waits in quarantine. Nobody updates a key through the
application; destroying one is a definer function, which leaves a row in ``erasures``.
"""

from __future__ import annotations

from migrations.walls import auth_writes, definer, drop_definer, run, wall

revision = "0016_record_keys"
down_revision = "0015_cooperation"

SYSTEM = "(SELECT odis.system_name()) IS NOT NULL"


def upgrade() -> None:
    # Its key holds the owner too: whoever pretends to own a neighbour's record meets the foreign key, never a « already there ».
    run("""
    CREATE TABLE record_keys (
      record_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      public_id text NOT NULL CONSTRAINT uq_record_keys_public_id UNIQUE,
      version smallint NOT NULL CHECK (version BETWEEN 1 AND 255),
      key_sealed bytea NOT NULL,
      master smallint NOT NULL GENERATED ALWAYS AS (get_byte(key_sealed, 1)) STORED,
      made_at timestamptz NOT NULL,
      PRIMARY KEY (record_id, owner_org_id),
      CONSTRAINT fk_record_keys_record FOREIGN KEY (record_id, owner_org_id) REFERENCES records (id, owner_org_id)
        ON UPDATE CASCADE ON DELETE CASCADE
    )""")
    run("CREATE INDEX ix_record_keys_master ON record_keys (master)")
    run("""
    CREATE TABLE erasures (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      record_id bigint NOT NULL,
      key_id text NOT NULL CONSTRAINT uq_erasures_key UNIQUE,
      at timestamptz NOT NULL DEFAULT now()
    )""")
    definer(
        "records_in_quarantine()",
        "SETOF bigint",
        "SELECT d.record_id FROM public.documents d WHERE d.state = 'quarantine' AND odis.system_name() IS NOT NULL",
    )
    wall(
        "record_keys",
        select="owner_org_id = (SELECT odis.case_org()) OR record_id = ANY (ARRAY(SELECT odis.shared_full_records())) "
        "OR record_id = ANY (ARRAY(SELECT odis.records_in_quarantine()))",
        insert="owner_org_id = (SELECT odis.org())",
    )
    auth_writes("record_keys", "DELETE")
    wall("erasures", select=SYSTEM)
    auth_writes("erasures", "INSERT")
    definer(
        "shred_key(record bigint)",
        "TABLE (key_id text, at timestamptz)",
        """
        WITH gone AS (
          DELETE FROM public.record_keys k WHERE k.record_id = record
             AND (odis.system_name() IS NOT NULL OR (k.owner_org_id = odis.case_org() AND odis.has_role('coordinateur')))
          RETURNING k.record_id, k.public_id)
        INSERT INTO public.erasures (record_id, key_id) SELECT gone.record_id, gone.public_id FROM gone RETURNING key_id, at""",
        volatility="VOLATILE",
    )
    # Which master keys still wrap something: the start is refused when one of them is not given any more.
    definer("masters_in_use()", "SETOF smallint", "SELECT DISTINCT k.master FROM public.record_keys k")


def downgrade() -> None:
    drop_definer("masters_in_use()")
    drop_definer("shred_key(record bigint)")
    run("DROP TABLE erasures, record_keys")
    drop_definer("records_in_quarantine()")
