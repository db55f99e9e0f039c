"""`${NAME}` in the values of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.loading import LIVE, config_of, faults_in, gateway

FROM_ENV = """
gateways:
  - name: ${NAME:-live}
    host: ${HOST}
    port: ${PORT:-4001}
    client_id: "${ID}"
    client_id_fallback: ${FALLBACK:-}
    upstream_probe: ${PROBE:-yes}
    daily_restart: {time: "${AT:-23:45}", timezone: "${AREA:-America}/${CITY:-New_York}"}
"""


def test_values_come_from_the_environment_and_are_read_as_the_key_needs_them() -> None:
    env = {"HOST": "10.0.0.7", "ID": "12", "PROBE": "off", "CITY": "Chicago", "FALLBACK": "13"}
    (policy,) = config_of(FROM_ENV, env).gateways
    assert (policy.name, policy.host, policy.port, policy.client_id) == ("live", "10.0.0.7", 4001, 12)
    assert policy.client_id_fallback == 13
    assert policy.upstream_probe is False
    assert policy.timezone == "America/Chicago"


def test_the_default_counts_for_a_variable_that_is_unset_or_empty() -> None:
    for env in ({}, {"PORT": "", "FALLBACK": ""}):
        (policy,) = config_of(FROM_ENV, {"HOST": "h", "ID": "1", **env}).gateways
        assert policy.port == 4001
        assert policy.client_id_fallback is None


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("${A}", "a"),
        ("/${A}/${B:-b, c}", "/a/b, c"),
        ("${B:-[d]: e #f}", "[d]: e #f"),
        ("$${A}", "${A}"),
        ("${B:-}x", "x"),
    ],
)
def test_a_variable_needs_no_quotes_in_a_mapping_on_one_line(written: str, path: str) -> None:
    for text in (f"log: {{wire: {written}}}", f"log: {{wire: {written}, level: info}}", f"log:\n  wire: {written}"):
        config = config_of(f"gateways: [{LIVE}]\njournal: {{path: '{{x}}'}}\n{text}", {"A": "a"})
        assert config.log.wire is not None
        assert config.log.wire.parts[-len(Path(path).parts) :] == Path(path).parts
        assert config.journal.path is not None
        assert config.journal.path.name == "{x}"


def test_a_variable_without_quotes_may_stand_for_a_number() -> None:
    (policy,) = config_of("gateways: [{name: live, port: ${PORT:-4002}, client_id: ${ID}}]", {"ID": "12"}).gateways
    assert (policy.port, policy.client_id) == (4002, 12)
    assert faults_in("gateways: [{name: live, port: ${PORT}, client_id: 911}]") == [
        "1: gateways[0].port: ${PORT} is not set in the environment; set PORT, or write ${PORT:-default}"
    ]


def test_a_value_cannot_bring_yaml_of_its_own() -> None:
    evil = "live, port: 1}, {name: other"
    (fault,) = faults_in("gateways: [{name: '${EVIL}', port: 4001, client_id: 911}]", {"EVIL": evil})
    assert fault.startswith('1: gateways[0].name: the value of "${EVIL}" is not a name')


def test_what_came_out_of_a_variable_is_not_looked_at_again() -> None:
    config = config_of(f"gateways: [{LIVE}]\nlog: {{wire: '/a/${{A}}'}}", {"A": "${B}", "B": "b"})
    assert str(config.log.wire) == "/a/${B}"


def test_two_dollar_signs_before_a_brace_give_one_and_a_dollar_alone_is_a_dollar() -> None:
    config = config_of(f"gateways: [{LIVE}]\nlog: {{wire: '/$A$${{A}}$'}}")
    assert str(config.log.wire) == "/$A${A}$"


def test_keys_are_not_replaced() -> None:
    assert "unknown key" in faults_in(f"gateways: [{LIVE}]\n'${{A}}': 1", {"A": "log"})[0]


def test_all_unset_variables_are_told_at_once_and_nothing_more_of_their_values() -> None:
    assert faults_in(FROM_ENV) == [
        "4: gateways[0].host: ${HOST} is not set in the environment; set HOST, or write ${HOST:-default}",
        "6: gateways[0].client_id: ${ID} is not set in the environment; set ID, or write ${ID:-default}",
    ]


@pytest.mark.parametrize("wrong", ["seventy", "", "70000", "4001.5", "0x10", "yes"])
def test_of_a_wrong_value_the_variable_is_told_and_never_what_was_in_it(wrong: str) -> None:
    (fault,) = faults_in("gateways: [{name: live, port: '${PORT}', client_id: 911}]", {"PORT": wrong})
    said = 'the value of "${PORT}" is not a TCP port' if wrong else 'the empty value of "${PORT}" is not a TCP port'
    assert fault == f"1: gateways[0].port: {said}; write a number from 1 to 65535"


def test_a_text_in_quotes_is_no_number_without_a_variable() -> None:
    assert faults_in(gateway("upstream_probe: 'true'"))
    assert faults_in("gateways: [{name: live, port: '4001', client_id: 911}]")
