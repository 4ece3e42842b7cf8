"""An inference service of this process, which tells what it serves and can be made to fail in every way.

Each replica is an HTTP server of its own on loopback. GET /model tells the version; POST /reload makes every replica
load one, unless it is told to misbehave.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

RELOAD = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1] + "/reload?version=" + sys.argv[2], method="POST")
print(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).status)
"""


class Replica(ThreadingHTTPServer):
    """One process of the service."""

    daemon_threads = True

    def __init__(self, service: Service, place: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        super().__init__(place, Handler)
        self.host = place[0]
        self.service = service
        self.version = 0  # that it says it serves
        self.answering = 0  # whose answers it gives
        self.asked = 0
        self.hosts: set[str] = set()  # that requests named

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self.host}:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gives up is no news."""


class Handler(BaseHTTPRequestHandler):
    """What a replica answers."""

    server: Replica
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Nothing on stderr."""

    def answer(self, status: int, body: Any, **headers: str) -> None:
        """JSON, or bytes as they are."""
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def do_GET(self) -> None:
        """What it serves."""
        self.server.asked += 1
        self.server.hosts.add(self.headers["Host"])
        self.server.service.answer(self)

    def do_POST(self) -> None:
        """A reload, or an inference."""
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/reload?version="):
            self.server.service.reload(int(self.path.rpartition("=")[2]))
            self.answer(200, {})
            return
        self.server.asked += 1
        self.server.service.infer(self)


def probabilities(version: int, rows: int = 1) -> list[list[float]]:
    """What the model of that version answers."""
    return [[version / 32, 1 - version / 32]] * rows


class Service:
    """A service of one model; `refuses` are versions that it does not load, `behaviour` how it fails then.

    same_port: the replicas have one port, at 127.0.0.1, 127.0.0.2, ...

    good      it loads what it is told
    old       it goes on serving the old version
    half      only the first half of its replicas load it
    crashing  each request of a version that it refuses ends without a response
    hung      each such request is never answered
    broken    each such request is answered by 503
    slow      it serves it, and takes a quarter of a second for each answer
    wrong     it serves it, and answers inference with garbage
    lying     it says that it serves it, and goes on answering with the old one
    """

    def __init__(self, replicas: int = 1, refuses: set[int] | None = None, behaviour: str = "good",
                 same_port: bool = False) -> None:
        self.refuses = refuses or set()
        self.behaviour = behaviour
        self.reloads: list[int] = []
        self.reloaded: Callable[[], object] = lambda: None  # called when a version that it refuses was to be loaded
        self.failing = False
        self.ended = threading.Event()
        self.replicas = [Replica(self)] if same_port else [Replica(self) for _ in range(replicas)]
        for number in range(2, replicas + 1 if same_port else 0):
            self.replicas.append(Replica(self, (f"127.0.0.{number}", self.replicas[0].server_port)))

    def __enter__(self) -> Self:
        """Serving."""
        for replica in self.replicas:
            threading.Thread(target=replica.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Gone."""
        self.ended.set()
        for replica in self.replicas:
            replica.shutdown()
            replica.server_close()

    @property
    def urls(self) -> list[str]:
        """Of each replica."""
        return [f"{replica.url}/model" for replica in self.replicas]

    @property
    def versions(self) -> list[int]:
        """That each replica serves."""
        return [replica.version for replica in self.replicas]

    def reload(self, version: int) -> None:
        """What a reload of the whole service does."""
        self.reloads.append(version)
        refused = version in self.refuses
        if refused:
            self.reloaded()
        self.failing = refused and self.behaviour in ("crashing", "hung", "broken", "slow", "wrong", "lying")
        if refused and self.behaviour == "old":
            return
        for replica in self.replicas:
            replica.answering = replica.version if refused and self.behaviour == "lying" else version
        loads = self.replicas[:len(self.replicas) // 2] if refused and self.behaviour == "half" else self.replicas
        for replica in loads:
            replica.version = version

    def infer(self, request: Handler) -> None:
        """What a replica answers to POST /invocations, or to one of the other protocols."""
        if self.failing and self.behaviour in ("crashing", "hung", "broken"):
            self.answer(request)
            return
        sent = json.loads(request.body)
        version = request.server.answering
        if request.path.startswith("/v2/"):
            rows = sent["inputs"][0]["shape"][0]
            found = probabilities(version, rows)
            request.answer(200, {"model_name": "fish", "model_version": str(request.server.version), "outputs": [
                {"name": "probs", "shape": [rows, 2], "datatype": "FP32", "data": [x for row in found for x in row]}]})
            return
        if self.failing and self.behaviour == "wrong":
            version = 31
        found = probabilities(version, len(sent.get("inputs", {}).get("image", sent.get("pixels", [0]))))
        request.answer(200, {"outputs" if ":predict" in request.path else "predictions": found})

    def answer(self, request: Handler) -> None:
        """What a replica says to GET /model."""
        if self.failing and self.behaviour == "hung":
            self.ended.wait(60)
        if self.failing and self.behaviour == "slow":
            self.ended.wait(0.25)
        if self.failing and self.behaviour in ("crashing", "hung"):
            request.close_connection = True
        elif self.failing and self.behaviour == "broken":
            request.answer(503, {"detail": "the model does not load"})
        else:
            version = request.server.version
            request.answer(200, {"version": str(version), "loaded": {"as": version}}, X_Model_Version=f"v{version}")

    def settings(self, folder: Path, **served: Any) -> dict[str, Any]:
        """A modelhook.json: a command that reloads it, and how it proves what it serves."""
        (folder / "reload.py").write_text(RELOAD)
        reload = [sys.executable, str(folder / "reload.py"), self.replicas[0].url, "{version}"]
        where: dict[str, Any] = {"url": self.urls[0]}
        if len(self.replicas) > 1:
            where["replicas"] = {"urls": self.urls}
        quick = {"interval": "20ms", "timeout": "4s", "request_timeout": "1500ms"}
        return {"deploy": [{"command": reload, "name": "reload"}],
                "served": {"json_pointer": "/version", **where, **quick, **served}}
