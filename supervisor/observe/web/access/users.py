"""Who a request comes from: basic auth against bcrypt hashes.

- A refusal takes the same time for every name: the time of the costliest hash. So the time tells neither whether a name
  is known nor the cost of its hash. A comparison never blocks the server's loop (`Checks`).
- A right password is remembered, so that bcrypt runs once and not at every scrape. What is kept is a keyed hash. Its
  key is made at the start and never leaves the process. The last wrong passwords are remembered too, because a
  scraper with a wrong password asks again and again.
- The users may change while the server runs. A user whose hash did not change stays known.
- Only this module imports bcrypt, an optional extra. It is imported only if there are users.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping

import bcrypt

from supervisor.observe.web.access.checks import Asker, Checks, network

LONGEST_PASSWORD = 72
"""Bytes that bcrypt can tell apart."""
WRONG = 1024
"""The number of wrong passwords that are remembered."""


def spend(password: bytes, cost: int) -> None:
    """Take as long as a comparison with a hash of this cost."""
    bcrypt.hashpw(password, bcrypt.gensalt(cost))


class Users:
    """The names and bcrypt hashes that are let in.

    `check` compares a password with a hash. `spend` takes as long, without a hash.
    """

    def __init__(
        self,
        hashes: Mapping[str, str],
        check: Callable[[bytes, bytes], bool] = bcrypt.checkpw,
        spend: Callable[[bytes, int], None] = spend,
        checks: Checks | None = None,
    ) -> None:
        self._hashes = {name: value.encode() for name, value in hashes.items()}
        self._check = check
        self._spend = spend
        self._key = secrets.token_bytes(32)
        self._known: dict[bytes, str] = {}
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        self._checks = checks

    def change(self, hashes: Mapping[str, str]) -> None:
        """Let these in from now on. May be called from any thread."""
        before, now = self._hashes, {name: value.encode() for name, value in hashes.items()}
        if before == now:
            return
        self._known = {proof: name for proof, name in self._known.items() if now.get(name) == before.get(name)}
        self._wrong = OrderedDict()
        self._hashes = now

    async def admit(self, authorization: str | None, asker: Asker) -> bool:
        """Whether the `Authorization` header names one of them, with the right password. Raises Busy."""
        said = _credentials(authorization)
        asker.proved = said is not None and await self._proves(*said, asker)
        return asker.proved

    async def _proves(self, name: str, password: bytes, asker: Asker) -> bool:
        proof = hmac.digest(self._key, name.encode() + b"\0" + password, hashlib.sha256)
        if proof in self._known:  # which passwords share a prefix with a right one, the keyed hash does not tell
            return True
        if proof in self._wrong:
            return False
        hashes, wrong = self._hashes, self._wrong
        if self._checks is None:
            self._checks = Checks()
        key = hmac.digest(self._key, f"{network(asker.address)} {name}".encode(), hashlib.sha256)

        def compare() -> bool:  # of many that ask with the same wrong password at once, one pays
            return proof not in wrong and self._right(hashes, name, password)

        right = await self._checks.do(key, asker, compare)
        if right and self._hashes.get(name) == hashes[name]:
            self._known[proof] = name
            return True
        if not right:
            self._checks.failures.add(key)
            wrong[proof] = None
            if len(wrong) > WRONG:
                wrong.popitem(last=False)
        return False

    def _right(self, hashes: Mapping[str, bytes], name: str, password: bytes) -> bool:
        """Compare. A wrong password takes as long as the costliest hash would.

        Each cost takes twice as long as the one below it. So the costs from the user's own to the costliest add up.
        """
        known, costliest = hashes.get(name), max(map(_cost, hashes.values()))
        if known is None:
            self._spend(password, costliest)
            return False
        if self._check(password, known):
            return True
        for cost in range(_cost(known), costliest):
            self._spend(password, cost)
        return False


def _cost(known: bytes) -> int:
    return int(known.split(b"$")[2])


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
