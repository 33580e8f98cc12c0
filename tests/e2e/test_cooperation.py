"""A file handed over to another organisation, then an emergency that opens nothing; on a phone and at a desk, every page judged."""

from __future__ import annotations

from datetime import date

import pytest

from tests.e2e.conftest import People, Products
from tests.e2e.product import Product

pytestmark = pytest.mark.browser
PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 900}
FILE = """SELECT h.public_id, h.number, i.name FROM households h JOIN household_identities i ON i.household_id = h.id
  JOIN organisations o ON o.id = h.owner_org_id JOIN users u ON u.id = h.referent_user_id
 WHERE o.short_name = 'Les Passerelles' AND u.email LIKE 'association@%%' AND h.status = 'a_orienter' ORDER BY h.id DESC LIMIT 1"""
BORN = """SELECT m.birth_date FROM members m JOIN households h ON h.id = m.household_id WHERE h.public_id = %s AND m.link = 'demandeur_principal'"""


def _file(product: Product) -> tuple[str, str, str, date]:
    with product.database() as behind:
        row = behind.execute(FILE).fetchone()
        assert row is not None
        born = behind.execute(BORN, (row[0],)).fetchone()
        assert born is not None
        return str(row[0]), str(row[1]), str(row[2]), date.fromisoformat(str(born[0]))


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["320", "1280"])
def test_a_file_changes_hands_and_an_emergency_opens_nothing_by_chance(
    products: Products, people: People, viewport: dict[str, int]
) -> None:
    product = products("cooperation")
    public_id, number, name, born = _file(product)
    camille = people(product, "association", viewport=viewport)
    camille.go(f"/menages/{public_id}/partages").follow("Passer le dossier")
    camille.choose("Organisation qui prend la suite", "Relais Spécimen")
    camille.write("Pourquoi", "Le ménage s’installe chez vous.").write(
        "Ce qui est fait, ce qui reste à faire", "Droits ouverts."
    )
    camille.press("Proposer la passation").reads("Rien ne change avant sa réponse")
    morgan = people(product, "autre", viewport=viewport)
    morgan.go("/menages/passations").follow("Voir").reads("Droits ouverts.").reads_nothing_of([name])
    morgan.choose("Qui suivra le ménage", "Morgan Échantillon")
    morgan.press("Accepter le dossier").reads("maintenant suivi par votre organisation")
    morgan.follow("Ouvrir le dossier").reads(name)
    camille.go(f"/menages/{public_id}").reads(name)
    camille.go("/menages/passations").follow("Voir").reads("Ancien numéro", number)
    camille.go("/menages/se-rattacher").write("Mot de passe", product.password).press("Confirmer mon identité")
    camille.write("Numéro du dossier", "M-44-9999").write("Date de naissance du demandeur principal", born.isoformat())
    camille.tick("Urgence médicale").write("En une phrase", "Hospitalisation ce soir.")
    camille.press("Ouvrir le dossier").reads("Aucun dossier n’est ouvert")
    assert product.faults() == []
