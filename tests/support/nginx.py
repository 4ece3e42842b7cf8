"""A real nginx on the loopback: what stands in front of many an MLflow server."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from servers import ROOT, Guarded, ServerError, Started, reserve_port

MAIN = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/access.log combined;
    {temporary}
    log_format sent '$request_method $uri $status $sent_http_content_encoding $http_accept_encoding';
    access_log {folder}/sent.log sent;
    {http}
    server {{
        listen 127.0.0.1:{port}{tls};
        {server}
    }}
}}
"""
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Nginx(Started):
    """One server block.

    folder     where its configuration, logs and temporary files go
    server     the inside of the server block
    tls        certificate and key, for https
    http       what stands beside the server block
    """

    def __init__(self, folder: Path, server: str, tls: tuple[Path, Path] | None = None, *, http: str = "") -> None:
        self.folder = folder
        self.server = server
        self.tls = tls
        self.http = http
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Starts it and waits until it listens."""
        program = subprocess.run([ROOT / "scripts/lib/nginx.sh"], stdout=subprocess.PIPE, text=True,
                                 check=True).stdout.strip()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, self._port_lock = reserve_port()
        server = self.server
        if self.tls:
            server = f"ssl_certificate {self.tls[0]};\n        ssl_certificate_key {self.tls[1]};\n        {server}"
        temporary = "\n    ".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in TEMPORARY)
        configuration = self.folder / "nginx.conf"
        configuration.write_text(MAIN.format(
            user="user root;" if os.getuid() == 0 else "", folder=self.folder, temporary=temporary, port=self.port,
            tls=" ssl" if self.tls else "", http=self.http, server=server))
        self._server = Guarded([program, "-p", str(self.folder), "-c", str(configuration)], self.folder / "log")
        self.wait()
        return self

    def wait(self) -> None:
        """Until it takes connections."""
        until = time.monotonic() + 20
        while time.monotonic() < until and self._server and not self._server.ended():
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        tail = self._server.log_tail() if self._server else ""
        self.stop()
        raise ServerError(f"nginx did not start: {tail}")

    @property
    def sent(self) -> list[list[str]]:
        """Each answer so far: method, path, status, Content-Encoding or "-", and what the client accepts."""
        return [line.split(" ", 4) for line in (self.folder / "sent.log").read_text().splitlines()]
