"""What is wrong with a config file, said so that a person can mend it at once.

- A fault names file, line and path, what is wrong, and what would be right. A warning has the same shape.
- All faults of a file are told together, in the order of their lines, each once.
- A fault is one line of text, whatever was in the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong; `line` counts from 1 and is 0, `path` is empty, where the whole file is meant."""

    file: str
    line: int
    path: str
    wrong: str
    right: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        said = f"{self.wrong}; {self.right}" if self.right else self.wrong
        return f"{where}: {self.path}: {said}" if self.path else f"{where}: {said}"


class ConfigError(Exception):
    """The config is refused. `faults` has every reason, `str()` gives each a line."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


@dataclass(slots=True)
class Faults:
    """Collects the faults of one file."""

    file: str
    found: list[Fault] = field(default_factory=list)

    def add(self, line: int, path: str, wrong: str, right: str = "") -> None:
        """Note a fault."""
        self.found.append(Fault(self.file, line, path, wrong, right))

    def told(self) -> tuple[Fault, ...]:
        """All of them, each once, in the order of their lines."""
        return tuple(sorted(dict.fromkeys(self.found), key=lambda fault: fault.line))

    def refuse(self) -> None:
        """Raise ConfigError if anything was found."""
        if self.found:
            raise ConfigError(self.told())
