"""A real nginx in front of a real server: compressed answers, identity proxies, login pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Hook
from nginx import Nginx
from servers import MLflow
from static_hosts import Authority, make_authority
from training import Team, spooled

DENIED = 77
SECRET = "of-the-identity-proxy"
COMPRESS = """
        gzip on;
        gzip_min_length 1;
        gzip_proxied any;
        gzip_types application/json text/plain application/octet-stream text/yaml;
"""


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("front-ca"))


@pytest.fixture
def team(hook: Hook, mlflow3: MLflow, tmp_path: Path, authority: Authority) -> Team:
    """A team that trusts the authority of the front."""
    hook.env["MLFLOW_TRACKING_SERVER_CERT_PATH"] = str(authority.bundle)
    return Team(hook, mlflow3, tmp_path)


@pytest.fixture
def compressing(team: Team, authority: Authority, mlflow3: MLflow) -> Iterator[Nginx]:
    """Compresses whatever a client takes compressed."""
    inside = f"{COMPRESS}\n        client_max_body_size 0;\n        location / {{ " \
             f"proxy_pass http://127.0.0.1:{mlflow3.port}; proxy_set_header Host 127.0.0.1:{mlflow3.port}; }}"
    with Nginx(team.folder / "nginx", inside, (authority.certificate, authority.key)) as server:
        team.hook.env["MLFLOW_TRACKING_URI"] = server.url
        yield server


def test_a_promotion_through_an_nginx_that_compresses(team: Team, compressing: Nginx) -> None:
    team.promote(10)
    team.promote(11)
    assert team.registry.stages(team.model) == ["Archived", "Production"]
    coded = [line for line in compressing.sent if line[3] == "gzip"]
    assert any("/model-versions/search" in line[1] for line in coded)
    assert any("/mlflow-artifacts/artifacts/" in line[1] and line[0] == "GET" for line in coded)
    assert team.hook("status", team.model, "--files").status == 0
    assert team.hook("doctor").status == 0


@pytest.fixture
def protected(team: Team, authority: Authority, mlflow3: MLflow) -> Iterator[Nginx]:
    """Lets through who brings the header; anybody else is sent to a login."""
    inside = f"""
        client_max_body_size 0;
        location /oauth2/ {{ default_type text/html; return 200 "<html><title>Sign in</title>Welcome</html>"; }}
        location / {{
            if ($http_x_pass != "{SECRET}") {{ return 302 /oauth2/sign_in?rd=$request_uri; }}
            proxy_pass http://127.0.0.1:{mlflow3.port}; proxy_set_header Host 127.0.0.1:{mlflow3.port};
        }}"""
    with Nginx(team.folder / "nginx", inside, (authority.certificate, authority.key)) as server:
        team.hook.env["MLFLOW_TRACKING_URI"] = server.url
        yield server


def test_an_identity_proxy_lets_the_headers_of_a_file_through(team: Team, protected: Nginx) -> None:
    handoff = team.train()
    ended = team.run(handoff)
    assert (ended.status, ended.result["retryable"]) == (DENIED, False)
    assert ended.result["error"]["hint"].startswith(
        f"a login page answers in the server's place, {protected.url}/oauth2/sign_in: ")
    assert len(spooled(handoff)) == 1
    headers = team.folder / "headers"
    headers.write_text(f"X-Pass: {SECRET}\n")
    ended = team.run(handoff, env={"MODELHOOK_HEADER_FILE": str(headers)})
    assert (ended.status, ended.result["outcome"]) == (0, "promoted")
    assert SECRET not in ended.stdout + ended.stderr
    assert team.registry.stages(team.model) == ["Production"]
