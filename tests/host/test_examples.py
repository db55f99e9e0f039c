"""The examples of the documentation run as they stand, each through a restart of the gateway."""

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any

from supervisor import host
from supervisor.host.aio import Keeper
from supervisor.host.aio.calls import HOOKS
from supervisor.observe.metrics.program import PROGRAM
from supervisor.runtime.gateway_runtime import Listener
from supervisor.simulator import SimulatedGateway
from tests.host.examples import EXAMPLES, ROOT, executed, heard, running
from tests.waiting import wait_until


def test_three_lines_make_the_tutorials_program_a_hosted_one_and_the_example_has_them() -> None:
    page = (ROOT / "docs/host.md").read_text()
    diff = page.partition("```diff\n")[2].partition("```")[0].splitlines()
    added = [line[1:].strip() for line in diff if line.startswith("+") and line[1:].strip()]
    assert len(added) == 3
    example = (EXAMPLES / "hello_world.py").read_text()
    for line in added:
        assert line.replace("port=4002", "port=port") in example


def test_hello_world_is_answered_again_after_a_restart(gateway: SimulatedGateway) -> None:
    with running("hello_world.py", gateway.port) as program:
        program.until("that is all")
        gateway.do("restart", for_=1.0)
        program.until("that is all", 2)
    assert program.count("DU1234567 NetLiquidation") == 2


def test_the_quote_recorder_goes_on_after_a_restart_and_a_loss_of_data(
    gateway: SimulatedGateway, tmp_path: Path
) -> None:
    path = tmp_path / "quotes.csv"

    def recorded() -> list[list[str]]:
        return [line.split(",") for line in path.read_text().splitlines()] if path.exists() else []

    def prices() -> int:
        return sum(row[1] == "AAPL" for row in recorded())

    with running("quote_recorder.py", gateway.port, path):
        wait_until(lambda: prices() > 2, 20)
        gateway.do("restart", for_=0.5)
        wait_until(lambda: sum(row[1] == "ready" for row in recorded()) == 2, 20)
        before = prices()
        wait_until(lambda: prices() > before + 2, 20)
        gateway.do("upstream_lost", for_=0.5, data="lost")
        wait_until(lambda: gateway.received[1] == 6, 20)
        before = prices()
        wait_until(lambda: prices() > before + 2, 20)
    assert [row[1] for row in recorded()].count("lost") == 1


def test_every_fill_of_the_minute_trader_is_heard_once_through_losses_of_all_kinds(
    gateway: SimulatedGateway, tmp_path: Path
) -> None:
    with running("order_a_minute.py", gateway.port, tmp_path / "state", 0.2) as program:
        program.until("fill", 3)
        faults: list[tuple[str, dict[str, Any]]] = [
            ("restart", {"for_": 0.5}),
            ("rst", {}),
            ("upstream_lost", {"for_": 0.5, "data": "maintained"}),
        ]
        for times, (word, more) in enumerate(faults, 1):
            gateway.do(word, **more)
            fills = program.count("fill")
            program.until("fill", fills + 2, 40)
            assert program.count("ready") >= min(times, 2) + 1
        gateway.do("fills", mode="never")
        wait_until(lambda: executed(gateway) == heard(program), 20)
    assert program.count("some fills may be missing") == 0


def test_a_minute_trader_that_is_killed_goes_on_with_new_ids_and_hears_what_it_missed(
    gateway: SimulatedGateway, tmp_path: Path
) -> None:
    with running("order_a_minute.py", gateway.port, tmp_path / "state", 0.2) as first:
        first.until("fill", 3)
        first.process.kill()
        first.process.wait(10)
    with running("order_a_minute.py", gateway.port, tmp_path / "state", 0.2) as second:
        fills = len(set(heard(first)))
        second.until("fill", fills + 3, 40)
        gateway.do("fills", mode="never")
        wait_until(lambda: executed(gateway) == heard(second), 20)
    ids = [line.split()[1] for each in (first, second) for line in each.lines if line.startswith("sent")]
    assert len(ids) == len(set(ids))
    codes = {line.split()[2] for each in (first, second) for line in each.lines if line.startswith("error")}
    assert "103" not in codes, "no id was used twice"


def test_the_asyncio_program_goes_on_after_a_restart(gateway: SimulatedGateway) -> None:
    with running("asyncio_program.py", gateway.port) as program:
        program.until("AAPL", 3)
        gateway.do("restart", for_=0.5)
        program.until("ready", 2)
        before = program.count("AAPL")
        program.until("AAPL", before + 3)
    assert program.count("lost") == 1


def test_the_page_names_everything_that_is_public() -> None:
    page = (ROOT / "docs/host.md").read_text()
    prose = re.sub(r"^```.*?^```$", "", page, flags=re.DOTALL | re.MULTILINE)
    told = set(re.findall(r"\w+", " ".join(re.findall(r"`[^`]+`", prose))))
    records = (host.Ready, host.Loss, host.Reconciled, host.Queue)
    names = {
        *host.__all__,
        *inspect.signature(host.Host).parameters,
        *(name for name in vars(host.Host) if not name.startswith("_")),
        *(field.name for record in records for field in dataclasses.fields(record)),
        *(name for name in vars(Keeper) if not name.startswith("_") and name not in vars(Listener)),
        *inspect.signature(Keeper).parameters,
        *HOOKS,
        *(family.name for family in PROGRAM),
    }
    assert names - told == {"hooks"}, "not on the page"
    headings = re.findall(r"^#+ .*", page, re.MULTILINE)
    assert len(headings) == len(set(headings))
