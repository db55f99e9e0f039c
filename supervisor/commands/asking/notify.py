"""`ib-supervisor notify test`: one message to every target, with what became of it.

It is sent from here, in the same way as the daemon sends: with this user's environment and rights to read files. So run
it as the service's user. No journal and no running daemon are needed.
"""

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from supervisor.commands.shared.api_client import address_of
from supervisor.commands.shared.printer import say, say_text
from supervisor.config.load import Config, ConfigError, load
from supervisor.config.settings import Target
from supervisor.core.explain.messages import Message
from supervisor.core.model.pages import Severity
from supervisor.core.model.vocabulary import Stage
from supervisor.daemon.people import open_way, refuse_unknown_targets, status_page
from supervisor.observe.notify.heartbeat import NAME, fetched
from supervisor.observe.notify.text import composed

BAD_CONFIG = 78


class Action(StrEnum):
    """What may be asked."""

    TEST = "test"


def notify(
    action: Annotated[Action, typer.Argument(metavar="test", help="Send one message to every target.")],
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="The config file.")],
    target: Annotated[str | None, typer.Option("--target", metavar="NAME", help="This target alone.")] = None,
) -> None:
    """Send one message to every target of a config and fetch its heartbeat_url, and print what became of each.

    Exits with 0 if all were taken, 1 if not, 2 if there is no such target, 78 for a bad config.
    """
    assert action is Action.TEST
    try:
        found = load(config, os.environ)
        refuse_unknown_targets(found)
    except ConfigError as error:
        say_text(error, err=True)
        raise typer.Exit(BAD_CONFIG) from None
    targets = [each for each in found.notify if target in (None, each.rules.name)]
    if target is not None and not targets:
        raise typer.BadParameter(f'there is no target "{target}" in {config}', param_hint="--target")
    if not targets and found.heartbeat_url is None:
        say(
            f"{config} has neither notify nor heartbeat_url: nobody would be told; docs/notify.md has recipes", err=True
        )
        raise typer.Exit(1)
    raise typer.Exit(int(not _test(found, targets, alone=target is not None)))


def _test(config: Config, targets: list[Target], *, alone: bool) -> bool:
    """Whether all were taken."""
    width = max(len(name) for name in (*(each.rules.name for each in targets), NAME))
    good = True
    link = status_page(address_of(config.http), config.http)
    for each in targets:
        text = composed([_message()], each.format, link, again=False)
        outcome = open_way(each.rules.name, each.url).send(text, Severity.INFO)
        good = good and outcome.sent
        say(f"{each.rules.name:<{width}}  {'sent' if outcome.sent else f'not sent: {outcome.why}'}")
    if config.heartbeat_url is not None and not alone:
        why = fetched(config.heartbeat_url)
        good = good and not why
        say(f"{NAME:<{width}}  {f'not fetched: {why}' if why else 'fetched'}")
    return good


def _message() -> Message:
    now = datetime.now(UTC)
    text = "This is a test. If you read it, messages of ib-supervisor reach you here."
    stamp = f"test-{now:%Y%m%dT%H%M%S.%fZ}"
    return Message("", stamp, stamp, "", Stage.HAPPENED, Severity.INFO, now, now, 0.0, "ib-supervisor: test", text)
