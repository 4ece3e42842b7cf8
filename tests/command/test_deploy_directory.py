"""A directory that a model server polls: growing numbers, whole directories, the registry's version of each beside."""

from __future__ import annotations

import fcntl
import hashlib
import json
import signal
from pathlib import Path
from typing import Any

import pytest
import requests
from conftest import Mount, needs_root
from promoting import MODEL, Site, wait_for

NOT_SERVED, DISK, LATER = 80, 73, 75
PUBLISHED = "modelhook-published.json"


def config(folder: Path, **keys: Any) -> dict[str, Any]:
    """Settings that publish there."""
    return {"deploy": [{"directory": {"path": str(folder), **keys}}]}


def published(folder: Path) -> dict[int, int]:
    """Which version stands under which number, as the file says."""
    found = json.loads((folder / PUBLISHED).read_text())
    assert (found["schema"], found["model"]) == ("modelhook/published@1", MODEL)
    return {entry["number"]: entry["version"] for entry in found["numbers"]}


def numbers(folder: Path) -> list[int]:
    """The numbers that are there; nothing else may be, but the file."""
    names = sorted(path.name for path in folder.iterdir() if path.name != PUBLISHED)
    assert all(name.isdigit() for name in names), names
    return sorted(map(int, names))


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_each_promotion_is_a_larger_number_and_old_ones_go(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    for hour in (10, 11, 12, 13):
        handoff = site.train(hour, config=config(folder, keep=2))
        ended = site.run(handoff)
        assert ended.status == 0
        newest = numbers(folder)[-1]
        assert files(folder / str(newest)) == files(handoff.parent / "saved_model")
    assert (numbers(folder), published(folder)) == ([3, 4], {3: 3, 4: 4})
    (step,) = [step for step in ended.result["steps"] if step["name"] == "directory"]
    assert step["did"] == f"version 4 published as 4 in {folder}, 1 old one removed"
    assert {path.stat().st_mode & 0o777 for path in (folder / "4").rglob("*") if path.is_file()} == {0o644}
    again = site.run(handoff)
    (step,) = [step for step in again.result["steps"] if step["name"] == "directory"]
    assert step["did"] == f"version 4 was there already as 4 in {folder}"
    assert numbers(folder) == [3, 4]


def test_all_files_of_a_model_are_published_where_that_is_asked_for(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    handoff = site.train(config=config(folder, files="model"))
    assert site.run(handoff).status == 0
    run = json.loads(handoff.read_text())["run_id"]
    assert files(folder / "1") == {
        path.removeprefix("model/"): data for path, data in site.fake.artifacts(run).items()}


@needs_root
def test_a_full_disk_publishes_nothing_and_the_same_command_finishes_it(site: Site, mount: Mount) -> None:
    folder = mount("models", "size=512k")
    (folder / "filler").write_bytes(b"x" * (300 << 10))
    weights = [1 / (n + 2) for n in range(100_000)]
    handoff = site.train(weights=weights, config=config(folder))
    ended = site.run(handoff)
    assert (ended.status, ended.result["retryable"]) == (DISK, True)
    assert ended.errors[0].startswith("deploy directory: ")
    assert ended.errors[0].endswith("No space left on device")
    assert [path.name for path in folder.iterdir()] == ["filler"]
    assert site.production == [1]
    (folder / "filler").unlink()
    assert site.hook("replay", site.package(handoff), "--config", handoff.parent / "modelhook.json").status == 0
    assert files(folder / "1") == files(handoff.parent / "saved_model")


def test_of_two_promotions_at_once_the_newer_one_has_the_largest_number(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    handoffs = [site.train(hour, config=config(folder)) for hour in (10, 11, 12, 13)]
    started = [site.hook.start("run", handoff) for handoff in handoffs]
    for process in started:
        process.communicate(timeout=120)
        assert process.returncode in (0, 99)
    (winner,) = site.production
    assert published(folder)[numbers(folder)[-1]] == winner
    (right,) = [handoff for handoff in handoffs
                if json.loads(handoff.read_text())["run_id"] == site.version(winner)["run_id"]]
    assert files(folder / str(numbers(folder)[-1])) == files(right.parent / "saved_model")


def test_a_promotion_that_was_overtaken_while_it_waited_publishes_nothing(site: Site, tmp_path: Path) -> None:
    folder, other = tmp_path / "models", tmp_path / "other"
    held = other / ".modelhook-lock"
    other.mkdir()
    settings = config(folder)
    handoff = site.train(10, config={"deploy": [
        {"command": ["sh", "-c", f"touch {held}; while [ -e {held} ]; do sleep 0.05; done"]}, *settings["deploy"]]})
    with site.hook.start("run", handoff) as slow:
        wait_for(held.exists)  # it is Production, and has not published yet
        site.promote(11, config=settings)
        held.unlink()
        output = slow.communicate(timeout=60)
    assert slow.returncode == 0
    assert "version 1 is overtaken: nothing was published" in output[1]
    assert (numbers(folder), published(folder)) == ([2], {2: 2})


def test_a_stopped_call_leaves_nothing_half_and_its_package_finishes_it(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    with (folder / ".modelhook-lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        handoff = site.train(config=config(folder))
        with site.hook.start("run", handoff) as waiting:
            wait_for(lambda: site.production == [1])
            waiting.send_signal(signal.SIGTERM)
            waiting.communicate(timeout=30)
        assert waiting.returncode == 143
        package = site.package(handoff)
    (folder / ".modelhook-lock").unlink()
    assert numbers(folder) == []
    assert site.hook("replay", package, "--config", handoff.parent / "modelhook.json").status == 0
    assert numbers(folder) == [1]


def logged(site: Site, folder: Path, contents: dict[str, bytes], **keys: Any) -> Path:
    """A training that logged its model itself, with these files."""
    handoff = site.train(logged_model="model", config=config(folder), **keys)
    run = json.loads(handoff.read_text())["run_id"]
    for path, data in contents.items():
        site.fake.registry.artifacts[f"1/{run}/artifacts/model/{path}"] = data
    return handoff


# as MLflow's TensorFlow flavor lays out a tf.Module
LOGGED = {"MLmodel": b"flavors: {}\n", "tf2model/saved_model.pb": b"graph",
          "tf2model/variables/variables.index": b"index"}


def test_a_model_that_the_script_logged_is_fetched_from_its_run(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    handoff = logged(site, folder, LOGGED)
    assert site.run(handoff).status == 0
    assert files(folder / "1") == {"saved_model.pb": b"graph", "variables/variables.index": b"index"}


@pytest.mark.parametrize("same", [True, False])
def test_fetched_files_must_be_those_that_were_registered(site: Site, tmp_path: Path, same: bool) -> None:
    folder = tmp_path / "models"
    handoff = logged(site, folder, LOGGED)
    (tmp_path / "empty.json").write_text("{}")
    assert site.run(handoff, "--config", str(tmp_path / "empty.json")).status == 0
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in sorted(LOGGED.items()))
    digest = hashlib.sha256(sums.encode()).hexdigest() if same else "0" * 64
    requests.post(f"{site.fake.url}/api/2.0/mlflow/model-versions/set-tag", timeout=10, json={
        "name": MODEL, "version": "1", "key": "modelhook.content", "value": digest}).raise_for_status()
    ended = site.run(handoff)
    if same:
        assert (ended.status, numbers(folder)) == (0, [1])
    else:
        assert ended.status == NOT_SERVED
        assert "files of version 1: its files are not those that were registered" in ended.errors[0]
        assert numbers(folder) == []


def test_a_model_without_a_saved_model_is_not_served(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    ended = site.run(logged(site, folder, {"MLmodel": b"flavors: {}\n"}))
    assert (ended.status, ended.errors) == (NOT_SERVED, ["deploy directory: the model has no SavedModel"])
    assert numbers(folder) == []


@pytest.mark.parametrize("path", ["/proc/modelhook", "/dev/null/models"])
def test_a_directory_that_cannot_be_made_is_said(site: Site, path: str) -> None:
    ended = site.run(site.train(config=config(Path(path))))
    assert ended.status in (DISK, NOT_SERVED)
    assert ended.errors[0].startswith("deploy directory: /")
    assert site.production == [1]


def test_a_server_that_does_not_answer_is_asked_until_the_time_is_up(site: Site, tmp_path: Path) -> None:
    settings = config(tmp_path / "models", url="http://127.0.0.1:9/v1/models/fish")
    settings["deploy"][0]["timeout"] = "1s"
    ended = site.run(site.train(config=settings))
    assert ended.status == LATER
    assert "deploy directory: GET http://127.0.0.1:9/v1/models/fish: " in ended.errors[0]
    assert numbers(tmp_path / "models") == [1]
