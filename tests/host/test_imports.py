"""What a program gets into its process with the host, and what it does not."""

import subprocess
import sys

WANTED = {"ibapi", "supervisor", "google"}
"""`google` is protobuf, which later releases of ibapi load."""
UNWANTED = ("starlette", "uvicorn", "typer", "rich", "textual", "yaml", "pydantic", "prometheus_client", "apscheduler")
ROOMS = {"core", "gateway", "runtime", "observe", "host", "frozen", "platform"}


def loaded(statement: str) -> set[str]:
    """The modules of a process that has done so much."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_the_host_loads_ibapi_the_standard_library_and_our_own_rooms() -> None:
    found = loaded("from supervisor.host import Host")
    foreign = {name.split(".")[0] for name in found} - sys.stdlib_module_names
    assert {name for name in foreign if not name.startswith("_")} <= WANTED
    rooms = {name.split(".")[1] for name in found if name.startswith("supervisor.")}
    assert rooms == ROOMS
    assert {name for name in found if name.startswith("supervisor.observe.")} <= {
        "supervisor.observe.folders",
        "supervisor.observe.lock",
        "supervisor.observe.gate",
        "supervisor.observe.gate.body",
        "supervisor.observe.gate.files",
        "supervisor.observe.gate.reader",
        "supervisor.observe.masking",
    }


def test_neither_web_nor_terminal_nor_yaml_nor_pydantic_comes_with_it() -> None:
    found = loaded("from supervisor.host import Host")
    assert [name for name in UNWANTED if name in found] == []
    assert "asyncio" not in found


def test_the_reader_of_the_gate_loads_nothing_but_itself() -> None:
    found = loaded("from supervisor.host import Gate")
    assert "ibapi" not in found
    assert {name for name in found if name.startswith("supervisor.core")} == set()


def test_metrics_are_loaded_when_they_are_asked_for() -> None:
    code = "from supervisor.host import Host; Host(object, port=4001, client_id=1).metrics()"
    assert "prometheus_client" in loaded(code)
