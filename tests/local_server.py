"""A server on the loopback under its guard: what those of several stores have in common."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar, Self

from servers import Guarded, ServerError, reserve_port

STARTED_WITHIN = 60.0  # seconds


class LocalServer:
    """A server whose folder is kept when it stops; started again it has the port that it had.

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
        self._server: Guarded | None = None
        self._port_lock: IO[bytes] | None = None

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
        """Starts it and waits until it answers; raises ServerError with the end of its log."""
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

    def stop(self) -> None:
        """Stops it."""
        if self._server:
            self._server.stop()
            self._server = None
        if self._port_lock:
            self._port_lock.close()
            self._port_lock = None

    def __enter__(self) -> Self:
        """Started."""
        return self if self._server else self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Stopped, whatever happened."""
        self.stop()
