"""What recovery tells beside the trouble itself: that it waits for a word, and that it did not help."""

from dataclasses import replace

from supervisor.core.model.behind.sight import Sight
from supervisor.core.model.events import Sighted
from supervisor.core.model.policy import Timing
from supervisor.core.model.recovery.rules import RungPolicy
from tests.core.parts.recovery.scenes import COMMAND, DATA, JVM, allowed
from tests.deploy.stories.registry import begin, farm, refuse, story
from tests.deploy.stories.stage import Stage


def recovering(rung: RungPolicy, at: str = "2027-01-07T15:00:00Z") -> Stage:
    """A quiet stage whose recovery may take this step; its controller knows the gateway's process."""
    stage = begin(replace(allowed(rung), timezone=None, windows=(), timing=Timing()), at=at)
    stage.live.step(Sighted(Sight(process=JVM, running=True), 1e9))
    return stage


@story(
    "The gateway is gone for 40 minutes, and recovery waits for a word",
    "critical IBGatewayDown",
    "warning IBRecoveryApproval",
)
def approval() -> Stage:
    stage = recovering(replace(COMMAND, unattended=False))
    stage.mark()
    stage.live.step(Sighted(Sight(running=False), 1e9))
    refuse(stage, 2400)
    stage.run(900)
    return stage


@story(
    "`usfarm` breaks at 11:00 New York for half an hour, and RECONNECTDATA does not help",
    "critical IBFarmDown",
    "warning IBRecoveryFailed",
)
def no_help() -> Stage:
    stage = recovering(replace(DATA, budget=1), at="2027-01-07T15:55:00Z")
    stage.mark()
    farm(stage.live, 2103, "usfarm")
    stage.run(1800)
    farm(stage.live, 2104, "usfarm")
    stage.run(900)
    return stage
