"""Through gunicorn, as a browser sees it: time to the whole answer, and the bytes of a first visit."""

from __future__ import annotations

import gzip
import http.client
import re
import time
from collections.abc import Callable

from bench.figures import Figure, Table, p50, p95
from bench.ground import Ground, gunicorn, richest
from odis_app.core.requests import COOKIE

WHOLE, SCRIPT = 150_000, 60_000
_ASSET = re.compile(r'(?:href|src)="(/assets/[^"#]+)')


def run(ground: Ground) -> list[Table]:
    pages = [
        ("association", "/menages"),
        ("operateur", "/places"),
        ("association", richest(ground.browser("association"), "/menages", "/menages")),
    ]
    times = Table("Par gunicorn, un client", ("Page", "p50 (ms)", "p95 (ms)"))
    bytes_ = Table(
        "Première visite, octets reçus (en-têtes compris)", ("Page", "La page", "Scripts", "Styles, images", "En tout")
    )
    with gunicorn(ground) as port:
        for role, url in pages:
            if url is None:
                continue
            label, visit = (
                f"{re.sub(r'/[0-9a-z]{16}', '/…', url)}, compte « {role} »",
                _Visit(port, ground.world[role].token),
            )
            half, most = (40, 80) if url.count("/") > 1 else (25, 50)
            for _ in range(5):
                visit.get(url)
            found = [visit.get(url)[1] for _ in range(ground.repeat)]
            times.rows.append((label, Figure(p50(found), "", half), Figure(p95(found), "", most)))
            bytes_.rows.append((label, *_bytes(visit.get, url)))
    return [times, bytes_]


class _Visit:
    """One browser with its connection; what it receives is counted as it travels."""

    def __init__(self, port: int, token: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.headers = {"Cookie": f"{COOKIE}={token}", "Accept-Encoding": "gzip, deflate, br"}

    def get(self, url: str) -> tuple[int, float, bytes]:
        """(bytes with headers, milliseconds, body as it travelled)."""
        start = time.perf_counter()
        self.connection.request("GET", url, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        spent = (time.perf_counter() - start) * 1000
        if answer.status != 200:
            raise RuntimeError(f"{url}: {answer.status}")
        head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders()) + 17
        return head + len(body), spent, body


def _bytes(get: Callable[[str], tuple[int, float, bytes]], url: str) -> tuple[Figure, ...]:
    page, _, body = get(url)
    sizes: dict[str, int] = {}
    for asset in dict.fromkeys(_ASSET.findall(_plain(body))):
        sizes[asset] = get(asset)[0]
    icons = re.search(r'href="(/assets/icons[^"#]+)#', _plain(body))
    if icons:
        sizes.setdefault(icons[1], get(icons[1])[0])
    script = sum(size for name, size in sizes.items() if name.endswith(".js"))
    rest = sum(sizes.values()) - script
    return Figure(page), Figure(script, "", SCRIPT), Figure(rest), Figure(page + script + rest, "", WHOLE)


def _plain(body: bytes) -> str:
    return (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode()
