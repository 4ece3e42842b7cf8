"""Large models and many files in a real S3: memory, what goes up while the package is written, workers and rates."""

from __future__ import annotations

import contextlib
import filecmp
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tiny_model
from conftest import Hook
from object_stores import Versitygw
from servers import MLflow
from training import Team, run_of, spooled

MIB = 1 << 20

# Runs a program and says its peak memory in KiB: a process of our own size in between would count as its own.
MEASURE = """
import os, resource, sys
ended = os.spawnv(os.P_WAIT, sys.argv[1], sys.argv[1:])
open(os.environ["PEAK"], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(ended)
"""


class Bucket:
    """A bucket of a test's own, and runs whose artifacts go there."""

    def __init__(self, team: Team, store: Versitygw) -> None:
        self.team = team
        self.store = store
        self.name = f"large-{uuid.uuid4().hex[:8]}"
        uri = store.make_bucket(self.name)
        made = team.registry.call("POST", "experiments/create", name=self.name, artifact_location=f"{uri}/runs")
        self.experiment = made["experiment_id"]

    def train(self, saved_model: Path) -> Path:
        """A training whose run is in this bucket: its handoff."""
        return self.team.train(saved_model=saved_model, run_id=self.team.registry.add_run(self.experiment))

    def model(self, handoff: Path) -> Path:
        """Where the files of its model are."""
        return self.store.path / self.name / "runs" / run_of(handoff) / "artifacts/model"

    def open_uploads(self) -> int:
        """Uploads in parts that were begun and not ended."""
        return len(self.store.boto().list_multipart_uploads(Bucket=self.name).get("Uploads", []))


@pytest.fixture
def bucket(hook: Hook, mlflow3: MLflow, versitygw: Versitygw, tmp_path: Path) -> Bucket:
    """The team has the keys of the store."""
    hook.env |= versitygw.client_env()
    return Bucket(Team(hook, mlflow3, tmp_path), versitygw)


