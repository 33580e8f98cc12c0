"""The rights of people, as who follows them handles them: a consent recorded and withdrawn, a copy asked, on a phone and on a desk."""

from __future__ import annotations

import re

import pytest

from tests.e2e.conftest import People, Products
from tests.support.browser import DESK, PHONE, Mode

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("viewport", "mode"), [(PHONE, Mode.NO_SCRIPT), (DESK, Mode.MOUSE)])
def test_a_consent_is_recorded_withdrawn_and_a_copy_asked(
    products: Products, people: People, viewport: dict[str, int], mode: Mode
) -> None:
    product = products("incidents")
    who = people(product, "association", mode=mode, viewport=viewport)
    who.go("/menages").page.locator("main tbody th a").first.click()
    file = who.page.url.partition("?")[0]
    path = "/" + file.partition("://")[2].partition("/")[2]
    who.go(f"{path}/droits")
    who.follow("Recueillir un consentement")
    who.page.get_by_label("Personne", exact=False).first.select_option(index=1)
    who.choose("Pour quoi faire", "Photos du ménage")
    who.page.locator("input[name=organisations]").first.check()
    who.page.locator("input[name=max_class][value='0']").check()
    who.page.locator("select[name=language]").select_option("fr")
    who.page.locator("input[name=channel][value=oral]").check()
    who.page.locator("input[name=witness]").fill("Une collègue inventée")
    who.press("Enregistrer le consentement")
    who.reads("Consentement enregistré.")
    who.unfold("Retirer")
    who.press("Retirer le consentement")
    who.reads("Consentement retiré.")
    who.follow("Enregistrer une demande")
    who.page.locator("select[name=member]").select_option(index=1)
    who.page.locator("input[name=kind][value=copie]").check()
    who.press("Enregistrer la demande")
    who.follow("Copie de ses données")
    who.press("Préparer la copie")
    who.reads(re.compile("La copie se prépare|Télécharger le PDF"))
    who.go("/droits")
    who.go("/droits/demandes")
    who.go("/droits/conservation")
    assert product.faults() == []
