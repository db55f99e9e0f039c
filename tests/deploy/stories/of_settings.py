"""What is set up wrongly, and what is old or full: told by day, and never twice."""

from dataclasses import replace

from supervisor.core.model.gate import GatePolicy
from tests.core.driver import NEW_YORK, policy
from tests.deploy.stories.registry import begin, story
from tests.deploy.stories.stage import Stage


@story("The gateway's clock is 30 s ahead, for an hour", "warning IBClockSkew")
def clock() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.peer.skew = 30
    stage.run(3600)
    stage.live.peer.skew = 0
    stage.run(900)
    return stage


@story("The gateway runs on UTC, and the config says New York", "warning IBTimezoneMismatch")
def zone() -> Stage:
    stage = begin(policy(timezone=NEW_YORK))
    stage.marked = 0
    stage.run(3600)
    return stage


@story("2172: IBKR will refuse this version in ten days", "warning IBGatewayVersionDesupported")
def desupported_soon() -> Stage:
    return desupported("20270117")


@story("2172: IBKR will refuse this version tomorrow", "critical IBGatewayVersionDesupported")
def desupported_tomorrow() -> Stage:
    return desupported("20270108")


def desupported(day: str) -> Stage:
    """The gateway says when its version ends."""
    stage = begin()
    stage.mark()
    stage.live.notice(2172, f"Version 10.19 will be desupported on {day}. Please upgrade to 10.30 or higher.")
    stage.run(3600)
    return stage


@story("The order ids go back at a reconnect, with `gate: {order_ids: true}`, for half an hour", "warning IBGateClosed")
def order_ids() -> Stage:
    stage = begin(policy(gate=GatePolicy(order_ids=True)))
    stage.live.peer.order_id = 500
    stage.live.drop()
    stage.run(60)
    stage.mark()
    stage.live.peer.order_id = 1
    stage.live.drop()
    stage.run(1800)
    stage.live.peer.order_id = 600
    stage.live.drop()
    stage.run(900)
    return stage


@story("The config file is refused at a reload, and mended after an hour", "warning IBSupervisorConfigReloadFailed")
def reload_failed() -> Stage:
    stage = begin()
    stage.mark()
    stage.own = replace(stage.own, reload_ok=False)
    stage.run(3600)
    stage.own = replace(stage.own, reload_ok=True)
    stage.run(900)
    return stage


@story("The disk is full for half an hour, and the journal cannot be written", "warning IBJournalFailing")
def disk_full() -> Stage:
    stage = begin()
    stage.mark()
    for _ in range(30):
        stage.own = replace(stage.own, journal_errors=stage.own.journal_errors + 12)
        stage.run(60)
    stage.run(1800)
    return stage


@story("A flood of notices overfills the queue for a minute", "warning IBSupervisorEventsDropped")
def flood() -> Stage:
    stage = begin()
    stage.mark()
    stage.own = replace(stage.own, events_dropped=stage.own.events_dropped + 5000)
    stage.run(60)
    stage.run(1800)
    return stage
