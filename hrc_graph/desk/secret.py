"""Secrets that are handed out once and kept as a hash, and forms that carry our signature."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time

_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without those that are taken for one another."""


def new(prefix: str = "") -> str:
    """32 random bytes as text that fits an address, a cookie or a header."""
    return prefix + secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """What is kept of a secret. Of 32 random bytes a plain hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def reference() -> str:
    """A number for an application that can be read out: “K7Q4-M2XD”."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


class Stamps:
    """Signs the time at which a form was given out, and to which session, so that no other site can make one up.

    Each stamp is another text, so that a page which holds one can be packed.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def give(self, holder: str = "") -> str:
        """A stamp for a form: of a session, or of nobody."""
        text = f"{int(time.time())}.{secrets.token_urlsafe(9)}"
        return f"{text}.{self._sign(text, holder)}"

    def age(self, stamp: str, holder: str = "") -> float:
        """Seconds since this stamp was given to this holder; infinite for a stamp that is not ours."""
        text, _, signature = stamp.rpartition(".")
        if not hmac.compare_digest(self._sign(text, holder).encode(), signature.encode("utf-8", "surrogatepass")):
            return float("inf")
        return time.time() - int(text.partition(".")[0])

    def _sign(self, text: str, holder: str) -> str:
        message = f"{text}\0{holder}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()
