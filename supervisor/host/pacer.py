"""The thread that sends what waits in the queue of the present connection. It begins when something waits first."""

import threading

from supervisor.gateway.hosted.connection import PacedConnection


class Pacer:
    """Sends what is due."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._turn = threading.Condition()
        self._connection: PacedConnection | None = None
        self._thread: threading.Thread | None = None
        self._ended = False

    def waits(self, connection: PacedConnection) -> None:
        """Something waits there. From any thread."""
        with self._turn:
            if self._ended:
                return
            self._connection = connection
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"pacer-{self._name}", daemon=True)
                self._thread.start()
            self._turn.notify()

    def end(self) -> None:
        """Send no more."""
        with self._turn:
            self._ended = True
            self._turn.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(1.0)

    def _run(self) -> None:
        while True:
            with self._turn:
                while self._connection is None and not self._ended:
                    self._turn.wait()
                if self._ended:
                    return
                connection = self._connection
            assert connection is not None
            more = connection.send_due()
            with self._turn:
                if more is not None:
                    self._turn.wait(more)
                elif self._connection is connection and not connection.pacing.waiting:
                    self._connection = None
                elif not connection.isConnected():
                    self._connection = None if self._connection is connection else self._connection
