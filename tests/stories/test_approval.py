"""A person's word for a rung of recovery, and for how long it is good: the whole daemon, on a clock of its own."""

from datetime import timedelta
from pathlib import Path

from tests.daemon.test_recovery import controller
from tests.stories.faked import at
from tests.stories.stage import Story, scene

EVENING = at("2026-11-24 18:00")


class IbcLog:
    """IBC's log, on the clock of the story."""

    def __init__(self, stage: Story) -> None:
        self._stage = stage
        self.file: Path = stage.folder / "ibc.txt"
        self.says("Login has completed")

    def says(self, text: str) -> None:
        """One line."""
        with self.file.open("a") as log:
            log.write(f"{self._stage.clock.now():%Y-%m-%d %H:%M:%S}:000 IBC: {text}\n")


@scene
def test_a_word_that_cannot_be_used_is_good_for_15_minutes_and_no_longer(stage: Story) -> None:
    stage.begins(EVENING)
    log, done = IbcLog(stage), stage.folder / "done"
    rung = f"{{rung: command, patience: 5s, argv: [/usr/bin/touch, {done}]}}"
    with controller() as (port, _):
        ibc = f"{{kind: ibc, port: {port}, log: {log.file}}}"
        live = stage.gateway("live", controller=ibc, recovery=f"{{market_hours: ignore, rungs: [{rung}]}}")
        daemon = stage.start()

        def waits(word: str | None) -> bool:
            proposal = live.status["recovery"]["proposal"]
            return proposal is not None and proposal["approved_by"] == word

        live.do("refuse")
        stage.until(lambda: waits(None), "the command waits for a word")
        log.says("Starting Gateway")
        stage.until(lambda: live.status["login_state"] == "starting", "it starts by itself")
        assert daemon.post("/api/v1/gateways/live/approve") == 204
        stage.until(lambda: waits("loopback"), "the word is known, and cannot be used yet")
        stage.clock.step(timedelta(minutes=15))
        stage.until(lambda: not waits("loopback"), "the word is good no more")
        log.says("Login has completed")
        stage.until(lambda: live.status["login_state"] != "starting" and waits(None), "it asks again")
        assert not done.exists()
        assert daemon.post("/api/v1/gateways/live/approve") == 204
        stage.until(done.exists, "done at once")
