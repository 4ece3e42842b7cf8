"""Secrets of TLS that a variable asks for."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

from conftest import Attack, FakeMlflow


def test_tls_keys_are_written_nowhere(attack: Attack, tmp_path: Path) -> None:
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
                    "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with FakeMlflow(tls=context) as server:
        ended = attack("status", env={"MLFLOW_TRACKING_URI": server.url, "MLFLOW_TRACKING_INSECURE_TLS": "true",
                                      "SSLKEYLOGFILE": str(tmp_path / "keys.log")})
        assert ended.status == 0, ended.stderr
        assert server.requests
    assert not (tmp_path / "keys.log").exists()
