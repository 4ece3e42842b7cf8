"""Whoever can write to a spool: packages without their gates, and what is left readable there."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Attack, FakeMlflow, HandoffMaker
from promoting import Site

GATES = [{"metric": "val_accuracy", "at_least": 0.99}]
Entries = dict[str, bytes]


def rewrite(package: Path, change: Callable[[Entries], None]) -> None:
    """The same package with other entries, as package_write would have them."""
    with tarfile.open(package) as archive:
        entries = {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]
    change(entries)
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in entries.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    package.write_bytes(gzip.compress(raw.getvalue(), mtime=0))


def restate(entries: Entries, change: Callable[[dict[str, Any]], None]) -> None:
    """Another manifest, in canonical form."""
    manifest = json.loads(entries["manifest.json"])
    change(manifest)
    entries["manifest.json"] = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()


def drop(entries: Entries) -> None:
    del entries["settings.json"]


def weaken(entries: Entries) -> None:
    entries["settings.json"] = entries["settings.json"].replace(b"0.99", b"0.00")


def drop_both(entries: Entries) -> None:
    drop(entries)
    restate(entries, lambda manifest: manifest.pop("settings"))


def unstate(entries: Entries) -> None:
    weaken(entries)
    restate(entries, lambda manifest: manifest.pop("settings"))


ATTACKS: dict[str, tuple[Callable[[Entries], None], str]] = {
    "dropped": (drop, "settings.json: missing"),
    "weakened": (weaken, "settings.json: SHA-256 is not the one that the manifest says"),
    "dropped from the manifest too": (drop_both, "settings: packed by an earlier version"),
    "no longer stated": (unstate, "settings: packed by an earlier version"),
}


@pytest.fixture
def package(attack: Attack, fake: FakeMlflow, make_handoff: HandoffMaker, tmp_path: Path) -> Path:
    """A package whose gate rejects it."""
    made = tmp_path / "package.tar.gz"
    handoff = make_handoff(fake.registry.add_run(), config={"gates": GATES})
    assert attack("pack", handoff, "-o", made).status == 0
    return made


@pytest.mark.parametrize("how", ATTACKS)
def test_a_package_stripped_of_its_gates_is_refused(
    attack: Attack, fake: FakeMlflow, package: Path, how: str
) -> None:
    change, said = ATTACKS[how]
    rewrite(package, change)
    ended = attack("replay", package, env={"MLFLOW_TRACKING_URI": fake.url})
    assert ended.status == 65
    assert said in ended.stderr
    assert fake.writes == []


def test_the_same_package_as_it_was_is_held_by_its_gates(attack: Attack, fake: FakeMlflow, package: Path) -> None:
    rewrite(package, lambda entries: None)
    assert attack("replay", package, env={"MLFLOW_TRACKING_URI": fake.url}).status == 99


def test_a_package_of_an_earlier_version_is_decided_by_gates_of_ones_own(
    attack: Attack, fake: FakeMlflow, package: Path, tmp_path: Path
) -> None:
    rewrite(package, drop_both)
    own = tmp_path / "own.json"
    own.write_text(json.dumps({"gates": GATES}))
    env = {"MLFLOW_TRACKING_URI": fake.url}
    assert attack("replay", package, "--config", own, env=env).status == 99
    own.write_text(json.dumps({"gates": []}))
    assert attack("replay", package, "--config", own, env=env).status == 0


def test_other_gates_make_no_second_version(site: Site) -> None:
    handoff = site.train(config={"gates": GATES})
    assert site.hook("run", handoff).status == 99
    (handoff.parent / "modelhook.json").write_text(json.dumps({"gates": []}))
    ended = site.hook("run", handoff)
    assert ended.status == 0
    assert ended.result["version"] == "1"
    assert len(site.fake.versions(ended.result["model"])) == 1


def test_what_is_in_a_spool_is_for_its_user_alone(site: Site, tmp_path: Path) -> None:
    handoff = site.train()
    site.fake.fail("model-versions/create", status=503, times=None)
    for spool in (handoff.parent / ".modelhook", tmp_path / "named"):
        flags = [] if spool.name == ".modelhook" else ["--spool", spool]
        assert site.hook("run", handoff, *flags, env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}).status == 75
        assert spool.stat().st_mode & 0o777 == 0o700
        files = sorted(spool.iterdir())
        assert [file.name.partition(".tar.gz")[2] for file in files] == ["", ".result.json"]
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
