#!/usr/bin/env python3
"""A stand-in for TensorFlow Serving: loads with TensorFlow, and obeys the rules that its documentation gives.

    tf_serving_stand_in.py PORT MODEL BASE_PATH

Rules (tensorflow/serving: file_system_storage_path_source, basic_manager, the RESTful API's page):
  - the base path is polled; each child whose name is a whole number is a version, all other names are passed over;
  - the largest number alone is wanted (the default policy); it is loaded at once, whether or not it is complete;
  - the version before it is unloaded only when the new one is loaded; where that fails, it stays;
  - a version that is gone from the disk is unloaded, unless nothing takes its place yet;
  - GET /v1/models/MODEL gives version, state and error; POST ...:predict goes to the version that is served.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import tensorflow as tf

POLL = 0.1


class Version:
    """One number: its state, its error, and what was loaded."""

    def __init__(self) -> None:
        self.state = "START"
        self.error = ""
        self.model: Any = None

    def load(self, folder: Path) -> None:
        """As far as TensorFlow can."""
        self.state = "LOADING"
        try:
            self.model = tf.saved_model.load(str(folder))
            self.model.signatures["serving_default"]
        except Exception as error:
            self.model = None
            self.state, self.error = "END", f"{type(error).__name__}: {error}".splitlines()[0]
        else:
            self.state = "AVAILABLE"

    def unload(self) -> None:
        """Its memory goes."""
        self.model = None
        self.state = "END"

    def status(self, number: int) -> dict[str, Any]:
        """As the RESTful API gives it."""
        code = "UNKNOWN" if self.error else "OK"
        return {"version": str(number), "state": self.state,
                "status": {"error_code": code, "error_message": self.error}}


class Served:
    """The versions of a model below its base path."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.versions: dict[int, Version] = {}

    def available(self) -> list[int]:
        """What can be asked."""
        return [number for number, version in list(self.versions.items()) if version.state == "AVAILABLE"]

    def poll(self) -> None:
        """One look at the base path."""
        found = [int(path.name) for path in self.base.iterdir() if re.fullmatch(r"\d{1,18}", path.name)]
        if not found:
            return
        wanted = max(found)
        if wanted not in self.versions:
            self.versions[wanted] = Version()
            self.versions[wanted].load(self.base / str(wanted))
        if self.versions[wanted].state == "AVAILABLE":
            for number in self.available():
                if number != wanted:
                    self.versions[number].unload()


def handler_for(name: str, served: Served) -> type[BaseHTTPRequestHandler]:
    """The RESTful API of one model."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status: int, body: dict[str, Any]) -> None:
            """One answer."""
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            """The status of the model."""
            if self.path != f"/v1/models/{name}":
                self.answer(404, {"error": "Malformed request"})
            elif not served.versions:
                self.answer(404, {"error": f"Could not find any versions of model {name}"})
            else:
                states = [version.status(number) for number, version in sorted(served.versions.items(), reverse=True)]
                self.answer(200, {"model_version_status": states})

        def do_POST(self) -> None:
            """A prediction by the version that is served."""
            instances = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["instances"]
            numbers = served.available()
            model = served.versions[max(numbers)].model if numbers else None
            if self.path != f"/v1/models/{name}:predict" or model is None:
                self.answer(404, {"error": f"Servable not found for request: Latest({name})"})
                return
            (output,) = model.signatures["serving_default"](tf.constant(instances, tf.float32)).values()
            self.answer(200, {"predictions": output.numpy().tolist()})

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    return Handler


def main() -> None:
    """Serves until it is ended."""
    port, name, base = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    served = Served(base)
    server = ThreadingHTTPServer(("127.0.0.1", port), handler_for(name, served))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while True:
        served.poll()
        time.sleep(POLL)


if __name__ == "__main__":
    main()
