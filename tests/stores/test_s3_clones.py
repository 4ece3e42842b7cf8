"""S3 servers that are not Amazon's: real ones that were made to behave like those that cannot be run here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import Hook
from object_stores import ObjectStore, Versitygw
from s3_bucket import Bucket
from s3_clone import S3Clone
from servers import MLflow
from training import Team, run_of

WEIGHTS = "saved_model/variables/variables.data-00000-of-00001"
LATER = 75


@pytest.fixture(scope="session", params=["versitygw", "minio"])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    """Each of the servers."""
    found: ObjectStore = request.getfixturevalue(request.param)
    return found


Clone = Callable[..., tuple[Bucket, S3Clone]]


@pytest.fixture
def clone(store: ObjectStore, mlflow3: MLflow, hook: Hook, tmp_path: Path) -> Iterator[Clone]:
    """A function that makes a bucket of a clone with some habits."""
    with ExitStack() as stack:

        def make(*habits: str) -> tuple[Bucket, S3Clone]:
            bucket = Bucket(store, mlflow3, hook, tmp_path)
            bucket.proxy = made = S3Clone(store, *habits)
            return stack.enter_context(bucket), made

        yield make


HABITS = ["long etags", "weak etags", "bare etags", "no checksums", "signed payload", "no open uploads", "first lists",
          "late errors"]
TOGETHER = {"Cloudflare": ["long etags", "no checksums"], "ECS": ["no checksums", "signed payload"],
            "all of it": HABITS}


@pytest.mark.parametrize("habits", [*([habit] for habit in HABITS), *TOGETHER.values()], ids=[*HABITS, *TOGETHER])
def test_a_run_arrives_whole_and_is_not_sent_again(clone: Clone, large_model: Path, habits: list[str]) -> None:
    bucket, proxy = clone(*habits)
    handoff = bucket.train(large_model)
    assert bucket.team.run(handoff).status == 0
    assert bucket.holds(handoff, large_model)
    assert len(bucket.team.production) == 1
    assert bucket.open_uploads(bucket.key(handoff, WEIGHTS)) == 0
    proxy.requests.clear()
    assert bucket.team.run(handoff).status == 0
    assert proxy.sent_bytes("part ") + proxy.sent_bytes("put ") == 0


def test_what_is_refused_once_is_not_tried_again(clone: Clone, large_model: Path, hook: Hook) -> None:
    hook.env["MODELHOOK_PARALLEL"] = "1"
    bucket, proxy = clone("no checksums", "signed payload")
    ended = bucket.team.run(bucket.train(large_model))
    assert ended.status == 0
    # a question for what is there, an upload's begin or a file, a part without checksum and then one signed
    assert proxy.refused <= 2 + 2
    assert "S3 at http://127.0.0.1" in ended.stderr
    assert "accepted" in ended.stderr


@pytest.mark.parametrize("setting", ["environment", "profile"])
def test_checksums_that_the_user_turns_off_are_never_tried(
    clone: Clone, large_model: Path, hook: Hook, setting: str
) -> None:
    bucket, proxy = clone("no checksums")
    if setting == "environment":
        hook.env |= {"AWS_REQUEST_CHECKSUM_CALCULATION": "WHEN_REQUIRED",
                     "AWS_RESPONSE_CHECKSUM_VALIDATION": "WHEN_REQUIRED"}
    else:
        (hook.home / ".aws").mkdir()
        (hook.home / ".aws/config").write_text(
            "[default]\nrequest_checksum_calculation = when_required\nresponse_checksum_validation = when_required\n")
    assert bucket.team.run(bucket.train(large_model)).status == 0
    assert proxy.refused == 0


def test_a_run_that_died_goes_on_where_etags_tell_nothing(clone: Clone, large_model: Path) -> None:
    bucket, _ = clone("long etags", "no checksums")
    handoff = bucket.train(large_model)
    client = bucket.server.boto()
    key = bucket.key(handoff, WEIGHTS)
    made = client.create_multipart_upload(Bucket=bucket.name, Key=key)
    client.upload_part(Bucket=bucket.name, Key=key, UploadId=made["UploadId"], PartNumber=1, Body=b"x" * (5 << 20))
    assert bucket.team.run(handoff).status == 0
    assert bucket.holds(handoff, large_model)
    assert bucket.open_uploads(key) == 0


@pytest.mark.parametrize("habit", ["long etags", "weak etags"])
def test_parts_go_to_addresses_that_an_mlflow_server_signs_of_a_clone(
    versitygw: Versitygw, hook: Hook, tmp_path: Path, large_model: Path, habit: str
) -> None:
    hook.env["MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"] = str(6 << 20)
    name = f"signed-{habit.partition(' ')[0]}"
    with S3Clone(versitygw, habit) as clone, MLflow(
        tmp_path / "server", artifacts=versitygw.make_bucket(name),
        env=versitygw.client_env() | {"MLFLOW_S3_ENDPOINT_URL": clone.url()},
    ) as server:
        team = Team(hook, server, tmp_path)
        handoff = team.train(saved_model=large_model)
        assert team.run(handoff).status == 0
        parts = [request for request in clone.requests if request.name.startswith("part ")]
    assert len(parts) == 3
    sent = versitygw.path / name / "0" / run_of(handoff) / "artifacts/model" / WEIGHTS
    assert sent.read_bytes() == (large_model / WEIGHTS.removeprefix("saved_model/")).read_bytes()
