"""How commands talk to the daemon: plain HTTP to its API, found by `--url`, the environment, the config, or a default.

- Proxies of the environment are ignored, because the daemon is close by.
- If something else answers there, or the answer makes no sense, that counts as no answer.
- A redirect is not followed: the password is meant for this address only, and a POST would become a GET.
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

from supervisor.commands.shared.printer import say, say_text

DEFAULT = "http://127.0.0.1:14000"
ENVIRONMENT = "IB_SUPERVISOR_URL"
TIMEOUT = 5.0
"""Seconds for one request."""
LONGEST = 64 * 1024 * 1024
"""The longest answer that is read, in bytes."""
LONGEST_REFUSAL = 2000
"""The longest text of a refusal that is read, in bytes."""


class _NotFollowed(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it is an answer like any other."""

    def redirect_request(self, *_: Any) -> None:
        """Nowhere."""
        return


_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NotFollowed())


class Unreachable(Exception):
    """No daemon answers there."""


class Refused(Exception):
    """The daemon refused."""

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
        """The JSON at `path`, which has a list of gateways. Raises Unreachable, Refused."""
        status, text = self._ask("GET", path, timeout)
        with contextlib.suppress(ValueError, RecursionError):
            answer = json.loads(text)
            if status == 200 and isinstance(answer, dict) and isinstance(answer.get("gateways"), list):
                return answer
        raise self._somebody_else()

    def gate(self, path: str, timeout: float) -> Any:
        """The answer about one gate, open or not. Raises Unreachable, Refused."""
        status, text = self._ask("GET", path, timeout, answers=(503,))
        with contextlib.suppress(ValueError, RecursionError):
            answer = json.loads(text)
            if isinstance(answer, dict) and isinstance(answer.get("open"), bool) and "valid_for" in answer:
                return answer
        if status == 503:
            raise Refused(status, text[:LONGEST_REFUSAL].strip())
        raise self._somebody_else()

    def post(self, path: str, fields: dict[str, str] | None = None, timeout: float = TIMEOUT) -> str:
        """Ask the daemon to do something. Returns only if it is done. Raises Unreachable, Refused.

        Returns a note if it is done and the journal could not store it; else an empty text.
        """
        query = f"?{urllib.parse.urlencode(fields)}" if fields else ""
        status, text = self._ask("POST", path + query, timeout)
        if status == 204:  # the daemon's one word for done
            return ""
        if status == 200 and text.startswith("done, but not stored"):
            return text
        raise self._somebody_else()

    def _refusal(self, error: urllib.error.HTTPError) -> Refused | Unreachable:
        if 300 <= error.code < 400:
            return Unreachable(
                f"{self.url} sends us on to {error.headers.get('Location')} ({error.code}), which is not followed: "
                "give the daemon's own address"
            )
        words = error.read(LONGEST_REFUSAL).decode(errors="replace").strip()
        return Refused(error.code, words or f"{self.url} answers {error.code} {error.reason}")

    def _somebody_else(self) -> Unreachable:
        return Unreachable(f"what answers at {self.url} is not ib-supervisor")

    def _ask(self, method: str, path: str, timeout: float, answers: tuple[int, ...] = ()) -> tuple[int, str]:
        """The answer. `answers` are statuses, beside those of success, that are no refusal."""
        request = urllib.request.Request(self.url + path, method=method, data=b"" if method == "POST" else None)
        if self.credentials is not None:
            token = base64.b64encode(self.credentials.encode()).decode()
            request.add_header("Authorization", f"Basic {token}")
        try:
            try:
                with _DIRECT.open(request, timeout=timeout) as answer:
                    data: bytes = answer.read(LONGEST + 1)
                    if len(data) > LONGEST:
                        raise self._somebody_else()
                    return int(answer.status), data.decode()
            except urllib.error.HTTPError as error:
                with error:
                    if error.code in answers:
                        return error.code, error.read(LONGEST).decode()
                    raise self._refusal(error) from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise Unreachable(f"no daemon answers at {self.url}: {reason}") from None


UrlOption = typer.Option(
    "--url", help=f"The daemon's address. Without it ${ENVIRONMENT}, then --config, then {DEFAULT}."
)
ConfigOption = typer.Option(
    "--config", metavar="FILE", help="The daemon's config, to find the daemon by `http.listen`."
)
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
    """The URL that is meant, HTTP without a scheme. Checked here, because a socket takes 80000 for port 14464."""
    url = said if said.startswith(("http://", "https://")) else f"http://{said}"
    try:
        parts = urllib.parse.urlsplit(url)
        fits = bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        fits = False
    if not fits or not url.isprintable() or " " in url or url.count("://") > 1:
        raise typer.BadParameter(f"{said!r} is not a URL like {DEFAULT}", param_hint=hint)
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
        shared = path.stat().st_mode & 0o077
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise typer.BadParameter(f"{path}: {reason}", param_hint="--auth-file") from None
    if ":" not in line or not line.isprintable():
        raise typer.BadParameter(f"{path}: write one line, user:password", param_hint="--auth-file")
    if shared:
        say(f"warning: other users of this machine may read {path}: chmod 600 it", err=True)
    return line
