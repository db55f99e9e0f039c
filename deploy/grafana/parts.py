"""The parts that the three dashboards are made of: panels with a datasource, words for numbers, selectors.

Rules
- Every query is limited to the chosen job and instance, and on gateway panels to the chosen gateways.
- A state set becomes one number per series here (`one_number`), and a word with a colour in the panel (`words`).
- Whatever is summed keeps job and instance beside the gateway: two hosts may both have one that is called `live`.
- A timeline shows the worst of each step, so that an outage of a minute is seen at 7 days too.
"""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
DAEMON = 'job=~"$job", instance=~"$instance"'
GATEWAY = DAEMON + ', gateway=~"$gateway"'
ID = "job, instance, gateway"
NAME = "{{gateway}} at {{instance}}"
"""Of a gateway, in legends."""

GREEN, BLUE, YELLOW, ORANGE, RED, PURPLE, GREY = "green", "blue", "yellow", "orange", "red", "purple", "text"
STATUS = (
    ("up", GREEN),
    ("maintenance", BLUE),
    ("degraded", YELLOW),
    ("down", RED),
    ("reauth_required", PURPLE),
    ("stopped", GREY),
)
WORST = ("down", "reauth_required", "degraded", "maintenance", "stopped", "up")
WORST_FARM = ("broken", "connecting", "unknown", "inactive", "ok")
FARM = (("ok", GREEN), ("inactive", "super-light-green"), ("connecting", YELLOW), ("broken", RED), ("unknown", GREY))
UP_DOWN = {"0": ("down", RED), "1": ("up", GREEN)}
YES_NO = {"0": ("no", GREEN), "1": ("yes", RED)}

_FIELD = "${__field.labels."
LINKS = [
    dashboard.DashboardLink("This gateway")
    .type(model.DashboardLinkType.LINK)
    .url(
        "/d/ib-gateway?${__url_time_range}&var-datasource=${datasource}"
        f"&var-job={_FIELD}job}}&var-instance={_FIELD}instance}}&var-gateway={_FIELD}gateway}}"
    ),
    dashboard.DashboardLink("Status page of its supervisor")
    .type(model.DashboardLinkType.LINK)
    .url(f"http://{_FIELD}instance}}/")
    .target_blank(True),
]
"""From a gateway on the fleet's board. The status page opens where people reach the address that Prometheus scrapes."""

Words = dict[str, tuple[str, str]]


def words(states: Sequence[tuple[str, str]]) -> Words:
    """The mapping for `one_number` of these states."""
    return {str(number): (state.replace("_", " "), color) for number, (state, color) in enumerate(states, 1)}


def one_number(metric: str, states: Sequence[tuple[str, str]], selector: str, worst: Sequence[str] = ()) -> str:
    """PromQL: which of the states a state set is in, as 1 for the first, 2 for the second, and so on.

    With the states from the worst to the best: the worst within each step of a graph.
    """

    def series(state: str) -> str:
        found = f'{metric}{{{selector}, {metric}="{state}"}}'
        return f"max_over_time({found}[$__rate_interval])" if worst else found

    numbers = {state: number for number, (state, _) in enumerate(states, 1)}
    order = worst or [state for state, _ in states]
    return " or ".join(f"{numbers[state]} * max without ({metric}) ({series(state)} == 1)" for state in order)


def query(expr: str, legend: str = "", *, instant: bool = False, as_table: bool = False) -> prometheus.Dataquery:
    """A target."""
    target = prometheus.Dataquery().expr(expr).datasource(DATASOURCE).legend_format(legend or "__auto").ref_id("A")
    if as_table:
        target = target.format(PromQueryFormat.TABLE)
    return target.instant() if instant or as_table else target.range()


def mapping(known: Words) -> list[model.ValueMap]:
    """Words and colours for numbers."""
    results = {
        number: model.ValueMappingResult(text=text, color=color, index=index)
        for index, (number, (text, color)) in enumerate(known.items())
    }
    return [model.ValueMap(options=results)]


def limits(*steps: tuple[float, str], base: str = GREEN) -> dashboard.ThresholdsConfig:
    """Colours from these values on."""
    first = model.Threshold(value=None, color=base)
    return (
        dashboard.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([first, *(model.Threshold(value=value, color=color) for value, color in steps)])
    )


