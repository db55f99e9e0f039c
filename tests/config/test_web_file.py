"""The file of `http.web_config`: what it may say, what is refused with which words, and that promtool agrees."""

import os
import shutil
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from supervisor.config.load import load
from supervisor.config.reading.faults import ConfigError, Faults
from supervisor.config.settings import Security
from supervisor.config.web_file import read_web_file, server_context
from tests.config.loading import LIVE
from tests.config.web_files import HASH, TLS, USERS, a_web_file

GOOD = {
    "empty": "{}",
    "nothing in it": "{}\n",
    "tls": TLS,
    "users": USERS,
    "tls and users": TLS + USERS,
    "newest tls only": "tls_server_config: {cert_file: tls.crt, key_file: tls.key, min_version: TLS13}\n",
    "a range": "tls_server_config: {cert_file: tls.crt, key_file: tls.key, min_version: TLS12, max_version: TLS12}\n",
    "certificates of clients": (
        "tls_server_config: {cert_file: tls.crt, key_file: tls.key, client_auth_type: RequireAndVerifyClientCert, "
        "client_ca_file: tls.crt}\n"
    ),
    "http2": "http_server_config: {http2: true}\n",
}


def read(path: Path) -> tuple[Security, list[str]]:
    """What the file says, and its faults."""
    faults = Faults("web.yaml")
    security = read_web_file(path, faults)
    return security, [str(fault) for fault in faults.told()]


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_what_is_good_here_is_good_for_promtool(tmp_path: Path, text: str) -> None:
    path = a_web_file(tmp_path, text)
    assert read(path)[1] == []
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run(["promtool", "check", "web-config", str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_what_it_says(tmp_path: Path) -> None:
    security, _ = read(a_web_file(tmp_path, TLS + USERS))
    assert security.users == (("prometheus", HASH),)
    assert security.tls is not None
    assert (security.tls.cert, security.tls.key) == (tmp_path / "tls.crt", tmp_path / "tls.key")
    assert security.known_clients
    assert HASH not in repr(security)
    context = server_context(security.tls)
    assert (context.minimum_version, context.verify_mode) == (ssl.TLSVersion.TLSv1_2, ssl.CERT_NONE)


@pytest.mark.parametrize(("name", "known"), [("empty", False), ("tls", False), ("certificates of clients", True)])
def test_clients_are_known_by_passwords_or_certificates(tmp_path: Path, name: str, known: bool) -> None:
    assert read(a_web_file(tmp_path, GOOD[name]))[0].known_clients is known


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("tls_server_cnofig: {}", 'web.yaml:1: tls_server_cnofig: unknown key; did you mean "tls_server_config"?'),
        ("[a]", "web.yaml:1: a list is not a mapping; write its keys below it, as KEY: VALUE"),
        ("rate_limit: {burst: 1}", "web.yaml:1: rate_limit: is not supported; leave it out"),
        (
            "tls_server_config: {key_file: tls.key}",
            "web.yaml:1: tls_server_config.cert_file: missing; write cert_file: FILE",
        ),
        (
            "tls_server_config: {cert_file: no.crt, key_file: tls.key}",
            'web.yaml:1: tls_server_config.cert_file: "no.crt" is not a file; write the path of one',
        ),
        (
            "tls_server_config: {cert_file: tls.crt, key_file: tls.key, min_version: TLS10}",
            'web.yaml:1: tls_server_config.min_version: "TLS10" is not supported; write TLS12, TLS13',
        ),
        (
            "tls_server_config: {cert_file: tls.crt, key_file: tls.key, min_version: TLS13, max_version: TLS12}",
            "web.yaml:1: tls_server_config.max_version: TLS12 is below min_version; write TLS13",
        ),
        (
            "tls_server_config: {cert_file: tls.crt, key_file: tls.key, cipher_suites: [TLS_AES_128_GCM_SHA256]}",
            "web.yaml:1: tls_server_config.cipher_suites: is not supported; leave it out",
        ),
        (
            "tls_server_config: {cert_file: tls.crt, key_file: tls.key, client_auth_type: RequireAndVerifyClientCert}",
            "web.yaml:1: tls_server_config.client_ca_file: missing; "
            "RequireAndVerifyClientCert needs client_ca_file: FILE",
        ),
        ("basic_auth_users: [a]", "web.yaml:1: basic_auth_users: is not a mapping; write NAME: HASH below it"),
        (
            "basic_auth_users: {a: secret}",
            "web.yaml:1: basic_auth_users.a: is not a bcrypt hash; make one by htpasswd -nBC 10 NAME",
        ),
        (
            f"basic_auth_users: {{a: {HASH.replace('Kuh.kf0', 'Kuhakf0')}}}",  # the library knows no such salt
            "web.yaml:1: basic_auth_users.a: is not a bcrypt hash; make one by htpasswd -nBC 10 NAME",
        ),
        (
            f"basic_auth_users: {{a: {HASH.replace('$04$', '$31$')}}}",
            "web.yaml:1: basic_auth_users.a: its cost is not 4 to 14; make one by htpasswd -nBC 10 NAME",
        ),
        (
            f'basic_auth_users: {{"a:b": {HASH}}}',
            'web.yaml:1: basic_auth_users."a:b": is not a user name; write at least one sign, and no colon',
        ),
        (
            "http_server_config: {headers: {X: y}}",
            "web.yaml:1: http_server_config.headers: is not supported; leave it out",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    assert read(a_web_file(tmp_path, text))[1] == [fault]


def test_a_key_that_does_not_fit_its_certificate(tmp_path: Path) -> None:
    path = a_web_file(tmp_path, TLS)
    (tmp_path / "tls.key").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    (fault,) = read(path)[1]
    assert fault.startswith("web.yaml:1: tls_server_config: cannot be used: ")


def test_its_faults_refuse_the_config_and_name_the_file_they_are_in(tmp_path: Path) -> None:
    web = a_web_file(tmp_path, "basic_auth_users: {a: secret}")
    (tmp_path / "c.yaml").write_text(f"gateways: [{LIVE}]\nhttp: {{web_config: web.yaml}}")
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "c.yaml", {})
    assert str(refused.value).startswith(f"{web}:1: basic_auth_users.a: ")
    assert "secret" not in str(refused.value)


def test_its_faults_are_told_together_with_those_of_the_config(tmp_path: Path) -> None:
    web = a_web_file(tmp_path, "basic_auth_users: {a: secret}")
    (tmp_path / "c.yaml").write_text(f"gateways: [{LIVE}]\nhttp: {{web_config: web.yaml}}\nlgo: {{}}")
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "c.yaml", {})
    assert [(fault.file, fault.line) for fault in refused.value.faults] == [
        (str(tmp_path / "c.yaml"), 3),
        (str(web), 1),
    ]


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = a_web_file(tmp_path, "")
    path.write_bytes(b"\xff\xfe\xff")
    assert read(path)[1] == ["web.yaml:1: not UTF-8: byte 0xff; save the file as UTF-8"]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = a_web_file(tmp_path, "")
    path.write_bytes(b"basic_auth_users: {}\n" + b"#" * 30_000_000)
    began = time.perf_counter()
    assert read(path)[1] == ["web.yaml: larger than 1048576 bytes; give the path of a config file"]
    assert time.perf_counter() - began < 1.0


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "web.yaml")
    assert read(tmp_path / "web.yaml")[1] == ["web.yaml: is a pipe; give the path of a config file"]
    (tmp_path / "c.yaml").write_text(f"gateways: [{LIVE}]\nhttp: {{web_config: web.yaml}}")
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "c.yaml", {})
    assert 'web.yaml" is not a file' in str(refused.value)
