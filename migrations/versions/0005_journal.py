"""Documents and the shared journal: both hang on a record, and who reads them is decided by the record, the grants and the row.

An entry's reader needs the record and the audience: « organisation » stays with the author's organisation, « partenaires »
goes to every organisation that holds the record in full except the State, « etat » to the author's organisation and to the
State services that were given the record, « choisis » to the people named.
"""

from __future__ import annotations

from migrations.walls import definer, drop_definer, run, wall

revision = "0005_journal"
down_revision = "0004_households"

RECORD = """CONSTRAINT fk_{table}_record FOREIGN KEY (record_id, owner_org_id)
        REFERENCES records (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE"""
OWN = "owner_org_id = (SELECT odis.case_org())"
FULL = "record_id = ANY (ARRAY(SELECT odis.shared_full_records()))"
HOLDS = f"({OWN} OR {FULL})"
STATE = "(SELECT odis.org_kind()) IN ('ddets', 'dreets', 'sgar', 'prefecture', 'dihal', 'dgef')"
MINE = "author_org_id = (SELECT odis.case_org())"


def upgrade() -> None:
    _documents()
    _journal()
    _walls()


def _documents() -> None:
    run(f"""
    CREATE TABLE documents (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_documents_public_id UNIQUE,
      record_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      uploaded_org_id bigint NOT NULL REFERENCES organisations,
      uploaded_by_id bigint REFERENCES users,
      uploaded_by_label text NOT NULL,
      name_sealed bytea NOT NULL,
      media_type text NOT NULL,
      size bigint NOT NULL CHECK (size > 0),
      sha256 bytea NOT NULL,
      storage_key text NOT NULL CONSTRAINT uq_documents_storage UNIQUE,
      sensitivity smallint NOT NULL DEFAULT 1 CHECK (sensitivity BETWEEN 0 AND 2),
      audience text NOT NULL DEFAULT 'partenaires' CHECK (audience IN ('organisation', 'partenaires', 'etat', 'choisis')),
      state text NOT NULL DEFAULT 'quarantine' CHECK (state IN ('quarantine', 'clean', 'refused')),
      created_at timestamptz NOT NULL DEFAULT now(),
      deleted_at timestamptz,
      {RECORD.format(table="documents")}
    )""")
    run("CREATE INDEX ix_documents_record ON documents (record_id, id DESC) WHERE deleted_at IS NULL")


def _journal() -> None:
    run(f"""
    CREATE TABLE journal_entries (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_journal_entries_public_id UNIQUE,
      record_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      kind text NOT NULL CHECK (kind IN ('note', 'system')),
      audience text NOT NULL CHECK (audience IN ('organisation', 'partenaires', 'etat', 'choisis')),
      author_user_id bigint REFERENCES users,
      author_org_id bigint NOT NULL REFERENCES organisations,
      author_label text NOT NULL,
      org_label text NOT NULL,
      body_sealed bytea NOT NULL,
      medium text,
      tags text[] NOT NULL DEFAULT '{{}}',
      happened_at timestamptz NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      edited_at timestamptz,
      version int NOT NULL DEFAULT 1,
      moderated_at timestamptz,
      moderated_by_label text,
      moderation_reason text,
      CONSTRAINT uq_journal_entries_record UNIQUE (id, record_id),
      CONSTRAINT ck_journal_entries_moderation CHECK ((moderated_at IS NULL) = (moderation_reason IS NULL)),
      {RECORD.format(table="journal_entries")}
    )""")
    run("CREATE INDEX ix_journal_entries_record ON journal_entries (record_id, happened_at DESC, id DESC)")
    run("CREATE INDEX ix_journal_entries_author_org ON journal_entries (author_org_id, id DESC)")
    run("""
    CREATE TABLE journal_readers (
      entry_id bigint NOT NULL,
      record_id bigint NOT NULL,
      user_id bigint NOT NULL REFERENCES users,
      PRIMARY KEY (entry_id, user_id),
      CONSTRAINT fk_journal_readers_entry FOREIGN KEY (entry_id, record_id) REFERENCES journal_entries (id, record_id) ON DELETE CASCADE
    )""")
    run("CREATE INDEX ix_journal_readers_user ON journal_readers (user_id)")
    run("""
    CREATE TABLE journal_attachments (
      entry_id bigint NOT NULL,
      record_id bigint NOT NULL,
      document_id bigint NOT NULL REFERENCES documents ON DELETE CASCADE,
      PRIMARY KEY (entry_id, document_id),
      CONSTRAINT fk_journal_attachments_entry FOREIGN KEY (entry_id, record_id) REFERENCES journal_entries (id, record_id) ON DELETE CASCADE
    )""")
    run("CREATE INDEX ix_journal_attachments_document ON journal_attachments (document_id)")
    run("""
    CREATE TABLE journal_revisions (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      entry_id bigint NOT NULL,
      record_id bigint NOT NULL,
      author_org_id bigint NOT NULL,
      version int NOT NULL,
      body_sealed bytea NOT NULL,
      replaced_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT fk_journal_revisions_entry FOREIGN KEY (entry_id, record_id) REFERENCES journal_entries (id, record_id) ON DELETE CASCADE
    )""")