def sparse(path: Path, mebibytes: int) -> None:
    """A file that is nearly all zeros, with a mark in each part of 5 MiB; hardly any of it on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(mebibytes * MIB)
        for part in range(0, mebibytes, 5):
            file.seek(part * MIB + 1000 + part)
            file.write(f"part {part}".encode())


def large_model(folder: Path, mebibytes: int) -> Path:
    """A SavedModel with one large file, the first to be packed but for those made by modelhook."""
    tiny_model.write(folder)
    sparse(folder / "assets.extra/0-large", mebibytes)
    return folder


def difference(saved_model: Path, sent: Path) -> list[str]:
    """Files that are not there or not the same."""
    return [str(path.relative_to(saved_model)) for path in saved_model.rglob("*") if path.is_file() and not
            filecmp.cmp(path, sent / "saved_model" / path.relative_to(saved_model), shallow=False)]


def test_a_large_file_and_10000_small_ones_go_up_within_32_mib(bucket: Bucket, tmp_path: Path) -> None:
    saved_model = large_model(tmp_path / "saved_model", 300)
    for number in range(10_000):
        (saved_model / f"assets.extra/small-{number:05}").write_text(f"file {number}")
    handoff, peak = bucket.train(saved_model), tmp_path / "peak"
    hook = bucket.team.hook
    measured = Hook(Path(sys.executable), hook.home, {**hook.env, "PEAK": str(peak)})
    assert measured("-S", "-c", MEASURE, hook.binary, "run", handoff).result["outcome"] == "promoted"
    assert difference(saved_model, bucket.model(handoff)) == []
    assert int(peak.read_text()) <= 32 * 1024


@contextlib.contextmanager
def when_it_is_packed(handoff: Path, act: Callable[[], object]) -> Iterator[None]:
    """Does something once the package is being written."""
    spool = handoff.parent / ".modelhook"

    def watch() -> None:
        while not (spool.is_dir() and any(spool.iterdir())):
            time.sleep(0.001)
        act()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    yield
    watcher.join()


def test_a_large_file_goes_up_before_the_package_is_whole(bucket: Bucket, tmp_path: Path) -> None:
    saved_model = large_model(tmp_path / "saved_model", 100)
    sparse(saved_model / "assets.extra/1-second", 200)
    last = saved_model / "assets.extra/2-last"
    last.write_text("as it was inspected")
    handoff = bucket.train(saved_model)

    def change_once_it_goes_up() -> None:
        until = time.monotonic() + 60
        while bucket.open_uploads() == 0 and time.monotonic() < until:
            pass
        last.write_text("something longer than what was inspected")

    with when_it_is_packed(handoff, change_once_it_goes_up):
        ended = bucket.team.run(handoff)
    assert ended.status == 65
    assert "2-last: changed since it was inspected" in ended.errors[0]
    assert not (bucket.model(handoff) / "saved_model/assets.extra/0-large").exists(), "nothing large of it shows"
    assert not (bucket.model(handoff) / "MLmodel").exists()
    assert bucket.open_uploads() == 0
    again = bucket.team.run(handoff)
    assert (again.status, bucket.team.production) == (0, [1])
    assert difference(saved_model, bucket.model(handoff)) == []


def test_a_file_that_changes_while_it_goes_up_is_taken_back(bucket: Bucket, tmp_path: Path) -> None:
    saved_model = large_model(tmp_path / "saved_model", 200)

    def change() -> None:
        with (saved_model / "assets.extra/0-large").open("r+b") as file:
            file.seek(199 * MIB)
            file.write(b"other bytes")

    handoff = bucket.train(saved_model)
    with when_it_is_packed(handoff, change):
        ended = bucket.team.run(handoff)
    assert ended.status == 65
    assert "0-large: changed since it was inspected" in ended.errors[0]
    assert not (bucket.model(handoff) / "saved_model/assets.extra/0-large").exists()
    assert bucket.open_uploads() == 0
    assert bucket.team.model not in {model["name"] for model in bucket.team.registry.models()}


def test_a_large_model_is_kept_where_no_server_answers(bucket: Bucket, tmp_path: Path) -> None:
    saved_model = large_model(tmp_path / "saved_model", 70)
    handoff = bucket.train(saved_model)
    ended = bucket.team.run(handoff, env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
                                          "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"})
    assert ended.status == 75
    [package] = spooled(handoff)
    assert bucket.team.hook("replay", package).status == 0
    assert difference(saved_model, bucket.model(handoff)) == []


def connections(port: int) -> set[str]:
    """The local ends of what is connected to that port of the loopback, from its clients' side."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {line[1] for line in lines if line[2] == f"0100007F:{port:04X}" and line[3] == "01"}


@pytest.mark.parametrize("workers", [1, 6])
def test_parallel_is_how_many_send_at_once(bucket: Bucket, tmp_path: Path, workers: int) -> None:
    saved_model = large_model(tmp_path / "saved_model", 200)
    before, most = connections(bucket.store.port), 0
    with bucket.team.hook.start("run", bucket.train(saved_model), "--parallel", str(workers)) as process:
        while process.poll() is None:
            most = max(most, len(connections(bucket.store.port) - before))
            time.sleep(0.002)
        process.communicate()
    assert process.returncode == 0
    assert min(workers, 3) <= most <= workers + 1  # one more asks for what is there and begins uploads


def test_limit_rate_is_not_exceeded(bucket: Bucket, tmp_path: Path) -> None:
    saved_model = large_model(tmp_path / "saved_model", 70)
    ended = bucket.team.run(bucket.train(saved_model), "--limit-rate", "40M")
    assert ended.status == 0
    upload = next(step["ms"] for step in ended.result["steps"] if step["name"] == "upload")
    assert upload >= 0.9 * 1000 * 70 * MIB / 40e6
