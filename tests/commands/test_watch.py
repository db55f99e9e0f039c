"""`status --watch` on a terminal of 80 columns and 24 lines."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from supervisor.commands.asking.watch import Details, Rows, Watch
from supervisor.commands.shared.api_client import Refused, Unreachable
from supervisor.observe.web.status_json import status
from tests.commands.test_printer import EVIL, OBEYED
from tests.observe import rich

Story = Callable[[Watch, Pilot[None]], Awaitable[None]]


def known(healthy: int = 60) -> dict[str, Any]:
    """Many that are up, and after them in the config one that is down."""
    up = rich.eventful().snapshot
    down = rich.fresh("zurich", 4009)
    down.begin()
    down.refuse()
    answer = status("0", datetime.now(UTC), [up, down.snapshot])
    first, last = answer["gateways"]
    many = [{**first, "name": f"gateway-{number:02}", "labels": {"desk": "fx"}} for number in range(healthy)]
    return {**answer, "gateways": [*many, last]}


def played(story: Story, ask: Callable[[], Any], size: tuple[int, int] = (80, 24)) -> None:
    async def play() -> None:
        app = Watch(ask, "http://127.0.0.1:14000", 0.2)
        async with app.run_test(size=size) as pilot:
            await story(app, pilot)

    asyncio.run(play())


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    deadline = asyncio.get_running_loop().time() + 10
    while not condition():
        assert asyncio.get_running_loop().time() < deadline
        await pilot.pause(0.02)


def screen(app: Watch) -> list[str]:
    """What stands on the terminal, line by line."""
    return ["".join(segment.text for segment in strip).rstrip() for strip in app.screen._compositor.render_strips()]


def names(app: Watch) -> list[str | None]:
    return [option.id for option in app.screen_stack[0].query_one(Rows).options]


def test_the_sick_and_the_summary_are_on_the_first_screen_and_the_rest_scrolls() -> None:
    async def story(app: Watch, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: names(app))
        await pilot.pause()
        lines = screen(app)
        assert lines[0] == " 60 of 61 up; 1 down"
        assert lines[1].split()[:2] == ["GATEWAY", "STATUS"]
        assert lines[2].split()[:2] == ["zurich", "down"]
        assert "Nothing accepts connections" in " ".join(lines[3:6])
        assert "gateway-59" not in " ".join(lines)
        await pilot.press("end")
        await until(pilot, lambda: "gateway-59" in " ".join(screen(app)))
        await pilot.pause(0.2)
        assert "gateway-59" in " ".join(screen(app)), "a new answer does not move the list"
        assert max(map(len, screen(app))) <= 80

    played(story, known)


def test_a_filter_looks_at_name_status_label_and_cause() -> None:
    async def story(app: Watch, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: names(app))
        for words, found in (("down", 1), ("desk=fx", 60), ("nothing accepts", 1), ("gateway-07", 1), ("nobody", 0)):
            await pilot.press("slash")
            app.query_one(Input).value = words
            await until(pilot, lambda found=found: len(names(app)) == found)  # type: ignore[misc]
            assert f"{found} shown with '{words}'" in screen(app)[0]
            await pilot.press("escape")
            await until(pilot, lambda: len(names(app)) == 61)

    played(story, known)


def test_enter_shows_all_about_one_gateway_and_escape_goes_back() -> None:
    async def story(app: Watch, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: names(app))
        await pilot.press("enter")
        await until(
            pilot, lambda: isinstance(app.screen, Details) and "zurich at 127.0.0.1:4009" in " ".join(screen(app))
        )
        text = " ".join(" ".join(screen(app)).split())
        for fact in ("client id 911", "Start the gateway, switch on", "------ port", "daily_restart: "):
            assert fact in text
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, Details))

    played(story, known)


def test_a_gateway_that_leaves_the_config_while_it_is_looked_at_is_said_to_be_gone() -> None:
    answers = [known(0)]

    async def story(app: Watch, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: names(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Details))
        answers.append({"gateways": []})
        await until(pilot, lambda: "zurich is no longer in the config" in " ".join(screen(app)))

    played(story, lambda: answers[-1])


def test_while_no_daemon_answers_nothing_is_shown_as_so_and_what_was_so_is_told_as_past() -> None:
    answers: list[dict[str, Any]] = []

    def ask() -> Any:
        if not answers:
            raise Unreachable("no daemon answers at http://127.0.0.1:14000: connection refused.")
        return answers[-1]

    async def story(app: Watch, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "no daemon answers" in screen(app)[0])
        answers.append(known(1))
        await until(pilot, lambda: screen(app)[0] == " 1 of 2 up; 1 down")
        answers.clear()
        await until(pilot, lambda: "no daemon answers" in screen(app)[0])
        told = " ".join(screen(app))
        assert "gateway-00" in told
        assert told.count("unknown") >= 4, "status and layers of both"
        assert "Before that it was down. Nothing accepts connections" in told
        assert "++++++" not in told
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Details))
        await until(pilot, lambda: "Before that it was" in " ".join(screen(app)))
        answers.append(known(1))
        await until(pilot, lambda: "Before that it was" not in " ".join(screen(app)))

    played(story, ask)


def test_a_wrong_password_ends_it_and_stays_on_the_terminal() -> None:
    def ask() -> Any:
        raise Refused(401, "http://127.0.0.1:14000 does not accept the name anna with this password")

    async def story(app: Watch, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.return_code == 2)
        assert [str(said) for said in app._exit_renderables] == [
            "http://127.0.0.1:14000 does not accept the name anna with this password"
        ]

    played(story, ask)


def test_nothing_that_an_answer_says_is_obeyed() -> None:
    answer = known(1)
    for gateway in answer["gateways"]:
        gateway.update(name=f"{gateway['name']}{EVIL}", cause=EVIL, cure="[bold]not markup[/bold]")

    async def story(app: Watch, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(names(app)) == 2)
        await pilot.pause()
        for key in ("enter", "escape"):
            shown = "\n".join(screen(app))
            assert not OBEYED.search(shown), repr(shown)
            assert "owned" in shown
            assert "[bold]not markup[/bold]" in " ".join(shown.split())
            await pilot.press(key)
            await until(pilot, lambda key=key: isinstance(app.screen, Details) == (key == "enter"))  # type: ignore[misc]
            await pilot.pause()

    played(story, lambda: answer, (200, 40))


@pytest.mark.parametrize("width", [40, 120, 200])
def test_it_fits_every_width(width: int) -> None:
    async def story(app: Watch, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: names(app))
        await pilot.pause()
        assert "and 7497 for TWS)." in " ".join(" ".join(screen(app)).split()), "what explains is whole"
        headings = app.query_one("#headings", Static)
        assert headings.size.width <= width

    played(story, lambda: known(3), (width, 40))


def test_only_watching_a_terminal_imports_textual() -> None:
    program = "import sys, supervisor.commands.asking.status; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
