"""Windows that are no restarts: IBKR's resets, the operator's own, and maintenance from the command line."""

from datetime import timedelta

from tests.stories.faked import at
from tests.stories.stage import Gateway, Story, scene

LOST = "Connectivity between IBKR and Trader Workstation has been lost."
BACK = "Connectivity between IBKR and Trader Workstation has been restored - data maintained."
BROKEN = "Market data farm connection is broken:usfarm"
MENDED = "Market data farm connection is OK:usfarm"


def upstream(gateway: Gateway) -> float | None:
    return gateway.value("ib_layer_up", layer="upstream")


@scene
def test_a_loss_of_ibkr_in_its_nightly_reset_is_planned_and_one_before_it_stays_unplanned(stage: Story) -> None:
    stage.begins(at("2026-11-24 23:00"))
    early = stage.gateway("early", server_reset="north_america")
    within = stage.gateway("within", server_reset="north_america")
    farm = stage.gateway("farm", server_reset="north_america")
    europe = stage.gateway("europe", server_reset="europe")
    nothing = stage.gateway("nothing", server_reset="none")
    stage.start()
    opens = at("2026-11-25 00:15") - timedelta(minutes=5)
    assert within.moment("ib_window_next_timestamp_seconds") == opens
    assert europe.moment("ib_window_next_timestamp_seconds") == at("2026-11-25 06:25", "CET") - timedelta(minutes=5)
    assert nothing.value("ib_window_active", window="server_reset") is None
    stage.go_before(opens)
    early.do("notice", code=1100, text=LOST)
    stage.until(lambda: upstream(early) == 0, "lost")
    stage.until(lambda: within.open("server_reset"), "the reset begins")
    for gateway in (within, europe):
        gateway.do("notice", code=1100, text=LOST)
    farm.do("notice", code=2103, text=BROKEN)
    stage.until(lambda: within.status["status"] == "maintenance", "planned", 20)
    stage.until(lambda: farm.status["status"] == "maintenance", "planned", 20)
    stage.until(lambda: upstream(europe) == 0, "lost", 20)
    assert within.value("ib_layer_up", layer="heartbeat") == 1, "the session lives"
    assert within.seconds(planned=True) == 0
    assert early.statuses[-1] == "degraded", "no later window explains what began without one"
    assert europe.statuses[-1] == "degraded", "it is not its region's night"
    for gateway in (early, within, europe):
        gateway.do("notice", code=1102, text=BACK)
    farm.do("notice", code=2104, text=MENDED)
    for gateway in (early, within, europe, farm):
        stage.until(lambda gateway=gateway: gateway.up, f"{gateway.name} is up")  # type: ignore[misc]
    for gateway, planned in ((early, False), (within, True), (europe, False), (farm, True)):
        assert gateway.outages(planned=planned) == 1, gateway.name
        assert gateway.outages(planned=not planned) == 0, gateway.name
        assert gateway.seconds(planned=planned) > 0, gateway.name
        assert gateway.seconds(planned=not planned) == 0, gateway.name
    assert "maintenance" not in early.statuses


@scene
def test_the_weekend_reset_explains_every_layer_of_every_region(stage: Story) -> None:
    stage.begins(at("2026-11-27 22:00"))
    europe = stage.gateway("europe", server_reset="europe")
    nothing = stage.gateway("nothing", server_reset="none")
    stage.start()
    opens = at("2026-11-27 23:00") - timedelta(minutes=5)
    assert europe.moment("ib_window_next_timestamp_seconds") == opens
    stage.go_before(opens)
    stage.until(lambda: europe.open("server_reset"), "the weekend begins")
    europe.do("refuse")
    nothing.do("refuse")
    stage.until(lambda: europe.status["status"] == "maintenance", "planned", 20)
    stage.until(lambda: nothing.status["status"] == "down", "not planned", 20)
    stage.clock.set(at("2026-11-28 03:15") - timedelta(seconds=3))
    stage.until(lambda: not europe.open("server_reset"), "03:15 on Saturday, its grace is over")
    stage.until(lambda: europe.status["status"] == "down", "and planned ends", 20)
    assert europe.seconds(planned=True) == 0


