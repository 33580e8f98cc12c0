"""Jobs that run apart from the pages, and the outbox that makes sure that each leaves.

Nobody updates a job row but through the functions below: the worker claims, beats and finishes; the author cancels; the
reconciler gives back what a dead worker left. The number of the attempt is the fence: a worker believed dead that wakes
up later finds that its attempt is no longer the current one, and its transaction is undone.
"""

from __future__ import annotations

from migrations.walls import auth_writes, definer, drop_definer, open_table, run, wall

revision = "0003_jobs"
down_revision = "0002_territories"

WORKER = "odis_worker"
DEFINERS = (
    "outbox_sent(sent bigint[])",
    "outbox_due()",
    "outbox_renew(worn bigint)",
    "job_claim(wanted bigint, wanted_task text)",
    "job_beat(wanted bigint, attempt smallint, percent smallint, sentence text)",
    "job_finish(wanted bigint, attempt smallint, outcome text, reason text, summary jsonb)",
    "job_cancel(wanted text)",
    "job_give_back(stale interval, most smallint, reason text)",
    "job_schedule(wanted_schedule text, wanted_slot timestamptz, wanted_task text, wanted_queue text, wanted_label text, new_public_id text)",
    "job_purge(older interval)",
    "job_depths()",
    "schedule_runs()",
    "key_check_add(check_name text, check_fingerprint text)",
)


def upgrade() -> None:
    _tables()
    _worker_functions()
    _reconciler_functions()
    _other_functions()


def downgrade() -> None:
    for signature in reversed(DEFINERS):
        drop_definer(signature)
    run("DROP TABLE key_checks, outbox, jobs")


def _tables() -> None:
    run("""
    CREATE TABLE jobs (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_jobs_public_id UNIQUE,
      kind text NOT NULL,
      task text NOT NULL,
      queue text NOT NULL,
      label text NOT NULL,
      owner_org_id bigint REFERENCES organisations,
      user_id bigint REFERENCES users,
      schedule text,
      slot timestamptz,
      state text NOT NULL DEFAULT 'queued' CONSTRAINT ck_jobs_state CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
      progress smallint NOT NULL DEFAULT 0 CONSTRAINT ck_jobs_progress CHECK (progress BETWEEN 0 AND 100),
      step text NOT NULL DEFAULT '',
      params jsonb NOT NULL DEFAULT '{}',
      result jsonb NOT NULL DEFAULT '{}',
      error text NOT NULL DEFAULT '',
      attempts smallint NOT NULL DEFAULT 0,
      sealed_token bytea,
      created_at timestamptz NOT NULL DEFAULT now(),
      started_at timestamptz,
      finished_at timestamptz,
      heartbeat_at timestamptz,
      CONSTRAINT uq_jobs_slot UNIQUE (schedule, slot),
      CONSTRAINT ck_jobs_author CHECK (
        CASE WHEN schedule IS NULL THEN owner_org_id IS NOT NULL AND user_id IS NOT NULL AND slot IS NULL
             ELSE owner_org_id IS NULL AND user_id IS NULL AND slot IS NOT NULL END),
      CONSTRAINT ck_jobs_finished CHECK ((finished_at IS NOT NULL) = (state IN ('done', 'failed', 'cancelled'))),
      CONSTRAINT ck_jobs_failed CHECK (state <> 'failed' OR error <> '')
    )""")
    run("CREATE INDEX ix_jobs_author ON jobs (user_id, id DESC)")
    run("CREATE INDEX ix_jobs_open ON jobs (state, queue) WHERE state IN ('queued', 'running')")
    run("CREATE INDEX ix_jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL")
    mine = "user_id = (SELECT odis.user_id()) AND owner_org_id = (SELECT odis.org())"
    wall("jobs", select=mine, insert=f"{mine} AND schedule IS NULL AND state = 'queued' AND attempts = 0")
    auth_writes("jobs", "INSERT, UPDATE, DELETE")
    run("""
    CREATE TABLE outbox (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      job_id bigint NOT NULL CONSTRAINT uq_outbox_job UNIQUE REFERENCES jobs ON DELETE CASCADE,
      task text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      sent_at timestamptz
    )""")
    of_mine = "EXISTS (SELECT 1 FROM jobs WHERE jobs.id = outbox.job_id AND jobs.task = outbox.task)"
    wall("outbox", select=of_mine, insert=of_mine)
    auth_writes("outbox", "INSERT, UPDATE, DELETE")
    run(
        "CREATE TABLE key_checks (name text PRIMARY KEY, fingerprint text NOT NULL, seen_at timestamptz NOT NULL DEFAULT now())"
    )
    open_table("key_checks")
    run("REVOKE SELECT ON key_checks FROM odis_public")
    run("GRANT INSERT ON key_checks TO odis_auth")


