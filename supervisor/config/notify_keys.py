"""`notify` as it is written: who is told, by which way, of what, and when not.

- The URL of a target is its secret: no message shows more of it than its scheme.
- What must hold between a target and the rest of the file is judged on the tree, as in `consistency`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, model_validator

from supervisor.config.keys import A_MAPPING_OR_NULL, A_PATH, Clock, Keys, Name, Reads, Zone, or_null, reads_word
from supervisor.config.reading.faults import Faults
from supervisor.config.settings import Format, Target, beside
from supervisor.config.values import readers
from supervisor.config.values.readers import Wrong, is_nothing
from supervisor.core.model.pages import Severity
from supervisor.core.parts.telling.outbox import Quiet, Rules
from supervisor.yaml_lines import Node

LONGEST_SECRET: Final = 8192
"""Characters of a URL, in its file too."""
RESERVED: Final = frozenset({"heartbeat_url"})
"""Names of targets that the metrics use otherwise."""
_URL: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://\S+", re.ASCII | re.IGNORECASE)
_MAIL: Final = frozenset({"mailto", "mailtos"})


def target_url(value: object) -> str:
    """The URL of a target, as apprise has them."""
    said = value.strip() if isinstance(value, str) else ""
    if len(said) > LONGEST_SECRET or _URL.fullmatch(said) is None:
        raise Wrong("is not a URL of a target", "write one such as ntfy://ntfy.sh/TOPIC; docs/notify.md has more")
    return str(said)


def sign_of_life_url(value: object) -> str:
    """The address that is fetched as a sign of life."""
    said = value.strip() if isinstance(value, str) else ""
    if len(said) > LONGEST_SECRET or re.fullmatch(r"https?://[^\s/?#]+\S*", said, re.IGNORECASE) is None:
        raise Wrong("is not an address", "write one such as https://hc-ping.com/UUID")
    return str(said)


def _all_or_names(value: object) -> object:
    if is_nothing(value) or (isinstance(value, str) and value.strip() == readers.ALL):
        return None
    return readers.sequence("[live], or all")(value)


class QuietKeys(Keys):
    """`notify[].quiet`: the hours of each day in which nothing is sent."""

    from_: Clock = Field(alias="from", examples=['"22:00"'], description="When they begin.")
    to: Clock = Field(examples=['"07:00"'], description="When they end; what waited is sent then, as one message.")
    timezone: Zone = Field(examples=["America/New_York"], description="The zone of the two, by its tz database name.")


class TargetKeys(Keys):
    """`notify[]`: one target, to which messages go. It has a `url` or a `url_file`."""

    name: Name = Field(examples=["phone"], description="The `target` label of the metrics, and its name in the log.")
    url: Annotated[str | None, or_null(Reads(target_url, form="URL"))] = Field(
        None,
        description="Where messages go, as [apprise](https://github.com/caronc/apprise/wiki) writes it. It holds the "
        "secret: write it as `${VAR}`, or use `url_file`.",
    )
    url_file: Annotated[str | None, or_null(A_PATH)] = Field(
        None,
        description="A file with the URL. A relative path is taken from `$CREDENTIALS_DIRECTORY` if it is there, else "
        "from the config file's folder.",
    )
    min_severity: Annotated[Severity, reads_word(Severity)] = Field(
        Severity.WARNING, description="The least urgent messages that are sent."
    )
    gateways: Annotated[tuple[Name, ...] | None, Reads(_all_or_names, form="`all`, or a list")] = Field(
        None, description="The gateways that it hears of: `all`, or a list of names."
    )
    quiet: Annotated[QuietKeys | None, A_MAPPING_OR_NULL] = Field(None, description="Hours without messages.")
    format: Annotated[Format | None, or_null(reads_word(Format))] = Field(
        None,
        description="How a message looks: `short` for phones, `long` for mail, `json` for webhooks. "
        "Default: `long` for mail, else `short`.",
    )

    @model_validator(mode="after")
    def _one_url(self) -> TargetKeys:
        if (self.url is None) is (self.url_file is None):
            wrong = "has neither url nor url_file" if self.url is None else "has both url and url_file"
            raise Wrong(wrong, "write one of the two")
        return self


def compare_targets(root: Node, faults: Faults) -> None:
    """Names that are not unique, or of gateways that are not there."""
    gateways = root.entries["gateways"].items if "gateways" in root.entries else []
    known = {
        node.value for gateway in gateways if isinstance((node := gateway.entries.get("name", gateway)).value, str)
    }
    names: dict[str, Node] = {}
    for target in root.entries["notify"].items if "notify" in root.entries else []:
        name = target.entries.get("name")
        if name is not None and name.usable and isinstance(name.value, str):
            first = names.setdefault(name.value, name)
            if first is not name:
                wrong = f"{name.shown()} is the name of another target, in line {first.line}"
                faults.add(name.line, name.path, wrong, "write another name")
            if name.value in RESERVED:
                faults.add(name.line, name.path, f"{name.shown()} is kept for heartbeat_url", "write another name")
        for wanted in target.entries["gateways"].items if "gateways" in target.entries else []:
            if isinstance(wanted.value, str) and wanted.value not in known:
                faults.add(wanted.line, wanted.path, f"{wanted.shown()} is no gateway of this file", "write its name")


def targets_of(
    keys: tuple[TargetKeys, ...], root: Node, path: Path, env: Mapping[str, str], faults: Faults
) -> tuple[Target, ...]:
    """The targets, with the URLs that stand in files."""
    found = []
    nodes = root.entries["notify"].items if "notify" in root.entries else []
    for target, node in zip(keys, nodes, strict=True):
        url = target.url
        if target.url_file is not None:
            url = _from_file(_place(target.url_file, path, env), node.entries["url_file"], faults)
        if url is not None:
            where = node.entries["url" if target.url is not None else "url_file"]
            mail = url.partition("://")[0].lower() in _MAIL
            quiet = target.quiet
            rules = Rules(
                target.name,
                target.min_severity,
                None if target.gateways is None else frozenset(target.gateways),
                None if quiet is None else Quiet(quiet.from_, quiet.to, quiet.timezone),
            )
            form = target.format or (Format.LONG if mail else Format.SHORT)
            found.append(Target(rules, url, form, where.line, where.path))
    return tuple(found)


def _place(file: str, path: Path, env: Mapping[str, str]) -> Path:
    credential = Path(env.get("CREDENTIALS_DIRECTORY", ""), file)
    return credential if env.get("CREDENTIALS_DIRECTORY") and credential.is_file() else beside(file, path)


def _from_file(file: Path, node: Node, faults: Faults) -> str | None:
    """The URL in a file; None, with a fault that does not show it, if there is none."""
    right = "write the path of a file that this user may read"
    try:
        if not file.is_file():
            faults.add(node.line, node.path, f"{node.shown()} is not a file", right)
            return None
        with file.open(encoding="utf-8") as opened:
            text = opened.read(LONGEST_SECRET + 2)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is not text"
        faults.add(node.line, node.path, f"{node.shown()} cannot be read: {why}", right)
        return None
    try:
        return target_url(text)
    except Wrong as wrong:
        faults.add(node.line, node.path, f"what {node.shown()} holds {wrong.wrong}", wrong.right)
        return None
