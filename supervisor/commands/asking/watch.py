"""`status --watch` on a terminal: the table scrolls, `/` filters it, Enter shows all about one gateway.

- The rows are those of `overview`, so they follow the same rule for narrow terminals.
- Answers come on a thread of their own, so that a slow daemon never holds up a key. If none comes, the last one stays
  on the screen, and the first line says so.
- A refusal that waiting cannot cure ends it.
- While no daemon answers, nothing is known of any gateway: what was so is told as past.
- textual draws and reads keys. Every text of an answer is cleaned before it gets there.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import get_current_worker

from supervisor.commands.asking.details import details
from supervisor.commands.asking.overview import Gateway, explanation, overview, sick_first, summary
from supervisor.commands.shared.api_client import Refused, Unreachable
from supervisor.commands.shared.table import Laid
from supervisor.core.model.layers import LAYERS
from supervisor.observe.masking import clean

Answer = Mapping[str, Any]
WRONG = 2
"""The return code if what was asked is wrong: asking again every second cures no wrong password."""
EDGE = 4
"""Columns that the list keeps for itself: its padding and its scroll bar."""


class Details(ModalScreen[None]):
    """All about one gateway, until Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q", "dismiss", "back")]

    def __init__(self, name: str) -> None:
        super().__init__()
        self.gateway = name

    def compose(self) -> ComposeResult:
        """One text that scrolls."""
        with VerticalScroll():
            yield Static(id="facts")
        yield Footer()

    def show(self, gateway: Gateway | None, now: datetime) -> None:
        """Draw it anew. None if the gateway has left the config."""
        gone = Text(f"{self.gateway} is no longer in the config")
        shown = details(gateway, now, max(20, self.size.width - EDGE)).text() if gateway is not None else gone
        self.query_one("#facts", Static).update(shown)


