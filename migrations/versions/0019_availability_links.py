"""The link of an operator's reminder: it opens the availability list of one structure, and serves once.

Whoever holds it has no session. Three functions are all that the link can do: reading these places without whose days they
are, saying what became of them, and nothing else. The second demands the proof of the application besides the secret, of
which the database keeps the hash alone. No household can be reached: a followed stay is never ended here.
"""

from __future__ import annotations

from migrations.walls import TODAY, auth_writes, definer, drop_definer, run, wall

revision = "0019_availability_links"
down_revision = "0018_exceptions"

WEB, WORKER = "odis_app", "odis_worker"
JOB = "(SELECT odis.system_name()) = 'system:remind-operators'"
SHOWN = 60  # lines of one page; the longest without news come first
MOTIFS = "'desinsectisation', 'travaux', 'remise_en_etat', 'sous_occupation', 'retrait_hote', 'incident'"
# Who speaks for a place: the people of its structure, or those who qualify offers where it comes from one.
SPEAKS = """m.role = ANY (CASE WHEN {structure} IS NULL THEN ARRAY['qualificateur_offres'] ELSE ARRAY['operateur', 'bailleur'] END)
             AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)"""
SERVES = "o.deactivated_at IS NULL AND o.activated_at IS NOT NULL AND u.deactivated_at IS NULL"
LINK = """public.availability_links l JOIN public.organisations o ON o.id = l.organisation_id JOIN public.users u ON u.id = l.user_id
              LEFT JOIN public.structures st ON st.id = l.structure_id AND st.owner_org_id = l.organisation_id"""
ROLES = f"""ARRAY(SELECT m.role FROM public.memberships m WHERE m.user_id = l.user_id AND m.organisation_id = l.organisation_id
             AND {SPEAKS.format(structure="l.structure_id")})"""
LIVE = f"l.token_hash = hash AND l.used_at IS NULL AND l.expires_at > now() AND {SERVES} AND cardinality({ROLES}) > 0"
HELD = "coalesce(p.structure_id, (SELECT k.structure_id FROM public.place_addresses k WHERE k.place_id = p.id AND p.secret_record_id IS NOT NULL))"
LISTED = f"""p.owner_org_id = {{link}}.organisation_id AND {HELD} IS NOT DISTINCT FROM {{link}}.structure_id
             AND (p.closed_on IS NULL OR p.closed_on > {TODAY})"""
SHOWN_NAME = "CASE WHEN st.location_secret THEN st.number ELSE coalesce(st.name, '') END"
# « Occupée », said of a place where somebody stays already: nothing changed.
ANSWERS = """(SELECT g.place, g.motif, g.until, g.id,
                              CASE WHEN g.state = 'occupee' AND EXISTS (SELECT 1 FROM public.occupancies c JOIN public.places h ON h.id = c.place_id
                                WHERE h.public_id = g.place AND c.kind = 'stay' AND c.released_at IS NULL AND c.during @> today) THEN 'same' ELSE g.state END AS state
                         FROM jsonb_to_recordset(answers::jsonb) AS g(place text, state text, motif text, until date, id text)) a"""
DEFINERS = {
    "due": "availability_due(older interval, again interval)",
    "peek": "availability_peek(hash bytea)",
    "save": "availability_save(hash bytea, proof bytea, answers text, request text)",
}


def upgrade() -> None:
    run(f"""
    CREATE TABLE availability_links (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_availability_links_public_id UNIQUE,
      organisation_id bigint NOT NULL REFERENCES organisations ON DELETE CASCADE,
      structure_id bigint,
      user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
      token_hash bytea NOT NULL CONSTRAINT uq_availability_links_token UNIQUE,
      sent_on date NOT NULL DEFAULT {TODAY},
      expires_at timestamptz NOT NULL,
      used_at timestamptz,
      CONSTRAINT fk_availability_links_structure FOREIGN KEY (structure_id, organisation_id) REFERENCES structures (id, owner_org_id)
        ON UPDATE CASCADE ON DELETE CASCADE,
      CONSTRAINT uq_availability_links_day UNIQUE NULLS NOT DISTINCT (organisation_id, structure_id, user_id, sent_on),
      CONSTRAINT ck_availability_links_token CHECK (octet_length(token_hash) = 32)
    )""")
    wall("availability_links", select=JOB, insert=JOB, delete=f"{JOB} AND expires_at < now() - interval '90 days'")
    auth_writes("availability_links", "UPDATE, DELETE")
    auth_writes("places", "UPDATE")
    _due()
    _peek()
    _save()


