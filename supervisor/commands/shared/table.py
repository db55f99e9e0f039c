"""The one table writer of the command line, and its one rule for narrow terminals.

- A row never loses the text that explains it. Where there is room, the text is a last column; else it wraps below.
- Columns that do not fit give way in this order. First wide cells wrap, then optional columns are left out, the last
  in `optional` first, and then columns from the right move below their row, each with its heading.
- No line is wider than the terminal. A pipe (`width` is None) has every column, and one line for each row.
- Only ASCII of our own is used, so a table looks the same in every locale.

It takes milliseconds for a thousand rows. rich's own tables take much longer, and drop what does not fit.
"""

import textwrap
from collections.abc import Sequence

from rich.text import Text

from supervisor.frozen import dataclass, replace
from supervisor.observe.masking import clean

GAP = 2
"""Blanks between two columns."""
INDENT = 2
"""Blanks before what stands below a row."""
LEAST_CELL = 24
"""Cells wider than this may wrap, down to this width."""
LEAST_WORDS, LINES = 36, 2
"""Columns of the terminal, and lines, for an explanation beside its row. Else it wraps below the row."""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row, and what explains it."""

    cells: Sequence[Text | str]
    words: Text | str = ""


@dataclass(frozen=True, slots=True)
class Laid:
    """A table laid out for a width: the headings, and one block of lines for each row."""

    headings: Text
    rows: tuple[Text, ...]

    def text(self) -> Text:
        """The whole table. Nothing in it is wrapped again."""
        blocks = (self.headings, *self.rows) if self.headings.plain else self.rows
        return _lines(*blocks)


def lay_out(
    headings: Sequence[str],
    rows: Sequence[Row],
    width: int | None,
    *,
    words: str = "",
    right: Sequence[str] = (),
    optional: Sequence[str] = (),
) -> Laid:
    """Lay a table out for a terminal of `width` columns, or for a pipe (None).

    Args:
        headings: one for each cell; all empty for a table without headings.
        rows: what it shows.
        width: the columns of the terminal.
        words: the heading of the explanation.
        right: headings of columns that are aligned to the right.
        optional: headings of columns that may be left out, the most urgent first.
    """
    columns = [
        _column(heading, [row.cells[at] for row in rows], heading in right) for at, heading in enumerate(headings)
    ]
    texts = [_clean(row.words) for row in rows]
    explained = any(text.plain for text in texts)
    below: list[_Column] = []
    if width is not None:
        columns = _narrowed(columns, width)
        for heading in reversed(optional):
            if _width(columns) <= width:
                break
            columns = _narrowed([column for column in _natural(columns) if column.heading != heading], width)
        while _width(columns) > width and len(columns) > 1:
            kept = _natural(columns)
            below.insert(0, kept[-1])
            columns = _narrowed(kept[:-1], width)
    room = None if width is None else width - _width(columns) - GAP
    beside = explained and not below and (room is None or _stands_beside(texts, room, bare=not any(headings)))
    head = _line(columns, [Text(column.heading, "bold") for column in columns])
    if beside and words and any(headings):
        head = Text.assemble(head, " " * (_width(columns) + GAP - head.cell_len), (words, "bold"))
    return Laid(
        head,
        tuple(
            _block(columns, below, at, text if explained else Text(), room if beside else 0, width)
            for at, text in enumerate(texts)
        ),
    )


def _stands_beside(texts: Sequence[Text], room: int, *, bare: bool) -> bool:
    """Whether each explanation takes a few lines there. A list without headings is read by its left column."""
    longest = max(text.cell_len for text in texts)
    return longest <= room or (room >= LEAST_WORDS and (bare or longest <= LINES * room))


def folded(text: Text | str, width: int | None) -> Text:
    """A line of our own, wrapped like a row."""
    return _lines(*_wrapped(_clean(text), width))


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    cells: tuple[Text, ...]
    right: bool
    natural: int
    width: int


def _column(heading: str, cells: Sequence[Text | str], right: bool) -> _Column:
    cleaned = tuple(_clean(cell) for cell in cells)
    natural = max(len(heading), *(cell.cell_len for cell in cleaned), 0)
    return _Column(heading, cleaned, right, natural, natural)


def _natural(columns: Sequence[_Column]) -> list[_Column]:
    return [replace(column, width=column.natural) for column in columns]


def _narrowed(columns: Sequence[_Column], width: int) -> list[_Column]:
    """The same columns, with the widest made narrower where the table does not fit, but never below LEAST_CELL."""
    found = list(columns)
    while (over := _width(found) - width) > 0:
        at = max(range(len(found)), key=lambda each: found[each].width)
        least = max(LEAST_CELL, len(found[at].heading))
        if found[at].width <= least:
            break
        found[at] = replace(found[at], width=max(least, found[at].width - over))
    if len(found) == 1:
        found[0] = replace(found[0], width=min(found[0].width, max(1, width)))
    return found


def _width(columns: Sequence[_Column]) -> int:
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)


def _block(
    columns: Sequence[_Column], below: Sequence[_Column], at: int, words: Text, room: int | None, width: int | None
) -> Text:
    """One row: its line or lines, with the explanation beside them (`room` is not 0) or below them."""
    cells = [_wrapped(column.cells[at], column.width) for column in columns]
    beside = _wrapped(words, room) if words.plain and room != 0 else []
    lines = []
    for number in range(max(*map(len, cells), len(beside), 1)):
        line = _line(columns, [cell[number] if number < len(cell) else Text() for cell in cells])
        if number < len(beside):
            line = Text.assemble(line, " " * (_width(columns) + GAP - line.cell_len), beside[number])
        lines.append(line)
    inner = None if width is None else max(1, width - INDENT)
    facts = [
        Text.assemble((column.heading, "dim"), " ", column.cells[at]) for column in below if column.cells[at].plain
    ]
    lines += [Text.assemble(" " * INDENT, line) for line in _packed(facts, inner)]
    if words.plain and room == 0:
        lines += [Text.assemble(" " * INDENT, line) for line in _wrapped(words, inner)]
    return _lines(*lines)


def _line(columns: Sequence[_Column], cells: Sequence[Text]) -> Text:
    line = Text()
    for column, cell in zip(columns, cells, strict=True):
        blank = " " * (column.width - cell.cell_len)
        line.append_text(Text.assemble(blank, cell) if column.right else Text.assemble(cell, blank))
        line.append(" " * GAP)
    line.rstrip()
    return line


def _packed(facts: Sequence[Text], width: int | None) -> list[Text]:
    """As many of these on a line as fit; one that is wider than a line wraps."""
    lines: list[Text] = []
    for fact in facts:
        if lines and (width is None or lines[-1].cell_len + GAP + fact.cell_len <= width):
            lines[-1] = Text.assemble(lines[-1], " " * GAP, fact)
        else:
            lines += _wrapped(fact, width)
    return lines


def _wrapped(text: Text, width: int | None) -> list[Text]:
    """The lines of a text: broken between words, and within a word only where it is longer than a line."""
    if width is None or text.cell_len <= width:
        return [text]
    found, begin = [], 0
    for piece in textwrap.wrap(text.plain, width, break_on_hyphens=False):
        begin = text.plain.index(piece, begin)
        found.append(text[begin : begin + len(piece)])
        begin += len(piece)
    return found


def _clean(text: Text | str) -> Text:
    """One line. A text that had to be cleaned keeps only the style of the whole."""
    if isinstance(text, str):
        return Text(clean(text))
    return text if text.plain.isprintable() else Text(clean(text.plain), text.style)


def _lines(*lines: Text) -> Text:
    return Text("\n", no_wrap=True, overflow="ignore").join(lines)
