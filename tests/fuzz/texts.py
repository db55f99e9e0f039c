"""Text from outside on its way to whoever reads it: the mask, the printer, the `Host` parser, the users.

Like `targets`: each takes any bytes, and raises if a promise is broken.
"""

import asyncio
import base64
import contextlib
import io
import re
from functools import cache

from rich.text import Text

from supervisor.commands.shared.printer import say, say_json
from supervisor.commands.shared.table import Row, lay_out
from supervisor.commands.shared.terminal import EscapingConsole
from supervisor.observe.logs.wire import as_line
from supervisor.observe.masking import fit, mask, mask_whole
from supervisor.observe.web.access.checks import Busy, Checks
from supervisor.observe.web.access.hosts import Names, host_name
from supervisor.observe.web.access.users import Users
from tests.fuzz.frames import Noise
from tests.observe.asking import Somebody, basic
from tests.observe.media import media

FORMS = ("U", "DU", "F", "DF", "I", "DI", "DUM")
_OBEYED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_STYLES = re.compile(r"\x1b\[[0-9;]*m")
_PLAIN = re.compile(r"[A-Za-z0-9_.:-]+")


def masking(data: bytes) -> int:
    """An account number among noise: no place shows it, and what each shows is one printable line."""
    noise = Noise(data)
    form, digits = FORMS[noise.byte() % len(FORMS)], 5 + noise.byte() % 5
    account = form + "".join(str(noise.byte() % 10) for _ in range(digits))
    before = noise.bytes(noise.byte()).decode("utf-8", "surrogateescape")
    text = before + account + noise.bytes(len(data)).decode("utf-8", "surrogateescape")
    assert account not in fit(text), repr(text)
    assert mask(mask(text)) == mask(text), repr(text)
    assert account not in mask_whole(text), repr(text)
    assert fit(text).isprintable(), repr(fit(text))
    assert account not in as_line(0.0, "<", text.encode("utf-8", "surrogateescape")), repr(text)
    for place, shown in media(text).items():
        assert account not in shown, f"{place}: {text!r}"
    return 1


def printing(data: bytes) -> int:
    """Any text by every way to a terminal: only text and the colours of our own styles come out."""
    text = data.decode("utf-8", "surrogateescape")
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        say(text)
        say(text, err=True)
        say_json({text: [text]})
    assert not _OBEYED.search(out.getvalue()), repr(text)
    assert out.getvalue().count("\n") == 2 + 5, "a text added a line"
    styled = io.StringIO()
    console = EscapingConsole(file=styled, width=80, force_terminal=True, highlight=False, markup=False)
    console.print(text)
    console.print(Text(text, "red"))
    console.print(lay_out([text], [Row([Text(text)], text)], 60).text())
    assert not _OBEYED.search(_STYLES.sub("", styled.getvalue())), repr(text)
    return 1


def hosts(data: bytes) -> int:
    """Any `Host` header: ours only if it is an address or a name that we know, and nothing else."""
    said = data.decode("latin-1")
    name = host_name(said)
    if name is None:
        assert _known().foreign(said)
        return 1
    assert _PLAIN.fullmatch(name), repr(said)
    assert said.lower().strip("[").startswith(name), repr(said)
    rest = said.strip("[")[len(name) :]
    assert re.fullmatch(r"\]?\.?(:[0-9]{0,5})?", rest), repr(said)
    if not _known().foreign(said):
        assert name in {"localhost", "box", "box.local", "gw.example"} or re.fullmatch(r"[0-9a-f.:]+", name), repr(said)
    return 1


@cache
def _known() -> Names:
    return Names(["gw.example"], machine="box")


def users(data: bytes) -> int:
    """Any `Authorization` headers, all at once: only a right one is let in, and no place is lost."""
    noise = Noise(data)
    headers = [basic("ann", "right")] if noise.byte() % 2 else []
    while noise:
        kind = noise.byte()
        said = noise.bytes(kind % 64)
        headers.append(("Basic " if kind & 64 else "") + said.decode("latin-1"))
    results, free = asyncio.run(_asked(headers))
    for header, admitted in zip(headers, results, strict=True):
        if admitted:
            assert base64.b64decode(header.partition(" ")[2]) in (b"ann:right", b"bob:other"), header
        assert admitted is not False or header not in (basic("ann", "right"), basic("bob", "other")), header
    assert free, "a place is lost"
    return max(1, len(headers))


async def _asked(headers: list[str]) -> tuple[list[bool | None], bool]:
    checks = Checks(places=2, patience=5.0, waiting=8)
    hashes = {"ann": "$2b$04$right", "bob": "$2b$06$other"}
    people = Users(hashes, lambda said, known: known.rpartition(b"$")[2] == said, lambda said, cost: None, checks)

    async def one(header: str) -> bool | None:
        try:
            return await people.admit(header, Somebody())
        except Busy:
            return None

    results = await asyncio.gather(*map(one, headers))
    last = await people.admit(basic("ann", "right"), Somebody())
    return list(results), last
