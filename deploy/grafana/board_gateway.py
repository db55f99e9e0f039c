"""The dashboard of one gateway."""

from behind import with_what_is_behind
from grafana_foundation_sdk.builders.dashboard import Dashboard
from parts import (
    BLUE,
    FARM,
    GATEWAY,
    GREEN,
    GREY,
    ID,
    NAME,
    RED,
    STATUS,
    UP_DOWN,
    WORST_FARM,
    YELLOW,
    YES_NO,
    annotation,
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

WINDOW = {"0": ("closed", "transparent"), "1": ("open", BLUE)}


def gateway() -> Dashboard:
    """One gateway in depth."""
    farms = one_number("ib_farm_state", FARM, GATEWAY, WORST_FARM)
    status = one_number("ib_gateway_status", STATUS, GATEWAY)
    unplanned = f"gateway:ib_availability_unplanned:ratio_7d{{{GATEWAY}}}"
    seen = (
        board("ib-gateway", "IB gateway", "One gateway: its layers, farms, outages and windows.", gateways=True)
        .annotation(
            annotation(
                "sessions",
                f"ib_session_start_timestamp_seconds{{{GATEWAY}}} * 1000",
                GREEN,
                NAME + ": session ready",
            )
        )
        .annotation(
            annotation(
                "restarts", f"ib_restart_last_timestamp_seconds{{{GATEWAY}}} * 1000", BLUE, NAME + ": restart seen"
            )
        )
        .with_panel(
            number(
                "Status",
                "The gateway's state in one word.",
                status,
                "none",
                limits(base=GREY),
                legend=NAME,
                known=words(STATUS),
            )
        )
        .with_panel(
            number(
                "Session",
                "How long the API session has been ready.",
                f"time() - ib_session_start_timestamp_seconds{{{GATEWAY}}}",
                "s",
                limits(base=BLUE),
                legend=NAME,
                none="none",
            )
        )
        .with_panel(
            number(
                "Login due",
                "Until the restart at which the gateway asks for its weekly login.",
                f"ib_reauth_due_timestamp_seconds{{{GATEWAY}}} - time()",
                "s",
                limits((0, YELLOW), (14 * 3600, GREEN), base=RED),
                legend=NAME,
                none="never",
            )
        )
        .with_panel(
            number(
                "Login wanted",
                "Whether the gateway waits for a person.",
                f"ib_reauth_required{{{GATEWAY}}}",
                "none",
                limits((1, RED)),
                legend=NAME,
                known=YES_NO,
            )
        )
        .with_panel(
            number(
                "Availability",
                "Share of 7 days in which every layer was up, planned outages left out.",
                unplanned,
                "percentunit",
                limits((0.99, YELLOW), (0.999, GREEN), base=RED),
                legend=NAME,
            )
        )
        .with_panel(
            number(
                "Competing login",
                "Whether another login of the same user takes the market data.",
                f"ib_competing_session{{{GATEWAY}}}",
                "none",
                limits((1, RED)),
                legend=NAME,
                known=YES_NO,
                none="never heard of",
            )
        )
        .with_panel(
            timeline(
                "Layers",
                "A layer is up only if every layer before it is. A gap is a pause: nothing is known then.",
                f"min_over_time(ib_layer_up{{{GATEWAY}}}[$__rate_interval])",
                NAME + " {{layer}}",
                UP_DOWN,
            )
        )
        .with_panel(
            timeline(
                "Farms",
                "The state of each data farm; inactive ones sleep, which is no fault.",
                farms,
                NAME + " {{kind}} {{farm}}",
                words(FARM),
                height=9,
            )
        )
        .with_panel(
            timeline(
                "Windows",
                "When an outage would be planned. Whether one is, says the status.",
                f"max_over_time(ib_window_active{{{GATEWAY}}}[$__rate_interval])",
                NAME + " {{window}}",
                WINDOW,
                height=6,
            )
        )
    )
    return (
        with_what_is_behind(seen)
        .with_panel(
            graph(
                "Heartbeat",
                "Round trip of the heartbeats: median, and what one in ten and one in a hundred exceed.",
                [
                    query(
                        f"histogram_quantile({quantile}, sum by (job, instance, gateway, le) "
                        f"(rate(ib_heartbeat_seconds_bucket{{{GATEWAY}}}[$__rate_interval])))",
                        f"{NAME} {name}",
                    )
                    for quantile, name in ((0.5, "median"), (0.9, "1 in 10"), (0.99, "1 in 100"))
                ],
                "s",
            )
        )
        .with_panel(
            graph(
                "Heartbeats missed",
                "Heartbeats that were not answered in time, per minute.",
                [query(f"rate(ib_heartbeat_misses_total{{{GATEWAY}}}[$__rate_interval]) * 60", NAME)],
                "none",
            )
        )
        .with_panel(
            listing(
                "Outages",
                "Outages that closed within the range shown, by the lowest layer that was broken first.",
                f"round(sum by ({ID}, cause, planned) (increase(ib_outages_total{{{GATEWAY}}}[$__range]))) > 0",
                "none",
                ["gateway", "cause", "planned", "instance"],
                value="outages",
                height=8,
            )
        )
        .with_panel(
            graph(
                "Sessions lost",
                "Sessions that ended, by reason.",
                [
                    query(
                        "sum by (job, instance, gateway, reason, planned) "
                        f"(increase(ib_session_losses_total{{{GATEWAY}}}[$__rate_interval]))",
                        NAME + " {{reason}} planned={{planned}}",
                    )
                ],
                "none",
            )
        )
        .with_panel(
            graph(
                "Attempts that failed",
                "By reason; refused and closed are normal during a restart.",
                [
                    query(
                        "sum by (job, instance, gateway, reason) "
                        f"(increase(ib_connect_failures_total{{{GATEWAY}}}[$__rate_interval]))",
                        NAME + " {{reason}}",
                    )
                ],
                "none",
            )
        )
        .with_panel(
            graph(
                "Message codes",
                "Messages of the gateway by code; docs/codes.md says what each means.",
                [
                    query(
                        f"sum by ({ID}, code) (increase(ib_messages_total{{{GATEWAY}}}[$__rate_interval]))",
                        NAME + " {{code}}",
                    )
                ],
                "none",
            )
        )
        .with_panel(
            graph(
                "Recovery",
                "Nine of ten outages that closed within the range shown took no longer than this.",
                [
                    query(
                        "histogram_quantile(0.9, sum by (job, instance, gateway, planned, le) "
                        f"(increase(ib_recovery_seconds_bucket{{{GATEWAY}}}[$__range])))",
                        NAME + " planned={{planned}}",
                    )
                ],
                "s",
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
                height=8,
            )
        )
        .with_panel(
            listing(
                "Restarts",
                "Scheduled restarts by how they went, within the range shown.",
                f"round(sum by ({ID}, result) (increase(ib_restarts_total{{{GATEWAY}}}[$__range])))",
                "none",
                ["gateway", "result", "instance"],
                value="restarts",
            )
        )
        .with_panel(
            listing(
                "Connection",
                "Where the gateway is and how it is used.",
                f"ib_gateway_info{{{GATEWAY}}}",
                "none",
                ["gateway", "host", "port", "client_id", "server_version", "account_mode", "instance"],
                value=None,
            )
        )
    )