def downgrade() -> None:
    for signature in reversed(DEFINERS.values()):
        drop_definer(signature)
    run("DROP TABLE availability_links")
    run("DROP POLICY auth_writes ON places")
    run("REVOKE UPDATE ON places FROM odis_auth")


def _due() -> None:
    """Whom the job writes to: each structure whose news are old and that nobody was asked about lately."""
    definer(
        DEFINERS["due"],
        "TABLE (organisation_id bigint, structure_id bigint, user_id bigint, email text, structure text, places bigint)",
        f"""WITH old AS (
             SELECT p.owner_org_id, {HELD} AS structure_id, count(*) AS places FROM public.places p
              WHERE p.confirmed_at < now() - older AND (p.closed_on IS NULL OR p.closed_on > {TODAY}) GROUP BY 1, 2)
           SELECT DISTINCT o.id, old.structure_id, u.id, u.email, {SHOWN_NAME}, old.places
             FROM old JOIN public.organisations o ON o.id = old.owner_org_id
             LEFT JOIN public.structures st ON st.id = old.structure_id AND st.owner_org_id = old.owner_org_id
             JOIN public.memberships m ON m.organisation_id = o.id AND {SPEAKS.format(structure="old.structure_id")}
             JOIN public.users u ON u.id = m.user_id
            WHERE {JOB} AND {SERVES}
              AND NOT EXISTS (SELECT 1 FROM public.availability_links l WHERE l.organisation_id = o.id
                               AND l.structure_id IS NOT DISTINCT FROM old.structure_id AND l.sent_on > {TODAY} - again)
            ORDER BY 1, 2, 3""",
        to=WORKER,
    )


def _peek() -> None:
    """The list as the link shows it: a stay says « occupée » whoever lives there, and not until when."""
    definer(
        DEFINERS["peek"],
        "TABLE (organisation text, structure text, expires_at timestamptz, total bigint, public_id text, number text, label text, kind text, "
        "capacity smallint, confirmed_at timestamptz, state text, motif text, until date)",
        f"""SELECT o.name, {SHOWN_NAME}, l.expires_at, count(*) OVER (), p.public_id, p.number,
                   CASE WHEN p.location_secret OR coalesce(st.location_secret, false) THEN '' ELSE p.label END, p.kind, p.capacity, p.confirmed_at,
                   CASE WHEN t.away THEN 'indisponible' WHEN t.lived_in THEN 'occupee'
                        WHEN p.opened_on IS NULL OR p.opened_on > {TODAY} THEN 'en_creation'
                        WHEN t.promised THEN 'reservee' ELSE 'disponible' END,
                   coalesce(t.motif, ''), t.until
              FROM {LINK} JOIN public.places p ON {LISTED.format(link="l")}
             CROSS JOIN LATERAL (
               SELECT coalesce(bool_or(c.kind = 'unavailable' AND c.during @> {TODAY}), false) AS away,
                      coalesce(bool_or(c.kind = 'stay' AND c.during @> {TODAY}), false) AS lived_in,
                      coalesce(bool_or(c.kind <> 'unavailable' AND (c.kind = 'reservation' OR lower(c.during) > {TODAY})), false) AS promised,
                      max(c.motif) FILTER (WHERE c.kind = 'unavailable' AND c.during @> {TODAY}) AS motif,
                      max(upper(c.during)) FILTER (WHERE c.kind = 'unavailable' AND c.during @> {TODAY}) AS until
                 FROM public.occupancies c
                WHERE c.place_id = p.id AND c.released_at IS NULL AND (c.kind <> 'reservation' OR c.expires_at > now())
                  AND (upper_inf(c.during) OR upper(c.during) > {TODAY})) t
             WHERE {LIVE} ORDER BY p.confirmed_at, p.id LIMIT {SHOWN}""",
        to=WEB,
    )


