"""What happens at IBKR, and how a gateway is set up."""

from supervisor.core.model.events import PauseAsked, ResumeAsked
from supervisor.core.model.policy import AccountMode
from tests.core.driver import policy
from tests.deploy.stories.registry import NIGHTLY, begin, farm, lose_ibkr, regain_ibkr, story
from tests.deploy.stories.stage import Stage

# -- IBKR -------------------------------------------------------------------------------------------------------------


@story("1100 for 90 s at 03:00, outside every reset that is known", "warning IBBriefOutage")
def night_loss() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-07T08:00:00Z")
    stage.mark()
    lose_ibkr(stage)
    stage.run(90)
    regain_ibkr(stage)
    stage.run(3600)
    return stage


@story("1100 for 30 minutes at noon", "critical IBUpstreamLost")
def upstream() -> Stage:
    stage = begin(NIGHTLY)
    stage.mark()
    lose_ibkr(stage)
    stage.run(1800)
    regain_ibkr(stage)
    stage.run(1800)
    return stage


@story("1100 for 20 minutes in the server reset")
def reset() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-07T05:20:00Z")
    stage.mark()
    lose_ibkr(stage)
    stage.run(1200)
    regain_ibkr(stage)
    stage.run(3600)
    return stage


@story("A server reset from 00:20 that does not end until 03:00", "critical IBUpstreamLost")
def reset_overrun() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-07T05:15:00Z")
    stage.mark()
    lose_ibkr(stage)
    stage.until("2027-01-07 03:00 NY")
    regain_ibkr(stage)
    stage.run(1800)
    return stage


@story("1100 for 45 s in every 2 minutes, for an hour", "critical IBUpstreamFlapping")
def upstream_in_pieces() -> Stage:
    stage = begin()
    stage.mark()
    for _ in range(30):
        lose_ibkr(stage)
        stage.run(45)
        regain_ibkr(stage)
        stage.run(75)
    stage.run(2700)
    return stage


@story("`usfarm` breaks on Thursday at 11:00 New York, for half an hour", "critical IBFarmDown")
def farm_by_day() -> Stage:
    stage = begin(at="2027-01-07T15:55:00Z")
    stage.mark()
    farm(stage.live, 2103, "usfarm")
    stage.run(1800)
    farm(stage.live, 2104, "usfarm")
    stage.run(900)
    return stage


@story("`usfarm` breaks half an hour before the close and is back two hours later", "critical IBFarmDown")
def farm_over_the_close() -> Stage:
    stage = begin(at="2027-01-07T21:00:00Z")
    stage.mark()
    farm(stage.live, 2103, "usfarm")
    stage.run(7200)
    farm(stage.live, 2104, "usfarm")
    stage.run(900)
    return stage


@story("`ushmds` breaks on Saturday at 03:00, with `required_farms: all`", "warning IBFarmDown")
def farm_at_night() -> Stage:
    stage = begin(at="2027-01-09T07:55:00Z")
    stage.mark()
    farm(stage.live, 2105, "ushmds")
    stage.run(3600)
    farm(stage.live, 2106, "ushmds")
    stage.run(900)
    return stage


@story("`usfarm` breaks for a minute, ten times in half an hour", "warning IBFarmFlapping")
def farm_flapping() -> Stage:
    stage = begin()
    farm(stage.live, 2104, "usfarm")
    stage.run(60)
    stage.mark()
    for _ in range(10):
        farm(stage.live, 2103, "usfarm")
        stage.run(60)
        farm(stage.live, 2104, "usfarm")
        stage.run(120)
    stage.run(3600)
    return stage


@story("A competing login takes the data for 20 minutes", "warning IBCompetingSession")
def competing() -> Stage:
    stage = begin()
    stage.mark()
    for _ in range(20):
        stage.live.notice(10197, "No market data during competing live session")
        stage.run(60)
    stage.run(1800)
    return stage


# -- how it is set up -------------------------------------------------------------------------------------------------


@story("Another daemon takes the client id, for an hour", "warning IBClientIdConflict")
def conflict() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.peer.taken = {911}
    stage.live.drop()
    stage.run(3600)
    stage.live.peer.taken = set()
    stage.run(1200)
    return stage


@story("The gateway comes back with the wrong login, for half an hour", "critical IBAccountMismatch")
def mismatch() -> Stage:
    stage = begin(policy(account_mode=AccountMode.LIVE))
    stage.mark()
    stage.live.peer.accounts = ("DU1234567",)
    stage.live.drop()
    stage.run(1800)
    stage.live.peer.accounts = ("U1234567",)
    stage.run(1200)
    return stage


@story("The supervisor starts beside a gateway with the wrong login", "critical IBAccountMismatch")
def mismatch_from_the_start() -> Stage:
    stage = begin(policy(account_mode=AccountMode.LIVE), accounts=("DU1234567",))
    stage.marked = 0
    stage.run(1200)
    stage.live.peer.accounts = ("U1234567",)
    stage.run(1200)
    return stage


@story("An operator pauses the gateway and forgets it", "warning IBGatewayPausedLong")
def paused() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.step(PauseAsked(None))
    stage.run(3 * 3600)
    stage.live.step(ResumeAsked())
    stage.run(900)
    return stage


@story("A standby with `labels: {role: standby}` stays paused")
def standby() -> Stage:
    stage = begin(label_role="standby")
    stage.mark()
    stage.live.step(PauseAsked(None))
    stage.run(3 * 3600)
    return stage


@story("A gateway is dropped from the config by mistake", "warning IBGatewayUnwatched")
def dropped() -> Stage:
    stage = begin(policy(), policy(name="paper", port=4002))
    stage.mark()
    gone = stage.worlds.pop("paper")
    stage.run(3600)
    stage.worlds["paper"] = gone.heir(after=3600).start()
    stage.run(900)
    return stage
