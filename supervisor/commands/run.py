"""`ib-supervisor run`: the daemon."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from supervisor.commands.shared.journal_file import with_its_own_journal
from supervisor.commands.shared.printer import say, say_text
from supervisor.config.load import ConfigError, for_first_look, load
from supervisor.config.settings import Config
from supervisor.daemon.people import refuse_unknown_targets
from supervisor.daemon.process import Process, StartError


def run(
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="The config file.")] = None,
    gateway: Annotated[
        str | None, typer.Option("--gateway", metavar="HOST:PORT", help="One gateway without a file, for a first look.")
    ] = None,
) -> None:
    """Supervise the gateways of a config until SIGTERM or SIGINT. SIGHUP reloads the config.

    Exits with 0 after a signal, 1 if it cannot start (for example, the HTTP port is taken, or another daemon writes the
    journal), 2 for wrong usage, 78 for a bad config.
    """
    if (config is None) is (gateway is None):
        raise typer.BadParameter("give either --config FILE or --gateway HOST:PORT")
    try:
        settings = _settings(config, gateway)
    except ConfigError as error:
        say_text(error, err=True)
        raise typer.Exit(78) from None
    try:
        Process(settings, os.environ, sys.stderr).run()
    except StartError as error:
        say(error, err=True)
        raise typer.Exit(1) from None


def _settings(config: Path | None, gateway: str | None) -> Config:
    if config is not None:
        found = with_its_own_journal(load(config, os.environ))
        refuse_unknown_targets(found)
        return found
    try:
        return for_first_look(gateway or "")
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--gateway") from None
