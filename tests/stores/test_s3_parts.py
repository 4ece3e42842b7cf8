"""Large files go to S3 in parts: kills and faults at each request, and what others left there."""

from __future__ import annotations

import itertools
import json
import random
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from conftest import Hook
from fault_proxy import Decide, Fault, Request
from object_stores import ObjectStore
from s3_bucket import Bucket
from s3_proxy import answer
from servers import MLflow

MULTIPART = ("list-uploads", "create", "list-parts", "part ", "complete")
STEPS = ["list-uploads", "create", "part 1", "part 2", "part 3", "complete", "list-uploads"]
CREATE, PART_2, COMPLETE = 1, 3, 5
KILLED, LATER = -9, 75


@pytest.fixture(scope="session", params=["versitygw", "minio"])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    """Each of the servers."""
    found: ObjectStore = request.getfixturevalue(request.param)
    return found


def sent(bucket: Bucket) -> list[str]:
    """The requests of the multipart API that were sent, without their keys."""
    words = [request.name.split(" ") for request in bucket.proxy.requests if request.name.startswith(MULTIPART)]
    return [" ".join(name[:2]) if name[0] == "part" else name[0] for name in words]


@pytest.fixture
def bucket(
    store: ObjectStore, mlflow3: MLflow, hook: Hook, tmp_path: Path
) -> Iterator[Bucket]:
    """One of its own for each test; what is sent comes in order."""
    hook.env["MODELHOOK_PARALLEL"] = "1"
    with Bucket(store, mlflow3, hook, tmp_path) as made:
        yield made


WEIGHTS = "saved_model/variables/variables.data-00000-of-00001"


def at_step(index: int, fault: Fault) -> Decide:
    """A fault at one request of the multipart API, counted from 0."""
    seen = -1

    def decide(request: Request) -> Fault | None:
        nonlocal seen
        if request.name.startswith(MULTIPART):
            seen += 1
            return fault if seen == index else None
        return None

    return decide


def test_a_large_file_goes_in_three_parts(bucket: Bucket, large_model: Path) -> None:
    handoff = bucket.train(large_model)
    assert bucket.team.run(handoff).status == 0
    assert sent(bucket) == STEPS
    assert bucket.holds(handoff, large_model)
    bucket.proxy.requests.clear()
    assert bucket.team.run(handoff).status == 0
    assert sent(bucket) == []
    assert bucket.proxy.sent_bytes("put ") == 0


def steps(versitygw: Iterable[int], minio: Iterable[int]) -> pytest.MarkDecorator:
    """At these steps with each server; they differ in how they answer a second completion."""
    cases = [*(("versitygw", index) for index in versitygw), *(("minio", index) for index in minio)]
    return pytest.mark.parametrize(("store", "index"), cases, indirect=["store"],
                                   ids=[f"{name} {index} {STEPS[index]}" for name, index in cases])


@pytest.mark.parametrize("carried_out", [False, True], ids=["before it", "after it"])
@steps(versitygw=range(len(STEPS)), minio=[COMPLETE])
def test_killed_at_a_request_the_same_command_goes_on(
    bucket: Bucket, large_model: Path, index: int, carried_out: bool
) -> None:
    handoff = bucket.train(large_model)
    process = bucket.hook.start("run", handoff)
    kill = process.kill
    bucket.proxy.on("", at_step(index, Fault("drop", after=kill) if carried_out else Fault("reset", before=kill)))
    assert (process.wait(), sent(bucket)) == (KILLED, STEPS[: index + 1])
    process.communicate()
    bucket.proxy.settle()
    assert bucket.team.registry.versions(bucket.team.model) == []
    verified = set(STEPS[: index + carried_out])
    bucket.proxy.requests.clear()
    assert bucket.team.run(handoff).status == 0
    again = [step for step in sent(bucket) if step.startswith("part ")]
    whole = "complete" in verified
    assert again == ([] if whole else [step for step in STEPS if step.startswith("part ") and step not in verified])
    assert bucket.holds(handoff, large_model)
    assert bucket.open_uploads(bucket.key(handoff, WEIGHTS)) == 0
    assert len(bucket.team.production) == 1


SMALL = 150


def many_files(folder: Path, large_model: Path) -> Path:
    """The large model with many small files beside its weights."""
    model = shutil.copytree(large_model, folder / "many")
    (model / "assets.extra").mkdir()
    for number in range(SMALL):
        (model / f"assets.extra/small-{number:03}").write_text(f"file {number} " * 100)
    return model


def killed_at(index: int, kill: Callable[[], None]) -> Decide:
    """A kill at that request; each answer takes its time, so that as many as may be are on their way."""
    counted = itertools.count()

    def decide(request: Request) -> Fault | None:
        if next(counted) == index:
            return Fault("reset", before=kill)
        return Fault("slow", seconds=0.1) if request.name.startswith("put ") else None

    return decide


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("store", ["versitygw"], indirect=True)
def test_killed_anywhere_with_many_requests_on_their_way(
    bucket: Bucket, large_model: Path, tmp_path: Path, seed: int
) -> None:
    bucket.hook.env["MODELHOOK_PARALLEL"] = "64"
    model = many_files(tmp_path, large_model)
    handoff = bucket.train(model)
    commit_mark = bucket.key(handoff, "MLmodel")
    for index in sorted(random.Random(seed).sample(range(SMALL), 3)):
        process = bucket.hook.start("run", handoff)
        bucket.proxy.on("", killed_at(index, process.kill))
        process.communicate()
        bucket.proxy.settle()
        bucket.proxy.on("", lambda request: None)
        assert process.returncode in (KILLED, 0), "the later ones may have less to send than that"
        if process.returncode == KILLED:
            assert bucket.team.registry.versions(bucket.team.model) == []
    there = {request.name for request in bucket.proxy.requests if request.name.startswith("put ")}
    assert f"put {commit_mark}" not in there or process.returncode == 0
    assert bucket.team.run(handoff).status == 0
    assert bucket.holds(handoff, model)
    assert bucket.open_uploads(bucket.key(handoff, WEIGHTS)) == 0
    assert len(bucket.team.production) == 1


