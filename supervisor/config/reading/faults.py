"""The config is refused, with all that is wrong in its files."""

from __future__ import annotations

from supervisor.yaml_lines import Fault, Faults

__all__ = ["ConfigError", "Fault", "Faults", "how_to_install", "refuse"]


class ConfigError(Exception):
    """The config is refused. `faults` has every reason, `str()` gives each a line."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


def refuse(faults: Faults) -> None:
    """Raise ConfigError if anything was found."""
    if faults.found:
        raise ConfigError(faults.told())


def how_to_install(package: str) -> str:
    """What to do about a library that is missing: pip alone does not reach into an environment of pipx."""
    here = "or in the environment of ib-supervisor"
    return f"install it: pipx inject ib-supervisor {package}, {here}: pip install {package}"
