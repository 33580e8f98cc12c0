"""A proposal from its sending to its end: both sides answer, in either order, once; the file's stage follows."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.households.models import Member
from odis_app.households.operations.protected import Safety
from odis_app.housing.models import Occupancy, PlaceAddress
from odis_app.placements import operations as do
from odis_app.placements import queries
from odis_app.placements.enums import EndedBy, OrientationStatus
from odis_app.placements.models import OrientationRefusal
from tests.placements.conftest import MARK, NAMES, PEOPLE, Town, found, stay
from tests.support.worlds import WorldBuilder, confirmed, owner_unit

S = OrientationStatus


def occupancies(town: Town, place: str = "") -> list[tuple[str, bool]]:
    with town.operator.acting():
        statement = select(Occupancy).where(Occupancy.place_id == town.home(place).id).order_by(Occupancy.id)
        return [(o.kind, o.released_at is None) for o in db.execute(statement).scalars()]


def test_proposing_holds_the_place_and_moves_the_file(town: Town) -> None:
    assert town.status() == "a_orienter"
    orientation = town.propose()
    assert town.status() == "orientation_en_cours"
    assert occupancies(town) == [("reservation", True)]
    with town.camille.acting():
        row = found(orientation)
        assert row.status is S.PROPOSEE
        assert timedelta(days=6, hours=23) < row.expires_at - clock.now() <= timedelta(days=7)


def test_an_urgent_proposal_waits_three_days(town: Town) -> None:
    orientation = town.propose(urgent=True)
    with town.camille.acting():
        assert timedelta(hours=71) < found(orientation).expires_at - clock.now() <= timedelta(hours=72)


def test_sent_twice_it_is_proposed_once(town: Town) -> None:
    assert town.propose() == town.propose()
    assert occupancies(town) == [("reservation", True)]


def test_a_second_proposal_on_the_place_is_refused_in_a_sentence_that_names_nobody(town: Town) -> None:
    town.propose()
    other = town.another_file()
    with pytest.raises(RuleError) as refused:
        town.propose(household=other, start=10)
    assert "déjà réservée pour un autre ménage jusqu’au" in refused.value.message
    assert not any(name in refused.value.message for name in NAMES)
    town.propose(household=other, start=90)  # the day after the last one is free


def test_a_household_has_two_proposals_at_most(town: Town) -> None:
    for _ in range(2):
        town.propose(place=town.another_place())
    with pytest.raises(RuleError, match="déjà 2 proposition"):
        town.propose()


@pytest.mark.parametrize("order", ["household first", "host first"])
def test_both_accept_in_either_order(town: Town, order: str) -> None:
    orientation = town.propose()
    acts = [
        (town.camille, do.accept_for_household, S.ACCEPTEE_MENAGE),
        (town.operator, do.accept_for_host, S.ACCEPTEE_HEBERGEUR),
    ]
    (first, act, expected), (second, other, _) = acts if order == "household first" else acts[::-1]
    with first.acting() as identity:
        assert act(identity, orientation=found(orientation)) is expected
    with second.acting() as identity:
        assert other(identity, orientation=found(orientation)) is S.CONFIRMEE
    assert occupancies(town) == [("stay", True)]
    assert town.status() == "orientation_en_cours"
    with second.acting() as identity:  # sent twice
        assert other(identity, orientation=found(orientation)) is S.CONFIRMEE
    assert occupancies(town) == [("stay", True)]


def test_nobody_answers_for_the_other_side(town: Town) -> None:
    orientation = town.propose()
    with pytest.raises(PermissionError), town.operator.acting() as identity:
        do.accept_for_household(identity, orientation=found(orientation))
    with pytest.raises(PermissionError), town.camille.acting() as identity:
        do.accept_for_host(identity, orientation=found(orientation))


def test_confirming_ends_the_other_proposals_and_frees_their_places(town: Town) -> None:
    elsewhere = town.another_place()
    other = town.propose(place=elsewhere)
    town.confirmed()
    with town.camille.acting():
        assert found(other).status is S.OBSOLETE
        assert "autre proposition" in found(other).motif_label
    assert occupancies(town, elsewhere) == [("reservation", False)]


def test_the_sheet_names_nobody_until_both_agreed(town: Town) -> None:
    orientation = town.propose(message="Arrivée en train, à 18 h.")
    with town.operator.acting():
        row = found(orientation)
        told = json.dumps([row.need_sheet, row.place_sheet, row.message], ensure_ascii=False)
        assert row.need_sheet["size"] == 2
        assert row.need_sheet["ages"] == [
            clock.today().year - 1990 - (clock.today() < PEOPLE[0].birth_date.replace(year=clock.today().year)),
            6,
        ]  # type: ignore[union-attr]
        assert not any(name in told for name in (*NAMES, "Nikadème", "M-44-"))
        assert db.execute(select(Member)).scalars().all() == []
        assert town_file_is_hidden(town)


def town_file_is_hidden(town: Town) -> bool:
    return (
        db.execute(text("SELECT count(*) FROM households WHERE public_id = :id"), {"id": town.household}).scalar_one()
        == 0
    )


def test_a_message_that_names_somebody_is_refused(town: Town) -> None:
    with pytest.raises(RuleError, match="nomme une personne"):
        town.propose(message=f"Bonjour, {NAMES[0].upper()} arrive lundi.")


def test_the_address_opens_with_the_second_agreement_and_closes_with_the_exit(town: Town) -> None:
    def address() -> list[str]:
        with town.camille.acting():
            return [kept.address for kept in db.execute(select(PlaceAddress)).scalars()]

    orientation = town.propose()
    with town.camille.acting() as identity:
        do.accept_for_household(identity, orientation=found(orientation))
    assert address() == []
    with town.operator.acting() as identity:
        do.accept_for_host(identity, orientation=found(orientation))
    assert address() == [MARK]
    with town.operator.acting() as identity:
        do.record_entry(identity, placement=stay(orientation), entered_on=clock.today())
        do.exit_placement(identity, placement=stay(orientation), reason="logement_social", exited_on=clock.today())
    assert address() == []


def test_the_operator_reads_the_file_once_confirmed_never_class_two(town: Town) -> None:
    orientation = town.confirmed()
    with town.operator.acting():
        assert town.file().public_id == town.household
        assert {m.first_name for m in db.execute(select(Member)).scalars()} == {
            PEOPLE[0].first_name,
            PEOPLE[1].first_name,
        }
        for table in ("household_health_needs", "member_safety", "orientation_choices", "orientation_refusals"):
            assert db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
        level, top, purpose = db.execute(text("SELECT level, max_class, purpose FROM grants")).one()
        assert (level, top, purpose) == ("full", 1, "orientation")
    with town.camille.acting() as identity:
        do.cancel(identity, orientation=found(orientation), motif="desistement")
    with town.operator.acting():
        assert town_file_is_hidden(town)


def test_refused_by_the_operator(town: Town) -> None:
    orientation = town.propose()
    with town.operator.acting() as identity:
        do.refuse(
            identity, orientation=found(orientation), party=EndedBy.HEBERGEUR, motif="dates", comment="Travaux en juin."
        )
    assert (town.status(), occupancies(town)) == ("a_orienter", [("reservation", False)])
    with town.camille.acting() as identity:
        row = found(orientation)
        assert (row.status, row.motif_label, row.comment) == (S.REFUSEE, "Dates", "Travaux en juin.")
        with pytest.raises(RuleError, match="n’attend plus de réponse"):
            do.accept_for_household(identity, orientation=row)


def test_why_a_household_refuses_stays_with_its_organisation(town: Town) -> None:
    orientation = town.propose()
    with town.camille.acting() as identity:
        do.refuse(
            identity,
            orientation=found(orientation),
            party=EndedBy.MENAGE,
            motif="securite_danger",
            comment="Une personne y habite.",
        )
    with town.operator.acting():
        row = found(orientation)
        assert row.motif_label == "Motif gardé par l’association"
        assert "sécurité" not in json.dumps([row.motif, row.comment])
        assert db.execute(select(OrientationRefusal)).scalars().all() == []
    with confirmed(town.camille).acting() as identity:  # her own file: she is its referent
        kept = queries.refusal_of(identity, found(orientation))
        assert kept is not None
        assert kept.motif == "securite_danger"


def test_a_health_motif_waits_for_class_two(town: Town) -> None:
    orientation = town.propose()
    with pytest.raises(RuleError, match="motifs de santé"), town.camille.acting() as identity:
        do.refuse(identity, orientation=found(orientation), party=EndedBy.MENAGE, motif="sante_suivi_medical")


def test_safety_excludes_without_saying_why(town: Town) -> None:
    hunted = town.another_file(safety=Safety(women_hosts_only=True))
    with pytest.raises(RuleError) as refused:
        town.propose(household=hunted)
    assert refused.value.message.startswith("Cette place ne convient pas à ce ménage : contrainte de sécurité.")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"orientation_authority": "ofii"}, "OFII"), ({"capacity": 1}, "accueille 1 personne")],
)
def test_a_place_that_may_not_be_proposed(town: Town, changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(RuleError, match=sentence):
        town.propose(place=town.another_place(**changes))


def test_an_expired_proposal_frees_its_place(town: Town) -> None:
    orientation = town.propose()
    expire(orientation)
    with town.camille.acting() as identity:
        assert found(orientation).status is S.EXPIREE
        with pytest.raises(RuleError, match="expirée"):
            do.accept_for_household(identity, orientation=found(orientation))
    other = town.another_file()
    town.propose(household=other)  # taken again at once, before any scheduled task
    assert occupancies(town) == [("reservation", False), ("reservation", True)]


def expire(*orientations: str) -> None:
    """Let the delay pass, as the owner: nobody else may."""
    with owner_unit():
        for public_id in orientations:
            db.execute(
                text(
                    "UPDATE orientations SET proposed_at = now() - interval '8 days', expires_at = now() - interval '1 minute' WHERE public_id = :id"
                ),
                {"id": public_id},
            )
            db.execute(
                text(
                    "UPDATE occupancies o SET expires_at = now() - interval '1 minute' FROM occupancy_households h WHERE h.occupancy_id = o.id AND h.subject = :id"
                ),
                {"id": public_id},
            )


def test_a_refusal_is_judged_by_the_coordination(town: Town, world: WorldBuilder) -> None:
    orientation = town.propose()
    with pytest.raises(RuleError, match="Seul un refus"), town.sacha.acting() as identity:
        do.set_admissible(identity, orientation=found(orientation), admissible=True)
    with town.operator.acting() as identity:
        do.refuse(identity, orientation=found(orientation), party=EndedBy.HEBERGEUR, motif="dates")
    with town.sacha.acting() as identity:
        do.set_admissible(identity, orientation=found(orientation), admissible=False)
        assert found(orientation).admissible is False
