"""What proves who we are goes to its own server: servers that lead elsewhere, and who sees what there."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import Attack, FakeMlflow, HandoffMaker
from witness import Certificates, Said, Seen, Witness, redirect

MISSING, REFUSED, LATER, NOT_A_REGISTRY, DENIED = 66, 69, 75, 76, 77
TOKEN = "bearer-secret"
API = "/api/2.0/mlflow/"
ONCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
KEYS = {"AWS_ACCESS_KEY_ID": "AKTEST", "AWS_SECRET_ACCESS_KEY": "secret-key", "AWS_SESSION_TOKEN": "session-secret",
        "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Of one authority for all servers, so that nothing but the rule keeps a certificate back."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def elsewhere(certificates: Certificates) -> Iterator[Witness]:
    """Another server, which asks for a client's certificate, too."""
    with Witness(tls=certificates.context()) as witness:
        yield witness


@pytest.fixture
def trainer(certificates: Certificates) -> dict[str, str]:
    """All that MLflow's client may have to show."""
    return {**ONCE, "CURL_CA_BUNDLE": str(certificates.bundle), "MLFLOW_TRACKING_TOKEN": TOKEN,
            "MLFLOW_TRACKING_CLIENT_CERT_PATH": str(certificates.client)}


def carries_nothing(seen: Seen) -> bool:
    """Whether a request shows nobody's certificate, token or signature."""
    told = str([seen.path, seen.headers])
    return seen.subject is None and "authorization" not in seen.headers and not [
        name for name in seen.headers if name.startswith("x-amz-")] and not any(
        secret in told for secret in (TOKEN, "secret-key", "session-secret", "delegation-secret"))


