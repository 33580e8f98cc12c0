"""htmx as a browser runs it, without the browser: who asks what, the swap in the page, and the page it should have become.

Only what our pages use is played: hx-get, hx-post, hx-target (an id), hx-swap (outerHTML, innerHTML), hx-push-url, parts swapped out of
band, the response headers HX-Redirect and HX-Trigger, ``responseHandling`` of the page's own configuration. Anything else raises.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any
from urllib.parse import urlencode, urlsplit

from bs4 import BeautifulSoup, NavigableString, Tag
from werkzeug.test import TestResponse

from tests.support.client import StrictClient, form_values

PLAYED = {
    "hx-get", "hx-post", "hx-target", "hx-swap", "hx-push-url", "hx-trigger", "hx-swap-oob", "hx-sync", "hx-encoding", "hx-headers", "hx-disable",
}  # fmt: skip
OF_THE_MOMENT = {"messages", "annonce"}
"""Live regions: what was just done is told there once, which a page read afresh has no reason to say."""
OPENINGS = re.compile(r"Ouvert \d+ fois")  # a page read afresh is one more opening of the file


@dataclass(frozen=True, slots=True)
class Swap:
    """An element that asks: ``source`` is where it stands, ``url`` what it asks, ``target`` the id that is replaced."""

    element: Tag
    verb: str
    url: str
    target: str
    style: str
    pushes: bool
    trigger: str

    @property
    def typed(self) -> dict[str, Any]:
        """What its form holds, or what the field itself holds."""
        if self.element.name == "form":
            return form_values(self.element)
        return {str(self.element["name"]): str(self.element.get("value", ""))} if self.element.get("name") else {}


def parsed(html: str) -> BeautifulSoup:
    """A page or a fragment."""
    tree = BeautifulSoup(html, "html.parser")
    for tag in tree.find_all(nonce=True):
        del tag["nonce"]  # each answer draws its own; a swap keeps the head of the page it came into
    return tree


def swaps(page: BeautifulSoup) -> Iterator[Swap]:
    """Every element of the page that htmx listens to: never one in reach of ``hx-disable``."""
    for element in page.find_all(lambda tag: tag.has_attr("hx-get") or tag.has_attr("hx-post")):
        if element.find_parent(attrs={"hx-disable": True}) or element.has_attr("hx-disable"):
            continue
        unknown = {name for name in element.attrs if name.startswith("hx-")} - PLAYED
        assert not unknown, f"tests/support/htmx.py does not play {sorted(unknown)}"
        verb = "GET" if element.has_attr("hx-get") else "POST"
        target, style = str(element.get("hx-target", "")), str(element.get("hx-swap", "innerHTML"))
        assert re.fullmatch(r"(#[\w-]+)?", target), f"a target that is not an id: {target}"
        assert style in {"outerHTML", "innerHTML"}, f"a swap that is not played: {style}"
        yield Swap(
            element, verb, str(element["hx-get" if verb == "GET" else "hx-post"]), target[1:] or str(element["id"]), style,
            pushes=element.get("hx-push-url") == "true", trigger=str(element.get("hx-trigger", "")),
        )  # fmt: skip


def asked(client: StrictClient, here: str, swap: Swap, typed: Mapping[str, Any] | None = None) -> TestResponse:
    """The request that htmx makes from the page at ``here``, with ``typed`` over what the form holds."""
    values = {**swap.typed, **(typed or {})}
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://localhost{here}", "HX-Target": swap.target}
    headers |= {"HX-Trigger": str(swap.element["id"])} if swap.element.get("id") else {}
    if swap.verb == "GET":
        return client.browser.get(sent_to(swap, typed), headers=headers)
    headers |= {"Referer": f"http://localhost{here}"}
    return client.browser.post(swap.url, data=values, headers=headers)


def sent_to(swap: Swap, typed: Mapping[str, Any] | None = None) -> str:
    """The address of a GET with what the form holds, as htmx writes it and as the browser's bar shows it afterwards."""
    values = {**swap.typed, **(typed or {})}
    more = urlencode(values, doseq=True)
    return swap.url + (("&" if "?" in swap.url else "?") + more if more else "")


