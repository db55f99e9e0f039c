"""`ib-supervisor files`: write out what comes with the package."""

import errno
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from supervisor.commands.setup.shipped import TOPICS, files_of
from supervisor.commands.shared.printer import say

What = StrEnum("What", {topic: topic for topic in TOPICS})  # type: ignore[misc]  # its members come from the table


def files(
    what: Annotated[What | None, typer.Argument(help="Which files. Without it, the choices are listed.")] = None,
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="Where to. It is made if need be.")] = None,
    force: Annotated[bool, typer.Option(help="Replace files that are there and differ.")] = False,
) -> None:
    """Write out alert rules, dashboards, runbooks, units and examples.

    Without DIR, list what would be written. Exits with 1, and has written nothing, if a file is there that differs.
    """
    if what is None:
        for topic, about in TOPICS.items():
            say(f"{topic:<13} {about.meaning}")
        return
    found = files_of(what.value)
    if folder is None:
        say(*found)
        return
    try:
        _write(found, folder, force)
    except OSError as error:
        say(f"{error.filename or folder}: {error.strerror or error}", err=True)
        raise typer.Exit(1) from None


def _write(found: dict[str, Path], folder: Path, force: bool) -> None:
    differ = [path for name, source in found.items() if _differs(path := folder / name, source)]
    if differ and not force:
        say(*(f"{path} is there and differs" for path in differ), "nothing is written; --force replaces them", err=True)
        raise typer.Exit(1)
    for name, source in found.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.read_bytes())
        say(path)


def _differs(path: Path, source: Path) -> bool:
    if path.exists() and not path.is_file():  # reading a pipe would wait for ever
        raise FileExistsError(errno.EEXIST, "is there and is no file", str(path))
    return path.exists() and path.read_bytes() != source.read_bytes()
