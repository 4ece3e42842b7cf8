"""Where the keys of S3 come from, and where a bucket is looked for: as botocore has it, in the same surroundings."""

from __future__ import annotations

import contextlib
import datetime
import json
import re
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import pytest
import requests
import trustme
from conftest import Hook
from object_stores import go_tool
from servers import Guarded, reserve_port

EMPTY = 66  # what a spool without packages ends with: the bucket was listed
EXPIRES = "2099-01-01T00:00:00Z"


class Desk(BaseHTTPRequestHandler):
    """Gives out keys as a container's agent and STS do, and takes what is sent to S3 or through it as a proxy."""

    server: DeskServer
    protocol_version = "HTTP/1.1"

    def _answer(self, body: str, status: int = 200, kind: str = "application/xml") -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_CONNECT(self) -> None:
        """A proxied connection: to whom, is all that is wanted; but a host whose certificate is here, answers."""
        self.server.seen.append(f"https://{self.path.removesuffix(':443')}")
        if not self.server.tls:
            self._answer("", 403)
            return
        self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)

    def do_GET(self) -> None:
        """Keys, a token of a machine, or an empty bucket."""
        if self.path.startswith("/agent"):
            self.server.asked += 1
            if self.server.asked > self.server.answers:
                self._answer("", 503)
                return
            asked = self.headers.get("Authorization", "nobody")
            self._answer(json.dumps({"AccessKeyId": f"AGENT-{asked}", "SecretAccessKey": "s", "Token": "t",
                                     "Expiration": self.server.expires}), kind="application/json")
        elif self.path.startswith("/computeMetadata") and self.headers.get("Metadata-Flavor") == "Google":
            self._answer('{"access_token": "BEARER", "expires_in": 3600, "token_type": "Bearer"}')
        else:
            host = f"http://{self.headers['Host']}"
            path = self.path.removeprefix(host).partition("?")[0]
            self.server.seen.append(host + path)
            said = self.headers.get("Authorization", "unsigned")
            key = re.search(r"Credential=([^/]*)/[0-9]*/([^/]*)", said)
            token = self.headers.get("X-Amz-Security-Token", "")
            self.server.keys.append(f"{key[1]} {key[2]} {token}".strip() if key else said)
            more = len(self.server.keys) < self.server.pages
            next_page = f"<NextContinuationToken>{len(self.server.keys)}</NextContinuationToken>" if more else ""
            self._answer(f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{next_page}"
                         "</ListBucketResult>")

    def do_POST(self) -> None:
        """STS."""
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        role = re.search("RoleArn=([a-z]*)", form)
        token = re.search("WebIdentityToken=([a-z]*)", form)
        self._answer(f"<R><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>STS-{role and role[1]}-"
                     f"{token and token[1]}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t"
                     f"</SessionToken><Expiration>{EXPIRES}</Expiration></Credentials>"
                     "</AssumeRoleWithWebIdentityResult></R>")

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing."""


class DeskServer(ThreadingHTTPServer):
    """The desk, with what it saw."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.seen: list[str] = []
        self.keys: list[str] = []
        self.tls: ssl.SSLContext | None = None
        self.asked = 0  # how often the agent was asked
        self.answers = 1000  # how often it answers
        self.pages = 1  # of each list
        self.expires = EXPIRES
        self.port = self.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"


@pytest.fixture
def desk() -> Iterator[DeskServer]:
    """Started."""
    with DeskServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@dataclass
class Case:
    """Surroundings: variables and files, in which DESK is the desk's address and HOME the home folder."""

    name: str
    env: dict[str, str] = field(default_factory=dict)
    credentials: str = ""  # ~/.aws/credentials
    config: str = ""  # ~/.aws/config
    bucket: str = "fish"


