"""Hands: what recovery does to a gateway, by its controller or by a command of the operator's own.

- An answer is passed on and never believed: `supervisor.core.parts.recovery` waits for its proof.
- Each deed runs on a thread of its own, and every wait in it has a deadline.
- Nothing here ever sends SIGKILL.
"""