def _worker_functions() -> None:
    definer(
        "job_claim(wanted bigint, wanted_task text)",
        "TABLE (public_id text, schedule text, sealed_token bytea, attempt smallint)",
        """UPDATE public.jobs j SET state = 'running', attempts = j.attempts + 1, progress = 0, step = '',
                  started_at = clock_timestamp(), heartbeat_at = clock_timestamp()
            WHERE j.id = wanted AND j.task = wanted_task AND j.state = 'queued'
        RETURNING j.public_id, j.schedule, j.sealed_token, j.attempts""",
        volatility="VOLATILE",
        to=WORKER,
    )
    definer(
        "job_beat(wanted bigint, attempt smallint, percent smallint, sentence text)",
        "boolean",
        """WITH beaten AS (
             UPDATE public.jobs j SET heartbeat_at = clock_timestamp(), progress = greatest(j.progress, least(coalesce(percent, 0), 100)),
                    step = coalesce(sentence, j.step)
              WHERE j.id = wanted AND j.attempts = attempt AND j.state = 'running' RETURNING 1)
           SELECT EXISTS (SELECT 1 FROM beaten)""",
        volatility="VOLATILE",
        to=WORKER,
    )
    definer(
        "job_finish(wanted bigint, attempt smallint, outcome text, reason text, summary jsonb)",
        "boolean",
        """WITH ended AS (
             UPDATE public.jobs j SET state = outcome, error = coalesce(reason, ''), result = coalesce(summary, '{}'), sealed_token = NULL,
                    progress = CASE WHEN outcome = 'done' THEN 100 ELSE j.progress END, finished_at = clock_timestamp()
              WHERE j.id = wanted AND j.attempts = attempt AND j.state = 'running' AND outcome IN ('done', 'failed')
          RETURNING j.id, j.public_id),
           sent AS (DELETE FROM public.outbox o USING ended WHERE o.job_id = ended.id),
           closed AS (DELETE FROM private.sessions s USING ended
                       WHERE s.kind IN ('job', 'system') AND s.public_id IN (ended.public_id, ended.public_id || '-' || attempt))
           SELECT EXISTS (SELECT 1 FROM ended)""",
        volatility="VOLATILE",
        to=WORKER,
    )