def keys(name: str, token: str = "") -> str:
    """A section's lines."""
    lines = f"aws_access_key_id = {name}\naws_secret_access_key = s\n"
    return lines + (f"aws_session_token = {token}\n" if token else "")


ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "s"}
ROLE = "aroleoftwentycharacters"  # boto looks at its length, and at no more
IDENTITY = {"AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/identity", "AWS_ROLE_ARN": ROLE, "AWS_ENDPOINT_URL_STS": "DESK/"}
AGENT = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "DESK/agent"}
FILE = f"[default]\n{keys('FILE')}"
PLACES = [
    Case("environment", ENVIRONMENT),
    Case("environment with a token", {**ENVIRONMENT, "AWS_SESSION_TOKEN": "new"}),
    Case("the token's older name", {**ENVIRONMENT, "AWS_SESSION_TOKEN": "new", "AWS_SECURITY_TOKEN": "old"}),
    Case("environment before all", {**ENVIRONMENT, **IDENTITY, **AGENT}, FILE),
    Case("credentials file", {}, FILE),
    Case("credentials file elsewhere", {"AWS_SHARED_CREDENTIALS_FILE": "HOME/.aws/config"}, "", FILE),
    Case("its token", {}, f"[default]\n{keys('FILE', 'token')}"),
    Case("its token's older name", {}, f"[default]\n{keys('FILE', 'new')}aws_security_token = old\n"),
    Case("a profile", {"AWS_PROFILE": "fish"}, f"{FILE}[fish]\n{keys('FISH')}"),
    Case("the profile's older name", {"AWS_PROFILE": "bird", "AWS_DEFAULT_PROFILE": "fish"},
         f"[bird]\n{keys('BIRD')}[fish]\n{keys('FISH')}"),
    Case("config file", {}, "", f"[default]\n{keys('CONFIG')}"),
    Case("a profile of it", {"AWS_PROFILE": "fish"}, "", f"[profile fish]\n{keys('FISH')}"),
    Case("a quoted profile of it", {"AWS_PROFILE": "fish"}, "", f"[profile 'fish']\n{keys('FISH')}"),
    Case("both files", {}, FILE, f"[default]\n{keys('CONFIG')}"),
    Case("no token from the other file", {}, FILE, "[default]\naws_session_token = other\n"),
    Case("indented", {}, "[default]\n  aws_access_key_id=FILE\n  aws_secret_access_key=s\n"),
    Case("colons, capitals, carriage returns", {},
         "[default]\r\nAWS_ACCESS_KEY_ID: FILE\r\naws_secret_access_key:s\r\n"),
    Case("web identity", IDENTITY),
    Case("web identity before files", IDENTITY, FILE),
    Case("web identity of a profile", {"AWS_ENDPOINT_URL_STS": "DESK/"}, "",
         f"[default]\nrole_arn = {ROLE}\nweb_identity_token_file = HOME/identity\n"),
    Case("container", AGENT),
    Case("container with a token", {**AGENT, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "token"}),
    Case("container with a token's file", {**AGENT, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "token",
                                          "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "HOME/identity"}),
    Case("files before container", AGENT, FILE),
    Case("unsigned region", {**ENVIRONMENT, "AWS_DEFAULT_REGION": "eu-west-1"}),
    Case("a profile's region", ENVIRONMENT, "", "[default]\nregion = eu-west-2\n"),
    Case("the environment's region", {**ENVIRONMENT, "AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-west-3"}, "",
         "[default]\nregion = eu-west-2\n"),
]


def prepare(case: Case, home: Path, desk: DeskServer, more: dict[str, str]) -> dict[str, str]:
    """The files are there; the variables."""

    def filled(text: str) -> str:
        return text.replace("DESK", desk.url).replace("HOME", str(home))

    (home / ".aws").mkdir()
    (home / "identity").write_text("webtoken")
    for name, text in (("credentials", case.credentials), ("config", case.config)):
        if text:
            (home / ".aws" / name).write_text(filled(text), newline="")
    env = {"AWS_EC2_METADATA_DISABLED": "true", **more, **case.env}
    return {name: filled(value) for name, value in env.items()}


def boto_lists(bucket: str, env: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bucket's list, asked for by botocore in these surroundings."""
    with monkeypatch.context() as surroundings:
        for name, value in {**env, "HOME": str(home)}.items():
            surroundings.setenv(name, value)
        style = {"addressing_style": env.get("MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE", "auto")}
        once = botocore.config.Config(retries={"total_max_attempts": 1}, s3=style)
        client = boto3.Session().client("s3", config=once, endpoint_url=env.get("MLFLOW_S3_ENDPOINT_URL"))
        try:
            client.list_objects_v2(Bucket=bucket)
        except botocore.exceptions.ProxyConnectionError:
            assert "HTTPS_PROXY" in env


def hook_lists(bucket: str, env: dict[str, str], hook: Hook) -> tuple[int, str]:
    """The same by modelhook; its status and what it said."""
    hook.env = {**env, "MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}  # an empty spool asks nothing of it
    done = hook("replay", "--spool", f"s3://{bucket}", "--all")
    return done.status, done.stderr


@pytest.mark.parametrize("case", PLACES, ids=lambda case: case.name)
def test_the_key_is_the_one_that_botocore_takes(
    case: Case, desk: DeskServer, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = prepare(case, hook.home, desk, {"AWS_ENDPOINT_URL_S3": desk.url, "AWS_DEFAULT_REGION": "us-east-1"}
                  if "region" not in case.name else {"AWS_ENDPOINT_URL_S3": desk.url})
    boto_lists(case.bucket, env, hook.home, monkeypatch)
    status, said = hook_lists(case.bucket, env, hook)
    assert (status, len(desk.keys)) == (EMPTY, 2), said
    assert desk.keys[0] == desk.keys[1]


THROUGH = {**ENVIRONMENT, "AWS_DEFAULT_REGION": "eu-west-1", "HTTP_PROXY": "DESK", "http_proxy": "DESK",
           "HTTPS_PROXY": "DESK", "https_proxy": "DESK"}
VIRTUAL = {**THROUGH, "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE": "virtual"}
ADDRESSES = [
    Case("Amazon", THROUGH),
    Case("Amazon in China", {**THROUGH, "AWS_DEFAULT_REGION": "cn-north-1"}),
    Case("a dot in the bucket", THROUGH, bucket="fish.models"),
    Case("path style", {**THROUGH, "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE": "path"}),
    Case("MLflow's endpoint", {**THROUGH, "MLFLOW_S3_ENDPOINT_URL": "http://minio.test:9000"}),
    Case("MLflow's before the others", {**THROUGH, "MLFLOW_S3_ENDPOINT_URL": "http://minio.test:9000",
                                        "AWS_ENDPOINT_URL_S3": "http://other.test"}),
    Case("S3's endpoint before all services'", {**THROUGH, "AWS_ENDPOINT_URL_S3": "http://minio.test",
                                                "AWS_ENDPOINT_URL": "http://other.test"}),
    Case("all services' endpoint", {**THROUGH, "AWS_ENDPOINT_URL": "http://minio.test"}),
    Case("the profile's endpoint", THROUGH, config="[default]\nendpoint_url = http://minio.test\n"),
    Case("no configured endpoint", {**THROUGH, "AWS_ENDPOINT_URL": "http://minio.test",
                                    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}),
    Case("virtual style", {**VIRTUAL, "MLFLOW_S3_ENDPOINT_URL": "http://minio.test:9000"}),
    Case("virtual style, a number", {**VIRTUAL, "MLFLOW_S3_ENDPOINT_URL": "http://192.0.2.1:9000"}),
    Case("virtual style, capitals", {**VIRTUAL, "MLFLOW_S3_ENDPOINT_URL": "http://minio.test:9000"}, bucket="Fish"),
]


@pytest.mark.parametrize("case", ADDRESSES, ids=lambda case: case.name)
def test_the_bucket_is_where_botocore_looks_for_it(
    case: Case, desk: DeskServer, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = prepare(case, hook.home, desk, {})
    boto_lists(case.bucket, env, hook.home, monkeypatch)
    _, said = hook_lists(case.bucket, env, hook)
    assert len(desk.seen) == 2, said
    assert desk.seen[0] == desk.seen[1]


@pytest.mark.parametrize(
    ("setting", "value"),
    [("role_arn", "r\nsource_profile = default"), ("sso_account_id", "1"), ("login_session", "l"),
     ("credential_process", "/bin/true")])
def test_what_boto_would_follow_is_said_and_no_other_key_is_taken(
    desk: DeskServer, hook: Hook, setting: str, value: str
) -> None:
    case = Case("", AGENT, config=f"[default]\n{keys('CONFIG')}{setting} = {value}\n")
    status, said = hook_lists("fish", prepare(case, hook.home, desk, {"AWS_ENDPOINT_URL_S3": desk.url}), hook)
    assert (status, desk.seen) == (78, [])
    assert f"AWS profile default: {setting} is not followed here" in said
    assert "aws configure export-credentials" in said


@pytest.mark.parametrize(
    ("minutes", "answers", "asked"), [(60, 1000, 1), (4, 1000, 3), (4, 1, None)],
    ids=["good for long", "soon over", "soon over, and the agent is away"])
def test_keys_are_fetched_again_before_they_are_over(
    desk: DeskServer, hook: Hook, minutes: int, answers: int, asked: int | None
) -> None:
    over = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)
    desk.expires, desk.answers, desk.pages = over.strftime("%Y-%m-%dT%H:%M:%SZ"), answers, 3
    env = prepare(Case("", AGENT), hook.home, desk, {"AWS_ENDPOINT_URL_S3": desk.url})
    status, said = hook_lists("fish", env, hook)
    assert (status, desk.keys) == (EMPTY, ["AGENT-nobody us-east-1 t"] * 3), said
    assert desk.asked == asked if asked else desk.asked > 1


def test_nobody_who_gives_out_keys_is_a_refusal_that_names_the_places(desk: DeskServer, hook: Hook) -> None:
    status, said = hook_lists("fish", prepare(Case(""), hook.home, desk, {"AWS_ENDPOINT_URL_S3": desk.url}), hook)
    assert (status, desk.seen) == (77, [])
    assert "no credentials for S3 were found" in said
    assert "AWS_ACCESS_KEY_ID" in said


def answers(url: str) -> bool:
    """Whether somebody is there."""
    with contextlib.suppress(requests.ConnectionError):
        return requests.get(url, timeout=5).status_code > 0
    return False


@pytest.fixture(scope="session")
def aemm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Amazon's own mock of an instance's metadata service, version 2 only; its address."""
    folder = tmp_path_factory.mktemp("aemm")
    port, lock = reserve_port()
    server = Guarded([go_tool("aemm"), "--imdsv2", "--hostname", "127.0.0.1", "--port", str(port)],
                     folder / "aemm.log", cwd=folder, env={"HOME": str(folder)})
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 60
    while not answers(url):
        assert time.monotonic() < until, server.log_tail()
        assert not server.ended(), server.log_tail()
        time.sleep(0.05)
    yield url
    server.stop()
    lock.close()


def test_an_instance_has_the_key_of_its_role(
    aemm: str, desk: DeskServer, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case("", {"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": aemm,
                     "AWS_DEFAULT_REGION": "us-east-1"})
    env = prepare(case, hook.home, desk, {"AWS_ENDPOINT_URL_S3": desk.url})
    boto_lists("fish", env, hook.home, monkeypatch)
    status, said = hook_lists("fish", env, hook)
    assert (status, len(desk.keys)) == (EMPTY, 2), said
    assert desk.keys[0] == desk.keys[1]


YANDEX = {"MLFLOW_S3_ENDPOINT_URL": "https://storage.yandexcloud.net", "HTTPS_PROXY": "DESK",
          "AWS_CA_BUNDLE": "HOME/ca.pem"}


def test_a_machine_of_yandex_shows_the_token_of_its_service_account(desk: DeskServer, hook: Hook) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(hook.home / "ca.pem"))
    desk.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("storage.yandexcloud.net").configure_cert(desk.tls)
    env = prepare(Case("", {**YANDEX, "GCE_METADATA_HOST": f"127.0.0.1:{desk.port}"}), hook.home, desk, {})
    status, said = hook_lists("fish", env, hook)
    assert (status, desk.keys) == (EMPTY, ["Bearer BEARER"]), said


def test_that_token_is_not_shown_without_tls(desk: DeskServer, hook: Hook) -> None:
    env = {**YANDEX, "MLFLOW_S3_ENDPOINT_URL": "http://storage.yandexcloud.net", "HTTP_PROXY": "DESK",
           "GCE_METADATA_HOST": f"127.0.0.1:{desk.port}"}
    status, said = hook_lists("fish", prepare(Case("", env), hook.home, desk, {}), hook)
    assert (status, desk.keys) == (78, [])
    assert "BEARER" not in said
