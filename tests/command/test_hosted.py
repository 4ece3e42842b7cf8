"""MLflow as others host it: Kubernetes, API Gateway, SageMaker, identity proxies, and platforms of their own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from conftest import MODEL, Ended, FakeMlflow, HandoffMaker, Hook
from fake_mlflow import Request

SECRET = "not-to-be-seen"
ARNS = {
    "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/fish": (
        "x-mlflow-sm-tracking-server-arn", "eu-west-1", "sagemaker-mlflow"),
    "arn:aws-us-gov:sagemaker:us-gov-west-1:123456789012:mlflow-app/app-X1": (
        "x-sm-mlflow-app-arn", "us-gov-west-1", "sagemaker"),
}
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": "session-token"}


def status(hook: Hook, url: str, **env: str) -> Ended:
    env = {"MLFLOW_TRACKING_URI": url, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", **env}
    ended = hook("status", MODEL, env=env)
    assert SECRET not in ended.stdout + ended.stderr
    return ended


# ---- Kubernetes


@pytest.fixture
def account(tmp_path: Path) -> Path:
    """The folder of a service account."""
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    (folder / "token").write_text(f"{SECRET}-1\n")
    (folder / "namespace").write_text("reef")
    return folder


@pytest.mark.parametrize("way", ["kubernetes", "kubernetes-namespaced"])
def test_a_pod_shows_its_token_and_its_namespace(
    hook: Hook, account: Path, make_handoff: HandoffMaker, way: str
) -> None:
    with FakeMlflow(token=f"{SECRET}-1") as server:
        env = {"MLFLOW_TRACKING_URI": server.url, "MLFLOW_TRACKING_AUTH": way,
               "MODELHOOK_SERVICE_ACCOUNT": str(account)}
        ended = hook("run", make_handoff(server.add_run()), env=env)
        assert ended.status == 0
        assert SECRET not in ended.stdout + ended.stderr
        workspaces = {request.headers.get("x-mlflow-workspace") for request in server.requests}
        assert workspaces == ({"reef"} if way == "kubernetes-namespaced" else {None})
        assert status(hook, server.url, **env, MLFLOW_WORKSPACE="lagoon").status == 0
        assert server.requests[-1].headers["x-mlflow-workspace"] == "lagoon"
        doctor = hook("doctor", "--service-account", account, env=env)
        assert "by Kubernetes service account" in doctor.stdout


def test_a_token_that_is_renewed_meanwhile_is_read_again(
    hook: Hook, account: Path, make_handoff: HandoffMaker
) -> None:
    with FakeMlflow(token=f"{SECRET}-1") as server:
        def renew() -> None:
            (account / "token").write_text(f"{SECRET}-2\n")
            server.wanted = [f"Bearer {SECRET}-2"]
        server.fail("mlflow-artifacts/artifacts/", method="PUT", nth=3, after=renew)
        ended = hook("run", make_handoff(server.add_run()), env={
            "MLFLOW_TRACKING_URI": server.url, "MLFLOW_TRACKING_AUTH": "kubernetes", "MODELHOOK_PARALLEL": "1",
            "MODELHOOK_SERVICE_ACCOUNT": str(account)})
        assert ended.status == 0
        assert {request.headers["authorization"] for request in server.requests} == {
            f"Bearer {SECRET}-1", f"Bearer {SECRET}-2"}


def test_the_token_of_a_pod_stays_with_its_server(hook: Hook, account: Path, fake: FakeMlflow) -> None:
    with FakeMlflow() as elsewhere:
        fake.fail("search", redirect=elsewhere.url + "/api/2.0/mlflow/model-versions/search")
        status(hook, fake.url, MLFLOW_TRACKING_AUTH="kubernetes", MODELHOOK_SERVICE_ACCOUNT=str(account))
        assert elsewhere.requests
        assert all("authorization" not in request.headers for request in elsewhere.requests)


def test_no_service_account_is_named_with_its_path(hook: Hook, fake: FakeMlflow) -> None:
    ended = status(hook, fake.url, MLFLOW_TRACKING_AUTH="kubernetes", MODELHOOK_SERVICE_ACCOUNT="/nowhere")
    assert ended.status == 78
    assert "token of the Kubernetes service account: /nowhere/token: No such file" in ended.stderr
    assert fake.requests == []
    other = status(hook, fake.url, MLFLOW_TRACKING_AUTH="corp-sso")
    assert other.status == 78
    assert 'MLFLOW_TRACKING_AUTH is "corp-sso"' in other.stderr


# ---- AWS


def signed_headers(request: Request) -> list[str]:
    """The names of the headers that the signature covers."""
    found = re.search(r"SignedHeaders=([^,]+),", request.headers["authorization"])
    assert found
    return found.group(1).split(";")


def expected_signature(server: FakeMlflow, request: Request, region: str, service: str) -> str:
    """What botocore signs for the request as it arrived, with the headers that say they are signed."""
    host = server.url.removeprefix("http://")
    url = f"http://{host}{request.path}"
    headers = {name: request.headers[name] for name in signed_headers(request)}
    aws = AWSRequest(method=request.method, url=url, params=request.query or None, data=request.body, headers=headers)
    signer = SigV4Auth(Credentials(KEYS["AWS_ACCESS_KEY_ID"], SECRET, KEYS["AWS_SESSION_TOKEN"]), service, region)
    aws.context["timestamp"] = request.headers["x-amz-date"]
    return signer.signature(signer.string_to_sign(aws, signer.canonical_request(aws)), aws)


def assert_signed(server: FakeMlflow, region: str, service: str) -> None:
    """Every request of the server's."""
    assert server.requests
    for request in server.requests:
        sent = request.headers["authorization"]
        date = request.headers["x-amz-date"]
        assert f"Credential=AKIDEXAMPLE/{date[:8]}/{region}/{service}/aws4_request" in sent
        at = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        assert abs(datetime.now(UTC) - at) < timedelta(minutes=2)
        assert sent.rpartition("Signature=")[2] == expected_signature(server, request, region, service), request.path


