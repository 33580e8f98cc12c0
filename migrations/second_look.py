"""A validation decided by one person alone (0015): the places of the offer are matched once somebody else has read it over, not before.

``places.validated_until`` is the second signature: no place is proposed without it (``orientations``), the shortlists read it (H01), and
it cannot be written while the validation waits. Confirming writes it; a validation that stood before a renewal stands to its own end.
"""

from __future__ import annotations

from migrations.walls import definer, drop_definer, run

# Who decided last: a decision taken since by somebody else is not the one that waits.
DECIDED = "(SELECT (e.data ->> 'author')::bigint FROM public.offer_events e WHERE e.offer_id = o.id AND e.kind = 'decision' ORDER BY e.id DESC LIMIT 1)"
STANDS = f"coalesce({DECIDED}, r.author_user_id) = r.author_user_id"
DEFINERS = ("awaits_review(offer bigint)", "offer_confirmed(review bigint)")


def second_look_functions() -> None:
    """Create them; ``odis.review_decide`` calls ``odis.offer_confirmed``."""
    definer(
        DEFINERS[0],
        "boolean",
        f"""SELECT EXISTS (
             SELECT 1 FROM public.offers o JOIN public.reviews r ON r.record_id = o.id AND r.subject = o.public_id AND r.kind = 'offer_decision'
              WHERE o.id = offer AND o.owner_org_id = odis.housing_org() AND r.decided_at IS NULL AND {STANDS})""",
    )
    definer(
        DEFINERS[1],
        "void",
        f"""UPDATE public.places p SET validated_until = o.validated_until
             FROM public.reviews r JOIN public.offers o ON o.id = r.record_id AND o.public_id = r.subject
            WHERE r.id = review AND r.kind = 'offer_decision' AND r.verdict = 'confirmed' AND r.decided_at = now() AND {STANDS}
              AND o.qualification_status = 'validee' AND p.offer_id = o.id""",
        volatility="VOLATILE",
        to="odis_auth",
    )
    run("""
    CREATE FUNCTION odis.guard_validated() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    BEGIN
      IF current_user IN ('odis_app', 'odis_worker') AND NEW.validated_until IS DISTINCT FROM OLD.validated_until AND odis.awaits_review(NEW.offer_id) THEN
        RAISE insufficient_privilege USING MESSAGE = 'a validation decided alone is read over before its places are proposed';
      END IF;
      RETURN NEW;
    END $$""")
    run("ALTER FUNCTION odis.guard_validated() OWNER TO odis_auth")
    run("REVOKE ALL ON FUNCTION odis.guard_validated() FROM PUBLIC")
    run("""CREATE TRIGGER guard_validated BEFORE INSERT OR UPDATE OF validated_until ON places FOR EACH ROW
        WHEN (NEW.offer_id IS NOT NULL AND NEW.validated_until IS NOT NULL) EXECUTE FUNCTION odis.guard_validated()""")


def drop_second_look() -> None:
    """Undo ``second_look_functions``."""
    run("DROP TRIGGER guard_validated ON places")
    run("DROP FUNCTION odis.guard_validated()")
    for signature in reversed(DEFINERS):
        drop_definer(signature)
