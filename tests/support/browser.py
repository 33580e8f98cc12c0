"""A person in front of a real browser: with a mouse, without JavaScript, or with keys only; every page met is checked.

``Person`` has the verbs of somebody at work (follow, press, write, choose, tick, attach, reads); the mode decides how they
are done. After each of them the page must obey the rules: nothing on the console, nothing asked of another machine, no
axe violation, no sideways scrolling, one title and one heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect

from odis_app.core.assets import PROJECT
from tests.support.keys import Keys

AXE = PROJECT / "var" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE, DESK = {"width": 320, "height": 720}, {"width": 1280, "height": 900}
REFUSAL = re.compile(r"status of (401|403|404|409|410|413|422|429)\b")  # a page that says no is a page, not a fault
NOTE_LEAVING = "() => addEventListener('beforeunload', () => { document.documentElement.dataset.leaving = 'yes'; })"
ARRIVED = "() => new Promise(tell => setTimeout(() => tell(!document.documentElement.dataset.leaving), 20))"
WAITING = "() => document.querySelectorAll('.htmx-request, .htmx-swapping, .htmx-settling').length === 0"
Name = str | re.Pattern[str]


class Mode(StrEnum):
    """How somebody uses the product."""

    MOUSE = "souris"
    NO_SCRIPT = "sans JavaScript"
    KEYS = "clavier"


class Person:
    """One person, one browser context, one page."""

    def __init__(
        self,
        browser: Browser,
        address: str,
        *,
        mode: Mode = Mode.MOUSE,
        viewport: dict[str, int] | None = None,
        dark: bool = False,
        rules: bool = True,
    ) -> None:
        self.address, self.mode, self.rules = address, mode, rules
        self.has_script = mode is not Mode.NO_SCRIPT
        self.context = browser.new_context(
            base_url=address, viewport=viewport or DESK, java_script_enabled=self.has_script, color_scheme="dark" if dark else "light",
            locale="fr-FR", timezone_id="Europe/Paris", accept_downloads=True, reduced_motion="reduce",
        )  # fmt: skip
        self.context.set_default_timeout(30_000)
        self.troubles: list[str] = []
        self.addresses: list[tuple[str, str]] = []
        self.gestures = 0
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: self.troubles.append(f"script: {error.error}"))
        self.context.on("request", self._request)
        self.page: Page = self.context.new_page()
        self.keys = Keys(self.page)

    def close(self) -> None:
        """End of the day."""
        self.context.close()

    # What is noticed while the page lives

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not REFUSAL.search(message.text):
            self.troubles.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and parts.hostname != "127.0.0.1":
            self.troubles.append(f"asked of another machine: {request.url}")
        if parts.scheme in {"http", "https"} and request.resource_type in {"document", "xhr", "fetch"}:
            self.addresses.append((request.method, parts.path))

    # Going somewhere

    def go(self, path: str, *, status: int = 200) -> Person:
        """Type an address."""
        answer = self.page.goto(path)
        assert answer is None or answer.status == status, f"{path}: {answer.status} instead of {status}"
        return self.check()

    def sign_in(self, account: str, password: str) -> Person:
        """From the sign-in page, as anybody."""
        self.go("/connexion")
        self.write("Adresse e-mail", f"{account}@demo.odis.example")
        self.write("Mot de passe", password)
        return self.press("Se connecter")

    def step_up(self, password: str) -> Person:
        """Prove who one is once more, as the page asks; then where one was going."""
        self.write("Mot de passe", password)
        return self.press("Confirmer mon identité")

    def follow(self, name: Name, *, within: Locator | str | None = None) -> Person:
        """Follow a link by its name."""
        return self._act(self._within(within).get_by_role("link", name=_spaced(name)).first)

    def press(self, name: Name, *, within: Locator | str | None = None) -> Person:
        """Press a button by its name."""
        return self._act(self._within(within).get_by_role("button", name=_spaced(name)).first)

    def unfold(self, name: Name, *, within: Locator | str | None = None) -> Person:
        """Open a folded part, unless it is open."""
        summary = self._within(within).locator("summary").filter(has_text=name).first
        if summary.evaluate("e => e.parentElement.open"):
            return self
        return self._act(summary)

    def _act(self, target: Locator) -> Person:
        self.gestures += 1
        expect(target).to_be_visible()
        if self.mode is Mode.KEYS:
            self.keys.reach(target)
            self.page.evaluate(NOTE_LEAVING)
            self.page.keyboard.press("Enter")
            self.page.wait_for_function(ARRIVED)  # a click waits for the page that it opens, a key does not
        else:
            target.click()
        return self.settle().check()

    def download(self, name: Name) -> bytes:
        """Follow a link that gives a file."""
        target = self.page.get_by_role("link", name=_spaced(name)).first
        with self.page.expect_download() as given:
            if self.mode is Mode.KEYS:
                self.keys.reach(target)
                self.page.keyboard.press("Enter")
            else:
                target.click()
        return Path(given.value.path()).read_bytes()

    def settle(self) -> Person:
        """Wait until the page is there and nothing more is on its way."""
        self.page.wait_for_load_state("load")
        if self.has_script:
            self.page.wait_for_function(WAITING)
        return self

    # Filling in

    def field(self, label: Name, *, within: Locator | str | None = None) -> Locator:
        """A control by its label, or by the words that it begins with."""
        named = re.compile(rf"^\s*{re.escape(label)}(?!\w)") if isinstance(label, str) else label
        return self._within(within).get_by_label(named).locator("visible=true").first

    def write(self, label: Name, text: str, *, within: Locator | str | None = None) -> Person:
        """Type in a field, instead of what is there; a day is written YYYY-MM-DD."""
        target = self.field(label, within=within)
        self.gestures += 1
        if self.mode is Mode.KEYS:
            self.keys.type(target, text)
        else:
            target.fill(text)
        return self

    def choose(self, label: Name, option: Name, *, within: Locator | str | None = None) -> Person:
        """Choose an option of a list by its label, or part of it."""
        target = self.field(label, within=within)
        self.gestures += 1
        number = _option(target, option)
        if self.mode is Mode.KEYS:
            self.keys.select(target, number)
        else:
            target.select_option(index=number)
        return self

    def tick(self, label: Name, *, within: Locator | str | None = None) -> Person:
        """Tick a box or choose a radio button."""
        target = self.field(label, within=within)
        self.gestures += 1
        if self.mode is Mode.KEYS:
            self.keys.tick(target)
        else:
            target.check()
        expect(target).to_be_checked()
        return self

    def attach(self, label: Name, path: Path) -> Person:
        """Choose a file."""
        target = self.field(label)
        self.gestures += 1
        if self.mode is Mode.KEYS:
            with self.page.expect_file_chooser() as chooser:
                self.keys.reach(target)
                self.page.keyboard.press("Enter")
            chooser.value.set_files(path)
        else:
            target.set_input_files(path)
        return self

    # Reading

    def reads(self, *texts: Name, within: Locator | str | None = None) -> Person:
        """These texts are on the page, visible."""
        scope = self._within(within)
        for text in texts:
            expect(scope.get_by_text(_spaced(text)).locator("visible=true").first).to_be_visible()
        return self

    def reads_nothing_of(self, words: Iterable[str]) -> Person:
        """None of these words is in the page's source, shown or not."""
        source = self.page.content()
        assert [word for word in words if word in source] == []
        return self

    def text(self, selector: str = "main") -> str:
        """What is written there, spaces made plain."""
        return " ".join(self.page.locator(selector).inner_text().split())

    def path(self) -> str:
        """Where we are."""
        return urlsplit(self.page.url).path

    def _within(self, scope: Locator | str | None) -> Locator:
        if scope is None:
            return self.page.locator("body")
        return self.page.locator(scope) if isinstance(scope, str) else scope

    # The rules

    def check(self) -> Person:
        """The page obeys the rules of every page."""
        found = [*self.troubles, *(self._rules() if self.rules else ())]
        assert found == [], f"{self.page.url}: {found}"
        return self

    def _rules(self) -> list[str]:
        page = self.page
        if page.url == "about:blank" or not page.evaluate("document.contentType").startswith("text/html"):
            return []
        found = []
        if "OD&IS" not in page.title():
            found.append(f"title: {page.title()}")
        if page.locator("h1").count() != 1:
            found.append(f"{page.locator('h1').count()} h1")
        wide = page.evaluate(OVERFLOW)
        if wide:
            found.append(f"wider than the screen: {wide}")
        return [*found, *(axe(page) if self.has_script else ())]


