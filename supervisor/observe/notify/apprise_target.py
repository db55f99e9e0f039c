"""The way to a target by `apprise`: the one place that knows the library. It is imported only where targets are.

- Redirects are not followed: a message would become an empty question, and its secret would go to somebody else.
- The library's log may hold secrets, so it goes nowhere; `reasons` reads what it says. So does that of the libraries
  below it.
"""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches

import apprise
from apprise.plugins import N_MGR

from supervisor.core.model.pages import Severity
from supervisor.observe.notify.bounded import Bounded, Hangs
from supervisor.observe.notify.reasons import outcome_of
from supervisor.observe.notify.text import Text
from supervisor.observe.notify.transport import SENT, Outcome

DEADLINE = 30.0
"""Seconds that sending one message may take."""
_TYPES = {
    Severity.CRITICAL: apprise.NotifyType.FAILURE,
    Severity.WARNING: apprise.NotifyType.WARNING,
    Severity.INFO: apprise.NotifyType.INFO,
}
_EXCEPTION = re.compile(r"[\w/ ]{1,40}\bException\b")
"""How the library's lines begin that say why, though they are for debugging."""
_WEB = {"http": "json", "https": "jsons"}
"""What an address of the web is to the library."""
_BELOW = ("urllib3", "requests", "requests_oauthlib", "oauthlib", "charset_normalizer", "MARKDOWN")


class UnknownTarget(ValueError):
    """No service has such a URL. The text shows no secret."""


class AppriseTarget:
    """One target. Raises UnknownTarget."""

    def __init__(self, name: str, url: str, deadline: float = DEADLINE) -> None:
        _LOG.attach()
        self._plugin = _plugin(url)
        if "rto" not in self._plugin.url_parameters():  # the URL names none: the library's 4 s would be the deadline
            self._plugin.socket_read_timeout = deadline + 5.0  # the deadline is kept by `Bounded`
        self._deadline = deadline
        self._bounded: Bounded[Outcome] = Bounded(f"notify {name} sends")

    def send(self, text: Text, severity: Severity) -> Outcome:
        """Send it, within the deadline."""
        try:
            return self._bounded.run(lambda: self._send(text, severity), self._deadline)
        except Hangs as hangs:
            return Outcome(False, True, str(hangs))

    def _send(self, text: Text, severity: Severity) -> Outcome:
        with _LOG.heard() as said:
            try:
                sent = self._plugin.notify(
                    body=text.body,
                    title=text.title,
                    notify_type=_TYPES[severity],
                    body_format=apprise.NotifyFormat.TEXT,
                )
            except Exception as error:  # a plugin of somebody else's
                return Outcome(False, True, f"the library failed with {type(error).__name__}")
        return SENT if sent else outcome_of(said)


def secret_in(url: str) -> bool:
    """Whether the URL holds something that the library hides when it shows the URL."""
    plugin = _plugin(url)
    return bool(plugin.url(privacy=True) != plugin.url(privacy=False))


def _plugin(url: str) -> "apprise.NotifyBase":
    scheme = url.partition("://")[0].lower()
    if scheme not in N_MGR.schemas():
        near = get_close_matches(scheme, N_MGR.schemas(), 1, 0.75)
        hint = f'did you mean "{near[0]}://"?' if near else "see docs/notify.md"
        if scheme in _WEB:
            hint = f"write {_WEB[scheme]}:// for a webhook of your own; docs/notify.md has the schemes of services"
        raise UnknownTarget(f'no service has the scheme "{scheme}://"; {hint}')
    asset = apprise.AppriseAsset(app_id="ib-supervisor", app_desc="ib-supervisor", http_redirects=False)
    with _LOG.heard():
        plugin = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if plugin is None:
        raise UnknownTarget(f'it is not what "{scheme}://" needs; see docs/notify.md, or the wiki of apprise')
    return plugin


class _Log(logging.Handler):
    """Keeps what the library says on a thread, for that thread alone. Nothing of it goes to our log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._local = threading.local()

    def attach(self) -> None:
        """From now on the library talks to this alone."""
        logger = logging.getLogger("apprise")
        if self not in logger.handlers:
            logger.handlers = [self]
        logger.propagate = False
        logger.setLevel(logging.DEBUG)
        for name in _BELOW:
            below = logging.getLogger(name)
            below.propagate = False
            below.handlers = [logging.NullHandler()]
            below.setLevel(logging.CRITICAL)

    @contextmanager
    def heard(self) -> Iterator[list[str]]:
        """What is said on this thread meanwhile."""
        self.attach()
        said: list[str] = []
        self._local.said = said
        try:
            yield said
        finally:
            self._local.said = None

    def emit(self, record: logging.LogRecord) -> None:
        said = getattr(self._local, "said", None)
        if said is None:
            return
        line = record.getMessage()
        if record.levelno >= logging.WARNING or _EXCEPTION.match(line):  # else it may be our own message: its payload
            said.append(line)


_LOG = _Log()
