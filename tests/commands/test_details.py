"""What is seen behind the port, in the details of one gateway."""

from datetime import UTC, datetime, timedelta

from supervisor.commands.asking.details import details
from supervisor.observe.web.status_json import gateway
from tests.observe import rich

NOW = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


def contract(**changes: object) -> dict[str, object]:
    known = {"name": "EUR.USD", "state": "alive", "why": None, "since": None, "last_update": None, "data_type": None}
    return known | changes


def facts(told: dict[str, object]) -> dict[str, str]:
    lines = (row.plain.partition("  ") for row in details(told, NOW, None).rows)
    return {name.strip(): value.strip() for name, _, value in lines}


def test_the_login_that_a_controller_shows_is_there_and_one_that_nobody_knows_is_not() -> None:
    told = gateway(rich.eventful().snapshot)
    assert facts(told)["login"].startswith("logged_in since ")
    assert "login" not in facts(told | {"login_state": None})


def test_what_the_sockets_say_is_there_while_they_say_it() -> None:
    told = gateway(rich.eventful().snapshot)
    assert "sockets" not in facts(told)
    assert facts(told | {"kernel": "it has not read our request"})["sockets"] == "it has not read our request"


def test_each_contract_of_the_canary_is_a_line() -> None:
    told = gateway(rich.eventful().snapshot)
    last = NOW - timedelta(seconds=90)
    dead = contract(state="dead", data_type="delayed_frozen", last_update=last.isoformat())
    assert facts(told | {"canary": [dead]})["data"].startswith("EUR.USD dead, delayed frozen, last ")
    shut = contract(state="unjudged", why="no_hours")
    assert facts(told | {"canary": [shut]})["data"] == "EUR.USD unjudged (no hours)"
    assert "data" not in facts(told | {"canary": None})
