"""A stolen backup tells nothing of class 2 and more, no identifier, and nothing of what people write of a file: everything is typed with marked words, then the dump, the files and Redis are searched."""

from __future__ import annotations

import base64
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from openpyxl import Workbook
from redis import Redis
from sqlalchemy import select

from jobs.runner import perform
from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.access.operations import share_record
from odis_app.accounts.operations.totp import begin_totp
from odis_app.core import clock
from odis_app.core import db as core_db
from odis_app.core.config import libpq
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.services.embedded import Embedded
from odis_app.documents.enums import Audience
from odis_app.documents.operations import store_document
from odis_app.exchange.operations import drafts
from odis_app.households import operations as files
from odis_app.households.enums import HouseholdEvent
from odis_app.households.models import Household
from odis_app.households.operations.composition import Person
from odis_app.households.operations.protected import HealthNeed, Safety
from odis_app.households.queries import HouseholdFilter, present_members
from odis_app.housing import operations as homes
from odis_app.housing.models import Place
from odis_app.journal.operations import add_entry, edit_entry, moderate_entry
from odis_app.notifications.messages import KINDS
from odis_app.notifications.operations import send_mail
from odis_app.organisations.models import Organisation
from odis_app.organisations.seeds import Actor
from odis_app.placements import operations as placements
from odis_app.placements.enums import EndedBy, HouseholdMotif
from odis_app.privacy import operations as privacy
from odis_app.privacy.enums import ConsentChannel, RequestKind
from odis_app.reports import exports
from odis_app.reports.export_kinds import KINDS as LISTS
from odis_app.structures.enums import StructureKind
from odis_app.structures.operations import create_structure
from tests.documents.conftest import PDF, upload
from tests.exchange import real_kind
from tests.housing.conftest import Homes
from tests.housing.conftest import values as home_values
from tests.placements.conftest import complete, create_place, found, open_file
from tests.support.worlds import WorldBuilder, confirmed, open_class2

IN_CLEAR = "Controlova"  # a name, class 1: it proves that the dump is read
PHONE, AGDREF, OFII = "639980777", "9903777777", "7712377"
HOST_PHONE, SIRET = "639980888", "73282932000074"
MARK = "MARQUEUR"


@pytest.fixture
def marked(world: WorldBuilder, database: Flask) -> Actor:
    """An association that has written in every place that takes words of class 2 or more, an identifier, or a file."""
    open_class2()
    actor, partner = confirmed(world.actor("coordination", "44")), world.actor("operateur", "44")
    with actor.acting() as identity:
        household, other = open_file(identity, Person("Nadia", IN_CLEAR, "f", birth_year=1990)), open_file(identity)
        complete(identity, household)
        complete(identity, other)
        _file(identity, household)
        place = create_place(identity, "44109")
        number, second, home = household.id, other.id, place.public_id
    _homes(actor, partner)
    _journal(actor, number)
    _orientation(actor, number, home)
    _cooperation(actor, partner, second, number)
    _exchange(actor, database)
    return actor


def _file(identity: Identity, household: Household) -> None:
    given = {"household": household, "version": None}
    files.update_identity(identity, values={"phone": f"+33{PHONE}", "accommodation_note": f"{MARK}TANTE"}, **given)
    papers = {"agdref": AGDREF, "ofii_number": OFII, "si_siao_number": f"{MARK}SIAO", "domiciliation": f"{MARK}BOITE"}
    files.update_administrative(identity, values=papers, **given)
    files.update_request(identity, values={"life_project": f"{MARK}PROJET"}, wished=None, **given)
    baby = Person(
        f"Ana{IN_CLEAR}", IN_CLEAR, "f", birth_year=2024, link="enfant_mineur", situation_note=f"{MARK}CRECHE"
    )
    files.add_member(identity, person=baby, event=HouseholdEvent.NAISSANCE, happened_on=clock.today(), **given)
    files.update_health_needs(identity, values={"equipment": HealthNeed(2, None, f"{MARK}SANTE")}, **given)
    adult = present_members(household.id)[0]
    told = Safety(note=f"{MARK}NOTE", safe_hours=f"{MARK}HEURES", safe_channel="sms")
    files.update_member_safety(identity, member=adult, safety=told, **given)
    files.update_needs(identity, values={"school": (1, f"{MARK}BESOIN")}, source="", **given)


