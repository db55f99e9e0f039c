"""The users of HTTP change by a reload; no half-written file locks anybody out, or lets everybody in."""

import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.web_files import HASH, PASSWORD
from tests.daemon.running import Running, free_port, gateways, quick
from tests.endurance.strangers import basic

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Secured(Running):
    """A daemon with users in a file beside its config."""

    def write(self, config: str) -> None:
        self.file.write_text(f'http: {{listen: "127.0.0.1:{self.port}", web_config: web.yaml}}\n{config}')

    def users(self, text: str) -> None:
        web = self.file.parent / "web.yaml"
        web.write_text(text)
        os.utime(web, (0, 0))

    def asks(
        self, name: str, path: str = "/-/healthy", method: str = "GET", password: str = PASSWORD
    ) -> tuple[int, str]:
        header = {"Authorization": basic(name, password)} if name else {}
        request = urllib.request.Request(self.url + path, headers=header, method=method)
        try:
            with _DIRECT.open(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Secured]:
    (tmp_path / "web.yaml").write_text(f"basic_auth_users: {{ann: {HASH}}}\n")
    found = Secured(tmp_path, gateways(quick(free_port())))
    try:
        found.until(lambda: found.asks("ann")[0] == 200)
        yield found
    finally:
        found.end()


def test_a_reload_takes_up_new_users_without_a_restart(daemon: Secured) -> None:
    daemon.users(f"basic_auth_users: {{ann: {HASH}, bob: {HASH}}}\n")
    status, text = daemon.asks("ann", "/-/reload", "POST")
    assert (status, text) == (200, "reloaded\n"), "no restart is asked for"
    daemon.until(lambda: daemon.asks("bob")[0] == 200)
    daemon.users(f"basic_auth_users: {{bob: {HASH}}}\n")
    assert daemon.asks("bob", "/-/reload", "POST")[0] == 200
    daemon.until(lambda: daemon.asks("ann")[0] == 401)


@pytest.mark.parametrize("half", ["", "basic_auth_users: {ann: $2y$04$KYUjRH3toDjhGQ", "basic_auth_us"])
def test_half_a_file_of_users_changes_nothing(daemon: Secured, half: str) -> None:
    daemon.users(half)
    assert daemon.asks("ann", "/-/reload", "POST")[0] == 400
    assert daemon.asks("ann")[0] == 200
    assert daemon.asks("")[0] == 401


def test_to_have_no_users_any_more_needs_a_restart(daemon: Secured) -> None:
    daemon.users("{}")
    status, text = daemon.asks("ann", "/-/reload", "POST")
    assert (status, "needs a restart" in text) == (200, True)
    assert daemon.asks("")[0] == 401, "until then nobody is let in by mistake"
    assert daemon.asks("ann")[0] == 200
