"""Mails: written in the transaction that causes them, sealed, sent once by a job.

A row is its own outbox. ``sending`` is a lease: a dead worker's mail is taken again. ``handing`` is written just before the
server is given the text: what stops there may have left, so it is never sent again and says so (``unsure``).
"""

from __future__ import annotations

from migrations.walls import auth_writes, definer, drop_definer, run, wall

revision = "0011_notifications"
down_revision = "0010_reports"

WORKER = "odis_worker"
STATES = "'waiting', 'sending', 'handing', 'sent', 'failed', 'unsure', 'expired', 'kept'"
IS_DEMO = "coalesce((SELECT i.value = to_jsonb('demo'::text) FROM public.instance i WHERE i.key = 'kind'), false)"
DEFINERS = (
    "mail_add(new_public_id text, new_template text, new_sealed bytea, lasts interval)",
    "mail_wake(new_public_id text)",
    "mail_claim(lease interval)",
    "mail_hand(wanted text, attempt smallint)",
    "mail_settle(wanted text, attempt smallint, outcome text, reason text, delay interval)",
    "mail_sweep(older interval)",
    "mail_mailbox(most int)",
)


def upgrade() -> None:
    run(f"""
    CREATE TABLE mails (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_mails_public_id UNIQUE,
      owner_org_id bigint REFERENCES organisations ON DELETE CASCADE,
      template text NOT NULL,
      sealed bytea,
      state text NOT NULL DEFAULT 'waiting' CONSTRAINT ck_mails_state CHECK (state IN ({STATES})),
      attempts smallint NOT NULL DEFAULT 0,
      error text NOT NULL DEFAULT '',
      created_at timestamptz NOT NULL DEFAULT now(),
      due_at timestamptz NOT NULL DEFAULT now(),
      useful_until timestamptz NOT NULL,
      ended_at timestamptz,
      CONSTRAINT ck_mails_ended CHECK ((ended_at IS NOT NULL) = (state IN ('sent', 'failed', 'unsure', 'expired'))),
      CONSTRAINT ck_mails_sealed CHECK ((sealed IS NULL) = (ended_at IS NOT NULL))
    )""")
    run("CREATE INDEX ix_mails_due ON mails (due_at) WHERE state IN ('waiting', 'sending', 'handing')")
    run("CREATE INDEX ix_mails_ended ON mails (ended_at) WHERE ended_at IS NOT NULL")
    wall(
        "mails",
        select="owner_org_id = (SELECT odis.org()) AND ((SELECT odis.has_role('admin_organisation')) OR (SELECT odis.has_role('coordinateur')))",
    )
    auth_writes("mails", "INSERT, UPDATE, DELETE")
    _writing()
    _sending()


def downgrade() -> None:
    for signature in reversed(DEFINERS):
        drop_definer(signature)
    run("DROP TABLE mails")


def _writing() -> None:
    definer(
        DEFINERS[0],
        "boolean",
        f"""INSERT INTO public.mails (public_id, owner_org_id, template, sealed, state, useful_until)
            VALUES (new_public_id, odis.org(), new_template, new_sealed, CASE WHEN {IS_DEMO} THEN 'kept' ELSE 'waiting' END, now() + lasts)
            RETURNING state = 'waiting'""",
        volatility="VOLATILE",
    )
    # A run of the sender, asked for by whoever just wrote a mail: it leaves with their commit.
    definer(
        DEFINERS[1],
        "TABLE (outbox_id bigint, job_id bigint)",
        """WITH planned AS (
             INSERT INTO public.jobs (public_id, kind, task, queue, label, schedule, slot)
             VALUES (new_public_id, 'schedule', 'jobs.notifications.send', 'rapide', 'Envoi des courriels', 'send-mails', clock_timestamp())
             ON CONFLICT (schedule, slot) DO NOTHING RETURNING id, task)
           INSERT INTO public.outbox (job_id, task) SELECT id, task FROM planned RETURNING id, job_id""",
        volatility="VOLATILE",
    )
    definer(
        DEFINERS[6],
        "TABLE (public_id text, template text, sealed bytea, created_at timestamptz)",
        f"""SELECT m.public_id, m.template, m.sealed, m.created_at FROM public.mails m
             WHERE m.state = 'kept' AND {IS_DEMO} ORDER BY m.id DESC LIMIT most""",
        to="odis_app",
    )


def _sending() -> None:
    definer(
        DEFINERS[2],
        "TABLE (public_id text, template text, sealed bytea, attempt smallint)",
        """UPDATE public.mails m SET state = 'sending', attempts = m.attempts + 1, due_at = clock_timestamp() + lease
            WHERE m.id = (SELECT d.id FROM public.mails d
                           WHERE d.state IN ('waiting', 'sending') AND d.due_at <= clock_timestamp() AND d.useful_until > clock_timestamp()
                           ORDER BY d.due_at, d.id LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING m.public_id, m.template, m.sealed, m.attempts""",
        volatility="VOLATILE",
        to=WORKER,
    )
    definer(
        DEFINERS[3],
        "boolean",
        """WITH handed AS (
             UPDATE public.mails m SET state = 'handing' WHERE m.public_id = wanted AND m.attempts = attempt AND m.state = 'sending' RETURNING 1)
           SELECT EXISTS (SELECT 1 FROM handed)""",
        volatility="VOLATILE",
        to=WORKER,
    )
    definer(
        DEFINERS[4],
        "boolean",
        """WITH settled AS (
             UPDATE public.mails m SET state = outcome, error = reason, due_at = clock_timestamp() + delay,
                    ended_at = CASE WHEN outcome = 'waiting' THEN NULL ELSE clock_timestamp() END,
                    sealed = CASE WHEN outcome = 'waiting' THEN m.sealed END
              WHERE m.public_id = wanted AND m.attempts = attempt AND m.state IN ('sending', 'handing')
                AND outcome IN ('waiting', 'sent', 'failed', 'unsure')
          RETURNING 1)
           SELECT EXISTS (SELECT 1 FROM settled)""",
        volatility="VOLATILE",
        to=WORKER,
    )
    definer(
        DEFINERS[5],
        "TABLE (unsure bigint, expired bigint, forgotten bigint)",
        """WITH doubtful AS (
             UPDATE public.mails m SET state = 'unsure', ended_at = clock_timestamp(), sealed = NULL
              WHERE m.state = 'handing' AND m.due_at <= clock_timestamp() RETURNING 1),
           late AS (
             UPDATE public.mails m SET state = 'expired', ended_at = clock_timestamp(), sealed = NULL
              WHERE m.state IN ('waiting', 'sending') AND m.useful_until <= clock_timestamp() RETURNING 1),
           gone AS (
             DELETE FROM public.mails m
              WHERE m.ended_at < clock_timestamp() - older OR (m.state = 'kept' AND m.created_at < clock_timestamp() - older) RETURNING 1)
           SELECT (SELECT count(*) FROM doubtful), (SELECT count(*) FROM late), (SELECT count(*) FROM gone)""",
        volatility="VOLATILE",
        to=WORKER,
    )
