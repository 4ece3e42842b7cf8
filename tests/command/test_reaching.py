"""Reaching the server: certificates, credentials, proxies, prefixes; and no secret in what is said about it."""

from __future__ import annotations

import http.server
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from conftest import MODEL, Ended, Hook
from fake_mlflow import FakeMlflow

SECRET = "not-to-be-seen"  # part of every secret that a test uses
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
# Set and empty is as good as unset: what the machine trusts is no part of a test.
NOTHING = dict.fromkeys(("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NETRC"), "")
ONCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}


def status(hook: Hook, url: str, **env: str) -> Ended:
    """`modelhook status` against a server; whatever it says, no secret may be in it."""
    ended = hook("status", MODEL, env={"MLFLOW_TRACKING_URI": url, **NOTHING, **ONCE, **env})
    assert SECRET not in ended.stdout + ended.stderr
    return ended


@dataclass
class Authority:
    """A certificate authority, a server certificate for 127.0.0.1 and a client certificate, by openssl."""

    folder: Path

    def openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def issue(self, name: str, *extensions: str) -> Path:
        """A PEM file with certificate and key."""
        self.openssl("req", *NEW_KEY, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (self.folder / f"{name}.ext").write_text("\n".join(extensions))
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                     "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.crt")
        pem = self.folder / f"{name}.pem"
        pem.write_text((self.folder / f"{name}.crt").read_text() + (self.folder / f"{name}.key").read_text())
        return pem

    @property
    def bundle(self) -> str:
        return str(self.folder / "ca.pem")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("authority"))
    made.openssl("req", "-x509", *NEW_KEY, "-days", "2", "-subj", "/CN=CA", "-keyout", "ca.key", "-out", "ca.pem")
    made.issue("server", "subjectAltName=IP:127.0.0.1")
    made.issue("misnamed", "subjectAltName=DNS:elsewhere.example")
    made.issue("client")
    return made


def tls(authority: Authority, certificate: str = "server", client: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.folder / f"{certificate}.pem")
    if client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.bundle)
    return context


@pytest.fixture
def secure(authority: Authority) -> Iterator[FakeMlflow]:
    with FakeMlflow(tls=tls(authority)) as server:
        server.add_version(MODEL, "Production")
        yield server