def _homes(actor: Actor, partner: Actor) -> None:
    """A secret place and an open one, an offer that was visited, validated and corrected: what locates them and names who offers."""
    with partner.acting() as identity:
        for secret in (True, False):
            structure = create_structure(
                identity, name=f"{MARK}REFUGE" if secret else "Foyer d’essai", kind=StructureKind.CADA, commune_code="44109",
                address=f"{MARK}IMPASSE", location_secret=secret,
            )  # fmt: skip
            label = f"{MARK}STUDIO {MARK}SEUL" if secret else "Studio d’essai"
            homes.create_place(
                identity, structure=structure, values=home_values(), label=label, address=f"{MARK}ESCALIER"
            )
    host = homes.Host(
        f"{MARK}HOTE Jeanne", f"+33{HOST_PHONE}", f"{MARK.lower()}hote@exemple.test", SIRET, f"{MARK}NOTEHOTE"
    )
    with actor.acting() as identity:
        given = {"values": home_values(specialised_fvv_teh=True), "host": host}
        offer = homes.create_offer(identity, address=f"{MARK}RUE", received_on=clock.today(), **given)
        Homes().qualify(identity, offer, "alone")
        homes.update_offer(identity, offer=offer, address=f"{MARK}CHEMIN", **given)
        homes.receive_offers(identity, [homes.NewOffer(home_values(), host, f"{MARK}VOIE")])


def _journal(actor: Actor, number: int) -> None:
    with actor.acting() as identity:
        owner = {"record_id": number, "owner_org_id": actor.org_id}
        note = add_entry(identity, **owner, body=f"{MARK}AVANT", audience=Audience.PARTENAIRES)
        edit_entry(identity, entry=note, version=1, body=f"{MARK}APRES", audience=Audience.PARTENAIRES)
        hidden = add_entry(identity, **owner, body=f"{MARK}MASQUE", audience=Audience.ORGANISATION)
        moderate_entry(identity, entry=hidden, reason=f"{MARK}MOTIF")
        document = upload(PDF + f"{MARK}FICHIER".encode(), f"{MARK}NOM.pdf")
        store_document(identity, **owner, upload=document, audience=Audience.PARTENAIRES, sensitivity=2)


def _orientation(actor: Actor, number: int, home: str) -> None:
    with actor.acting() as identity:
        today = clock.today()
        place = db.execute(select(Place).where(Place.public_id == home)).scalar_one()
        proposal = placements.propose(
            identity, household=db.get_one(Household, number), place=place, starts_on=today, ends_on=today.replace(year=today.year + 1),
            override_motif=f"{MARK}AUTREPLACE",
        ).public_id  # fmt: skip
    with actor.acting() as identity:
        placements.refuse(
            identity,
            orientation=found(proposal),
            party=EndedBy.MENAGE,
            motif=HouseholdMotif.SECURITE.value,
            comment=f"{MARK}DANGER",
        )


def _cooperation(actor: Actor, partner: Actor, second: int, number: int) -> None:
    with actor.acting() as identity:
        household = db.get_one(Household, second)
        share_record(
            identity, record_id=second, owner_org_id=actor.org_id, grantee_org_id=partner.org_id, level=ShareLevel.FULL,
            purpose=SharePurpose.ACCOMPAGNEMENT,
        )  # fmt: skip
        packet = files.Packet(summary=f"{MARK}RESUME")
        to = db.get_one(Organisation, partner.org_id)
        files.propose_passation(
            identity, household=household, to=to, due_on=clock.today(), reason=f"{MARK}PASSATION", packet=packet
        )
    with actor.acting() as identity:
        household = db.get_one(Household, number)
        adult = present_members(number)[0]
        privacy.give_consent(
            identity, household=household, member=adult, purpose="photos", organisations=[db.get_one(Organisation, partner.org_id)], max_class=1,
            language="fa", channel=ConsentChannel.ORAL, given_on=clock.today(), witness=f"{MARK}TEMOIN",
        )  # fmt: skip
        privacy.register_request(
            identity,
            household=household,
            member=adult,
            kind=RequestKind.RECTIFICATION,
            received_on=clock.today(),
            details=f"{MARK}DEMANDE",
        )


