"""dataproc/modelhook reads a cloud's secret with the machine's identity, and never shows one."""

from __future__ import annotations

import base64
import json
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import environment
import pytest

sys.path.insert(0, str(environment.ROOT / "dataproc"))

from modelhook import SecretError, load_secret

LOCKBOX = {"versionId": "1", "entries": [{"key": "MLFLOW_TRACKING_TOKEN", "textValue": "a-value"},
                                         {"key": "certificate", "binaryValue": "AAAA"}]}
TOKEN = "/computeMetadata/v1/instance/service-accounts/default/token"


def managed(**values: str) -> dict[str, Any]:
    """A secret as Google's Secret Manager tells it."""
    return {"name": "s", "payload": {"data": base64.b64encode(json.dumps(values).encode()).decode()}}


@dataclass
class Cloud:
    """Metadata and secrets on one port; what was asked, with its authorization."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    site = Cloud({TOKEN: {"access_token": "the-machines", "expires_in": 60}})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.path, self.headers["Authorization"]))
            flavor = self.path != TOKEN or self.headers["Metadata-Flavor"] == "Google"
            body = json.dumps(site.answers.get(self.path)).encode()
            self.send_response(200 if self.path in site.answers and flavor else 403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    for name in ("MLFLOW_TRACKING_TOKEN", "MODELHOOK_SECRET", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "")  # so that what the call sets is put back
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        site.url = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("GCE_METADATA_HOST", site.url.removeprefix("http://"))
        yield site
        server.shutdown()


@pytest.mark.parametrize(("name", "path", "answer"), [
    ("e6q1", "/lockbox/v1/secrets/e6q1/payload", LOCKBOX),
    ("projects/p/secrets/s", "/v1/projects/p/secrets/s/versions/latest:access",
     managed(MLFLOW_TRACKING_TOKEN="a-value")),
    ("projects/p/secrets/s/versions/3", "/v1/projects/p/secrets/s/versions/3:access",
     managed(MLFLOW_TRACKING_TOKEN="a-value")),
])
def test_a_secret_becomes_variables(cloud: Cloud, name: str, path: str, answer: Any) -> None:
    cloud.answers[path] = answer
    assert load_secret(name, endpoint=cloud.url) == ["MLFLOW_TRACKING_TOKEN"]
    assert os.environ["MLFLOW_TRACKING_TOKEN"] == "a-value"
    assert cloud.asked == [(TOKEN, None), (path, "Bearer the-machines")]


def test_what_is_set_already_stays(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.answers["/lockbox/v1/secrets/e6q1/payload"] = LOCKBOX
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "mine")
    monkeypatch.setenv("MODELHOOK_SECRET", "e6q1")
    assert load_secret(endpoint=cloud.url) == ["MLFLOW_TRACKING_TOKEN"]
    assert os.environ["MLFLOW_TRACKING_TOKEN"] == "mine"


def test_without_a_name_nobody_is_asked(cloud: Cloud) -> None:
    assert (load_secret(endpoint=cloud.url), cloud.asked) == ([], [])


@pytest.mark.parametrize(("answer", "said"), [
    (None, "HTTP Error 403: Forbidden"), ({"entries": [1]}, "TypeError"), ({"a-value": []}, "KeyError"),
])
def test_an_error_names_the_secret_and_no_value(cloud: Cloud, answer: Any, said: str) -> None:
    if answer is not None:
        cloud.answers["/lockbox/v1/secrets/e6q1/payload"] = answer
    with pytest.raises(SecretError) as error:
        load_secret("e6q1", endpoint=cloud.url)
    assert str(error.value) == f"the secret e6q1 cannot be read: {said}"
    assert error.value.__suppress_context__
