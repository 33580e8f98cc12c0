"""Households of the demonstration, opened and filled by the people who would do it.

The families are invented: their names are words for « example », « sample » or « model » in many languages. Every date counts
from today; stages follow from what is said, never written. What comes after « à orienter » is the work of the placements' seeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import select, text

from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.core import clock
from odis_app.core.cli import owner_unit
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households import operations as do
from odis_app.households import queries
from odis_app.households.enums import HouseholdEvent, MemberLink
from odis_app.households.models import Household
from odis_app.households.operations.composition import Person
from odis_app.households.operations.file import Opening
from odis_app.households.operations.protected import HealthNeed, Safety
from odis_app.organisations.models import Dispositif, Organisation
from odis_app.organisations.seeds import World

DRAFT, UNDATED, READY, ARCHIVED = "à compléter", "sans date", "prêt", "archivé"
# What people there are: « F 34 » a woman of 34, « M » a man; then the others, the link told by a letter before.
_LINKS = {"c": "conjoint", "e": "enfant_mineur", "g": "enfant_majeur", "a": "ascendant", "s": "fratrie"}


@dataclass(frozen=True, slots=True)
class Sketch:
    """A household to open. ``people``: « F34 cM41 eF13 eM7 »; ``wait`` days since it asks; ``read`` days since the file was last read."""

    name: str
    firsts: str
    people: str
    tongue: str
    priority: int
    wait: int
    read: int
    stage: str = READY
    needs: str = ""
    wishes: str = ""
    department: str = "44"
    extra: str = ""


S = Sketch
# extra: « rdc » ground floor or lift, « pmr », « animal », « fumeur », « sans fumée », « femmes », « fvv », « exclu:75 », « loyer:420 », « seul » exclusive wishes
PASSERELLES = (
    S("Nemounehzadeh", "Laila Farid Mahsa Omid Nika", "F36 cM41 eF13 eM7 eF2", "fa", 3, 64, 1, READY, "school:2:maternelle, CE1, 5ᵉ avec UPE2A|employment:1:aide à domicile", "53 72", extra="rdc"),
    S("Mithal", "Rima Samir", "F29 cM33", "ar", 2, 12, 1, READY, "", "44", extra="loyer:450"),
    S("Prykladenko", "Olena Danylo Marko Iryna", "F38 eM15 eM11 eF6", "uk", 1, 103, 16, READY, "school:2:collège et élémentaire|french:1:", "49"),
    S("Misalu", "Awa", "F24", "bm", 1, 88, 8, READY, "employment:1:restauration", "44", extra="femmes"),
    S("Primerov", "Ilya Anton", "M27 sM23", "ru", 0, 71, 11, READY, "employment:2:formation de soudeur à Nantes", "44"),
    S("Namunazai", "Palwasha Zmaray Gul", "F26 cM30 eF0", "ps", 0, 58, 22, READY, "cot:2:|transport:1:", ""),
    S("Misale", "Yohannes", "M31", "am", 0, 55, 9, READY, "employment:2:sans véhicule|transport:2:", "53"),
    S("Udaharan", "Ananya Rahim Farhan Nadia Tariq Mina", "F44 cM49 gM19 eF16 eM9 aF71", "bn", 0, 49, 38, READY, "school:2:lycée et CM1", "44", extra="pmr rdc"),
    S("Zrazkova", "Olha Sofiia", "F33 eF6", "uk", 0, 33, 12, READY, "school:2:élémentaire, UPE2A", "85"),
    S("Abnet", "Selam Dawit", "F28 eM4", "ti", 1, 120, 34, READY, "school:1:maternelle", "44 49"),
    S("Tusaale", "Hodan Ayaan Liban", "F35 eF12 eM8", "so", 1, 140, 5, READY, "school:2:UPE2A|french:2:", "49 53 72"),
    S("Örnekoğlu", "Deniz Elif", "M40 cF37", "tr", 0, 27, 3, READY, "parking:1:|employment:1:bâtiment", "85 44"),
    S("Nimûne", "Rojda Baran Dilan", "F31 cM34 eF5", "ku", 0, 45, 18, READY, "french:1:", "44"),
    S("Orinakyan", "Anahit Tigran", "F62 cM66", "hy", 2, 15, 2, READY, "family_nearby:2:une fille à Rezé", "44", extra="rdc seul"),
    S("Nimushadze", "Nino Giorgi Luka", "F30 cM35 eM3", "ka", 0, 62, 31, READY, "cot:1:", ""),
    S("Shembulli", "Drita Arben Era Ilir", "F39 cM43 eF14 eM13", "sq", 0, 77, 14, READY, "school:2:deux collégiens", "49 72"),
    S("Exemplescu", "Ioana Mihai Andrei", "F23 cM25 eM1", "ro", 2, 9, 0, READY, "cot:2:|kitchen:2:", "44", extra="maternité"),
    S("Obrazcov", "Viktor", "M58", "ru", 0, 98, 45, READY, "internet:1:", "44 85", extra="sans fumée"),
    S("Ejemplo", "Camila Mateo", "F27 eM2", "es", 1, 80, 7, READY, "cot:1:|transport:2:", "44", extra="femmes"),
    S("Ndakisa", "Grâce Junior Merveille Divine", "F34 eM10 eF7 eF0", "ln", 3, 41, 4, READY, "school:2:élémentaire|cot:2:", "44 49", extra="femmes fvv exclu:75"),
    S("Utharanam", "Kavitha Suresh", "F46 cM50", "ta", 0, 52, 20, READY, "employment:1:cuisine", "44"),
    S("Dpemo", "Tenzin", "M29", "bo", 0, 68, 6, READY, "french:1:", "35 44"),
    S("Misaliba", "Fatoumata Sekou", "F41 eM17", "bm", 1, 110, 29, READY, "school:2:lycée professionnel", "44"),
    S("Misaalu", "Mariama Oury Aissata Alpha", "F32 cM38 eF9 eM4", "ff", 0, 36, 10, READY, "school:1:", "49"),
    S("Misaali", "Aboubacar", "M22", "sus", 0, 84, 52, READY, "employment:2:apprentissage", "44 53", extra="fumeur"),
    S("Зразок", "Оксана Микола", "F52 gM20", "uk", 1, 130, 13, READY, "transport:1:", "44", extra="animal"),
    S("Прикладна", "Ганна", "F69", "uk", 2, 18, 1, READY, "interpreter:2:", "44", extra="rdc animal"),
    S("نمونه‌پور", "مریم رضا سارا", "F37 cM39 eF10", "fa", 0, 47, 17, READY, "school:2:CM2", "53 49"),
    S("مثالي", "نور ياسر", "F25 cM28", "ar", 0, 30, 2, READY, "french:2:", "44"),
    S("ምሳሌ", "ሰላም", "F21", "am", 1, 91, 24, READY, "employment:1:", "44", extra="femmes"),
    S("Bbidaya", "Samia Yacine Lina", "F33 eM12 eF5", "ar", 3, 22, 0, READY, "school:2:UPE2A", "49 44", extra="fvv femmes exclu:33"),
    S("Pryklad", "Taras Lesia Bohdan Marta Nadiia", "M45 cF43 eM16 eF12 eF8", "uk", 0, 150, 61, READY, "school:2:trois établissements|internet:1:", "44 85", extra="loyer:600"),
    S("Wzorek", "Halyna", "F75", "uk", 0, 39, 3, UNDATED, "family_nearby:1:", "44", extra="rdc"),
    S("Uzorak", "Zoran", "M50", "ro", 0, 21, 6, UNDATED, "", ""),
    S("Mostra", "Benedita Tomás", "F30 eM6", "pt", 0, 25, 15, UNDATED, "school:1:", "44"),
    S("Bimish", "Hanan Jamal", "F26 cM32", "ar", 0, 17, 2, UNDATED, "", "53"),
    S("Modelyan", "Aram", "M34", "hy", 0, 6, 1, DRAFT),
    S("Lagerdi", "Freshta Nasim Arzo", "F29 eM8 eF3", "fa", 2, 3, 0, DRAFT),
    S("Templait", "Blessing", "F27", "en", 0, 11, 4, DRAFT),
    S("Patronova", "Vira Artem", "F31 eM5", "uk", 0, 35, 33, DRAFT),
    S("Namouna", "Idriss", "M39", "ar", 0, 420, 200, ARCHIVED, "", "44"),
    S("Szablenko", "Yulia", "F48", "uk", 0, 380, 190, ARCHIVED, "", "49"),
    S("Nymouneh", "Shirin Kian", "F35 eM10", "fa", 0, 40, 5, READY, "school:2:CM1", "49", department="49"),
    S("Vzirets", "Petro Larysa", "M61 cF59", "uk", 1, 66, 19, READY, "", "49", department="49", extra="rdc"),
    S("Qelib", "Gentian", "M33", "sq", 0, 29, 9, READY, "employment:1:", "53", department="53"),
)  # fmt: skip
RELAIS = (
    S("Spesimen", "Bintou Moussa", "F30 eM7", "ff", 1, 70, 6, READY, "school:2:CE1", "33", department="33"),
    S("Primjer", "Ivan Lucija Marin", "M42 cF40 eM11", "ru", 0, 44, 12, READY, "school:1:", "33 40", department="33"),
    S("Misol", "Zarina", "F28", "fa", 0, 31, 3, READY, "french:1:", "33", department="33", extra="femmes"),
    S("Voorbeeld", "Merhawi", "M26", "ti", 0, 88, 27, READY, "employment:2:", "33 47", department="33"),
    S("Namuna", "Farida Rustam Jamila", "F36 cM37 eF12", "fa", 2, 14, 1, READY, "school:2:5ᵉ", "33", department="33"),
    S("Sampleton", "Chidi Ngozi", "M45 cF41", "en", 0, 59, 40, READY, "", "33 64", department="33", extra="loyer:500"),
    S("Approved", "Roza", "F57", "ru", 0, 26, 2, UNDATED, "", "33", department="33"),
    S("Взірець", "Дарина Лев", "F34 eM2", "uk", 1, 95, 21, READY, "cot:2:", "33", department="33"),
    S("Bosquejo", "Lucía", "F23", "es", 0, 19, 5, READY, "employment:1:", "33", department="33"),
    S("Esbozo", "João Rita Inês", "M38 cF35 eF4", "pt", 0, 50, 16, READY, "school:1:", "33", department="33"),
    S("Provisoire", "Amadou", "M20", "bm", 0, 8, 0, DRAFT, department="33"),
    S("Brouillonov", "Svetlana Kirill", "F33 eM9", "ru", 3, 4, 0, DRAFT, department="33"),
)  # fmt: skip
MODES = ("cada", "huda", "cph", "hotel_115", "heberg_citoyen", "tiers", "chu", "rhvs")
NATIONALITIES = {
    "fa": "AFG", "ps": "AFG", "uk": "UKR", "ru": "RUS", "bm": "MLI", "am": "ETH", "bn": "BGD", "ti": "ERI", "so": "SOM", "tr": "TUR", "ku": "TUR", "hy": "ARM",
    "ka": "GEO", "sq": "ALB", "ro": "ROU", "es": "ESP", "pt": "PRT", "ln": "COD", "ta": "LKA", "bo": "CHN", "ff": "GIN", "sus": "GIN", "en": "NGA", "ar": "SYR",
}  # fmt: skip
STUDIES = ("C3A", "NV4", "AFS", "NV5", "NV2", "CP4", "C12", "NV1")
WAYS = ("transports", "permis_en_cours", "aucun", "permis_sans_vehicule", "velo", "permis_vehicule")
STATUSES = {
    "uk": "protection_temporaire",
    "ro": "ue_eee_suisse",
    "es": "ue_eee_suisse",
    "pt": "ue_eee_suisse",
    "en": "demandeur_asile",
}
MINIMAL_TO_OPERATOR, FULL_DOWNSTREAM, SIGNALLED = (
    ("Misalu", "Primerov", "Mithal"),
    ("Nemounehzadeh", "Misale", "Tusaale"),
    ("Pryklad", "Abnet"),
)
HOUSING_RIGHTS = {"Mithal": "dalo", "Pryklad": "recours", "Abnet": "rejet", "Obrazcov": "daho"}
DIETS = {"Utharanam": ["vegetarien"], "Namunazai": ["halal"], "Mithal": ["sans_porc"], "Prykladenko": ["vegetarien"]}
SECOND_SCHEMES = {  # name: code, who leads it, days before what was said, days that it lasted (None: goes on)
    "Tusaale": ("agir", "Opérateur AGIR fictif", 20, None), "Nemounehzadeh": ("dna", "CADA fictif", 40, 38),
    "Misale": ("agir", "Opérateur AGIR fictif", 90, 60), "Prykladenko": ("hebergement_citoyen", "Les Passerelles", 30, None),
}  # fmt: skip
MET = ("Yohannes Misale", "Lucía Bosquejo")
_NIGHT = """WITH pair AS (
  INSERT INTO rapprochement_pairs (one_id, other_id, due_at, told_at)
  SELECT a.household_id, b.household_id, now(), now() FROM household_marks a JOIN household_marks b
      ON b.kind = a.kind AND b.mark = a.mark AND b.household_id > a.household_id AND b.owner_org_id <> a.owner_org_id
   WHERE a.kind = 'agdref' AND odis.files_agree(a.household_id, b.household_id) RETURNING *)
