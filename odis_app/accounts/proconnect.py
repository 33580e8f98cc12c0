"""ProConnect, by OpenID Connect: authorization code with PKCE; every token that comes back is verified before it is believed.

Sources: OpenID Connect Core 1.0 (§3.1.2–3.1.3, 5.3.2), RFC 7636, RFC 9700; ProConnect's own pages for the signed userinfo and
for ``acr``. The keys of the provider are kept, and asked for again once when a token names a key that is not among them.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

ALGORITHMS = ["RS256", "ES256"]  # never « none », never a shared secret: what these sign, the provider alone signed
SCOPES = "openid email given_name usual_name"
SECONDS, MOST_BYTES, KEPT_SECONDS, LEEWAY = 5, 256_000, 3600, 60


class ProviderDownError(RuntimeError):
    """The provider does not answer, or answers something else than OpenID Connect."""


class ProofRefusedError(RuntimeError):
    """What came back proves nothing. The message, for the log, names the check that failed and holds no claim."""


@dataclass(frozen=True, slots=True)
class Proven:
    """Whom the provider vouches for. ``id_token`` serves to sign out there."""

    subject: str
    email: str
    id_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Start:
    """What a sign-in keeps in the browser while it is on its way."""

    state: str
    nonce: str
    verifier: str


class _Direct(HTTPRedirectHandler):
    """A provider's endpoint answers by itself: it does not send a secret elsewhere."""

    def redirect_request(self, *_: Any) -> None:
        """Never followed."""


