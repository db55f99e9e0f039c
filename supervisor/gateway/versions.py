"""Which `ibapi` is installed, and what it may write to the log.

Versions are for people: no decision depends on one, for what a version can do is found out by `selftest` (IBAPI.md
section 1).
"""

import importlib.metadata
import logging
import time
from dataclasses import dataclass
from functools import cache

import ibapi

LOG = logging.getLogger(__name__)
_QUIET = 10.0
"""Seconds between two warnings of ibapi that are passed on."""


@dataclass(frozen=True, slots=True)
class IbapiVersion:
    """The installed `ibapi`."""

    version: str
    """Of its distribution, else what it says of itself: `9.81.1.post1`."""
    distributions: tuple[str, ...]
    """All that provide the package: more than one means mixed files."""

    @property
    def warning(self) -> str | None:
        """What the operator should know about this installation."""
        if len(self.distributions) > 1:
            names = " and ".join(self.distributions)
            return (
                f"{names} both provide ibapi and overwrite each other's files: uninstall all of them, then install one"
            )
        return None

    def __str__(self) -> str:
        return f"ibapi {self.version} (from distribution {', '.join(self.distributions) or 'unknown'})"


@cache
def ibapi_version() -> IbapiVersion:
    """What is installed; reads the metadata of all distributions once, about 0.1 s."""
    names = tuple(sorted(set(importlib.metadata.packages_distributions().get("ibapi", ()))))
    version = importlib.metadata.version(names[0]) if len(names) == 1 else str(getattr(ibapi, "__version__", "unknown"))
    return IbapiVersion(version, names)


class _Summary(logging.Handler):
    """Passes on that ibapi warned, without the message that it warned about.

    Its warnings carry whole messages: up to 16 MB, account numbers among them, and as many as a broken peer likes to
    send.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._quiet_until = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Log its template, rarely."""
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + _QUIET
            LOG.warning("ibapi had doubts about a message (%s: %s)", record.name, str(record.msg)[:120])


def tame_logging() -> None:
    """Keep ibapi's own log lines, one and more for each message, out of ours; may be called again."""
    logger = logging.getLogger("ibapi")
    if not any(isinstance(handler, _Summary) for handler in logger.handlers):
        logger.setLevel(logging.WARNING)
        logger.propagate = False
        logger.addHandler(_Summary())
