"""A real MLflow 3.18 that lets no artifact through itself: everything goes by presigned URLs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Hook
from fault_proxy import Fault, FaultProxy
from large_model import BIG, digest, large_model
from object_stores import Versitygw
from servers import MLflow
from training import Team, run_of

MIB = 1 << 20
BUCKET = "presigned-only"
DENIED, REFUSED, LATER = 77, 69, 75


@pytest.fixture(scope="module")
def server(versitygw: Versitygw, s3_door: FaultProxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """The server, with its bucket behind a door."""
    env = versitygw.client_env() | {"MLFLOW_S3_ENDPOINT_URL": s3_door.url("")}
    with MLflow(tmp_path_factory.mktemp("presigned-only"), version="318", artifacts=versitygw.make_bucket(BUCKET),
                extra=("--artifacts-presigned-only",), env=env) as started:
        yield started


@pytest.fixture
def front(server: MLflow) -> Iterator[FaultProxy]:
    """What stands before the MLflow server."""
    with FaultProxy(server.url) as proxy:
        yield proxy


@pytest.fixture
def team(hook: Hook, server: MLflow, front: FaultProxy, s3_door: FaultProxy, tmp_path: Path) -> Team:
    """A team of that server, which sees it through the proxy."""
    s3_door.on("", lambda request: None)
    team = Team(hook, server, tmp_path)
    team.hook.env["MLFLOW_TRACKING_URI"] = front.url(team.model)
    return team


def sent_through(front: FaultProxy, team: Team, method: str) -> int:
    """How many artifacts were put or asked for through the server."""
    return sum(sent.startswith(f"{method} api/2.0/mlflow-artifacts/artifacts/") for sent in front.sent(team.model))


def open_uploads(versitygw: Versitygw) -> list[object]:
    """Uploads that nobody ended."""
    return list(versitygw.boto().list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))


def check(team: Team, versitygw: Versitygw, handoff: Path, model: Path) -> None:
    """Every file is there, whole, and nothing of an upload is left."""
    root = versitygw.path / BUCKET / "0" / run_of(handoff) / "artifacts/model"
    for file in model.rglob("*"):
        if file.is_file():
            assert digest(root / "saved_model" / file.relative_to(model)) == digest(file)
    assert (root / "MLmodel").stat().st_size > 0
    assert open_uploads(versitygw) == []
    assert [tag for tag in team.registry.run(run_of(handoff))["tags"] if "modelhook.upload" in tag] == []


def test_small_large_and_empty_files_are_promoted_and_verified(
        team: Team, front: FaultProxy, versitygw: Versitygw) -> None:
    model = large_model(team.folder / "saved_model", 12 * MIB)
    (model / "assets").mkdir(exist_ok=True)
    (model / "assets" / "empty.txt").write_bytes(b"")
    handoff = team.train(saved_model=model)
    ended = team.run(handoff)
    assert ended.status == 0
    assert team.registry.stages(team.model) == ["Production"]
    check(team, versitygw, handoff, model)
    through = sent_through(front, team, "PUT")
    assert 1 <= through <= 16, "until the server said what it wants"
    again = team.run(handoff)
    assert (again.status, again.result["version"]) == (0, "1")


def test_a_large_file_goes_in_parts_though_the_server_does_not_advise_it(
        team: Team, front: FaultProxy, versitygw: Versitygw) -> None:
    model = large_model(team.folder / "saved_model", 14 * MIB)
    handoff = team.train(saved_model=model)
    assert team.run(handoff, env={"MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": str(6 * MIB)}).status == 0
    check(team, versitygw, handoff, model)
    assert [sent for sent in front.sent(team.model) if sent.startswith("PUT ") and BIG in sent] == []


def test_the_variable_of_the_client_does_not_outweigh_the_server(team: Team, versitygw: Versitygw) -> None:
    model = large_model(team.folder / "saved_model", 12 * MIB)
    handoff = team.train(saved_model=model)
    none = {"MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "false", "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
            "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": str(6 * MIB)}
    assert team.run(handoff, env=none).status == 0
    check(team, versitygw, handoff, model)


def test_a_store_that_cannot_be_reached_is_told_and_retryable(
        team: Team, s3_door: FaultProxy, versitygw: Versitygw) -> None:
    s3_door.on("", lambda request: Fault("503") if "X-Amz-Signature=" in request.query else None)
    handoff = team.train()
    ended = team.run(handoff, env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"})
    s3_door.on("", lambda request: None)
    assert (ended.status, ended.result["retryable"]) == (LATER, True)
    assert open_uploads(versitygw) == []
    assert team.registry.versions(team.model) == []
    assert team.run(handoff).status == 0


def test_the_doctor_writes_and_reads_there(team: Team) -> None:
    ended = team.hook("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(ended.stdout.splitlines()[0])["checks"]}
    assert ended.status == 0
    assert checks["artifacts"]["verdict"] == "ok"


def test_promote_by_hand_reads_the_files_by_presigned_url(team: Team) -> None:
    team.promote(10)
    team.promote(11)
    ended = team.hook("promote", team.model, "1", "--reason", "by hand")
    assert ended.status == 0
    assert team.registry.stages(team.model) == ["Production", "Archived"]
