"""Pages travel compressed for who accepts it, and their size tells nothing."""

from __future__ import annotations

import gzip


def test_a_page_is_the_same_compressed(client):
    plain = client.browser.get("/accessibilite")
    packed = client.browser.get("/accessibilite", headers={"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data)
    assert len(gzip.decompress(packed.data)) == len(plain.data)


def test_who_refuses_it_gets_it_plain(client):
    answer = client.browser.get("/accessibilite", headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in answer.headers


def test_the_size_of_a_page_varies_at_random(client):
    sizes = {len(client.browser.get("/accessibilite", headers={"Accept-Encoding": "gzip"}).data) for _ in range(12)}
    assert len(sizes) > 4
