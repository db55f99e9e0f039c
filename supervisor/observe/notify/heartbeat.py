"""The sign of life: an address that is fetched while the loop does useful work.

- The loop says after its work that it lives, and whether something urgent is told of. A thread of its own fetches.
- A loop that stands still says nothing, so nothing is fetched, and the service tells people after a while. A service
  with an address for failures gets that once, at once.
- While something critical lasts that was told, a service with an address for failures gets it instead. Others go on
  getting the plain one: they watch the supervisor and not the gateways.
"""

import logging
import re
import threading
import time
import urllib.parse
from collections.abc import Callable

from supervisor.frozen import dataclass
from supervisor.observe.notify.bounded import Bounded, Hangs

LOG = logging.getLogger(__name__)

DEADLINE = 10.0
"""Seconds that one fetch may take; less if it is to be done more often."""
STILL = 10.0
"""Seconds without a word of the loop after which it stands still."""
NAME = "heartbeat_url"
"""As a target of the metrics."""
_HEALTHCHECKS = re.compile(r"^https?://hc-ping\.com/|/ping/[^/]+(/[^/]+)?/?$")
_KUMA = re.compile(r"/api/push/[^/]+$")


@dataclass(frozen=True, slots=True)
class Life:
    """What the loop last said."""

    at: float
    """Monotonic seconds."""
    well: bool


def failure_of(url: str) -> str | None:
    """The address that tells the service of a failure; None if it has none that is known."""
    parts = urllib.parse.urlsplit(url)
    plain = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if _HEALTHCHECKS.search(plain):
        return urllib.parse.urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/fail"))
    if _KUMA.search(plain):
        query = [(name, value) for name, value in urllib.parse.parse_qsl(parts.query) if name not in ("status", "msg")]
        return urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode([*query, ("status", "down")])))
    return None


class Heartbeat:
    """Fetches `url` every so many seconds, on a thread of its own."""

    def __init__(self, url: str, every: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.url, self.every = url, every
        self._failure = failure_of(url)
        self._monotonic = monotonic
        self._bounded: Bounded[int] = Bounded("heartbeat fetches")
        self._wake = threading.Condition()
        # Guarded by the condition's lock:
        self._life: Life | None = None
        self._ending = False
        self.sent = self.failed = 0
        # The thread's own:
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to fetch, with the first word of the loop."""
        self._thread.start()

    def beat(self, well: bool) -> None:
        """The loop has done useful work; never blocks. Not `well`: something critical was told, and lasts."""
        with self._wake:
            first = self._life is None
            self._life = Life(self._monotonic(), well)
            if first:
                self._wake.notify_all()

    def end(self) -> None:
        """Fetch nothing more."""
        with self._wake:
            self._ending = True
            self._wake.notify_all()

    def _run(self) -> None:
        due, told_still = 0.0, False
        while (life := self._next(due)) is not None:
            now = self._monotonic()
            still = now - life.at > STILL
            if still and (told_still or self._failure is None):
                due, told_still = now + 1.0, True
                continue
            told_still = still
            due = now + self.every
            self._fetch(self.url if life.well and not still else self._failure or self.url)

    def _next(self, due: float) -> Life | None:
        """What the loop last said, once it is due; None at the end."""
        with self._wake:
            while not self._ending:
                pause = None if self._life is None else due - self._monotonic()
                if self._life is not None and pause is not None and pause <= 0:
                    return self._life
                self._wake.wait(pause)
            return None

    def _fetch(self, url: str) -> None:
        why = fetched(url, min(DEADLINE, self.every), self._bounded)
        if why:
            self.failed += 1
        else:
            self.sent += 1
        if why and not self._failing:
            LOG.warning("the heartbeat_url cannot be fetched: %s; it is tried again every %g s", why, self.every)
        elif not why and self._failing:
            LOG.info("the heartbeat_url is fetched again")
        self._failing = bool(why)


def fetched(url: str, seconds: float = DEADLINE, bounded: Bounded[int] | None = None) -> str:
    """Fetch it once; why that failed, without the address, or empty."""
    try:
        status = (bounded or Bounded("heartbeat fetches")).run(lambda: _get(url, seconds), seconds)
    except Hangs as hangs:
        return str(hangs)
    except OSError as error:
        return _plainly(error)
    except Exception as error:  # an address that http.client does not take
        return type(error).__name__
    return "" if status < 400 else f"status {status}"


def _get(url: str, seconds: float) -> int:
    import urllib.error  # here, for few have such an address and each start would pay for it
    import urllib.request

    request = urllib.request.Request(url, headers={"User-Agent": "ib-supervisor"})
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return int(error.code)


def _plainly(error: OSError) -> str:
    """Why, without the address, which is a secret."""
    reason = getattr(error, "reason", error)
    words = getattr(reason, "strerror", None) or getattr(reason, "verify_message", None)
    if "CERTIFICATE_VERIFY_FAILED" in str(reason):
        return "its TLS certificate is not valid"
    return str(words) if words else type(reason).__name__
