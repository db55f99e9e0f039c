"""The images of the lab, made from Debian's packages: `python -m tests.containers.images`, before the tests.

- Nothing is pulled. Debian stands in for what others publish, under the name that a file asks for: `python:3.13-slim`,
  `prom/prometheus`, `prom/alertmanager`. The gateway's image is the simulated gateway behind socat.
- What pip installs in a build comes from a folder that was filled outside, and fits the lock files' hashes.
- A second run makes only what has changed. What it replaced is removed.
"""

import fcntl
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.containers.engine import Engine, why_not
from tests.lab.machine import REPOSITORY, STORE, debian, wheels

BASE = "docker.io/library/python:3.13-slim-bookworm"
"""The name that the Dockerfile asks for, without its digest. Here it is a Debian 13, whose Python is 3.13 too."""
IMAGE = "localhost/ib-supervisor"
GATEWAY = "ghcr.io/gnzsnz/ib-gateway:lab"
PROMETHEUS, ALERTMANAGER = "localhost/prom/prometheus:v3.5.0", "localhost/prom/alertmanager:v0.28.1"
_BUILT = "localhost/ib-supervisor-lab-build"
"""The first stage of the Dockerfile. It needs a name, or it would be taken for a rest of an old build."""
_OTHERS = "localhost/ib-supervisor-lab-others"
_PIP = "[global]\nno-index = true\nfind-links = /srv/wheels\n"
_OTHERS_FILE = f"""FROM {BASE}
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \\
    socat prometheus prometheus-alertmanager >/dev/null \\
    && ln -s /usr/bin/prometheus-alertmanager /bin/alertmanager \\
    && apt-get clean && rm -rf /var/lib/apt/lists /usr/bin/promtool /usr/bin/amtool
"""
_GATEWAY_FILE = f"""FROM {_OTHERS}
COPY --from={IMAGE} /opt/ib-supervisor /opt/ib-supervisor
ENTRYPOINT ["/bin/sh", "-c", "socat TCP-LISTEN:4004,fork,reuseaddr TCP:127.0.0.1:4002 & \\
exec /opt/ib-supervisor/bin/ib-supervisor simulate --port 4002 --control 4999"]
"""
_PROGRAM_FILE = 'FROM {image}\nENTRYPOINT ["{program}"]\n'


def make_all(engine: Engine) -> None:
    """Make the images, side by side where one does not need the other, and remove what they replace."""
    STORE.mkdir(parents=True, exist_ok=True)
    with _alone(), ThreadPoolExecutor(2) as side_by_side:
        engine.remove_rests()
        filling = side_by_side.submit(wheels)
        _base(engine)
        others = side_by_side.submit(_made_of, engine, _OTHERS, _OTHERS_FILE)
        dockerfile = REPOSITORY / "deploy/docker/Dockerfile"
        filling.result()
        _build(engine, _BUILT, dockerfile, REPOSITORY, "--target", "build")
        _build(engine, IMAGE, dockerfile, REPOSITORY)
        others.result()
        _made_of(engine, GATEWAY, _GATEWAY_FILE)
        for name, program in ((PROMETHEUS, "/usr/bin/prometheus"), (ALERTMANAGER, "/bin/alertmanager")):
            _made_of(engine, name, _PROGRAM_FILE.format(image=_OTHERS, program=program))
        engine.podman("image", "prune", "--force")


@contextmanager
def _alone() -> Iterator[None]:
    """Two runs from one working copy make their images one after the other."""
    with (STORE / "containers.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _base(engine: Engine) -> None:
    """The image that all others begin with; its archive is kept, so that it is the same one each time."""
    if engine.tried("podman", "image", "exists", BASE).status == 0:
        return
    began = time.monotonic()
    engine.podman("import", "--quiet", str(debian("trixie", "python3,python3-venv,ca-certificates")), BASE)
    print(f"{BASE}: {time.monotonic() - began:.0f} s", flush=True)


def _made_of(engine: Engine, name: str, text: str) -> None:
    """An image from a Dockerfile that needs no context."""
    path = engine.folder / f"Dockerfile.{name.replace('/', '.')}"
    path.write_text(text)
    _build(engine, name, path, engine.folder)


def _build(engine: Engine, name: str, file: Path, context: Path, *more: str) -> None:
    # The format is Docker's, because OCI's knows no HEALTHCHECK.
    command = ["buildah", "bud", "--quiet", "--isolation", "chroot", "--format", "docker", "--pull-never", "--layers"]
    pip = engine.folder / "pip.conf"
    pip.write_text(_PIP)
    command += ["--volume", f"{STORE}/wheels:/srv/wheels:ro", "--volume", f"{pip}:/etc/pip.conf:ro"]
    command += ["--build-arg", f"BASE={BASE}", "--file", str(file), "--tag", name, *more, str(context)]
    began = time.monotonic()
    engine.said(*command, timeout=300)
    print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)


def main() -> None:
    """The command."""
    reason = why_not()
    if reason is not None:
        sys.exit(reason)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        make_all(Engine(Path(folder)))
    print(f"the images are made: {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
