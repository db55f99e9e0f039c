"""The log: Python's logging, written by a thread of its own.

- Logging never blocks the loop: a line is put into a bounded queue, and a reader of our standard error that is stuck
  costs lines, not time. Those are counted, and told of as soon as the log moves again.
- The log stays readable even if something goes wrong all the time: lines beyond a rate are counted (`Flood`).
- The forms: `console` for people, `json` for machines, `journald` for systemd's journal with fields of their own
  (`journalctl GATEWAY=live CODE=1100`); where journald's socket is not there, lines with its priority prefix.
- Other people's libraries speak from WARNING on.
- What the core tells is logged by `tell`; modules use their own `logging.getLogger(__name__)`.
"""

import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import IO, Final

from supervisor.core.codes.notices import beginning
from supervisor.core.explain.report import Report
from supervisor.observe.logs import lines as logs_lines
from supervisor.observe.logs.flood import RATES, Flood, Rates
from supervisor.observe.logs.lines import Line, line_of
from supervisor.observe.logs.sinks import DatagramSink, StreamSink
from supervisor.observe.masking import Words, mask

FORMATS: Final = ("console", "json", "journald")
JOURNALD_SOCKET: Final = "/run/systemd/journal/socket"
WAITING_AT_MOST: Final = 4096
"""Lines in the queue."""

_EXAMPLE = 500  # characters of the line that stands for those left out
_QUIET = 1.0  # seconds between two lines about lost lines, or a flood would be made of them
_TAMED = ("ibapi", "apscheduler", "uvicorn", "asyncio", "tzlocal")
_TOLD = logging.getLogger("supervisor.told")


def tell(gateway: str, report: Report) -> None:
    """Log what is told of a gateway."""
    extra = {"gateway": gateway, "kind": report.kind, "fields": report.fields}
    _TOLD.log(int(report.level), report.text, extra=extra)


def setup(
    level: str = "info",
    format: str = "console",
    stream: IO[str] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    journald: str = JOURNALD_SOCKET,
    clock: Callable[[], float] = time.time,
    words: Words = mask,
    rates: Rates = RATES,
) -> "LogWriter":
    """Send Python's logging there, in that form; a writer that was set up earlier ends.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        format: one of `FORMATS`.
        stream: the standard error if None.
        environment: where `NO_COLOR` and `TERM` are looked up; os.environ if None.
        journald: the path of journald's socket.
        clock: the wall clock of the lines, in Unix seconds.
        words: what is made of text that may name an account.
        rates: how many lines go out.

    Raises ValueError for another level or format.
    """
    writer = LogWriter(
        sys.stderr if stream is None else stream,
        os.environ if environment is None else environment,
        journald,
        clock,
        words,
        rates,
    )
    writer.change(level, format)
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, LogWriter)]:
        handler.end()
    root.addHandler(writer)
    writer.start()
    return writer


