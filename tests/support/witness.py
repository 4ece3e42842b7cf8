"""A server that remembers what it was shown: each request with its headers, and the client's certificate over TLS.

    with Witness(tls=context, answers=lambda seen: Said(404)) as witness:
        ... witness.url ...
        assert [seen.subject for seen in witness.seen] == [None]
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import trustme


@dataclass(frozen=True)
class Seen:
    """One request; subject: the common name in the certificate that its client showed, or None."""

    method: str
    path: str  # with its query
    headers: dict[str, str]  # by lower-case name
    subject: str | None
    size: int  # of its body


@dataclass(frozen=True)
class Said:
    """One answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def redirect(url: str, status: int = 307) -> Said:
    """An answer that leads elsewhere."""
    return Said(status, headers={"Location": url})


class Witness:
    """The server, in a thread; answers() says what each request is told."""

    def __init__(self, answers: Callable[[Seen], Said] = lambda seen: Said(404),
                 tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self.answers = answers
        witness = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                """Nothing is written."""

            def any(self) -> None:
                """One request."""
                size = int(self.headers.get("Content-Length", 0))
                self.rfile.read(size)
                shown = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
                names = [value for part in (shown or {}).get("subject", ()) for key, value in part
                         if key == "commonName"]
                seen = Seen(self.command, self.path, {name.lower(): value for name, value in self.headers.items()},
                            (names or [None])[0], size)
                witness.seen.append(seen)
                said = witness.answers(seen)
                self.send_response(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(said.body)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = any

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def host(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """Its origin."""
        return f"{self.scheme}://{self.host}"

    def __enter__(self) -> Self:
        """Listening."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Gone."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Certificates:
    """An authority, a certificate for 127.0.0.1, and one for a client, as PEM files in a folder."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self._server = authority.issue_cert("127.0.0.1")
        client = authority.issue_cert("trainer.example", common_name="trainer")
        self._authority = authority
        self.bundle = folder / "ca.pem"
        self.client = folder / "client.pem"
        authority.cert_pem.write_to_path(self.bundle)
        client.private_key_and_cert_chain_pem.write_to_path(self.client)

    def context(self, verify: ssl.VerifyMode = ssl.CERT_OPTIONAL) -> ssl.SSLContext:
        """For a server that asks for a client's certificate, and with CERT_REQUIRED takes nobody without."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # a refusal belongs to the handshake
        self._server.configure_cert(context)
        self._authority.configure_trust(context)
        context.verify_mode = verify
        return context
