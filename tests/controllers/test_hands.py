"""Hands: what is sent to a controller, what its answer is taken for, and how a command of the operator's is run."""

import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import ANY

import pytest

from supervisor.controllers.hands.answers import Answer, ask
from supervisor.controllers.hands.command import run
from supervisor.controllers.hands.deeds import do
from supervisor.controllers.hands.hands import Hands
from supervisor.core.model.actions import Heal
from supervisor.core.model.behind.controller import Ibc, Ibc2, Ibg, Unit
from supervisor.core.model.events import DeedAnswered
from supervisor.core.model.policy import Policy
from supervisor.core.model.recovery.rules import RecoveryPolicy, Rung, RungPolicy
from tests.waiting import wait_until


@contextmanager
def controller(*pieces: bytes, closes: bool = True) -> Iterator[tuple[int, list[bytes]]]:
    """A command server for one connection: it reads once, answers in these pieces, and closes or not."""
    heard: list[bytes] = []
    end = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                heard.append(connection.recv(1024))
                for piece in pieces:
                    connection.sendall(piece)
                if not closes:
                    end.wait(10)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], heard
        end.set()
        thread.join(5)


def told(*pieces: bytes, within: float = 0.3, more: float = 0.0, closes: bool = False) -> Answer:
    with controller(*pieces, closes=closes) as (port, _):
        return ask(("127.0.0.1", port), b"RECONNECTDATA\n", within, more=more)


def policy(which: Ibc | Ibc2 | Ibg | Unit | None, *rungs: RungPolicy) -> Policy:
    return Policy("live", "127.0.0.1", 4001, 911, controller=which, recovery=RecoveryPolicy(rungs))


# -- the answer of a controller ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "accepted", "words"),
    [
        ([b"OK \n"], True, ""),
        ([b"O", b"K \r\n"], True, ""),
        ([b"INFO IBC Command Server\nOK Goodbye\n"], True, "Goodbye"),
        ([b"ibc> OK RESTART in progress\n"], True, "RESTART in progress"),
        ([b"ERROR Command invalid\n"], False, "Command invalid"),
        ([b"ERR RESTART: no window\n"], False, "RESTART: no window"),
        ([b"ERROR \x1b[2J\n"], False, "?[2J"),
    ],
)
def test_an_answer_is_read_whatever_its_line_end_its_prompt_and_its_pieces(
    pieces: list[bytes], accepted: bool, words: str
) -> None:
    assert told(*pieces) == Answer(accepted, words)


def test_the_second_line_of_a_restart_names_the_minute() -> None:
    both = b"INFO Restarting TWS\nOK RESTART in progress\nOK RESTART at 03:21 PM\n"
    assert told(both, more=1.0) == Answer(True, "RESTART in progress; RESTART at 03:21 PM")
    assert told(b"OK RESTART in progress\n", within=5.0, more=0.1) == Answer(True, "RESTART in progress")
    assert told(b"OK RESTART in progress\n", more=1.0, closes=True) == Answer(True, "RESTART in progress")


def test_what_never_answers_ends_at_its_deadline_and_proves_nothing() -> None:
    began = time.monotonic()
    answer = told(within=0.2)
    assert answer.accepted is None
    assert "no answer" in answer.words
    assert time.monotonic() - began < 2


def test_an_answer_that_dribbles_ends_at_the_same_deadline() -> None:
    assert told(b"x" * 5000, b"nonsense\n" * 100, within=0.2).accepted is None


@pytest.mark.parametrize(
    "line",
    [b"HTTP/1.1 200 OK", b"NOT OK", b"it is OK", b"ibc> NOT OK", b"200 ERROR", b"OKAY", b"x" * 50 + b"> OK"],
)
def test_a_word_within_a_line_is_no_answer(line: bytes) -> None:
    assert told(line + b"\n", closes=True) == Answer(None, ANY)


def test_the_first_word_of_a_line_is_the_answer_whatever_follows() -> None:
    assert told(b"ERROR: OK\n").accepted is False
    assert told(b"command:OK\n").accepted is True


