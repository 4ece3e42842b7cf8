"""Azure Blob Storage on the loopback: Microsoft's own emulator, and who gives out its tokens.

    with Azurite(folder) as azure: azure.make_container("models"); ... environment of a client: azure.client_env()
"""

from __future__ import annotations

import base64
import functools
import hmac
import json
import secrets
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from environment import ROOT
from local_server import Answering, LocalServer

ACCOUNT = "devstoreaccount1"
RESOURCE = "https://storage.azure.com/"
# the emulator's key, which Microsoft publishes
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@functools.cache
def npm_tool(name: str) -> str:
    """The program of a server that is written for Node.js, installed on first use."""
    made = subprocess.run([ROOT / "scripts/lib/npm-tool.sh", name], stdout=subprocess.PIPE, text=True, check=True)
    return made.stdout.strip()


class Azurite(LocalServer):
    """Microsoft's emulator of the Blob service: it refuses wrong signatures, checksums and tokens.

    tls   (certificate, key): serve https with these PEM files; then tokens are taken, too
    """

    name = "azurite"
    unwanted = ("AZURITE_", "AZURE_")

    def command(self) -> list[str]:
        """In its strict mode, which is the default."""
        tls = ["--cert", str(self.tls[0]), "--key", str(self.tls[1]), "--oauth", "basic"] if self.tls else []
        return [npm_tool("azurite-blob"), "--blobHost", "127.0.0.1", "--blobPort", str(self.port),
                "--location", str(self.folder), "--silent", "--disableTelemetry", "--skipApiVersionCheck", *tls]

    def answers(self) -> bool:
        """Whether it says anything, an error included."""
        try:
            self.call("GET", "?comp=list")
        except OSError:
            return False
        return True

    def call(self, method: str, path: str) -> bytes:
        """What it answers to a request without a body, signed by nothing of modelhook's."""
        where = urlsplit(path)
        date = formatdate(usegmt=True)
        query = "".join(f"\n{name}:{value}" for name, value in sorted(parse_qsl(where.query)))
        signed = (f"{method}" + "\n" * 12 + f"x-ms-date:{date}\nx-ms-version:2021-12-02\n"
                  f"/{ACCOUNT}/{ACCOUNT}/{where.path}{query}")
        signature = base64.b64encode(hmac.digest(base64.b64decode(KEY), signed.encode(), "sha256")).decode()
        request = urllib.request.Request(f"{self.url}/{ACCOUNT}/{path}", method=method, headers={
            "x-ms-date": date, "x-ms-version": "2021-12-02", "Authorization": f"SharedKey {ACCOUNT}:{signature}"})
        trust = ssl._create_unverified_context()
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=trust))
        with direct.open(request, timeout=30) as answer:
            return answer.read()

    def make_container(self, name: str) -> str:
        """Makes a container; returns its URI."""
        self.call("PUT", f"{name}?restype=container")
        return f"wasbs://{name}@{ACCOUNT}.blob.core.windows.net"

    def connection(self, url: str = "", key: str = KEY) -> str:
        """The connection string of a client that reaches it there."""
        return f"AccountName={ACCOUNT};AccountKey={key};BlobEndpoint={url or self.url}/{ACCOUNT};"

    def client_env(self) -> dict[str, str]:
        """The variables with which MLflow's clients, and modelhook, reach it."""
        return {"AZURE_STORAGE_CONNECTION_STRING": self.connection()}


class Entra(Answering):
    """Microsoft's token endpoint and the metadata services of its machines, as far as a client sees them.

    granted    for what each token was given out: "secret", "workload", "machine", "service"
    audience   of the tokens
    """

    def __init__(self) -> None:
        self.secret = secrets.token_hex(16)
        self.assertion = secrets.token_hex(16)
        self.header = secrets.token_hex(16)
        self.audience = "https://storage.azure.com"
        self.granted: list[str] = []
        self.has_machine = False
        entra = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                form = dict(parse_qsl(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()))
                where = urlsplit(self.path)
                what = entra.who_asks(where.path, dict(parse_qsl(where.query)) | form, self.headers)
                said = json.dumps(entra.grant(what) if what else {
                    "error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret."}).encode()
                self.send_response(200 if what else 401)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_POST = answer

            def log_message(self, format: str, *args: Any) -> None:
                pass

        super().__init__(Handler)

    def who_asks(self, path: str, asked: dict[str, str], headers: Any) -> str:
        """What a token is given out for; "" for nobody."""
        if path == "/a-tenant/oauth2/v2.0/token":
            known = asked.get("client_id") == "a-client" and asked.get("scope") == RESOURCE + ".default"
            if known and asked.get("client_secret") == self.secret:
                return "secret"
            return "workload" if known and asked.get("client_assertion") == self.assertion else ""
        if asked.get("resource") != RESOURCE:
            return ""
        if path == "/metadata/identity/oauth2/token" and headers.get("Metadata") == "true" and self.has_machine:
            return "machine"
        return "service" if path == "/msi/token" and headers.get("X-IDENTITY-HEADER") == self.header else ""

    def grant(self, what: str) -> dict[str, Any]:
        """A token that says what Azurite wants to hear; an App Service says when it ends, not how long it lasts."""
        self.granted.append(what)
        now = int(time.time())
        claims = {"aud": self.audience, "iss": "https://sts.windows-ppe.net/a-tenant/", "iat": now, "nbf": now - 60,
                  "exp": now + 3599}
        parts = ({"alg": "RS256", "typ": "JWT"}, claims)
        token = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        ends = {"secret": {"expires_in": 3599}, "workload": {"expires_in": 3599}, "machine": {"expires_in": "3599"},
                "service": {"expires_on": str(now + 3599)}}
        return {"access_token": f"{token}.c2lnbmF0dXJl", "token_type": "Bearer", **ends[what]}
