"""Looks again and again, each gateway on a thread of its own, and passes on what was seen.

- A look that hangs keeps its thread: it cannot be ended from outside. The core forgets what it said last, and nothing
  waits for it. A gateway gets a new thread at a reload that changes its controller, and no more than `MOST` in all.
- Threads are daemons of the process: its end waits for none of them.
"""

import logging
import threading
from collections.abc import Callable

from supervisor.controllers.base import Controller, unknown
from supervisor.core.model.behind import controller as settings
from supervisor.core.model.behind.sight import Sight
from supervisor.core.model.events import Sighted

MOST = 4
"""Threads of one gateway: so often may its controller be changed while each one hangs."""
SPARE = 2.0
"""Seconds that an answer outlives its turn: a machine may be slow."""
log = logging.getLogger("supervisor.controllers")


class Watch:
    """One controller, looked through until it is told to end."""

    def __init__(self, name: str, controller: Controller, post: Callable[[Sighted], None]) -> None:
        self._controller = controller
        self._post = post
        self._over = threading.Event()
        self._failing = False
        self._mute = self._spoke = False
        self._name = name
        self._thread = threading.Thread(target=self._live, name=f"controller-{name}", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether its thread still runs: it may hang in a look."""
        return self._thread.is_alive()

    def end(self) -> None:
        """Look no more, and do not wait for a look that is under way."""
        self._over.set()

    def _live(self) -> None:
        controller = self._controller
        good_for = controller.every + controller.patience + SPARE
        while not self._over.is_set():
            sight = self._look()
            if not self._over.is_set():
                self._post(Sighted(sight, good_for))
            self._over.wait(controller.every)

    def _look(self) -> Sight:
        try:
            sight = self._controller.look()
            self._failing = False
        except Exception as error:
            if not self._failing:
                log.exception("%s: looking through its controller failed", self._name)
            self._failing = True
            return unknown(f"looking failed: {type(error).__name__}")
        self._tell_if_mute(sight)
        return sight

    def _tell_if_mute(self, sight: Sight) -> None:
        """What tells nothing of itself is in no metric and on no page: that and why is said once, or nobody sees it."""
        mute = sight.login_state is None and sight.running is None
        if mute and sight.words and not self._mute:
            level = logging.INFO if self._spoke else logging.WARNING
            log.log(level, "%s: its controller tells nothing: %s", self._name, sight.words)
        self._mute = mute and (self._mute or bool(sight.words))
        self._spoke = self._spoke or not mute


class Watches:
    """The controllers of all gateways of one daemon. For one thread at a time."""

    def __init__(self, post: Callable[[str, Sighted], None]) -> None:
        self._post = post
        self._asked: dict[str, settings.Controller] = {}
        self._watches: dict[str, list[Watch]] = {}

    def arrange(self, asked: dict[str, settings.Controller]) -> None:
        """Look through these controllers from now on, by the names of their gateways, and through no others."""
        for name in self._asked.keys() - asked.keys():
            self._end(name)
        for name, controller in asked.items():
            if self._asked.get(name) != controller:
                self._end(name)
                self._begin(name, controller)
        self._asked = dict(asked)

    def end(self) -> None:
        """Look no more."""
        self.arrange({})

    def _begin(self, name: str, controller: settings.Controller) -> None:
        living = [watch for watch in self._watches.get(name, ()) if watch.alive]
        self._watches[name] = living
        if len(living) >= MOST:
            log.error("%s: %d earlier looks through its controller still hang; no other is begun", name, len(living))
            return
        from supervisor.controllers.kinds import controller_of  # all kinds, which a gateway without one need not load

        try:
            living.append(Watch(name, controller_of(controller), lambda event: self._post(name, event)))
        except RuntimeError as error:
            log.error("%s: its controller is not looked at: %s", name, error)

    def _end(self, name: str) -> None:
        for watch in self._watches.get(name, ()):
            watch.end()
