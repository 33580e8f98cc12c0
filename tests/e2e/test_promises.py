"""What a link or a button says is what is found behind it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import People, Products
from tests.e2e.product import Product
from tests.support.browser import PHONE, Mode, Person

pytestmark = pytest.mark.browser


@pytest.fixture
def product(products: Products) -> Product:
    """An installation where incidents happen."""
    return products("incidents")


def counted(who: Person, selector: str) -> list[tuple[int, str]]:
    """(number written, address) of each link of the home page that is a number."""
    found = [(link.inner_text(), link.get_attribute("href")) for link in who.go("/").page.locator(selector).all()]
    return [(int("".join(text.split())), href or "") for text, href in found]


@pytest.mark.parametrize(
    ("account", "selector", "heading"),
    [
        ("ddets44", ".od-figures dd a", "#t-places"),
        ("operateur", ".od-figures dd a", "#t-places"),
        ("association", "[aria-labelledby=t-fraicheur] td a, [aria-labelledby=t-etapes] td a", "#t-res"),
    ],
)
def test_a_figure_of_the_home_page_is_the_length_of_the_list_behind_it(
    product: Product, people: People, account: str, selector: str, heading: str
) -> None:
    who = people(product, account, rules=False)
    figures = counted(who, selector)
    assert len(figures) >= 4
    for number, address in figures:
        who.go(address)
        said = re.match(r"[\d\s]+", who.page.locator(heading).inner_text())
        assert said is not None, address
        assert int("".join(said[0].split())) == number, address


def test_the_families_whose_title_ends_soon_are_a_filter_of_the_list(product: Product, people: People) -> None:
    who = people(product, "association", viewport=PHONE)
    who.go("/menages?titre=echeance").reads(re.compile("Titre de séjour : Échu, ou sous 3 mois"))
    expect(who.page.locator("main tbody tr").first).to_be_visible()


def test_without_script_a_tap_on_the_home_page_comes_back_to_it(product: Product, people: People) -> None:
    who = people(product, "operateur", mode=Mode.NO_SCRIPT, viewport=PHONE)
    line = who.go("/").page.locator("li[id^=place-]").first
    number = re.search(r"P-\d\w-\d+", line.inner_text())
    assert number is not None
    who.press(re.compile("^Rien n’a changé"), within=line)
    assert who.path() == "/"
    who.reads(f"Place {number[0]} confirmée.")


def test_one_button_at_most_burns_in_the_work_list(product: Product, people: People) -> None:
    who = people(product, "association").go("/")
    assert who.page.locator("section[aria-labelledby=t-faire] .btn-primary").count() == 1


def test_a_closed_place_is_neither_free_nor_offered(product: Product, people: People) -> None:
    who = people(product, "association").go("/places?perimetre=territoire&etat=fermee")
    who.follow(re.compile(r"\w"), within=who.page.locator("main tbody th").first)
    assert who.page.locator(".od-cal .k-free").count() == 0
    assert who.page.get_by_role("link", name="Chercher un ménage").count() == 0
    who.reads("fermée", within=".od-cal")


def test_one_dark_button_at_most_on_each_tab_of_a_file(product: Product, people: People) -> None:
    who = people(product, "association").go("/menages").follow("Famille", within="main tbody")
    for link in [tab.get_attribute("href") for tab in who.page.locator(".od-tabs a").all()]:
        who.go(link or "")
        assert who.page.locator("main .btn-primary:visible").count() <= 1, link
