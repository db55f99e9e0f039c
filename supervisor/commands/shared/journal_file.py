"""A config whose journal is another program's file is refused before anything is opened."""

from __future__ import annotations

from supervisor.config.reading.faults import ConfigError, Fault
from supervisor.config.settings import Config
from supervisor.observe.journal.place import NotAJournalError, refuse_foreign


def with_its_own_journal(config: Config) -> Config:
    """The same config. Raises ConfigError if a file lies at the journal's path that is no journal."""
    if config.journal.path is not None:
        try:
            refuse_foreign(config.journal.path)
        except NotAJournalError as error:
            wrong = f"what lies at this path is not used: {error}"
            fault = Fault(str(config.path), config.journal.line, "journal.path", wrong, "write another path")
            raise ConfigError((fault,)) from None
    return config
