"""A rapprochement answered from both sides, on a phone and at a desk; a household already known said before anything is saved."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.conftest import People, Products
from tests.support.browser import Person

pytestmark = pytest.mark.browser
PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 900}
SENTENCE = "Un autre organisme suit peut-être une personne de ce dossier"
KNOWN = """SELECT m.first_name, m.last_name, m.birth_date, h.number FROM members m JOIN households h ON h.id = m.household_id
  JOIN organisations o ON o.id = h.owner_org_id WHERE o.short_name = 'Les Passerelles' AND m.birth_date IS NOT NULL AND m.until IS NULL
   AND h.status <> 'archive' ORDER BY m.id LIMIT 1"""


def _picture(person: Person, name: str) -> None:
    """Kept only where somebody wants to look: ODIS_PICTURES names a folder."""
    if folder := os.environ.get("ODIS_PICTURES"):
        person.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["320", "1280"])
def test_both_sides_accept_and_read_who_to_call(products: Products, people: People, viewport: dict[str, int]) -> None:
    product, width = products(f"rapprochement-{viewport['width']}"), viewport["width"]
    camille = people(product, "association", viewport=viewport)
    camille.go("/").reads(SENTENCE)
    camille.go("/menages/passations").follow("Rapprochements")
    _picture(camille, f"rapprochements-{width}")
    camille.follow("Répondre").reads(SENTENCE, "N’acceptez pas si une personne du ménage se cache").reads_nothing_of(
        ["Relais"]
    )
    _picture(camille, f"rapprochement-{width}")
    camille.press("Accepter la mise en relation").reads("Vous saurez ici si l’autre organisme accepte aussi")
    morgan = people(product, "autre", viewport=viewport)
    morgan.go("/rapprochements").follow("Répondre").reads(SENTENCE).reads_nothing_of(["Passerelles"])
    morgan.press("Accepter la mise en relation").reads("Vous avez accepté tous les deux", "Passerelles")
    _picture(morgan, f"rapprochement-lie-{width}")
    camille.go("/rapprochements").follow("Voir").reads("Relais")
    assert product.faults() == []


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["320", "1280"])
def test_a_household_already_known_is_said_before_it_is_saved(
    products: Products, people: People, viewport: dict[str, int]
) -> None:
    product = products("rapprochement-320")
    with product.database() as behind:
        first, last, born, number = behind.execute(KNOWN).fetchone() or ("", "", "", "")
    camille = people(product, "association", viewport=viewport)
    camille.go("/menages/nouveau").write("Prénom", first).write("Nom", last).write("Naissance", f"{born:%d/%m/%Y}")
    camille.choose("Sexe", "Homme")
    camille.press("Enregistrer le ménage").reads("Rien n’est enregistré", f"Ouvrir le dossier existant {number}")
    _picture(camille, f"doublon-{viewport['width']}")
    camille.follow(f"Ouvrir le dossier existant {number}").reads(number)
