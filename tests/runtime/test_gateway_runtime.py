"""One gateway in the daemon: events in, actions out, and nothing decided between."""

from dataclasses import replace
from datetime import timedelta

from supervisor.core.model.actions import Connect
from supervisor.core.model.events import Ending, NoticeReceived, PauseAsked, SessionClosed, Started
from supervisor.core.model.facts import Facts
from supervisor.core.model.vocabulary import Phase
from tests.runtime.stage import RuntimeStage, policy


def test_its_first_step_connects_as_the_policy_says() -> None:
    staged = RuntimeStage(of=policy(host="gw.example", port=4002, client_id=77))
    staged.runtime.step(Started(), staged.clock.now())
    assert staged.link.actions == [Connect(1, "gw.example", 4002, 77, 3.0, 5.0)]
    assert staged.runtime.snapshot.phase is Phase.CONNECTING


def test_what_the_gateway_says_becomes_a_snapshot_and_a_ping() -> None:
    staged = RuntimeStage()
    staged.runtime.step(Started(), staged.clock.now())
    staged.ready()
    assert staged.runtime.snapshot.up
    assert staged.link.words == ["Connect", "Ping"]
    assert "session_ready" in staged.notes.kinds


def test_a_snapshot_is_replaced_and_never_changed() -> None:
    staged = RuntimeStage()
    before = staged.runtime.snapshot
    staged.runtime.step(Started(), staged.clock.now())
    assert before.phase is Phase.IDLE
    assert staged.runtime.snapshot is not before


def test_it_is_due_when_a_deadline_of_either_clock_has_passed() -> None:
    staged = RuntimeStage()
    staged.runtime.step(Started(), staged.clock.now())
    assert not staged.runtime.due.has_come(staged.clock.now())
    staged.clock.pass_(3.0)
    assert staged.runtime.due.has_come(staged.clock.now())

    paused = RuntimeStage()
    until = paused.clock.now().wall + timedelta(minutes=15)
    paused.runtime.step(PauseAsked(until), paused.clock.now())
    assert not paused.runtime.due.has_come(paused.clock.now())
    paused.clock.pass_(900)
    assert paused.runtime.due.has_come(paused.clock.now())


def test_facts_are_handed_to_the_listener_and_come_back_in_the_next_life() -> None:
    first = RuntimeStage()
    first.runtime.step(Started(), first.clock.now())
    first.ready()
    first.runtime.step(NoticeReceived(1, -1, 1100, "lost"), first.clock.now())
    kept = first.notes.facts[-1][1]
    assert kept.upstream_lost
    assert kept == first.runtime.facts

    second = RuntimeStage(first.clock, facts=kept)
    assert second.runtime.snapshot.upstream_up is False


def test_every_message_code_of_the_session_of_now_is_counted_however_often_it_is_told() -> None:
    staged = RuntimeStage()
    staged.runtime.step(Started(), staged.clock.now())
    staged.ready()
    for epoch in (1, 1, 1, 9):
        staged.runtime.step(NoticeReceived(epoch, -1, 9999, "what is this"), staged.clock.now())
    assert staged.notes.kinds.count("notice") == 1
    assert staged.notes.codes == [("live", 9999)] * 3


def test_a_link_that_fails_costs_the_attempt_and_says_so_as_an_event() -> None:
    staged = RuntimeStage()
    staged.link.broken = RuntimeError("no thread left")
    staged.runtime.step(Started(), staged.clock.now())
    assert staged.posted == [SessionClosed(1, Ending.CALLBACK, "RuntimeError: no thread left")]
    staged.link.broken = None
    staged.runtime.step(staged.posted[0], staged.clock.now())
    assert staged.runtime.snapshot.phase is Phase.BACKOFF


def test_a_new_policy_keeps_the_session_if_it_may() -> None:
    staged = RuntimeStage()
    staged.runtime.step(Started(), staged.clock.now())
    staged.ready()
    staged.runtime.reload(replace(staged.runtime.policy, upstream_probe=False), staged.clock.now())
    assert staged.runtime.snapshot.epoch == 1
    assert staged.link.words == ["Connect", "Ping"]


def test_a_new_port_ends_the_session_and_connects_at_once() -> None:
    staged = RuntimeStage()
    staged.runtime.step(Started(), staged.clock.now())
    staged.ready()
    staged.runtime.reload(replace(staged.runtime.policy, port=4009), staged.clock.now())
    assert staged.link.words == ["Connect", "Ping", "Close", "Connect"]
    last = staged.link.actions[-1]
    assert isinstance(last, Connect)
    assert (last.epoch, last.port) == (2, 4009)


def test_a_gateway_that_leaves_the_config_is_released_without_waiting() -> None:
    staged = RuntimeStage(facts=Facts(highest_order_id=5))
    staged.runtime.step(Started(), staged.clock.now())
    staged.ready()
    staged.runtime.retire(staged.clock.now())
    assert staged.link.words[-1] == "Close"
    assert staged.link.closed_within == 0.0
    assert staged.runtime.snapshot.phase is Phase.STOPPED
    assert staged.runtime.facts.highest_order_id == 5
