"""Pages as trees: one parser for all tests, and one reading of a page however many questions are asked of it."""

from __future__ import annotations

from functools import lru_cache

from bs4 import BeautifulSoup


@lru_cache(maxsize=8)
def parsed(html: str) -> BeautifulSoup:
    """The tree of a page or of a fragment; nobody changes it."""
    return BeautifulSoup(html, "lxml")
