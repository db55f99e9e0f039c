"""Under which names we may be asked: the `Host` header, read strictly, and who is meant by it.

- A browser can be led here under a foreign name that was made to point to us (DNS rebinding), but never under an
  address: so an address is never foreign, and a name is unless it is known to be ours.
- What is no host and port is nobody's name. A lenient reader takes `evil@127.0.0.1` for the address behind the sign.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable

_NAME = re.compile(r"([A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*)\.?(?::[0-9]{0,5})?", re.ASCII)
_BRACKETS = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]{0,5})?", re.ASCII)
_LONGEST = 300


def host_name(host: str) -> str | None:
    """The name or address in a `Host` header, without its port, in small letters; None if it is none."""
    if len(host) > _LONGEST:
        return None
    found = _BRACKETS.fullmatch(host) if host.startswith("[") else _NAME.fullmatch(host)
    if found is None or (host.startswith("[") and not _is_address(found[1])):
        return None
    return found[1].lower()


class Names:
    """The names under which we are ours, beside every address: localhost, this machine's, and `more`."""

    def __init__(self, more: Iterable[str] = (), machine: str | None = None) -> None:
        own = (socket.gethostname() if machine is None else machine).lower().rstrip(".")
        short = own.partition(".")[0]
        listed = {name.lower().rstrip(".") for name in more}
        self._names = frozenset({"localhost", own, short, f"{short}.local"} | listed) - {"", ".local"}

    def foreign(self, host: str) -> bool:
        """Whether a `Host` header names somebody else, or nobody."""
        name = host_name(host)
        return name is None or not (name in self._names or _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
