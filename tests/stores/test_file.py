"""Artifacts, spools and results on a mount that others share: whole or not there, and nothing outside of it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_model
from conftest import Hook
from consumer import Consumer
from large_model import large_model, many_files
from servers import MLflow
from training import Team, run_of

DISK, REFUSED, LATER = 73, 69, 75
BIG = tuple(1 / (n + 2) for n in range(100_000))  # 400 KB of weights
HUGE = (0.5,) * 1_500_000  # more than one part of 5 MiB


@pytest.fixture(scope="session")
def mlflow_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """A real MLflow whose runs keep their artifacts in a folder, where its clients write them themselves."""
    folder = tmp_path_factory.mktemp("mlflow-file")
    (folder / "the mount").mkdir()
    with MLflow(folder, artifacts=folder / "the mount", direct_artifacts=True) as server:
        yield server


@pytest.fixture
def team(hook: Hook, mlflow_file: MLflow, tmp_path: Path) -> Team:
    """A team on the machine where that folder is mounted."""
    return Team(hook, mlflow_file, tmp_path)


def artifacts_of(team: Team, handoff: Path) -> Path:
    """The folder of a run's artifacts."""
    return Path(team.server.artifacts) / "0" / run_of(handoff) / "artifacts"


def big_training(team: Team, tmp_path: Path, weights: tuple[float, ...] = BIG) -> Path:
    """A training of a model of some size."""
    tiny_model.write(tmp_path / "big", weights)
    return team.train(saved_model=tmp_path / "big")


def contents(folder: Path) -> dict[Path, bytes]:
    """The files in a folder that have their names."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and path.suffix != ".tmp"}


def litter(folder: Path) -> list[str]:
    """What is called like a file that is being written."""
    return [str(path) for path in folder.rglob("*.tmp")]


def test_a_consumer_loads_what_was_written_to_the_mount(team: Team, models: Path, consumer: Consumer) -> None:
    saved_model = models / "keras_export/saved_model"
    handoff = team.train(saved_model=saved_model)
    assert team.run(handoff).status == 0
    model = artifacts_of(team, handoff) / "model"
    inside = [file.relative_to(saved_model) for file in saved_model.rglob("*") if file.is_file()]
    assert {path: (model / "saved_model" / path).read_bytes() for path in inside} == {
        path: (saved_model / path).read_bytes() for path in inside}
    assert litter(model) == []
    said = consumer.ask("load", uri=team.server.url, model=f"models:/{team.model}/Production",
                        cases=models / "keras_export/cases.npz")
    assert said == "equal"


def test_what_is_there_is_not_written_again(team: Team, tmp_path: Path) -> None:
    handoff = big_training(team, tmp_path, HUGE)
    assert team.run(handoff).status == 0
    before = {path: path.stat().st_ino for path in artifacts_of(team, handoff).rglob("*") if path.is_file()}
    again = team.run(handoff)
    assert (again.status, again.result["version"]) == (0, "1")
    assert {path: path.stat().st_ino for path in before} == before
    assert "0 files sent (0 bytes)" in next(step["did"] for step in again.result["steps"] if step["name"] == "upload")


def test_a_model_of_many_files_arrives_whole(team: Team, tmp_path: Path) -> None:
    """From the run's own bytes, and once more from the package alone."""
    saved_model = many_files(tmp_path / "many")
    handoff = team.train(saved_model=saved_model)
    assert team.run(handoff).status == 0
    sent = artifacts_of(team, handoff) / "model/saved_model"
    assert contents(sent) == contents(saved_model)
    packed = team.hook("pack", "-o", tmp_path, handoff).stdout.strip()
    shutil.rmtree(sent)
    assert team.hook("replay", packed).status == 0
    assert contents(sent) == contents(saved_model)


def test_killed_at_any_write_the_same_command_makes_it_whole(team: Team, tmp_path: Path) -> None:
    """Killed at each rename and at each sync of one lane: no file is ever torn, and MLmodel comes last."""
    whole = big_training(team, tmp_path)
    assert team.run(whole).status == 0
    wanted = contents(artifacts_of(team, whole) / "model")
    handoff = team.train(saved_model=tmp_path / "big")
    model = artifacts_of(team, handoff) / "model"
    package = tmp_path / "package.tar.gz"
    assert team.hook("pack", handoff, "-o", package).status == 0
    files = len(wanted)
    for call, count in (("fsync", 2 * files), ("rename", files)):
        for when in range(1, count + 1):
            shutil.rmtree(model, ignore_errors=True)
            tracer = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                      "-e", f"inject={call}:signal=SIGKILL:when={when}"]
            ended = subprocess.run([*tracer, team.hook.binary, "replay", package, "--parallel", "1"],
                                   env=team.hook.environment(), capture_output=True, check=False)
            assert ended.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
            there = contents(model)
            assert there == {name: wanted[name] for name in there}
            assert Path("MLmodel") not in there or call == "fsync"
    assert litter(model) != []
    assert len(team.registry.versions(team.model)) == 1
    assert team.hook("replay", package).status == 0
    assert (litter(model), set(contents(model))) == ([], set(wanted))
    assert len(team.registry.versions(team.model)) == 2


