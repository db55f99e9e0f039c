"""The panels of one gateway about the gate, what is suspected, the login, the data and recovery.

What is not configured (controller, canary, recovery) has no series, and its panel says "No data".
"""

from grafana_foundation_sdk.builders.dashboard import Dashboard
from parts import (
    BLUE,
    GATEWAY,
    GREEN,
    ID,
    NAME,
    ORANGE,
    PURPLE,
    RED,
    YELLOW,
    graph,
    listing,
    one_number,
    query,
    timeline,
    words,
)

LOGIN = (
    ("logged_in", GREEN),
    ("restarting", BLUE),
    ("starting", YELLOW),
    ("login_pending", ORANGE),
    ("login_dialog", ORANGE),
    ("second_factor", PURPLE),
    ("not_running", RED),
    ("locked_out", "dark-red"),
)
WORST_LOGIN = tuple(state for state, _ in reversed(LOGIN))
OPEN = {"0": ("closed", RED), "1": ("open", GREEN)}
SUSPECT = {"0": ("no", "transparent"), "1": ("suspect", YELLOW)}
DATA = {"0": ("dead", RED), "1": ("alive", GREEN)}
WAITS = {"0": ("no", "transparent"), "1": ("waits for approval", ORANGE)}


def with_what_is_behind(board: Dashboard) -> Dashboard:
    """The board with these panels."""
    return (
        board.with_panel(
            timeline(
                "Gate",
                "Whether orders were safe to send; closed if it was so at any moment of a step.",
                f"min_over_time(ib_gate_open{{{GATEWAY}}}[$__rate_interval])",
                NAME,
                OPEN,
                height=5,
                span=12,
            )
        )
        .with_panel(
            timeline(
                "Suspect",
                "A ping was not answered within half a second: no outage yet, and the gate is closed.",
                f"max_over_time(ib_suspect{{{GATEWAY}}}[$__rate_interval])",
                NAME,
                SUSPECT,
                height=5,
                span=12,
            )
        )
        .with_panel(
            timeline(
                "Canary",
                "Whether data of the watched contracts came; a gap is a closed market or something that is not up.",
                f"min_over_time(ib_canary_up{{{GATEWAY}}}[$__rate_interval])",
                NAME + " {{canary}}",
                DATA,
                height=5,
                span=12,
            )
        )
        .with_panel(
            timeline(
                "Login state",
                "What the gateway's controller says: the worst in each step; a gap is a time in which it said nothing.",
                one_number("ib_login_state", LOGIN, GATEWAY, WORST_LOGIN),
                NAME,
                words(LOGIN),
                height=5,
                span=12,
            )
        )
        .with_panel(
            graph(
                "Why the gate closed",
                "Closures by their highest reason; docs/gate.md says what ends each.",
                [
                    query(
                        f"sum by ({ID}, reason) (increase(ib_gate_closures_total{{{GATEWAY}}}[$__rate_interval])) > 0",
                        NAME + " {{reason}}",
                    )
                ],
                "none",
            )
        )
        .with_panel(
            timeline(
                "Recovery waits for approval",
                "A step that may cost a login waits for `ib-supervisor approve`.",
                f"max_over_time(ib_recovery_approval_pending{{{GATEWAY}}}[$__rate_interval])",
                NAME + " {{rung}}",
                WAITS,
                height=8,
                span=12,
            )
        )
        .with_panel(
            listing(
                "Steps of recovery",
                "What recovery did within the range shown, and how it ended.",
                f"round(sum by ({ID}, rung, result) (increase(ib_recovery_actions_total{{{GATEWAY}}}[$__range]))) > 0",
                "none",
                ["gateway", "rung", "result", "instance"],
                value="times",
            )
        )
        .with_panel(
            listing(
                "Budget of recovery",
                "How often each step may still be taken within 24 hours.",
                f"ib_recovery_budget_remaining{{{GATEWAY}}}",
                "none",
                ["gateway", "rung", "instance"],
                value="left",
            )
        )
    )
