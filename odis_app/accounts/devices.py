"""A browser, as people say it: « Firefox sur Windows », from what it says of itself. It may lie; it helps to recognise one's own."""

from __future__ import annotations

# In this order: Edge and Opera say « Chrome » too, and everybody says « Safari ».
BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "Chromebook"),
    ("Mac OS X", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


def device_label(user_agent: str) -> str:
    """« Firefox sur Windows », « Safari sur iPhone », « Navigateur inconnu »."""
    browser = next((label for mark, label in BROWSERS if mark in user_agent), "")
    system = next((label for mark, label in SYSTEMS if mark in user_agent), "")
    if not browser and not system:
        return "Navigateur inconnu"
    return f"{browser or 'Navigateur'} sur {system}" if system else browser
