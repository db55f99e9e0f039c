"""The metrics of the supervisor itself: all names begin with `ib_supervisor_`."""

from supervisor.observe.metrics.family import FLAG, Family, FamilyType, single
from supervisor.observe.metrics.internals import Internals


def _build(internals: Internals) -> tuple[tuple[str, str], ...]:
    return (
        ("version", internals.version),
        ("ibapi_version", internals.ibapi_version),
        ("python_version", internals.python_version),
    )


OWN: tuple[Family[Internals], ...] = (
    Family(
        FamilyType.INFO,
        "ib_supervisor_build_info",
        "Versions of the supervisor and what it runs on.",
        _build,
        single,
        query="count by (version, ibapi_version) (ib_supervisor_build_info)",
    ),
    Family(
        FamilyType.GAUGE,
        "ib_supervisor_config_last_reload_successful",
        "1 if the last attempt to load the config succeeded.",
        lambda own: int(own.reload_ok),
        single,
        query="ib_supervisor_config_last_reload_successful == 0",
        unit=FLAG,
    ),
    Family(
        FamilyType.GAUGE,
        "ib_supervisor_config_last_reload_success_timestamp_seconds",
        "When the config was last loaded with success.",
        lambda own: own.reload_at.timestamp() if own.reload_at is not None else None,
        single,
        query="time() - ib_supervisor_config_last_reload_success_timestamp_seconds",
    ),
    Family(
        FamilyType.HISTOGRAM,
        "ib_supervisor_loop_seconds",
        "Time of one decision.",
        lambda own: own.loop,
        single,
        query="histogram_quantile(0.99, rate(ib_supervisor_loop_seconds_bucket[5m]))",
    ),
    Family(
        FamilyType.COUNTER,
        "ib_supervisor_events_dropped_total",
        "Notices and unrequested answers that were dropped because the queue of their gateway was full.",
        lambda own: own.events_dropped,
        single,
        query="increase(ib_supervisor_events_dropped_total[1h]) > 0",
    ),
    Family(
        FamilyType.COUNTER,
        "ib_supervisor_journal_errors_total",
        "Entries that could not be written to the journal.",
        lambda own: own.journal_errors,
        single,
        query="increase(ib_supervisor_journal_errors_total[1h]) > 0",
    ),
    Family(
        FamilyType.COUNTER,
        "ib_supervisor_gate_errors_total",
        "Files of the gate that could not be written or removed.",
        lambda own: own.gate_errors,
        single,
        query="increase(ib_supervisor_gate_errors_total[1h]) > 0",
    ),
    Family(
        FamilyType.COUNTER,
        "ib_supervisor_notifications_total",
        "Messages to people: sent, failed attempts to send one, and things never told because too many waited.",
        lambda own: own.messages,
        lambda messages: [
            ((target, result), count) for target, counts in messages.items() for result, count in counts.results.items()
        ],
        ("target", "result"),
        query='increase(ib_supervisor_notifications_total{result="failed"}[15m]) > 0',
    ),
    Family(
        FamilyType.GAUGE,
        "ib_supervisor_notification_queue",
        "Things to be told that wait for a target: not tried yet (waiting), or tried in vain (retrying).",
        lambda own: own.messages,
        lambda messages: [
            ((target, result), count)
            for target, counts in messages.items()
            for result, count in (("waiting", counts.waiting), ("retrying", counts.retrying))
        ],
        ("target", "result"),
        query="sum by (target) (ib_supervisor_notification_queue) > 0",
        unit="messages",
    ),
)
