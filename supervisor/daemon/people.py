"""People: what the core says of gateways, and what the daemon says of itself, on its way to the targets.

- Words are made here, on the loop, in microseconds; everything that may take long is a courier's matter.
- A target whose URL no service understands is a fault of the config like any other. The library that knows is imported
  only where there are targets.
"""

import socket
from collections.abc import Callable

from supervisor.config.reading.faults import ConfigError, Fault, how_to_install
from supervisor.config.settings import Config, Http
from supervisor.core.calendar.clock import Now
from supervisor.core.explain.messages import telling
from supervisor.core.model.actions import Announce
from supervisor.core.model.pages import ROWS
from supervisor.core.parts.telling import notify
from supervisor.core.parts.telling.notify import Matter
from supervisor.core.parts.telling.outbox import USUAL, Pace
from supervisor.frozen import replace
from supervisor.observe.journal.journal import Journal
from supervisor.observe.masking import Words
from supervisor.observe.notify.notifier import Address, Notifier
from supervisor.observe.notify.transport import Transport

LIBRARY = "the library apprise is not installed"
_DROPPED_FOR, _FAILING_FOR = 600.0, 900.0
"""Seconds for which a dropped event, and a failure of the journal, are something that lasts."""


def open_way(name: str, url: str) -> Transport:
    """The way to a target. Raises ValueError, without the secret."""
    from supervisor.observe.notify.apprise_target import AppriseTarget

    return AppriseTarget(name, url)


def refuse_unknown_targets(config: Config) -> None:
    """Raise ConfigError for targets whose URL no service understands."""
    faults = []
    for target in config.notify:
        try:
            open_way(target.rules.name, target.url)
        except ImportError as error:
            if (error.name or "").partition(".")[0] != "apprise":
                raise
            faults.append(Fault(str(config.path), target.line, "notify", LIBRARY, how_to_install("apprise")))
            break
        except ValueError as error:
            wrong, _, right = str(error).partition("; ")
            faults.append(Fault(str(config.path), target.line, target.place, wrong, right))
    if faults:
        raise ConfigError(tuple(faults))


def status_page(url: str, http: Http) -> str:
    """The address of the status page for people: under a name of the config, if there is one."""
    scheme, _, rest = url.partition("://")
    port = rest.rpartition(":")[2]
    anywhere = http.listen.host in ("0.0.0.0", "::")
    name = http.names[0] if http.names else socket.gethostname() if anywhere else None
    return f"{url}/" if name is None else f"{scheme}://{name}:{port}/"


class People:
    """Used on the loop's thread. `heard` is told of every message, whether or not there is a target for it."""

    def __init__(
        self,
        journal: Journal,
        clock: Callable[[], Now],
        config: Callable[[], Config],
        link: str,
        words: Words,
        heard: Callable[[str, Announce], None] = lambda gateway, said: None,
        pace: Pace = USUAL,
    ) -> None:
        self.notifier = Notifier(journal, clock, link, open_way, words)
        self._journal, self._clock, self._config, self._heard = journal, clock, config, heard
        self._pace = pace
        self._own = notify.SILENT
        self._arranged: Config | None = None
        self._dropped = self._errors = 0
        self._dropped_at = self._error_at = float("-inf")

    def begin(self) -> None:
        """The journal is open: what an earlier process left is sent, and that it crashed is told."""
        self.notifier.recall(self._journal.letters())
        self._arrange()
        if self._journal.crashed:
            now = self._clock()
            self.announce("", notify.once(_matter("IBSupervisorCrashed", now), now))

    def announce(self, gateway: str, said: Announce) -> None:
        """Tell it to whoever wants to hear it."""
        zone = next((policy.timezone for policy in self._config().gateways if policy.name == gateway), None)
        self._heard(gateway, said)
        self.notifier.announce(telling(gateway, said, zone))

    def each_second(self, now: Now, *, reload_ok: bool, dropped: int, errors: int, well: bool) -> None:
        """Look at the daemon itself, and say that the loop has done useful work. `well`: no gateway has an urgent
        conversation.
        """
        self._arrange()
        if dropped > self._dropped:
            self._dropped, self._dropped_at = dropped, now.mono
        if errors > self._errors:
            self._errors, self._error_at = errors, now.mono
        holds = {
            "IBSupervisorConfigReloadFailed": not reload_ok,
            "IBSupervisorEventsDropped": now.mono - self._dropped_at < _DROPPED_FOR,
            "IBJournalFailing": now.mono - self._error_at < _FAILING_FOR,
        }
        known = {talk.row: talk for talk in self._own.talks}
        matters = []
        for row, lasts in holds.items():
            if lasts and row in known:
                talk = known[row]
                matters.append(Matter(row, ROWS[row], talk.id, talk.began, ROWS[row].severity))
            elif lasts:
                matters.append(_matter(row, now))
        self._own, said = notify.heard(self._own, matters, "", {}, now, observed=True)
        for each in said:
            self.announce("", each)
        self.notifier.beat(well=well and not notify.urgent(self._own))

    def _arrange(self) -> None:
        config = self._config()
        if config is self._arranged:
            return
        self._arranged = config
        self.notifier.arrange(
            Address(replace(target.rules, pace=self._pace), target.format, target.url) for target in config.notify
        )
        self.notifier.set_heartbeat(config.heartbeat_url, config.heartbeat_every)


def _matter(row: str, now: Now) -> Matter:
    page = ROWS[row]
    return Matter(row, page, f"{page.name}-{now.wall:%Y%m%dT%H%M%S.%fZ}", now.wall, page.severity)
