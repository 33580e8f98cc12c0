"""The pages of cooperation, as people use them without script: share again, entrust, hand over, ask, join, read over, explain."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.access.models import Grant, Passation, Review
from odis_app.access.operations import except_permission, share_record
from odis_app.access.sight import READINGS
from odis_app.accounts.models import User
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.formats import jour_long
from odis_app.core.permissions import REGISTRY, Role
from odis_app.households import operations as do
from odis_app.households import policy
from odis_app.households.models import Household
from odis_app.households.operations.protected import HealthNeed
from odis_app.households.queries.sight import Block, who_reads
from odis_app.organisations.models import Organisation
from odis_app.organisations.seeds import Actor
from tests.households.conftest import Town
from tests.support.client import StrictClient, text_of
from tests.support.worlds import WorldBuilder, confirmed, open_class2, owner_unit


def file(public_id: str) -> Household:
    return db.execute(select(Household).where(Household.public_id == public_id)).scalar_one()


def share(town: Town, family: str, to: Actor, level: ShareLevel = ShareLevel.FULL, max_class: int = 1) -> None:
    with town.camille.acting() as identity:
        share_record(
            identity, record_id=file(family).id, owner_org_id=town.camille.org_id, grantee_org_id=to.org_id, level=level,
            purpose=SharePurpose.ACCOMPAGNEMENT, max_class=max_class,
        )  # fmt: skip


def public_ids(actor: Actor) -> tuple[str, str]:
    """(of the person, of the organisation)."""
    with owner_unit():
        return db.get_one(User, actor.user_id).public_id, db.get_one(Organisation, actor.org_id).public_id


def test_a_share_is_renewed_in_one_tap_and_both_sides_are_told_before_it_closes(
    client: StrictClient, town: Town, family: str
) -> None:
    share(town, family, town.neighbour)
    with owner_unit():
        db.execute(update(Grant).values(expires_at=text("now() + interval '5 days'")))
        grant = db.execute(select(Grant.public_id)).scalar_one()
    for actor, words in ((town.camille, "Partage à renouveler"), (town.neighbour, "Partage reçu qui se ferme")):
        assert words in client.as_(actor).get("/").text
    client.as_(town.camille).post(f"/menages/{family}/partages/{grant}/prolonger", {})
    with town.camille.acting():
        ends = db.execute(select(Grant.expires_at).where(Grant.revoked_at.is_(None))).scalar_one()
        assert (ends - clock.now()).days == 34
    assert "Partage reçu" not in client.as_(town.neighbour).get("/").text


def test_a_file_is_entrusted_and_leaves_the_home_page_once_opened(
    client: StrictClient, town: Town, family: str
) -> None:
    someone, _ = public_ids(town.sacha)
    me = client.as_(town.camille)
    me.post(f"/menages/{family}/confier", {"referent": "", "word": ""}, status=422)
    me.post(f"/menages/{family}/confier", {"referent": someone, "word": "Rendez-vous lundi à la CAF."})
    theirs = client.as_(town.sacha)
    home = theirs.get("/").text
    assert "vous confie ce dossier" in home
    assert "Rendez-vous lundi à la CAF." in home
    assert "Rendez-vous lundi" in theirs.get(f"/menages/{family}/confier").text
    theirs.get(f"/menages/{family}")
    assert "vous confie ce dossier" not in theirs.get("/").text


def test_a_file_is_handed_over_page_after_page(client: StrictClient, town: Town, family: str) -> None:
    _, theirs = public_ids(town.neighbour)
    referent, _ = public_ids(town.neighbour)
    today = clock.today().isoformat()
    giving = client.as_(town.camille)
    form = giving.get(f"/menages/{family}/passation").text
    assert "sans nom" in form
    giving.post(f"/menages/{family}/passation", {"organisation": theirs, "due_on": today, "reason": ""}, status=422)
    giving.post(
        f"/menages/{family}/passation",
        {"organisation": theirs, "due_on": today, "reason": "La famille déménage.", "summary": "Dossier CAF ouvert."},
    )
    with owner_unit():
        passation = db.execute(select(Passation.public_id)).scalar_one()
    assert "Proposée : passation pour le" in giving.get(f"/menages/{family}/partages").text
    receiving = client.as_(town.neighbour)
    assert "Un dossier vous est proposé" in receiving.get("/").text
    page = receiving.get(f"/menages/passations/{passation}").text
    assert f"Sans réponse le {jour_long(clock.today() + timedelta(days=policy.ANSWER_DAYS))}" in page
    assert "La famille déménage." in page
    assert "Dossier CAF ouvert." in page
    assert "Nemounehzadeh" not in page
    assert "Laila" not in page
    client.as_(town.elsewhere).get(f"/menages/passations/{passation}", status=404)
    client.as_(town.camille).post(f"/menages/passations/{passation}/accepter", {"referent": referent}, status=403)
    receiving = client.as_(town.neighbour)
    receiving.post(f"/menages/passations/{passation}/accepter", {"referent": referent})
    assert "Nemounehzadeh" in receiving.get(f"/menages/{family}").text
    client.as_(town.camille).get(f"/menages/{family}/modifier", status=403)
    assert "Faite" in receiving.get("/menages/passations").text


def test_class_three_leaves_and_arrives_under_a_renewed_proof_and_nothing_typed_is_lost(
    client: StrictClient, town: Town, family: str
) -> None:
    referent, theirs = public_ids(town.neighbour)
    typed = {
        "organisation": theirs,
        "due_on": clock.today().isoformat(),
        "reason": "La famille déménage à Nort.",
        "summary": "Dossier CAF ouvert.",
        "safety": "y",
    }
    giving = client.as_(town.sacha)
    assert "votre identité vous sera redemandée" in giving.get(f"/menages/{family}/passation").text
    asked = giving.post(f"/menages/{family}/passation", typed, status=401)
    assert "La famille déménage à Nort." in asked.text
    assert "Dossier CAF ouvert." in asked.text
    client.as_(confirmed(town.sacha)).post(f"/menages/{family}/passation", typed)
    with owner_unit():
        passation = db.execute(select(Passation.public_id)).scalar_one()
    receiving = client.as_(town.neighbour)
    assert "Votre identité vous sera redemandée" in receiving.get(f"/menages/passations/{passation}").text
    asked = receiving.post(f"/menages/passations/{passation}/accepter", {"referent": referent}, status=401)
    assert referent in asked.text
    client.as_(confirmed(town.neighbour)).post(f"/menages/passations/{passation}/accepter", {"referent": referent})
    with owner_unit():
        assert file(family).owner_org_id == town.neighbour.org_id


def test_a_request_is_answered_by_preparing_the_handover(client: StrictClient, town: Town, family: str) -> None:
    share(town, family, town.neighbour, ShareLevel.MINIMAL)
    client.as_(town.neighbour).post(f"/menages/{family}/demander", {"reason": "Le ménage vit chez nous."})
    with owner_unit():
        asked = db.execute(select(Passation.public_id)).scalar_one()
    owner = client.as_(town.camille)
    assert "demande à suivre ce ménage" in owner.get("/").text
    assert "Préparer la passation" in owner.get(f"/menages/passations/{asked}").text
    _, theirs = public_ids(town.neighbour)
    form = owner.get(f"/menages/{family}/passation?demande={asked}").text
    assert f'<option selected value="{theirs}">' in form
    owner.post(f"/menages/passations/{asked}/refuser", {"answer": "Le suivi finit bientôt."})
    assert "Le suivi finit bientôt." in client.as_(town.neighbour).get(f"/menages/passations/{asked}").text


def test_joining_asks_for_a_renewed_proof_then_opens_and_is_read_over(
    client: StrictClient, town: Town, family: str
) -> None:
    with owner_unit():
        number = file(family).number
    typed = {
        "number": number,
        "born": "1990-03-04",
        "reason": "mise_a_l_abri",
        "words": "La famille est devant la porte.",
    }
    asked = client.as_(town.neighbour).get("/menages/se-rattacher", status=303)
    assert "/menages/se-rattacher" not in asked.headers["Location"].partition("?")[0]
    sure = confirmed(town.neighbour)
    joining = client.as_(sure)
    assert "3 essais possibles" in joining.get("/menages/se-rattacher").text.replace("\u00a0", " ")
    assert "Écrivez le numéro" in joining.post("/menages/se-rattacher", typed | {"number": " "}, status=422).text
    wrong = joining.post("/menages/se-rattacher", typed | {"born": "1990-03-05"}, status=200).text
    assert "Aucun dossier n’est ouvert" in wrong
    assert "La famille est devant la porte." in wrong  # nothing of what was typed is lost
    assert "2 essais possibles" in wrong.replace("\u00a0", " ")  # the try is spent, an empty number was none
    assert joining.post("/menages/se-rattacher", typed).headers["Location"].endswith(family)
    assert "Nemounehzadeh" in joining.get(f"/menages/{family}").text
    assert "s’est rattaché à ce dossier" in client.as_(town.camille).get("/").text
    steering = client.as_(town.ddets).get("/").text
    assert number in steering
    assert "mise à l’abri ce jour" in steering
    assert "Nemounehzadeh" not in steering
    with owner_unit():
        review = db.execute(select(Review.public_id)).scalar_one()
    second = client.as_(town.sacha)
    assert "Rattachement en urgence : à relire" in second.get("/").text
    assert "La famille est devant la porte." in second.get(f"/relectures/{review}").text
    second.post(f"/relectures/{review}/decider", {"verdict": "contested", "words": ""}, status=422)
    second.post(f"/relectures/{review}/decider", {"verdict": "contested", "words": "Le référent répondait."})
    client.as_(sure).get(f"/menages/{family}", status=404)


def test_who_can_read_a_block_is_what_the_walls_say(town: Town, family: str, world: WorldBuilder) -> None:
    open_class2()
    share(town, family, town.neighbour, max_class=2)
    share(town, family, town.operator)
    share(town, family, town.elsewhere, ShareLevel.MINIMAL)
    with town.camille.acting() as identity:
        do.update_health_needs(identity, household=file(family), values={"maternity": HealthNeed(2)}, version=None)
    people = [
        (town.camille, Role.TRAVAILLEUR_SOCIAL), (town.sacha, Role.COORDINATEUR), (town.neighbour, Role.TRAVAILLEUR_SOCIAL),
        (town.elsewhere, Role.TRAVAILLEUR_SOCIAL), (town.operator, Role.OPERATEUR), (town.ddets, Role.DDETS),
        *((world.actor("association", "44", colleague_of=town.camille, roles=(role,)), role) for role in (Role.TRAVAILLEUR_SOCIAL, Role.QUALIFICATEUR_OFFRES)),
        (world.actor("operateur", "53", colleague_of=town.operator, roles=(Role.COORDINATEUR,)), Role.COORDINATEUR),
    ]  # fmt: skip
    sql = {
        Block.HEADER: "SELECT count(*) FROM households", Block.FILE: "SELECT count(*) FROM members",
        Block.HEALTH: "SELECT count(*) FROM household_health_needs", Block.SAFETY: "SELECT count(*) FROM member_safety",
    }  # fmt: skip
    answers = {}
    with town.camille.acting():
        told = {block: who_reads(file(family), block) for block in Block}
        for block in Block:
            for actor, role in people:
                answers[actor.user_id, block] = told[block].includes(
                    org_id=actor.org_id, user_id=actor.user_id, roles={role}
                )
    for actor, role in people:
        with confirmed(actor).acting():
            for block, statement in sql.items():
                assert (db.execute(text(statement)).scalar_one() > 0) is answers[actor.user_id, block], (
                    role,
                    actor.org_id,
                    block,
                )


def test_the_page_names_the_roles_and_the_shares(client: StrictClient, town: Town, family: str) -> None:
    share(town, family, town.neighbour)
    page = client.as_(town.camille).get(f"/menages/{family}").text
    assert "Qui peut lire ceci" in page
    assert "Accompagnement commun, jusqu’au" in page
    assert "et la personne référente" in page


@pytest.fixture
def admin(world: WorldBuilder, town: Town) -> Actor:
    return world.actor("admin_organisation", "44", colleague_of=town.camille)


def test_an_administrator_is_told_why_a_colleague_does_not_see(
    client: StrictClient, town: Town, family: str, admin: Actor, world: WorldBuilder
) -> None:
    with owner_unit():
        number = file(family).number
    operator = world.actor("operateur", "44", colleague_of=town.camille)
    asked = client.as_(admin)

    def why(actor: Actor, wanted: str) -> str:
        someone, _ = public_ids(actor)
        return asked.post("/equipe/acces", {"member": someone, "number": wanted}, status=200).text

    assert "n’est ni l’une ni l’autre" in why(operator, number)
    assert "lit aussi la sécurité" in why(town.camille, number)
    assert "n’ouvre aucun dossier" in why(admin, number)
    neutral = "n’a été suivi par votre organisation ni partagé avec elle"
    assert neutral in why(operator, "M-44-9999")
    theirs = client.as_(world.actor("admin_organisation", "44", colleague_of=town.neighbour))
    someone, _ = public_ids(town.neighbour)
    ask = {"member": someone, "number": number}
    assert neutral in theirs.post("/equipe/acces", ask, status=200).text
    foreign, _ = public_ids(town.camille)
    theirs.post("/equipe/acces", ask | {"member": foreign}, status=422)
    share(town, family, town.neighbour, ShareLevel.MINIMAL)
    assert "au niveau minimal" in theirs.post("/equipe/acces", ask, status=200).text
    with owner_unit():
        db.execute(update(Grant).values(revoked_at=clock.now()))
    assert "ce partage a pris fin le" in theirs.post("/equipe/acces", ask, status=200).text


def test_an_administrator_is_told_of_what_an_exception_takes_and_gives(
    client: StrictClient, town: Town, family: str, admin: Actor, world: WorldBuilder
) -> None:
    """Who, until when, by whom and why; what is taken is no longer said to be read, what is given opens nothing that the role closes."""
    with owner_unit():
        number = file(family).number
    colleague = world.actor("association", "44", colleague_of=town.camille, roles=(Role.TRAVAILLEUR_SOCIAL,))
    asked = client.as_(admin)

    def why() -> str:
        return text_of(asked.post("/equipe/acces", {"member": public_ids(colleague)[0], "number": number}, status=200))

    assert "exception" not in why()
    except_(admin, colleague, "household:read_safety", gives=True)
    except_(admin, colleague, "household:read_full", gives=False)
    told = why()
    assert "donne à" in told
    assert "Elle n’ouvre rien de ce que son rôle" in told
    assert "n’en lit que le numéro" in told
    assert "Remplacement de Dominique" in told
    assert "en lit la composition" not in told
    except_(admin, colleague, "household:read", gives=False)
    closed = why()
    assert "aucun dossier ne s’ouvre" in closed
    assert "suivi par votre organisation" not in closed
    client.as_(colleague).get(f"/menages/{family}", status=403)


def test_the_page_counts_exceptions_and_names_them_at_home_alone(
    client: StrictClient, town: Town, family: str, admin: Actor, world: WorldBuilder
) -> None:
    share(town, family, town.neighbour)
    theirs = world.actor("admin_organisation", "44", colleague_of=town.neighbour)
    colleague = world.actor("association", "44", colleague_of=town.camille)
    except_(admin, colleague, "household:read_full", gives=False)
    except_(admin, colleague, "household:share", gives=False)
    except_(theirs, town.neighbour, "household:read_full", gives=False)
    with town.camille.acting():
        block = who_reads(file(family), Block.FILE)
        assert [(w.org_id, w.user_id) for w in block.without] == [
            (colleague.org_id, colleague.user_id), (town.neighbour.org_id, None),
        ]  # fmt: skip
        assert not block.includes(org_id=colleague.org_id, user_id=colleague.user_id, roles={Role.TRAVAILLEUR_SOCIAL})
        assert who_reads(file(family), Block.HEADER).without == ()
    page = text_of(client.as_(town.camille).get(f"/menages/{family}"))
    assert "sauf Association Fictif" in page
    assert "sauf 1 personne par exception" in page
    with owner_unit():
        key = file(family).id
    with town.elsewhere.acting():
        assert db.execute(text("SELECT * FROM odis.readings_taken(:id)"), {"id": key}).all() == []


def test_a_permission_given_beside_the_roles_opens_no_block() -> None:
    """Every role that the classes let in holds the permission already: « qui peut lire ceci » has nothing to add."""
    within = {Block.HEADER: 0, Block.FILE: 0, Block.HEALTH: 2}
    levels = {Role.DDETS: 1, Role.OPERATEUR: 1, Role.TRAVAILLEUR_SOCIAL: 2, Role.COORDINATEUR: 3}
    for block, level in within.items():
        assert {role for role, own in levels.items() if own >= level} <= set(block.permission.roles), block
    assert set(READINGS) <= set(REGISTRY)


def except_(admin: Actor, member: Actor, name: str, *, gives: bool) -> None:
    with admin.acting() as identity:
        except_permission(
            identity, member=db.get_one(User, member.user_id), permission=name, gives=gives, motive="Remplacement de Dominique.",
            until=clock.today() + timedelta(days=30),
        )  # fmt: skip
