"""Runs whose artifacts are in Google Cloud Storage: what arrives, what a death leaves, who is let in."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import environment
import pytest
from conftest import Hook
from cryptography.hazmat.primitives.asymmetric import rsa
from fault_proxy import Fault, FaultProxy, Request
from google_stores import FakeGcs, Gate, GcpEmulator, GoogleStore
from large_model import digest, files_below, large_model
from servers import MLflow
from training import Team, run_of

PARTS = [f"assets.extra/big.bin/{part:05}" for part in range(3)]

READ = """
import hashlib, json, sys
from google.cloud import storage
bucket = storage.Client(project="tests").bucket(sys.argv[1])
print(json.dumps({blob.name: hashlib.sha256(blob.download_as_bytes(checksum="crc32c")).hexdigest()
                  for blob in bucket.list_blobs(prefix=sys.argv[2])}))
"""


@pytest.fixture(scope="session", params=[FakeGcs, GcpEmulator], ids=lambda kind: kind.name)
def gcs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GoogleStore]:
    """A server of Google's storage API with a bucket."""
    with request.param(tmp_path_factory.mktemp("gcs")) as server:
        server.make_bucket("models")
        yield server


@pytest.fixture(scope="session")
def mlflow_gs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """A real MLflow whose runs keep their artifacts in a bucket that it cannot reach itself."""
    with MLflow(tmp_path_factory.mktemp("mlflow-gs"), artifacts="gs://models/runs", direct_artifacts=True) as server:
        yield server


@pytest.fixture
def team(hook: Hook, mlflow_gs: MLflow, gcs: GoogleStore, tmp_path: Path) -> Team:
    """A team that reaches the bucket."""
    hook.env |= gcs.client_env()
    return Team(hook, mlflow_gs, tmp_path)


@pytest.fixture
def proxied(team: Team, gcs: GoogleStore) -> Iterator[FaultProxy]:
    """A proxy before the bucket."""
    with FaultProxy(gcs.url) as proxy:
        team.hook.env["STORAGE_EMULATOR_HOST"] = proxy.url("hook")
        yield proxy


def place_of(handoff: Path) -> str:
    """Where the files of a training's run are in the bucket."""
    return f"runs/0/{run_of(handoff)}/artifacts/"


def part_of(request: Request) -> str:
    """The file and the part that a request sends, or ""."""
    name = parse_qs(request.query).get("name", [""])[0].partition("/.modelhook-parts/model/saved_model/")[2]
    *file, _digest, part = name.split("/") if name else ["", "", ""]
    return "/".join([*file, part])


def read_with_googles_client(gcs: GoogleStore, prefix: str) -> dict[str, str]:
    """What Google's own client reads, whose checksums it compares: names and SHA-256."""
    read = subprocess.run([environment.python("gcs"), "-c", READ, "models", prefix], stdout=subprocess.PIPE, text=True,
                          check=True, env={**os.environ, **gcs.client_env()})
    return json.loads(read.stdout)


def test_googles_client_reads_what_was_sent(team: Team, gcs: GoogleStore, tmp_path: Path) -> None:
    saved_model = large_model(tmp_path / "model")
    handoff = team.train(saved_model=saved_model)
    assert team.run(handoff).status == 0
    place = place_of(handoff)
    read = read_with_googles_client(gcs, place)
    inside = f"{place}model/saved_model/"
    assert {name.removeprefix(inside): sha256 for name, sha256 in read.items() if name.startswith(inside)} == {
        name: digest(saved_model / name) for name in files_below(saved_model)}
    assert f"{place}model/MLmodel" in read
    assert not [name for name in read if ".modelhook-parts" in name]  # which were taken away again


def test_what_is_there_already_is_not_sent_again(team: Team, proxied: FaultProxy, tmp_path: Path) -> None:
    handoff = team.train(saved_model=large_model(tmp_path / "model"))
    assert team.run(handoff).status == 0
    before = len(proxied.sent("hook"))
    assert team.run(handoff).status == 0
    assert not [sent for sent in proxied.sent("hook")[before:] if not sent.startswith("GET ")]


def test_one_failed_part_is_one_part_again(team: Team, proxied: FaultProxy, tmp_path: Path) -> None:
    handoff = team.train(saved_model=large_model(tmp_path / "model"))
    seen: Counter[str] = Counter()

    def fail_the_second(request: Request) -> Fault | None:
        part = part_of(request)
        seen[part] += 1
        return Fault("reset") if part == PARTS[1] and seen[part] == 1 else None

    proxied.on("hook", fail_the_second)
    assert team.run(handoff).status == 0
    assert {part: seen[part] for part in PARTS} == {PARTS[0]: 1, PARTS[1]: 2, PARTS[2]: 1}


def test_after_a_death_only_what_is_missing_is_sent(
        team: Team, proxied: FaultProxy, gcs: GoogleStore, tmp_path: Path) -> None:
    saved_model = large_model(tmp_path / "model")
    handoff = team.train(saved_model=saved_model)
    seen: Counter[str] = Counter()
    started = []

    def kill_after_the_second(request: Request) -> Fault | None:
        part = part_of(request)
        seen[part] += 1
        return Fault(after=started[0].kill) if part == PARTS[1] else None

    proxied.on("hook", kill_after_the_second)
    with team.hook.start("run", handoff, "--parallel", "1") as process:
        started.append(process)
        process.communicate()
    assert process.returncode == -9
    proxied.settle()
    assert {part: seen[part] for part in PARTS} == {PARTS[0]: 1, PARTS[1]: 1, PARTS[2]: 0}

    def count(request: Request) -> None:
        seen[part_of(request)] += 1

    proxied.on("hook", count)
    assert team.run(handoff).status == 0
    assert {part: seen[part] for part in PARTS} == {PARTS[0]: 1, PARTS[1]: 1, PARTS[2]: 1}
    read = read_with_googles_client(gcs, place_of(handoff))
    big = place_of(handoff) + "model/saved_model/assets.extra/big.bin"
    assert read[big] == digest(saved_model / "assets.extra/big.bin")
    assert not [name for name in read if ".modelhook-parts" in name]