def test_a_mount_that_is_full_ends_with_73_and_holds_nothing_torn(team: Team, tmp_path: Path) -> None:
    handoff = big_training(team, tmp_path)
    folder = artifacts_of(team, handoff)
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder], check=True)
    try:
        ended = team.run(handoff)
        assert (ended.status, len(ended.errors)) == (DISK, 1)
        assert ended.errors[0].endswith(": No space left on device")
        assert litter(folder) == []
        assert not (folder / "model/MLmodel").exists()
        subprocess.run(["mount", "-o", "remount,size=4m", folder], check=True)
        assert team.run(handoff).status == 0
        assert len(team.registry.versions(team.model)) == 1
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_link_that_leads_out_of_the_store_is_not_followed(team: Team, tmp_path: Path) -> None:
    handoff = team.train()
    outside = tmp_path / "outside"
    outside.mkdir()
    folder = artifacts_of(team, handoff)
    folder.mkdir(parents=True)
    (folder / "model").symlink_to(outside)
    ended = team.run(handoff)
    assert (ended.status, len(ended.errors)) == (REFUSED, 1)
    assert ended.errors[0].endswith(f"{folder}/model: a link leads out of the store")
    assert list(outside.iterdir()) == []


def test_a_changed_file_on_the_mount_is_seen_before_it_is_promoted(team: Team) -> None:
    handoff = team.train()
    assert team.run(handoff, "--policy", "none").status == 99
    weights = next(artifacts_of(team, handoff).rglob("variables.data-*"))
    weights.write_bytes(bytes(reversed(weights.read_bytes())))
    ended = team.hook("promote", team.model, "1")
    assert (ended.status, ended.errors[0]) == (REFUSED, ended.errors[0])
    assert "its files are not those that were registered" in ended.errors[0]


def test_a_spool_and_a_result_may_be_file_urls(team: Team, tmp_path: Path) -> None:
    spool, result = tmp_path / "on the mount", tmp_path / "results/last.json"
    handoff = team.train()
    places = ["--spool", "file://" + str(spool).replace(" ", "%20"), "--result", f"file://{result}"]
    ended = team.run(handoff, *places, env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MODELHOOK_DEADLINE": "2s"})
    assert ended.status == LATER
    assert sorted(path.name.partition(".tar.gz")[2] for path in spool.iterdir()) == ["", ".result.json"]
    assert json.loads(result.read_text()) == ended.result
    (leftover := spool / "fish.tar.gz.1-0123abcd.tmp").write_bytes(b"half")
    replayed = team.hook("replay", *places, "--all")
    assert replayed.status == 0
    assert list(spool.iterdir()) == []
    assert not leftover.exists()
    assert len(team.registry.versions(team.model)) == 1


@pytest.mark.parametrize("url", ["file://elsewhere/spool", "file:///spool?x=1", "file:///a%zz"])
def test_a_url_that_is_no_folder_of_this_machine_is_a_wrong_setting(team: Team, url: str) -> None:
    ended = team.hook("replay", "--spool", url, "--all")
    assert ended.status == 78
    assert "not file:///PATH, a folder of this machine" in ended.errors[0]


def test_the_memory_of_a_write_is_bound_whatever_the_size_of_the_file(team: Team, tmp_path: Path) -> None:
    handoff = team.train(saved_model=large_model(tmp_path / "big", 64 << 20))
    command = ["prlimit", f"--as={60 << 20}", team.hook.binary, "run", handoff]
    subprocess.run(command, env=team.hook.environment(), check=True)


def test_a_machine_without_the_mount_makes_no_folder_of_its_name_and_takes_nothing_for_gone(
    hook: Hook, tmp_path: Path
) -> None:
    mount, elsewhere = tmp_path / "mount", tmp_path / "elsewhere"
    mount.mkdir()
    with MLflow(tmp_path / "server", artifacts=mount, direct_artifacts=True) as server:
        team = Team(hook, server, tmp_path)
        assert team.run(team.train(10)).status == 0
        assert team.run(team.train(11)).status == 0
        late = team.train(12)
        mount.rename(elsewhere)
        ended = team.run(late)
        assert (ended.status, ended.result["error"]["message"].endswith(f"no folder {mount}")) == (78, True)
        back = hook("rollback", team.model)
        assert (back.status, "its files cannot be checked" in back.stderr) == (0, True)
        assert not mount.exists()
        elsewhere.rename(mount)
        assert team.registry.stages(team.model) == ["Production", "Archived"]
        assert team.run(late).result["outcome"] == "superseded"  # a person chose since
