"""Rights and cooperation of the demonstration: consents, requests of each kind, handovers, an emergency access, a limitation.

Invented people, dates counted from today, each act by the person who would do it.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select

from odis_app.access.enums import JoinReason
from odis_app.access.models import Passation
from odis_app.accounts.models import User
from odis_app.accounts.operations.confirmation import confirm
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households import operations as files
from odis_app.households import queries
from odis_app.households.models import Household, HouseholdIdentity, Member
from odis_app.households.operations.composition import Person
from odis_app.households.operations.file import Opening
from odis_app.households.operations.protected import Safety
from odis_app.organisations.models import Dispositif, Organisation
from odis_app.organisations.seeds import Actor, World, open_actor
from odis_app.privacy import operations as do
from odis_app.privacy.enums import ConsentChannel, RequestKind

# Family, language of the explanation, how, days ago, whether it was withdrawn since.
CONSENTS = (
    ("Abnet", "ti", ConsentChannel.INTERPRETE, 12, False),
    ("Wzorek", "uk", ConsentChannel.ECRIT, 30, False),
    ("Ejemplo", "es", ConsentChannel.ORAL, 45, True),
)
# Family, kind, days ago, what was asked, the answer (« + » accepted, « - » refused, « > » put off), its words.
REQUESTS = (
    ("Utharanam", RequestKind.COPIE, 36, "Tout ce qui est écrit sur moi.", "", ""),
    ("Nimûne", RequestKind.RECTIFICATION, 24, "Mon prénom s’écrit Rojda.", ">", "Le titre de séjour est attendu pour vérifier."),
    ("Shembulli", RequestKind.EFFACEMENT, 6, "Nous quittons la France.", "", ""),
    ("Obrazcov", RequestKind.OPPOSITION, 50, "Je ne veux pas être compté.", "-", "Les chiffres n’ont pas de nom. Vous pouvez écrire à la CNIL."),
    ("Exemplescu", RequestKind.COPIE, 20, "Une copie pour moi.", "+", "Votre copie vous a été remise en main propre."),
    ("Patronova", RequestKind.LIMITATION, 9, "Ne rien faire tant que mon dossier n’est pas corrigé.", "+", "Votre dossier est gardé, il n’est plus utilisé."),
)  # fmt: skip
WAITING, ACCEPTED, WANTED = "Dpemo", "Primerov", "Misale"


def load(world: World) -> None:
    """Everything, in the order in which it would happen."""
    with world["association"].acting() as identity:
        _consents(identity, world)
        for request in REQUESTS:
            _request(identity, *request)
    _handovers(world)
    _emergency(world)


def _file(family: str) -> Household:
    statement = select(Household).join(HouseholdIdentity, HouseholdIdentity.household_id == Household.id)
    return db.execute(statement.where(HouseholdIdentity.name.endswith(family)).limit(1)).scalar_one()


def _first_adult(household: Household) -> Member:
    return queries.present_members(household.id)[0]


def _ago(days: int) -> date:
    return clock.today() - timedelta(days=days)


def _consents(identity: Identity, world: World) -> None:
    partner = db.get_one(Organisation, world["aval"].org_id)
    for family, language, channel, days, withdrawn in CONSENTS:
        household = _file(family)
        consent = do.give_consent(
            identity, household=household, member=_first_adult(household), purpose="autre_association", organisations=[partner], max_class=1,
            language=language, channel=channel, given_on=_ago(days), witness="Interprète fictive de permanence",
        )  # fmt: skip
        if withdrawn:
            do.withdraw_consent(identity, consent=consent)


def _request(
    identity: Identity, family: str, kind: RequestKind, days: int, details: str, answer: str, words: str
) -> None:
    household = _file(family)
    request = do.register_request(
        identity,
        household=household,
        member=_first_adult(household),
        kind=kind,
        received_on=_ago(days),
        details=details,
    )
    if answer == ">":
        do.extend_request(identity, request=request, reason=words)
    elif answer:
        do.answer_request(identity, request=request, accepted=answer == "+", answer=words)


def _handovers(world: World) -> None:
    """One that waits, one accepted for a day to come, one that a partner asks for."""
    with world["association"].acting() as identity:
        _propose(identity, WAITING, world["aval"].org_id, 20, "La personne a trouvé une formation en Mayenne.")
        accepted = _propose(
            identity, ACCEPTED, world["operateur"].org_id, 12, "Vous suivez déjà la famille pour l’école et la CAF."
        )
    with world["operateur"].acting() as identity:
        referent = db.get_one(User, world["operateur"].user_id)
        files.accept_passation(identity, passation=db.merge(accepted, load=False), referent=referent)
    with world["aval"].acting() as identity:
        files.ask_passation(
            identity, household=_file(WANTED), reason="Nous préparons son arrivée et voyons la personne chaque semaine."
        )


def _propose(identity: Identity, family: str, to: int, days: int, reason: str) -> Passation:
    packet = files.Packet(summary="Droits CAF ouverts. Reste à faire : domiciliation, école.")
    return files.propose_passation(
        identity, household=_file(family), to=db.get_one(Organisation, to), due_on=clock.today() + timedelta(days=days), reason=reason, packet=packet
    )  # fmt: skip


def _emergency(world: World) -> None:
    """A file that another association follows, joined in an emergency: somebody there reads it over."""
    born = date(clock.today().year - 31, 5, 12)
    with world["autre"].acting() as identity:
        dispositif = db.execute(select(Dispositif.id).where(Dispositif.code == "hebergement_citoyen")).scalar_one()
        person = Person("Mirela", "Muestrova", "f", birth_date=born)
        household = files.open_household(
            identity,
            opening=Opening(department_code="44", dispositif_id=dispositif, people=[person], seniority_date=_ago(8)),
        )
        files.update_member_safety(
            identity, household=household, member=_first_adult(household), safety=Safety(), version=None
        )
        number = household.number
    with _confirmed(world, "coordination").acting() as identity:
        joined = files.join_file(
            identity, number=number, born=born, reason=JoinReason.MISE_A_L_ABRI, words="La personne est devant notre porte ce soir."
        )  # fmt: skip
    if joined is None:
        raise RuntimeError("the emergency of the demonstration opened nothing")


def _confirmed(world: World, name: str) -> Actor:
    """The same person in another session, who has just proved who they are once more."""
    actor = world[name]
    open_actor(world, name, user_id=actor.user_id, organisation_id=actor.org_id)
    with actor.acting() as identity:
        token = confirm(world.minter, identity, by="mot de passe")
    return Actor(actor.user_id, actor.org_id, token)