def test_a_connection_that_ends_without_a_word_after_the_command_proves_nothing() -> None:
    answer = told(closes=True)
    assert answer.accepted is None
    assert "closed the connection without a word; it refused, or it ended" in answer.words
    assert told(b"what?\n", closes=True).accepted is None
    assert told(b"OK half a line", closes=True) == Answer(True, "half a line")


@pytest.mark.parametrize(
    ("linger", "words"),
    [(struct.pack("ii", 0, 0), "closed the connection at once"), (struct.pack("ii", 1, 0), "")],
    ids=["FIN", "RST, which can also come before we have heard of the connection"],
)
def test_a_connection_that_is_closed_before_anything_is_sent_is_a_refusal(linger: bytes, words: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def turn_away() -> None:
            connection, _ = server.accept()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.close()

        thread = threading.Thread(target=turn_away, daemon=True)
        thread.start()
        answer = ask(server.getsockname()[:2], b"RECONNECTDATA\n", 1.0)
        thread.join(5)
    assert answer.accepted is False
    assert words in answer.words


def test_a_port_at_which_nobody_listens_is_a_refusal() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    answer = ask(("127.0.0.1", port), b"RESTART\n", 1.0)
    assert answer.accepted is False
    assert f"127.0.0.1:{port}" in answer.words


# -- the bytes of each kind -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rung", "bytes_sent"),
    [
        (Rung.RECONNECT_DATA, b"RECONNECTDATA\n"),
        (Rung.RECONNECT_ACCOUNT, b"RECONNECTACCOUNT\n"),
        (Rung.RESTART, b"RESTART\n"),
    ],
)
def test_ibc_and_ibc2_are_sent_one_line(rung: Rung, bytes_sent: bytes) -> None:
    with controller(b"OK \n") as (port, heard):
        assert do(rung, policy(Ibc(port=port)), {}).accepted is True
        assert heard == [bytes_sent]
    with controller(b"OK \n") as (port, heard):
        assert do(rung, policy(Ibc2("events", port)), {}).accepted is True
        assert heard == [bytes_sent]


