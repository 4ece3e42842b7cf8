"""A folder of somebody else: settings that name servers and commands are taken from nobody but its user and root."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from conftest import Attack, FakeMlflow, HandoffMaker

STRANGER = 54321
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user, which takes root")


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """What the command of a stranger would leave."""
    return tmp_path / "ran"


def hostile(server: FakeMlflow, marker: Path) -> dict[str, object]:
    """Settings that take the token to a server of their own, and run a command."""
    return {"tracking_uri": server.url, "gates": [{"command": ["touch", str(marker), "{model}"]}]}


@needs_root
@pytest.mark.parametrize("given", ["beside", "--config", "link"])
def test_settings_of_a_stranger_are_refused(  # noqa: PLR0917 - fixtures
    attack: Attack, fake: FakeMlflow, make_handoff: HandoffMaker, tmp_path: Path, marker: Path, given: str
) -> None:
    handoff = make_handoff(fake.registry.add_run())
    settings = handoff.parent / "modelhook.json" if given == "beside" else tmp_path / "other.json"
    settings.write_text(json.dumps(hostile(fake, marker)))
    os.chown(settings, STRANGER, STRANGER)
    shown = settings
    if given == "link":
        shown = handoff.parent / "modelhook.json"
        shown.symlink_to(settings)
    flags = ["--config", settings] if given == "--config" else []
    ended = attack("run", handoff, *flags, env={"MLFLOW_TRACKING_TOKEN": "token-of-mine"})
    assert ended.status == 78
    assert f"modelhook: settings {shown}: owned by user {STRANGER}, not by user 0 or root\n" in ended.stderr
    assert "modelhook: hint: read it first; then chown 0 " in ended.stderr
    assert fake.requests == []
    assert not marker.exists()


@needs_root
def test_commands_by_hand_in_a_folder_of_a_stranger_are_refused(
    attack: Attack, fake: FakeMlflow, tmp_path: Path
) -> None:
    (tmp_path / "modelhook.json").write_text(json.dumps({"tracking_uri": fake.url}))
    os.chown(tmp_path / "modelhook.json", STRANGER, STRANGER)
    for command in (["status"], ["rollback", "fish"], ["doctor"], ["repair"]):
        assert attack(*command, cwd=tmp_path, env={"MLFLOW_TRACKING_TOKEN": "token-of-mine"}).status == 78
    assert fake.requests == []


@pytest.mark.parametrize(("mode", "who", "hint"), [
    (0o664, "its group", "g-w"), (0o666, "everybody", "go-w"), (0o646, "everybody", "o-w"), (0o604, None, ""),
])
def test_settings_that_others_can_write_are_refused(  # noqa: PLR0917 - fixtures
    attack: Attack, fake: FakeMlflow, make_handoff: HandoffMaker, mode: int, who: str | None, hint: str
) -> None:
    handoff = make_handoff(fake.registry.add_run(), config={"tracking_uri": fake.url})
    settings = handoff.parent / "modelhook.json"
    settings.chmod(mode)
    ended = attack("run", handoff)
    if who is None:
        assert ended.status == 0
        return
    assert ended.status == 78
    assert f"modelhook: settings {settings}: {who} can write to it (mode {mode:04o})\n" in ended.stderr
    assert f"modelhook: hint: chmod {hint} {settings}\n" in ended.stderr
    assert fake.requests == []


@pytest.mark.parametrize(("mode", "status"), [(0o777, 78), (0o775, 78), (0o1777, 0), (0o755, 0)])
def test_a_directory_in_which_the_file_can_be_exchanged_is_refused(
    attack: Attack, fake: FakeMlflow, make_handoff: HandoffMaker, mode: int, status: int
) -> None:
    handoff = make_handoff(fake.registry.add_run(), config={"tracking_uri": fake.url})
    handoff.parent.chmod(mode)
    ended = attack("run", handoff)
    assert ended.status == status
    if status != 0:
        assert f"the directory {handoff.parent}: " in ended.stderr
        assert fake.requests == []


@needs_root
def test_a_directory_of_a_stranger_is_refused(
    attack: Attack, fake: FakeMlflow, make_handoff: HandoffMaker
) -> None:
    handoff = make_handoff(fake.registry.add_run(), config={"tracking_uri": fake.url})
    os.chown(handoff.parent, STRANGER, STRANGER)
    ended = attack("run", handoff)
    assert ended.status == 78
    assert f"the directory {handoff.parent}: owned by user {STRANGER}" in ended.stderr


def test_a_replay_takes_no_settings_from_beside_the_package(
    attack: Attack, fake: FakeMlflow, make_handoff: HandoffMaker, tmp_path: Path, marker: Path
) -> None:
    handoff = make_handoff(fake.registry.add_run())
    spool = tmp_path / ".modelhook"
    spool.mkdir()
    package = spool / "package.tar.gz"
    assert attack("pack", handoff, "-o", package).status == 0
    with FakeMlflow() as other:
        for folder in (tmp_path, spool):
            (folder / "modelhook.json").write_text(json.dumps(hostile(other, marker)))
        assert attack("replay", package, cwd=spool).status == 78  # no server is set
        ended = attack("replay", package, cwd=spool, env={"MLFLOW_TRACKING_URI": fake.url})
        assert ended.status == 0
        assert other.requests == []
    assert not marker.exists()


def test_a_person_is_told_which_settings_were_found(attack: Attack, fake: FakeMlflow, tmp_path: Path) -> None:
    (tmp_path / "modelhook.json").write_text(json.dumps({"tracking_uri": fake.url}))
    ended = attack("status", cwd=tmp_path)
    assert ended.status == 0
    assert ended.stderr.splitlines()[0] == "settings ./modelhook.json"