INSERT INTO rapprochements (public_id, pair_id, household_id, owner_org_id, closes_on)
SELECT substr(replace(gen_random_uuid()::text, '-', ''), 17), pair.id, h.id, h.owner_org_id, current_date + 30
  FROM pair JOIN households h ON h.id IN (pair.one_id, pair.other_id)"""


def load(world: World) -> None:
    """Open, fill and share every household of the demonstration."""
    for rank, sketch in enumerate(PASSERELLES):
        with world["coordination" if rank % 4 == 3 else "association"].acting() as identity:
            _tell(identity, sketch, rank)
    for rank, sketch in enumerate(RELAIS):
        with world["autre"].acting() as identity:
            _tell(identity, sketch, rank)
    with world["coordination"].acting() as identity:
        _share(identity, world)
    _meet(world)


def _tell(identity: Identity, sketch: Sketch, rank: int) -> None:
    """From the first meeting to the last time the file was read, a few days after one another."""
    opened = clock.today() - timedelta(days=sketch.wait)
    household = do.open_household(identity, opening=_opening(sketch, rank, opened))
    said = min(opened + timedelta(days=5), clock.today())
    if sketch.stage != DRAFT or rank % 2:
        papers = _papers(sketch, rank, opened)
        do.update_administrative(identity, household=household, values=papers, version=None, on=said)
    if sketch.stage != DRAFT:
        _adults_answer(identity, household, sketch, said)
    _ask(identity, household, sketch, said)
    if sketch.stage != DRAFT:
        _speak(identity, household, sketch)
        _live(identity, household, sketch, rank, said)
    if sketch.stage == ARCHIVED:
        do.archive_household(identity, household=household)
    at = datetime.combine(clock.today() - timedelta(days=sketch.read), time(9, 30 + rank % 30), tzinfo=clock.PARIS)
    do.confirm_review(identity, household=household, at=min(at, clock.now()))


def _opening(sketch: Sketch, rank: int, opened: date) -> Opening:
    code = "deplaces_ukraine" if sketch.tongue == "uk" else "mobilite_nationale" if rank % 3 else "hebergement_citoyen"
    dispositif = db.execute(select(Dispositif.id).where(Dispositif.code == code)).scalar_one()
    return Opening(
        department_code=sketch.department, dispositif_id=dispositif, people=_people(sketch), seniority_date=opened, priority=sketch.priority, opened_on=opened,
        phone=do.normal_phone(f"06 00 00 {rank:02} {int(sketch.department):02}"), languages=[sketch.tongue, *(["fr"] if rank % 3 == 0 else [])],
        accommodation_mode=MODES[rank % len(MODES)],
    )  # fmt: skip


def _people(sketch: Sketch) -> list[Person]:
    year = clock.today().year
    levels, work = (
        ("A1", "A2", "A1.1", "B1", "non_evalue"),
        ("recherche_emploi", "formation_linguistique", "au_foyer", "cdd", "recherche_formation"),
    )
    found = []
    for rank, (first, code) in enumerate(zip(sketch.firsts.split(), sketch.people.split(), strict=True)):
        link = _LINKS.get(code[0], MemberLink.DEMANDEUR_PRINCIPAL.value)
        sex, age = code.lstrip("".join(_LINKS))[0].lower(), int(code.lstrip("".join(_LINKS))[1:])
        born = date(year - age, 1 + (rank * 5) % 12, 3 + rank) if age else clock.today() - timedelta(days=300)
        if age and born > clock.today().replace(year=year - age):
            born = born.replace(year=born.year - 1)
        is_child = link == MemberLink.ENFANT_MINEUR.value
        found.append(
            Person(
                first_name=first,
                last_name=sketch.name,
                sex=sex,
                link=link,
                birth_date=born,
                nationality="XXA" if sketch.name == "Dpemo" else NATIONALITIES.get(sketch.tongue),
                family_situation=_situation(sketch, link, age),
                french_level=None if age < 6 else levels[(age + rank) % len(levels)],
                french_written="non_evalue" if age > 17 and age % 3 == 0 else None,
                education_level=STUDIES[age % len(STUDIES)] if age > 17 else None,
                mobility=WAYS[age % len(WAYS)] if age > 17 else None,
                situation=("ecole" if age > 2 else None) if is_child else work[(age + rank) % len(work)],
            )
        )
    return found


def _situation(sketch: Sketch, link: str, age: int) -> str | None:
    """Of an adult: married when there is a partner, else what the age says."""
    if age < 18:
        return None
    if link == MemberLink.CONJOINT.value or ("c" in sketch.people and link == MemberLink.DEMANDEUR_PRINCIPAL.value):
        return "marie"
    return "veuf" if age > 60 else "separe" if "e" in sketch.people else "celibataire"


def _speak(identity: Identity, household: Household, sketch: Sketch) -> None:
    """The mother tongue of each adult, another language for some."""
    second = {
        "fa": "ps",
        "uk": "ru",
        "ti": "ar",
        "am": "en",
        "so": "ar",
        "ku": "tr",
        "ln": "pt",
        "bm": "ff",
        "ps": "ur",
    }
    for rank, member in enumerate(queries.present_members(household.id)):
        age = member.age_on(clock.today()) or 0
        if age < 18:
            continue
        languages = [do.Spoken(sketch.tongue, "maternelle", "non" if age > 60 else "lit_ecrit")]
        if rank == 0 and sketch.tongue in second:
            languages.append(do.Spoken(second[sketch.tongue], "moyen", "lit"))
        elif sketch.tongue != "en":
            languages.append(do.Spoken("en", "notions"))
        do.change_member(identity, household=household, member=member, values={}, languages=languages, version=None)


def _live(identity: Identity, household: Household, sketch: Sketch, rank: int, said: date) -> None:
    """What the household lives on; a second scheme for some, two accompaniments at the same time for one."""
    resources: dict[str, Decimal | None] = (
        {"prestations_familiales": Decimal(148 * household.minors)} if household.minors > 1 else {}
    )
    kind = (
        "ada"
        if STATUSES.get(sketch.tongue) in {"protection_temporaire", "demandeur_asile"}
        else "salaire"
        if rank % 5 == 0
        else "rsa"
    )
    resources[kind] = (
        None if rank % 7 == 3 else Decimal({"ada": 204, "salaire": 1100, "rsa": 608}[kind] + 97 * (household.size - 1))
    )
    do.update_resources(identity, household=household, wanted=resources, version=None, on=said)
    other = SECOND_SCHEMES.get(sketch.name)
    if other is None:
        return
    ids = {row.code: row.id for row in db.execute(select(Dispositif.code, Dispositif.id))}
    own = [do.Registration(e.dispositif_id, e.starts_on, e.ends_on, e.lead) for e in queries.enrolments(household)]
    code, lead, days, end = other
    starts = said - timedelta(days=days)
    more = do.Registration(ids[code], starts, starts + timedelta(days=end) if end else None, lead)
    do.update_enrolments(identity, household=household, wanted=[*own, more], version=None)


def _papers(sketch: Sketch, rank: int, opened: date) -> dict[str, object]:
    status = STATUSES.get(sketch.tongue) or ("protection_subsidiaire" if rank % 4 == 1 else "refugie")
    titles = {
        "refugie": "carte de résident",
        "protection_subsidiaire": "carte de séjour pluriannuelle",
        "protection_temporaire": "APS",
    }
    if sketch.stage == DRAFT:
        return {"domiciliation": "association, boîte postale fictive"}
    return {
        "protection_status": status,
        "title_kind": titles.get(status),
        "title_valid_until": clock.today() + timedelta(days=40 + 37 * rank) if status in titles else None,
        "arrived_on": opened - timedelta(days=400 + 9 * rank),
        "decision_date": opened - timedelta(days=60) if status in {"refugie", "protection_subsidiaire"} else None,
        "procedure": "normale" if status == "demandeur_asile" else None,
        "cir_signed_on": opened - timedelta(days=20) if rank % 3 == 0 and status == "refugie" else None,
        "agdref": f"99{rank:04}{sketch.wait:04}",
        "housing_right": HOUSING_RIGHTS.get(sketch.name),
        "housing_right_on": opened + timedelta(days=3) if sketch.name in HOUSING_RIGHTS else None,
    }


def _adults_answer(identity: Identity, household: Household, sketch: Sketch, said: date) -> None:
    """Every adult answers alone; only the person who asks, in these examples, is in danger."""
    words = sketch.extra.split()
    excluded = [w.partition(":")[2] for w in words if w.startswith("exclu:")]
    for member in queries.present_members(household.id):
        if queries.is_minor(member, clock.today()):
            continue
        principal = member.link == MemberLink.DEMANDEUR_PRINCIPAL.value
        safety = Safety(
            fvv_teh="fvv" in words and principal, women_hosts_only="femmes" in words and principal, excluded_departments=excluded if principal else [],
            safe_channel="sms" if "fvv" not in words else "telephone", safe_hours="entre 9 h et 12 h" if "fvv" in words else "", no_message="fvv" in words,
        )  # fmt: skip
        do.update_member_safety(identity, household=household, member=member, safety=safety, version=None, on=said)


def _ask(identity: Identity, household: Household, sketch: Sketch, said: date) -> None:
    """Needs, what is asked of a dwelling, wishes."""
    words = sketch.extra.split()
    rent = next((int(w.partition(":")[2]) for w in words if w.startswith("loyer:")), None)
    needs = {
        kind: (int(level), detail) for kind, level, detail in (n.split(":", 2) for n in sketch.needs.split("|") if n)
    }
    if needs:
        do.update_needs(
            identity, household=household, values=needs, source="entretien avec l’interprète", version=None, on=said
        )
    if "maternité" in words and queries.class2_is_open():
        do.update_health_needs(
            identity, household=household, values={"maternity": HealthNeed(2, 30)}, version=None, on=said
        )
    asked = {
        "need_from": clock.today() + timedelta(days=(sketch.wait % 25) - 5)
        if sketch.stage in {READY, ARCHIVED}
        else None,
        "min_days": 180 if sketch.priority < 2 else 90,
        "max_rent": rent,
        "wheelchair": "pmr" in words,
        "ground_floor_or_lift": "rdc" in words or "pmr" in words,
        "animals": "animal" in words,
        "animals_note": "un chat" if "animal" in words else "",
        "smoking": "smoker" if "fumeur" in words else "cannot_stand" if "sans fumée" in sketch.extra else "none",
        "wishes_exclusive": "seul" in words,
        "diet": DIETS.get(sketch.name, []),
        "life_project": _project(sketch),
    }
    do.update_request(identity, household=household, values=asked, wished=sketch.wishes.split(), version=None, on=said)


def _project(sketch: Sketch) -> str:
    if sketch.stage == DRAFT:
        return ""
    with_children = "eM" in sketch.people or "eF" in sketch.people
    hope = (
        "Rester près de l’école des enfants et trouver un logement durable."
        if with_children
        else "Trouver un travail, puis un logement à son nom."
    )
    return f"{hope} La personne connaît déjà le département et a lu la fiche de deux territoires."


def _share(identity: Identity, world: World) -> None:
    """Minimal shares to the operator, full ones downstream for mobility, two files signalled to the DDETS."""
    ready = {row.name.split()[-1]: row.household for row in _all(identity)}
    operator, downstream = (db.get_one(Organisation, world[name].org_id) for name in ("operateur", "aval"))
    for name in MINIMAL_TO_OPERATOR:
        do.share_household(
            identity,
            household=ready[name],
            organisation=operator,
            level=ShareLevel.MINIMAL,
            purpose=SharePurpose.ORIENTATION,
        )
    for name in FULL_DOWNSTREAM:
        do.share_household(
            identity,
            household=ready[name],
            organisation=downstream,
            level=ShareLevel.FULL,
            purpose=SharePurpose.MOBILITE,
            motive="visio tripartite à venir",
        )
    for name in SIGNALLED:
        do.signal_household(identity, household=ready[name], motive="Aucune offre compatible depuis plus de deux mois.")
    born = Person(
        "Nouri", "Namunazai", "m", link=MemberLink.ENFANT_MINEUR.value, birth_date=clock.today() - timedelta(days=12)
    )
    do.add_member(
        identity,
        household=ready["Namunazai"],
        person=born,
        event=HouseholdEvent.NAISSANCE,
        happened_on=clock.today() - timedelta(days=12),
        version=None,
    )


def _meet(world: World) -> None:
    """One foreigner's number in two files of two organisations: what the night finds, then tells both some days later."""
    with world["association"].acting() as identity:
        number = queries.agdref_of(next(row.household for row in _all(identity) if row.name == MET[0]))
    with world["autre"].acting() as identity:
        household = next(row.household for row in _all(identity) if row.name == MET[1])
        do.update_administrative(identity, household=household, values={"agdref": number}, version=None)
    with owner_unit():
        db.execute(text(_NIGHT))


def _all(identity: Identity) -> list[queries.HouseholdRow]:
    first = queries.list_page(identity, queries.HouseholdFilter(), number=1)
    rest = [
        row
        for number in range(2, first.pages + 1)
        for row in queries.list_page(identity, queries.HouseholdFilter(), number=number).items
    ]
    return [*first.items, *rest]
