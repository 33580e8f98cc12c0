"""Documents and the shared journal: both hang on a record, and who reads them is decided by the record, the grants and the row.

A reader needs the record (its owner, or an active full grant) and the audience: « organisation » stays with the author's
organisation, « partenaires » goes to every organisation that holds the record in full except the State, « etat » to the
author's organisation and to the State services that were given the record, « choisis » to the author and the people named.
What people wrote is sealed; only the columns that an edit or a moderation touches can be updated at all.
"""

from __future__ import annotations

from migrations.walls import APPLICATION, auth_writes, definer, drop_definer, run, wall

revision = "0005_journal"
down_revision = "0004_households"

RECORD = """CONSTRAINT fk_{table}_record FOREIGN KEY (record_id, owner_org_id)
        REFERENCES records (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE"""
ENTRY = """CONSTRAINT fk_{table}_entry FOREIGN KEY (entry_id, record_id)
        REFERENCES journal_entries (id, record_id) ON DELETE CASCADE"""
ME = "(SELECT odis.user_id())"
SYSTEM = "(SELECT odis.system_name()) IS NOT NULL"
OWN = "owner_org_id = (SELECT odis.case_org())"
FULL = "record_id = ANY (ARRAY(SELECT odis.shared_full_records()))"
HOLDS = f"({OWN} OR {FULL})"
STATE = "(SELECT odis.org_kind()) IN ('ddets', 'dreets', 'sgar', 'prefecture', 'dihal', 'dgef')"
MODERATES = f"({OWN} AND (SELECT odis.has_role('coordinateur')))"
AUDIENCES = "('organisation', 'partenaires', 'etat', 'choisis')"


def upgrade() -> None:
    _documents()
    _journal()
    _functions()
    _document_walls()
    _journal_walls()


def _documents() -> None:
    run(f"""
    CREATE TABLE documents (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_documents_public_id UNIQUE,
      record_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      uploaded_org_id bigint NOT NULL REFERENCES organisations,
      uploaded_by_id bigint NOT NULL REFERENCES users,
      uploaded_by_label text NOT NULL,
      org_label text NOT NULL,
      name_sealed bytea NOT NULL,
      media_type text NOT NULL,
      size bigint NOT NULL CHECK (size > 0),
      sha256 bytea NOT NULL,
      storage_key text NOT NULL CONSTRAINT uq_documents_storage UNIQUE,
      sensitivity smallint NOT NULL DEFAULT 1 CHECK (sensitivity BETWEEN 0 AND 2),
      audience text NOT NULL CHECK (audience IN {AUDIENCES}),
      state text NOT NULL DEFAULT 'quarantine' CHECK (state IN ('quarantine', 'clean', 'refused')),
      created_at timestamptz NOT NULL DEFAULT now(),
      deleted_at timestamptz,
      CONSTRAINT uq_documents_record UNIQUE (id, record_id),
      {RECORD.format(table="documents")}
    )""")
    run("CREATE INDEX ix_documents_record ON documents (record_id, id DESC) WHERE deleted_at IS NULL")
    run("CREATE INDEX ix_documents_quarantine ON documents (id) WHERE state = 'quarantine'")


