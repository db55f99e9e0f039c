"""What a gateway says of orders: open and completed ones, their status, executions, commissions.

Rules
- The long layouts are those that the decoders of IBKR's own clients read; what an order does not have is empty, or 0
  where a decoder wants a number.
- A field is written from the server version on that its decoder asks for it.
"""

from supervisor.frozen import dataclass
from supervisor.simulator.says.common import UNSET_DOUBLE, amount, contract_fields, contract_proto, words
from supervisor.simulator.state.orders import Execution, Form, Report
from supervisor.simulator.wire.frames import Field
from supervisor.simulator.wire.ids import Answer
from supervisor.simulator.wire.message import Fields, Message
from supervisor.simulator.wire.protobuf import Pairs, protobuf


@dataclass(frozen=True, slots=True)
class Preview:
    """What a what-if order would change, in US dollars."""

    margin_before: float
    equity_before: float
    margin_after: float
    equity_after: float
    commission: float
    currency: str


def _or_empty(value: float | None) -> Field:
    return "" if value is None else value


def _or_zero(value: float | None) -> float:
    return 0.0 if value is None else value


UNSET_WHOLE = 2**31 - 1
"""How text says that a whole number is not there."""
_NO_INSIDER = "Not an insider or substantial shareholder"


def open_order(report: Report, preview: Preview | None = None) -> Message:
    """An order with everything it has, and its state."""

    def fields(version: int) -> Fields:
        return ([] if version >= 145 else [34]) + _open_fields(report, version, preview)

    def proto() -> Pairs:
        return (
            (1, report.key.order_id),
            (2, contract_proto(report.instrument)),
            (3, protobuf(*_order_proto(report))),
            (4, protobuf(*_state_proto(report, preview))),
        )

    return Message(Answer.OPEN_ORDER, fields, proto)


def completed_order(report: Report, completed: str) -> Message:
    """An order that is done; `completed` is when, in the gateway's words."""
    quantity = f"{amount(report.filled)}"
    status = f"Filled Size: {quantity}" if report.status == "Filled" else report.reason or str(report.status)

    def proto() -> Pairs:
        order = (*_order_proto(report), (115, words(report.filled)))
        state = ((1, str(report.status)), (29, completed), (30, status))
        return (1, contract_proto(report.instrument)), (2, protobuf(*order)), (3, protobuf(*state))

    return Message(Answer.COMPLETED_ORDER, lambda version: _completed_fields(report, version, completed, status), proto)


def status(report: Report) -> Message:
    """How far an order is."""
    key = report.key
    return Message(
        Answer.ORDER_STATUS,
        lambda version: [
            *([] if version >= 131 else [6]),
            key.order_id, str(report.status), amount(report.filled), amount(report.remaining), report.average,
            report.perm_id, report.form.parent_id, report.last_price, key.client_id, report.why_held,
            *([0.0] if version >= 131 else []),
        ],
        lambda: (
            (1, key.order_id),
            (2, str(report.status)),
            (3, words(report.filled)),
            (4, words(report.remaining)),
            (5, report.average),
            (6, report.perm_id),
            (7, report.form.parent_id),
            (8, report.last_price),
            (9, key.client_id),
            (10, report.why_held or None),
            (11, 0.0),
        ),
    )  # fmt: skip


def execution(request: int, fill: Execution, clock: str) -> Message:
    """One fill; `request` is -1 if nobody asked, `clock` its time in the gateway's words."""
    row, form = fill.instrument, fill.form
    venue = row.primary_exchange or row.exchange
    side = "BOT" if form.sign > 0 else "SLD"

    def fields(version: int) -> Fields:
        return [
            *([] if version >= 136 else [10]),
            request, fill.key.order_id, *contract_fields(row, venue),
            fill.exec_id, clock, fill.account, venue, side, amount(fill.quantity), fill.price, fill.perm_id,
            fill.key.client_id, 0, amount(fill.cumulated), fill.average, form.order_ref, "", "", form.model_code,
            *([fill.liquidity] if version >= 136 else []),
            *([0] if version >= 178 else []),
            *([""] if version >= 198 else []),
        ]  # fmt: skip

    def proto() -> Pairs:
        inner = protobuf(
            (1, fill.key.order_id),
            (2, fill.exec_id),
            (3, clock),
            (4, fill.account),
            (5, venue),
            (6, side),
            (7, words(fill.quantity)),
            (8, fill.price),
            (9, fill.perm_id),
            (10, fill.key.client_id),
            (12, words(fill.cumulated)),
            (13, fill.average),
            (14, form.order_ref or None),
            (17, form.model_code or None),
            (18, fill.liquidity),
        )
        return (1, request), (2, contract_proto(row, venue)), (3, inner)

    return Message(Answer.EXECUTION, fields, proto)


