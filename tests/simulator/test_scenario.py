"""Scenario files: what is read, and how everything wrong is told at once, with its line."""

from pathlib import Path

import pytest

from supervisor import simulator
from supervisor.simulator import Scenario, ScenarioError, Step, load, parse, step
from supervisor.simulator.behaviour.faults import Fault
from supervisor.simulator.scenario.files import HEAD
from supervisor.simulator.scenario.schema import schema
from supervisor.simulator.scenario.words import WORDS

WHOLE = """\
server_version: 187
accounts: [DU1, DU2]
greeting: [[2104, "Market data farm connection is OK:usfarm"], [2108, x]]
timezone: Europe/London
clock_offset: -90s
zone_name: Central European Standard Time
next_valid_id: 294
repeat: forever
steps:
  - {after: 5s, do: notice, code: 1100, text: TEXT, times: 833, every: 1s}
  - {after: 20s, do: refuse, for: 60s}
  - do: heal
"""


def faults_of(content: str) -> tuple[str, ...]:
    with pytest.raises(ScenarioError) as caught:
        parse(content, "file.yaml")
    return caught.value.faults


def test_every_key_is_read() -> None:
    scenario = parse(WHOLE)
    assert scenario.server_version == 187
    assert scenario.accounts == ("DU1", "DU2")
    assert scenario.greeting == ((2104, "Market data farm connection is OK:usfarm"), (2108, "x"))
    assert (scenario.timezone, scenario.clock_offset, scenario.next_valid_id) == ("Europe/London", -90.0, 294)
    assert scenario.zone_name == "Central European Standard Time"
    assert scenario.repeat is None
    first, second, third = scenario.steps
    assert first == Step("notice", {"code": 1100, "text": "TEXT", "request": -1}, 5.0, 833, 1.0)
    assert second == Step("refuse", {"for": 60.0, "sessions": "drop"}, 20.0)
    assert third == Step("heal")


def test_an_empty_file_is_the_usual_gateway() -> None:
    assert parse("") == Scenario()
    assert parse("# nothing\n") == Scenario()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("5s", 5.0),
        ("2m", 120.0),
        ("1h", 3600.0),
        ("1d", 86400.0),
        ("7", 7.0),
        ("0.25", 0.25),
        ("1.5s", 1.5),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse(f"steps: [{{do: mute, for: {text}}}]").steps[0].arguments["for"] == seconds


def test_all_faults_are_told_at_once_with_file_line_and_what_would_be_right() -> None:
    faults = faults_of(
        """\
server_version: new
account: [DU1]
timezone: Mars/Olympus
steps:
  - {do: dance}
  - {do: notice, text: 5}
  - do: refuse
    for: soon
    session: keep
  - nothing
  - {do: garbage, mode: funny}
  - {after: -1s, do: mute, times: 0}
"""
    )
    assert faults == (
        'file.yaml:1: server_version: "new" is wrong; write a whole number from 130 to 999',
        'file.yaml:2: account: unknown; did you mean "accounts"?',
        'file.yaml:3: timezone: "Mars/Olympus" is wrong; write a time zone such as America/New_York',
        f'file.yaml:5: steps[0].do: "dance" is unknown; known are {", ".join(sorted(WORDS))}',
        "file.yaml:6: steps[1].text: 5 is wrong; write a text, in quotes",
        "file.yaml:6: steps[1].code: missing",
        'file.yaml:8: steps[2].for: "soon" is wrong; write a duration such as 500ms, 5s, 2m, 1h or a number of seconds',
        'file.yaml:9: steps[2].session: unknown; did you mean "sessions"?',
        'file.yaml:10: steps[3]: "nothing" is no step; write {do: notice, code: 1100, text: TEXT}',
        'file.yaml:11: steps[4].mode: "funny" is wrong; write one of length_prefix, http, zero_length, non_numeric, '
        "truncated, unknown_id, no_nul, bad_protobuf, decimal",
        'file.yaml:12: steps[5].after: "-1s" is wrong; a duration cannot be negative',
        "file.yaml:12: steps[5].times: 0 is wrong; write a whole number from 1 to 1000000",
    )


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("- a", "file.yaml:1: a list is no scenario; write keys such as steps:"),
        ("just words", 'file.yaml:1: "just words" is no scenario; write keys such as steps:'),
        ("steps: 5", "file.yaml:1: steps: 5 is wrong; write a list of steps"),
        ("a: [", "file.yaml:1: not YAML: expected the node content, but found '<stream end>'"),
        ("accounts: [A]\naccounts: [B]", "file.yaml:2: accounts: said twice, first in line 1; keep one"),
        ("5: a", "file.yaml:1: a key must be a word"),
        (
            "accounts: []",
            "file.yaml:1: accounts: a list is wrong; write a list of account numbers, such as [DU1234567]",
        ),
        (
            "greeting: [[2104]]",
            "file.yaml:1: greeting: a list is wrong; each is a message code and a text, such as [2104, TEXT]",
        ),
        ("greeting: yes", "file.yaml:1: greeting: true is wrong; write a list such as [[2104, TEXT]]"),
        ("repeat: 0", "file.yaml:1: repeat: 0 is wrong; write a whole number of times, or forever"),
        ("steps: [{code: 5}]", "file.yaml:1: steps[0].do: no word; known are " + ", ".join(sorted(WORDS))),
        (
            "next_valid_id: 2026-99-99",
            'file.yaml:1: next_valid_id: "2026-99-99" is wrong; write a whole number from 0 to 2147483647',
        ),
    ],
)
def test_a_bad_file_is_refused_with_its_line(content: str, fault: str) -> None:
    assert fault in faults_of(content)


def test_a_deeply_nested_file_is_refused() -> None:
    assert faults_of("[" * 5000)


def test_two_documents_are_refused() -> None:
    assert faults_of("a: 1\n---\nb: 2\n")


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read: No such file"):
        load(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff")
    with pytest.raises(ScenarioError, match="not UTF-8"):
        load(tmp_path / "latin.yaml")


def test_a_file_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(WHOLE)
    assert load(path) == parse(WHOLE)


def test_a_step_from_python_is_checked_by_the_same_rules() -> None:
    assert step("refuse", for_="5s", after=2) == Step("refuse", {"for": 5.0, "sessions": "drop"}, 2.0)
    with pytest.raises(ScenarioError) as caught:
        step("refuse", how_long=5)
    assert caught.value.faults == ("how_long: unknown; known are after, every, for, sessions, times",)


def test_the_packages_docstring_names_every_word() -> None:
    assert simulator.__doc__ is not None
    assert all(f"`{word}`" in simulator.__doc__ for word in WORDS)


def test_every_lasting_fault_is_a_word_with_an_end() -> None:
    assert {str(fault) for fault in Fault} <= WORDS.keys()
    assert all("for" in WORDS[str(fault)] for fault in Fault)


def test_the_schema_for_editors_has_every_key_and_every_word() -> None:
    whole = schema()
    keys = whole["properties"]
    assert isinstance(keys, dict)
    assert keys.keys() == HEAD.keys() | {"steps", "positions", "instruments"}
    steps = keys["steps"]["items"]["oneOf"]
    assert [step["properties"]["do"]["const"] for step in steps] == list(WORDS)
    by_word = {step["properties"]["do"]["const"]: step for step in steps}
    assert by_word["notice"]["required"] == ["do", "code"]
    assert by_word["upstream_lost"]["properties"]["data"] == {"enum": ["maintained", "lost"]}
    assert all(value for step in steps for value in step["properties"].values())