def _journal() -> None:
    run(f"""
    CREATE TABLE journal_entries (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_journal_entries_public_id UNIQUE,
      record_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      kind text NOT NULL CHECK (kind IN ('note', 'system')),
      audience text NOT NULL CHECK (audience IN {AUDIENCES}),
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
      moderation_reason_sealed bytea,
      CONSTRAINT uq_journal_entries_record UNIQUE (id, record_id),
      CONSTRAINT ck_journal_entries_author CHECK (kind = 'system' OR author_user_id IS NOT NULL),
      CONSTRAINT ck_journal_entries_moderation CHECK (num_nulls(moderated_at, moderated_by_label, moderation_reason_sealed) IN (0, 3)),
      {RECORD.format(table="journal_entries")}
    )""")
    run("CREATE INDEX ix_journal_entries_record ON journal_entries (record_id, happened_at DESC, id DESC)")
    run("CREATE INDEX ix_journal_entries_author_org ON journal_entries (author_org_id, id DESC)")
    # « Depuis votre dernière visite », without reading the journal of each file of the organisation
    run("CREATE INDEX ix_journal_entries_recent ON journal_entries (owner_org_id, created_at DESC)")
    run(f"""
    CREATE TABLE journal_readers (
      entry_id bigint NOT NULL,
      record_id bigint NOT NULL,
      user_id bigint NOT NULL REFERENCES users,
      label text NOT NULL,
      PRIMARY KEY (entry_id, user_id),
      {ENTRY.format(table="journal_readers")}
    )""")
    run("CREATE INDEX ix_journal_readers_user ON journal_readers (user_id)")
    run(f"""
    CREATE TABLE journal_attachments (
      entry_id bigint NOT NULL,
      record_id bigint NOT NULL,
      document_id bigint NOT NULL,
      PRIMARY KEY (entry_id, document_id),
      CONSTRAINT fk_journal_attachments_document FOREIGN KEY (document_id, record_id) REFERENCES documents (id, record_id) ON DELETE CASCADE,
      {ENTRY.format(table="journal_attachments")}
    )""")
    run("CREATE INDEX ix_journal_attachments_document ON journal_attachments (document_id)")
    run(f"""
    CREATE TABLE journal_revisions (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      entry_id bigint NOT NULL,
      record_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      author_org_id bigint NOT NULL REFERENCES organisations,
      version int NOT NULL,
      body_sealed bytea NOT NULL,
      replaced_at timestamptz NOT NULL DEFAULT now(),
      replaced_by_label text NOT NULL,
      CONSTRAINT uq_journal_revisions UNIQUE (entry_id, version),
      {RECORD.format(table="journal_revisions")},
      {ENTRY.format(table="journal_revisions")}
    )""")


def _functions() -> None:
    # Sets read by definer functions, so that the policies of entries, readers, attachments and documents never read one another.
    definer(
        "entries_addressed()",
        "SETOF bigint",
        "SELECT r.entry_id FROM public.journal_readers r WHERE r.user_id = (SELECT odis.user_id())",
    )
    definer(
        "documents_addressed()",
        "SETOF bigint",
        """SELECT a.document_id FROM public.journal_readers r JOIN public.journal_entries e ON e.id = r.entry_id
           JOIN public.journal_attachments a ON a.entry_id = e.id JOIN public.documents d ON d.id = a.document_id
           WHERE r.user_id = (SELECT odis.user_id()) AND d.uploaded_by_id = e.author_user_id""",
    )
    # Who may be chosen as a reader: the people of the organisations that hold the record in full, told to those who hold it too.
    definer(
        "record_people(record bigint)",
        "TABLE (user_id bigint, public_id text, first_name text, last_name text, organisation_id bigint, organisation text)",
        """SELECT u.id, u.public_id, u.first_name, u.last_name, o.id, o.short_name
             FROM public.records r JOIN public.organisations o ON o.id = r.owner_org_id OR o.id IN (
                    SELECT g.grantee_org_id FROM public.grants g
                     WHERE g.record_id = r.id AND g.level = 'full' AND g.revoked_at IS NULL AND g.expires_at > now())
             JOIN public.memberships m ON m.organisation_id = o.id AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)
             JOIN public.users u ON u.id = m.user_id AND u.deactivated_at IS NULL
            WHERE r.id = record AND o.deactivated_at IS NULL
              AND (r.owner_org_id = odis.case_org() OR r.id IN (SELECT odis.shared_full_records()))
            GROUP BY u.id, o.id HAVING odis.level_of(array_agg(m.role)) >= 0""",
    )
    # A document leaves quarantine once, by the antivirus's answer: for whoever put it there, or for the installation's own round.
    definer(
        "record_scan(document bigint, verdict text)",
        "boolean",
        """WITH judged AS (UPDATE public.documents SET state = verdict WHERE id = document AND state = 'quarantine' AND verdict IN ('clean', 'refused')
             AND (uploaded_by_id = odis.user_id() OR odis.system_name() IS NOT NULL) RETURNING 1) SELECT EXISTS (SELECT 1 FROM judged)""",
        volatility="VOLATILE",
    )


