"""With which address of a name an attempt begins.

A name may have several addresses: two machines, or IPv4 and IPv6 of one. An attempt tries them one after the other, but
it talks to the first one that accepts. So the order is remembered between the attempts of one gateway:

- after a session that was ready, the next attempt begins with its address;
- after an address that accepted and was of no use (closed, mute, not a TWS), it begins with the one after it.
"""

from supervisor.gateway.lookup import Address


class Addresses:
    """The order of one gateway's addresses, for the threads of its sessions, of which one at a time connects."""

    def __init__(self) -> None:
        self._from: tuple[str, int] = ("", 0)
        """An address, and how many places after it the next attempt begins."""

    def ordered(self, found: list[Address]) -> list[Address]:
        """The addresses that a look-up found, in the order in which to try them."""
        host, after = self._from
        hosts = [address[0] for _, address in found]
        if host not in hosts:
            return found
        begin = hosts.index(host) + after
        return found[begin:] + found[:begin]

    def was_ready(self, host: str) -> None:
        """A session with this address became ready."""
        self._from = (host, 0)

    def was_of_no_use(self, host: str) -> None:
        """This address accepted, and then closed, said nothing, or spoke something else."""
        self._from = (host, 1)
