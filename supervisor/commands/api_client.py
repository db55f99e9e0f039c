"""How commands talk to the daemon: plain HTTP to its API, found by `--url`, the environment, the config, or a default.

- Directly, whatever proxy the environment names: the daemon is next door.
- Whatever answers there instead, or answers badly, is a daemon that does not answer.
"""

import base64
import contextlib
import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from supervisor.commands.printer import say_text

DEFAULT = "http://127.0.0.1:14000"
ENVIRONMENT = "IB_SUPERVISOR_URL"
TIMEOUT = 5.0
"""Seconds for one question."""
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Unreachable(Exception):
    """No daemon answers there."""


class Refused(Exception):
    """The daemon answered, and not with yes."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Client:
    """One daemon."""

    url: str
    credentials: str | None = None
    """`user:password`."""

    def get(self, path: str, timeout: float = TIMEOUT) -> Any:
        """The JSON at `path`, which tells of gateways. Raises Unreachable, Refused."""
        text = self._ask("GET", path, timeout)
        with contextlib.suppress(ValueError):
            answer = json.loads(text)
            if isinstance(answer, dict) and isinstance(answer.get("gateways"), list):
                return answer
        raise Unreachable(f"what answers at {self.url} is not ib-supervisor")

    def post(self, path: str, fields: dict[str, str] | None = None, timeout: float = TIMEOUT) -> str:
        """Ask for something to be done. Raises Unreachable, Refused."""
        query = f"?{urllib.parse.urlencode(fields)}" if fields else ""
        return self._ask("POST", path + query, timeout)

    def _ask(self, method: str, path: str, timeout: float) -> str:
        request = urllib.request.Request(self.url + path, method=method, data=b"" if method == "POST" else None)
        if self.credentials is not None:
            token = base64.b64encode(self.credentials.encode()).decode()
            request.add_header("Authorization", f"Basic {token}")
        try:
            try:
                with _DIRECT.open(request, timeout=timeout) as answer:
                    text: str = answer.read().decode()
                    return text
            except urllib.error.HTTPError as error:
                words = error.read().decode(errors="replace").strip()
                raise Refused(error.code, words or f"{self.url} answers {error.code} {error.reason}") from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise Unreachable(f"no daemon answers at {self.url}: {reason}") from None


UrlOption = typer.Option("--url", help=f"Where the daemon is; else ${ENVIRONMENT}, else the config's, else {DEFAULT}.")
ConfigOption = typer.Option("--config", metavar="FILE", help="The daemon's config, to find it by `http.listen`.")
AuthOption = typer.Option("--auth-file", metavar="FILE", help="A file with one line: user:password.")


def client(url: str | None, config: Path | None, auth_file: Path | None) -> Client:
    """The daemon that the options mean. Ends the command with 2 or 78 if they cannot be read."""
    if url:
        found = _place(url, "--url")
    elif environment := os.environ.get(ENVIRONMENT):
        found = _place(environment, f"${ENVIRONMENT}")
    else:
        found = _from_config(config) if config is not None else DEFAULT
    return Client(found, _credentials(auth_file) if auth_file is not None else None)


def _place(said: str, hint: str) -> str:
    """The URL that is meant, HTTP without a scheme. Judged here, because a socket takes 80000 for port 14464."""
    url = said if said.startswith(("http://", "https://")) else f"http://{said}"
    try:
        parts = urllib.parse.urlsplit(url)
        fits = bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        fits = False
    if not fits or not url.isprintable() or " " in url or url.count("://") > 1:
        raise typer.BadParameter(f"{said!r} is no URL, like {DEFAULT}", param_hint=hint)
    return url.rstrip("/")


def _from_config(path: Path) -> str:
    from supervisor.config.load import ConfigError, load

    try:
        http = load(path, os.environ).http
    except ConfigError as error:
        say_text(error, err=True)
        raise typer.Exit(78) from None
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(http.listen.host, http.listen.host)
    place = f"[{host}]" if ":" in host else host
    return f"{'https' if http.security.tls is not None else 'http'}://{place}:{http.listen.port}"


def _credentials(path: Path) -> str:
    try:
        line = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise typer.BadParameter(f"{path}: {reason}", param_hint="--auth-file") from None
    if ":" not in line or not line.isprintable():
        raise typer.BadParameter(f"{path}: write one line, user:password", param_hint="--auth-file")
    return line
