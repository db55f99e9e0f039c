"""How commands talk to the daemon: plain HTTP to its API, found by `--url`, the environment, the config, or a default.

- Proxies of the environment are ignored, because the daemon is close by.
- If something else answers there, or the answer is not of the shape that is needed (`answers`), that is no answer.
- A whole answer has the time that is given: one that comes byte by byte holds nobody up.
- A redirect is not followed: the password is meant for this address only, and a POST would become a GET.
"""

import base64
import http.client
import json
import os
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from supervisor.commands.shared.answers import Briefs, Gate, Shape, Status, wrong
from supervisor.commands.shared.deadline import InTime
from supervisor.commands.shared.printer import say, say_text
from supervisor.frozen import dataclass
from supervisor.platform import is_own

if TYPE_CHECKING:
    from supervisor.config.settings import Http

DEFAULT = "http://127.0.0.1:14000"
ENVIRONMENT = "IB_SUPERVISOR_URL"
TIMEOUT = 5.0
"""Seconds for one request, from the look-up of the name to the last byte."""
LONGEST = 64 * 1024 * 1024
"""The longest answer that is read, in bytes."""
START = "Start it (ib-supervisor run --config FILE), see why it stopped (systemctl status ib-supervisor), or give --url"
"""What to do about a daemon that does not answer."""
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


class TooSlow(Unreachable):
    """Nothing has answered in the time it was given."""


class Refused(Exception):
    """The daemon refused. Asking again does not help if `final`."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status

    @property
    def final(self) -> bool:
        """Whether the question was wrong, its address or its password, and not the moment."""
        return self.status in (400, 401, 403, 404, 405)


class SentElsewhere(Unreachable):
    """What answers there sends us on to another address."""


def over(error: Unreachable | Refused) -> typer.Exit:
    """Say why nothing came of it. The exit to raise: 2 if what was asked is wrong, else 1."""
    say(error, err=True)
    return typer.Exit(2 if isinstance(error, Refused) and error.final else 1)


@dataclass(frozen=True, slots=True)
class Client:
    """One daemon."""

    url: str
    credentials: str | None = None
    """`user:password`."""
    _desk: InTime[tuple[int, str]] = field(default_factory=InTime, compare=False, repr=False)

    def get(self, path: str, shape: type[Shape], timeout: float = TIMEOUT) -> Any:
        """The JSON at `path`, if it is of this shape. Raises Unreachable, Refused."""
        status, text = self._ask("GET", path, timeout)
        return self._read(text if status == 200 else "", shape)

    def status(self, timeout: float = TIMEOUT) -> Any:
        """What the daemon knows of all gateways. Raises Unreachable, Refused."""
        return self.get("/api/v1/status", Status, timeout)

    def briefs(self, timeout: float) -> Any:
        """The same answer, for who reads name, status, client id and labels alone. Raises Unreachable, Refused."""
        return self.get("/api/v1/status", Briefs, timeout)

    def healthy(self, timeout: float = TIMEOUT) -> None:
        """Returns if the daemon's loop turns. Raises Unreachable, Refused."""
        self._ask("GET", "/-/healthy", timeout)

    def gate(self, path: str, timeout: float) -> Any:
        """The answer about one gate, open or not. Raises Unreachable, Refused."""
        status, text = self._ask("GET", path, timeout, answers=(503,))
        try:
            return self._read(text, Gate)
        except Unreachable:
            if status == 503:
                raise Refused(status, text[:LONGEST_REFUSAL].strip()) from None
            raise

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

    def _refusal(self, error: urllib.error.HTTPError, path: str) -> Refused | Unreachable:
        if 300 <= error.code < 400:
            return SentElsewhere(
                f"{self.url} sends us on to {error.headers.get('Location')} ({error.code}), which is not followed: "
                "give the daemon's own address"
            )
        words = error.read(LONGEST_REFUSAL).decode(errors="replace").strip()
        if error.code == 401:
            return Refused(401, self._not_let_in())
        if error.code == 404 and not words.startswith("there is no gateway"):
            return Refused(404, self._nothing_there(path))
        return Refused(error.code, words or f"{self.url} answers {error.code} {error.reason}")

    def _not_let_in(self) -> str:
        if self.credentials is None:
            return f"{self.url} asks for a name and a password: give a file with user:password by --auth-file"
        name = self.credentials.partition(":")[0]
        return f"{self.url} does not accept the name {name} with this password: correct the file of --auth-file"

    def _nothing_there(self, path: str) -> str:
        found = urllib.parse.urlsplit(self.url)
        place = f"{found.scheme}://{found.netloc}"
        cure = (
            f"leave {found.path} out: --url {place}"
            if found.path
            else "is it an older ib-supervisor, or another program?"
        )
        return f"there is nothing at {self.url}{path.partition('?')[0]} (404): {cure}"

    def _read(self, text: str, shape: type[Shape]) -> Any:
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            raise self._somebody_else() from None
        if where := wrong(answer, shape):
            raise self._somebody_else(f", or another release of it: {where} of its answer cannot be read")
        return answer

    def _somebody_else(self, more: str = "") -> Unreachable:
        return Unreachable(f"what answers at {self.url} is not ib-supervisor{more}")

    def _ask(self, method: str, path: str, timeout: float, answers: tuple[int, ...] = ()) -> tuple[int, str]:
        """The answer. `answers` are statuses, beside those of success, that are no refusal."""
        request = urllib.request.Request(self.url + path, method=method, data=b"" if method == "POST" else None)
        if self.credentials is not None:
            token = base64.b64encode(self.credentials.encode()).decode()
            request.add_header("Authorization", f"Basic {token}")

        def asked() -> tuple[int, str]:
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
                    raise self._refusal(error, path) from None

        try:
            return self._desk.ask(asked, timeout)
        except (OSError, ValueError, http.client.HTTPException) as error:
            if is_own(error):
                raise Unreachable(f"cannot ask the daemon at {self.url} from here: {_reason(error)}") from None
            silent = isinstance(getattr(error, "reason", error), TimeoutError)
            kind = TooSlow if silent else Unreachable
            raise kind(f"no daemon answers at {self.url}: {_reason(error)}. {START}") from None


def _reason(error: Exception) -> str:
    """Why, without the number of the operating system's error."""
    reason = getattr(error, "reason", error)
    match reason:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({reason.verify_message})"
        case ssl.SSLError():
            return "it does not speak TLS: write http:// if the daemon has no `http.web_config`"
        case socket.gaierror():
            return "this name is not known"
        case TimeoutError():
            return "no answer in time"
        case http.client.RemoteDisconnected() | http.client.BadStatusLine():
            return "what listens there does not speak HTTP, or wants https://"
        case OSError(strerror=str(words)):
            return words[:1].lower() + words[1:]
        case _:
            return str(reason)


UrlOption = typer.Option(
    "--url", metavar="URL", help=f"The daemon's address. Without it ${ENVIRONMENT}, then --config, then {DEFAULT}."
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
    return address_of(http)


def address_of(http: "Http") -> str:
    """Where a daemon with this part of the config answers on its own machine."""
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
    if shared and not path.is_relative_to(os.environ.get("CREDENTIALS_DIRECTORY", path / "none")):  # systemd guards it
        say(f"warning: other users of this machine may read {path}: chmod 600 it", err=True)
    return line
