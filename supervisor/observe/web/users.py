"""Who a request comes from: basic auth against bcrypt hashes.

- Comparing takes as long as bcrypt takes, whether there is such a user or not, and never holds up the server's loop.
- A right password is remembered, so that bcrypt is paid once and not at every scrape: as a keyed hash whose key is made
  at start and never leaves the process.
- The only module that imports bcrypt, an optional extra; nobody imports it without users.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping

import bcrypt

from supervisor.observe.web.threads import Desk

LONGEST_PASSWORD = 72
"""Bytes that bcrypt can tell apart."""


class Users:
    """The names and bcrypt hashes that are let in. `check` compares a password with a hash."""

    def __init__(self, hashes: Mapping[str, str], check: Callable[[bytes, bytes], bool] = bcrypt.checkpw) -> None:
        self._hashes = {name: value.encode() for name, value in hashes.items()}
        self._somebody = next(iter(self._hashes.values()))
        self._check = check
        self._key = secrets.token_bytes(32)
        self._known: set[bytes] = set()
        self._desk = Desk("ib-web-users", 2)

    async def admit(self, authorization: str | None) -> bool:
        """Whether the `Authorization` header names one of them, with the right password."""
        said = _credentials(authorization)
        if said is None:
            return False
        name, password = said
        proof = hmac.digest(self._key, name.encode() + b"\0" + password, hashlib.sha256)
        if proof in self._known:  # which passwords share a prefix with a right one, the keyed hash does not tell
            return True
        if not await self._desk.do(lambda: self._right(name, password)):
            return False
        self._known.add(proof)
        return True

    def _right(self, name: str, password: bytes) -> bool:
        known = self._hashes.get(name)
        right = self._check(password, self._somebody if known is None else known)
        return right and known is not None


def _credentials(authorization: str | None) -> tuple[str, bytes] | None:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(token.strip(), validate=True).partition(b":")
        said = name.decode()
    except (binascii.Error, ValueError):
        return None
    usable = colon and len(password) <= LONGEST_PASSWORD and b"\0" not in password and "\0" not in said
    return (said, password) if usable else None
