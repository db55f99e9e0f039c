"""What happens to the observer."""

from supervisor.core.model.events import PauseAsked, ResumeAsked
from tests.core.driver import policy
from tests.deploy.stories.registry import NIGHTLY, begin, story
from tests.deploy.stories.stage import Stage


@story("The supervisor is upgraded: away for 20 s")
def upgrade() -> Stage:
    stage = begin()
    stage.mark()
    stage.kill()
    stage.run(15)
    stage.born(pause=5)
    stage.run(1800)
    return stage


@story("The supervisor dies, and is started after half an hour", "critical IBSupervisorDown")
def killed() -> Stage:
    stage = begin()
    stage.mark()
    stage.kill()
    stage.run(1800)
    stage.born(pause=1800)
    stage.run(900)
    return stage


@story("The supervisor dies for half an hour, and its standby watches after 30 s", "warning IBSupervisorDown")
def taken_over() -> Stage:
    stage = begin()
    standby = stage.stand_by()
    stage.run(300)
    stage.mark()
    stage.kill()
    stage.run(30)
    standby.live.step(ResumeAsked())
    stage.run(1770)
    stage.born(pause=1800)
    stage.run(60)
    standby.live.step(PauseAsked(None))
    stage.run(900)
    return stage


@story(
    "The supervisor is dead, and its standby watches through the daily restart; then the gateway stays away",
    "warning IBSupervisorDown",
    "critical IBGatewayDown",
)
def taken_over_at_night() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-07T23:15:00-05:00")
    standby = stage.stand_by()
    stage.mark()
    stage.kill()
    stage.run(30)
    standby.live.step(ResumeAsked())
    stage.until("2027-01-07 23:45 NY")
    standby.live.restart(82.0)
    stage.run(3600)
    standby.live.restart(None)
    stage.run(900)
    return stage


@story("A resting standby dies", "warning IBSupervisorDown")
def standby_dies() -> Stage:
    stage = begin()
    standby = stage.stand_by()
    stage.run(300)
    stage.mark()
    standby.kill()
    stage.run(1800)
    return stage


@story("The supervisor dies, and its standby with it", "critical IBSupervisorDown", "warning IBSupervisorDown")
def both_die() -> Stage:
    stage = begin()
    standby = stage.stand_by()
    stage.mark()
    stage.kill()
    standby.kill()
    stage.run(1800)
    return stage


@story(
    "The gateway is down; 10 minutes later the supervisor dies too; both are back after an hour",
    "critical IBGatewayDown",
    "critical IBSupervisorDown",
)
def blind() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.restart(None)
    stage.run(600)
    stage.kill()
    stage.run(3000)
    stage.live.peer.port = "open"
    stage.born(pause=3000)
    stage.run(900)
    return stage


@story("The supervisor crashes every 15 s, and lives at each scrape", "critical IBSupervisorCrashLoop")
def crash_loop() -> Stage:
    stage = begin()
    stage.mark()
    for _ in range(120):
        stage.kill()
        stage.born(pause=1)
        stage.run(15)
    stage.run(1800)
    return stage


@story("The supervisor lives one minute of two, for an hour", "critical IBSupervisorDown")
def half_alive() -> Stage:
    stage = begin()
    stage.mark()
    for _ in range(30):
        stage.kill()
        stage.run(60)
        stage.born(pause=60)
        stage.run(60)
    stage.run(1800)
    return stage


@story("Service discovery loses one of two supervisors", "critical IBSupervisorDown")
def vanished() -> Stage:
    stage = begin()
    stage.neighbour()
    stage.run(300)
    stage.mark()
    stage.forget_target()
    stage.run(3600)
    stage.find_target()
    stage.run(900)
    return stage


@story("The loop hangs while a gateway is paused", "critical IBSupervisorDown")
def hung() -> Stage:
    stage = begin(policy(), policy(name="paper", port=4002))
    stage.worlds["paper"].step(PauseAsked(None))
    stage.run(300)
    stage.mark()
    stage.hang()
    stage.run(1800)
    stage.born()
    stage.run(900)
    return stage
