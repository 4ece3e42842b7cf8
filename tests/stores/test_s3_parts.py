"""Large files go to S3 in parts: kills and faults at each request, and what others left there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import environment
import pytest
from conftest import Hook
from fault_proxy import Decide, Fault, Request
from object_stores import ObjectStore
from s3_proxy import S3Proxy, answer
from servers import MLflow
from training import Team, run_of

MULTIPART = ("list-uploads", "create", "list-parts", "part ", "complete")
STEPS = ["list-uploads", "create", "part 1", "part 2", "part 3", "complete", "list-uploads"]
CREATE, PART_2, COMPLETE = 1, 3, 5
KILLED = -9


@pytest.fixture(scope="session")
def large_model() -> Path:
    """A SavedModel whose weights are three parts."""
    return environment.models(12) / "big-12/saved_model"


@pytest.fixture(scope="session", params=["versitygw", "minio"])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    """Each of the servers."""
    found: ObjectStore = request.getfixturevalue(request.param)
    return found


class Bucket:
    """A bucket whose requests go through a proxy, an experiment of MLflow's in it, and a team that uses both."""

    def __init__(self, server: ObjectStore, mlflow: MLflow, hook: Hook, folder: Path, name: str) -> None:
        self.server = server
        self.name = name
        self.uri = server.make_bucket(name)
        self.proxy = S3Proxy(server.url)
        self.team = Team(hook, mlflow, folder)
        self.hook = hook
        self.experiment = self.team.registry.call(
            "POST", "experiments/create", name=f"{server.name}-{name}", artifact_location=self.uri)["experiment_id"]

    def __enter__(self) -> Bucket:
        """The proxy listens."""
        self.proxy.__enter__()
        self.hook.env |= {**self.server.client_env(), "MLFLOW_S3_ENDPOINT_URL": self.proxy.url(),
                          "MODELHOOK_PARALLEL": "1"}
        return self

    def __exit__(self, *error: object) -> None:
        """It is gone."""
        self.proxy.__exit__(None, None, None)

    def train(self, model: Path) -> Path:
        """A training whose run keeps its artifacts in the bucket."""
        return self.team.train(saved_model=model, run_id=self.team.registry.add_run(self.experiment))

    def key(self, handoff: Path, path: str) -> str:
        """The key of one of its model's files."""
        return f"{run_of(handoff)}/artifacts/model/{path}"

    def holds(self, handoff: Path, model: Path) -> bool:
        """Whether every file of the SavedModel is there, whole."""
        client = self.server.boto()
        return all(
            client.get_object(Bucket=self.name, Key=self.key(handoff, f"saved_model/{file.relative_to(model)}"))
            ["Body"].read() == file.read_bytes() for file in model.rglob("*") if file.is_file())

    def open_uploads(self, key: str) -> int:
        """How many uploads of a key are open."""
        return len(self.server.boto().list_multipart_uploads(Bucket=self.name, Prefix=key).get("Uploads", []))

    def steps(self) -> list[str]:
        """The requests of the multipart API that were sent, without their keys."""
        words = [request.name.split(" ") for request in self.proxy.requests if request.name.startswith(MULTIPART)]
        return [" ".join(name[:2]) if name[0] == "part" else name[0] for name in words]


@pytest.fixture
def bucket(
    store: ObjectStore, mlflow3: MLflow, hook: Hook, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Bucket]:
    """One of its own for each test."""
    number = abs(hash(request.node.name)) % 10**9
    with Bucket(store, mlflow3, hook, tmp_path, f"test-{number}") as made:
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
    assert bucket.steps() == STEPS
    assert bucket.holds(handoff, large_model)
    bucket.proxy.requests.clear()
    assert bucket.team.run(handoff).status == 0
    assert bucket.steps() == []
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
    assert (process.wait(), bucket.steps()) == (KILLED, STEPS[: index + 1])
    process.communicate()
    bucket.proxy.settle()
    assert bucket.team.registry.versions(bucket.team.model) == []
    proven = set(STEPS[: index + carried_out])
    bucket.proxy.requests.clear()
    assert bucket.team.run(handoff).status == 0
    again = [step for step in bucket.steps() if step.startswith("part ")]
    whole = "complete" in proven
    assert again == ([] if whole else [step for step in STEPS if step.startswith("part ") and step not in proven])
    assert bucket.holds(handoff, large_model)
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
    assert bucket.steps() == [*STEPS[: index + 1], *STEPS[index:]]
    assert ("again in 1.0 s" in done.stderr) == (fault == "503")
    assert bucket.holds(handoff, large_model)
    assert bucket.open_uploads(bucket.key(handoff, WEIGHTS)) == 0


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
