"""Somebody else answers in the server's place: login pages, identity providers, proxies and their pages."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from conftest import MODEL, Ended, FakeMlflow, HandoffMaker, Hook

SECRET = "not-to-be-seen"
FORM = b"<html><title>Sign in</title><form><input type='password' name='p'></form></html>"
REFRESH = b"<html><meta http-equiv='refresh' content='0; url=https://idp.corp/login?rd=x'></html>"


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port that nobody listens on, for as long as the test runs."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def status(hook: Hook, url: str, **env: str) -> Ended:
    ended = hook("status", MODEL, env={"MLFLOW_TRACKING_URI": url, "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0", **env})
    assert SECRET not in ended.stdout + ended.stderr
    return ended


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_an_identity_provider_out_of_reach_is_denied_at_once(
    hook: Hook, fake: FakeMlflow, dead_port: int, code: int
) -> None:
    place = f"http://127.0.0.1:{dead_port}/realms/corp"
    fake.fail(".", times=None, redirect=f"{place}?state={SECRET}", status=code)
    ended = status(hook, fake.url)
    assert ended.status == 77
    assert f"the server redirects to {place}: cannot connect" in ended.stderr
    assert "again in" not in ended.stderr
    assert len(fake.calls) == len(set(fake.calls)), "each was sent once"


def test_an_identity_provider_whose_name_is_not_known(hook: Hook, fake: FakeMlflow) -> None:
    fake.fail(".", times=None, redirect=f"http://idp.invalid/login?state={SECRET}", status=302)
    ended = status(hook, fake.url)
    assert ended.status == 77
    assert "the server redirects to http://idp.invalid/login" in ended.stderr


def test_a_host_that_moved_is_followed_and_asked_again(hook: Hook, fake: FakeMlflow) -> None:
    fake.add_version(MODEL, "Production")
    with FakeMlflow() as front:
        for path in ("registered-models/get", "model-versions/search"):
            front.fail(path, times=None, status=307, redirect=f"{fake.url}/api/2.0/mlflow/{path}?filter="
                       f"name%3D%27{MODEL}%27&name={MODEL}")
        assert status(hook, front.url).status == 0


@pytest.mark.parametrize("code", [302, 303])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_redirect_to_a_login_page_is_denied(hook: Hook, fake: FakeMlflow, code: int, elsewhere: bool) -> None:
    with FakeMlflow() as provider:
        login = f"{provider.url if elsewhere else fake.url}/login"
        fake.fail("/api/", times=None, redirect=f"{login}?next={SECRET}", status=code)
        for server in (fake, provider):
            server.fail("^/login", times=None, body=b"<html>Welcome to single sign-on</html>", content_type="text/html")
        ended = status(hook, fake.url, MLFLOW_TRACKING_TOKEN=SECRET)
        assert ended.status == 77
        assert f"a login page answers in the server's place, {login}: set credentials" in ended.stderr
        assert all("authorization" not in request.headers for request in provider.requests)


@pytest.mark.parametrize("page", [FORM, REFRESH])
def test_a_page_that_asks_for_a_login_is_denied(hook: Hook, fake: FakeMlflow, page: bytes) -> None:
    fake.fail(".", times=None, body=page, content_type="text/html; charset=utf-8")
    ended = status(hook, fake.url)
    assert ended.status == 77
    assert "a login page answers in the server's place" in ended.stderr


def test_a_write_that_is_sent_to_a_login_is_denied_and_not_lost(
    hook: Hook, fake: FakeMlflow, make_handoff: HandoffMaker
) -> None:
    fake.fail("model-versions/create", times=None, redirect=f"https://idp.corp/login?x={SECRET}", status=302)
    ended = hook("run", make_handoff(fake.add_run()), env={"MLFLOW_TRACKING_URI": fake.url})
    assert ended.status == 77
    assert ended.result["error"]["hint"].startswith(
        "a login page answers in the server's place, https://idp.corp/login: ")
    assert SECRET not in ended.stdout + ended.stderr


def test_a_write_that_is_sent_to_another_server_is_a_wrong_address(
    hook: Hook, fake: FakeMlflow, make_handoff: HandoffMaker
) -> None:
    fake.fail("model-versions/create", times=None, redirect="https://mlflow.corp/api/x", status=308)
    ended = hook("run", make_handoff(fake.add_run()), env={"MLFLOW_TRACKING_URI": fake.url})
    assert ended.status == 76
    assert "set MLFLOW_TRACKING_URI to where the server is" in ended.stderr


def test_the_single_sign_on_plugin_answers_401_as_json_else_302(hook: Hook, fake: FakeMlflow) -> None:
    """As mlflow-oidc-auth does it: calls of the API get JSON, all else is sent to its login."""
    fake.fail("/api/", times=None, status=401, body=b'{"error": "Authentication required", "message": "log in"}',
              content_type="application/json")
    fake.fail("^/version", times=None, status=302, redirect="/login")
    fake.fail("^/login", times=None, body=b"<html>OIDC</html>", content_type="text/html")
    ended = status(hook, fake.url)
    assert ended.status == 77
    assert "401 log in" in ended.stderr.replace("401 : ", "401 ")
    doctor = hook("doctor", env={"MLFLOW_TRACKING_URI": fake.url})
    assert doctor.status == 77
    assert "MLFLOW_TRACKING_TOKEN" in doctor.stderr


# ---- proxies


class Refuser(http.server.BaseHTTPRequestHandler):
    """A proxy that refuses: `answer` is status and page for GET and for CONNECT."""

    answer: ClassVar[tuple[int, bytes]] = (403, b"")
    asked: ClassVar[list[str]] = []

    def refuse(self) -> None:
        code, page = self.answer
        self.asked.append(self.path)
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    do_GET = do_POST = do_CONNECT = refuse

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def refuser() -> Iterator[str]:
    """The host and port of a refusing proxy."""
    Refuser.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuser) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_dead_proxy_is_named_without_its_password(hook: Hook, dead_port: int, scheme: str) -> None:
    variable = f"{scheme.upper()}_PROXY"
    ended = status(hook, f"{scheme}://mlflow.invalid", MLFLOW_HTTP_REQUEST_MAX_RETRIES="0",
                   **{variable: f"http://user:{SECRET}@127.0.0.1:{dead_port}"})
    assert ended.status == 75
    assert f"cannot connect to proxy http://127.0.0.1:{dead_port}: Connection refused" in ended.stderr
    assert f"the proxy comes from {variable}" in ended.stderr


def test_a_proxy_whose_name_is_not_known_is_named(hook: Hook) -> None:
    ended = status(hook, "https://mlflow.invalid", MLFLOW_HTTP_REQUEST_MAX_RETRIES="0",
                   https_proxy=f"http://user:{SECRET}@proxy.invalid:3128")
    assert ended.status == 75
    assert "could not resolve proxy http://proxy.invalid:3128" in ended.stderr


@pytest.mark.parametrize(("code", "ends"), [(403, 77), (407, 77), (502, 75), (503, 75)])
def test_a_proxy_that_refuses_to_connect_is_named(hook: Hook, refuser: str, code: int, ends: int) -> None:
    Refuser.answer = (code, b"<html>no</html>")
    ended = status(hook, "https://mlflow.corp:8443", MLFLOW_HTTP_REQUEST_MAX_RETRIES="0",
                   HTTPS_PROXY=f"http://user:{SECRET}@{refuser}")
    assert ended.status == ends
    assert f"proxy http://{refuser} refused CONNECT to https://mlflow.corp:8443: HTTP {code}" in ended.stderr
    assert set(Refuser.asked) == {"mlflow.corp:8443"}


def test_the_page_of_a_proxy_is_quoted(hook: Hook, refuser: str) -> None:
    Refuser.answer = (403, b"<html><head><style>p{}</style><title>Zscaler: category \x1b[2J blocked &amp; logged"
                           b"</title></head><body><p>more</p></body></html>")
    ended = status(hook, "http://mlflow.corp", HTTP_PROXY=f"http://{refuser}")
    assert ended.status == 77
    assert "403 Zscaler: category \\x1b[2J blocked & logged" in ended.stderr


def test_a_page_that_repeats_the_request_is_not_quoted(hook: Hook, fake: FakeMlflow) -> None:
    fake.fail(".", times=None, status=403, message=f"<pre>Authorization: Bearer {SECRET}</pre>")
    assert status(hook, fake.url, MLFLOW_TRACKING_TOKEN=SECRET).status == 77


@pytest.mark.parametrize(("no_proxy", "through"), [
    ("localhost", False), ("localhost:PORT", False), (".localhost:PORT", False), ("localhost:1", True),
    ("other, localhost", False), ("*", False), ("10.0.0.0/8", True),
])
def test_no_proxy_is_read_as_mlflows_client_reads_it(
    hook: Hook, fake: FakeMlflow, refuser: str, no_proxy: str, through: bool
) -> None:
    fake.add_version(MODEL, "Production")
    port = str(fake.server.server_port)
    for name in ("NO_PROXY", "no_proxy"):
        Refuser.asked.clear()
        ended = status(hook, f"http://localhost:{port}", HTTP_PROXY=f"http://{refuser}",
                       **{name: no_proxy.replace("PORT", port)})
        assert bool(Refuser.asked) == through
        assert ended.status == (77 if through else 0)
