"""No text whatever raises anything but ConfigError, and what it says is lines of text."""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supervisor.config.load import load
from supervisor.config.reading.faults import ConfigError, Fault
from supervisor.config.reference import SECTIONS
from tests.config.loading import FILES, NOW

ENV = {"A": "1", "B": "", "C": "\ud800\n"}

words = sorted({field.alias or name for model in SECTIONS for name, field in model.model_fields.items()})
texts = st.sampled_from(
    ["live", "5s", "0s", "23:45", "America/New_York", "Sat 04:00", "2026-12-01T10:00:00Z", "0001-01-01T00:00:00+23:59",
     "9999-12-31T23:59:59-23:59", "all", "none", "europe", "paper", "sunday", "historical/ushmds", "${A}", "${B}",
     "${C}", "${D:-x}", "${", "[::1]:1", "a" * 5000, "\0", "\x1b[31m", "é", "<once>", "<weekly>", "=", "<<"]
)  # fmt: skip
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.text(max_size=20) | st.dates() | st.binary()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(words) | scalars, inner, max_size=6),
    max_leaves=25,
)


def mapping_with(required: dict[str, st.SearchStrategy[object]]) -> st.SearchStrategy[dict[str, object]]:
    """A mapping with these keys and some others of the model."""
    others = st.dictionaries(st.sampled_from(words), values, max_size=5)
    return st.builds(dict[str, object], others, **required)


gateways = mapping_with({"name": texts, "port": st.integers(0, 70000), "client_id": st.integers(-1, 5)})
files = mapping_with({"gateways": st.lists(gateways, max_size=3)})


def try_to_load(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "c.yaml")
        path.write_bytes(data)
        faults = faults_of(path)
    assert faults != ()
    for fault in faults or ():
        assert fault.wrong
        assert len(str(fault).splitlines()) == 1
        assert str(fault).isprintable()


def faults_of(path: Path) -> tuple[Fault, ...] | None:
    """The faults of a file, None if it is valid."""
    try:
        load(path, ENV, NOW)
    except ConfigError as error:
        return error.faults
    return None


fuzz = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@given(st.binary(max_size=300))
@fuzz
def test_bytes(data: bytes) -> None:
    try_to_load(data)


@given(st.text(alphabet=st.sampled_from("{}[]:-,&*!|>'\"%@`# \n\tag<=?$~0.x"), max_size=80))
@fuzz
def test_signs_of_yaml(text: str) -> None:
    try_to_load(text.encode())


@given(files | values)
@fuzz
def test_documents(document: object) -> None:
    try_to_load(yaml.safe_dump(document, allow_unicode=True).encode("utf-8", "surrogatepass"))


@given(st.sampled_from(sorted(FILES.glob("*.yaml"))), st.data())
@fuzz
def test_a_good_file_with_a_piece_changed(file: Path, data: st.DataObject) -> None:
    text = file.read_text(encoding="utf-8")
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 30)))
    piece = data.draw(st.text(max_size=10) | st.sampled_from(words) | texts)
    try_to_load((text[:begin] + piece + text[end:]).encode("utf-8", "surrogatepass"))