def test_a_package_waits_in_the_bucket_and_is_replayed_from_there(
        team: Team, gcs: GoogleStore, tmp_path: Path) -> None:
    spool = f"gs://models/spool-{tmp_path.name}"
    result = f"gs://models/results-{tmp_path.name}/last.json"
    handoff = team.train(saved_model=large_model(tmp_path / "model"))
    url = team.hook.env["MLFLOW_TRACKING_URI"]
    ended = team.run(handoff, "--spool", spool, "--result", result,
                     env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"})
    assert ended.status == 75
    waiting = [name.rpartition("/")[2] for name in gcs.objects("models", spool.removeprefix("gs://models/"))]
    assert len([name for name in waiting if name.endswith(".tar.gz")]) == 1
    assert team.hook("replay", "--spool", spool, "--all", "--result", result,
                     env={"MLFLOW_TRACKING_URI": url}).status == 0
    assert team.production == [1]
    assert not gcs.objects("models", spool.removeprefix("gs://models/"))
    assert list(gcs.objects("models", result.removeprefix("gs://models/")))


@pytest.fixture
def gate(team: Team, gcs: GoogleStore) -> Iterator[Gate]:
    """A gate before the bucket, without anything that opens it."""
    with Gate(gcs.url) as door:
        del team.hook.env["STORAGE_EMULATOR_HOST"]
        team.hook.env |= {"API_ENDPOINT_OVERRIDE": door.url, "GCE_METADATA_HOST": door.host}
        yield door


def test_a_service_account_signs_for_its_token(team: Team, gate: Gate, tmp_path: Path) -> None:
    key = gate.service_account(tmp_path / "key.json")
    assert team.run(team.train(), env={"GOOGLE_APPLICATION_CREDENTIALS": str(key)}).status == 0
    assert (gate.granted, gate.refused) == (["service account"], 0)


def test_a_login_of_gcloud_is_found_at_home(team: Team, gate: Gate) -> None:
    gate.login(team.hook.home / ".config/gcloud/application_default_credentials.json")
    assert team.run(team.train()).status == 0
    assert (gate.granted, gate.refused) == (["login"], 0)


def test_a_machine_gives_out_its_token(team: Team, gate: Gate) -> None:
    gate.has_machine = True
    assert team.run(team.train()).status == 0
    assert (gate.granted, gate.refused) == (["machine"], 0)


def test_a_token_that_is_taken_back_is_fetched_anew(team: Team, gate: Gate, tmp_path: Path) -> None:
    key = gate.service_account(tmp_path / "key.json")
    passed = len(gate.passed)

    def take_back(what: str, grant=gate.grant) -> tuple[int, bytes]:
        answer = grant(what)
        if len(gate.granted) == 1:
            gate.good.clear()
        return answer

    gate.grant = take_back  # type: ignore[method-assign]
    assert team.run(team.train(), env={"GOOGLE_APPLICATION_CREDENTIALS": str(key)}).status == 0
    assert gate.granted == ["service account"] * 2
    assert len(gate.passed) > passed


def test_a_token_about_to_expire_is_not_kept(team: Team, gate: Gate, tmp_path: Path) -> None:
    gate.lifetime = 60
    key = gate.service_account(tmp_path / "key.json")
    assert team.run(team.train(), env={"GOOGLE_APPLICATION_CREDENTIALS": str(key)}).status == 0
    assert len(gate.granted) == len(gate.passed)


def test_a_wrong_key_is_denied_and_nothing_of_it_is_told(team: Team, gate: Gate, tmp_path: Path) -> None:
    key = gate.service_account(tmp_path / "key.json", rsa.generate_private_key(65537, 2048))
    ended = team.run(team.train(), env={"GOOGLE_APPLICATION_CREDENTIALS": str(key)})
    assert ended.status == 77
    assert "hook@tests.iam.gserviceaccount.com: it answers 400 invalid_grant: Invalid JWT Signature." in ended.stderr
    assert not gate.passed
    lines = json.loads(key.read_text())["private_key"].splitlines()[1:-1]
    assert not [line for line in lines if line in ended.stdout + ended.stderr]


def test_without_credentials_it_says_where_it_looked(team: Team, gate: Gate) -> None:
    ended = team.run(team.train())
    assert ended.status == 77
    assert "no credentials for Google Cloud Storage were found" in ended.stderr
    assert "GOOGLE_APPLICATION_CREDENTIALS" in ended.stderr
    assert not gate.passed


def test_a_bucket_that_is_not_there_is_refused(team: Team, gcs: GoogleStore) -> None:
    ended = team.hook("run", team.train(), "--result", "gs://no-such-bucket/result.json")
    assert ended.status == 0, "the promotion is not lost with its result"
    assert "no-such-bucket" in ended.stderr