def _audience(org: str, user: str, addressed: str) -> str:
    """The rows whose audience holds the present person, given that they hold the record."""
    chosen = f"id = ANY (ARRAY(SELECT odis.{addressed}()))"
    return (
        f"(({org} = (SELECT odis.case_org()) AND (audience <> 'choisis' OR {user} = {ME})) OR (audience = 'partenaires' AND NOT {STATE}) "
        f"OR (audience = 'etat' AND {STATE}) OR (audience = 'choisis' AND {chosen}))"
    )


def _document_walls() -> None:
    open2 = "(SELECT odis.class2_is_open())"
    own2 = f"({OWN} AND (SELECT odis.level()) >= 2)"
    clearance = (
        f"(sensitivity < 2 OR ({open2} AND ({own2} OR record_id = ANY (ARRAY(SELECT odis.shared_class2_records())))))"
    )
    seen = _audience("uploaded_org_id", "uploaded_by_id", "documents_addressed")
    own_act = f"(uploaded_by_id = {ME} OR {MODERATES})"
    wall(
        "documents",
        select=f"({HOLDS} AND {clearance} AND {seen}) OR ({SYSTEM} AND state = 'quarantine')",
        insert=f"{HOLDS} AND {clearance} AND uploaded_org_id = (SELECT odis.case_org()) AND uploaded_by_id = {ME}",
        update=f"{HOLDS} AND {own_act}",
        update_check=f"{HOLDS} AND {own_act}",
    )
    run(f"REVOKE UPDATE ON documents FROM {APPLICATION}")
    run(f"GRANT UPDATE (audience, deleted_at) ON documents TO {APPLICATION}")
    auth_writes("documents", "UPDATE")


def _journal_walls() -> None:
    mine = "author_org_id = (SELECT odis.case_org())"
    # a partner with a minimal share, and the installation's own round, may let the file tell what happened, not write notes in it
    told = f"kind = 'system' AND (({mine} AND record_id = ANY (ARRAY(SELECT odis.shared_records()))) OR ({SYSTEM} AND author_org_id = owner_org_id))"
    amend = f"{HOLDS} AND kind = 'note' AND (({mine} AND author_user_id = {ME}) OR {MODERATES})"
    wall(
        "journal_entries",
        select=f"{HOLDS} AND {_audience('author_org_id', 'author_user_id', 'entries_addressed')}",
        insert=f"({HOLDS} AND {mine} AND (kind = 'system' OR author_user_id = {ME})) OR ({told})",
        update=f"{amend} AND moderated_at IS NULL",
        update_check=amend,
    )
    run(f"REVOKE UPDATE ON journal_entries FROM {APPLICATION}")
    run(
        "GRANT UPDATE (audience, body_sealed, medium, tags, happened_at, edited_at, version, moderated_at, moderated_by_label, "
        f"moderation_reason_sealed) ON journal_entries TO {APPLICATION}"
    )
    seen = "EXISTS (SELECT 1 FROM journal_entries e WHERE e.id = entry_id)"
    written = f"EXISTS (SELECT 1 FROM journal_entries e WHERE e.id = entry_id AND e.author_user_id = {ME})"
    holder = "user_id IN (SELECT p.user_id FROM odis.record_people(record_id) p)"
    wall("journal_readers", select=f"user_id = {ME} OR {seen}", insert=f"{written} AND {holder}", delete=written)
    deposited = f"EXISTS (SELECT 1 FROM documents d WHERE d.id = document_id AND d.uploaded_by_id = {ME})"
    wall("journal_attachments", select=seen, insert=f"{written} AND {deposited}", delete=written)
    kept = f"{seen} AND ({mine} OR {MODERATES})"
    wall("journal_revisions", select=kept, insert=kept)


def downgrade() -> None:
    run("DROP TABLE journal_revisions, journal_attachments, journal_readers, journal_entries, documents")
    for signature in (
        "entries_addressed()",
        "documents_addressed()",
        "record_people(record bigint)",
        "record_scan(document bigint, verdict text)",
    ):
        drop_definer(signature)
