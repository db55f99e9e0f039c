"""An answer in time, whatever the question does: a look-up of a name may hang, and an answer come byte by byte."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class InTime(Generic[T]):
    """Asks one question at a time, in a thread of its own. One that hangs is left alone, and ends with the process."""

    def __init__(self) -> None:
        self._answers: queue.SimpleQueue[Future[T]] = queue.SimpleQueue()
        self._asked = False

    def ask(self, question: Callable[[], T], within: float) -> T:
        """The answer. Raises what the question raises, and TimeoutError if it takes longer than so many seconds.

        While one hangs no other is asked: the next call waits for the old answer, throws it away, and asks anew.
        """
        if self._asked:
            self._next(within)
        self._asked = True
        threading.Thread(target=self._run, args=(question,), name="question", daemon=True).start()
        return self._next(within).result()

    def _next(self, within: float) -> Future[T]:
        try:
            answer = self._answers.get(timeout=within)
        except queue.Empty:
            raise TimeoutError(f"no whole answer within {within:g} s") from None
        self._asked = False
        return answer

    def _run(self, question: Callable[[], T]) -> None:
        answer: Future[T] = Future()
        try:
            answer.set_result(question())
        except Exception as error:
            answer.set_exception(error)
        self._answers.put(answer)
