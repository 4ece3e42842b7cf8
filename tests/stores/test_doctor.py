"""modelhook doctor on real stores: it tries the very place of a run's artifacts, and leaves it clean."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import Ended, Hook
from fault_proxy import Fault
from object_stores import Versitygw
from s3_bucket import Bucket
from s3_proxy import answer
from servers import MLflow
from training import Team

DENIED, DISK, REFUSED, CONFIGURATION = 77, 73, 69, 78


@dataclass
class Examined:
    """A call of the doctor, and what it says of a check."""

    ended: Ended
    checks: dict[str, dict[str, Any]]

    def says(self, name: str) -> tuple[str, str]:
        """The verdict and its reason."""
        return self.checks[name]["verdict"], self.checks[name]["detail"]


class Ward:
    """Experiments of one server whose runs keep their artifacts elsewhere."""

    numbers = itertools.count(1)

    def __init__(self, team: Team) -> None:
        self.team = team

    def examine(self, location: str, *flags: str, **env: str) -> Examined:
        """The doctor's word on an experiment whose artifacts are there."""
        name = f"ward {next(self.numbers)} of {self.team.model}"
        self.team.registry.call("POST", "experiments/create", name=name, artifact_location=location)
        ended = self.team.hook("doctor", "--json", *flags, env={"MLFLOW_EXPERIMENT_NAME": name, **env})
        told = json.loads(ended.stdout.splitlines()[0])
        return Examined(ended, {check["name"]: check for check in told["checks"]})


@pytest.fixture
def ward(hook: Hook, mlflow3: MLflow, tmp_path: Path) -> Ward:
    """A server of its experiments."""
    return Ward(Team(hook, mlflow3, tmp_path))


@pytest.fixture
def bucket(versitygw: Versitygw, mlflow3: MLflow, hook: Hook, tmp_path: Path) -> Iterator[Bucket]:
    """One of its own, of versitygw."""
    with Bucket(versitygw, mlflow3, hook, tmp_path) as made:
        yield made


def keys(bucket: Bucket) -> list[str]:
    """What the bucket holds."""
    listed = bucket.server.boto().list_objects_v2(Bucket=bucket.name)
    return [item["Key"] for item in listed.get("Contents", [])]


def writes(bucket: Bucket) -> list[str]:
    """What was changed in it, without the names."""
    return [request.name.split()[0] for request in bucket.proxy.requests
            if request.name.split()[0] not in ("list", "get", "head")]


