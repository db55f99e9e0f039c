"""The hands of the daemon: each deed on a thread of its own, and its answer posted as an event."""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from typing import Final

from supervisor.controllers.hands.answers import Answer
from supervisor.controllers.hands.deeds import do
from supervisor.core.model.actions import Heal
from supervisor.core.model.events import DeedAnswered
from supervisor.core.model.policy import Policy

log = logging.getLogger("supervisor.daemon")

NOT_KEPT: Final = "the journal does not take it, so a restart of the daemon would do it again"

Post = Callable[[str, DeedAnswered], None]
Deeds = Callable[..., Answer]


class Hands:
    """Of all gateways. `carry_out` never blocks; the core sees to it that a gateway has one deed at a time.

    `not_stored` says why what was decided is not on the disk, or nothing; it may wait. What would be forgotten is not
    done: the budgets would be, too.
    """

    def __init__(
        self,
        post: Post,
        not_stored: Callable[[], str] = lambda: "",
        environment: Mapping[str, str] = os.environ,
        deeds: Deeds = do,
    ) -> None:
        self._post = post
        self._not_stored = not_stored
        self._environment = environment
        self._deeds = deeds

    def carry_out(self, action: Heal, policy: Policy) -> None:
        """Begin it."""
        name = f"hands-{policy.name}"
        threading.Thread(target=self._do, args=(action, policy), name=name, daemon=True).start()

    def _do(self, action: Heal, policy: Policy) -> None:
        try:
            lost = self._not_stored()
            answer = (
                Answer(False, f"{NOT_KEPT}: {lost}") if lost else self._deeds(action.rung, policy, self._environment)
            )
        except Exception as error:
            log.exception("%s: %s failed", policy.name, action.rung)
            answer = Answer(None, f"a defect of the supervisor: {type(error).__name__}")
        self._post(policy.name, DeedAnswered(action.number, answer.accepted, answer.words))
