"""Every swap of htmx gives the page that reading its address afresh would give; a fragment or a target that nobody replays fails."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask, request, template_rendered

from odis_app.organisations.seeds import World
from tests.support import htmx
from tests.support.client import StrictClient
from tests.support.htmx import Swap

ROOT = Path(__file__).resolve().parents[2]
LISTS = {  # who reads which list, and what is typed in one of its filters
    "/menages": ("association", {"etape": "a_orienter"}),
    "/offres": ("association", {"q": "Nantes"}),
    "/places?perimetre=territoire": ("association", {"genre": "studio"}),
    "/structures": ("association", {"genre": "cada"}),
    "/orientations": ("association", {"departement": "44"}),
    "/journal-des-acces": ("association", {"depuis": "2020-01-01"}),
    "/suivi": ("ddets44", {"q": "M-44"}),
}
PICKERS = {"/offres/nouveau": "association", "/places/nouveau": "operateur"}
PARTS = {  # fragments of lists too short here to be turned, of a queue that is only read: each is its page's part
    "/imports": "association", "/appariement": "association", "/bilans": "association", "/hebergements": "association", "/places": "operateur",
    "/offres/a-qualifier": "association",
}  # fmt: skip
NOT_ASKED = {
    "home/_components_progress.html": "the page of components: nothing runs there",
    "placements/_card.html": "a card that the file draws whole",
    "housing/_structure_places.html": "a sheet that the page of a structure draws whole",
}
CSV = "Nom;Prénom;Sexe;Date de naissance;Taille;Adultes;Mineurs;Statut;Téléphone;Date du besoin\n"
LINE = "Essayova;Fictive;F;12/03/1990;1;1;0;réfugiée;0639980107;01/12/2026\n"


@dataclass
class Stage:
    """The demonstration, and what was replayed on it: templates of fragments, ids that were swapped, how each play ended."""

    app: Flask
    world: World
    fragments: set[str] = field(default_factory=set)
    targets: set[str] = field(default_factory=set)
    ended: dict[str, str] = field(default_factory=dict)

    def client(self, name: str) -> StrictClient:
        return StrictClient(self.app, checked=False).as_(self.world[name])

    def run(self, name: str) -> str:
        """What differs; each play happens once, whatever the order of the tests."""
        if name not in self.ended:
            self.ended[name] = "stopped before its end"
            self.ended[name] = "\n\n".join(filter(None, PLAYS[name](self)))
        return self.ended[name]


@pytest.fixture(scope="module")
def theatre(demo_world: tuple[Flask, World]) -> Iterator[Stage]:
    app, world = demo_world
    stage = Stage(app, world)

    def note(_sender: Flask, template: Any, **_: Any) -> None:
        if request.headers.get("HX-Request") == "true":
            stage.fragments.add(template.name)

    with template_rendered.connected_to(note, app):
        yield stage


@pytest.fixture
def stage(theatre: Stage, demo: tuple[Flask, World]) -> Stage:
    """With the engines that look at the demonstration."""
    return theatre


def read(client: StrictClient, url: str) -> BeautifulSoup:
    answer = client.browser.get(url)
    assert answer.status_code == 200, f"{url}: {answer.status_code}"
    return htmx.parsed(answer.get_data(as_text=True))


def at(page: BeautifulSoup, target: str) -> BeautifulSoup:
    """One element of a page, alone."""
    found = page.find(id=target)
    assert isinstance(found, Tag), f"no #{target} in the page"
    return htmx.parsed(str(found))


def swaps_of(page: BeautifulSoup, path: str, name: str = "") -> list[Swap]:
    return [s for s in htmx.swaps(page) if htmx.path_of(s.url) == path and s.element.name == (name or s.element.name)]


def told(
    stage: Stage, client: StrictClient, here: str, swap: Swap, typed: dict[str, Any] | None = None, status: int = 200
) -> BeautifulSoup:
    """The page at ``here`` after one swap."""
    page = read(client, here)
    answer = htmx.asked(client, here, swap, typed)
    assert answer.status_code == status, f"{swap.verb} {swap.url}: {answer.status_code}"
    stage.targets.add(swap.target)
    after = htmx.applied(page, swap, answer)
    htmx.type_in(after, swap, typed or {})
    return after


def filtered_sorted_turned(here: str, name: str, typed: dict[str, str], stage: Stage) -> Iterator[str]:
    """A list: its filters as they are and changed, then a column and a page, from the whole list and from the filtered one."""
    client, path = stage.client(name), htmx.path_of(here)
    form = swaps_of(read(client, here), path, "form")[0]
    for words in ({}, typed):
        after = told(stage, client, here, form, words)
        yield htmx.differences(after, read(client, htmx.sent_to(form, words)))
    for start in (here, htmx.sent_to(form, typed)):
        links = {link.element.find_parent("nav") is None: link for link in swaps_of(read(client, start), path, "a")}
        for link in links.values():
            yield htmx.differences(told(stage, client, start, link), read(client, link.url))


def suggested(here: str, name: str, stage: Stage) -> Iterator[str]:
    """The communes that a word suggests are those of their own page."""
    client = stage.client(name)
    [typing] = swaps_of(read(client, here), "/territoires/communes")
    typed = {str(typing.element["name"]): "Nantes"}
    after = at(told(stage, client, here, typing, typed), typing.target)
    assert "Nantes (44)" in after.get_text()
    yield htmx.differences(after, at(read(client, htmx.sent_to(typing, typed)), typing.target))


def part(here: str, name: str, stage: Stage) -> Iterator[str]:
    """The fragment has one root, which is the page's element of the same id."""
    client = stage.client(name)
    fragment = htmx.parsed(client.get(here, htmx=True).get_data(as_text=True))
    [root] = [tag for tag in fragment.find_all(recursive=False) if not tag.has_attr("hx-swap-oob")]
    stage.targets.add(str(root["id"]))
    yield htmx.differences(htmx.parsed(str(root)), at(read(client, here), str(root["id"])))


