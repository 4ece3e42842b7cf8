"""Toxiproxy before a server: connections that are slow, cut, reset, or fall silent.

    with Toxiproxy(folder, upstream="127.0.0.1:9000") as proxy:
        with proxy.toxic("limit_data", bytes=40): ... clients at proxy.url get 40 bytes of each answer ...
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
from object_stores import go_tool
from servers import Guarded, ServerError, reserve_port

STARTED_WITHIN = 60.0  # seconds


class Toxiproxy:
    """One proxy of a toxiproxy of its own.

    upstream  host:port of the server
    url       where clients find it
    """

    def __init__(self, folder: Path, upstream: str) -> None:
        self.log = folder / "toxiproxy.log"
        self.upstream = upstream
        self.url = ""
        self._session = requests.Session()
        self._session.trust_env = False

    def _call(self, method: str, path: str, **body: Any) -> None:
        answer = self._session.request(method, f"{self._api}/{path}", json=body or None, timeout=10)
        assert answer.ok, answer.text

    @contextlib.contextmanager
    def toxic(self, kind: str, stream: str = "downstream", **attributes: int) -> Iterator[None]:
        """With a fault on every connection; "down": nobody listens."""
        if kind == "down":
            self._call("POST", "proxies/store", enabled=False)
            yield
            self._call("POST", "proxies/store", enabled=True)
        else:
            self._call("POST", "proxies/store/toxics", name="fault", type=kind, stream=stream, attributes=attributes)
            yield
            self._call("DELETE", "proxies/store/toxics/fault")

    def _wait(self) -> None:
        """Returns when it takes calls."""
        until = time.monotonic() + STARTED_WITHIN
        while time.monotonic() < until and not self._server.ended():
            with contextlib.suppress(requests.ConnectionError):
                self._call("GET", "version")
                return
            time.sleep(0.05)
        raise ServerError(f"toxiproxy did not start:\n{self._server.log_tail()}")

    def __enter__(self) -> Self:
        """Started, without a fault."""
        port, self._api_lock = reserve_port()
        listen, self._lock = reserve_port()
        self._api = f"http://127.0.0.1:{port}"
        self.url = f"http://127.0.0.1:{listen}"
        self._server = Guarded([go_tool("toxiproxy"), "-host", "127.0.0.1", "-port", str(port)], self.log)
        try:
            self._wait()
            self._call("POST", "proxies", name="store", listen=f"127.0.0.1:{listen}", upstream=self.upstream)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Stopped."""
        self._server.stop()
        self._api_lock.close()
        self._lock.close()
