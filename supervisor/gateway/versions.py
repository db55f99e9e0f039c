"""Which `ibapi` is installed, and what it may write to the log.

Versions are shown to people. No decision depends on one: `selftest` finds out what a release can do
(docs/facts/ibapi.md#packaging).
"""

import importlib
import logging
import time
from functools import cache
from typing import TYPE_CHECKING

import ibapi

from supervisor.frozen import dataclass

if TYPE_CHECKING:
    from importlib.metadata import Distribution

LOG = logging.getLogger(__name__)
LIBRARY = f"ibapi {getattr(ibapi, '__version__', 'unknown')}"
"""What the library says of itself: `ibapi 9.81.1-1`. It costs nothing to know; `ibapi_version` knows it exactly."""
_QUIET = 10.0
"""Seconds between two warnings of ibapi that are passed on."""


@dataclass(frozen=True, slots=True)
class IbapiVersion:
    """The installed `ibapi`."""

    version: str
    """The version of the distribution, or else what the library says: `9.81.1.post1`."""
    distributions: tuple[str, ...]
    """All distributions that provide the package. More than one means that their files are mixed."""

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
    """What is installed. Looks through the file lists of all distributions, once."""
    metadata = importlib.import_module("importlib.metadata")  # 40 ms, which most programs never need
    providers = {each.metadata["Name"] for each in metadata.distributions() if _provides_ibapi(each)}
    names = tuple(sorted(providers))
    version = str(metadata.version(names[0])) if len(names) == 1 else LIBRARY.removeprefix("ibapi ")
    return IbapiVersion(version, names)


def _provides_ibapi(distribution: "Distribution") -> bool:
    """Whether it installs the package. `packages_distributions` knows, too, but parses all metadata for it: 0.1 s."""
    names = (distribution.read_text("top_level.txt") or "").split()
    return "ibapi" in names or "ibapi/__init__.py," in (distribution.read_text("RECORD") or "")


class _Summary(logging.Handler):
    """Passes on that ibapi warned, without the message that it warned about.

    Its warnings carry whole messages of up to 16 MB, with account numbers in them, and a broken peer sends many.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._quiet_until = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Log the template of the warning, at most once in `_QUIET` seconds."""
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + _QUIET
            LOG.warning("ibapi had doubts about a message (%s: %s)", record.name, str(record.msg)[:120])


def tame_logging() -> None:
    """Keep ibapi's own log lines out of ours: it writes at least one for each message. May be called again."""
    logger = logging.getLogger("ibapi")
    if not any(isinstance(handler, _Summary) for handler in logger.handlers):
        logger.setLevel(logging.WARNING)
        logger.propagate = False
        logger.addHandler(_Summary())
