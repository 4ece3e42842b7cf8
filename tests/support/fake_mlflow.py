#!/usr/bin/env python3
"""A fake MLflow server that counts requests and injects what a real one will not do on demand.

    with FakeMlflow() as fake:
        run = fake.add_run(metrics={"val_accuracy": 0.9})
        fake.fail("model-versions/create", lost=True)       # carried out, the answer never arrives
        ... MLFLOW_TRACKING_URI=fake.url ...
        assert fake.count("POST", "model-versions/create") == 1
        assert fake.writes == [...]                         # what was sent that changes something
        assert fake.versions("fish")[0]["current_stage"] == "Production"

From a shell: fake_mlflow.py [--port N] [--run ID] [--auth USER:PASSWORD] [--token T] [--no-stages]
[--no-aliases] [--prefix /ml] [--fail JSON]... prints {"url": ...} and serves until it is told to stop.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import gzip
import json
import re
import signal
import socket
import ssl
import struct
import sys
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from fake_registry import ApiError, Registry, invalid, missing

API = "/api/2.0/mlflow/"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
READING_POSTS = ("logged-models/search", "registered-models/get-latest-versions")


@dataclass
class Request:
    """One request as it came in, and what became of it."""

    method: str
    path: str  # without the query, percent-decoded
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: bytes
    connection: int  # which TCP connection it came on, from 1
    status: int | None = None  # None: no answer was sent
    done: bool = False  # it was carried out

    @property
    def name(self) -> str:
        """The path without what all of them begin with: "runs/get"."""
        return self.path.rpartition("/2.0/mlflow/")[2] or self.path

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def writes(self) -> bool:
        """Whether it would change something."""
        return self.method not in ("GET", "HEAD") and self.name not in READING_POSTS


@dataclass
class Fault:
    """What goes wrong, for which requests. See FakeMlflow.fail."""

    path: str
    method: str = ".*"
    nth: int = 1
    times: int | None = 1
    status: int | None = None
    code: str | None = None
    message: str = "injected"
    body: bytes | None = None
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    retry_after: str | None = None
    redirect: str | None = None
    delay: float = 0
    delay_after: float = 0
    cut: int | None = None
    lost: bool = False
    reset: bool = False
    slow: float = 0
    huge_header: int = 0
    huge_body: int = 0
    coding: str | None = None
    unasked: bool = False
    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None
    seen: int = 0

    def matches(self, request: Request) -> bool:
        """Whether this request is one of those; counts those that look like them."""
        if not re.fullmatch(self.method, request.method) or not re.search(self.path, request.path):
            return False
        self.seen += 1
        return self.seen >= self.nth and (self.times is None or self.seen < self.nth + self.times)

    def answers(self) -> bool:
        """Whether it answers itself, so that nothing is carried out."""
        return self.status is not None or self.redirect is not None or self.body is not None

    def answer(self) -> Answer:
        """That answer."""
        headers = dict(self.headers)
        if self.retry_after is not None:
            headers["Retry-After"] = self.retry_after
        if self.redirect is not None:
            headers["Location"] = self.redirect
        if self.body is not None:
            return Answer(self.status or 200, self.body, self.content_type or "text/plain", headers)
        if self.redirect is not None:
            return Answer(self.status or 307, b"", "text/html", headers)
        assert self.status is not None
        if self.code is None:
            return Answer(self.status, self.message.encode(), self.content_type or "text/html", headers)
        error = {"error_code": self.code, "message": self.message}
        return Answer(self.status, json.dumps(error).encode(), "application/json", headers)


@dataclass
class Answer:
    """What is sent back."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Any, status: int = 200) -> Answer:
        """A JSON answer."""
        return cls(status, json.dumps(value).encode())

    def wire(self, date: str, fault: Fault | None, head_only: bool) -> bytes:
        """Head and body in one piece, as a fault may want them."""
        body = self.body + (b" " * fault.huge_body if fault else b"")
        try:
            reason = HTTPStatus(self.status).phrase
        except ValueError:
            reason = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {reason}", f"Date: {date}", "Server: fake"]
        lines += [f"Content-Type: {self.content_type}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if fault and fault.huge_header:
            lines += [f"X-Filler-{i}: {'x' * 1000}" for i in range(fault.huge_header // 1000 + 1)]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        return head if head_only else head + body


NO_ROUTE = Answer(404, b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n",
                  "text/html; charset=utf-8")


def encoded(answer: Answer, coding: str) -> Answer:
    """The same answer compressed, as mod_deflate and nginx do it; "x-raw" is deflate without its frame."""
    if coding == "gzip":
        body = gzip.compress(answer.body)
    elif coding == "deflate":
        body = zlib.compress(answer.body)
    elif coding == "x-raw":
        raw = zlib.compressobj(wbits=-15)
        body = raw.compress(answer.body) + raw.flush()
        coding = "deflate"
    else:
        body = answer.body  # what is said and what is done may differ
    return Answer(answer.status, body, answer.content_type,
                  {**answer.headers, "Content-Encoding": coding, "Vary": "Accept-Encoding"})


def parse_query(text: str) -> dict[str, str]:
    """The parameters of a query; what is given several times is joined by commas."""
    query: dict[str, str] = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        query[key] = f"{query[key]},{value}" if key in query else value
    return query


class Handler(BaseHTTPRequestHandler):
    """Reads requests off one connection and lets the fake answer them."""

    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        """Number the connection; close it when it is idle for too long, as uvicorn does."""
        self.timeout = self.server.fake.idle
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = self.server.fake.next_connection()

    def log_message(self, format: str, *args: Any) -> None:
        """Tests look at requests, not at a log."""

    def read_body(self) -> bytes:
        """By Content-Length or in chunks."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def handle_any(self) -> None:
        """One request of any method."""
        url = urlsplit(self.path)
        body = self.read_body()
        if len(body) < int(self.headers.get("Content-Length") or 0):
            self.close_connection = True
            return
        request = Request(self.command, unquote(url.path), parse_query(url.query),
                          {name.lower(): value for name, value in self.headers.items()}, body, self.number)
        self.server.fake.serve(request, self)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def reset(self) -> None:
        """End the connection so that the client sees it reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.hang_up()

    def hang_up(self) -> None:
        """End the connection after this request."""
        self.close_connection = True

    def send(self, request: Request, answer: Answer, fault: Fault | None) -> None:
        """The answer, whole or not."""
        wire = answer.wire(self.date_time_string(), fault, request.method == "HEAD")
        if fault and fault.cut is not None:
            wire = wire[: fault.cut]
            self.hang_up()
        pieces = [wire] if not (fault and fault.slow) else [wire[i : i + 1] for i in range(len(wire))]
        for piece in pieces:
            self.connection.sendall(piece)
            if fault and fault.slow and self.server.fake.stopping.wait(fault.slow):
                return


class Server(ThreadingHTTPServer):
    """The listening socket; a thread for each connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, fake: FakeMlflow, port: int) -> None:
        self.fake = fake
        super().__init__(("127.0.0.1", port), Handler)

    def shutdown_request(self, request: Any) -> None:
        """Close it and no more: shutting it down first would end a connection that is to be reset politely."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what many tests are about; anything else is a mistake here."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class FakeMlflow:
    """The server. Keyword arguments say what it lacks or wants.

    stages, aliases   whether it has these calls
    version           what /version says; None: no such path (as before MLflow 2)
    auth              (user, password) that Basic must bring; token: what Bearer must bring
    prefix            as --static-prefix: every path begins with it
    idle              seconds until an idle connection is closed
    tls               a server-side ssl.SSLContext
    """

    def __init__(self, *, stages: bool = True, aliases: bool = True, version: str | None = "3.17.2",
                 auth: tuple[str, str] | None = None, token: str | None = None, prefix: str = "",
                 idle: float = 5.0, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.registry = Registry(stages=stages, aliases=aliases)
        self.add_run = self.registry.add_run
        self.add_version = self.registry.add_version
        self.add_logged_model = self.registry.add_logged_model
        self.version = version
        self.prefix = prefix
        self.idle = idle
        self.wanted = [f"Bearer {token}"] if token else []
        if auth:
            self.wanted.append("Basic " + base64.b64encode(":".join(auth).encode()).decode())
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.connections = 0
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.server = Server(self, port)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.scheme = "https" if tls else "http"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    # ---- life

    @property
    def url(self) -> str:
        """What MLFLOW_TRACKING_URI should be."""
        return f"{self.scheme}://127.0.0.1:{self.server.server_port}{self.prefix}"

    def start(self) -> Self:
        """Serve, in a thread."""
        self.thread.start()
        return self

    def stop(self) -> None:
        """End it; whoever waits in a delay is let go."""
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def __enter__(self) -> Self:
        """Start it."""
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Stop it."""
        self.stop()

    def next_connection(self) -> int:
        """The number of a new connection."""
        with self.lock:
            self.connections += 1
            return self.connections

    # ---- what tests ask and order

    @property
    def writes(self) -> list[Request]:
        """The requests that would change something, in order, whatever was answered."""
        with self.lock:
            return [request for request in self.requests if request.writes]

    @property
    def calls(self) -> list[str]:
        """All requests as "POST model-versions/create"."""
        with self.lock:
            return [f"{request.method} {request.name}" for request in self.requests]

    def count(self, method: str, path: str) -> int:
        """How many requests came whose method is this and whose path matches."""
        with self.lock:
            return sum(request.method == method and bool(re.search(path, request.path)) for request in self.requests)

    def versions(self, name: str) -> list[dict[str, Any]]:
        """The versions of a model, by number; tags as a dict, aliases as a list."""
        return self.registry.versions(name)

    def in_stage(self, name: str, stage: str = "Production") -> list[int]:
        """The numbers of the versions in a stage."""
        return self.registry.in_stage(name, stage)

    def artifacts(self, run_id: str) -> dict[str, bytes]:
        """What lies in the artifacts of a run, by path below them."""
        start = self.registry.runs[run_id]["info"]["artifact_uri"].removeprefix("mlflow-artifacts:/") + "/"
        kept = dict(self.registry.artifacts)
        return {path.removeprefix(start): content for path, content in kept.items() if path.startswith(start)}

    def fail(self, path: str, **fault: Any) -> Fault:
        """Let something go wrong with requests whose path matches the regular expression.

        method, nth, times     which of them: the nth to come, and how many (None: all from there on)
        status, code, message  answer that, carry nothing out (code: as MLflow's JSON; without: as plain HTML)
        body, content_type, headers, retry_after, redirect   the same, in more detail
        delay, delay_after     seconds before it is carried out, and before it is answered
        lost                   carry it out, hang up without an answer
        cut                    carry it out, send so many bytes of the answer, hang up
        reset                  carry nothing out, reset the connection
        coding, unasked        carry it out, compress the answer if that was asked for, or unasked
        slow                   seconds between the bytes of the answer
        huge_header, huge_body so many bytes more
        before, after          called before it is carried out, and before it is answered
        """
        added = Fault(path, **fault)
        with self.lock:
            self.faults.append(added)
        return added

    # ---- serving

    def fault_for(self, request: Request) -> Fault | None:
        """The first fault that wants this request; all of them count it."""
        with self.lock:
            wanting = [fault for fault in self.faults if fault.matches(request)]
            self.requests.append(request)
        return wanting[0] if wanting else None

    def serve(self, request: Request, handler: Handler) -> None:
        """One request, faults and all."""
        fault = self.fault_for(request)
        if fault and fault.before:
            fault.before()
        if fault and self.stopping.wait(fault.delay):
            return
        if fault and fault.reset:
            handler.reset()
            return
        if fault and fault.answers():
            answer = fault.answer()
        else:
            answer = self.carry_out(request)
            request.done = answer.status < 400
        if fault and fault.after:
            fault.after()
        if fault and (self.stopping.wait(fault.delay_after) or fault.lost):
            handler.hang_up()
            return
        if fault and fault.coding and (fault.unasked or fault.coding in request.headers.get("accept-encoding", "")):
            answer = encoded(answer, fault.coding)
        request.status = answer.status
        with contextlib.suppress(OSError):
            handler.send(request, answer, fault)

    def carry_out(self, request: Request) -> Answer:
        """What MLflow would do."""
        if not request.path.startswith(self.prefix):
            return NO_ROUTE
        path = request.path[len(self.prefix):]
        if path == "/health":
            return Answer(200, b"OK", "text/html")
        if self.wanted and request.headers.get("authorization") not in self.wanted:
            return Answer(401, b"You are not authenticated. Please see the documentation on how to authenticate.",
                          "text/html", {"WWW-Authenticate": 'Basic realm="mlflow"'})
        if path == "/version" and self.version is not None:
            return Answer(200, self.version.encode(), "text/html")
        return self.call(request, path)

    def call(self, request: Request, path: str) -> Answer:
        """A call of the REST API, or of the artifact proxy."""
        try:
            with self.registry.lock:
                if path == ARTIFACTS or path.startswith(ARTIFACTS + "/"):
                    return self.artifact(request, unquote(path[len(ARTIFACTS):]).lstrip("/"))
                return self.api(request, path)
        except ApiError as error:
            return Answer.of(error.body(), error.status)

    def api(self, request: Request, path: str) -> Answer:
        """A call of the REST API."""
        if request.method == "GET" and path.startswith(f"{API}logged-models/"):
            return Answer.of(self.registry.get_logged_model(path.rpartition("/")[2]))
        call = self.registry.routes.get((request.method, path.removeprefix(API)))
        if not path.startswith(API) or call is None:
            return NO_ROUTE
        if request.method == "GET":
            return Answer.of(call(dict(request.query)))
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise invalid("Bad Request. Content-Type must be application/json.")
        try:
            body = json.loads(request.body)
        except ValueError:
            raise invalid("Malformed JSON") from None
        if isinstance(body.get("version"), int):
            raise invalid("Invalid value for parameter 'version' supplied.")
        return Answer.of(call(body))

    def artifact(self, request: Request, path: str) -> Answer:
        """A call of the artifact proxy."""
        kept = self.registry.artifacts
        if request.method == "GET" and not path:
            return Answer.of(self.registry.list_artifacts(request.query.get("path", "")))
        if "#" in path or ".." in path.split("/") or path.startswith("/"):
            raise invalid("Invalid path")
        if request.method == "PUT":
            kept[path] = request.body
            return Answer(200)
        if request.method == "DELETE":
            for gone in [kept_path for kept_path in kept if f"{kept_path}/".startswith(f"{path}/")]:
                del kept[gone]
            return Answer.of({})
        if path not in kept:
            raise missing(f"No such artifact: '{path}'")
        return Answer(200, kept[path], "application/octet-stream")


def main() -> int:
    """The server by itself."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--run", action="append", default=[], help="a run that is there from the start")
    parser.add_argument("--auth", help="USER:PASSWORD")
    parser.add_argument("--token")
    parser.add_argument("--prefix", default="")
    parser.add_argument("--no-stages", action="store_true")
    parser.add_argument("--no-aliases", action="store_true")
    parser.add_argument("--fail", action="append", default=[], type=json.loads,
                        help='{"path": "runs/get", "status": 503}')
    asked = parser.parse_args()
    fake = FakeMlflow(stages=not asked.no_stages, aliases=not asked.no_aliases, prefix=asked.prefix, port=asked.port,
                      auth=tuple(asked.auth.split(":", 1)) if asked.auth else None, token=asked.token)
    for run in asked.run:
        fake.registry.add_run(run)
    for fault in asked.fail:
        fake.fail(**fault)
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    with fake:
        print(json.dumps({"url": fake.url}), flush=True)
        told.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
