"""A receiver of webhooks on the loopback, which keeps what it got and answers as it is told."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

from environment import python
from local_server import Answering

# MLflow's own function makes the signature that is compared: a script, since it lives in another environment.
SIGN = """
import json, sys
from mlflow.webhooks.delivery import _generate_hmac_signature
print(json.dumps([_generate_hmac_signature(*call) for call in json.load(sys.stdin)]))
"""


@dataclass
class Delivery:
    """One request; names of headers in lower case."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def id(self) -> str:
        """The delivery id."""
        return self.headers["x-mlflow-delivery-id"]

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def event(self) -> str:
        """What happened: "model_version_alias.created"."""
        return f"{self.json['entity']}.{self.json['action']}"


def signatures(secret: str, deliveries: list[Delivery]) -> list[str]:
    """What MLflow 3 would have signed these with."""
    calls = [[secret, one.id, one.headers["x-mlflow-timestamp"], one.body] for one in deliveries]
    done = subprocess.run([python("mlflow3"), "-c", SIGN], input=json.dumps(calls), stdout=subprocess.PIPE, text=True,
                          check=True)
    return json.loads(done.stdout)


class Receiver(Answering):
    """It answers with the statuses in `answers`, one after the other, then with 200; `body` is what it says."""

    def __init__(self, body: str = "") -> None:
        self.deliveries: list[Delivery] = []
        self.answers: list[int] = []
        self.body = body
        self.arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                """Keep it, and answer."""
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                with receiver.arrived:
                    receiver.deliveries.append(
                        Delivery(self.path, {key.lower(): value for key, value in self.headers.items()}, body))
                    status = receiver.answers.pop(0) if receiver.answers else 200
                    receiver.arrived.notify_all()
                answer = receiver.body.format(**{key.lower().replace("-", "_"): value
                                                 for key, value in self.headers.items()}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        super().__init__(Handler)

    def wait(self, is_wanted: Callable[[Delivery], bool], seconds: float = 60) -> None:
        """Until one of these has arrived."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: any(map(is_wanted, self.deliveries)), seconds)
