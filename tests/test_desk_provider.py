"""Signing in with an OpenID provider, which runs on this machine and is fictional."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from hrc_graph.desk.accounts import Role
from tests.office import Office, opened

pytestmark = pytest.mark.slow

CLIENT, SECRET = "hrc", "a secret of the client"


@dataclass
class Provider:
    """Vouches for whom it is told to, as OpenID Connect Core 1.0 has it."""

    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    """What was asked for, by code."""
    lies: dict[str, Any] = field(default_factory=dict)
    """Claims that stand in the place of the right ones."""
    signs_with: RSAKey | None = None
    issuer: str = ""

    def about(self) -> dict[str, str]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def authorize(self, address: str) -> str:
        """The person agrees: where the browser goes."""
        given = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert given["client_id"] == CLIENT
        assert given["response_type"] == "code"
        assert given["code_challenge_method"] == "S256"
        code = f"code-{len(self.asked)}"
        self.asked[code] = given
        return f"{given['redirect_uri']}?{urlencode({'code': code, 'state': given['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, str]:
        asked = self.asked.pop(form["code"])
        assert authorization == httpx.BasicAuth(CLIENT, SECRET)._auth_header
        assert asked["redirect_uri"] == form["redirect_uri"]
        assert create_s256_code_challenge(form["code_verifier"]) == asked["code_challenge"]
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "person-1", "iat": now, "exp": now + 60}
        claims |= {"nonce": asked["nonce"], "email": "vouched@desk.example", "email_verified": True} | self.lies
        header = {"alg": "RS256", "kid": "one"}
        return {"token_type": "Bearer", "id_token": jwt.encode(header, claims, self.signs_with or self.key)}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    made = Provider()

    class Answering(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            keys = KeySet([made.key]).as_dict(private=False)
            self.answer(made.about() if "openid-configuration" in self.path else keys)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.answer(made.token(form, self.headers["authorization"]))

        def answer(self, told: object) -> None:
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    made.issuer = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def vouching(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    root: Path = tmp_path_factory.mktemp("vouching")
    secret = root / "client-secret"
    secret.write_text(SECRET + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HRC_SIGN_IN_SECRET_FILE", str(secret))
        with opened(root, "--sign-in-issuer", provider.issuer, "--sign-in-client", CLIENT) as office:
            office.account(Role.admin)
            yield office


def begun(office: Office) -> tuple[str, str]:
    """The address at the provider, and the cookie that the browser holds meanwhile."""
    response = office.get("desk/sign-in/provider")
    assert response.status_code == 303
    assert "HttpOnly; SameSite=Lax" in response.headers["set-cookie"]
    return response.headers["location"], response.headers["set-cookie"].partition(";")[0]


def came_back(office: Office, address: str, held: str) -> httpx.Response:
    return office.get(urlsplit(address).path + "?" + urlsplit(address).query, held)


def test_somebody_for_whom_the_provider_vouches_is_let_in(vouching: Office, provider: Provider) -> None:
    assert urlsplit(provider.issuer).netloc in vouching.get("desk/sign-in").text
    stranger = came_back(vouching, *before(vouching, provider))
    assert stranger.status_code == 401, "the provider alone makes no account"
    account, _ = vouching.desk.accounts.add("Rekaan", "Vouched@desk.example", Role.editor, "operator")
    unsure, held = before(vouching, provider)
    provider.lies = {"email_verified": False}
    assert came_back(vouching, unsure, held).status_code == 401, "an address that was not verified proves nothing"
    provider.lies = {}
    address, held = before(vouching, provider)
    response = came_back(vouching, address, held)
    assert (response.status_code, response.headers["location"]) == (303, "/desk/")
    cookie = response.headers.get_list("set-cookie")[0].partition(";")[0]
    assert "Rekaan, editor" in vouching.get("desk/", cookie).text
    assert vouching.desk.accounts.get(account.id).signs_in == "provider"
    provider.lies = {"email": "changed@desk.example"}
    known_again = came_back(vouching, *before(vouching, provider))
    assert known_again.status_code == 303, "from then on the provider's own name for the person counts"
    provider.lies = {"sub": "person-2"}
    assert came_back(vouching, *before(vouching, provider)).status_code == 401, "another cannot take the account over"
    provider.lies = {}
    vouching.desk.accounts.set_disabled(account.id, True, "operator")
    assert came_back(vouching, *before(vouching, provider)).status_code == 401
    vouching.desk.accounts.set_disabled(account.id, False, "operator")


def before(office: Office, provider: Provider) -> tuple[str, str]:
    """Begin, and agree at the provider."""
    address, held = begun(office)
    return provider.authorize(address), held


LIES: tuple[dict[str, Any], ...] = (
    {"iss": "https://evil.example"},
    {"aud": "another client"},
    {"nonce": "of another browser"},
    {"exp": int(time.time()) - 3600},
    {"sub": None},
)


@pytest.mark.parametrize("lies", LIES, ids=[next(iter(lies)) for lies in LIES])
def test_a_token_that_is_not_right_lets_nobody_in(vouching: Office, provider: Provider, lies: dict[str, Any]) -> None:
    address, held = before(vouching, provider)
    provider.lies = lies
    try:
        response = came_back(vouching, address, held)
    finally:
        provider.lies = {}
    assert response.status_code == 401
    assert not any(cookie.startswith("__Host-hrc=") for cookie in response.headers.get_list("set-cookie"))


def test_a_token_that_another_has_signed_lets_nobody_in(vouching: Office, provider: Provider) -> None:
    address, held = before(vouching, provider)
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    try:
        assert came_back(vouching, address, held).status_code == 401
    finally:
        provider.signs_with = None


def test_an_answer_counts_in_the_browser_that_asked_alone(vouching: Office, provider: Provider) -> None:
    address, held = before(vouching, provider)
    assert came_back(vouching, address, "").status_code == 401
    _, other = begun(vouching)
    assert came_back(vouching, address, other).status_code == 401
    assert vouching.get("desk/sign-in/back?error=access_denied", held).status_code == 401
    assert SECRET not in "".join(vouching.server.log)


def test_where_no_provider_is_set_none_is_offered(office: Office) -> None:
    assert "provider" not in office.get("desk/sign-in").text
    assert office.get("desk/sign-in/provider").status_code == 404