def test_ibg_is_sent_its_token_and_the_command_in_one_piece(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret\n")
    with controller(b"OK RESTART\n") as (port, heard):
        assert do(Rung.RESTART, policy(Ibg("http://h/", port=port, token_file=str(token))), {}).accepted is True
        assert heard == [b"AUTH secret\nRESTART\n"]
    with controller(b"ERR RECONNECTACCOUNT: why\n") as (port, heard):
        answer = do(Rung.RECONNECT_ACCOUNT, policy(Ibg("http://h/", port=port)), {})
        assert answer == Answer(False, "RECONNECTACCOUNT: why")
        assert heard == [b"RECONNECTACCOUNT\n"]
    missing = do(Rung.RESTART, policy(Ibg("http://h/", port=1, token_file=str(tmp_path / "gone"))), {})
    assert missing.accepted is False
    assert "No such file" in missing.words


def test_what_has_left_the_config_meanwhile_is_refused() -> None:
    assert do(Rung.RESTART, policy(None), {}).accepted is False
    assert do(Rung.RESTART, policy(Ibg("http://h/")), {}).accepted is False
    assert do(Rung.RESTART, policy(Unit("a.service")), {}).accepted is False
    assert do(Rung.COMMAND, policy(None), {}).accepted is False


# -- a command of the operator's own ----------------------------------------------------------------------------------


def test_a_command_runs_without_a_shell_and_with_little_environment() -> None:
    script = "import os, sys; print(sys.argv[1], sorted(set(os.environ) - {'LC_CTYPE'}))"
    rung = RungPolicy(Rung.COMMAND, 1.0, argv=(sys.executable, "-c", script, "$HOME; ls"))
    environment = {"PATH": os.environ["PATH"], "NOTIFY_SOCKET": "/x", "SECRET": "y"}
    answer = do(Rung.COMMAND, policy(None, rung), environment)
    assert answer == Answer(True, "exit status 0: $HOME; ls ['IB_SUPERVISOR_GATEWAY', 'PATH']")


def test_a_command_that_fails_says_how() -> None:
    failing = (sys.executable, "-c", "import sys; print('no\\x07 such unit', file=sys.stderr); sys.exit(5)")
    assert run(failing, "live", {}) == Answer(False, "exit status 5: no? such unit")
    killed = (sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")
    assert run(killed, "live", {}) == Answer(False, "ended by signal 9")
    missing = run(("/no/such/program",), "live", {})
    assert missing.accepted is False
    assert "could not be started" in missing.words


def test_a_command_is_asked_to_end_after_its_grace_and_never_killed() -> None:
    obedient = (sys.executable, "-c", "import time; time.sleep(60)")
    assert run(obedient, "live", {}, grace=0.2) == Answer(None, "it was not done after 0 s and was asked to end")


def test_a_command_that_leaves_a_child_behind_does_not_hold_us() -> None:
    script = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3)'])"
    began = time.monotonic()
    assert run((sys.executable, "-c", script), "live", {}).accepted is True
    assert time.monotonic() - began < 2.5


CHATTY = """
import os, sys, time
for _ in range(1000):
    os.write(1, b"x" * 1023 + b"\\n")
until = time.monotonic() + 10
while os.fstat(1).st_size > 65536 and time.monotonic() < until:
    time.sleep(0.01)
small = os.fstat(1).st_size <= 65536
print("cut" if small else "whole", flush=True)
open(sys.argv[1], "w").write("cut" if small else "whole")
"""


def test_what_a_command_writes_is_cut_on_the_disk_and_its_end_is_shown(tmp_path: Path) -> None:
    answer = run((sys.executable, "-c", CHATTY, str(tmp_path / "told")), "live", {})
    assert answer.accepted is True
    assert answer.words.endswith("xxx / cut")
    assert len(answer.words) < 250


def test_what_a_command_leaves_running_is_cut_too(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {CHATTY!r}, {str(told)!r}])"
    assert run((sys.executable, "-c", script), "live", {}).accepted is True
    wait_until(lambda: told.exists() and told.read_text() == "cut", 15)


# -- the thread -------------------------------------------------------------------------------------------------------


def answers_of(hands_args: dict[str, object]) -> list[tuple[str, DeedAnswered]]:
    posted: list[tuple[str, DeedAnswered]] = []
    hands = Hands(lambda name, event: posted.append((name, event)), **hands_args)  # type: ignore[arg-type]
    hands.carry_out(Heal(7, Rung.RESTART), policy(Ibc()))
    wait_until(lambda: bool(posted))
    return posted


def test_an_answer_is_posted_and_what_blocks_does_not_block_the_caller() -> None:
    gate = threading.Event()
    posted: list[tuple[str, DeedAnswered]] = []

    def slow(*_: object) -> Answer:
        gate.wait(10)
        return Answer(True, "done")

    hands = Hands(lambda name, event: posted.append((name, event)), deeds=slow)
    began = time.monotonic()
    hands.carry_out(Heal(7, Rung.RESTART), policy(Ibc()))
    assert time.monotonic() - began < 0.5
    assert posted == []
    gate.set()
    wait_until(lambda: posted == [("live", DeedAnswered(7, True, "done"))])


def test_what_the_journal_does_not_take_is_not_done() -> None:
    done: list[object] = []

    def deeds(*args: object) -> Answer:
        done.append(args)
        return Answer(True, "")

    ((_, event),) = answers_of({"not_stored": lambda: "disk full", "deeds": deeds})
    assert (event.accepted, done) == (False, [])
    assert "disk full" in event.words


def test_a_defect_of_ours_is_an_answer_too() -> None:
    def broken(*_: object) -> Answer:
        raise KeyError("x")

    ((_, event),) = answers_of({"deeds": broken})
    assert event == DeedAnswered(7, None, "a defect of the supervisor: KeyError")
