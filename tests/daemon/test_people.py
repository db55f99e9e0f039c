"""People are told by a real daemon: a real outage and its end, a crash, a restart that did not come back."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from supervisor.core.parts.telling.outbox import USUAL
from supervisor.simulator import Scenario, SimulatedGateway
from tests.daemon.running import gateways, quick, running
from tests.observe.notify.receivers import Receiver, receiving


def config(port: int, receiver: Receiver, more: str = "") -> str:
    target = f'notify:\n  - {{name: phone, url: "{receiver.url}", format: json}}\n'
    return target + more + gateways(quick(port, account_mode="live"))


def told(receiver: Receiver) -> list[tuple[str, str]]:
    return [(each["alert"], each["stage"]) for said in receiver.messages for each in said["messages"]]


def states(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "journal.db")) as file:
        return [str(state) for (state,) in file.execute("SELECT state FROM messages")]


def a_minute_passes(folder: Path) -> None:
    """What was said was said a minute earlier."""
    with closing(sqlite3.connect(folder / "journal.db")) as file:
        file.execute("UPDATE letters SET changed = changed - 60000000")
        file.commit()


def test_two_lines_of_yaml_tell_of_an_outage_and_a_killed_daemon_of_itself_and_the_end(tmp_path: Path) -> None:
    with receiving() as receiver, SimulatedGateway(Scenario(accounts=("DU1234567",))) as gateway:
        with running(tmp_path, config(gateway.port, receiver)) as daemon:
            daemon.until(lambda: receiver.bodies, what="a message")
            assert told(receiver) == [("IBAccountMismatch", "began")]
            labels = {"target": "phone", "result": "sent"}
            daemon.until(lambda: daemon.metric("ib_supervisor_notifications_total", **labels) == 1)
            daemon.until(lambda: states(tmp_path) == ["sent"], what="the journal to know it")
            daemon.kill()
        a_minute_passes(tmp_path)
        gateway.do("accounts", accounts=["U1234567"])
        with running(tmp_path, config(gateway.port, receiver)) as daemon:
            daemon.until(lambda: len(receiver.bodies) > 1, what="the next message")
            assert sorted(told(receiver)[1:]) == [("IBAccountMismatch", "over"), ("IBSupervisorCrashed", "happened")]
            assert not any(said["again"] for said in receiver.messages)
        with running(tmp_path, config(gateway.port, receiver)) as daemon:  # after an orderly end nobody is told
            daemon.wait_up()
            assert daemon.metric("ib_supervisor_notification_queue", target="phone", result="waiting") == 0


def test_a_daemon_that_is_killed_and_started_again_keeps_the_minute_between_messages(tmp_path: Path) -> None:
    with receiving() as receiver, SimulatedGateway(Scenario(accounts=("DU1234567",))) as gateway:
        with running(tmp_path, config(gateway.port, receiver)) as daemon:
            daemon.until(lambda: receiver.bodies, what="a message")
            daemon.until(lambda: states(tmp_path) == ["sent"], what="the journal to know of it")
            daemon.kill()
        with running(tmp_path, config(gateway.port, receiver)) as daemon:
            daemon.until(lambda: sorted(states(tmp_path)) == ["sent", "waiting"], what="word of the crash")
            wait = 2 * USUAL.gather
            with pytest.raises(AssertionError):
                daemon.until(lambda: len(receiver.bodies) > 1, wait)


def test_the_sign_of_life_is_fetched_and_says_when_something_urgent_lasts(tmp_path: Path) -> None:
    with receiving() as receiver, SimulatedGateway(Scenario(accounts=("DU1234567",))) as gateway:
        life = f"heartbeat_url: http://127.0.0.1:{receiver.port}/ping/uuid\nheartbeat_every: 10s\n"
        with running(tmp_path, config(gateway.port, receiver, life)) as daemon:
            daemon.until(lambda: receiver.paths, what="a fetch")
            assert receiver.paths[0].startswith("/ping/uuid")


def test_a_target_that_no_service_knows_is_a_bad_config_at_the_start_and_at_a_reload(tmp_path: Path) -> None:
    with receiving() as receiver, SimulatedGateway(Scenario(accounts=("U1234567",))) as gateway:
        good = config(gateway.port, receiver)
        bad = good.replace("json://", "jsonn://")
        with running(tmp_path, bad) as daemon:
            assert daemon.wait() == 78
            assert daemon.said("supervisor.yaml:3: notify[0].url", 'did you mean "json://"?')
        with running(tmp_path, good) as daemon:
            daemon.wait_up()
            daemon.write(bad)
            status, text = daemon.ask("/-/reload")
            assert status == 400
            assert 'no service has the scheme "jsonn://"' in text
