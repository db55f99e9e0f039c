"""How long to wait before the next attempt.

- Full jitter: a delay is drawn evenly from nothing to the current step, so that a hundred gateways do not come back in
  one beat.
- The step doubles with each failure from where it stood; what was drawn never feeds back into it.
- The cap comes last. It is low in the first minute after a loss, when the gateway is most likely to be back at once.
- Chance is data: the seed goes in and the next seed comes out (splitmix64), so a run can be replayed.
"""

from supervisor.core.model.policy import Timing

FLOOR = 0.05
"""Seconds: no attempt follows another faster, except the one that a stable session has earned."""
EARLY = 60.0
"""Seconds after the loss of a session in which the early cap holds."""
MUTE_LIMIT = 10
MUTE_CAP = 30.0
"""After so many mute handshakes in a row: each waits in the backlog of a hung gateway, and it has room for few."""
GHOST_FOR = 60.0
"""Seconds after the end of our own session in which 326 is most likely its ghost."""
GHOST_WAITS = (2.0, 4.0, 8.0)
RIVAL_WAITS = (10.0, 20.0, 40.0, 60.0)
ACCOUNT_WAIT = 60.0

_MASK = (1 << 64) - 1


def roll(seed: int) -> tuple[float, int]:
    """A number from 0 up to, not including, 1, and the seed of the next one."""
    seed = (seed + 0x9E3779B97F4A7C15) & _MASK
    mixed = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((mixed ^ (mixed >> 31)) >> 11) / (1 << 53), seed


def cap(timing: Timing, since_loss: float | None, handshake_timeouts: int) -> float:
    """The longest delay now; `since_loss` in seconds (None: no session was lost)."""
    if handshake_timeouts >= MUTE_LIMIT:
        return MUTE_CAP
    return timing.retry_max_early if since_loss is not None and since_loss < EARLY else timing.retry_max


def jittered(timing: Timing, failures: int, limit: float, chance: float) -> float:
    """The delay after so many earlier failures, at most `limit` seconds."""
    step = min(timing.retry_initial * 2.0 ** min(failures, 40), limit)
    return min(max(FLOOR, chance * step), limit)


def wait_at(waits: tuple[float, ...], position: int) -> float:
    """The wait at this position of a ladder whose last rung repeats."""
    return waits[min(position, len(waits) - 1)]
