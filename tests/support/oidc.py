"""A small OpenID Connect provider on this machine, as strict as a real one; each test may spoil what it signs."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

CLIENT, SECRET = "odis-essai", "secret-du-client"
Claims = dict[str, Any]


@dataclass
class Oidc:
    """``spoil`` changes the claims of the id token before it is signed; ``seal`` replaces the signing; ``about`` the userinfo."""

    back: str
    email: str = "camille@test.odis.example"
    subject: str = "sub-camille"
    acr: str = "eidas1"
    algorithm: str = "RS256"
    spoil: Callable[[Claims], Claims] = field(default=lambda claims: claims)
    seal: Callable[[Claims, Oidc], str] | None = None
    about: Callable[[Claims], Claims] = field(default=lambda claims: claims)
    signs_userinfo: bool = True
    published: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    ended: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    issuer: str = ""

    def __post_init__(self) -> None:
        self.new_key()

    def new_key(self, *, publish: bool = True) -> None:
        """Sign with another key from now on."""
        self.key_id = secrets.token_hex(4)
        parameters = {"kid": self.key_id, "use": "sig"}
        self.key: Any = (
            RSAKey.generate_key(2048, parameters)
            if self.algorithm == "RS256"
            else ECKey.generate_key("P-256", parameters)
        )
        if publish:
            self.published = {self.key_id: self.key}

    def start(self) -> Oidc:
        self.server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def stop(self) -> None:
        """Nobody answers any more at its address."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def signed(self, claims: Claims) -> str:
        """As a real provider signs."""
        return jwt.encode({"alg": self.algorithm, "kid": self.key_id}, claims, self.key, algorithms=[self.algorithm])

    def basic(self) -> Claims:
        now = int(time.time())
        return {"iss": self.issuer, "aud": CLIENT, "sub": self.subject, "iat": now, "exp": now + 60}

    def _answer(self, environ: Any, start: Any) -> Any:
        request = Request(environ)
        self.asked.append(request.path)
        pages = {
            "/.well-known/openid-configuration": self._metadata, "/authorize": self._authorize, "/token": self._token, "/jwks": self._jwks,
            "/userinfo": self._userinfo, "/logout": self._logout,
        }  # fmt: skip
        return pages[request.path](request)(environ, start)

    def _metadata(self, _: Request) -> Response:
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks", "userinfo_endpoint": "userinfo",
                 "end_session_endpoint": "logout"}  # fmt: skip
        return _json({"issuer": self.issuer} | {name: f"{self.issuer}/{path}" for name, path in names.items()})

    def _authorize(self, request: Request) -> Response:
        asked = request.args.to_dict()
        self.queries.append(asked)
        assert asked["client_id"] == CLIENT
        assert asked["redirect_uri"] == self.back
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return Response(
            status=302, headers={"Location": f"{self.back}?{urlencode({'code': code, 'state': asked['state']})}"}
        )

    def _token(self, request: Request) -> Response:
        form = request.form
        asked = self.codes.pop(form["code"], None)  # a code serves once
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        )
        right = (form["client_id"], form["client_secret"], form["redirect_uri"]) == (CLIENT, SECRET, self.back)
        if asked is None or not right or asked["code_challenge"] != challenge:
            return _json({"error": "invalid_grant"}, 400)
        claims = self.spoil(self.basic() | {"nonce": asked["nonce"], "acr": self.acr})
        id_token = self.seal(claims, self) if self.seal else self.signed(claims)
        return _json({"access_token": "jeton-d-acces", "token_type": "Bearer", "expires_in": 60, "id_token": id_token})

    def _jwks(self, _: Request) -> Response:
        return _json({"keys": [key.as_dict(private=False) for key in self.published.values()]})

    def _userinfo(self, request: Request) -> Response:
        assert request.headers["Authorization"] == "Bearer jeton-d-acces"
        claims = self.about(
            {"sub": self.subject, "email": self.email, "given_name": "Camille", "usual_name": "Fictive"}
        )
        if not self.signs_userinfo:
            return _json(claims)
        return Response(self.signed(self.basic() | claims), content_type="application/jwt")

    def _logout(self, request: Request) -> Response:
        self.ended.append(request.args.to_dict())
        return Response(status=302, headers={"Location": request.args["post_logout_redirect_uri"]})


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status=status, content_type="application/json")
