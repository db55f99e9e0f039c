"""One word for a person: the first that applies, from top to bottom."""

from enum import StrEnum


class Status(StrEnum):
    """What the operator should do about it."""

    STOPPED = "stopped"
    """Paused by the operator. Resume it when the work is done."""
    UP = "up"
    """Every layer is up. Nothing."""
    REAUTH_REQUIRED = "reauth_required"
    """The weekly login is due and the gateway waits for it. Log in."""
    MAINTENANCE = "maintenance"
    """The outage is planned. Wait: it ends, or it turns and says so."""
    DEGRADED = "degraded"
    """The session lives, some layer above it is broken. Look which."""
    DOWN = "down"
    """No session, and nothing explains it. Look now."""


def status_of(*, stopped: bool, up: bool, reauth_required: bool, planned: bool, alive: bool) -> Status:
    """The first that applies. `planned`: the current outage is; `alive`: a session is ready."""
    if stopped:
        return Status.STOPPED
    if up:
        return Status.UP
    if reauth_required:
        return Status.REAUTH_REQUIRED
    if planned:
        return Status.MAINTENANCE
    return Status.DEGRADED if alive else Status.DOWN
