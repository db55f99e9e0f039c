"""For people's own programs: the standard library and our own rooms, nothing of the daemon."""

from supervisor.observe.gate.reader import Check, Gate

__all__ = ["Check", "Gate"]
