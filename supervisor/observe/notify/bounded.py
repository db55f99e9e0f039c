"""Work that may hang, done on a thread of its own, with a deadline that is ours.

What hangs is left behind, at most once for each `Bounded`: until it ends, nothing more is begun.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Hangs(Exception):
    """It was not done in time, or an earlier one still hangs."""


class Bounded(Generic[T]):
    """Does one thing at a time."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._hanging: threading.Thread | None = None

    def run(self, work: Callable[[], T], seconds: float) -> T:
        """What `work` returns. Raises what it raises, and Hangs after so many seconds."""
        if self._hanging is not None and self._hanging.is_alive():
            raise Hangs("the attempt before this one still hangs")
        results: list[T] = []
        errors: list[Exception] = []

        def act() -> None:
            try:
                results.append(work())
            except Exception as error:
                errors.append(error)

        thread = threading.Thread(target=act, name=self._name, daemon=True)
        thread.start()
        thread.join(seconds)
        if results:
            return results[0]
        if errors:
            raise errors[0]
        self._hanging = thread
        raise Hangs(f"no answer within {seconds:g} s")
