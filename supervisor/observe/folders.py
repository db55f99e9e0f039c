"""Folders that the daemon makes: with the mode that is meant, whatever the umask is."""

from pathlib import Path


def make(folder: Path, mode: int) -> None:
    """Make the folder and those above it that are missing. One that is there keeps its mode. Raises OSError."""
    if folder.is_dir():
        return
    make(folder.parent, mode)
    folder.mkdir(mode, exist_ok=True)
    folder.chmod(mode)
