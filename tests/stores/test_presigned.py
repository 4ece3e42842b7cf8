"""Runs whose artifacts are in S3, and a job that has no key of it: a real MLflow server signs every address."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Hook
from consumer import Consumer
from fault_proxy import Fault, FaultProxy, Request
from large_model import BIG, SIZE, digest, large_model
from object_stores import Versitygw
from servers import MLflow
from training import Team, run_of

BUCKET = "signed-for"
DENIED, REFUSED, CONFIGURATION = 77, 69, 78
MIB = 1 << 20


@pytest.fixture(scope="session")
def mlflow_signing(versitygw: Versitygw, s3_door: FaultProxy,
                   tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """A real MLflow whose runs keep their artifacts in a bucket that it alone has the key of."""
    env = versitygw.client_env() | {"MLFLOW_S3_ENDPOINT_URL": s3_door.url("")}
    with MLflow(tmp_path_factory.mktemp("mlflow-signing"), artifacts=versitygw.make_bucket(BUCKET) + "/runs",
                direct_artifacts=True, auth=True, env=env) as server:
        yield server


@pytest.fixture
def team(hook: Hook, mlflow_signing: MLflow, tmp_path: Path) -> Team:
    """A team without any key of S3, nor its address."""
    hook.env |= {"AWS_EC2_METADATA_DISABLED": "true"}
    return Team(hook, mlflow_signing, tmp_path)


@pytest.fixture
def seen(s3_door: FaultProxy) -> list[Request]:
    """What S3 is asked for from now on."""
    requests: list[Request] = []
    s3_door.on("", requests.append)
    return requests


def sent(versitygw: Versitygw, handoff: Path) -> Path:
    """Where the files of the model are."""
    return versitygw.path / BUCKET / "runs/0" / run_of(handoff) / "artifacts/model"


def with_large_file(team: Team, size: int = SIZE) -> Path:
    """A training of a model with a file of that size."""
    return team.train(saved_model=large_model(team.folder / "big", size))


def is_whole(team: Team, versitygw: Versitygw, handoff: Path) -> bool:
    """Whether that file arrived."""
    return digest(sent(versitygw, handoff) / "saved_model" / BIG) == digest(team.folder / "big" / BIG)


def signed(seen: list[Request]) -> list[Request]:
    """The requests to addresses that the server signed."""
    return [request for request in seen if "X-Amz-Signature" in request.query]


def test_a_consumer_loads_what_was_sent_without_a_key(team: Team, versitygw: Versitygw, seen: list[Request],
                                                      models: Path) -> None:
    saved_model = models / "keras_export/saved_model"
    handoff = team.train(saved_model=saved_model)
    ended = team.run(handoff)
    assert ended.status == 0
    inside = [file.relative_to(saved_model) for file in saved_model.rglob("*") if file.is_file()]
    assert {path: (sent(versitygw, handoff) / "saved_model" / path).read_bytes() for path in inside} == {
        path: (saved_model / path).read_bytes() for path in inside}
    ours = signed(seen)
    assert {request.method for request in ours} == {"PUT"}, "verified by the store's own MD5, not read back"
    assert [request for request in ours if "authorization" in request.headers] == []
    assert "X-Amz-Signature" not in ended.stdout + ended.stderr
    with Consumer("tensorflow", {**versitygw.client_env(), **team.server.client_env()}) as consumer:
        said = consumer.ask("load", uri=team.server.url, model=f"models:/{team.model}/Production",
                            cases=models / "keras_export/cases.npz")
    assert said == "equal"


def test_a_large_file_is_not_sent_again(team: Team, versitygw: Versitygw, seen: list[Request]) -> None:
    handoff = with_large_file(team)
    assert team.run(handoff).status == 0
    assert is_whole(team, versitygw, handoff)
    puts = sum(request.method == "PUT" for request in seen)
    again = team.run(handoff)
    assert (again.status, again.result["version"]) == (0, "1")
    assert sum(request.method == "PUT" for request in seen) == puts


@pytest.mark.parametrize("kind", ["403", "503", "drop"])
def test_what_did_not_arrive_is_sent_again_and_an_address_that_ran_out_asked_for_anew(
        team: Team, versitygw: Versitygw, s3_door: FaultProxy, kind: str) -> None:
    handoff = with_large_file(team, 6 * MIB)
    met: list[Request] = []

    def decide(request: Request) -> Fault | None:
        if request.method == "PUT" and request.name.endswith(BIG):
            met.append(request)
        return Fault(kind) if met == [request] else None

    s3_door.on("", decide)
    assert team.run(handoff).status == 0
    assert len(met) == 2
    assert is_whole(team, versitygw, handoff)


def test_a_version_is_verified_by_addresses_too(team: Team, versitygw: Versitygw) -> None:
    handoff = team.train()
    assert team.run(handoff, "--policy", "none").status == 99
    assert team.hook("promote", team.model, "1").status == 0
    second = team.train(13)
    assert team.run(second, "--policy", "none").status == 99
    weights = next(sent(versitygw, second).rglob("variables.data-*"))
    weights.write_bytes(bytes(reversed(weights.read_bytes())))
    ended = team.hook("promote", team.model, "2")
    assert ended.status == REFUSED
    assert "its files are not those that were registered" in ended.errors[0]


def test_where_a_key_is_at_hand_the_setting_decides(team: Team, versitygw: Versitygw, s3_door: FaultProxy,
                                                    seen: list[Request]) -> None:
    keys = versitygw.client_env() | {"MLFLOW_S3_ENDPOINT_URL": s3_door.url("")}
    assert team.run(team.train(), env=keys).status == 0
    assert (signed(seen), seen != []) == ([], True)
    assert team.run(team.train(13), "--presigned", env=keys).status == 0
    assert signed(seen) != []


def test_a_plan_sends_nothing(team: Team, seen: list[Request]) -> None:
    ended = team.run(team.train(), "--plan")
    assert ended.status == 0
    assert "PUT s3://signed-for/runs/0/" in ended.stdout + ended.stderr
    assert [request for request in seen if request.method == "PUT"] == []


def test_without_key_and_without_such_a_server_both_ways_out_are_named(hook: Hook, mlflow2: MLflow,
                                                                       tmp_path: Path) -> None:
    team = Team(hook, mlflow2, tmp_path)
    experiment = team.registry.call("POST", "experiments/create", name=team.model,
                                    artifact_location="s3://somewhere/runs")["experiment_id"]
    handoff = team.train(run_id=team.registry.add_run(experiment))
    ended = team.run(handoff, env={"AWS_EC2_METADATA_DISABLED": "true"})
    assert ended.status == DENIED
    assert ended.errors == ["no credentials for S3 were found, and the MLflow server signs no uploads there"]
    assert "AWS_ACCESS_KEY_ID" in ended.result["error"]["hint"]
    assert "--artifacts-destination" in ended.result["error"]["hint"]
    assert team.run(handoff, "--presigned").status == CONFIGURATION


def test_the_memory_is_bound_whatever_the_size(team: Team) -> None:
    handoff = with_large_file(team, 64 * MIB)
    command = ["prlimit", f"--as={60 * MIB}", team.hook.binary, "run", handoff]
    subprocess.run(command, env=team.hook.environment(), check=True)
