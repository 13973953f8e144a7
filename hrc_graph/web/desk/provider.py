"""Signing in with an OpenID provider: the authorization code flow with PKCE.

Sources: OpenID Connect Core 1.0, section 3.1; OpenID Connect Discovery 1.0, section 4; RFC 7636.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, cast

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from hrc_graph.desk import secret
from hrc_graph.errors import BadParameter, EngineFailure, Unauthorized

_SIGNED_WITH = ("RS256", "PS256", "ES256", "EdDSA")
_KEPT = 3600.0
_LEEWAY = 60


class Provider:
    """An OpenID provider that vouches for people."""

    def __init__(self, issuer: str, client: str, password: str) -> None:
        self.issuer = issuer
        self._client = client
        self._password = password
        self._found: dict[str, Any] = {}
        self._found_at = -_KEPT

    async def begin(self, back: str) -> tuple[str, str]:
        """Where to send a browser, and what it has to hold until it comes to `back`. Raises `EngineFailure`."""
        state, nonce, verifier = secret.new(), secret.new(), secret.new()
        address = prepare_grant_uri(
            (await self._about())["authorization_endpoint"],
            self._client,
            "code",
            redirect_uri=back,
            scope="openid email",
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return address, f"{state}.{nonce}.{verifier}"

    async def finish(self, back: str, held: str, state: str, code: str) -> tuple[str, str]:
        """For whom the provider vouches, by its own name, and their address if it has verified that.

        Raises `Unauthorized` for an answer that is not to what this browser began, `EngineFailure`.
        """
        began, _, rest = held.partition(".")
        nonce, _, verifier = rest.partition(".")
        if not state or state != began or not code:
            raise Unauthorized("The provider did not let you in.", "Begin again.")
        about = await self._about()
        body = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        given = await _json("POST", about["token_endpoint"], data=body, auth=(self._client, self._password))
        keys = await _json("GET", about["jwks_uri"])
        registry = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self._client},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            signed_by = KeySet.import_key_set(cast("KeySetSerialization", keys))
            claims = jwt.decode(str(given["id_token"]), signed_by, list(_SIGNED_WITH)).claims
            registry.validate(claims)
        except (JoseError, KeyError, ValueError, TypeError) as error:
            raise Unauthorized("What the provider says cannot be trusted.", "Begin again.") from error
        return str(claims["sub"]), str(claims.get("email", "")) if claims.get("email_verified") is True else ""

    async def _about(self) -> dict[str, Any]:
        """What the provider tells of itself."""
        if time.monotonic() - self._found_at > _KEPT:
            found = await _json("GET", self.issuer.rstrip("/") + "/.well-known/openid-configuration")
            if found.get("issuer") != self.issuer:
                raise EngineFailure("The OpenID provider says it is another.", "Check --sign-in-issuer.")
            self._found, self._found_at = found, time.monotonic()
        return self._found


def from_environment(issuer: str, client: str) -> Provider:
    """The provider of a deployment; its secret stands in the environment, or in a file named there.

    Raises `BadParameter` when the secret is missing.
    """
    file = os.environ.get("HRC_SIGN_IN_SECRET_FILE", "")
    password = Path(file).read_text("utf-8").strip() if file else os.environ.get("HRC_SIGN_IN_SECRET", "")
    if not client or not password:
        raise BadParameter(
            "Of the OpenID provider, the client or its secret is missing.",
            "Give --sign-in-client, and HRC_SIGN_IN_SECRET or HRC_SIGN_IN_SECRET_FILE.",
        )
    return Provider(issuer, client, password)


async def _json(method: str, address: str, **options: Any) -> dict[str, Any]:
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            response = await client.request(method, address, **options)
        found = response.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise EngineFailure(f"The OpenID provider did not answer ({type(error).__name__}).", "Try again.") from error
    if not isinstance(found, dict):
        raise EngineFailure("The OpenID provider's answer makes no sense.", "Check --sign-in-issuer.")
    return found
