"""The metrics of one gateway's gate."""

from supervisor.core.model.gate import GateReason
from supervisor.observe.metrics.entries import Gateway, counted, flag

GATES: tuple[Gateway, ...] = (
    flag(
        "ib_gate_open",
        "1 while orders are safe to send.",
        lambda s: s.gate.open,
        query="avg_over_time(ib_gate_open[1d])",
    ),
    counted(
        "ib_gate_closures_total",
        "Times the gate closed, by the highest reason at that moment.",
        lambda s: s.counters.gate_closures,
        ("reason",),
        GateReason,
        query="sum without (reason) (increase(ib_gate_closures_total[1d]))",
    ),
)
