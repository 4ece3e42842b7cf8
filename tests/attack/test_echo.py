"""A server that puts all that it was sent into its errors: no secret comes back out, in any form."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from conftest import Attack, HandoffMaker
from fake_mlflow import Answer, FakeMlflow, Request

USER, PASSWORD = "maria", 'p@ss/w"rd+<1>&é'
TOKEN = "eyJhbGciOi.token-of-ours/+=.sig"
LOGIN = f"{USER}:{PASSWORD}"


def forms(secret: str) -> set[str]:
    """A secret in the ways in which servers write it down."""
    raw = secret.encode()
    inside = {base64.b64encode(b"x" * before + raw).decode() for before in range(3)}
    urlsafe = {base64.urlsafe_b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode().rstrip("=")}
    return {
        secret, quote(secret), quote(secret, safe=""), quote_plus(secret),
        re.sub("%..", lambda coded: coded[0].lower(), quote(secret, safe="")),
        json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1],
        json.dumps(secret)[1:-1].replace("/", "\\/"), html.escape(secret), html.escape(secret, quote=False),
        *inside, *urlsafe,
    }


class Echo(FakeMlflow):
    """MLflow, but for one call, which answers with all that it knows of the request and the secrets in it."""

    def __init__(self, call: str, status: int, secrets: tuple[str, ...], *, in_json: bool) -> None:
        super().__init__()
        self.echoed = call
        self.status = status
        self.secrets = secrets
        self.in_json = in_json
        self.picked = ""

    def carry_out(self, request: Request) -> Answer:
        if not re.search(self.echoed, request.path):
            return super().carry_out(request)
        headers = ", ".join(f"{name}={value}" for name, value in request.headers.items() if name == "authorization")
        host = request.headers.get("host", "")
        said = f"denied: {self.picked} for {headers} at http://{self.secrets[-1]}@{host}{request.path}"
        if self.in_json:
            error = {"error_code": "INVALID_PARAMETER_VALUE", "message": said}
            return Answer(self.status, json.dumps(error).encode(), "application/json")
        return Answer(self.status, said.encode(), "text/html")


def by_password(url: str) -> dict[str, str]:
    return {"MLFLOW_TRACKING_URI": url, "MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": PASSWORD}


def by_token(url: str) -> dict[str, str]:
    return {"MLFLOW_TRACKING_URI": url, "MLFLOW_TRACKING_TOKEN": TOKEN}


def by_url(url: str) -> dict[str, str]:
    return {"MLFLOW_TRACKING_URI": url.replace("://", f"://{USER}:{quote(PASSWORD, safe='')}@")}


GIVEN = {"password": (by_password, (PASSWORD, LOGIN)), "token": (by_token, (TOKEN,)),
         "url": (by_url, (PASSWORD, LOGIN))}
CALLS = {"get run": ("/runs/get$", 400), "upload": ("/artifacts/", 403), "create": ("/model-versions/create$", 400),
         "tag": ("/set-tag$", 500), "version": ("/version$", 401)}


def every(text: str, secrets: tuple[str, ...]) -> Iterator[str]:
    """The forms of secrets that are in text."""
    for secret in secrets:
        yield from (form for form in forms(secret) if form in text)


@pytest.mark.parametrize("in_json", [True, False], ids=["json", "html"])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("given", GIVEN)
def test_a_server_that_repeats_what_it_was_sent_does_not_get_it_shown(  # noqa: PLR0917 - fixtures
    attack: Attack, make_handoff: HandoffMaker, tmp_path: Path, given: str, call: str, in_json: bool
) -> None:
    how, secrets = GIVEN[given]
    path, status = CALLS[call]
    kept = tmp_path / "result.json"
    with Echo(path, status, secrets, in_json=in_json) as server:
        handoff = make_handoff(server.registry.add_run())
        env = {**how(server.url), "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
        for form in sorted(forms(secrets[0])):
            server.picked = form
            ended = attack("run", handoff, "--result", kept, env=env)
            shown = ended.stdout + ended.stderr + kept.read_text()
            for file in handoff.parent.rglob("*.result.json"):
                shown += file.read_text()
            assert list(every(shown, secrets)) == []
            assert "ss/w" not in shown
            assert "token-of-ours" not in shown
            written = b"".join(request.body for request in server.writes).decode(errors="replace")
            assert list(every(written, secrets)) == []
    if in_json and call != "version":
        assert "[redacted]" in shown


@pytest.mark.parametrize("command", [["status"], ["doctor"], ["history", "fish"], ["rollback", "fish"],
                                  ["status", "--json"]])
def test_no_command_shows_what_a_server_repeats(attack: Attack, command: list[str]) -> None:
    with Echo("/mlflow/", 400, (TOKEN,), in_json=True) as server:
        for form in sorted(forms(TOKEN)):
            server.picked = form
            ended = attack(*command, env=by_token(server.url))
            assert list(every(ended.stdout + ended.stderr, (TOKEN,))) == []


def test_a_plan_shows_no_login(attack: Attack, make_handoff: HandoffMaker) -> None:
    with FakeMlflow(auth=(USER, PASSWORD)) as server:
        ended = attack("run", make_handoff(server.registry.add_run()), "--plan", env=by_url(server.url))
    assert ended.status == 0
    assert list(every(ended.stdout + ended.stderr, (PASSWORD, LOGIN))) == []
    assert USER not in ended.stdout + ended.stderr


def test_a_model_that_is_spelt_like_the_password_keeps_its_name(attack: Attack, make_handoff: HandoffMaker) -> None:
    with FakeMlflow() as server:
        handoff = make_handoff(server.registry.add_run(), model="fish", folder="promoted")
        ended = attack("run", handoff, env={**by_password(server.url), "MLFLOW_TRACKING_PASSWORD": "promoted"})
        result = json.loads(ended.stdout.splitlines()[-1])
        assert (result["outcome"], result["model"], result["version"]) == ("promoted", "fish", "1")
        ended = attack("run", handoff, env={**by_password(server.url), "MLFLOW_TRACKING_PASSWORD": "fish"})
        assert json.loads(ended.stdout.splitlines()[-1])["model"] == "fish"
