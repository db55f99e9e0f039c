"""What a reload means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from supervisor.config.settings import Changes, Config, changes
from tests.config.loading import config_of

THREE = """
gateways:
  - {name: a, port: 1, client_id: 911}
  - {name: b, port: 2, client_id: 911}
  - {name: c, port: 3, client_id: 911}
"""


@pytest.fixture
def config() -> Config:
    loaded = config_of(THREE)
    return replace(loaded, journal=replace(loaded.journal, path=None))  # each text is loaded in a folder of its own


def reload(old: Config, text: str) -> Changes:
    new = config_of(text)
    return changes(old, replace(new, journal=replace(new.journal, path=None)))


def test_the_same_file_changes_nothing(config: Config) -> None:
    assert not reload(config, THREE)
    assert reload(config, THREE) == Changes((), (), (), ())


A, B, C, D = (
    f"{{name: {name}, port: {port}, client_id: 911}}" for name, port in (("a", 1), ("b", 9), ("c", 3), ("d", 4))
)


def test_comments_and_order_change_nothing(config: Config) -> None:
    b = B.replace("9,", "2,")
    assert not reload(config, f"# new\ngateways: [{C}, {b}, {A}]")


def test_gateways_that_are_new_gone_and_changed_are_told_apart(config: Config) -> None:
    found = reload(config, f"gateways: [{B}, {C}, {D}]")
    assert [policy.name for policy in found.added] == ["d"]
    assert [policy.name for policy in found.removed] == ["a"]
    assert [(policy.name, policy.port) for policy in found.changed] == [("b", 9)]
    assert found.needs_restart == ()


@pytest.mark.parametrize("keys", ["port: 9", "host: h", "client_id: 7", "account_mode: live"])
def test_what_a_session_was_opened_with_ends_it(config: Config, keys: str) -> None:
    (policy,) = reload(config, with_keys(keys)).changed
    assert not policy.same_session(config.gateways[0])


@pytest.mark.parametrize(
    "keys", ["upstream_probe: false", "timing: {settle: 1s}", "server_reset: none", "reauth: automatic"]
)
def test_everything_else_is_applied_to_the_running_session(config: Config, keys: str) -> None:
    (policy,) = reload(config, with_keys(keys)).changed
    assert policy.same_session(config.gateways[0])


def with_keys(keys: str) -> str:
    """The file with these keys of the first gateway set."""
    own = {"port": "1", "client_id": "911"}
    own.pop(keys.partition(":")[0], None)
    rest = ", ".join(f"{key}: {value}" for key, value in own.items())
    return THREE.replace("{name: a, port: 1, client_id: 911}", f"{{name: a, {rest}, {keys}}}")


def test_http_and_journal_need_a_restart(config: Config) -> None:
    found = reload(config, THREE + "http: {listen: '127.0.0.1:1'}\njournal: {retention: 1d}\nlog: {level: debug}\n")
    assert found == Changes((), (), (), ("http", "journal"))
    assert found