def test_requests_to_an_api_gateway_are_signed(hook: Hook, fake: FakeMlflow, make_handoff: HandoffMaker) -> None:
    ended = hook("run", make_handoff(fake.add_run()), env={
        **KEYS, "MLFLOW_TRACKING_URI": fake.url, "MLFLOW_TRACKING_AWS_SIGV4": "true",
        "AWS_DEFAULT_REGION": "eu-north-1",
        "MLFLOW_TRACKING_TOKEN": "is-overridden", "MLFLOW_TRACKING_AUTH": "kubernetes"})
    assert ended.status == 0
    assert_signed(fake, "eu-north-1", "execute-api")
    assert {request.method for request in fake.requests} >= {"GET", "POST", "PUT"}
    assert SECRET not in ended.stdout + ended.stderr


@pytest.mark.parametrize("arn", ARNS)
def test_an_arn_of_sagemaker_is_a_tracking_uri(
    hook: Hook, fake: FakeMlflow, make_handoff: HandoffMaker, arn: str
) -> None:
    header, region, service = ARNS[arn]
    ended = hook("run", make_handoff(fake.add_run()), env={
        **KEYS, "MLFLOW_TRACKING_URI": arn, "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": fake.url})
    assert ended.status == 0
    assert {request.headers[header] for request in fake.requests} == {arn}
    assert_signed(fake, region, service)
    assert all(header in signed_headers(request) for request in fake.requests)


def test_an_arn_leads_to_its_region(hook: Hook) -> None:
    ended = status(hook, next(iter(ARNS)), **KEYS, HTTPS_PROXY="http://127.0.0.1:9")
    assert ended.status == 75
    assert "https://eu-west-1.experiments.sagemaker.aws" in ended.stderr


def test_no_keys_of_aws_are_denied(hook: Hook, fake: FakeMlflow) -> None:
    env = {"MLFLOW_TRACKING_AWS_SIGV4": "true", "AWS_EC2_METADATA_DISABLED": "true"}
    ended = status(hook, fake.url, **env, AWS_DEFAULT_REGION="eu-north-1")
    assert ended.status == 77
    assert "no credentials for AWS were found" in ended.stderr
    without = status(hook, fake.url, **env)
    assert without.status == 78
    assert "set AWS_DEFAULT_REGION" in without.stderr
    assert fake.requests == []


# ---- headers from a file


@pytest.fixture
def headers(tmp_path: Path) -> Path:
    path = tmp_path / "headers"
    path.write_text(f"# of Cloudflare Access\nCF-Access-Client-Id: id.access\nCF-Access-Client-Secret: {SECRET}\n")
    return path


def test_headers_of_a_file_go_to_the_server_alone(
    hook: Hook, fake: FakeMlflow, headers: Path, make_handoff: HandoffMaker
) -> None:
    env = {"MLFLOW_TRACKING_URI": fake.url, "MODELHOOK_HEADER_FILE": str(headers), "MLFLOW_TRACKING_TOKEN": "tok"}
    ended = hook("run", make_handoff(fake.add_run()), env=env)
    assert ended.status == 0
    assert SECRET not in ended.stdout + ended.stderr
    assert {request.headers["cf-access-client-secret"] for request in fake.requests} == {SECRET}
    assert {request.headers["authorization"] for request in fake.requests} == {"Bearer tok"}
    with FakeMlflow() as elsewhere:
        fake.fail("search", redirect=elsewhere.url + "/api/2.0/mlflow/model-versions/search")
        status(hook, fake.url, MODELHOOK_HEADER_FILE=str(headers))
        assert elsewhere.requests
        assert all("cf-access-client-id" not in request.headers for request in elsewhere.requests)