@scene
def test_windows_of_the_operators_own_explain_what_breaks_in_them_and_end(stage: Story) -> None:
    opens = at("2026-11-28 04:00", "Europe/London")
    stage.begins(opens - timedelta(hours=1))
    until = opens + timedelta(seconds=10)
    move = f"[{{name: move, from: '{opens:%Y-%m-%dT%H:%M:%SZ}', to: '{until:%Y-%m-%dT%H:%M:%SZ}'}}]"
    sat = "[{name: sat, weekly: 'Sat 04:00', for: 8s, timezone: Europe/London, grace: 2s}]"
    back = stage.gateway("back", windows=move)
    stays = stage.gateway("stays", windows=sat)
    stage.start()
    assert back.moment("ib_window_next_timestamp_seconds") == opens
    stage.go_before(opens)
    stage.until(lambda: back.open("move") and stays.open("sat"), "the windows open")
    assert back.value("ib_window_next_timestamp_seconds", window="move") is None, "it comes once"
    assert stays.moment("ib_window_next_timestamp_seconds") == opens + timedelta(days=7)
    back.do("refuse", for_=2)
    stays.do("refuse")
    stage.until(lambda: stays.status["status"] == "maintenance", "planned", 20)
    stage.until(lambda: back.outages(planned=True) == 1, "over in its window")
    assert back.seconds(planned=False) == 0
    assert stays.seconds(planned=False) == 0
    stage.until(lambda: not stays.open("sat"), "the window is over")
    stage.until(lambda: stays.status["status"] == "down", "planned ends with its window", 20)
    assert stays.seconds(planned=False) > 3, "the whole of it, from its beginning"
    stays.do("heal")
    stage.until(lambda: stays.up, "back")
    assert stays.outages(planned=False) == 1
    assert stays.outages(planned=True) == 0
    assert stays.losses(planned=True) == 1


@scene
def test_maintenance_from_the_command_line_holds_back_its_seconds_and_books_them_when_it_is_over(stage: Story) -> None:
    stage.begins(at("2026-11-24 15:00"))
    calm = stage.gateway("calm")
    short = stage.gateway("short")
    ended = stage.gateway("ended")
    stage.start()
    assert stage.run("maintenance", "calm", "--for", "5h", expect=2), "at most 4 h"
    assert stage.run("maintenance", "nobody", "--for", "1h", expect=2), "no such gateway"
    stage.run("maintenance", "calm", "--for", "1h", "--reason", "a new disk")
    stage.run("maintenance", "ended", "--for", "1h")
    stage.run("maintenance", "short", "--for", "6s")
    for gateway in (calm, ended, short):
        gateway.do("refuse")
        stage.until(lambda gateway=gateway: gateway.status["status"] == "maintenance", "planned", 20)  # type: ignore[misc]
        assert gateway.open("maintenance")
    assert "a new disk" in calm.events("maintenance")[0]["text"]
    observed = calm.value("ib_observed_seconds_total")
    stage.until(lambda: (calm.value("ib_observed_seconds_total") or 0) > (observed or 0) + 2, "time passes")
    assert calm.seconds(planned=True) == 0
    assert calm.seconds(planned=False) == 0
    calm.do("heal")
    stage.until(lambda: calm.outages(planned=True) == 1, "closed")
    assert calm.seconds(planned=True) > 2
    assert calm.seconds(planned=False) == 0
    stage.run("maintenance", "calm", "--end")
    stage.until(lambda: not calm.open("maintenance"), "ended")

    stage.until(lambda: short.status["status"] == "down", "its window is over, the gateway is not back")
    assert short.seconds(planned=False) > 3
    stage.run("maintenance", "ended", "--end")
    stage.until(lambda: ended.status["status"] == "down", "the operator ended it")
    assert ended.seconds(planned=True) == 0
    assert ended.seconds(planned=False) > 3, "what was held back is unplanned, whole"
