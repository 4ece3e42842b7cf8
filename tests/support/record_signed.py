#!/usr/bin/env python3
"""Records how MLflow's Python client and its plugins sign requests for AWS, for tests/unit/test_sigv4.c.

    pip install mlflow==3.17.2 sagemaker-mlflow==0.5.0 requests-auth-aws-sigv4==0.7
    python tests/support/record_signed.py > tests/data/signed-requests.tsv

A server on the loopback notes each request of the real client, one a line: region, service, method, URL as the Host
header has it, the body, then each signed header as "name: value", and the Authorization; fields are separated by
tabs. The keys are AWS's published examples.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SESSION_TOKEN": "session/token+example=",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
CALLS = """
from mlflow import MlflowClient
client = MlflowClient()
client.search_model_versions("name='fish & chips'", max_results=5)
client.set_model_version_tag("fish", "1", "k", "v")
client.get_registered_model("a+b c/d")
client.delete_model_version_tag("fish", "1", "k")
"""
SETUPS = {
    ("eu-west-1", "sagemaker-mlflow"): {
        "MLFLOW_TRACKING_URI": "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/fish"},
    ("us-gov-west-1", "sagemaker"): {
        "MLFLOW_TRACKING_URI": "arn:aws-us-gov:sagemaker:us-gov-west-1:123456789012:mlflow-app/app-X1"},
    ("eu-north-1", "execute-api"): {"MLFLOW_TRACKING_AWS_SIGV4": "true", "AWS_DEFAULT_REGION": "eu-north-1"},
}


class Recorder(BaseHTTPRequestHandler):
    """Answers with an empty object."""

    lines: ClassVar[list[list[str]]] = []

    def note(self) -> None:
        """One line of the record."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        authorization = self.headers["Authorization"]
        found = re.search(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+),", authorization)
        assert found
        headers = [f"{name}: {self.headers[name]}" for name in found.group(3).split(";")]
        url = f"http://{self.headers['Host']}{self.path}"
        self.lines.append([found.group(1), found.group(2), self.command, url, body, *headers, authorization])
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = do_DELETE = note

    def log_message(self, format: str, *args: object) -> None:
        """Its lines are the output."""


def main() -> int:
    """Every setup makes every call in a process of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        for setup in SETUPS.values():
            env = {**os.environ, **KEYS, "MLFLOW_TRACKING_URI": url, "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": url, **setup}
            for call in CALLS.strip().splitlines()[2:]:
                code = "\n".join([*CALLS.strip().splitlines()[:2], call])
                subprocess.run([sys.executable, "-c", code], env=env, check=False, capture_output=True)
        server.shutdown()
    for line in sorted({"\t".join(fields): None for fields in Recorder.lines}):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
