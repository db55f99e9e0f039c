"""What heals itself: one timer a word, replaced when the word is said again."""

from collections.abc import Callable

from supervisor.simulator.clock import Clock, Timer


class Timers:
    """Timers by word; `changed` is called after each that is over."""

    def __init__(self, clock: Clock, changed: Callable[[], None]) -> None:
        self._clock = clock
        self._changed = changed
        self._timers: dict[str, Timer] = {}

    def after(self, word: str, seconds: float, over: Callable[[], None]) -> None:
        """Do `over` after so many seconds, unless the word is said again before; 0: never."""
        self.cancel(word)
        if seconds:

            def due() -> None:
                del self._timers[word]
                over()
                self._changed()

            self._timers[word] = self._clock.call_at(self._clock.time() + seconds, due)

    def cancel(self, word: str) -> None:
        """Forget what the word would end."""
        timer = self._timers.pop(word, None)
        if timer is not None:
            timer.cancel()

    def cancel_all(self) -> None:
        """Forget everything."""
        for word in list(self._timers):
            self.cancel(word)
