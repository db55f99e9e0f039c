"""The names under which the daemon answers: the `Host` header is read strictly.

- A foreign name can be made to point to this machine (DNS rebinding), and a browser then asks under that name. It never
  asks under an address that way. So every address is accepted, and a name only if it is known to be ours.
- A header that is not a host with an optional port names nobody. A lenient parser would read `evil@127.0.0.1` as
  127.0.0.1.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable

_NAME = re.compile(r"([A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*)\.?(?::[0-9]{0,5})?", re.ASCII)
_BRACKETS = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]{0,5})?", re.ASCII)
_LONGEST = 300


def host_name(host: str) -> str | None:
    """The name or address in a `Host` header, without its port, in lower case; None if there is none."""
    if len(host) > _LONGEST:
        return None
    found = _BRACKETS.fullmatch(host) if host.startswith("[") else _NAME.fullmatch(host)
    if found is None or (host.startswith("[") and not _is_address(found[1])):
        return None
    return found[1].lower()


class Names:
    """Our names: localhost, this machine's, and `more`. Every address is ours too."""

    def __init__(self, more: Iterable[str] = (), machine: str | None = None) -> None:
        own = (socket.gethostname() if machine is None else machine).lower().rstrip(".")
        short = own.partition(".")[0]
        listed = {name.lower().rstrip(".") for name in more}
        self._names = frozenset({"localhost", own, short, f"{short}.local"} | listed) - {"", ".local"}

    def foreign(self, host: str) -> bool:
        """Whether a `Host` header names another host, or none."""
        name = host_name(host)
        return name is None or not (name in self._names or _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
