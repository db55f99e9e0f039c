"""The command line, put together: each command's module is imported only when it is asked for.

Exit statuses: 0 ok, 1 the thing asked about is not so, 2 wrong usage, 78 bad config.
"""

import importlib
import sys
import traceback
from typing import Any

import typer
import typer.core

from supervisor import __version__

COMMANDS = {
    "run": ("run", "run"),
    "demo": ("demo", "demo"),
    "check-config": ("check", "check_config"),
    "probe": ("probe", "probe"),
    "status": ("status", "status"),
    "wait": ("wait", "wait"),
    "history": ("history", "history"),
    "schedule": ("schedule", "schedule"),
    "codes": ("codes", "codes_command"),
    "simulate": ("simulate", "simulate"),
    "record": ("record", "record"),
    "verify": ("verify", "verify"),
    "pause": ("operator", "pause"),
    "resume": ("operator", "resume"),
    "maintenance": ("operator", "maintenance"),
    "confirm-login": ("operator", "confirm_login"),
}
"""Each command's module in this package, and its function there."""


IBAPI_HINT = (
    "From 10.37 on it needs protobuf>=5.29.5, which not every distribution of it says, and only one distribution may "
    "provide it. Install one into an environment that has none."
)
"""What is most likely wrong with an `ibapi` that cannot be imported (IBAPI.md section 1)."""


class _Commands(typer.core.TyperGroup):
    """Finds a command by importing its module."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name; None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, function = COMMANDS[cmd_name]
        try:
            imported = importlib.import_module(f"supervisor.commands.{module}")
        except Exception as error:  # protobuf refuses an older one of itself with an exception of its own
            if not _of_ibapi(error):
                raise
            typer.echo(f"ibapi cannot be imported: {type(error).__name__}: {error}\n{IBAPI_HINT}", err=True)
            raise SystemExit(1) from None
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name)(getattr(imported, function))
        return typer.main.get_command(single)


def _of_ibapi(error: Exception) -> bool:
    """Whether an import failed in `ibapi`, or for something that it no longer has."""
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "ibapi":
        return True
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    return any(str(frame.f_globals.get("__name__")).partition(".")[0] == "ibapi" for frame in frames)


app = typer.Typer(
    cls=_Commands, add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"ib-supervisor {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Keeps the connection to Interactive Brokers' TWS or IB Gateway alive, day and night, and tells the truth about
    it.
    """


def main() -> int:
    """The console script; returns the exit status."""
    try:
        result = app(prog_name="ib-supervisor", standalone_mode=True)
    except SystemExit as leaving:
        code = leaving.code
        return code if isinstance(code, int) else int(code is not None)
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(main())
