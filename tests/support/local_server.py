"""What the servers of several stores have in common: one of others' making under its guard, or one of our own."""

from __future__ import annotations

import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from servers import Guarded, ServerError, Started, reserve_port

STARTED_WITHIN = 60.0  # seconds


class LocalServer(Started):
    """A server on a port, which answers once it is ready.

    tls       (certificate, key): it serves https with these PEM files
    name      what its log and its errors call it
    unwanted  variables of the caller that it does not get, by how they begin
    """

    name: ClassVar[str]
    unwanted: ClassVar[tuple[str, ...]] = ()

    def __init__(self, folder: Path | str, tls: tuple[Path, Path] | None = None) -> None:
        self.folder = Path(folder).resolve()
        self.tls = tls
        self.log = self.folder / f"{self.name}.log"
        self.port = 0

    @property
    def url(self) -> str:
        """Where it is, once it was started."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """How it is started on its port."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it takes requests."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """More variables for it."""
        return {}

    def start(self) -> Self:
        """Started again, it has the port that it had."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, self._port_lock = reserve_port(self.port)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(self.unwanted)}
        self._server = Guarded(self.command(), self.log, cwd=self.folder, env=kept | self.environment())
        until = time.monotonic() + STARTED_WITHIN
        try:
            while not self.answers():
                if self._server.ended() or time.monotonic() > until:
                    raise ServerError(f"{self.name} did not start:\n{self._server.log_tail()}")
                time.sleep(0.05)
        except BaseException:
            self.stop()
            raise
        return self


class Answering:
    """An HTTP server in this process: within the block it answers, as the handler that it is given says."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}"

    def __enter__(self) -> Self:
        """Serving."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Gone."""
        self._server.shutdown()
        self._server.server_close()
