"""The client of the address base, against a server that speaks its protocol, well or badly."""

from __future__ import annotations

import logging

import pytest

from odis_app.core.config import Config, ConfigError
from odis_app.territories import ban
from tests.support.ban import Ban, collection, feature


@pytest.fixture
def base():
    running = Ban().start()
    yield running
    running.stop()


def test_an_address_is_found_within_its_commune(base):
    (found,) = ban.search(base.url, "12 rue du conte", insee="44109")
    assert (found.line, found.insee, found.key) == ("12 Rue du Conte, 44000 Nantes", "44109", "44109_1234_00012")
    assert base.asked == [{"q": "12 rue du conte", "limit": "5", "autocomplete": "0", "citycode": "44109"}]


def test_what_is_no_usable_address_is_left_out(base):
    base.answers = [
        feature(type="municipality", name="Nantes"), feature(postcode="4400"), feature(citycode="4410x"), feature(name=None), feature(city="Na\x00ntes"),
        feature(name="x" * 300), {"properties": []}, feature(id="<script>"),
    ]  # fmt: skip
    assert ban.search(base.url, "12 rue") == []  # five are read, no more
    base.answers = base.answers[5:]
    (found,) = ban.search(base.url, "12 rue")
    assert (found.street, found.key) == ("12 Rue du Conte", "")


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"features": 3}', "[" * 5000, '{"type": "x"}', collection()[:-3], "<html>Bonjour</html>"]
)
def test_a_broken_answer_is_said(base, body):
    base.body = body
    with pytest.raises(ban.AddressBaseError, match="autre chose que des adresses"):
        ban.search(base.url, "12 rue du conte")


@pytest.mark.parametrize(("status", "words"), [(429, "trop de demandes"), (500, "autre chose"), (302, "autre chose")])
def test_a_refusal_is_said_and_no_redirection_is_followed(base, status, words):
    base.status = status
    with pytest.raises(ban.AddressBaseError, match=words):
        ban.search(base.url, "12 rue du conte")
    assert len(base.asked) == 1


def test_a_huge_answer_is_not_read(base):
    base.body = collection(feature(padding="x" * 2 * ban.LARGEST))
    with pytest.raises(ban.AddressBaseError, match="ne répond pas"):
        ban.search(base.url, "12 rue du conte")


def test_a_slow_answer_is_cut_and_the_log_holds_no_address(base, monkeypatch, caplog):
    monkeypatch.setattr(ban, "SECONDS", 0.2)
    base.hang = True
    with caplog.at_level(logging.DEBUG), pytest.raises(ban.AddressBaseError, match="ne répond pas") as caught:
        ban.search(base.url, "12 rue du conte")
    assert caught.value.__suppress_context__  # a trace of this error holds no other
    assert "conte" not in "".join(record.getMessage() for record in caplog.records if record.name != "werkzeug")


def test_nobody_listens(base):
    base.stop()
    with pytest.raises(ban.AddressBaseError, match="ne répond pas"):
        ban.search(base.url, "12 rue du conte")
    base.start()  # for the fixture to stop


@pytest.mark.parametrize(
    "value", ["http://adresses.example/search", "adresses.example", "https://adresses.example/search?q=", "https://"]
)
def test_the_address_of_the_service_is_a_secure_one(value):
    with pytest.raises(ConfigError, match="ODIS_BAN_URL"):
        Config.from_env({"ODIS_BAN_URL": value}, services=False)
