"""Files for `http.web_config`: certificates made on the spot, and hashes of known passwords."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

PASSWORD = "correct horse"
HASH = "$2y$04$KYUjRH3toDjhGQblC2Kuh.kf0ZkYBuDqei0OJo/NPvDpOpOPZCbSq"
"""bcrypt of `PASSWORD`, as cheap as it gets."""
TLS = "tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n"
USERS = f"basic_auth_users: {{prometheus: {HASH}}}\n"


@cache
def _certificate() -> tuple[str, str]:
    """A self-signed certificate for 127.0.0.1 and localhost, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    make += ["-days", "3650", "-subj", "/CN=localhost", "-addext", names, "-keyout", "-", "-out", "-"]
    said = subprocess.run(make, capture_output=True, text=True, check=True, timeout=60).stdout
    begin = said.index("-----BEGIN CERTIFICATE")
    return said[begin:], said[:begin]


def a_web_file(folder: Path, text: str) -> Path:
    """The file with this text, the certificate and its key beside it, readable by their owner alone."""
    certificate, key = _certificate()
    for name, content in (("tls.crt", certificate), ("tls.key", key), ("web.yaml", text)):
        (folder / name).write_text(content)
        (folder / name).chmod(0o600)
        os.utime(folder / name, (0, 0))  # written long ago: nobody waits for it to rest
    return folder / "web.yaml"