def test_a_client_certificate_stays_with_its_server(
    attack: Attack, certificates: Certificates, elsewhere: Witness, trainer: dict[str, str]
) -> None:
    elsewhere.answers = lambda _: Said(404, b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such model"}')
    leads = Witness(lambda seen: redirect(elsewhere.url + seen.path, 302), certificates.context(ssl.CERT_REQUIRED))
    with leads as server:
        ended = attack("status", "fish", env={**trainer, "MLFLOW_TRACKING_URI": server.url})
    assert {(seen.subject, seen.headers["authorization"]) for seen in server.seen} == {("trainer", f"Bearer {TOKEN}")}
    assert elsewhere.seen
    assert all(carries_nothing(seen) for seen in elsewhere.seen)
    assert ended.status == REFUSED
    assert "fish: no such registered model" in ended.stderr
    assert TOKEN not in ended.stderr


def test_a_client_certificate_is_shown_again_where_its_own_server_leads_to_itself(
    attack: Attack, certificates: Certificates, trainer: dict[str, str]
) -> None:
    def lead(seen: Seen) -> Said:
        if not seen.path.startswith("/behind"):
            return redirect("/behind" + seen.path, 302)
        return Said(200, b'{"model_versions": []}', {"Content-Type": "application/json"})

    with Witness(lead, certificates.context(ssl.CERT_REQUIRED)) as server:
        attack("status", "fish", env={**trainer, "MLFLOW_TRACKING_URI": server.url})
    behind = [seen for seen in server.seen if seen.path.startswith("/behind")]
    assert behind
    assert {(seen.subject, seen.headers["authorization"]) for seen in behind} == {("trainer", f"Bearer {TOKEN}")}


def test_a_server_elsewhere_that_takes_nobody_without_a_certificate_gets_none(
    attack: Attack, certificates: Certificates, trainer: dict[str, str]
) -> None:
    with Witness(tls=certificates.context(ssl.CERT_REQUIRED)) as stranger, Witness(
        lambda seen: redirect(stranger.url + seen.path, 302), certificates.context()
    ) as server:
        ended = attack("status", "fish", env={**trainer, "MLFLOW_TRACKING_URI": server.url})
    assert (ended.status, stranger.seen) == (DENIED, [])
    assert "handshake failure" in ended.stderr


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_create_is_carried_nowhere_else(
    attack: Attack, elsewhere: Witness, *, fake: FakeMlflow, make_handoff: HandoffMaker, trainer: dict[str, str],
    status: int
) -> None:
    handoff = make_handoff(fake.registry.add_run())
    fake.fail("registered-models/create", times=None, redirect=elsewhere.url + API + "registered-models/create",
              status=status)
    ended = attack("run", handoff, env={**trainer, "MLFLOW_TRACKING_URI": fake.url})
    assert (ended.status, elsewhere.seen) == (NOT_A_REGISTRY, [])


@pytest.fixture
def s3(certificates: Certificates) -> Iterator[Witness]:
    """A store of objects that takes nothing, over TLS."""
    denied = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
    with Witness(lambda _: Said(403, denied), certificates.context()) as witness:
        yield witness


def test_what_proves_us_to_mlflow_is_never_shown_to_the_store(
    attack: Attack, s3: Witness, make_handoff: HandoffMaker, trainer: dict[str, str]
) -> None:
    with FakeMlflow(token=TOKEN) as fake:
        run = fake.add_run(artifact_uri="s3://bucket/runs/1")
        ended = attack("run", make_handoff(run), env={**trainer, **KEYS, "MLFLOW_TRACKING_URI": fake.url,
                                                      "MLFLOW_S3_ENDPOINT_URL": s3.url})
    assert ended.status == DENIED
    assert s3.seen
    assert {seen.subject for seen in s3.seen} == {None}
    assert all(seen.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKTEST/") for seen in s3.seen)
    assert TOKEN not in str(s3.seen)


def test_a_signature_stays_with_its_store(
    attack: Attack, s3: Witness, elsewhere: Witness, trainer: dict[str, str]
) -> None:
    s3.answers = lambda seen: redirect(elsewhere.url + seen.path)
    ended = attack("outcome", "s3://bucket/result.json", env={**trainer, **KEYS, "MLFLOW_S3_ENDPOINT_URL": s3.url})
    assert ended.status == MISSING
    assert elsewhere.seen
    assert all(carries_nothing(seen) for seen in elsewhere.seen)


def test_what_is_sent_to_a_store_is_sent_nowhere_else(
    attack: Attack, s3: Witness, elsewhere: Witness, *, make_handoff: HandoffMaker, fake: FakeMlflow,
    trainer: dict[str, str]
) -> None:
    def lead(seen: Seen) -> Said:
        if seen.method in ("PUT", "POST"):
            return redirect(elsewhere.url + seen.path)
        return Said(200, b"<ListBucketResult/>") if "list-type" in seen.path else Said(404)

    s3.answers = lead
    run = fake.add_run(artifact_uri="s3://bucket/runs/1")
    ended = attack("run", make_handoff(run), env={**trainer, **KEYS, "MLFLOW_TRACKING_URI": fake.url,
                                                  "MLFLOW_S3_ENDPOINT_URL": s3.url})
    assert (ended.status, elsewhere.seen) == (REFUSED, [])
    assert [seen for seen in s3.seen if seen.method == "PUT"]


@pytest.fixture
def tokens(tmp_path: Path) -> dict[str, str]:
    """What Hadoop's client is told, without a NameNode that could be reached otherwise."""
    return {**ONCE, "HADOOP_USER_NAME": "trainer", "HADOOP_CONF_DIR": str(tmp_path)}


@pytest.mark.parametrize("as_answer", [True, False], ids=["a JSON answer", "a redirect"])
def test_a_datanode_sees_what_the_namenode_gives_for_it_and_no_more(
    attack: Attack, elsewhere: Witness, tokens: dict[str, str], trainer: dict[str, str], as_answer: bool
) -> None:
    def lead(seen: Seen) -> Said:
        query = parse_qs(urlsplit(seen.path).query)
        assert query["user.name"] == ["trainer"]
        place = f"{elsewhere.url}/webhdfs/v1/r.json?op=OPEN&delegation=of-the-namenode&offset=0"
        return Said(200, json.dumps({"Location": place}).encode()) if as_answer else redirect(place)

    with Witness(lead) as namenode:
        ended = attack("outcome", "hdfs://cluster/r.json",
                       env={**trainer, **KEYS, **tokens, "MODELHOOK_WEBHDFS_URL": namenode.url})
    assert ended.status != 0
    assert [seen.path for seen in elsewhere.seen] == [
        "/webhdfs/v1/r.json?op=OPEN&delegation=of-the-namenode&offset=0"]
    assert all(carries_nothing(seen) for seen in elsewhere.seen)


def test_a_datanode_leads_no_further(
    attack: Attack, elsewhere: Witness, tokens: dict[str, str], trainer: dict[str, str]
) -> None:
    with Witness(lambda _: redirect(f"{elsewhere.url}/stolen")) as datanode, Witness(
        lambda _: redirect(f"{datanode.url}/webhdfs/v1/r.json?op=OPEN")
    ) as namenode:
        ended = attack("outcome", "hdfs://cluster/r.json",
                       env={**trainer, **tokens, "MODELHOOK_WEBHDFS_URL": namenode.url})
    assert (ended.status, elsewhere.seen) == (REFUSED, [])
    assert len(datanode.seen) == 1
