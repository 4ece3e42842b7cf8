"""Passwords and tokens reach the server and nothing else: no stream, no file, no plan, no error."""

from __future__ import annotations

import base64
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from promoting import MODEL, Site

USER, SECRET = "maria", "S3cret-Pa55:w@rd"
ESCAPED = "S3cret-Pa55%3Aw%40rd"
ENCODED = base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
FORMS = (SECRET, ESCAPED, ENCODED, "S3cret")


def no_setting(site: Site) -> dict[str, str]:
    return {}


def by_password(site: Site) -> dict[str, str]:
    return {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": SECRET}


def by_token(site: Site) -> dict[str, str]:
    return {"MLFLOW_TRACKING_TOKEN": SECRET}


def by_url(site: Site) -> dict[str, str]:
    return {"MLFLOW_TRACKING_URI": site.fake.url.replace("://", f"://{USER}:{ESCAPED}@")}


def by_netrc(site: Site) -> dict[str, str]:
    path = site.hook.home / ".netrc"
    path.write_text(f"machine 127.0.0.1 login {USER} password {SECRET}\n")
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    return {}


def by_file(site: Site) -> dict[str, str]:
    path = site.hook.home / ".mlflow/credentials"
    path.parent.mkdir()
    path.write_text(f"[mlflow]\nmlflow_tracking_username = {USER}\nmlflow_tracking_password = {SECRET}\n")
    return {}


SOURCES: dict[str, tuple[Callable[[Site], dict[str, str]], str]] = {
    "user and password": (by_password, f"Basic {ENCODED}"),
    "token": (by_token, f"Bearer {SECRET}"),
    "URL": (by_url, f"Basic {ENCODED}"),
    "netrc": (by_netrc, f"Basic {ENCODED}"),
    "credentials file": (by_file, f"Basic {ENCODED}"),
}

FAULTS: dict[str, tuple[dict[str, Any] | None, int]] = {
    "promoted": (None, 0),
    "not accepted": ({"path": ".*", "status": 401, "times": None}, 77),
    "not allowed": ({"path": "create", "status": 403, "code": "PERMISSION_DENIED", "times": None}, 77),
    "down": ({"path": ".*", "reset": True, "times": None}, 75),
    "503": ({"path": "runs/get", "status": 503, "times": None}, 75),
    "not MLflow": ({"path": ".*", "body": b"<html>", "content_type": "text/html", "times": None}, 76),
    "refused": ({"path": "model-versions/create", "status": 400, "code": "INVALID_PARAMETER_VALUE"}, 69),
    "redirected": ({"path": "runs/get", "redirect": "http://127.0.0.1:9/there", "times": None}, 77),
    "upload refused": ({"path": "artifacts/1", "method": "PUT", "status": 413, "times": None}, 69),
}


def leaks(text: str) -> list[str]:
    """The forms of the secret that a text holds."""
    return [form for form in FORMS if form in text]


def leaking_files(folder: Path, besides: Path) -> list[Path]:
    """The files that hold the secret."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and besides not in path.parents:
            content = path.read_bytes()
            found += [path for form in FORMS if form.encode() in content]
    return found


@pytest.mark.parametrize("how", FAULTS)
@pytest.mark.parametrize("source", SOURCES)
def test_a_secret_is_sent_and_shown_nowhere(site: Site, tmp_path: Path, source: str, how: str) -> None:
    settings, header = SOURCES[source]
    fault, status = FAULTS[how]
    if fault:
        site.fake.fail(**fault)
    env = {**settings(site), "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    ended = site.run(site.train(), "--result", str(tmp_path / "result.json"), env=env)
    assert ended.status == status
    assert {request.headers.get("authorization") for request in site.fake.requests} == {header}
    assert leaks(ended.stdout + ended.stderr) == []
    assert leaking_files(tmp_path, besides=site.hook.home) == []
    bodies = b"".join(request.body for request in site.fake.writes).decode("latin-1")
    assert leaks(bodies) == []


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("command", ["plan", "status", "doctor", "doctor as JSON"])
def test_a_secret_is_shown_by_no_command(site: Site, tmp_path: Path, source: str, command: str) -> None:
    settings, header = SOURCES[source]
    site.fake.wanted = [header]
    site.fake.add_version(MODEL, "Production", tags={"modelhook.intent": "2026-11-01T00:00:00Z"})
    env = settings(site)
    arguments = {"plan": ["run", site.train(), "--plan"], "status": ["status", MODEL], "doctor": ["doctor"],
                 "doctor as JSON": ["doctor", "--json"]}[command]
    ended = site.hook(*arguments, env=env)
    assert ended.status == 0
    assert leaks(ended.stdout + ended.stderr) == []


@pytest.mark.parametrize("uri", [
    f"ftp://{USER}:{ESCAPED}@host", f"http://{USER}:{ESCAPED}@", f"http://{USER}:{ESCAPED}@host:99999",
    f"http://{USER}:{ESCAPED}@[::", f"{USER}:{ESCAPED}@host", f"http://{USER}:{SECRET}@ho st/",
    f"postgresql://{USER}:{ESCAPED}@db/mlflow",
])
def test_a_tracking_uri_that_is_wrong_is_not_repeated_with_its_secret(site: Site, uri: str) -> None:
    ended = site.run(site.train(), env={"MLFLOW_TRACKING_URI": uri, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"})
    assert ended.status in (75, 78)
    assert leaks(ended.stdout + ended.stderr) == []
    ended = site.hook("doctor", "--tracking-uri", uri, env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"})
    assert ended.status in (75, 78)
    assert leaks(ended.stdout + ended.stderr) == []


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("port", ["9", "fake"], ids=["proxy down", "proxy refuses"])
def test_the_password_of_a_proxy_is_shown_nowhere(site: Site, tmp_path: Path, variable: str, port: str) -> None:
    site.fake.fail(".*", status=407, times=None)
    number = site.fake.server.server_port if port == "fake" else port
    env = {variable: f"http://{USER}:{ESCAPED}@127.0.0.1:{number}", "MLFLOW_TRACKING_URI": "http://mlflow.example",
           "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "NO_PROXY": "", "no_proxy": ""}
    ended = site.run(site.train(), env=env)
    assert ended.status == (77 if port == "fake" else 75)
    assert leaks(ended.stdout + ended.stderr) == []
    assert leaking_files(tmp_path, besides=site.hook.home) == []


@pytest.mark.parametrize("content", [
    f"machine 127.0.0.1 login {USER} password {SECRET} {SECRET}\n", f"machine 127.0.0.1 password \"{SECRET}\n",
    f"{SECRET}\n",
])
def test_a_netrc_that_cannot_be_understood_is_not_quoted(site: Site, content: str) -> None:
    by_netrc(site)
    (site.hook.home / ".netrc").write_text(content)
    ended = site.run(site.train())
    assert leaks(ended.stdout + ended.stderr) == []


@pytest.mark.parametrize("content", [f"{SECRET}\n", f"[mlflow]\n{SECRET}\n", f"[{SECRET}\nx = y\n"])
def test_a_credentials_file_that_cannot_be_understood_is_not_quoted(site: Site, content: str) -> None:
    by_file(site)
    (site.hook.home / ".mlflow/credentials").write_text(content)
    ended = site.run(site.train())
    assert ended.status in (0, 78)
    assert leaks(ended.stdout + ended.stderr) == []


def test_a_token_with_a_line_break_is_refused_and_not_repeated(site: Site) -> None:
    ended = site.run(site.train(), env={"MLFLOW_TRACKING_TOKEN": f"{SECRET}\r\nX-More: 1"})
    assert ended.status == 78
    assert leaks(ended.stdout + ended.stderr) == []
    assert site.fake.requests == []


def test_a_server_that_repeats_the_secret_does_not_get_it_printed(site: Site) -> None:
    """Debug pages of some proxies show the request; a page of HTML is not printed at all."""
    site.fake.fail("runs/get", status=400, message=f"<pre>Authorization: Bearer {SECRET}</pre>")
    ended = site.run(site.train(), env=by_token(site))
    assert ended.status == 69
    assert leaks(ended.stdout + ended.stderr) == []


def test_the_package_does_not_carry_where_the_server_is(site: Site, tmp_path: Path) -> None:
    handoff = site.train(config={"tracking_uri": by_url(site)["MLFLOW_TRACKING_URI"], "policy": "production"})
    assert site.hook("pack", handoff, "-o", tmp_path / "package.tar.gz").status == 0
    with tarfile.open(tmp_path / "package.tar.gz") as archive:
        contents = {member.name: archive.extractfile(member).read().decode("latin-1") for member in archive}
    assert "settings.json" in contents
    assert {name: leaks(content) for name, content in contents.items() if leaks(content)} == {}
    assert not [name for name, content in contents.items() if "127.0.0.1" in content]