@dataclass(slots=True)
class Provider:
    """One provider. ``levels`` are the values of ``acr`` that this installation accepts."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    levels: tuple[str, ...]
    _found: dict[str, tuple[float, Any]] = field(default_factory=dict, repr=False)

    def authorization_url(self, start: Start, *, back: str) -> str:
        """Where the browser goes; the provider sends it to ``back`` afterwards. Raises ProviderDownError."""
        query = {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": back, "scope": SCOPES, "state": start.state, "nonce": start.nonce,
            "acr_values": " ".join(self.levels), "code_challenge": create_s256_code_challenge(start.verifier), "code_challenge_method": "S256",
            "claims": json.dumps({"id_token": {"acr": {"essential": True, "values": list(self.levels)}}}),
        }  # fmt: skip
        return f"{self._metadata('authorization_endpoint')}?{urlencode(query)}"

    def proven(self, start: Start, *, code: str, back: str) -> Proven:
        """Exchange the code, once, and verify what it gives. Raises ProofRefusedError or ProviderDownError."""
        answer = self._token(code, start.verifier, back)
        id_token = _text(answer, "id_token")
        claims = self._verified(id_token, "id token")
        if claims.get("nonce") != start.nonce:
            raise ProofRefusedError("nonce")
        if claims.get("acr") not in self.levels:
            raise ProofRefusedError("acr")
        about = self._userinfo(_text(answer, "access_token"))
        if about.get("sub") != claims["sub"]:
            raise ProofRefusedError("subject of the userinfo")
        return Proven(str(claims["sub"]), _text(about, "email").strip().lower(), id_token)

    def end_session_url(self, id_token: str, *, back: str, state: str) -> str:
        """Where the browser ends its session at the provider. Raises ProviderDownError."""
        query = {"id_token_hint": id_token, "post_logout_redirect_uri": back, "state": state}
        return f"{self._metadata('end_session_endpoint')}?{urlencode(query)}"

    def _token(self, code: str, verifier: str, back: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier,
            "client_id": self.client_id, "client_secret": self.client_secret,
        }  # fmt: skip
        try:
            body, _ = _ask(self._metadata("token_endpoint"), form=form)
        except HTTPError as error:
            if error.code < 500:  # the code was used, is too old or is somebody else’s
                raise ProofRefusedError("code") from error
            raise ProviderDownError("token endpoint") from error
        return _json(body)

    def _userinfo(self, access_token: str) -> Mapping[str, Any]:
        """ProConnect signs it; a provider that answers plain JSON over TLS is believed too, as the standard says."""
        try:
            body, kind = _ask(self._metadata("userinfo_endpoint"), bearer=access_token)
        except HTTPError as error:
            raise ProviderDownError("userinfo endpoint") from error
        if kind == "application/jwt":
            return self._verified(body.decode("ascii", "replace"), "userinfo", expires=False)
        return _json(body)

    def _verified(self, token: str, what: str, *, expires: bool = True) -> dict[str, Any]:
        """The claims of a token that the provider signed for us, now."""
        required: dict[str, Any] = {
            "iss": {"essential": True, "value": self.issuer}, "aud": {"essential": True, "value": self.client_id},
            "sub": {"essential": True}, "iat": {"essential": True}, "exp": {"essential": expires},
        }  # fmt: skip
        if not expires:
            required = {name: required[name] for name in ("iss", "aud", "sub")}
        try:
            claims = jwt.decode(token, self._keys(_key_id(token)), algorithms=ALGORITHMS).claims
            jwt.JWTClaimsRegistry(leeway=LEEWAY, **required).validate(claims)
        except (JoseError, ValueError) as error:
            raise ProofRefusedError(f"{what}: {type(error).__name__}") from error
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != self.client_id:
            raise ProofRefusedError(f"{what}: azp")
        return claims

    def _keys(self, wanted: str) -> KeySet:
        """The provider's keys; asked for again once when ``wanted`` is not among those that are kept."""
        known = self._kept("keys", lambda: _json(_ask(self._metadata("jwks_uri"))[0]))
        if wanted not in _ids(known):
            self._found.pop("keys", None)
            known = self._kept("keys", lambda: _json(_ask(self._metadata("jwks_uri"))[0]))
        chosen = [key for key in known.get("keys", []) if key.get("kid") == wanted]
        if not chosen:
            raise ProofRefusedError("unknown key")
        return KeySet.import_key_set({"keys": chosen[:1]})

    def _metadata(self, name: str) -> str:
        found = self._kept("metadata", lambda: _json(_ask(f"{self.issuer}/.well-known/openid-configuration")[0]))
        if found.get("issuer") != self.issuer:
            self._found.pop("metadata", None)
            raise ProviderDownError("the discovery document is another issuer's")
        value = found.get(name)
        if not isinstance(value, str) or not value.startswith(("https://", f"{self.issuer}/")):
            raise ProviderDownError(f"the discovery document has no {name}")
        return value

    def _kept(self, name: str, ask: Any) -> Any:
        at, value = self._found.get(name, (0.0, None))
        if value is None or time.monotonic() - at > KEPT_SECONDS:
            try:
                value = ask()
            except HTTPError as error:
                raise ProviderDownError(name) from error
            self._found[name] = (time.monotonic(), value)
        return value


def _ask(url: str, *, form: Mapping[str, str] | None = None, bearer: str = "") -> tuple[bytes, str]:
    """(body, media type). Raises HTTPError for a refusal, ProviderDownError when nobody answers in time."""
    headers = {"Accept": "application/json, application/jwt"}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    request = Request(url, data=urlencode(form).encode() if form else None, headers=headers)  # noqa: S310 - the installation's own provider
    try:
        with build_opener(_Direct).open(request, timeout=SECONDS) as answer:
            return answer.read(MOST_BYTES), answer.headers.get_content_type()
    except HTTPError as error:
        error.close()
        raise
    except (URLError, OSError, ValueError) as error:
        raise ProviderDownError(type(error).__name__) from error


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError as error:
        raise ProviderDownError("not JSON") from error
    if not isinstance(found, dict):
        raise ProviderDownError("not an object")
    return found


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise ProofRefusedError(f"no {name}")
    return value


def _key_id(token: str) -> str:
    try:
        head = token.partition(".")[0]
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
        return str(header["kid"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise ProofRefusedError("a token without a key") from error


def _ids(keys: Mapping[str, Any]) -> set[str]:
    return {str(key.get("kid")) for key in keys.get("keys", []) if isinstance(key, dict)}
