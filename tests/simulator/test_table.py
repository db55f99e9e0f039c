"""Every request is answered or refused, and the documentation says which: `python -m tests.simulator.table --write`."""

from supervisor.simulator import SimulatedGateway
from supervisor.simulator.answers.table import ANSWERED, REFUSED
from supervisor.simulator.wire.ids import Ask
from tests.simulator.table import BEGIN, END, PAGE, table
from tests.simulator.trader import Trader


def test_every_request_of_a_client_is_in_the_table_once() -> None:
    assert ANSWERED.keys() | REFUSED.keys() | {Ask.START_API} == set(Ask)
    assert ANSWERED.keys() & REFUSED.keys() == set()


def test_the_table_in_the_documentation_is_current() -> None:
    written = PAGE.read_text().partition(BEGIN)[2].partition(END)[0].strip()
    assert written == table(), "run: python -m tests.simulator.table --write"


def test_a_refusal_says_who_does_not_do_it_and_is_told_to_people_once_a_kind() -> None:
    heard: list[str] = []
    with SimulatedGateway(on_event=heard.append) as gateway, Trader(gateway.port) as trader:
        for number, refusal in REFUSED.items():
            for _ in range(2):
                trader.ask(number, *(1 if place != refusal.place else 5 for place in range(3)))
                told = trader.message()
                assert told[3] == str(refusal.code)
                assert "the simulated gateway does not do this" in told[4]
                assert told[2] == ("-1" if refusal.place is None else "5")
    assert sum("does not do" in line for line in heard) == len(REFUSED)
