"""Google Cloud Storage on the loopback: two servers of its API by others, and a gate that asks for tokens.

    with FakeGcs(folder) as gcs: gcs.make_bucket("models"); ... environment of a client: gcs.client_env()

Neither server looks at tokens. Gate is what stands before one in a test of credentials: it gives out tokens as
Google's endpoints do, after it has verified who asks, and passes on only requests that carry one.
"""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from environment import python
from local_server import Answering, LocalServer
from object_stores import go_tool

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"


def ask(method: str, url: str, body: Any = None) -> Any:
    """The JSON that a server answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with DIRECT.open(request, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


class GoogleStore(LocalServer):
    """A server of Google's storage API."""

    def answers(self) -> bool:
        """Whether it lists buckets."""
        try:
            ask("GET", f"{self.url}/storage/v1/b?project=tests")
        except OSError:
            return False
        return True

    def make_bucket(self, name: str) -> str:
        """Makes a bucket; returns its URI."""
        ask("POST", f"{self.url}/storage/v1/b?project=tests", {"name": name})
        return f"gs://{name}"

    def objects(self, bucket: str, prefix: str = "") -> dict[str, dict[str, Any]]:
        """The objects of a bucket by name, as the server tells of them; none where nothing begins so."""
        found = ask("GET", f"{self.url}/storage/v1/b/{bucket}/o?prefix={prefix}")
        assert not found.get("nextPageToken")
        return {item["name"]: item for item in found.get("items") or []}

    def write(self, bucket: str, name: str, content: bytes) -> None:
        """Makes an object."""
        target = f"{self.url}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe='')}"
        DIRECT.open(urllib.request.Request(target, content, method="POST"), timeout=30).close()

    def client_env(self) -> dict[str, str]:
        """The variables with which MLflow's clients, and modelhook, reach it."""
        return {"STORAGE_EMULATOR_HOST": self.url}


class FakeGcs(GoogleStore):
    """fake-gcs-server: checks checksums, composes."""

    name = "fake-gcs-server"

    def command(self) -> list[str]:
        """On a folder of its own."""
        return [go_tool("fake-gcs-server"), "-scheme", "http", "-host", "127.0.0.1", "-port", str(self.port),
                "-backend", "filesystem", "-filesystem-root", str(self.folder / "objects"),
                "-public-host", f"127.0.0.1:{self.port}"]


class GcpEmulator(GoogleStore):
    """gcp-storage-emulator: another, by others."""

    name = "gcp-storage-emulator"

    def command(self) -> list[str]:
        """On a folder of its own."""
        return [python("gcs"), "-m", "gcp_storage_emulator", "-d", str(self.folder / "objects"), "start",
                "--host", "127.0.0.1", "--port", str(self.port), "--quiet"]


def unpadded(text: str) -> bytes:
    """What base64url without padding stands for."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Gate(Answering):
    """Google's token endpoint and metadata service, and the door to a storage server behind them.

    granted   for what each token was given out: "service account", "login", "machine"
    refused   how often a request came without a good token
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.key = rsa.generate_private_key(65537, 2048)
        self.refresh_token = f"1//{secrets.token_hex(8)}"
        self.has_machine = False
        self.lifetime = 3599
        self.good: set[str] = set()
        self.granted: list[str] = []
        self.refused = 0
        self.passed: list[str] = []
        self.lock = threading.Lock()
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with gate.lock:
                    status, said = gate.answer(self.command, self.path, dict(self.headers), body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, format: str, *args: Any) -> None:
                pass

        super().__init__(Handler)

    # -- what a client is given

    def service_account(self, path: Path, key: rsa.RSAPrivateKey | None = None) -> Path:
        """The key file of a service account; with another key than its own it is nobody's."""
        pem = (key or self.key).private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                              serialization.NoEncryption())
        path.write_text(json.dumps({
            "type": "service_account", "project_id": "tests", "private_key_id": "key-1", "private_key": pem.decode(),
            "client_email": "hook@tests.iam.gserviceaccount.com", "client_id": "1", "token_uri": f"{self.url}/token",
        }))
        return path

    def login(self, path: Path) -> Path:
        """A login as gcloud keeps it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({
            "type": "authorized_user", "client_id": "id.apps", "client_secret": "d-client-secret",
            "refresh_token": self.refresh_token, "quota_project_id": "tests", "token_uri": f"{self.url}/token",
        }))
        return path

    # -- what it does

    def grant(self, what: str) -> tuple[int, bytes]:
        """A new token."""
        token = f"ya29.{secrets.token_hex(16)}"
        self.good.add(token)
        self.granted.append(what)
        said = {"access_token": token, "expires_in": self.lifetime, "token_type": "Bearer"}
        return 200, json.dumps(said).encode()

    def verify(self, assertion: str) -> None:
        """Raises where a signed token is not that of the service account, or not what Google takes."""
        signed, _, signature = assertion.rpartition(".")
        self.key.public_key().verify(unpadded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        head, claims = (json.loads(unpadded(part)) for part in signed.split("."))
        assert head == {"alg": "RS256", "typ": "JWT", "kid": "key-1"}
        assert claims["iss"] == "hook@tests.iam.gserviceaccount.com"
        assert claims["aud"] == f"{self.url}/token"
        assert claims["scope"] == SCOPE
        assert abs(claims["iat"] - time.time()) < 300
        assert claims["exp"] - claims["iat"] == 3600

    def token(self, form: dict[str, str]) -> tuple[int, bytes]:
        """The token endpoint."""
        if form.get("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer":
            with contextlib.suppress(InvalidSignature, AssertionError, ValueError, KeyError):
                self.verify(form["assertion"])
                return self.grant("service account")
            return 400, b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}'
        if form.get("refresh_token") == self.refresh_token and form.get("client_secret") == "d-client-secret":
            return self.grant("login")
        return 400, b'{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}'

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """What becomes of one request."""
        if path == "/token":
            return self.token(dict(parse_qsl(body.decode())))
        if path.startswith("/computeMetadata/"):
            named = headers.get("Metadata-Flavor") == "Google" and path.endswith("/service-accounts/default/token")
            return self.grant("machine") if self.has_machine and named else (404, b"")
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.good:
            self.refused += 1
            return 401, b'{"error": {"code": 401, "message": "Invalid Credentials"}}'
        self.passed.append(f"{method} {urlsplit(path).path}")
        return self.pass_on(method, path, headers, body)

    def pass_on(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """The answer of the server behind."""
        kept = {name: value for name, value in headers.items() if name.lower() == "content-type"}
        request = urllib.request.Request(self.upstream + path, body or None, kept, method=method)
        try:
            with DIRECT.open(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