class LogWriter(logging.Handler):
    """The handler and its thread. `dropped` counts the lines that were not written."""

    def __init__(
        self,
        stream: IO[str],
        environment: Mapping[str, str],
        journald: str,
        clock: Callable[[], float],
        words: Words = mask,
        rates: Rates = RATES,
    ) -> None:
        super().__init__()
        self._words = words
        self.dropped = 0
        self._stream = StreamSink(stream)
        self._journald = DatagramSink(journald)
        self._colour = _colourful(stream, environment)
        self._clock = clock
        self._format = FORMATS[0]
        self._wake = threading.Condition()
        # Guarded by the condition's lock:
        self._waiting: deque[tuple[logging.LogRecord, str, float]] = deque()
        self._end_by: float | None = None
        self._flood = Flood(rates)
        # The writer's own:
        self._dropped_told = 0
        self._quiet_until = 0.0
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def change(self, level: str, format: str) -> None:
        """From now on that level and that form, as after a reload. For others raises ValueError and changes nothing."""
        number = logging.getLevelNamesMapping().get(level.upper())
        if number is None:
            raise ValueError(f"no such log level: {level!r}")
        if format not in FORMATS:
            raise ValueError(f"no such log format: {format!r}")
        self._format = format
        logging.getLogger().setLevel(number)
        for name in _TAMED:
            logging.getLogger(name).setLevel(max(number, logging.WARNING))

    def emit(self, record: logging.LogRecord) -> None:
        """Put a line into the queue; never blocks, never raises."""
        try:
            text = record.getMessage()
        except Exception:  # the arguments do not fit the message: a line that looks odd is better than none
            text = f"{record.msg!s} {record.args!r}"
        with self._wake:
            if not self._flood.admits(
                _kind(record), beginning(text, _EXAMPLE), bool(record.exc_info), time.monotonic()
            ):
                return
            if self._end_by is not None or len(self._waiting) >= WAITING_AT_MOST:
                self.dropped += 1
                return
            self._waiting.append((record, text, self._clock()))
            self._wake.notify()

    def end(self, timeout: float = 1.0) -> bool:
        """Take no more lines and write those that wait; whether that was done within `timeout` seconds."""
        logging.getLogger().removeHandler(self)
        dropped = self.dropped
        with self._wake:
            self._end_by = time.monotonic() + timeout
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._waiting and not self._thread.is_alive() and self.dropped == dropped

    def close(self) -> None:
        """The end as Python's logging knows it, at exit at the latest."""
        if self._end_by is None:
            self.end()
        super().close()

    # -- the writer's thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            try:
                written = self._write(line_of(*taken, self._words))
            except Exception:  # a field that cannot even be shown; the log goes on
                written = False
            if not written:
                self.dropped += 1
            elif self.dropped > self._dropped_told and time.monotonic() >= self._quiet_until:
                self._tell_dropped()
        self._tell_left_out()
        self._journald.close()
        self._stream.close()

    def _take(self) -> tuple[logging.LogRecord, str, float] | None:
        while True:
            with self._wake:
                due = self._flood.due
                late = due is not None and time.monotonic() >= due
                if not late and not self._waiting and self._end_by is None:
                    self._wake.wait(None if due is None else max(0.0, due - time.monotonic()))
                    continue
                if not late:
                    return self._waiting.popleft() if self._waiting and not self._given_up() else None
            self._tell_left_out()

    def _write(self, line: Line) -> bool:
        match self._format:
            case "json":
                data = logs_lines.as_json(line)
            case "journald":
                if self._journald.write(logs_lines.datagram(line), self._given_up):
                    return True
                data = logs_lines.prefixed(line)
            case _:
                data = logs_lines.console(line, self._colour)
        return self._stream.write(data, self._given_up)

    def _tell_dropped(self) -> None:
        lost = self.dropped - self._dropped_told
        text = f"{lost} line{'s' if lost > 1 else ''} of the log could not be written and went missing"
        if self._write(Line(self._clock(), logging.WARNING, text, __name__, fields={"dropped": lost})):
            self._dropped_told += lost
            self._quiet_until = time.monotonic() + _QUIET

    def _tell_left_out(self) -> None:
        """Report the lines that `Flood` left out."""
        with self._wake:
            left_out = self._flood.left_out()
        for count, example in left_out:
            lines = f"{count} more line{'s' if count > 1 else ''}"
            text = f"{lines} like this left out: {example}" if example else f"{lines} of other kinds left out"
            record = logging.LogRecord(__name__, logging.WARNING, __file__, 0, text, (), None)
            record.fields = {"left_out": count}
            self._write(line_of(record, text, self._clock(), self._words))

    def _given_up(self) -> bool:
        return self._end_by is not None and time.monotonic() >= self._end_by


def _kind(record: logging.LogRecord) -> tuple[object, ...]:
    """What makes two lines the same kind: one place in the code, or one kind of event, and one gateway."""
    return record.name, record.lineno, getattr(record, "gateway", None), getattr(record, "kind", None)


def _colourful(stream: IO[str], environment: Mapping[str, str]) -> bool:
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
