#!/usr/bin/env python3
"""The inference API of the examples, as a process on loopback, and photos for it.

    example_api.py DIRECTORY [--outlive] -- --model NAME

From a shell, one JSON line {"url", "pid", "settings"} and then serving until TERM, INT, or the caller's end; settings
are those of a modelhook.json that reloads the API and proves what it serves.
"""

from __future__ import annotations

import argparse
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any, Self

import requests
from environment import ROOT, python
from servers import Guarded, ServerError, Started, reserve_port, serve

STARTED_WITHIN = 180.0  # seconds; it imports TensorFlow on a busy machine
SECRET = "webhook-secret"


def numbered_models(folder: Path, count: int) -> Path:
    """SavedModels folder/1 to folder/COUNT: number N takes each photo for class N."""
    subprocess.run([python("tensorflow"), ROOT / "tests/models/numbered_models.py", folder, str(count)], check=True)
    return folder


def photo(side: int = 8) -> bytes:
    """A PNG of one colour."""
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\0" + b"\x40\x80\xc0" * side) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class ExampleApi(Started):
    """dataproc/examples/inference_api.py; waits until it lives, not until a model is there.

    arguments  what it serves: "--model", NAME, or "--published", DIRECTORY
    env        variables for it, in place of the caller's MLFLOW_*; None: those of the caller
    """

    def __init__(self, folder: Path, *arguments: str | Path, env: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.arguments = arguments
        self.env = env
        self.port = 0
        self.log = folder / "api.log"
        self.pid_file = folder / "api.pid"
        self.secret_file = folder / "api.secret"
        self.session = requests.Session()
        self.session.trust_env = False

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Start it, and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.secret_file.write_text(f"{SECRET}\n")
        self.port, self._port_lock = reserve_port()
        command = [python("tensorflow"), ROOT / "dataproc/examples/inference_api.py", *self.arguments,
                   "--port", self.port, "--pid-file", self.pid_file, "--webhook-secret-file", self.secret_file]
        kept = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_") or self.env is None}
        self._server = Guarded([str(part) for part in command], self.log, env=kept | (self.env or {}))
        until = time.monotonic() + STARTED_WITHIN
        while not self.lives():
            if self._server.ended() or time.monotonic() > until:
                raise ServerError(f"the API did not start:\n{self._server.log_tail()}")
            time.sleep(0.05)
        return self

    def lives(self) -> bool:
        """Whether it answers at all."""
        try:
            return self.session.get(f"{self.url}/health", timeout=10).ok and self.pid_file.exists()
        except requests.ConnectionError:
            return False

    @property
    def process(self) -> int:
        """The API's own process, as its PID file says."""
        return int(self.pid_file.read_text())

    def hang_up(self) -> None:
        """Have it look for a new version."""
        os.kill(self.process, signal.SIGHUP)

    def get(self, path: str) -> requests.Response:
        """The answer to GET."""
        return self.session.get(self.url + path, timeout=60)

    def post(self, path: str, body: bytes, **headers: str) -> requests.Response:
        """The answer to POST."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.post(self.url + path, body, headers=named, timeout=300)

    def model(self) -> dict[str, Any]:
        """What it says that it serves; {} where it serves nothing."""
        answer = self.get("/model")
        return answer.json() if answer.ok else {}

    def wait_for_version(self, number: int) -> None:
        """Until it serves that version."""
        until = time.monotonic() + STARTED_WITHIN
        while self.model().get("version") != str(number):
            assert time.monotonic() < until, self._server.log_tail() if self._server else ""
            time.sleep(0.05)

    def settings(self, **served: Any) -> dict[str, Any]:
        """A modelhook.json that reloads it by its webhook, and proves what it serves."""
        webhook = {"url": f"{self.url}/hooks/mlflow", "secret_file": str(self.secret_file)}
        return {"deploy": [{"webhook": webhook, "name": "reload"}],
                "served": {"url": f"{self.url}/model", "json_pointer": "/version", "interval": "50ms", **served}}

    def facts(self) -> dict[str, Any]:
        """What the command line prints."""
        settings = self.settings(golden=True, on_failure="roll_back", timeout="20s")
        return {"url": self.url, "pid": os.getpid(), "settings": settings}


def main() -> int:
    """Serve until told."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--outlive", action="store_true", help="go on when the caller ends")
    parser.add_argument("arguments", nargs="+")
    options = parser.parse_args()
    try:
        serve([ExampleApi(options.directory.resolve(), *options.arguments)], options.outlive)
    except ServerError as error:
        print(f"example_api.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
