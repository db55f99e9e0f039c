"""The fleet dashboard."""

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.builders.dashboard import Dashboard
from parts import (
    BLUE,
    DAEMON,
    GATEWAY,
    GREEN,
    GREY,
    ID,
    LINKS,
    NAME,
    ORANGE,
    RED,
    STATUS,
    UP_DOWN,
    WORST,
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
    status = one_number("ib_gateway_status", STATUS, GATEWAY, WORST)
    # Known within the day: what is gone without a word is the worst that can happen to a board that looks healthy.
    lost = (
        f"count(max by (job, instance) (up{{{DAEMON}}}) == 0 "
        f"or max by (job, instance) (last_over_time(up{{{DAEMON}}}[1d])) >= 0 "
        f"unless on (job, instance) up{{{DAEMON}}})"
    )
    unwatched = (
        f"count(max by ({ID}) (last_over_time(ib_gateway_status{{{GATEWAY}}}[1d])) >= 0 "
        f"unless on ({ID}) ib_gateway_status{{{GATEWAY}}})"
    )

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
            number(
                "Supervisors lost",
                "Supervisors that Prometheus does not reach, or that are gone from its targets since yesterday.",
                lost,
                "none",
                limits((1, RED), base=GREY),
                none="none",
                span=6,
            )
        )
        .with_panel(
            number(
                "Gateways not watched",
                "Gateways that were watched within the last day and are not now: the numbers above leave them out.",
                unwatched,
                "none",
                limits((1, RED), base=GREY),
                none="none",
                span=6,
            )
        )
        .with_panel(
            number(
                "Gates closed",
                "Gateways on which no order should be sent now.",
                f"sum(ib_gate_open{{{GATEWAY}}} == bool 0)",
                "none",
                limits((1, YELLOW), base=GREY),
                span=6,
            )
        )
        .with_panel(
            number(
                "Recovery waits",
                "Steps of recovery that wait for a person's approval.",
                f"sum(ib_recovery_approval_pending{{{GATEWAY}}})",
                "none",
                limits((1, ORANGE), base=GREY),
                none="none",
                span=6,
            )
        )
        .with_panel(
            timeline(
                "Gateways",
                "The worst state of each gateway in each step; a gap is a time in which nobody watched.",
                status,
                NAME,
                words(STATUS),
                height=10,
            ).data_links(LINKS)
        )
        .with_panel(
            timeline(
                "Supervisors",
                "Whether Prometheus reached each supervisor.",
                f"min_over_time(up{{{DAEMON}}}[$__rate_interval])",
                "{{instance}}",
                UP_DOWN,
                height=5,
            )
        )
        .with_panel(
            listing(
                "Alerts",
                "Alerts that fire now, and those that are about to.",
                f'ALERTS{{{DAEMON}, alertname=~"IB.+", alertstate=~"firing|pending"}}',
                "none",
                ["alertname", "alertstate", "severity", "gateway", "farm", "instance"],
                value=None,
                height=9,
            )
        )
        .with_panel(
            graph(
                "Outages by cause",
                "Seconds of outage in the hour before, by the lowest layer broken first. Planned ones are booked when "
                "they close.",
                [
                    query(
                        f"sum by (job, instance, cause, planned) (increase(ib_outage_seconds_total{{{GATEWAY}}}[1h]))",
                        "{{cause}} planned={{planned}} at {{instance}}",
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