def _save() -> None:
    """All the answers or none; two at once, one wins. Returns (place, what is wrong): nothing when it is written.

    ``answers``: a JSON list of {place, state, motif, until, id}; ``id`` names the days that it may take. The locks are those of
    housing.operations.occupancies, taken in the order of the places.
    """
    definer(
        DEFINERS["save"],
        "TABLE (place text, problem text)",
        f"""
        DECLARE link record; said record; wrong text; today date := {TODAY}; refused jsonb := '[]'; what text; sentence text;
        BEGIN
          IF proof IS DISTINCT FROM odis.mac(concat_ws('|', 'availability', encode(hash, 'hex'), answers)) THEN
            RETURN QUERY SELECT '', 'dead'; RETURN;
          END IF;
          SELECT l.id, l.public_id, l.organisation_id, l.structure_id, l.user_id, u.first_name || ' ' || u.last_name AS name, o.name AS organisation,
                 {ROLES} AS roles INTO link FROM {LINK} WHERE {LIVE} FOR UPDATE OF l;
          IF NOT FOUND THEN RETURN QUERY SELECT '', 'dead'; RETURN; END IF;
          FOR said IN SELECT a.*, p.id AS place_id FROM {ANSWERS} LEFT JOIN public.places p ON p.public_id = a.place AND {LISTED.format(link="link")} ORDER BY p.id
          LOOP
            wrong := CASE WHEN said.place_id IS NULL THEN 'gone'
              WHEN said.state NOT IN ('same', 'disponible', 'occupee', 'indisponible') OR (said.until IS NOT NULL AND said.state <> 'indisponible') THEN 'state'
              WHEN said.state = 'indisponible' AND coalesce(said.motif, '') NOT IN ({MOTIFS}) THEN 'motif'
              WHEN said.until <= today THEN 'until' END;
            IF wrong IS NULL AND said.state <> 'same' THEN
              PERFORM pg_advisory_xact_lock(hashtextextended('place:' || said.place_id, 0)), odis.release_expired(said.place_id);
              SELECT CASE WHEN bool_or(c.during @> today AND c.kind = 'reservation') THEN 'reserved'
                          WHEN bool_or(c.during @> today AND c.followed) THEN 'followed'
                          WHEN said.state <> 'disponible' AND bool_or(NOT c.during @> today AND c.during && daterange(today, said.until)) THEN 'taken' END
                INTO wrong FROM public.occupancies c WHERE c.place_id = said.place_id AND c.released_at IS NULL;
            END IF;
            IF wrong IS NOT NULL THEN refused := refused || jsonb_build_object('place', said.place, 'problem', wrong); END IF;
          END LOOP;
          IF refused <> '[]' THEN
            RETURN QUERY SELECT r.place, r.problem FROM jsonb_to_recordset(refused) AS r(place text, problem text); RETURN;
          END IF;
          FOR said IN SELECT a.*, p.id AS place_id, p.owner_org_id, p.department_code, p.record_id FROM {ANSWERS}
                        JOIN public.places p ON p.public_id = a.place AND {LISTED.format(link="link")} ORDER BY p.id
          LOOP
            IF said.state <> 'same' THEN
              UPDATE public.occupancies c SET released_at = CASE WHEN lower(c.during) >= today THEN now() END,
                     during = CASE WHEN lower(c.during) < today THEN daterange(lower(c.during), today) ELSE c.during END
               WHERE c.place_id = said.place_id AND c.released_at IS NULL AND c.during @> today;
              IF said.state <> 'disponible' THEN
                INSERT INTO public.occupancies (public_id, place_id, owner_org_id, department_code, during, kind, motif)
                VALUES (said.id, said.place_id, said.owner_org_id, said.department_code, daterange(today, said.until),
                        CASE said.state WHEN 'occupee' THEN 'stay' ELSE 'unavailable' END, CASE said.state WHEN 'occupee' THEN '' ELSE said.motif END);
              END IF;
            END IF;
            UPDATE public.places p SET confirmed_at = now(), confirmed_by_label = link.name,
                   opened_on = CASE WHEN said.state = 'same' THEN p.opened_on ELSE coalesce(p.opened_on, today) END WHERE p.id = said.place_id;
            what := CASE said.state WHEN 'same' THEN 'place:confirm' ELSE 'place:availability' END;
            sentence := CASE said.state WHEN 'same' THEN 'Rien n’a changé' WHEN 'disponible' THEN 'Place déclarée disponible'
                             WHEN 'occupee' THEN 'Place déclarée occupée' ELSE 'Place déclarée indisponible' END || ', par le lien d’un rappel';
            INSERT INTO public.audit_events (action, actor_kind, actor_user_id, actor_org_id, actor_roles, actor_label, org_label, record_id,
                                             record_owner_org_id, summary, data, request_id)
            VALUES (what, 'link', link.user_id, link.organisation_id, link.roles, link.name, link.organisation, said.record_id,
                    said.owner_org_id, sentence, jsonb_build_object('place', said.place, 'link', link.public_id), coalesce(request, ''));
          END LOOP;
          UPDATE public.availability_links SET used_at = now() WHERE id = link.id;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to=WEB,
    )
