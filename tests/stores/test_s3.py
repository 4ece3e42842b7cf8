"""Runs whose artifacts are in S3, on real servers: what arrives, who may send it, what a consumer loads."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from conftest import Hook
from consumer import Consumer
from fault_proxy import Fault
from object_stores import Minio, ObjectStore, Versitygw
from s3_bucket import Bucket
from s3_proxy import answer
from servers import MLflow
from training import Registry, Team, run_of

REFUSED, DENIED, CONFIGURATION = 69, 77, 78


@pytest.fixture(scope="session")
def mlflow_s3(versitygw: Versitygw, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """A real MLflow whose runs keep their artifacts in a bucket, where its clients send them themselves."""
    with MLflow(tmp_path_factory.mktemp("mlflow-s3"), artifacts=versitygw.make_bucket("models") + "/runs",
                direct_artifacts=True, env=versitygw.client_env()) as server:
        yield server


@pytest.fixture
def bucket(versitygw: Versitygw, mlflow3: MLflow, hook: Hook, tmp_path: Path) -> Iterator[Bucket]:
    """One of its own, of versitygw."""
    with Bucket(versitygw, mlflow3, hook, tmp_path) as made:
        yield made


@pytest.fixture
def minio_bucket(minio: Minio, mlflow3: MLflow, hook: Hook, tmp_path: Path) -> Iterator[Bucket]:
    """One of its own, of MinIO."""
    with Bucket(minio, mlflow3, hook, tmp_path) as made:
        yield made


def nothing_registered(bucket: Bucket) -> bool:
    """Whether no version was made."""
    return bucket.team.registry.versions(bucket.team.model) == []


def test_a_consumer_loads_what_was_sent_to_the_bucket(
    hook: Hook, mlflow_s3: MLflow, versitygw: Versitygw, models: Path, tmp_path: Path
) -> None:
    hook.env |= versitygw.client_env()
    team = Team(hook, mlflow_s3, tmp_path)
    saved_model = models / "keras_export/saved_model"
    handoff = team.train(saved_model=saved_model)
    assert team.run(handoff).status == 0
    sent = versitygw.path / "models/runs/0" / run_of(handoff) / "artifacts/model"
    inside = [file.relative_to(saved_model) for file in saved_model.rglob("*") if file.is_file()]
    assert {path: (sent / "saved_model" / path).read_bytes() for path in inside} == {
        path: (saved_model / path).read_bytes() for path in inside}
    with Consumer("tensorflow", versitygw.client_env()) as consumer:
        said = consumer.ask("load", uri=team.server.url, model=f"models:/{team.model}/Production",
                            cases=models / "keras_export/cases.npz")
    assert said == "equal"


def test_the_registry_may_be_another_server_than_the_runs(
    hook: Hook, mlflow_s3: MLflow, mlflow3: MLflow, versitygw: Versitygw, tmp_path: Path
) -> None:
    hook.env |= versitygw.client_env()
    team = Team(hook, mlflow_s3, tmp_path)
    hook.env["MLFLOW_REGISTRY_URI"] = mlflow3.url
    older, newer = team.train(11), team.train(12)
    done = [team.run(newer), team.run(older), team.run(newer)]
    assert [(ended.status, ended.result["version"]) for ended in done] == [(0, "1"), (99, "2"), (0, "1")]
    assert {(ended.result["registry_url"], ended.result["tracking_url"]) for ended in done} == {
        (mlflow3.url, mlflow_s3.url)}
    assert team.registry.versions(team.model) == []
    there = Registry(mlflow3.url)
    assert [version["current_stage"] for version in there.versions(team.model)] == ["Production", "None"]
    assert json.loads(team.registry.run(run_of(newer))["tags"]["modelhook.outcome"])["outcome"] == "promoted"
    assert hook("promote", team.model, "2", "--reason", "by hand").status == 0
    assert hook("rollback", team.model, "--to", "1").status == 0
    assert [version["current_stage"] for version in there.versions(team.model)] == ["Production", "Archived"]


def test_a_registry_that_cannot_read_the_runs_artifacts_says_where_they_should_be(
    hook: Hook, mlflow_s3: MLflow, mlflow3: MLflow, tmp_path: Path
) -> None:
    team = Team(hook, mlflow3, tmp_path)
    hook.env["MLFLOW_REGISTRY_URI"] = mlflow_s3.url
    ended = team.run(team.train())
    assert ended.status == REFUSED
    assert "the registry is another server than the run's" in ended.result["error"]["hint"]


@pytest.mark.parametrize("server", ["versitygw", "minio"])
@pytest.mark.parametrize(
    ("env", "said", "hint"),
    [({"AWS_SECRET_ACCESS_KEY": "wrong"}, "403 SignatureDoesNotMatch", "the credentials came from the environment"),
     ({"AWS_ACCESS_KEY_ID": "NOBODY"}, "403 InvalidAccessKeyId", "the credentials came from the environment"),
     ({"AWS_SESSION_TOKEN": "made up"}, " InvalidToken", "the credentials came from the environment"),
     ({"MLFLOW_EXPERIMENTAL_S3_SIGNATURE_VERSION": "unsigned"}, "403 AccessDenied", "")],
    ids=["secret", "key", "session token", "unsigned"])
def test_who_is_not_known_is_denied(  # noqa: PLR0917 - a case has three parts
    request: pytest.FixtureRequest, models: Path, server: str, env: dict[str, str], said: str, hint: str
) -> None:
    bucket: Bucket = request.getfixturevalue("bucket" if server == "versitygw" else "minio_bucket")
    done = bucket.team.run(bucket.train(models / "keras_export/saved_model"), env=env)
    assert (done.status, nothing_registered(bucket)) == (DENIED, True)
    assert said in done.result["error"]["message"]
    assert hint in (done.result["error"]["hint"] or "")
    assert not {"wrong", "made up"} & set(done.stderr.split())


def test_a_header_that_was_changed_on_the_way_is_refused(bucket: Bucket, models: Path) -> None:
    handoff = bucket.train(models / "keras_export/saved_model")

    def other(head: bytes) -> bytes:
        assert b"x-amz-meta-sha256: " in head
        return head.replace(b"x-amz-meta-sha256: ", b"x-amz-meta-sha256: 0")

    bucket.proxy.on("", lambda request: Fault(alter=other) if request.name.startswith("put ") else None)
    done = bucket.team.run(handoff)
    assert (done.status, nothing_registered(bucket)) == (DENIED, True)
    assert "403 SignatureDoesNotMatch" in done.result["error"]["message"]


def test_a_clock_that_is_wrong_is_said_with_both_times(bucket: Bucket, models: Path) -> None:
    skewed = answer("403 Forbidden", "RequestTimeTooSkewed", "Date: Mon, 23 Nov 2026 10:00:00 GMT")
    bucket.proxy.on("", lambda _: Fault("answer", answer=skewed))
    done = bucket.team.run(bucket.train(models / "keras_export/saved_model"))
    assert done.status == DENIED
    assert "this machine's clock says 20" in done.result["error"]["hint"]
    assert "the store's 2026-11-23T10:00:00Z" in done.result["error"]["hint"]


def test_who_may_only_read_is_denied(bucket: Bucket, models: Path) -> None:
    assert isinstance(bucket.server, Versitygw)
    bucket.server.add_user("READER", "readersecret")
    done = bucket.team.run(bucket.train(models / "keras_export/saved_model"),
                           env={"AWS_ACCESS_KEY_ID": "READER", "AWS_SECRET_ACCESS_KEY": "readersecret"})
    assert (done.status, nothing_registered(bucket)) == (DENIED, True)
    assert f"bucket {bucket.name}: answers 403 AccessDenied" in done.result["error"]["message"]
    assert f"may they write to bucket {bucket.name}?" in done.result["error"]["hint"]


@pytest.mark.parametrize("server", ["versitygw", "minio"])
def test_a_bucket_that_is_not_there_is_refused_for_good(
    request: pytest.FixtureRequest, models: Path, server: str
) -> None:
    bucket: Bucket = request.getfixturevalue("bucket" if server == "versitygw" else "minio_bucket")
    handoff = bucket.train(models / "keras_export/saved_model")
    bucket.server.boto().delete_bucket(Bucket=bucket.name)
    done = bucket.team.run(handoff)
    assert (done.status, nothing_registered(bucket)) == (REFUSED, True)
    assert "404 NoSuchBucket" in done.result["error"]["message"]
    assert "the bucket made?" in done.result["error"]["hint"]


def test_temporary_keys_go_with_their_token(minio_bucket: Bucket, models: Path) -> None:
    assert isinstance(minio_bucket.server, Minio)
    saved_model = models / "keras_export/saved_model"
    handoff = minio_bucket.train(saved_model)
    temporary = minio_bucket.server.temporary_keys()
    done = minio_bucket.team.run(handoff, env={**temporary, "AWS_SESSION_TOKEN": ""})
    assert (done.status, nothing_registered(minio_bucket)) == (DENIED, True)
    assert minio_bucket.team.run(handoff, env=temporary).status == 0
    assert minio_bucket.holds(handoff, saved_model)


def test_a_public_bucket_takes_what_is_not_signed(minio_bucket: Bucket, models: Path) -> None:
    everybody = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:*"],
         "Resource": [f"arn:aws:s3:::{minio_bucket.name}", f"arn:aws:s3:::{minio_bucket.name}/*"]}]}
    minio_bucket.server.boto().put_bucket_policy(Bucket=minio_bucket.name, Policy=json.dumps(everybody))
    saved_model = models / "keras_export/saved_model"
    handoff = minio_bucket.train(saved_model)
    minio_bucket.hook.env |= {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    assert minio_bucket.team.run(handoff, env={"MLFLOW_EXPERIMENTAL_S3_SIGNATURE_VERSION": "unsigned"}).status == 0
    assert minio_bucket.holds(handoff, saved_model)


def test_extra_arguments_reach_small_and_large_objects(minio_bucket: Bucket, large_model: Path) -> None:
    handoff = minio_bucket.train(large_model)
    extra = {"CacheControl": "max-age=7", "Tagging": "team=fish", "StorageClass": "REDUCED_REDUNDANCY"}
    assert minio_bucket.team.run(handoff, env={"MLFLOW_S3_UPLOAD_EXTRA_ARGS": json.dumps(extra)}).status == 0
    client = minio_bucket.server.boto()
    for path in ("MLmodel", "saved_model/variables/variables.data-00000-of-00001"):
        key = minio_bucket.key(handoff, path)
        head = client.head_object(Bucket=minio_bucket.name, Key=key)
        assert (head["CacheControl"], head["StorageClass"]) == ("max-age=7", "REDUCED_REDUNDANCY")
        assert client.get_object_tagging(Bucket=minio_bucket.name, Key=key)["TagSet"] == [
            {"Key": "team", "Value": "fish"}]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Path, Path]]:
    """A certificate authority's file, and certificate and key of a server at 127.0.0.1."""
    folder = tmp_path_factory.mktemp("authority")
    made = trustme.CA()
    made.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate = made.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(str(folder / "certificate.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    return folder / "ca.pem", (folder / "certificate.pem", folder / "key.pem")


@contextlib.contextmanager
def direct(server: ObjectStore, mlflow: MLflow, hook: Hook, folder: Path) -> Iterator[Bucket]:
    """A bucket of a server of its own, without the proxy."""
    with server, Bucket(server, mlflow, hook, folder) as bucket:
        hook.env["MLFLOW_S3_ENDPOINT_URL"] = server.url
        yield bucket


@pytest.mark.parametrize("kind", [Versitygw, Minio])
def test_a_server_is_trusted_by_the_stores_own_settings(  # noqa: PLR0917
    kind: type[ObjectStore], authority: tuple[Path, tuple[Path, Path]], mlflow3: MLflow, hook: Hook, models: Path,
    tmp_path: Path,
) -> None:
    bundle, tls = authority
    saved_model = models / "keras_export/saved_model"
    with direct(kind(tmp_path / "server", tls=tls), mlflow3, hook, tmp_path) as bucket:
        handoff = bucket.train(saved_model)
        done = bucket.team.run(handoff)
        assert (done.status, nothing_registered(bucket)) == (CONFIGURATION, True)
        assert "AWS_CA_BUNDLE" in done.result["error"]["hint"]
        done = bucket.team.run(handoff, env={"MLFLOW_S3_IGNORE_TLS": "true"})
        assert done.status == 0
        assert "MLFLOW_S3_IGNORE_TLS" in done.stderr
        assert bucket.holds(handoff, saved_model)
        handoff = bucket.train(models / "multi_io/saved_model")
        assert bucket.team.run(handoff, env={"AWS_CA_BUNDLE": str(bundle)}).status == 0
        assert bucket.holds(handoff, models / "multi_io/saved_model")


@pytest.mark.parametrize("kind", [Versitygw, Minio])
def test_the_region_that_a_server_names_is_the_one_that_is_signed_for(
    kind: type[ObjectStore], mlflow3: MLflow, hook: Hook, models: Path, tmp_path: Path
) -> None:
    saved_model = models / "keras_export/saved_model"
    with direct(kind(tmp_path / "server", region="eu-north-1"), mlflow3, hook, tmp_path) as bucket:
        handoff = bucket.train(saved_model)
        assert bucket.team.run(handoff, env={"AWS_DEFAULT_REGION": ""}).status == 0
        assert bucket.holds(handoff, saved_model)