def timeline(
    title: str, text: str, expr: str, legend: str, known: Words, *, height: int = 7, span: int = 24
) -> statetimeline.Panel:
    """States over time, a row for each series."""
    return (
        statetimeline.Panel()
        .title(title)
        .description(text)
        .datasource(DATASOURCE)
        .with_target(query(expr, legend))
        .unit("none")
        .mappings(mapping(known))
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        .thresholds(limits(base=GREY))
        .merge_values(True)
        .show_value(common_model.VisibilityMode.NEVER)
        .row_height(0.9)
        .line_width(0)
        .fill_opacity(80)
        .legend(common.VizLegendOptions().display_mode(common_model.LegendDisplayMode.LIST).show_legend(True))
        .height(height)
        .span(span)
    )


def graph(
    title: str, text: str, targets: Sequence[prometheus.Dataquery], unit: str, *, height: int = 8, span: int = 12
) -> timeseries.Panel:
    """Numbers over time."""
    panel = timeseries.Panel().title(title).description(text).datasource(DATASOURCE).unit(unit).min(0)
    for letter, target in zip("ABCDEF", targets, strict=False):
        panel = panel.with_target(target.ref_id(letter))
    legend = common.VizLegendOptions().display_mode(common_model.LegendDisplayMode.LIST).show_legend(True)
    return panel.legend(legend.placement(common_model.LegendPlacement.BOTTOM)).height(height).span(span)


def number(
    title: str,
    text: str,
    expr: str,
    unit: str,
    colors: dashboard.ThresholdsConfig,
    *,
    legend: str = "",
    known: Words | None = None,
    none: str = "unknown",
    span: int = 4,
) -> stat.Panel:
    """The latest value, large."""
    panel = (
        stat.Panel()
        .title(title)
        .description(text)
        .datasource(DATASOURCE)
        .with_target(query(expr, legend, instant=True))
        .unit(unit)
        .thresholds(colors)
        .no_value(none)
        .graph_mode(common_model.BigValueGraphMode.NONE)
        .height(4)
        .span(span)
    )
    return panel.mappings(mapping(known)) if known else panel


def listing(
    title: str,
    text: str,
    expr: str,
    unit: str,
    columns: Sequence[str],
    *,
    value: str | None = "value",
    height: int = 7,
    span: int = 12,
) -> table.Panel:
    """The latest value of each series, a row each; without a column for it if it says nothing (None)."""
    shown = [*columns, "Value"] if value else list(columns)
    return (
        table.Panel()
        .title(title)
        .description(text)
        .datasource(DATASOURCE)
        .with_target(query(expr, as_table=True))
        .unit(unit)
        .with_transformation(
            model.DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": shown}})
        )
        .with_transformation(
            model.DataTransformerConfig(
                id_val="organize",
                options={
                    "indexByName": {name: index for index, name in enumerate(shown)},
                    "renameByName": {"Value": value} if value else {},
                },
            )
        )
        .height(height)
        .span(span)
    )


def variable(name: str, expr: str, text: str) -> dashboard.QueryVariable:
    """A choice among the values of a label; all of them by default."""
    return (
        dashboard.QueryVariable(name)
        .label(name)
        .description(text)
        .datasource(DATASOURCE)
        .query({"query": f"label_values({expr}, {name})", "refId": name})
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.NATURAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(model.VariableOption(text="All", value="$__all"))
    )


def annotation(name: str, expr: str, color: str, title: str) -> dashboard.AnnotationQuery:
    """A mark at the instant that a metric names."""
    query_model = dashboard.AnnotationQuery().name(name).datasource(DATASOURCE).enable(True).icon_color(color)
    return query_model.expr(expr).step("60s").use_value_for_time("on").title_format(title)


def board(uid: str, title: str, text: str, *, gateways: bool) -> dashboard.Dashboard:
    """An empty dashboard with the variables and links that all have."""
    made = (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(text)
        .tags(["ib-supervisor"])
        .timezone("browser")
        .refresh("30s")
        .time("now-24h", "now")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("ib-supervisor")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags(["ib-supervisor"])
            .include_vars(True)
            .keep_time(True)
        )
        .with_variable(dashboard.DatasourceVariable("datasource").label("datasource").type("prometheus"))
        .with_variable(variable("job", "ib_supervisor_build_info", "Prometheus' job of the supervisors."))
        .with_variable(variable("instance", 'up{job=~"$job"}', "One daemon, also one that is not there."))
    )
    if gateways:
        # A paused gateway has no `ib_up`, and must not vanish from the list.
        made = made.with_variable(variable("gateway", f"ib_gateway_status{{{DAEMON}}}", "One gateway of a daemon."))
    return made