def tapped(stage: Stage) -> Iterator[str]:
    """« Rien n’a changé »: the line stays under the thumb, although a page read afresh would move it; it and what counts are the fresh page's."""
    client, here = stage.client("operateur"), "/places"
    page = read(client, here)
    tap = next(s for s in htmx.swaps(page) if s.verb == "POST" and s.url.endswith("/confirmer"))
    answer = htmx.asked(client, here, tap)
    after = htmx.applied(page, tap, answer)
    heard = [s for s in htmx.swaps(after) if any(f"{event} from:body" in s.trigger for event in htmx.events(answer))]
    assert heard, "nothing hears that a place changed"
    for swap in heard:
        after = htmx.applied(after, swap, htmx.asked(client, here, swap))
    fresh = read(client, here)
    for target in [tap.target, *(swap.target for swap in heard), "resume", "vues"]:
        stage.targets.add(target)
        yield htmx.differences(at(after, target), at(fresh, target))


def noted(stage: Stage) -> Iterator[str]:
    """A note taken on the file, then on its journal; an empty one is refused as on the page."""
    client = stage.client("association")
    links = [str(link["href"]) for link in read(client, "/menages").select("#menages-resultats th a[href]")]
    household = next(here for here in links if swaps_of(read(client, here), f"{here}/journal"))
    for here in (household, f"{household}/journal"):
        [form] = swaps_of(read(client, here), f"{household}/journal")
        yield htmx.differences(told(stage, client, here, form, {"body": "Rendez-vous pris."}), read(client, here))
    refused = told(stage, client, here, form, {"body": ""}, status=422)
    whole = client.post(here, {**form.typed, "body": ""}, status=422)
    yield htmx.differences(refused, htmx.parsed(whole.get_data(as_text=True)))


def marked(start: str, name: str, ending: str, stage: Stage) -> Iterator[str]:
    """A file read again, a proposal seen."""
    client = stage.client(name)
    for link in read(client, start).select("main th a[href]"):
        here = str(link["href"])
        mine = [s for s in htmx.swaps(read(client, here)) if s.url.endswith(ending)]
        if mine:
            yield htmx.differences(told(stage, client, here, mine[0]), read(client, here))
            return
    pytest.fail(f"nothing of {start} can be marked")


