"""`make newest`: is there a newer release of a judge, and does this project work with a newer `ibapi`?

Asks PyPI and npm, through pip and npm, about the packages that `environments` pins, and about no other. A newer `ibapi`
gets an environment of its own, and one session at each server version of the matrix. Exits with 1 if one of these
sessions does not hear everything, or if a registry did not answer. What it finds is written into the pins by a person.
"""

import re
import subprocess
import sys

from tests.judges import environments
from tests.judges.matrix import cell, missing, whole
from tests.judges.test_judges import IBAPI, SERVER_VERSIONS

_PIN = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)(?:\[\w+\])?==(?P<version>\S+)")
_PROVIDES_IBAPI = ("ibapi", "ibapi-stable", "ibapi-latest", "nautilus-ibapi")


def pins() -> dict[str, str]:
    """The newest pinned version of each package of PyPI."""
    requirements = [*environments.PYTHON_REQUIREMENTS.values(), *environments.RACER_REQUIREMENTS.values()]
    found: dict[str, str] = {}
    for match in (_PIN.fullmatch(word) for words in requirements for word in words):
        if match is not None and key(match["version"]) > key(found.get(match["name"], "0")):
            found[match["name"]] = match["version"]
    return found


def key(version: str) -> list[int]:
    """For comparing releases."""
    return [int(part) for part in re.findall(r"\d+", version)]


def newest_on_pypi(name: str) -> str:
    """What pip would install."""
    ask = [sys.executable, "-m", "pip", "--disable-pip-version-check", "index", "versions", name]
    said = subprocess.run(ask, capture_output=True, text=True, timeout=120, check=False).stdout
    found = re.search(r"\((\S+)\)", said)
    return found[1] if found else "unknown"


def newest_on_npm(name: str) -> str:
    """What npm would install."""
    said = subprocess.run(["npm", "view", name, "version"], capture_output=True, text=True, timeout=120, check=False)
    return said.stdout.strip() or "unknown"


def tried(name: str, version: str) -> bool:
    """Whether a session under that release hears everything, at each server version that it speaks."""
    client = f"newest-{name}-{version}"
    environments.PYTHON_REQUIREMENTS[client] = (f"{name}=={version}", "protobuf>=5.29.5")
    good = True
    for server in SERVER_VERSIONS:
        heard = cell(client, server)
        expected = whole(max(IBAPI, key=IBAPI.__getitem__), server)
        expected["version"] = heard["version"]  # it may speak more than any before it
        lacks = missing(heard, expected)
        good = good and not lacks
        print(f"    server version {server}: speaks {heard['version']}, {'ok' if not lacks else f'lacks {lacks}'}")
    return good


def compared(name: str, pinned: str, newest: str) -> tuple[bool, bool]:
    """Say it. Whether the registry answered, and whether it has a newer one."""
    if newest == "unknown":
        print(f"{name}: {pinned} is pinned, and the registry did not say which is the newest")
        return False, False
    is_newer = key(newest) > key(pinned)
    print(f"{name}: {pinned} is pinned, {newest} is the newest{' <- new' if is_newer else ''}")
    return True, is_newer


def main() -> int:
    """Say what is new, and try it."""
    good = True
    for name, pinned in pins().items():
        newest = newest_on_pypi(name)
        answered, is_newer = compared(name, pinned, newest)
        good = good and answered
        if is_newer and name in _PROVIDES_IBAPI:
            good = tried(name, newest) and good
    if environments.npm_is_here():
        for packages in environments.NPM_REQUIREMENTS.values():
            for name, pinned in packages.items():
                good = compared(name, pinned, newest_on_npm(name))[0] and good
    else:
        print("npm is not here: its packages are not asked about")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