def _walls() -> None:
    # The sets are read by definer functions, so that the policies of entries, readers and attachments never read one another.
    definer("entries_addressed()", "SETOF bigint", "SELECT r.entry_id FROM public.journal_readers r WHERE r.user_id = odis.user_id()")
    readable = (
        f"({MINE} AND (audience <> 'choisis' OR author_user_id = (SELECT odis.user_id()) OR id = ANY (ARRAY(SELECT odis.entries_addressed())))) OR ({HOLDS} AND ("
        f"(audience = 'partenaires' AND NOT {STATE}) OR (audience = 'etat' AND {STATE})"
        " OR (audience = 'choisis' AND id = ANY (ARRAY(SELECT odis.entries_addressed())))))"
    )
    readable = f"{HOLDS} AND ({readable})"
    wall(
        "journal_entries",
        select=readable,
        insert=f"{HOLDS} AND {MINE}",
        update=f"({MINE} AND author_user_id = (SELECT odis.user_id())) OR ({OWN} AND (SELECT odis.has_role('coordinateur')))",
        update_check=HOLDS,
    )
    entry_seen = "entry_id IN (SELECT e.id FROM journal_entries e)"
    entry_mine = "entry_id IN (SELECT e.id FROM journal_entries e WHERE e.author_org_id = (SELECT odis.case_org()))"
    wall("journal_readers", select=f"user_id = (SELECT odis.user_id()) OR {entry_mine}", insert=entry_mine, delete=entry_mine)
    wall("journal_attachments", select=entry_seen, insert=entry_mine, delete=entry_mine)
    wall("journal_revisions", select=MINE, insert=MINE)
    class2 = "(SELECT odis.class2_is_open())"
    own2 = f"{OWN} AND (sensitivity < 2 OR ((SELECT odis.level()) >= 2 AND {class2}))"
    partner = (
        f"{FULL} AND (sensitivity < 2 OR (record_id = ANY (ARRAY(SELECT odis.shared_class2_records())) AND {class2})) AND "
        f"(uploaded_org_id = (SELECT odis.case_org()) OR (audience = 'partenaires' AND NOT {STATE}) OR (audience = 'etat' AND {STATE}))"
    )
    private = "(audience NOT IN ('organisation', 'choisis') OR uploaded_org_id = (SELECT odis.case_org()))"
    wall(
        "documents",
        select=f"({own2} AND {private}) OR ({partner})",
        insert=f"{HOLDS} AND uploaded_org_id = (SELECT odis.case_org())",
        update="uploaded_org_id = (SELECT odis.case_org())",
    )


def downgrade() -> None:
    run("DROP TABLE journal_revisions, journal_attachments, journal_readers, journal_entries, documents")
    drop_definer("entries_addressed()")