@pytest.fixture
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A small disk, mounted with the options that a test names."""
    folder = tmp_path / "the disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=64k,{request.param}", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_bucket_is_written_read_and_left_clean(ward: Ward, bucket: Bucket) -> None:
    examined = ward.examine(f"{bucket.uri}/runs")
    assert examined.ended.status == 0
    assert examined.says("artifacts") == ("ok", f"written, read back and removed again in {bucket.uri}/runs")
    puts = [request.name for request in bucket.proxy.requests if request.name.startswith("put ")]
    assert [name.startswith("put runs/modelhook-doctor-") for name in puts] == [True]
    assert keys(bucket) == []
    assert "spool" not in examined.checks


def test_a_plan_sends_nothing_to_the_bucket(ward: Ward, bucket: Bucket) -> None:
    examined = ward.examine(bucket.uri, "--plan", "--spool", f"{bucket.uri}/spool")
    assert examined.ended.status == 0
    assert examined.says("artifacts") == ("ok", f"would be written, read back and removed again in {bucket.uri}")
    assert examined.says("spool") == ("ok", f"would be written, read back and removed again in {bucket.uri}/spool")
    assert bucket.proxy.requests == []


def test_a_key_with_a_wrong_secret_is_denied(ward: Ward, bucket: Bucket) -> None:
    examined = ward.examine(bucket.uri, AWS_SECRET_ACCESS_KEY="wrong")
    assert (examined.ended.status, len(examined.ended.errors)) == (DENIED, 1)
    verdict, said = examined.says("artifacts")
    assert verdict == "FAILED"
    assert said.startswith(f"artifacts in {bucket.uri}: ")
    assert "403 SignatureDoesNotMatch" in said
    assert examined.ended.errors == [said]
    assert "hint: the credentials came from the environment" in examined.ended.stderr
    assert keys(bucket) == []


def test_a_key_that_may_not_remove_is_good_enough_for_a_run_and_not_for_a_spool(ward: Ward, bucket: Bucket) -> None:
    denied = answer("403 Forbidden", "AccessDenied")
    bucket.proxy.on(
        "", lambda request: Fault("answer", answer=denied) if request.name.startswith("delete ") else None)
    examined = ward.examine(f"{bucket.uri}/runs")
    assert examined.ended.status == 0
    verdict, said = examined.says("artifacts")
    (left,) = keys(bucket)
    assert verdict == "warning"
    assert f"{left.split('/')[1]} there could not be removed: " in said
    assert "403 AccessDenied" in said
    examined = ward.examine(f"{bucket.uri}/runs", "--spool", f"{bucket.uri}/spool")
    assert examined.ended.status == DENIED
    assert examined.says("spool")[0] == "FAILED"


def test_without_a_key_what_cannot_be_removed_is_not_written(ward: Ward, bucket: Bucket) -> None:
    examined = ward.examine(bucket.uri, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert examined.ended.status == 0
    assert examined.says("artifacts") == (
        "warning", "not tried: without a key of S3 a run writes to addresses that the MLflow server signs, and nothing "
        f"could be removed again from {bucket.uri}")
    assert bucket.proxy.requests == []


def test_the_spool_is_tried_where_it_is_a_url(ward: Ward, bucket: Bucket, tmp_path: Path) -> None:
    artifacts, spool = tmp_path / "artifacts", f"{bucket.uri}/spool/"
    artifacts.mkdir()
    examined = ward.examine(str(artifacts), MODELHOOK_SPOOL=spool)
    assert examined.ended.status == 0
    assert examined.says("spool")[0] == "ok"
    assert (keys(bucket), sorted(set(writes(bucket)))) == ([], ["delete", "put"])
    bucket.server.boto().delete_bucket(Bucket=bucket.name)
    examined = ward.examine(str(artifacts), "--spool", spool)
    assert examined.ended.status == REFUSED
    verdict, said = examined.says("spool")
    assert (verdict, said.startswith(f"spool in {spool}: ")) == ("FAILED", True)
    assert "hint: " in examined.ended.stderr


@pytest.mark.parametrize("uri", [str, lambda path: "file://" + str(path).replace(" ", "%20")], ids=["path", "url"])
def test_a_folder_is_written_read_and_left_clean(ward: Ward, tmp_path: Path, uri: Callable[[Path], str]) -> None:
    folder = tmp_path / "the mount"
    folder.mkdir()
    examined = ward.examine(uri(folder))
    assert examined.ended.status == 0
    assert examined.says("artifacts") == ("ok", f"written, read back and removed again in {uri(folder)}")
    assert list(folder.iterdir()) == []


def test_a_folder_that_the_first_run_will_make_is_not_made(ward: Ward, tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    mount.mkdir()
    examined = ward.examine(f"{mount}/7", "--spool", f"file://{mount}/the/spool")
    assert examined.ended.status == 0
    for check in ("artifacts", "spool"):
        assert examined.says(check) == ("ok", f"written, read back and removed again in {mount}")
    assert list(mount.iterdir()) == []


def test_a_mount_that_is_missing_is_a_wrong_setting(ward: Ward, tmp_path: Path) -> None:
    examined = ward.examine(f"{tmp_path}/mount/7")
    assert examined.ended.status == CONFIGURATION
    verdict, said = examined.says("artifacts")
    assert (verdict, said.endswith(f": this machine has no folder {tmp_path}/mount")) == ("FAILED", True)
    assert "hint: mount it here" in examined.ended.stderr
    assert not (tmp_path / "mount").exists()


@pytest.mark.parametrize(("disk", "inside", "why"), [
    ("ro", "", "Read-only file system"), ("ro", "/7", "Read-only file system"),
    ("nr_inodes=2", "", "No space left on device"),
], indirect=["disk"], ids=["read-only", "read-only and not there yet", "full"])
def test_a_folder_that_cannot_be_written_fails(ward: Ward, disk: Path, inside: str, why: str) -> None:
    examined = ward.examine(f"{disk}{inside}")
    assert (examined.ended.status, len(examined.ended.errors)) == (DISK, 1)
    verdict, said = examined.says("artifacts")
    assert (verdict, said) == ("FAILED", examined.ended.errors[0])
    assert said.startswith(f"artifacts in {disk}: ")
    assert said.endswith(f": {why}")
    assert "hint: is its disk mounted here, and may this user write there?" in examined.ended.stderr
    assert list(disk.iterdir()) == []