class Rows(OptionList):
    """The rows, of which one is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "details")]

    def fill(self, names: list[str], laid: Laid) -> None:
        """Put the rows in. The chosen gateway stays chosen wherever its row is now."""
        if names == [option.id for option in self.options]:
            for at, text in enumerate(laid.rows):  # in place, so that the list does not move
                self.replace_option_prompt_at_index(at, text)
            return
        chosen = self.highlighted_option.id if self.highlighted_option is not None else None
        self.set_options([Option(text, id=name) for name, text in zip(names, laid.rows, strict=True)])
        if names:
            self.highlighted = names.index(chosen) if chosen in names else 0


class Watch(App[None]):
    """The table, kept up to date.

    Args:
        ask: the daemon's answer. Raises Unreachable, Refused.
        place: the daemon's address, for the first line.
        every: seconds between two questions.
    """

    TITLE = "ib-supervisor"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #summary, #headings { height: 1; padding: 0 1; }
    #headings { text-style: bold; }
    Rows { border: none; padding: 0 1; height: 1fr; background: $background; }
    Input { display: none; border: none; height: 1; padding: 0 1; }
    Input.shown { display: block; }
    Details VerticalScroll { background: $background; padding: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter"),
        Binding("escape", "all", "show all"),
        Binding("q", "quit", "quit"),
        Binding("ctrl+c", "quit", "quit", show=False, priority=True),
    ]

    def __init__(self, ask: Callable[[], Answer], place: str, every: float) -> None:
        super().__init__()
        self._ask = ask
        self._place = clean(place)
        self._every = every
        self._gateways: list[Gateway] = []
        self._trouble = "waiting for the first answer"
        self._wanted = ""
        self._asking = False

    def compose(self) -> ComposeResult:
        """Summary, filter, headings, rows, keys."""
        yield Static(id="summary")
        yield Input(placeholder="part of a name, a status, a cause or a label", id="filter")
        yield Static(id="headings")
        yield Rows()
        yield Footer()

    def on_mount(self) -> None:
        """Begin to ask."""
        self.query_one(Rows).focus()
        self.set_interval(self._every, self._refresh)
        self._refresh()

    def on_resize(self) -> None:
        """Lay out for the new width."""
        self._draw()

    def _refresh(self) -> None:
        if not self._asking:
            self._asking = True
            self._ask_once()

    @work(thread=True)
    def _ask_once(self) -> None:
        worker = get_current_worker()
        try:
            gateways: list[Gateway] | None = cleaned(self._ask())["gateways"]
            trouble = ""
        except (Unreachable, Refused) as error:
            gateways, trouble = None, clean(str(error))
            if isinstance(error, Refused) and error.final:
                self.call_from_thread(self.exit, return_code=WRONG, message=Text(trouble))
        if not worker.is_cancelled:
            self.call_from_thread(self._take, gateways, trouble)

    def _take(self, gateways: list[Gateway] | None, trouble: str) -> None:
        self._asking = False
        if gateways is not None:
            self._gateways = gateways
        self._trouble = trouble
        self._draw()

    def _draw(self) -> None:
        now = datetime.now(UTC)
        known = [not_known(each) for each in self._gateways] if self._trouble else self._gateways
        shown = [gateway for gateway in sick_first(known) if self._wanted in searched(gateway)]
        laid = overview(shown, now, max(20, self.size.width - EDGE))
        first = summary(self._gateways) if self._gateways else Text(self._place)
        if self._wanted:
            first = Text.assemble(first, f"; {len(shown)} shown with '{self._wanted}'")
        if self._trouble:
            first = Text.assemble((self._trouble, "bold red"), "; before that ", first)
        base = self.screen_stack[0]
        base.query_one("#summary", Static).update(first)
        base.query_one("#headings", Static).update(laid.headings)
        base.query_one(Rows).fill([str(gateway["name"]) for gateway in shown], laid)
        if isinstance(self.screen, Details):
            name = self.screen.gateway
            self.screen.show(next((each for each in known if each["name"] == name), None), now)

    @on(Rows.OptionSelected)
    def _open(self, event: Rows.OptionSelected) -> None:
        self.push_screen(Details(str(event.option.id)), lambda _: None)
        self.call_after_refresh(self._draw)

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        self._wanted = clean(event.value).strip().lower()
        self._draw()

    @on(Input.Submitted)
    def _to_rows(self) -> None:
        self.query_one(Rows).focus()

    def action_filter(self) -> None:
        """Show the line for the filter."""
        field = self.query_one(Input)
        field.add_class("shown")
        field.focus()

    def action_all(self) -> None:
        """Show all gateways again."""
        field = self.query_one(Input)
        field.value = ""
        field.remove_class("shown")
        self.query_one(Rows).focus()


def searched(gateway: Gateway) -> str:
    """The text in which the filter looks."""
    labels = " ".join(f"{name}={value}" for name, value in (gateway.get("labels") or {}).items())
    return f"{gateway['name']} {gateway['status']} {labels} {gateway['host']} {explanation(gateway)}".lower()


def cleaned(value: Any) -> Any:
    """The same answer. Each text is one line that a terminal can do nothing with."""
    match value:
        case str():
            return clean(value)
        case list():
            return [cleaned(part) for part in value]
        case dict():
            return {clean(str(key)): cleaned(part) for key, part in value.items()}
        case _:
            return value


_NOTHING = (
    "since",
    "gate",
    "heartbeat_seconds",
    "last_message",
    "next_attempt",
    "login_state",
    "canary",
    "recovery",
    "kernel",
)


def not_known(gateway: Gateway) -> Gateway:
    """A gateway whose daemon does not answer: what was so is told as past.

    A daemon that ends stops every session. What it says then of a gateway that nobody paused is no news of it.
    """
    was, cause = gateway["status"], gateway["cause"]
    before = "" if was == "stopped" and not cause else f"Before that it was {was}. {cause or ''}".rstrip()
    return {
        **gateway,
        **dict.fromkeys(_NOTHING),
        "status": "unknown",
        "layers": dict.fromkeys(LAYERS),
        "farms": [],
        "windows": [window for window in gateway["windows"] if not window["active"]],
        "suspect": False,
        "cause": before,
        "cure": None,
    }
