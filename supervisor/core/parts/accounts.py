"""The account guard: whether the gateway serves the accounts that were meant.

A wrong account is a matter of the login, so no window explains it. It is known until another attempt ends otherwise.
"""

from supervisor.core.model.vocabulary import Failure
from supervisor.frozen import dataclass


@dataclass(frozen=True, slots=True)
class AccountGuard:
    """What the last attempt, or the session of now, said of its accounts."""

    mismatch: bool = False
    """They do not fit `account_mode`."""


FITTING = AccountGuard()
MISMATCHED = AccountGuard(mismatch=True)


def attempt_failed(failure: Failure) -> AccountGuard:
    """An attempt ended without a session."""
    return MISMATCHED if failure is Failure.ACCOUNT_MISMATCH else FITTING
