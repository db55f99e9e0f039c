"""`notify test`: one message to every target, with its result and no secret."""

import subprocess
import sys
from pathlib import Path

from tests.observe.notify.receivers import receiving

GATEWAYS = "gateways: [{name: live, port: 4001, client_id: 911}]\n"


def ask(folder: Path, config: str, *more: str) -> "subprocess.CompletedProcess[str]":
    file = folder / "supervisor.yaml"
    file.write_text(GATEWAYS + config)
    command = [sys.executable, "-m", "supervisor", "notify", "test", "--config", str(file), *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_every_target_gets_one_message_and_its_result_is_told(tmp_path: Path) -> None:
    with receiving() as good, receiving(401) as bad:
        config = (
            f'notify: [{{name: phone, url: "{good.url}"}}, {{name: mail, url: "json://u:s3cr3t@127.0.0.1:{bad.port}/"}}]\n'
            f"heartbeat_url: http://127.0.0.1:{good.port}/ping/uuid\n"
            'http: {listen: "127.0.0.1:14321"}\n'
        )
        asked = ask(tmp_path, config)
        assert asked.returncode == 1
        assert asked.stdout.splitlines() == [
            "phone          sent",
            "mail           not sent: it refuses the message (status 401, unauthorized)",
            "heartbeat_url  fetched",
        ]
        assert "s3cr3t" not in asked.stdout + asked.stderr
        assert good.bodies[0]["title"] == "ib-supervisor: test"
        assert good.bodies[0]["message"].endswith("\nhttp://127.0.0.1:14321/")
        assert ask(tmp_path, config, "--target", "phone").returncode == 0
        assert ask(tmp_path, config, "--target", "nobody").returncode == 2


def test_without_targets_it_says_that_nobody_would_be_told(tmp_path: Path) -> None:
    asked = ask(tmp_path, "")
    assert asked.returncode == 1
    assert "nobody would be told" in asked.stderr


def test_a_secret_in_a_file_is_read_and_a_wrong_one_is_a_fault_without_it(tmp_path: Path) -> None:
    with receiving() as receiver:
        (tmp_path / "phone.url").write_text(f"{receiver.url}\n")
        assert ask(tmp_path, "notify: [{name: phone, url_file: phone.url}]\n").returncode == 0
    (tmp_path / "phone.url").write_text("tgram://s3cr3t\n")
    asked = ask(tmp_path, "notify: [{name: phone, url_file: phone.url}]\n")
    assert asked.returncode == 78
    assert 'supervisor.yaml:2: notify[0].url_file: it is not what "tgram://" needs' in asked.stderr
    assert "s3cr3t" not in asked.stderr
    asked = ask(tmp_path, "notify: [{name: phone, url_file: nothere}]\n")
    assert asked.returncode == 78
    assert '"nothere" is not a file' in asked.stderr
