"""The fleet dashboard."""

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.builders.dashboard import Dashboard
from parts import (
    BLUE,
    DAEMON,
    GATEWAY,
    GREEN,
    GREY,
    ORANGE,
    RED,
    STATUS,
    YELLOW,
    board,
    graph,
    limits,
    listing,
    number,
    one_number,
    query,
    timeline,
    words,
)


def fleet() -> Dashboard:
    """Every gateway of every daemon at one look."""
    status = one_number("ib_gateway_status", STATUS, GATEWAY)

    def count(title: str, text: str, state: str, color: str) -> stat.Panel:
        expr = f'sum(ib_gateway_status{{{GATEWAY}, ib_gateway_status="{state}"}})'
        return number(title, text, expr, "none", limits((1, color), base=GREY))

    return (
        board("ib-fleet", "IB fleet", "All gateways: what works now, what did, and what comes.", gateways=True)
        .with_panel(count("Up", "Gateways on which every layer works.", "up", GREEN))
        .with_panel(count("Maintenance", "Gateways in a planned outage.", "maintenance", BLUE))
        .with_panel(count("Degraded", "Session alive, but IBKR or a required farm is missing.", "degraded", YELLOW))
        .with_panel(count("Down", "No session, and nothing planned explains it.", "down", RED))
        .with_panel(count("Login wanted", "Gateways that wait for a person.", "reauth_required", "purple"))
        .with_panel(count("Paused", "Gateways that an operator paused: nobody watches them.", "stopped", ORANGE))
        .with_panel(
            timeline(
                "Gateways",
                "The state of each gateway in one word.",
                status,
                "{{gateway}}",
                words(STATUS),
                height=10,
            )
        )
        .with_panel(
            listing(
                "Alerts",
                "Alerts that fire now, and those that are about to.",
                f'ALERTS{{{DAEMON}, alertstate=~"firing|pending"}}',
                "none",
                ["alertname", "alertstate", "severity", "gateway", "farm", "instance"],
                height=9,
            )
        )
        .with_panel(
            graph(
                "Outages by cause",
                "Seconds of outage per hour by the lowest layer that was broken first. Planned ones are booked when "
                "they close.",
                [
                    query(
                        "sum by (cause, planned) "
                        f"(rate(ib_outage_seconds_total{{{GATEWAY}}}[$__rate_interval])) * 3600",
                        "{{cause}} planned={{planned}}",
                    )
                ],
                "s",
                height=9,
            )
        )
        .with_panel(
            listing(
                "Availability, planned outages left out",
                "Share of 30 days in which every layer was up; planned time counts neither for nor against.",
                f"gateway:ib_availability_unplanned:ratio_30d{{{GATEWAY}}}",
                "percentunit",
                ["gateway", "instance"],
                value="30 days",
            )
        )
        .with_panel(
            listing(
                "Availability, every outage counted",
                "Share of 30 days in which every layer was up.",
                f"gateway:ib_availability_all:ratio_30d{{{GATEWAY}}}",
                "percentunit",
                ["gateway", "instance"],
                value="30 days",
            )
        )
        .with_panel(
            listing(
                "Next windows",
                "When each window opens next.",
                f"sort(ib_window_next_timestamp_seconds{{{GATEWAY}}} * 1000)",
                "dateTimeFromNow",
                ["gateway", "window", "instance"],
                value="opens",
            )
        )
        .with_panel(
            listing(
                "Next logins",
                "The restart at which each gateway asks for its weekly login.",
                f"sort(ib_reauth_due_timestamp_seconds{{{GATEWAY}}} * 1000)",
                "dateTimeFromNow",
                ["gateway", "instance"],
                value="login due",
            )
        )
    )
