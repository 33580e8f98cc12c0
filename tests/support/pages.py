"""What every page must be, checked on every page that a test reads."""

from __future__ import annotations

import re

from tests.support.html import parsed

INLINE = re.compile(r"^on[a-z]+$")
UNRENDERED = re.compile(r"\{\{|\}\}|\{%|%\}")


def faults(html: str) -> list[str]:
    """What is wrong with a full page: a list of sentences, empty when it is right."""
    soup = parsed(html)
    found = []
    if UNRENDERED.search(soup.get_text()):
        found.append("template marks are left in the text")
    if len(soup.find_all("h1")) != 1:
        found.append(f"{len(soup.find_all('h1'))} h1 instead of one")
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    found += [f"id {i} stands {ids.count(i)} times" for i in sorted(set(ids)) if ids.count(i) > 1]
    for tag in soup.find_all(True):
        found += [f"inline handler {name} on <{tag.name}>" for name in tag.attrs if INLINE.match(name)]
        if tag.has_attr("style"):
            found.append(f"inline style on <{tag.name}>")
    found += ["inline script" for script in soup.find_all("script") if not script.get("src")]
    found += ["inline style sheet" for _ in soup.find_all("style")]
    for form in soup.find_all("form", method=re.compile("post", re.IGNORECASE)):
        if not form.find("input", attrs={"name": "csrf_token"}):
            found.append(f"form {form.get('action')} has no token")
    for image in soup.find_all("img"):
        if not image.has_attr("alt"):
            found.append("image without alt")
    title = soup.title.get_text() if soup.title else ""
    if "OD&IS" not in title:
        found.append("the title does not name the product")
    return found