@pytest.mark.parametrize(
    "variable", ["MLFLOW_TRACKING_SERVER_CERT_PATH", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"]
)
def test_a_named_bundle_is_trusted(hook: Hook, secure: FakeMlflow, authority: Authority, variable: str) -> None:
    assert status(hook, secure.url, **{variable: authority.bundle}).status == 0


def test_a_stranger_is_not_trusted_and_the_way_out_is_named(hook: Hook, secure: FakeMlflow) -> None:
    ended = status(hook, secure.url)
    assert ended.status == 78
    assert "is not trusted" in ended.stderr
    assert "MLFLOW_TRACKING_SERVER_CERT_PATH" in ended.stderr
    assert not secure.requests


def test_another_name_is_not_trusted(hook: Hook, authority: Authority) -> None:
    with FakeMlflow(tls=tls(authority, "misnamed")) as server:
        assert status(hook, server.url, SSL_CERT_FILE=authority.bundle).status == 78
        assert not server.requests


def test_a_bundle_that_is_not_there_is_not_replaced_by_another(hook: Hook, secure: FakeMlflow) -> None:
    ended = status(hook, secure.url, SSL_CERT_FILE="/nowhere/ca.pem")
    assert ended.status == 78
    assert "SSL_CERT_FILE: /nowhere/ca.pem: No such file" in ended.stderr


def test_insecure_tls_works_and_warns_once(hook: Hook, secure: FakeMlflow) -> None:
    ended = status(hook, secure.url, MLFLOW_TRACKING_INSECURE_TLS="true")
    assert ended.status == 0
    assert ended.stderr.count("MLFLOW_TRACKING_INSECURE_TLS") == 1


def test_insecure_tls_and_a_bundle_contradict_each_other(hook: Hook, secure: FakeMlflow, authority: Authority) -> None:
    both = {"MLFLOW_TRACKING_INSECURE_TLS": "true", "MLFLOW_TRACKING_SERVER_CERT_PATH": authority.bundle}
    assert status(hook, secure.url, **both).status == 78


def test_a_client_certificate_is_shown_where_it_is_asked_for(hook: Hook, authority: Authority) -> None:
    trust = {"SSL_CERT_FILE": authority.bundle}
    with FakeMlflow(tls=tls(authority, client=True)) as server:
        server.add_version(MODEL, "Production")
        shown = {"MLFLOW_TRACKING_CLIENT_CERT_PATH": str(authority.folder / "client.pem")}
        assert status(hook, server.url, **trust, **shown).status == 0
        without = status(hook, server.url, **trust)
        # the server's alert and its reset race each other
        assert without.status in (75, 77)
        assert "MLFLOW_TRACKING_CLIENT_CERT_PATH" in without.stderr
        absent = status(hook, server.url, **trust, MLFLOW_TRACKING_CLIENT_CERT_PATH="/nowhere.pem")
        assert absent.status == 78


def test_a_proxy_that_misses_a_client_certificate_says_so(hook: Hook, fake: FakeMlflow) -> None:
    page = b"<html><title>400 No required SSL certificate was sent</title></html>"
    fake.fail(".", times=None, status=400, body=page, content_type="text/html")
    ended = status(hook, fake.url)
    assert ended.status == 77
    assert "MLFLOW_TRACKING_CLIENT_CERT_PATH" in ended.stderr


def test_https_on_a_plain_port_says_so(hook: Hook, fake: FakeMlflow) -> None:
    ended = status(hook, fake.url.replace("http:", "https:"))
    assert ended.status == 76
    assert "http://" in ended.stderr


# ---- credentials


@pytest.fixture
def guarded() -> Iterator[FakeMlflow]:
    with FakeMlflow(auth=("user", SECRET), token=SECRET + "-token") as server:
        server.add_version(MODEL, "Production")
        yield server


def test_each_kind_of_credentials_is_taken(hook: Hook, guarded: FakeMlflow) -> None:
    in_url = guarded.url.replace("http://", f"http://user:{SECRET}@")
    assert status(hook, guarded.url, MLFLOW_TRACKING_USERNAME="user", MLFLOW_TRACKING_PASSWORD=SECRET).status == 0
    assert status(hook, guarded.url, MLFLOW_TRACKING_TOKEN=SECRET + "-token").status == 0
    assert status(hook, in_url).status == 0
    (hook.home / ".netrc").write_text(f"machine 127.0.0.1 login user password {SECRET}\n")
    assert status(hook, guarded.url, MLFLOW_TRACKING_TOKEN="wrong").status == 0


def test_missing_or_wrong_credentials_are_told_apart(hook: Hook, guarded: FakeMlflow) -> None:
    none = status(hook, guarded.url)
    assert none.status == 77
    assert "MLFLOW_TRACKING_USERNAME" in none.stderr
    wrong = status(hook, guarded.url, MLFLOW_TRACKING_TOKEN=SECRET)
    assert wrong.status == 77
    assert "credentials (token) were not accepted" in wrong.stderr


@pytest.mark.parametrize("fault", [{"status": 503}, {"reset": True}, {"status": 400, "code": "X"}, {"cut": 30},
                                   {"redirect": f"http://127.0.0.1:9/login?ticket={SECRET}"}])
def test_no_failure_shows_a_secret(hook: Hook, guarded: FakeMlflow, fault: dict[str, object]) -> None:
    guarded.fail("model-versions/search", times=None, **fault)
    in_url = guarded.url.replace("http://", f"http://user:{SECRET}@")
    retry = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    assert status(hook, in_url, **retry).status != 0
    assert status(hook, guarded.url, MLFLOW_TRACKING_TOKEN=SECRET + "-token", **retry).status != 0
    assert status(hook, in_url, MLFLOW_TRACKING_AUTH="kubernetes").status == 78


def test_credentials_stay_with_their_server(hook: Hook, guarded: FakeMlflow) -> None:
    with FakeMlflow() as elsewhere:
        guarded.fail("model-versions/search", redirect=elsewhere.url + "/api/2.0/mlflow/model-versions/search")
        status(hook, guarded.url, MLFLOW_TRACKING_TOKEN=SECRET + "-token")
        assert elsewhere.requests
        assert all("authorization" not in request.headers for request in elsewhere.requests)


# ---- what else answers


def test_a_prefix_belongs_to_the_uri(hook: Hook) -> None:
    with FakeMlflow(prefix="/ml") as server:
        server.add_version(MODEL, "Production")
        assert status(hook, server.url).status == 0
        assert status(hook, server.url + "/").status == 0
        bare = status(hook, server.url.removesuffix("/ml"))
        assert bare.status == 76
        assert "prefix" in bare.stderr


def test_a_page_for_people_is_no_registry(hook: Hook, fake: FakeMlflow) -> None:
    fake.fail(".", times=None, body=b"<html>please log in</html>", content_type="text/html")
    ended = status(hook, fake.url)
    assert ended.status == 76
    assert "login page" in ended.stderr


def test_what_a_server_says_cannot_move_the_cursor(hook: Hook, fake: FakeMlflow) -> None:
    fake.fail("model-versions/search", status=400, code="BAD", message="\x1b[2J\x1b]0;title\x07\r\nmodelhook: promoted")
    ended = status(hook, fake.url)
    assert ended.status == 69
    assert "\x1b" not in ended.stderr
    assert "\nmodelhook: promoted" not in ended.stderr


class Proxy(http.server.BaseHTTPRequestHandler):
    """A proxy for GET that notes what it was asked for."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        with urllib.request.urlopen(urllib.request.Request(self.path)) as answer:
            body = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_is_used_but_not_for_what_needs_none(hook: Hook, fake: FakeMlflow, variable: str) -> None:
    fake.add_version(MODEL, "Production")
    Proxy.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        proxy = {variable: f"http://user:{SECRET}@127.0.0.1:{server.server_port}"}
        assert status(hook, fake.url, **proxy).status == 0
        assert Proxy.asked
        asked = len(Proxy.asked)
        assert status(hook, fake.url, NO_PROXY="127.0.0.1", **proxy).status == 0
        assert len(Proxy.asked) == asked
        server.shutdown()
