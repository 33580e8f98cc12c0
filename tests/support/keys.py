"""The hands of somebody who has a keyboard only: Tab, Shift+Tab, Enter, Space, arrows and letters."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page

STUCK = 6  # a date takes up to four stops in the same element
MOST_STOPS = 400
LOOK = """(target) => {
  const here = document.activeElement || document.body;
  const table = window.__stops || (window.__stops = new WeakMap());
  if (!table.has(here)) table.set(here, window.__stop = (window.__stop || 0) + 1);
  const shown = (e) => { const s = getComputedStyle(e); return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none'; };
  const box = here.getBoundingClientRect();
  const label = here.labels && here.labels[0];
  // the parts of a date, and its calendar, are drawn by the browser inside the field
  const inside = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return {
    there: here === target,
    nowhere: here === document.body || here === document.documentElement,
    number: table.get(here),
    visible: inside && (here.type === 'date' || shown(here) || Boolean(label && shown(label))),
    what: here.outerHTML.slice(0, 140),
    before: Boolean(target && (here.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_PRECEDING)),
    skip: here.matches('.od-skip'),
    main: Boolean(target && target.closest('main')),
  };
}"""


class Keys:
    """Moves through one page by keys; fails where focus cannot be seen, or where it cannot leave."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def reach(self, target: Locator) -> None:
        """Tab (or Shift+Tab when it is behind us) until ``target`` has the focus."""
        handle = target.element_handle()
        state = self._look(handle)
        key = "Shift+Tab" if state["before"] and not state["nowhere"] else "Tab"
        same, last, round_ends = 0, state["number"], 0
        for _ in range(MOST_STOPS):
            if state["there"]:
                assert state["visible"], f"the focus is not visible on {state['what']}"
                return
            self._step(key, state)
            state = self._look(handle)
            same = same + 1 if state["number"] == last else 0
            last = state["number"]
            round_ends += state["nowhere"]
            assert same < STUCK or state["nowhere"], f"the keyboard is trapped in {state['what']}"
            assert state["nowhere"] or state["visible"], f"the focus is not visible on {state['what']}"
            assert round_ends < 3, f"no key leads to {target}"
        raise AssertionError(f"no key leads to {target} in {MOST_STOPS} stops")

    def _step(self, key: str, state: dict[str, Any]) -> None:
        """One move; the skip link is taken when what we want is in the content."""
        if state["skip"] and state["main"]:
            self.page.keyboard.press("Enter")
        self.page.keyboard.press(key)

    def _look(self, handle: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate(LOOK, handle)
        return found

    def type(self, target: Locator, text: str) -> None:
        """Write in a field instead of what it holds."""
        self.reach(target)
        if target.get_attribute("type") == "date":
            self._type_day(target, text)
            return
        self.page.keyboard.press("Control+A")
        if text:
            self.page.keyboard.type(text)
        else:
            self.page.keyboard.press("Delete")
        assert target.input_value() == text

    def _type_day(self, target: Locator, day: str) -> None:
        """A date is typed part by part, in the order of the browser's own language."""
        year, month, number = day.split("-")
        for digits in (f"{number}{month}{year}", f"{month}{number}{year}"):
            self.page.keyboard.type(digits)
            if target.input_value() == day:
                return
            self._back_to_first_part(target)
        raise AssertionError(f"{day} cannot be typed: {target.input_value()}")

    def _back_to_first_part(self, target: Locator) -> None:
        for _ in range(3):
            self.page.keyboard.press("ArrowLeft")

    def select(self, target: Locator, number: int) -> None:
        """Option ``number`` (from 0) of a list, by arrows."""
        self.reach(target)
        away = number - int(target.evaluate("e => e.selectedIndex"))
        for _ in range(abs(away)):
            self.page.keyboard.press("ArrowDown" if away > 0 else "ArrowUp")
        assert target.evaluate("e => e.selectedIndex") == number

    def tick(self, target: Locator) -> None:
        """A box by Space; a radio button by arrows from the one of its group that Tab reaches."""
        if target.is_checked():
            return
        if target.get_attribute("type") != "radio":
            self.reach(target)
            self.page.keyboard.press("Space")
            return
        group = target.locator("xpath=ancestor::form").locator(
            f'input[type=radio][name="{target.get_attribute("name")}"]'
        )
        states = [radio.is_checked() for radio in group.all()]
        start = states.index(True) if True in states else 0
        self.reach(group.nth(start))
        wanted = [radio.evaluate("(e, t) => e === t", target.element_handle()) for radio in group.all()].index(True)
        if wanted == start:
            self.page.keyboard.press("Space")
        for _ in range(abs(wanted - start)):
            self.page.keyboard.press("ArrowDown" if wanted > start else "ArrowUp")
