"""ProConnect against a real provider on this machine: the good path, and everything that must not open a session."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import text

from odis_app import create_app
from odis_app.core.config import Config, ConfigError
from odis_app.core.db import db, unit_of_work
from odis_app.core.requests import COOKIE
from tests.accounts.conftest import EMAIL, PHRASE, mailbox, sign_in, told
from tests.support.client import StrictClient, text_of
from tests.support.oidc import CLIENT, SECRET, Claims, Oidc
from tests.support.worlds import owner_unit

REFUSED = "ProConnect n’a pas confirmé qui vous êtes."
BACK = "/connexion/proconnect/retour"


class Direct(HTTPRedirectHandler):
    def http_error_302(self, req, fp, code, msg, headers):
        return fp


@pytest.fixture
def oidc(database: Flask) -> Iterator[Oidc]:
    running = Oidc(back=database.config["ODIS"].address + BACK).start()
    yield running
    if running.thread.is_alive():
        running.stop()


@pytest.fixture
def client(database: Flask, oidc: Oidc) -> StrictClient:
    """A browser of an installation that has ProConnect."""
    config: Config = database.config["ODIS"]
    return StrictClient(
        create_app(
            replace(config, proconnect_issuer=oidc.issuer, proconnect_client_id=CLIENT, proconnect_client_secret=SECRET)
        )
    )


def leave(client: StrictClient) -> str:
    """Press the button; the address at the provider."""
    return str(client.get("/connexion/proconnect?suite=/menages", status=303).headers["Location"])


def through(address: str) -> str:
    """The person says who they are there; where the provider sends the browser."""
    with build_opener(Direct).open(address, timeout=5) as answer:
        parts = urlsplit(answer.headers["Location"])
    return f"{parts.path}?{parts.query}"


def come_back(client: StrictClient, *, status: int = 303) -> str:
    answer = client.get(through(leave(client)), status=status)
    return text_of(answer) if status != 303 else str(answer.headers["Location"])


@pytest.fixture
def tied(client: StrictClient, somebody: str) -> StrictClient:
    """Camille tied ProConnect to the account once; the browser that comes back is another one."""
    assert come_back(client) == "/connexion?suite=/menages"
    assert "Écrivez une fois le mot de passe" in text_of(client.get("/connexion"))
    sign_in(client)
    client.post("/deconnexion")
    return client.as_(None)


def is_in(client: StrictClient) -> bool:
    return client.browser.get("/menages").status_code == 200


def test_the_button_is_there_when_it_is_set_up_only(client: StrictClient, database: Flask) -> None:
    assert "Se connecter avec ProConnect" in text_of(client.get("/connexion"))
    without = StrictClient(database)
    assert "ProConnect" not in text_of(without.get("/connexion"))
    without.get("/connexion/proconnect", status=404)
    without.get(BACK, status=404)


@pytest.mark.parametrize(("algorithm", "signs"), [("RS256", True), ("ES256", True), ("RS256", False)])
def test_a_tied_account_opens(tied: StrictClient, oidc: Oidc, algorithm: str, signs: bool) -> None:
    oidc.algorithm, oidc.signs_userinfo = algorithm, signs
    oidc.new_key()
    assert come_back(tied) == "/menages"
    assert is_in(tied)
    asked = oidc.queries[-1]
    assert asked["scope"].split()[0] == "openid"
    assert asked["acr_values"] == "eidas1 eidas2 eidas3"
    assert len(asked["nonce"]) > 40


def test_the_first_time_the_local_password_is_asked_once_and_a_mail_says_so(
    client: StrictClient, somebody: str
) -> None:
    come_back(client)
    page = client.get("/connexion?suite=/menages")
    assert EMAIL in page.get_data(as_text=True)
    assert not is_in(client)
    sign_in(client)
    assert mailbox("identity_linked")[0].to == EMAIL
    assert told("SELECT count(*) FROM audit_events WHERE action = 'account:link'") == 1
    assert "ProConnect ouvre ce compte" in text_of(client.get("/compte"))
    client.submit(client.get("/compte"), {}, button="Délier ProConnect")
    assert told("SELECT count(*) FROM user_identities") == 0


def test_an_address_alone_ties_nothing(client: StrictClient, somebody: str, oidc: Oidc) -> None:
    """Whoever ProConnect lets say « camille@… » does not become Camille."""
    come_back(client)
    sign_in(client, password="au hasard", status=422)
    assert told("SELECT count(*) FROM user_identities") == 0
    other = client.as_(None)
    sign_in(other)  # Camille herself, from her own browser: nothing waits there
    assert told("SELECT count(*) FROM user_identities") == 0


def test_the_password_of_another_account_ties_nothing(client: StrictClient, somebody: str, oidc: Oidc) -> None:
    oidc.email = "autre@test.odis.example"
    with owner_unit():
        db.execute(text("UPDATE users SET email = 'autre@test.odis.example'"))
    come_back(client)
    with owner_unit():
        db.execute(text("UPDATE users SET email = :email"), {"email": EMAIL})
    sign_in(client)
    assert told("SELECT count(*) FROM user_identities") == 0


def test_who_has_no_account_is_led_to_the_access_request(client: StrictClient, database: Flask, oidc: Oidc) -> None:
    oidc.email = "inconnu@test.odis.example"
    assert come_back(client) == "/demande-d-acces"
    assert "aucun compte OD&IS n’est à votre adresse" in text_of(client.get("/demande-d-acces"))
    assert told("SELECT count(*) FROM users") == 0


def test_the_subject_counts_not_the_address(tied: StrictClient, oidc: Oidc) -> None:
    """A new address at the provider changes nothing; another person with the old address does not enter."""
    oidc.email = "camille.autrement@test.odis.example"
    assert come_back(tied) == "/menages"
    tied.post("/deconnexion", status=200)
    oidc.email, oidc.subject = EMAIL, "sub-de-quelqu-un-d-autre"
    assert come_back(tied) == "/connexion?suite=/menages"
    assert not is_in(tied)


@pytest.mark.parametrize("change", ["deactivated_at = now()"])
def test_a_closed_account_does_not_open(tied: StrictClient, change: str) -> None:
    with owner_unit():
        db.execute(text(f"UPDATE users SET {change}"))
    come_back(tied)
    assert not is_in(tied)


def other_key(claims: Claims, oidc: Oidc) -> str:
    """Signed with a key that has the right name and is not the provider's."""
    header = {"alg": "RS256", "kid": oidc.key_id}
    return jwt.encode(header, claims, RSAKey.generate_key(2048, {"kid": oidc.key_id}))


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(claims: Claims, oidc: Oidc) -> str:
    return f"{part({'alg': 'none', 'kid': oidc.key_id})}.{part(claims)}."


