"""A person's word for a rung of recovery, and for how long it is good: the whole daemon, on a clock of its own."""

from datetime import timedelta
from pathlib import Path

from tests.daemon.test_recovery import controller
from tests.stories.faked import at
from tests.stories.stage import Story, scene

EVENING = at("2026-11-24 18:00")
RESTART = "{market_hours: ignore, rungs: [{rung: restart, patience: 5s, unattended: true}]}"


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
    log = IbcLog(stage)
    with controller() as (port, heard):
        ibc = f"{{kind: ibc, port: {port}, log: {log.file}, auto_restart_time_set: true}}"
        live = stage.gateway("live", controller=ibc, recovery=RESTART)
        daemon = stage.start()

        def waits(for_whom: bool) -> bool:
            proposal = live.status["recovery"]["proposal"]
            return proposal is not None and (proposal["approved_by"] is None) is for_whom

        live.do("freeze")
        stage.until(lambda: waits(True), "a restart waits for a word")
        log.says("Starting Gateway")
        stage.until(lambda: live.status["recovery"]["rungs"][0]["blocked"] == "starting", "it starts by itself")
        assert daemon.post("/api/v1/gateways/live/approve") == 204
        stage.until(lambda: waits(False), "the word is known")
        assert live.status["recovery"]["proposal"]["approved_by"] == "loopback"
        assert heard == []
        stage.clock.step(timedelta(minutes=15))
        stage.until(lambda: not waits(False), "the word is good no more")
        log.says("Login has completed")
        stage.until(lambda: waits(True), "it asks again")
        assert heard == []
        assert daemon.post("/api/v1/gateways/live/approve") == 204
        stage.until(lambda: heard == [b"RESTART\n"], "done at once")