def commission(fill: Execution, gain: float | None) -> Message:
    """What a fill cost and realized; nothing realized is the largest double."""
    realized: Field = UNSET_DOUBLE if gain is None else round(gain, 4)
    return Message(
        Answer.COMMISSION,
        (1, fill.exec_id, fill.commission, fill.instrument.currency, realized, UNSET_DOUBLE, ""),
        lambda: (
            (1, fill.exec_id),
            (2, fill.commission),
            (3, fill.instrument.currency),
            (4, None if gain is None else round(gain, 4)),
        ),
    )


def _open_fields(report: Report, version: int, preview: Preview | None) -> list[Field]:
    form, key = report.form, report.key
    fields: list[Field] = [
        key.order_id, *contract_fields(report.instrument), *_head(form),
        key.client_id, report.perm_id, *_middle(form), "", *_financial(form, version),
        form.good_till, "", "", "", 0, "", -1, 0, "", "", "", "", "",
        form.display_size or UNSET_WHOLE, form.block, form.sweep, form.all_or_none, _or_empty(form.min_quantity),
        form.oca_type, 0, 0, "", form.parent_id, form.trigger_method,
        *_volatility(True), *_trail(form), "", "", "", 0, 0, 0, *_scale(), 0, *_tail(form),
        form.what_if, str(report.status), *_state(version, preview), "",
    ]  # fmt: skip
    fields += [0, 0, 0, "", 0.0, _or_empty(form.trail_stop), _or_empty(form.limit_offset), 0.0, 0.0, 0.0, 0]
    fields += ["", "", "", form.cash_quantity or 0.0]
    for since, value in _SINCE:
        if version >= since:
            fields += value
    return fields


_SINCE: tuple[tuple[int, list[Field]], ...] = (
    (141, [0]),
    (145, [0]),
    (148, [0]),
    (151, [0]),
    (158, [""]),
    (160, [""]),
    (162, [0]),
    (170, ["", "", "", "", ""]),
    (183, [""]),
    (184, [0]),
    (185, [""]),
    (189, [0]),
    (193, ["", ""]),
    (198, [""]),
    (199, [0]),
)
"""The last fields of an open order: from which version on each is there, and what it says if it is not set."""


def _completed_fields(report: Report, version: int, completed: str, status: str) -> list[Field]:
    form = report.form
    fields: list[Field] = [
        *contract_fields(report.instrument), *_head(form), report.perm_id, *_middle(form),
        *_financial(form, version), form.good_till, "", "", "", 0, "", -1, "", "", "", "", "",
        form.display_size or UNSET_WHOLE, form.sweep, form.all_or_none, _or_empty(form.min_quantity), form.oca_type,
        form.trigger_method, *_volatility(False), *_trail(form), "", 0, 0, 0, *_scale(), *_tail(form),
        str(report.status), 0, 0, 0, _or_empty(form.trail_stop), _or_empty(form.limit_offset),
        form.cash_quantity or 0.0,
    ]  # fmt: skip
    fields += [0] if version >= 141 else []
    fields += [0] if version >= 145 else []
    fields += ["", amount(report.filled), UNSET_WHOLE, 0, _NO_INSIDER, 0, 0, 0, completed, status]
    fields += ["", "", "", "", ""] if version >= 170 else []
    fields += [""] if version >= 183 else []
    fields += [0] if version >= 184 else []
    fields += [""] if version >= 198 else []
    return fields


