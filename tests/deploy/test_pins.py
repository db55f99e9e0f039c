"""The base image is named by its digest, and `pin.sh` renews it. The operator names the gateway's image."""

import os
import re
import shutil
import subprocess
from pathlib import Path

DOCKER = Path(__file__).parents[2] / "deploy" / "docker"
PINNED = re.compile(r"[a-z0-9./_-]+:[A-Za-z0-9._-]+@sha256:[0-9a-f]{64}")


def test_the_base_is_named_by_digest_and_no_gateway_comes_by_a_tag_that_moves() -> None:
    dockerfile, compose = (DOCKER / "Dockerfile").read_text(), (DOCKER / "compose.yaml").read_text()
    assert re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE) == ["${BASE}", "${BASE}"]
    assert PINNED.fullmatch(re.findall(r"^ARG BASE=(\S+)$", dockerfile, re.MULTILINE)[0])
    (gateway,) = re.findall(r"image: (\S*ib-gateway\S*)", compose)
    assert gateway.startswith("ghcr.io/gnzsnz/ib-gateway:${IB_GATEWAY_TAG:?")


def pinned(tmp_path: Path, answer: str) -> tuple[int, Path]:
    file, docker = tmp_path / "Dockerfile", tmp_path / "docker"
    shutil.copy(DOCKER / "Dockerfile", file)
    docker.write_text(f'#!/bin/sh\n[ "$4" = python:3.13-slim-bookworm ] && echo {answer}\n')
    docker.chmod(0o755)
    environment = {**os.environ, "DOCKER": str(docker)}
    ran = subprocess.run(["sh", str(DOCKER / "pin.sh"), str(file)], env=environment, check=False, timeout=60)
    return ran.returncode, file


def test_a_new_digest_is_written(tmp_path: Path) -> None:
    status, file = pinned(tmp_path, f"sha256:{'a' * 64}")
    assert status == 0
    assert PINNED.findall(file.read_text()) == [f"python:3.13-slim-bookworm@sha256:{'a' * 64}"]


def test_what_is_no_digest_changes_nothing(tmp_path: Path) -> None:
    for answer in ("error", "sha256:short", "''"):
        status, file = pinned(tmp_path, answer)
        assert status != 0
        assert file.read_text() == (DOCKER / "Dockerfile").read_text()