expect.set_options(timeout=20_000)  # a busy machine is no fault of the page
OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const wide = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > width + 1);
  return wide.length ? wide.slice(0, 5).map(e => e.outerHTML.slice(0, 120)) : ['a word longer than its box'];
}"""


SKELETON = """() => {
  const page = document.documentElement.outerHTML.replace(/>[^<]*[^<\\s][^<]*</g, '>x<')
    .replace(/ (id|for|href|action|value|name|content|title|d|points|x|y|cx|cy|width|height|aria-\\w+|data-[\\w-]+|hx-[\\w-]+)="[^"]+"/g, ' $1="x"');
  return [innerWidth, matchMedia('(prefers-color-scheme: dark)').matches, page].join(' ');
}"""
_judged: set[int] = set()


def axe(page: Page) -> list[str]:
    """Violations of WCAG 2.2 AA and of good practice, one line each. A page whose skeleton was found right is not judged again."""
    skeleton = hash(page.evaluate(SKELETON))
    if skeleton in _judged:
        return []
    page.evaluate(_axe_source())
    result: dict[str, Any] = page.evaluate(
        "tags => axe.run(document, { runOnly: tags, resultTypes: ['violations'] })", TAGS
    )
    found = [f"axe {rule['id']}: {node['html'][:160]}" for rule in result["violations"] for node in rule["nodes"][:3]]
    if not found:
        _judged.add(skeleton)
    return found


def _spaced(text: Name) -> Name:
    """French puts spaces that do not break: any space will do."""
    return re.compile(text.pattern.replace(" ", r"\s"), text.flags) if isinstance(text, re.Pattern) else text


@cache
def _axe_source() -> str:
    return AXE.read_text(encoding="utf-8")


def _option(select: Locator, wanted: Name) -> int:
    labels = [" ".join(label.split()) for label in select.locator("option").all_inner_texts()]
    found = [
        n
        for n, label in enumerate(labels)
        if (wanted.search(label) if isinstance(wanted, re.Pattern) else label == wanted)
    ]
    if not found and isinstance(wanted, str):
        found = [n for n, label in enumerate(labels) if wanted in label]
    assert found, f"{wanted!r} is not among {labels}"
    return found[0]