FAULTS = {
    "answer lost": Fault("drop"),
    "connection reset": Fault("reset"),
    "500": Fault("answer", answer=answer("500 Internal Server Error", "InternalError")),
    "503": Fault("answer", answer=answer("503 Slow Down", "SlowDown", "Retry-After: 1")),
}


@pytest.mark.parametrize("fault", list(FAULTS))
@steps(versitygw=[CREATE, PART_2, COMPLETE], minio=[COMPLETE])
def test_one_failed_request_is_that_request_again(
    bucket: Bucket, large_model: Path, fault: str, index: int
) -> None:
    handoff = bucket.train(large_model)
    bucket.proxy.on("", at_step(index, FAULTS[fault]))
    done = bucket.team.run(handoff)
    assert done.status == 0
    assert sent(bucket) == [*STEPS[: index + 1], *STEPS[index:]]
    assert ("again in 1.0 s" in done.stderr) == (fault == "503")
    assert bucket.holds(handoff, large_model)
    assert bucket.open_uploads(bucket.key(handoff, WEIGHTS)) == 0


def test_an_error_that_follows_a_200_is_no_completion(bucket: Bucket, large_model: Path) -> None:
    handoff = bucket.train(large_model)
    bucket.proxy.on("", at_step(COMPLETE, Fault("answer", answer=answer("200 OK", "InternalError"))))
    assert bucket.team.run(handoff).status == 0
    assert sent(bucket) == [*STEPS[: COMPLETE + 1], *STEPS[COMPLETE:]]
    assert bucket.holds(handoff, large_model)


def test_two_machines_with_one_training_meet(bucket: Bucket, large_model: Path, tmp_path: Path) -> None:
    handoff = bucket.train(large_model)
    elsewhere = shutil.copytree(handoff.parent, tmp_path / "another machine") / handoff.name
    # not through the proxy: it loses what a server says before a request is whole, such as that its upload is gone
    bucket.hook.env["MLFLOW_S3_ENDPOINT_URL"] = bucket.server.url
    both = [bucket.hook.start("run", path) for path in (handoff, elsewhere)]
    ended = [(process.communicate()[1], process.returncode) for process in both]
    assert [status for _, status in ended] == [0, 0], ended
    assert len(bucket.team.production) == 1
    assert bucket.holds(handoff, large_model)
    assert bucket.open_uploads(bucket.key(handoff, WEIGHTS)) == 0


def test_a_package_waits_in_a_spool_in_the_bucket(bucket: Bucket, large_model: Path) -> None:
    handoff = bucket.train(large_model)
    places = ["--spool", f"{bucket.uri}/spool", "--result", f"{bucket.uri}/result.json"]
    client = bucket.server.boto()

    def waiting() -> list[str]:
        listed = client.list_objects_v2(Bucket=bucket.name, Prefix="spool/").get("Contents", [])
        return sorted(item["Key"].partition(".tar.gz")[2] for item in listed)

    assert bucket.team.run(handoff, *places, env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}).status == LATER
    assert waiting() == ["", ".result.json"]
    assert json.loads(client.get_object(Bucket=bucket.name, Key="result.json")["Body"].read())["outcome"] == "later"
    assert bucket.hook("replay", "--all", *places).status == 0
    assert waiting() == []
    assert bucket.holds(handoff, large_model)


def test_what_others_left_open_is_theirs_and_what_was_cut_otherwise_is_ended(
    bucket: Bucket, large_model: Path
) -> None:
    handoff = bucket.train(large_model)
    client = bucket.server.boto()
    key = bucket.key(handoff, WEIGHTS)
    for name in (key + ".other", key):
        made = client.create_multipart_upload(Bucket=bucket.name, Key=name)
        client.upload_part(Bucket=bucket.name, Key=name, UploadId=made["UploadId"], PartNumber=1, Body=b"x" * 1000)
    assert bucket.team.run(handoff).status == 0
    assert (bucket.open_uploads(key + ".other"), bucket.holds(handoff, large_model)) == (1, True)
    assert [upload["Key"] for upload in client.list_multipart_uploads(
        Bucket=bucket.name, Prefix=key + ".other")["Uploads"]] == [key + ".other"]
    assert not [upload for upload in client.list_multipart_uploads(Bucket=bucket.name, Prefix=key).get("Uploads", [])
                if upload["Key"] == key]


@pytest.mark.parametrize("refusal", ["403 Forbidden", "501 Not Implemented"])
def test_who_may_not_list_uploads_may_still_send_one(bucket: Bucket, large_model: Path, refusal: str) -> None:
    handoff = bucket.train(large_model)
    said = Fault("answer", answer=answer(refusal, "AccessDenied" if "403" in refusal else "NotImplemented"))
    bucket.proxy.on("", lambda request: said if request.name == "list-uploads" else None)
    assert bucket.team.run(handoff).status == 0
    assert bucket.holds(handoff, large_model)