def shared_secret(claims: Claims, oidc: Oidc) -> str:
    """HS256 under the public key's own bytes: the confusion of algorithms."""
    signed = f"{part({'alg': 'HS256', 'kid': oidc.key_id})}.{part(claims)}"
    mac = hmac.new(oidc.key.as_pem(private=False), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def changed(claims: Claims, oidc: Oidc) -> str:
    head, _, signature = oidc.signed(claims).split(".")
    return f"{head}.{part(claims | {'acr': 'eidas3'})}.{signature}"


@pytest.mark.parametrize("seal", [other_key, unsigned, shared_secret, changed])
def test_what_the_provider_did_not_sign_is_refused(
    tied: StrictClient, oidc: Oidc, seal: Callable[[Claims, Oidc], str], caplog: pytest.LogCaptureFixture
) -> None:
    oidc.seal = seal
    with caplog.at_level(logging.WARNING):
        assert REFUSED in come_back(tied, status=422)
    assert not is_in(tied)
    assert "camille" not in caplog.text.lower()
    assert told("SELECT count(*) FROM audit_events WHERE action = 'session:refuse'") == 1


WRONG: dict[str, Callable[[Claims], Claims]] = {
    "wrong audience": lambda c: c | {"aud": "un-autre-service"},
    "several audiences, given to another": lambda c: c | {"aud": [CLIENT, "un-autre"], "azp": "un-autre"},
    "wrong issuer": lambda c: c | {"iss": "https://ailleurs.example"},
    "expired": lambda c: c | {"exp": c["iat"] - 3600, "iat": c["iat"] - 7200},
    "issued tomorrow": lambda c: c | {"iat": c["iat"] + 86400, "exp": c["iat"] + 90000},
    "no expiry": lambda c: {k: v for k, v in c.items() if k != "exp"},
    "nonce of another sign-in": lambda c: c | {"nonce": "celui-d-hier"},
    "no nonce": lambda c: {k: v for k, v in c.items() if k != "nonce"},
    "level too low": lambda c: c | {"acr": "eidas0"},
    "no level": lambda c: {k: v for k, v in c.items() if k != "acr"},
    "another subject than the userinfo's": lambda c: c | {"sub": "quelqu-un-d-autre"},
}


@pytest.mark.parametrize("spoil", WRONG.values(), ids=WRONG)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    tied: StrictClient, oidc: Oidc, spoil: Callable[[Claims], Claims]
) -> None:
    oidc.spoil = spoil
    assert REFUSED in come_back(tied, status=422)
    assert not is_in(tied)


@pytest.mark.parametrize(
    "about", [{"sub": "quelqu-un-d-autre"}, {"iss": "https://ailleurs.example"}, {"aud": "un-autre"}]
)
def test_the_userinfo_is_verified_too(tied: StrictClient, oidc: Oidc, about: Claims) -> None:
    oidc.about = lambda claims: claims | about
    assert REFUSED in come_back(tied, status=422)
    assert not is_in(tied)


def test_a_return_serves_once(tied: StrictClient, oidc: Oidc) -> None:
    back = through(leave(tied))
    tied.get(back, status=303)
    tied.browser.delete_cookie(COOKIE)
    assert REFUSED in text_of(tied.get(back, status=422))
    assert not is_in(tied)


