"""A proxy before a real MLflow server that loses, breaks and delays what it is told to.

    with FaultProxy(server.url) as proxy:
        proxy.on("one", lambda request: Fault("drop") if request.name == "model-versions/create" else None)
        ... MLFLOW_TRACKING_URI=proxy.url("one") ...
        assert proxy.sent("one") == ["GET runs/get", ...]

Every caller has a label of its own, the first part of its path: so the proxy knows who sent what. A request
that was read whole is carried out whatever becomes of its sender, as a real server would.

FaultProxy(url, signed=True) stands before a server whose requests are signed with their host and path: it passes
both on as they came, and all its callers are one, labelled "".
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

HEAD_END = b"\r\n\r\n"
UNAVAILABLE = b'{"error_code": "TEMPORARILY_UNAVAILABLE", "message": "injected"}'
ANSWER_503 = (b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\n"
             b"Content-Length: %d\r\n\r\n%s" % (len(UNAVAILABLE), UNAVAILABLE))

DENIED = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
ANSWER_403 = (b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nConnection: close\r\n"
             b"Content-Length: %d\r\n\r\n%s" % (len(DENIED), DENIED))


@dataclass(frozen=True)
class Request:
    """One request: whose it is, which of the sender's it is (from 1), and what it asks for."""

    label: str
    index: int
    method: str
    name: str  # the path without what all have in common: "model-versions/create"
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)  # by lower-case name


@dataclass(frozen=True)
class Fault:
    """What becomes of a request.

    kind      reset   the connection breaks, nothing is carried out
              drop    carried out, and the connection breaks instead of an answer
              503     carried out, and the answer is 503
              403     not carried out, and the answer is 403
              slow    carried out at once, answered after `seconds`
              late    carried out after `seconds`, then answered
              answer  answered with these bytes, nothing is carried out
              ""      as if there were no proxy
    before    called when the request was read, before it goes on
    after     called when it was carried out, before it is answered
    answer    what is answered, for that kind
    alter     makes another head of the one that came, before it goes on
    """

    kind: str = ""
    seconds: float = 0.0
    before: Callable[[], None] | None = None
    after: Callable[[], None] | None = None
    answer: bytes = b""
    alter: Callable[[bytes], bytes] | None = None


Decide = Callable[[Request], Fault | None]
NO_FAULT = Fault()


class FaultProxy:
    """The proxy, in a thread of its own, before the server at `upstream` (http://host:port)."""

    def __init__(self, upstream: str, *, signed: bool = False) -> None:
        self._upstream = urlsplit(upstream)
        self._signed = signed
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._decide: dict[str, Decide] = {}
        self._sent: defaultdict[str, list[str]] = defaultdict(list)
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself holds them but weakly
        self._busy = 0
        self._port = 0

    def url(self, label: str) -> str:
        """Where the caller of that label finds the server."""
        return f"http://127.0.0.1:{self._port}/{label}".removesuffix("/")

    def on(self, label: str, decide: Decide) -> None:
        """Ask this function about every request of a label from now on."""
        self._decide[label] = decide

    def sent(self, label: str) -> list[str]:
        """The requests of a label so far, as "METHOD name"."""
        return list(self._sent[label])

    def settle(self, seconds: float = 60.0) -> None:
        """Wait until nothing is on its way any more."""
        until = time.monotonic() + seconds
        while self._busy:
            assert time.monotonic() < until, f"{self._busy} requests are still on their way"
            time.sleep(0.005)

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[bytes, bytes]:
        """A request: its head and its body."""
        head = await reader.readuntil(HEAD_END)
        size = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                size = int(value)
            if name.lower() == b"expect":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return head, await reader.readexactly(size)

    def _note(self, head: bytes) -> tuple[Request, bytes]:
        """What a head asks for, and the head as the server is to see it."""
        first, *lines = head.removesuffix(HEAD_END).split(b"\r\n")
        method, target, version = first.split(b" ")
        label, _, rest = (target if self._signed else target.lstrip(b"/")).partition(b"/")
        headers = {name.lower(): value.strip() for name, _, value in (line.decode("latin-1").partition(":")
                                                                      for line in lines)}
        kept = [line for line in lines if line.partition(b":")[0].lower() not in (b"host", b"connection", b"expect")]
        host = headers["host"] if self._signed else self._upstream.netloc
        whole = b"\r\n".join([b"%s /%s %s" % (method, rest, version), b"Host: " + host.encode(), b"Connection: close",
                              *kept])
        path, _, query = rest.decode().partition("?")
        name = path.rpartition("/2.0/mlflow/")[2]
        log = self._sent[label.decode()]
        log.append(f"{method.decode()} {name}")
        return Request(label.decode(), len(log), method.decode(), name, query, headers), whole + HEAD_END

    async def _carry_out(self, request: bytes) -> bytes:
        """The server's whole answer."""
        assert self._upstream.hostname
        reader, writer = await asyncio.open_connection(self._upstream.hostname, self._upstream.port)
        try:
            writer.write(request)
            await writer.drain()
            return await reader.read()
        finally:
            writer.close()

    async def _answer(self, head: bytes, body: bytes) -> bytes:
        """What the caller gets; nothing: its connection breaks."""
        request, head = self._note(head)
        decide = self._decide.get(request.label)
        fault = (decide(request) if decide else None) or NO_FAULT
        if fault.before:
            fault.before()
        if fault.kind in ("reset", "403", "answer"):
            return ANSWER_403 if fault.kind == "403" else fault.answer
        if fault.alter:
            head = fault.alter(head)
        if fault.kind == "late":
            await asyncio.sleep(fault.seconds)
        answer = await self._carry_out(head + body)
        if fault.after:
            fault.after()
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        return {"drop": b"", "503": ANSWER_503}.get(fault.kind, answer)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection carries one request."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head, body = await self._read(reader, writer)
            self._busy += 1
            try:
                answer = await self._answer(head, body)
            finally:
                self._busy -= 1
            if answer:
                writer.write(answer)
                await writer.drain()
            else:  # a reset, not an orderly end
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=256)
        self._port = self._server.sockets[0].getsockname()[1]

    def __enter__(self) -> Self:
        """Listening."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Gone, with all connections."""

        async def stop() -> None:
            assert self._server
            self._server.close()
            left = list(self._tasks)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
