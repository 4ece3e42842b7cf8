"""Constant load on a service: clients that send request after request, and what became of each."""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Sample:
    """One request; times on the monotonic clock."""

    began: float
    ended: float
    status: int  # 0: there was no answer
    version: str  # X-Model-Version, or ""
    body: bytes
    error: str = ""


class Load:
    """Posts `body` to `url` from `clients` threads, each over one connection, while the block lasts.

    Each client begins a request `every` so many seconds; at once where the one before took longer, or with 0.
    """

    def __init__(self, url: str, body: bytes, clients: int = 4, every: float = 0) -> None:
        self.parts = urlsplit(url)
        self.body = body
        self.every = every
        self.samples: list[Sample] = []  # in the order of their ends
        self.changed = threading.Condition()
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def _run(self) -> None:
        assert self.parts.hostname
        connection = http.client.HTTPConnection(self.parts.hostname, self.parts.port, timeout=60)
        while not self.ending.is_set():
            sample = self._send(connection)
            rest = sample.began + self.every - time.monotonic()
            with self.changed:
                self.samples.append(sample)
                self.changed.notify_all()
            if rest > 0:
                self.ending.wait(rest)
        connection.close()

    def _send(self, connection: http.client.HTTPConnection) -> Sample:
        began = time.monotonic()
        try:
            connection.request("POST", self.parts.path, self.body, {"Content-Type": "image/png"})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return Sample(began, time.monotonic(), 0, "", b"", repr(error))
        return Sample(began, time.monotonic(), answer.status, answer.getheader("X-Model-Version", ""), body)

    def wait_for_more(self, count: int = 20) -> None:
        """Until so many more requests have ended."""
        with self.changed:
            least = len(self.samples) + count
            assert self.changed.wait_for(lambda: len(self.samples) >= least, timeout=120)

    @property
    def lost(self) -> list[Sample]:
        """The requests without an answer of a model."""
        return [sample for sample in self.samples if sample.status != 200]

    def began_after(self, moment: float) -> list[Sample]:
        """The requests that began after it."""
        return [sample for sample in self.samples if sample.began > moment]

    def __enter__(self) -> Self:
        """Sending."""
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Ended; every request that was sent has its sample."""
        self.ending.set()
        for thread in self.threads:
            thread.join()
