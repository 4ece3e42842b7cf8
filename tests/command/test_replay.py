"""modelhook replay: a package alone, on any machine, any number of times, comes to the same end."""

from __future__ import annotations

import fcntl
import io
import json
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import environment
import pytest
from promoting import FILES, FIRST_RUN, MODEL, REPORT, Site, complaints

PACKAGE_1 = environment.ROOT / "tests/data/package-1.tar.gz"  # modelhook/package@1, of the tiny model
NEVER = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}


@pytest.fixture
def packed(site: Site, tmp_path: Path) -> Path:
    """A package of a training, away from its handoff, which is gone."""
    handoff = site.train()
    package = tmp_path / "elsewhere/a package.tar.gz"
    package.parent.mkdir()
    assert site.hook("pack", handoff, "-o", package).status == 0
    for path in sorted(handoff.parent.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert site.fake.requests == []
    return package


def test_replay_finishes_from_the_package_alone(site: Site, packed: Path) -> None:
    ended = site.hook("replay", packed)
    assert (ended.status, ended.result["outcome"], ended.result["version"]) == (0, "promoted", "1")
    assert site.sent == FIRST_RUN
    assert site.production == [1]
    assert ended.result["steps"][0]["name"] == "check"
    assert ended.result["package"] == str(packed)
    assert packed.exists()


def test_a_package_of_the_version_before_is_finished_with_its_own_loader(site: Site, tmp_path: Path) -> None:
    site.fake.add_run("0123456789abcdef0123456789abcdef")
    refused = site.hook("replay", PACKAGE_1)  # it states no gates, so that nobody knows whether some were taken out
    assert (refused.status, site.sent) == (65, [])
    settings = tmp_path / "settings.json"
    settings.write_text('{"gates": []}')
    ended = site.hook("replay", PACKAGE_1, "--config", settings)
    assert (ended.status, ended.result["outcome"]) == (0, "promoted")
    uploads = [sent for sent in site.sent if sent.startswith("PUT ")]
    assert uploads[0] == "PUT model/code/modelhook_savedmodel_1.py"
    assert len(uploads) == len(FILES)


def test_replay_may_be_repeated_and_writes_only_its_outcome(site: Site, packed: Path) -> None:
    first = site.hook("replay", packed)
    versions = site.fake.versions(MODEL)
    for _ in range(3):
        site.forget()
        again = site.hook("replay", packed)
        assert again.status == 0
        assert site.sent == REPORT
        assert (again.result["version"], again.result["digest"]) == (first.result["version"], first.result["digest"])
    assert site.fake.versions(MODEL) == versions


def test_a_replay_and_a_run_of_the_same_training_are_one_version(site: Site) -> None:
    handoff = site.train()
    site.fake.fail("transition-stage", status=500, times=None)
    failed = site.run(handoff, env=NEVER)
    assert (failed.status, failed.result["version"]) == (75, "1")
    package = site.package(handoff)
    assert failed.result["package"] == str(package)
    assert f"the package is kept: modelhook replay {package}" in failed.stderr
    site.forget()
    assert site.hook("replay", package).status == 0
    assert not [call for call in site.sent if call.startswith("PUT") or call.endswith("create")]
    site.forget()
    assert site.run(handoff).status == 0
    assert site.sent == REPORT
    assert complaints(site, handoff) == []


def test_a_replay_after_a_newer_training_is_superseded_and_puts_nothing_old_back(site: Site, packed: Path) -> None:
    site.promote(15)
    ended = site.hook("replay", packed)
    assert (ended.status, ended.result["outcome"], ended.result["version"]) == (99, "superseded", "2")
    assert site.production == [1]
    again = site.hook("replay", packed)
    assert (again.status, again.result["outcome"], again.result["version"]) == (99, "superseded", "2")
    assert len(site.fake.versions(MODEL)) == 2


def test_packing_twice_gives_the_same_bytes(site: Site, tmp_path: Path) -> None:
    handoff = site.train()
    assert site.hook("pack", handoff, "-o", tmp_path / "a").status == 0
    assert site.hook("pack", handoff, "-o", tmp_path / "b", env={"TZ": "Asia/Tokyo", "LC_ALL": "C"}).status == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_package_that_is_not_there_is_missing(site: Site, tmp_path: Path) -> None:
    ended = site.hook("replay", tmp_path / "nothing.tar.gz")
    assert ended.status == 66
    assert ended.errors[0].startswith(f"package {tmp_path}/nothing.tar.gz: ")
    assert ended.errors[0].endswith(": No such file or directory")
    assert site.fake.requests == []


RESULT_STAYS = "no package was replayed: --result is left as it was\n"


@pytest.fixture
def spool(site: Site, tmp_path: Path) -> Path:
    """A folder with the package of a training that found no server, whose result is beside it as result.json."""
    folder = tmp_path / "spool"
    ended = site.run(site.train(), "--spool", folder, "--result", tmp_path / "result.json",
                     env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", **NEVER})
    assert ended.status == 75
    return folder


def replay_spool(site: Site, folder: Path, *flags: str) -> subprocess.Popen[str]:
    """All that waits there, with the result to where that of the training is."""
    return site.hook.start("replay", "--spool", folder, "--result", folder.with_name("result.json"), *flags)


def kept(folder: Path) -> str:
    """The outcome that is kept beside a spool."""
    return json.loads(folder.with_name("result.json").read_text())["outcome"]


@pytest.mark.parametrize("flags", [(), ("--all",)])
def test_a_replay_of_an_empty_spool_leaves_the_result_that_is_there(
    site: Site, spool: Path, flags: tuple[str, ...]
) -> None:
    for path in spool.iterdir():
        path.unlink()
    with replay_spool(site, spool, *flags) as process:
        stdout, stderr = process.communicate()
    assert (process.returncode, json.loads(stdout)["outcome"]) == (66, "missing")
    assert stderr.endswith(f"modelhook: the spool {spool} is empty: nothing waits to be finished\n{RESULT_STAYS}")
    assert kept(spool) == "later"


def test_a_replay_of_an_empty_spool_makes_no_result(site: Site, tmp_path: Path) -> None:
    assert site.hook("replay", "--spool", tmp_path, "--result", tmp_path / "result.json").status == 66
    assert list(tmp_path.glob("*.json")) == []


@pytest.mark.parametrize(("arguments", "status"), [
    (["nothing.tar.gz"], 66), (["file:///nowhere/nothing.tar.gz"], 66), (["a", "b"], 64),
    (["--all", "nothing.tar.gz"], 64), (["--config", "nothing.json", "nothing.tar.gz"], 78)])
def test_a_replay_that_comes_to_no_package_leaves_the_result_that_is_there(
    site: Site, spool: Path, arguments: list[str], status: int
) -> None:
    ended = site.hook("replay", "--result", spool.with_name("result.json"), *arguments)
    assert ended.status == status
    assert ended.stderr.endswith(RESULT_STAYS)
    assert kept(spool) == "later"


@pytest.mark.parametrize("flags", [(), ("--all",)])
def test_a_replay_whose_packages_others_have_finished_found_nothing(
    site: Site, spool: Path, flags: tuple[str, ...]
) -> None:
    (package,) = spool.glob("*.tar.gz")
    with open(f"{package}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with replay_spool(site, spool, *flags) as process:
            waiting = process.stderr.readline()
            package.unlink()
            fcntl.flock(lock, fcntl.LOCK_UN)
            stdout, stderr = process.communicate()
    assert (process.returncode, json.loads(stdout)["outcome"]) == (66, "missing"), waiting
    assert f"{package.name}: it is not there any more\n" in stderr
    assert kept(spool) == "later"


def test_a_replay_of_a_package_keeps_its_result_in_place_of_an_earlier_one(site: Site, spool: Path) -> None:
    with replay_spool(site, spool):
        pass
    assert kept(spool) == "promoted"


def test_a_package_that_is_not_whole_is_a_result(site: Site, spool: Path) -> None:
    (package,) = spool.glob("*.tar.gz")
    package.write_bytes(package.read_bytes()[:-100])
    with replay_spool(site, spool):
        pass
    assert kept(spool) == "unacceptable"


def test_gates_and_policy_travel_in_the_package(site: Site, tmp_path: Path) -> None:
    handoff = site.train(config={"gates": [{"metric": "val_accuracy", "at_least": 0.99}]})
    package = tmp_path / "elsewhere.tar.gz"
    assert site.hook("pack", handoff, "-o", package).status == 0
    ended = site.hook("replay", package)
    assert (ended.status, ended.result["outcome"]) == (99, "held")
    assert ended.result["gate"][0]["verdict"] == "rejected"
    assert site.production == []


# ---- packages from anyone's disk


def rebuilt(package: Path, change: str) -> bytes:
    """The package with one thing wrong about it."""
    out = io.BytesIO()
    with tarfile.open(package) as old, tarfile.open(fileobj=out, mode="w:gz") as new:
        for member in old:
            data = old.extractfile(member).read()
            named, changed = CHANGES[change]
            entries = changed(member.name, data) if member.name == named else [(member.name, data, {})]
            for name, content, extra in entries:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                info.mode = member.mode
                for key, value in extra.items():
                    setattr(info, key, value)
                new.addfile(info, io.BytesIO(content))
    return out.getvalue()


def with_manifest(data: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The manifest, changed."""
    manifest = json.loads(data)
    change(manifest)
    return json.dumps(manifest).encode()


INDEX = "model/saved_model/variables/variables.index"
SHARD = "model/saved_model/variables/variables.data-00000-of-00001"
Entry = tuple[str, bytes, dict[str, object]]
CHANGES: dict[str, tuple[str, Callable[[str, bytes], list[Entry]]]] = {
    "a bit in the weights": (SHARD, lambda name, data: [(name, bytes([data[0] ^ 1]) + data[1:], {})]),
    "a file more": (INDEX, lambda name, data: [(name, data, {}), ("model/saved_model/zz", b"x", {})]),
    "a file less": (INDEX, lambda name, data: []),
    "a file twice": (INDEX, lambda name, data: [(name, data, {})] * 2),
    "a path upwards": (INDEX, lambda name, data: [(name, data, {}), ("model/../../../evil", b"x", {})]),
    "an absolute path": (INDEX, lambda name, data: [(name, data, {}), ("/tmp/evil", b"x", {})]),
    "a link": (INDEX, lambda name, data: [(name, b"", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"})]),
    "an unknown key in the manifest": (
        "manifest.json", lambda name, data: [(name, with_manifest(data, lambda m: m.update(more=1)), {})]),
    "another run in the manifest": (
        "manifest.json",
        lambda name, data: [(name, with_manifest(data, lambda m: m["handoff"].update(run_id="f" * 32)), {})]),
    "no manifest": ("manifest.json", lambda name, data: []),
    "nothing": ("", lambda name, data: []),
}


@pytest.mark.parametrize(
    "change", ["a bit in the weights", "a file more", "a file less", "a file twice", "a path upwards",
               "an absolute path", "a link", "an unknown key in the manifest", "no manifest"])
def test_a_package_with_something_wrong_is_refused_without_a_request(site: Site, packed: Path, change: str) -> None:
    hostile = packed.with_name("hostile")
    hostile.write_bytes(rebuilt(packed, change))
    ended = site.hook("replay", hostile)
    assert ended.status == 65
    assert len(ended.errors) == 1
    assert ended.errors[0].startswith("package ")
    assert site.fake.requests == []
    assert sorted(path.name for path in packed.parent.iterdir()) == [packed.name, "hostile"]
    assert not Path("/tmp/evil").exists()


def test_the_package_as_it_was_made_passes_when_it_is_only_packed_anew(site: Site, packed: Path) -> None:
    anew = packed.with_name("anew")
    anew.write_bytes(rebuilt(packed, "nothing"))
    assert site.hook("replay", anew).status == 0


@pytest.mark.parametrize("content", [b"", b"no package", b"\x1f\x8b\x08\0\0\0\0\0", b"PK\3\4" + b"\0" * 100])
def test_what_is_no_package_is_refused_without_a_request(site: Site, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    ended = site.hook("replay", tmp_path / "file")
    assert ended.status == 65
    assert site.fake.requests == []


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_package_that_is_cut_short_is_refused_without_a_request(site: Site, packed: Path, share: float) -> None:
    content = packed.read_bytes()
    packed.write_bytes(content[: int(len(content) * share)])
    ended = site.hook("replay", packed)
    assert ended.status == 65
    assert site.fake.requests == []


def test_a_manifest_that_names_another_run_sends_no_file_and_makes_no_version(site: Site, packed: Path) -> None:
    """It is a package of its own, whole in itself; but that run is not there."""
    other = packed.with_name("other")
    other.write_bytes(rebuilt(packed, "another run in the manifest"))
    ended = site.hook("replay", other)
    assert ended.status in (65, 69)
    assert site.sent == []


def test_the_package_holds_what_the_version_will(site: Site, packed: Path) -> None:
    with tarfile.open(packed) as archive:
        names = archive.getnames()
    assert names[0] == "manifest.json"
    assert sorted(name for name in names if name.startswith("model/")) == sorted(f"model/{path}" for path in FILES)