def test_a_return_that_another_browser_began_is_refused(tied: StrictClient, oidc: Oidc) -> None:
    """Nobody is signed in by a link as somebody else."""
    back = through(leave(tied))
    victim = tied.as_(None)
    assert REFUSED in text_of(victim.get(back, status=422))
    leave(victim)  # even while they have a sign-in of their own on its way
    assert REFUSED in text_of(victim.get(back, status=422))
    assert not is_in(victim)


def test_a_code_that_served_is_refused(tied: StrictClient, oidc: Oidc) -> None:
    """Stolen with the cookie that goes with it: the provider gives nothing a second time."""
    back = through(leave(tied))
    cookie = tied.browser.get_cookie("odis_proconnect", path="/connexion")
    assert cookie is not None
    tied.get(back, status=303)
    thief = tied.as_(None)
    thief.browser.set_cookie("odis_proconnect", cookie.value, path="/connexion")
    assert REFUSED in text_of(thief.get(back, status=422))
    assert not is_in(thief)


def test_the_provider_refuses_or_the_person_gives_up(tied: StrictClient) -> None:
    state = parse_qs(urlsplit(leave(tied)).query)["state"][0]
    assert REFUSED in text_of(tied.get(f"{BACK}?error=access_denied&state={state}", status=422))


def test_an_unknown_key_is_looked_for_once(tied: StrictClient, oidc: Oidc) -> None:
    come_back(tied)
    tied.post("/deconnexion", status=200)
    before = oidc.asked.count("/jwks")
    oidc.new_key()  # the provider changed its key
    assert come_back(tied) == "/menages"
    assert oidc.asked.count("/jwks") == before + 1
    tied.post("/deconnexion", status=200)
    come_back(tied)
    assert oidc.asked.count("/jwks") == before + 1  # kept
    tied.post("/deconnexion", status=200)
    oidc.new_key(publish=False)
    assert REFUSED in come_back(tied, status=422)
    assert oidc.asked.count("/jwks") == before + 2


def test_while_the_provider_is_down_passwords_open(tied: StrictClient, oidc: Oidc, client: StrictClient) -> None:
    back = through(leave(tied))
    oidc.stop()
    said = text_of(tied.get(back, status=503))
    assert "ProConnect ne répond pas. Connectez-vous avec votre mot de passe" in said
    fresh = StrictClient(create_app(client.app.config["ODIS"]))
    assert "ProConnect ne répond pas." in text_of(fresh.get("/connexion/proconnect", status=503))
    sign_in(tied)
    assert is_in(tied)


def test_signing_out_ends_the_session_there_too(tied: StrictClient, oidc: Oidc, client: StrictClient) -> None:
    come_back(tied)
    answer = tied.post("/deconnexion", status=200)
    assert "Votre session ProConnect se ferme aussi." in text_of(answer)
    where = answer.headers["Refresh"].removeprefix("0; url=")
    assert through(where) == "/connexion?"
    assert oidc.ended[0]["post_logout_redirect_uri"].endswith("/connexion")
    claims = json.loads(base64.urlsafe_b64decode(oidc.ended[0]["id_token_hint"].split(".")[1] + "=="))
    assert claims["sub"] == oidc.subject
    assert not is_in(tied)
    sign_in(tied)
    tied.post("/deconnexion", status=303)  # a password opened this one


def test_a_second_factor_is_still_asked_for(tied: StrictClient, oidc: Oidc, behind) -> None:
    behind("INSERT INTO private.totp (user_id, sealed, confirmed_at) SELECT id, 'x', now() FROM users")
    behind("UPDATE users SET second_factor_since = now()")
    assert come_back(tied).startswith("/connexion/verification")
    assert not is_in(tied)


def test_an_identity_opens_one_account_and_sql_alone_ties_nothing(tied: StrictClient, somebody: str) -> None:
    with unit_of_work(None):
        asked = {"issuer": "x", "subject": "y", "proof": b"x" * 32}
        assert db.execute(text("SELECT odis.identity_find(:issuer, :subject, :proof)"), asked).scalar_one() is None
    sign_in(tied)
    token = tied.browser.get_cookie(COOKIE)
    assert token is not None
    with unit_of_work(token.value):
        assert not db.execute(text("SELECT odis.identity_link(:issuer, :subject, :proof)"), asked).scalar_one()


def test_an_issuer_without_tls_is_refused_at_the_start(config: Config, tmp_path) -> None:
    environ = replace(config, data_dir=tmp_path).environment()
    with pytest.raises(ConfigError, match="ODIS_PROCONNECT_ISSUER"):
        Config.from_env(environ | {"ODIS_PROCONNECT_ISSUER": "http://fournisseur.example"})
    given = environ | {"ODIS_PROCONNECT_ISSUER": "https://fournisseur.example/api/v2/"}
    assert Config.from_env(given).proconnect_issuer == "https://fournisseur.example/api/v2"
    assert PHRASE not in str(given)