def _exchange(actor: Actor, app: Flask) -> None:
    """A draft import on two sheets, an export that was made, a mail that waits, an application's secret."""
    book = Workbook()
    book.active.append(["Nom", "Prénom", "Naissance"])
    book.active.append([f"{MARK}LIGNE", "Ana", 1990])
    book.create_sheet("Autre").append([f"{MARK}FEUILLE"])
    with tempfile.TemporaryDirectory() as folder, actor.acting() as identity:
        path = Path(folder) / "source.xlsx"
        book.save(path)
        drafts.start_import(identity, kind=real_kind.KIND, path=path, filename=f"{MARK}CLASSEUR.xlsx")
    with actor.acting() as identity:
        job = exports.request_export(identity, kind=LISTS["menages"], filters=HouseholdFilter(q=IN_CLEAR)).job_id
        kind = next(iter(KINDS.values()))
        send_mail(
            identity,
            to=f"{MARK.lower()}courriel@exemple.test",
            template=kind,
            context=dict.fromkeys(kind.fields, f"/{MARK}TEXTE"),
        )
        begin_totp(identity)
    core_db.configure("app", app.config["ODIS"].worker_database_url)
    try:
        with app.app_context():
            assert perform("jobs.exports.run", job or 0) == "done"
    finally:
        core_db.configure("app", app.config["ODIS"].database_url)


def _needles(word: str) -> list[bytes]:
    """The word as it may stand in a dump: as it is, in hexadecimal (bytea), in base64 at each of its three offsets."""
    plain = word.encode()
    shifted = [base64.b64encode(b"\0" * n + plain)[first:-4] for n, first in ((0, 0), (1, 2), (2, 3))]
    return [plain, plain.hex().encode(), *shifted]


def _redis(url: str) -> Iterator[bytes]:
    client = Redis.from_url(url)
    for key in client.scan_iter("*"):
        yield key
        kind = client.type(key)
        values = {
            b"hash": lambda k=key: [part for pair in client.hgetall(k).items() for part in pair], b"list": lambda k=key: client.lrange(k, 0, -1),
            b"set": lambda k=key: list(client.smembers(k)), b"zset": lambda k=key: client.zrange(k, 0, -1),
            b"string": lambda k=key: [client.get(k)], b"stream": lambda k=key: [str(client.xrange(k)).encode()],
        }[kind]()  # fmt: skip
        for value in values:
            yield value
            try:
                yield zlib.decompress(value)
            except zlib.error:
                continue


def test_a_dump_the_files_and_redis_hold_no_word_of_class_2_no_identifier_and_no_file(
    marked: Actor, database: Flask, services: Embedded, admin_url: str
) -> None:
    tool = services.postgres.run_as.binaries / "pg_dump"
    dump = subprocess.run([tool, "--dbname", libpq(admin_url)], capture_output=True, check=True).stdout
    assert all(any(needle in dump for needle in _needles(word)) for word in (IN_CLEAR, "Foyer d’essai"))
    kept = [path.read_bytes() for path in database.config["ODIS"].documents_dir.rglob("*") if path.is_file()]
    assert kept
    everywhere = [dump, *kept, *_redis(services.redis_url)]
    for word in (MARK, MARK.lower() + "courriel", MARK.lower() + "hote", PHONE, AGDREF, OFII, HOST_PHONE, SIRET):
        for needle in _needles(word):
            for place in everywhere:
                assert needle not in place, _around(place, needle)


def _around(place: bytes, needle: bytes) -> str:
    """Where a marked word was left: its line, and the table that it is in."""
    at = place.index(needle)
    table = place.rfind(b"\nCOPY ", 0, at)
    return f"{place[table : table + 90]!r} … {place[max(at - 80, 0) : at + 80]!r}"


def test_class_3_says_in_clear_what_the_database_judges_by_and_no_more(
    marked: Actor, services: Embedded, admin_url: str
) -> None:
    """Booleans and départements, which the definer functions read, and the day; how to reach the person, and who asked, are sealed."""
    tool = services.postgres.run_as.binaries / "pg_dump"
    command = [tool, "--data-only", "--table", "public.member_safety", "--dbname", libpq(admin_url)]
    dump = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    rows = [line.split("\t") for line in dump.splitlines() if line.startswith(tuple("123456789"))]
    assert rows
    with marked.acting() as identity:
        author = identity.name
    assert not [word for word in ("sms", "Fictif", author) if word in dump]
    clear = {value for row in rows for value in row if not value.startswith("\\\\x")}
    assert {value for value in clear if not value.isdecimal()} <= {"t", "f", "{}", "\\N", clock.today().isoformat()}
