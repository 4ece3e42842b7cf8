"""What stands in front of a server: TLS, as an ingress gives it, or a line that goes dead in mid-call."""

from __future__ import annotations

import contextlib
import select
import socket
import socketserver
import ssl
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from static_hosts import Authority


def make_client_certificate(authority: Authority) -> Path:
    """A PEM file with a certificate of that authority and its key, by the openssl command."""
    folder = authority.bundle.parent
    request = ("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -keyout client.key -out client.csr "
               "-subj /CN=trainer")
    sign = "x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out client.crt"
    for line in (request, sign):
        subprocess.run(["openssl", *line.split()], cwd=folder, check=True, capture_output=True)
    pem = folder / "client.pem"
    pem.write_bytes((folder / "client.crt").read_bytes() + (folder / "client.key").read_bytes())
    return pem


class Front(socketserver.ThreadingTCPServer):
    """Listens on a free port of the loopback; what comes goes on to `port`, and back."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, authority: Authority | None = None, clients: Path | None = None,
                 dead_at: bytes = b"") -> None:
        """PORT is on the loopback.

        With an AUTHORITY it speaks TLS; CLIENTS are the authorities whose certificates a client must have one of.
        The line goes dead where a caller says DEAD_AT: from there on nothing goes on, and nothing comes back.
        """
        super().__init__(("127.0.0.1", 0), Relay)
        self.port = port
        self.dead_at = dead_at
        self.dead = threading.Event()
        self.bytes_through = 0
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if authority else None
        if self.context and authority:
            self.context.load_cert_chain(authority.certificate, authority.key)
        if self.context and clients:
            self.context.load_verify_locations(clients)
            self.context.verify_mode = ssl.CERT_REQUIRED

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http{'s' if self.context else ''}://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        """Serving, in a thread."""
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Stopped."""
        self.shutdown()
        self.server_close()


class Relay(socketserver.BaseRequestHandler):
    """One connection."""

    server: Front

    def handle(self) -> None:
        """A side that goes ends it."""
        with (contextlib.suppress(OSError), self.secured() as near,
              socket.create_connection(("127.0.0.1", self.server.port)) as far):
            self.relay(near, far)

    def secured(self) -> socket.socket:
        """The caller's side after the handshake.

        A caller that is refused is heard to its end: a connection that is closed with something unread is reset,
        and may take the alert along, which says why.
        """
        if not self.server.context:
            return self.request
        near = self.server.context.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
        try:
            near.do_handshake()
        except ssl.SSLError:
            with socket.socket(fileno=near.detach()) as plain:
                plain.shutdown(socket.SHUT_WR)
                while plain.recv(65536):
                    pass
            raise
        return near

    def relay(self, near: socket.socket, far: socket.socket) -> None:
        """Until one side closes; by one thread, as a TLS connection wants it."""
        while True:
            waits = isinstance(near, ssl.SSLSocket) and near.pending() > 0
            ready = [near] if waits else select.select([near, far], [], [])[0]
            for source, target in ((near, far), (far, near)):
                if source not in ready:
                    continue
                data = source.recv(65536)
                if not data:
                    return
                if source is near and self.server.dead_at and self.server.dead_at in data:
                    self.server.dead.set()
                if not self.server.dead.is_set():
                    target.sendall(data)
                    self.server.bytes_through += len(data)
