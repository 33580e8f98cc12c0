"""Values that no person types, in every field of every page. In a module of its own: the forms that it sends change the region."""

from __future__ import annotations

import re
from urllib.parse import quote

from bs4 import BeautifulSoup
from flask import Flask

from tests.security.region import Region
from tests.security.visits import addresses, browser, lists
from tests.support.client import form_values
from tests.support.html import parsed

UGLY = (
    "\x00",
    "a\x00b",
    "%00",
    "’" * 5000,
    "9" * 400,
    "-1",
    "1e999",
    "NaN",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "'; DROP TABLE users --",
    "{{7*7}}",
    "[]",
    "2026-13-45",
)
WORST = (
    "\x00",
    "’" * 5000,
    "9" * 400,
    "2026-13-45",
)  # what each field meets alone; the others come to all fields of a page at once
OVERLONG = ("%C0%80", "%FF%FE", "%ED%A0%80", "%F0%82%82%AC")
# What Flask's own builder of addresses is told by name: a page that hands its query to it would let a visitor say it.
BUILDER_WORDS = "endpoint=x&_external=1&_scheme=evil-scheme&_anchor=x&_method=POST&values=x"


def test_no_filter_is_answered_by_a_fault(app: Flask, region: Region) -> None:
    """NUL, overlong and lone bytes, very long values in every field that a list page shows, and in names it does not."""
    client = browser(app, region.camille)
    faults = []
    for url in lists(app):
        page = client.browser.get(url, buffered=True)
        soup = BeautifulSoup(page.get_data(as_text=True) if page.mimetype == "text/html" else "", "html.parser")
        page.close()
        names = {
            str(c["name"])
            for form in soup.find_all("form", method=lambda m: (m or "get").lower() == "get")
            for c in form.find_all(attrs={"name": True})
        }
        fields = [quote(name) for name in sorted(names | {"page", "tri", "q", "genre", "suite"})]
        asked = [f"{quote(name)}={quote(ugly)}" for name in sorted(names) for ugly in WORST]
        asked += ["&".join(f"{name}={raw}" for name in fields) for raw in [*map(quote, UGLY), *OVERLONG]]
        for query in asked:
            answer = client.browser.get(f"{url}?{query}", buffered=True)
            if answer.status_code >= 500:
                faults.append(f"{url}?{query[:48]} {answer.status_code}")
            answer.close()
        answer = client.browser.get(f"{url}?{BUILDER_WORDS}", buffered=True)
        if answer.status_code >= 500 or "evil-scheme:" in answer.get_data(as_text=True):
            faults.append(f"{url}?{BUILDER_WORDS} {answer.status_code}")
        answer.close()
    assert faults == []


def test_no_form_is_answered_by_a_fault(app: Flask, region: Region) -> None:
    """The same in every field of every form of one's own things; a refusal is a page in French."""
    client = browser(app, region.camille)
    urls = [url for _, url in addresses(app, region, "GET")] + [
        url for url in lists(app) if url not in {"/deconnexion"}
    ]
    urls += ["/imports/nouveau?genre=essai"]
    faults, seen = [], set()
    for url in urls:
        page = client.browser.get(url, buffered=True)
        html = page.get_data(as_text=True) if page.mimetype == "text/html" else ""
        page.close()
        for form in parsed(html).find_all("form", method=re.compile("post", re.I)):
            action = str(form.get("action") or url)
            if action in seen or action.endswith(
                ("deconnexion", "retirer", "arreter", "annuler", "archiver", "supprimer")
            ):
                continue
            seen.add(action)
            fields = form_values(form)
            for ugly in ("\x00", "’" * 5000, "2026-13-45", "9" * 400, "\udcff"):
                sent = {
                    k: v if k == "csrf_token" else ugly.encode("utf-8", "surrogateescape") for k, v in fields.items()
                }
                answer = client.browser.post(action, data=sent, headers={"Referer": "http://localhost/"}, buffered=True)
                if answer.status_code >= 500:
                    faults.append(f"{action} {ugly[:6]!r} {answer.status_code}")
                answer.close()
    assert faults == []