def _reconciler_functions() -> None:
    definer(
        "outbox_sent(sent bigint[])",
        "void",
        # Only its author's web request, or a worker, may say that a row left: one marked as sent waits for nobody.
        """UPDATE public.outbox o SET sent_at = clock_timestamp() FROM public.jobs j WHERE o.id = ANY (sent) AND j.id = o.job_id
             AND (session_user <> 'odis_app' OR (j.user_id = odis.user_id() AND j.owner_org_id = odis.org()))""",
        volatility="VOLATILE",
    )
    definer(
        "outbox_due()",
        "TABLE (id bigint, job_id bigint, task text, queue text, sent_at timestamptz)",
        """SELECT o.id, o.job_id, o.task, j.queue, o.sent_at FROM public.outbox o JOIN public.jobs j ON j.id = o.job_id
            WHERE j.state = 'queued' ORDER BY o.id""",
        to=WORKER,
    )
    definer(
        "outbox_renew(worn bigint)",
        "bigint",
        "UPDATE public.outbox SET id = DEFAULT, sent_at = NULL WHERE id = worn RETURNING id",
        volatility="VOLATILE",
        to=WORKER,
    )
    definer(
        "job_give_back(stale interval, most smallint, reason text)",
        "TABLE (job_id bigint, state text)",
        """WITH dead AS (
             SELECT j.id FROM public.jobs j WHERE j.state = 'running' AND j.heartbeat_at < clock_timestamp() - stale FOR UPDATE SKIP LOCKED),
           moved AS (
             UPDATE public.jobs j SET
                    state = CASE WHEN j.attempts >= most THEN 'failed' ELSE 'queued' END,
                    error = CASE WHEN j.attempts >= most THEN reason ELSE '' END,
                    sealed_token = CASE WHEN j.attempts >= most THEN NULL ELSE j.sealed_token END,
                    finished_at = CASE WHEN j.attempts >= most THEN clock_timestamp() END
               FROM dead WHERE j.id = dead.id RETURNING j.id, j.task, j.state, j.public_id),
           freed AS (UPDATE public.outbox o SET id = DEFAULT, sent_at = NULL FROM moved WHERE o.job_id = moved.id AND moved.state = 'queued'),
           dropped AS (DELETE FROM public.outbox o USING moved WHERE o.job_id = moved.id AND moved.state = 'failed'),
           closed AS (DELETE FROM private.sessions s USING moved WHERE s.kind = 'job' AND s.public_id = moved.public_id AND moved.state = 'failed')
           SELECT moved.id, moved.state FROM moved""",
        volatility="VOLATILE",
        to=WORKER,
    )
    definer(
        "job_schedule(wanted_schedule text, wanted_slot timestamptz, wanted_task text, wanted_queue text, wanted_label text, new_public_id text)",
        "bigint",
        """WITH planned AS (
             INSERT INTO public.jobs (public_id, kind, task, queue, label, schedule, slot)
             VALUES (new_public_id, 'schedule', wanted_task, wanted_queue, wanted_label, wanted_schedule, wanted_slot)
             ON CONFLICT (schedule, slot) DO NOTHING RETURNING id, task)
           INSERT INTO public.outbox (job_id, task) SELECT id, task FROM planned RETURNING job_id""",
        volatility="VOLATILE",
        to=WORKER,
    )
    definer(
        "job_purge(older interval)",
        "bigint",
        """WITH last AS (SELECT DISTINCT ON (schedule) id FROM public.jobs WHERE schedule IS NOT NULL ORDER BY schedule, slot DESC),
           gone AS (DELETE FROM public.jobs j WHERE j.finished_at < now() - older AND j.id NOT IN (SELECT id FROM last) RETURNING 1)
           SELECT count(*) FROM gone""",
        volatility="VOLATILE",
        to=WORKER,
    )


def _other_functions() -> None:
    definer(
        "job_cancel(wanted text)",
        "boolean",
        """WITH stopped AS (
             UPDATE public.jobs j SET state = 'cancelled', sealed_token = NULL, finished_at = clock_timestamp()
              WHERE j.public_id = wanted AND j.user_id = odis.user_id() AND j.owner_org_id = odis.org() AND j.state IN ('queued', 'running')
          RETURNING j.id, j.public_id),
           sent AS (DELETE FROM public.outbox o USING stopped WHERE o.job_id = stopped.id),
           closed AS (DELETE FROM private.sessions s USING stopped WHERE s.kind = 'job' AND s.public_id = stopped.public_id)
           SELECT EXISTS (SELECT 1 FROM stopped)""",
        volatility="VOLATILE",
    )
    definer(
        "job_depths()",
        "TABLE (queue text, queued bigint, running bigint, oldest_at timestamptz)",
        """SELECT j.queue, count(*) FILTER (WHERE j.state = 'queued'), count(*) FILTER (WHERE j.state = 'running'),
                  min(j.created_at) FILTER (WHERE j.state = 'queued')
             FROM public.jobs j WHERE j.state IN ('queued', 'running') GROUP BY j.queue""",
    )
    definer(
        "schedule_runs()",
        "TABLE (schedule text, slot timestamptz, state text, finished_at timestamptz)",
        """SELECT DISTINCT ON (j.schedule) j.schedule, j.slot, j.state, j.finished_at
             FROM public.jobs j WHERE j.schedule IS NOT NULL ORDER BY j.schedule, j.slot DESC""",
    )
    definer(
        "key_check_add(check_name text, check_fingerprint text)",
        "void",
        "INSERT INTO public.key_checks (name, fingerprint) VALUES (check_name, check_fingerprint) ON CONFLICT (name) DO NOTHING",
        volatility="VOLATILE",
    )