def _head(form: Form) -> list[Field]:
    """Action to order reference."""
    return [
        form.action, amount(form.quantity), form.order_type, _or_zero(form.limit), _or_zero(form.aux), form.tif,
        form.oca_group, form.account, form.open_close, 0, form.order_ref,
    ]  # fmt: skip


def _middle(form: Form) -> list[Field]:
    """Outside regular hours to good-after."""
    return [form.outside_rth, form.hidden, 0.0, form.good_after]


def _financial(form: Form, version: int) -> list[Field]:
    """An adviser's groups, and the model."""
    return ["", "", "", *([] if version >= 177 else [""]), form.model_code]


def _volatility(of_open: bool) -> list[Field]:
    """Volatility orders, and the delta-neutral order `None`, which a gateway writes with all its fields."""
    firms: list[Field] = ["", "", ""] if of_open else []
    opening: list[Field] = [""] if of_open else []
    return ["", 0, "None", "", 0, *firms, *opening, 0, 0, "", 0, 0]


def _trail(form: Form) -> list[Field]:
    return [_or_empty(form.trail_stop), _or_empty(form.trail_percent)]


def _scale() -> list[Field]:
    """Scale and hedge orders, which are not known here."""
    return [UNSET_WHOLE, UNSET_WHOLE, "", ""]


def _tail(form: Form) -> list[Field]:
    """Clearing to solicited."""
    params: list[Field] = [len(form.algo_params), *(part for pair in form.algo_params for part in pair)]
    return ["", "IB", 0, 0, form.algo, *(params if form.algo else []), 0]


def _state(version: int, preview: Preview | None) -> list[Field]:
    """Margins and commission of a preview; for an order that is meant, the largest doubles."""
    if preview is None:
        margins: list[Field] = [UNSET_DOUBLE] * (9 if version >= 142 else 3)
        costs: list[Field] = ["", "", "", ""]
    else:
        before, equity = preview.margin_before, preview.equity_before
        after, worth = preview.margin_after, preview.equity_after
        first = [before, before, equity, after - before, after - before, worth - equity] if version >= 142 else []
        margins = [f"{each:.2f}" for each in (*first, after, after, worth)]
        costs = [preview.commission, "", "", preview.currency]
    more: list[Field] = ["", *([""] * 9), "", "", 0] if version >= 195 else []
    return [*margins, *costs, *more]


def _order_proto(report: Report) -> Pairs:
    form, key = report.form, report.key
    return (
        (1, key.client_id),
        (2, key.order_id),
        (3, report.perm_id),
        (4, form.parent_id),
        (5, form.action),
        (6, words(form.quantity)),
        (7, form.display_size),
        (8, form.order_type),
        (9, _or_zero(form.limit)),
        (10, _or_zero(form.aux)),
        (11, form.tif),
        (12, form.account),
        (15, "IB"),
        (16, form.all_or_none or None),
        (17, form.block or None),
        (18, form.hidden or None),
        (19, form.outside_rth or None),
        (20, form.sweep or None),
        (22, form.trail_percent),
        (23, form.trail_stop),
        (24, form.min_quantity),
        (25, form.good_after or None),
        (26, form.good_till or None),
        (27, form.oca_group or None),
        (28, form.order_ref or None),
        (30, form.oca_type),
        (31, form.trigger_method),
        (61, form.algo or None),
        *((62, protobuf((1, tag), (2, value))) for tag, value in form.algo_params),
        (65, form.what_if or None),
        (66, form.transmit or None),
        (68, form.open_close or None),
        (99, form.limit_offset),
        (103, form.model_code or None),
        (106, form.cash_quantity),
    )


def _state_proto(report: Report, preview: Preview | None) -> Pairs:
    if preview is None:
        return ((1, str(report.status)),)
    before, equity = preview.margin_before, preview.equity_before
    after, worth = preview.margin_after, preview.equity_after
    margins = (before, before, equity, after - before, after - before, worth - equity, after, after, worth)
    rounded = tuple((place, round(each, 2)) for place, each in enumerate(margins, 2))
    return (1, str(report.status)), *rounded, (11, preview.commission), (14, preview.currency)