def polled(stage: Stage) -> Iterator[str]:
    """A bilan that waits asks for itself; stopped meanwhile, it becomes the page's own end and asks no more."""
    client = stage.client("association")
    asked = client.post(
        "/bilans/nouveau", {"kind": "department", "department": "44", "since": "2026-01-01", "until": "2026-01-31"}
    )
    here = str(asked.headers["Location"])
    page = read(client, here)
    [poll] = [s for s in htmx.swaps(page) if s.trigger.startswith("every")]
    yield htmx.differences(told(stage, client, here, poll), page)
    client.post(f"{here}/arreter")
    stopped = htmx.applied(page, poll, htmx.asked(client, here, poll))
    assert not [s for s in htmx.swaps(stopped) if s.trigger.startswith("every")], "it asks for ever"
    yield htmx.differences(stopped, read(client, here))


def exported(stage: Stage) -> Iterator[str]:
    """An export that waits asks for itself."""
    client = stage.client("association")
    answer = client.submit(client.get("/menages/exporter?etape=a_orienter"), {}, button="Préparer l’export")
    here = str(answer.headers["Location"])
    page = read(client, here)
    for poll in [s for s in htmx.swaps(page) if s.trigger.startswith("every")]:
        yield htmx.differences(told(stage, client, here, poll), page)
    yield from part(here, "association", stage)


def imported(stage: Stage) -> Iterator[str]:
    """The lines of a draft, then what it wrote; it is undone at the end."""
    client = stage.client("association")
    data = {"file": (io.BytesIO((CSV + LINE).encode()), "essai.csv")}
    answer = client.submit(client.get("/imports/nouveau?genre=menages"), data, button="Lire")
    here = str(answer.headers["Location"]).rsplit("/", 1)[0]
    if answer.headers["Location"].endswith("/colonnes"):
        client.submit(client.get(f"{here}/colonnes"), {}, button="Vérifier")
    yield from part(f"{here}/apercu?voir=toutes", "association", stage)
    client.submit(client.get(f"{here}/apercu"), {}, button="Enregistrer")
    yield from part(here, "association", stage)
    client.submit(client.get(here), {}, button="Annuler cet import")


PLAYS: dict[str, Callable[[Stage], Iterator[str]]] = {
    **{f"list {here}": partial(filtered_sorted_turned, here, *how) for here, how in LISTS.items()},
    **{f"picker {here}": partial(suggested, here, name) for here, name in PICKERS.items()},
    **{f"part {here}": partial(part, here, name) for here, name in PARTS.items()},
    "tap": tapped, "journal": noted, "read again": partial(marked, "/menages", "association", "/relu"),
    "seen": partial(marked, "/orientations?vue=toutes", "operateur", "/vue"), "bilan": polled, "export": exported, "import": imported,
}  # fmt: skip


@pytest.mark.parametrize("name", PLAYS)
def test_a_swap_gives_the_page_of_its_address(stage: Stage, name: str) -> None:
    differences = stage.run(name)
    assert not differences, differences


def test_nothing_that_htmx_asks_for_is_left_out(stage: Stage) -> None:
    """The fragments that views name and the ids that templates swap: each was replayed."""
    for name in PLAYS:
        stage.run(name)
    assert sorted(named_fragments() - stage.fragments - set(NOT_ASKED)) == []
    assert sorted(named_targets() - stage.targets) == []


def named_fragments() -> set[str]:
    """Every template that a view gives as ``fragment=``, or renders alone (its name begins with « _ »)."""
    found = set()
    for path in (ROOT / "odis_app").rglob("views*"):
        for file in path.rglob("*.py") if path.is_dir() else [path]:
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Constant)
                    and isinstance(node.value, str)
                    and re.fullmatch(r"[a-z]+/_\w+\.html", node.value)
                ):
                    found.add(node.value)
    return found


def named_targets() -> set[str]:
    """Every id written in a template as what is swapped; those made of a variable are played with the lists, the taps and the pickers."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "templates").rglob("*.html")]
    return {name for text in texts for name in re.findall(r'(?:target=|, )"#([a-z][a-z-]*)"', text)}
