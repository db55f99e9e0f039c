"""One daemon for each journal: two that write one would overwrite each other's facts and hide each other's outages."""

from __future__ import annotations

import os
from pathlib import Path

from supervisor.config.settings import Config
from supervisor.observe.lock import WriterLock


def journal_lock(journal: Path, about: str = "") -> WriterLock:
    """The lock of a journal. Its file is never deleted."""
    path = Path(f"{os.path.realpath(journal)}.lock")  # one file under two names is one journal
    return WriterLock(path, f"the journal {journal}", about)


def about(config: Config) -> str:
    """What another daemon should know of the one with this config."""
    return "" if config.path is None else f"config {os.path.realpath(config.path)}"