def applied(page: BeautifulSoup, swap: Swap, answer: TestResponse) -> BeautifulSoup:
    """The page after the answer, in a copy: out-of-band parts by their id, then the target."""
    after = copy.copy(page)
    if not _swaps(page, answer.status_code):
        return after
    part = parsed(answer.get_data(as_text=True))
    assert part.find("html") is None, f"{swap.url} answers htmx with a whole page"
    for element in part.find_all(attrs={"hx-swap-oob": True}):
        assert element["hx-swap-oob"] == "true", "an out-of-band swap that is not played"
        element.extract()
        del element["hx-swap-oob"]
        place = after.find(id=str(element["id"]))
        assert isinstance(place, Tag), (
            f"{swap.url}: nothing called {element['id']} in the page, what is sent for it is lost"
        )
        place.replace_with(element)
    target = after.find(id=swap.target)
    assert isinstance(target, Tag), f"no element called {swap.target} in the page: htmx would swap nothing"
    content = [node for node in list(part.contents) if not (isinstance(node, NavigableString) and not node.strip())]
    if swap.style == "innerHTML":
        target.clear()
        target.extend(content)
    else:
        roots = [node for node in content if isinstance(node, Tag)]
        assert [root.get("id") for root in roots] == [swap.target], (
            f"{swap.url}: its root must be #{swap.target} alone, or the next swap finds nothing: {[root.get('id') for root in roots]}"
        )
        target.replace_with(roots[0])
    return after


def events(answer: TestResponse) -> set[str]:
    """What the answer lets the page hear."""
    told = answer.headers.get("HX-Trigger", "")
    return {name.strip() for name in told.split(",") if name.strip()}


def _swaps(page: BeautifulSoup, status: int) -> bool:
    meta = page.find("meta", attrs={"name": "htmx-config"})
    assert isinstance(meta, Tag), "the page does not configure htmx"
    for rule in json.loads(str(meta["content"]))["responseHandling"]:
        if re.search(rule["code"], str(status)):
            return bool(rule["swap"])
    return False


def type_in(page: BeautifulSoup, swap: Swap, typed: Mapping[str, Any]) -> None:
    """What the person typed stays in the form, as in a browser: a page read afresh at the new address says the same."""
    for field in page.find_all(["input", "select"]):
        if field.get("name") not in typed or field.find_parent("form", attrs={"hx-get": swap.url}) is None:
            continue
        value = str(typed[str(field["name"])])
        if field.name == "select":
            for option in field.find_all("option"):
                option.attrs.pop("selected", None)
                if option.get("value", option.get_text()) == value:
                    option["selected"] = ""
        else:
            field["value"] = value


def differences(got: BeautifulSoup, wanted: BeautifulSoup, *, context: int = 1) -> str:
    """What differs between two pages once the token, the live regions and the spaces are set aside; empty when nothing does."""
    lines = unified_diff(_lines(wanted), _lines(got), "read afresh", "after the swap", lineterm="", n=context)
    return "\n".join(list(lines)[:60])


def _lines(page: BeautifulSoup) -> list[str]:
    page = copy.copy(page)
    for name in OF_THE_MOMENT:
        region = page.find(id=name)
        if isinstance(region, Tag):
            region.clear()
    for token in page.find_all("input", attrs={"name": "csrf_token"}):
        token["value"] = ""
    for once in page.find_all("input", attrs={"name": "key"}):
        once["value"] = ""
    for told in page.find_all(attrs={"data-odis-announce": True, "class": "visually-hidden"}):
        told.extract()
    if isinstance(page.body, Tag):
        page.body.attrs.pop("hx-headers", None)
    for option in page.find_all("option", value=""):
        option.attrs.pop("selected", None)  # the first one is chosen when none is
    page.smooth()
    told = OPENINGS.sub("Ouvert souvent", page.prettify())
    return [" ".join(line.split()) for line in told.splitlines() if line.strip()]


def path_of(url: str) -> str:
    """The address without its query."""
    return urlsplit(url).path
