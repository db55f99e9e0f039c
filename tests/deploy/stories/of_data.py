"""Connected, and no data: what the canary sees, and what it must not tell."""

from supervisor.core.model.policy import Policy
from tests.deploy.stories.registry import begin, lose_ibkr, refuse, regain_ibkr, story
from tests.deploy.stories.stage import Stage
from tests.deploy.stories.streaming import PAPER_WATCHED, WATCHED, Streaming


def watched(gateway: Policy = WATCHED, at: str = "2027-01-07T15:00:00Z", account: str = "U1234567") -> Stage:
    """A quiet stage with a canary whose quotes come."""
    return begin(gateway, at=at, accounts=(account,), world=Streaming)


def silent(stage: Stage, seconds: float) -> None:
    """No quote comes for so long, and nothing else is wrong."""
    assert isinstance(stage.live, Streaming)
    stage.live.quotes = False
    stage.run(seconds)
    stage.live.quotes = True


@story("Every layer is up and no quote comes for half an hour, at 10:00 New York", "critical IBCanaryDead")
def no_quotes() -> Stage:
    stage = watched()
    stage.mark()
    silent(stage, 1800)
    stage.run(900)
    return stage


@story("The same on a paper gateway", "warning IBCanaryDead")
def no_quotes_on_paper() -> Stage:
    stage = watched(PAPER_WATCHED, account="DU1234567")
    stage.mark()
    silent(stage, 1800)
    stage.run(900)
    return stage


@story("No quote comes for 70 s, at noon")
def short_silence() -> Stage:
    stage = watched()
    stage.mark()
    silent(stage, 70)
    stage.run(1800)
    return stage


@story("No quote comes for two hours after the close")
def market_closed() -> Stage:
    stage = watched(at="2027-01-07T20:50:00Z")
    stage.until("2027-01-07 16:00 NY")
    stage.mark()
    silent(stage, 7200)
    stage.run(900)
    return stage


@story("A competing login takes the canary's stream for 20 minutes", "warning IBCompetingSession")
def competing_stream() -> Stage:
    stage = watched()
    stage.mark()
    for _ in range(20):
        assert isinstance(stage.live, Streaming)
        stage.live.canary_notice(10197, "No market data during competing live session")
        silent(stage, 60)
    stage.run(1800)
    return stage


@story("1100 for half an hour, with a canary that hears nothing either", "critical IBUpstreamLost")
def upstream_with_canary() -> Stage:
    stage = watched()
    stage.mark()
    lose_ibkr(stage)
    silent(stage, 1800)
    regain_ibkr(stage)
    stage.run(900)
    return stage


@story("The gateway is gone for 20 minutes, and its canary with it", "critical IBGatewayDown")
def down_with_canary() -> Stage:
    stage = watched()
    stage.mark()
    refuse(stage, 1200)
    stage.run(900)
    return stage