def test_a_header_file_can_be_the_login(hook: Hook, headers: Path) -> None:
    headers.write_text(f"Authorization: Bearer {SECRET}\r\n")
    with FakeMlflow(token=SECRET) as server:
        server.add_version(MODEL, "Production")
        assert hook("status", MODEL, "--header-file", headers, env={"MLFLOW_TRACKING_URI": server.url}).status == 0
        server.wanted = ["Bearer another"]
        ended = status(hook, server.url, MODELHOOK_HEADER_FILE=str(headers))
        assert ended.status == 77
        assert "the credentials (header file) were not accepted" in ended.stderr


@pytest.mark.parametrize(("text", "says"), [
    (f"{SECRET}", 'line 1: not a line "Name: value"'), (f"X-A: {SECRET}\nx-a: {SECRET}", "line 2: x-a is there twice"),
    (f"Host: {SECRET}", "Host is not to be set here"), (f"X-A: {SECRET}\rX-Admin: 1", "control character"),
    (f"Authorization: {SECRET}", "Authorization is there, and other credentials too"),
])
def test_a_header_file_that_cannot_be_taken_is_named_without_its_values(
    hook: Hook, fake: FakeMlflow, headers: Path, text: str, says: str
) -> None:
    headers.write_bytes(text.encode())
    ended = status(hook, fake.url, MODELHOOK_HEADER_FILE=str(headers), MLFLOW_TRACKING_TOKEN="tok")
    assert ended.status == 78
    assert f"MODELHOOK_HEADER_FILE: {headers}: line" in ended.stderr
    assert says in ended.stderr
    assert fake.requests == []


# ---- platforms


@pytest.mark.parametrize(("uri", "says", "hint"), [
    ("databricks", "Databricks", "Python client"), ("databricks://prod", "Databricks", "Python client"),
    ("databricks-uc", "Unity Catalog", "Python client"), ("azureml://w.api.azureml.ms/x", "Azure ML", "azureml-mlflow"),
    (f"postgresql://u:{SECRET}@db/mlflow", "a database", "mlflow server --backend-store-uri postgresql://db/mlflow"),
    ("sqlite:///x.db", "a database", "mlflow server"), ("file:/srv/mlruns", "a folder", "mlflow server"),
    ("arn:aws-cn:sagemaker:cn-north-1:1:mlflow-app/a", "no MLflow in this partition", "mlflow-tracking-server/NAME"),
    ("127.0.0.1:5000", '"127.0.0.1:5000"', "did you mean http://127.0.0.1:5000?"),
])
def test_what_is_no_server_is_named_with_what_would_work(hook: Hook, uri: str, says: str, hint: str) -> None:
    ended = status(hook, uri)
    assert ended.status == 78
    assert says in ended.stderr
    assert hint in ended.stderr
    doctor = hook("doctor", env={"MLFLOW_TRACKING_URI": uri})
    assert doctor.status == 78
    assert says in doctor.stdout + doctor.stderr


def test_an_address_copied_from_the_browser_works(hook: Hook, fake: FakeMlflow) -> None:
    fake.add_version(MODEL, "Production")
    assert status(hook, f" {fake.url}/#/models/{MODEL} ").status == 0


def test_gitlab_is_named_by_errors_and_by_the_doctor(hook: Hook) -> None:
    with FakeMlflow(prefix="/api/v4/projects/7/ml/mlflow") as server:
        server.add_version(MODEL, "Production")
        server.fail("transition|search|registered-models", times=None, status=404, body=b'{"error":"404 Not Found"}',
                    content_type="application/json")
        ended = status(hook, server.url)
        assert ended.status in (69, 76)
        assert "GitLab's MLflow API has no stages" in ended.stderr
        doctor = hook("doctor", env={"MLFLOW_TRACKING_URI": server.url})
        assert "warning  server" in doctor.stdout
        assert "GitLab's MLflow API has no stages" in doctor.stdout
        server.fail(".", times=None, status=401, body=b'{"message":"401 Unauthorized"}',
                    content_type="application/json")
        server.faults.reverse()
        assert "no credentials were sent: GitLab takes a GitLab access token" in status(hook, server.url).stderr
