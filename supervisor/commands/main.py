"""The command line. The module of a command is imported when the command is called.

Exit statuses: 0 ok, 1 no or failed, 2 wrong usage, 78 bad config.
"""

import errno
import importlib
import io
import os
import sys
import traceback
from typing import Any

import typer
import typer.core

from supervisor.commands.shared.printer import say
from supervisor.commands.shared.usage import HELP, Command

COMMANDS = {
    "run": ("run", "run"),
    "demo": ("demonstration.demo", "demo"),
    "init": ("setup.init", "init"),
    "doctor": ("setup.doctor", "doctor"),
    "check-config": ("planning.check", "check_config"),
    "probe": ("visiting.probe", "probe"),
    "status": ("asking.status", "status"),
    "wait": ("asking.wait", "wait"),
    "gate": ("asking.gate", "gate"),
    "history": ("asking.history", "history"),
    "schedule": ("planning.schedule", "schedule"),
    "codes": ("codes", "codes_command"),
    "files": ("setup.files", "files"),
    "simulate": ("visiting.simulate", "simulate"),
    "record": ("visiting.record", "record"),
    "verify": ("visiting.verify", "verify"),
    "pause": ("asking.operator", "pause"),
    "resume": ("asking.operator", "resume"),
    "maintenance": ("asking.operator", "maintenance"),
    "confirm-login": ("asking.operator", "confirm_login"),
    "confirm-ids": ("asking.operator", "confirm_ids"),
    "notify": ("asking.notify", "notify"),
    "approve": ("asking.operator", "approve"),
    "recover": ("asking.operator", "recover"),
    "standby": ("asking.standby", "standby"),
}
"""Each command's module in this package, and its function there."""


IBAPI_HINT = (
    "Install exactly one distribution that provides ibapi. From 10.37 on it needs protobuf>=5.29.5, which not every "
    "distribution declares."
)
"""The likely fault of an `ibapi` that cannot be imported (docs/facts/ibapi.md#packaging)."""


class _Commands(typer.core.TyperGroup):
    """Finds a command by importing its module."""

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        names: Any = dict.fromkeys(COMMANDS)
        self.commands.update(names)  # to suggest one for a name that is mistyped

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module, function = COMMANDS[cmd_name]
        try:
            imported = importlib.import_module(f"supervisor.commands.{module}")
        except Exception as error:  # protobuf refuses an older protobuf with an exception type of its own
            if not _of_ibapi(error):
                raise
            say(f"ibapi cannot be imported: {type(error).__name__}: {error}", IBAPI_HINT, err=True)
            raise SystemExit(1) from None
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name, cls=Command, context_settings=HELP)(getattr(imported, function))
        return typer.main.get_command(single)


def _of_ibapi(error: Exception) -> bool:
    """Whether an import failed in `ibapi`, or because `ibapi` lacks something."""
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "ibapi":
        return True
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    return any(str(frame.f_globals.get("__name__")).partition(".")[0] == "ibapi" for frame in frames)


app = typer.Typer(
    cls=_Commands,
    context_settings=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from supervisor.version import VERSION  # reading the metadata takes 30 ms, which other commands save

        say(f"ib-supervisor {VERSION}")
        raise typer.Exit


@app.callback()
def _main(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Keeps the connection to Interactive Brokers' TWS or IB Gateway alive, day and night, and tells the truth about
    it.
    """


def _open_streams() -> None:
    """Give 0, 1 and 2 a place if they were closed before the start.

    The next file or socket would get their numbers, and what is printed would go into it: into the journal, or to a
    gateway.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - as long as we live
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a letter that this locale lacks is escaped, and ends nothing
            stream.reconfigure(errors="backslashreplace")


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What a write to a full disk, or to a terminal that is gone, ends in."""


def main() -> int:
    """The console script. Returns the exit status."""
    _open_streams()
    try:
        result = app(prog_name="ib-supervisor", standalone_mode=True)
    except SystemExit as leaving:
        code = leaving.code
        return code if isinstance(code, int) else int(code is not None)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - what is left would fail at the end again
        sys.stderr.write(f"ib-supervisor: cannot write: {error.strerror}\n")
        return 1
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(main())
