"""What is told is true: of history, of why, of faults and of where they lie, in any script and on any stream."""

from __future__ import annotations

import datetime
import fcntl
import json
import os
import pty
import struct
import termios
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Hook
from promoting import MODEL, Site

FISH = "\N{FISH}"
ONCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
GATE = {"gates": [{"metric": "val_accuracy", "at_least": 0.99}]}


def history(site: Site) -> dict[str, Any]:
    """All of it, for programs."""
    return site.hook("history", MODEL, "--json").result


def to_stage(site: Site, number: int, stage: str, archive: bool = False) -> None:
    """Somebody else moves a version."""
    site.fake.registry.transition({"name": MODEL, "version": str(number), "stage": stage,
                                   "archive_existing_versions": archive})


# ---- history


def test_each_change_of_production_says_how_and_why(site: Site) -> None:
    site.promote(10)
    held = site.train(11, config=GATE)
    assert site.run(held).status == 99
    assert site.run(held, "--override", "the CTO said so").status == 0
    assert site.hook("promote", MODEL, "1").status == 0
    assert site.hook("promote", MODEL, "2", "--reason", "tried").status == 0
    assert site.hook("rollback", MODEL).status == 0
    to_stage(site, 1, "Archived")
    assert site.hook("repair", MODEL, "--yes").status == 0
    rows = history(site)["production"]
    assert [(row["version"], row["how"], row["why"]) for row in rows] == [
        ("1", "training", None), ("2", "override", "the CTO said so"), ("1", "by hand", None),
        ("2", "by hand", "tried"), ("1", "rollback", None), ("1", "repair", "no version is Production")]
    text = site.hook("history", MODEL).stdout
    assert text.count("newest training") == 1
    assert text.count("no reason given") == 2


def test_an_outage_stays_told_after_its_repair(site: Site) -> None:
    site.promote(10)
    began = site.fake.registry.model_versions[MODEL][0]["last_updated_timestamp"]
    time.sleep(2.5)
    to_stage(site, 1, "Archived")
    time.sleep(2.5)
    (now,) = history(site)["gaps"]
    assert now["to"] is None
    assert site.hook("repair", MODEL, "--yes").status == 0
    (gap,) = history(site)["gaps"]
    assert (gap["from"], gap["to"] is None) == (now["from"], False)
    assert began
    text = site.hook("history", MODEL).stdout.splitlines()
    assert [line.split()[0] for line in text[2:]] == ["1", "none", "1"]
    assert text[3].endswith("no version was Production")


def test_what_others_did_stays_told_when_modelhook_goes_on(site: Site) -> None:
    site.promote(10)
    assert site.run(site.train(11), "--policy", "none").status == 99
    to_stage(site, 2, "Production", archive=True)
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    site.promote(trained_at=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
    rows = history(site)["production"]
    assert [(row["version"], row["how"], row["recorded"]) for row in rows] == [
        ("1", "training", False), ("2", "outside", False), ("3", "training", True)]
    assert rows[1]["by"] is None
    assert rows[1]["from"] is not None


def test_status_names_who_promoted_and_not_who_registered(site: Site) -> None:
    assert site.run(site.train(10), "--policy", "none").status == 99
    to_stage(site, 1, "Production")
    (version,) = site.hook("status", MODEL, "--json").result["production"]
    assert (version["by"], version["how"]) == (None, "outside")
    assert "  by           not by modelhook\n" in site.hook("status", MODEL).stdout
    assert "@" not in site.hook("status").stdout


def test_a_deleted_version_stays_in_the_history(site: Site) -> None:
    site.promote(10)
    site.promote(11)
    assert site.hook("rollback", MODEL, "--reason", "p99 doubled").status == 0
    before = history(site)["production"]
    assert site.hook("delete", MODEL, "2", "--yes").status == 0
    after = history(site)["production"]
    assert [{**row, "deleted": False} for row in after] == before
    assert [row["deleted"] for row in after] == [False, True, False]
    assert "\n2 (deleted)  " in site.hook("history", MODEL).stdout


def test_a_delete_that_failed_changes_no_history(site: Site) -> None:
    site.promote(10)
    site.promote(11)
    before = history(site)
    site.fake.fail("model-versions/delete", status=403, code="PERMISSION_DENIED")
    assert site.hook("delete", MODEL, "1", "--yes").status == 77
    assert history(site) == before
    assert site.hook("delete", MODEL, "1", "--yes").status == 0
    assert [row["deleted"] for row in history(site)["production"]] == [True, False]


def test_a_version_that_never_was_production_leaves_no_history(site: Site) -> None:
    site.promote(10)
    assert site.run(site.train(11), "--policy", "none").status == 99
    site.forget()
    assert site.hook("delete", MODEL, "2", "--yes").status == 0
    assert site.sent == ["DELETE model-versions/delete"]


# ---- columns


@pytest.mark.parametrize("reason", ["сервис падает " + FISH * 30, "魚" * 40, "e\u0301" * 60])
def test_a_reason_in_any_script_is_whole_in_a_pipe(site: Site, reason: str) -> None:
    site.promote(10)
    site.promote(11)
    assert site.hook("rollback", MODEL, "--reason", reason).status == 0
    ended = site.hook("history", MODEL)  # which would raise where it is no UTF-8
    assert ended.stdout.splitlines()[-1].endswith(reason)


def on_terminal(hook: Hook, columns: int, *arguments: str) -> bytes:
    """What it prints on a terminal of that width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    with hook.start(*arguments, stdout=theirs) as process:
        os.close(theirs)
        said = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:
                break
            said += part
            if not part:
                break
        process.communicate()
    os.close(ours)
    return said


def test_on_a_terminal_rows_fit_and_are_cut_between_characters(site: Site) -> None:
    site.promote(10)
    site.promote(11)
    reason = "сервис падает на больших изображениях рыб, очень часто"
    assert site.hook("rollback", MODEL, "--reason", reason).status == 0
    lines = on_terminal(site.hook, 80, "history", MODEL).decode().splitlines()
    assert max(map(len, lines[1:])) <= 80
    assert any("…" in line for line in lines[1:])


def test_rows_of_wide_names_stand_below_each_other(site: Site) -> None:
    for name in ("fish", "魚分類器", FISH + "-model"):
        site.fake.add_version(name, "Production")
    lines = site.hook("status").stdout.splitlines()[1:4]
    starts = []
    for line in lines:
        name = line.split("  ")[0]
        wide = sum(2 if ord(c) > 0x2e80 else 1 for c in name)
        starts.append(wide + len(line[len(name):]) - len(line[len(name):].lstrip()))
    assert len(set(starts)) == 1


# ---- places


@pytest.mark.parametrize("spool", ["sp", "./sp", "deep/er/sp"])
def test_a_spool_is_relative_to_the_working_directory(site: Site, tmp_path: Path, spool: str) -> None:
    handoff = site.train()
    site.fake.fail("runs/get", status=500, times=None)
    failed = site.hook("run", handoff, "--spool", spool, cwd=tmp_path, env=ONCE)
    assert failed.status == 75
    package = Path(failed.result["package"])
    assert package.is_absolute()
    assert package.parent == tmp_path / spool.removeprefix("./")
    assert f"the package is kept: modelhook replay {package}\n" in failed.stderr
    site.forget()
    replayed = site.hook("replay", "--spool", spool, "--all", cwd=tmp_path)
    assert (replayed.status, site.production) == (0, [1])


def test_a_package_beside_a_relative_handoff_is_named_absolutely(site: Site) -> None:
    handoff = site.train()
    site.fake.fail("runs/get", status=500, times=None)
    failed = site.hook("run", handoff.name, cwd=handoff.parent, env=ONCE)
    assert failed.result["package"] == str(site.package(handoff))
    again = site.hook("replay", f".modelhook/{site.package(handoff).name}", cwd=handoff.parent, env=ONCE)
    assert again.result["package"] == str(site.package(handoff))


def test_a_spool_in_the_settings_is_relative_to_them(site: Site, tmp_path: Path) -> None:
    handoff = site.train(config={"spool": "kept"})
    site.fake.fail("runs/get", status=500, times=None)
    failed = site.hook("run", f"{handoff.parent.name}/{handoff.name}", cwd=tmp_path, env=ONCE)
    assert Path(failed.result["package"]).parent == handoff.parent / "kept"


# ---- one JSON object


@pytest.mark.parametrize("arguments", [
    ["promote", MODEL, "1"], ["rollback", MODEL], ["repair", MODEL], ["archive", MODEL, "1"],
    ["tag", MODEL, "1", "a=b"], ["describe", MODEL, "1", "x"], ["delete", MODEL, "1"], ["doctor"],
], ids=lambda row: row[0])
def test_json_with_plan_is_one_object(site: Site, arguments: list[str]) -> None:
    site.promote(10)
    site.promote(11)
    site.forget()
    ended = site.hook(*arguments, "--plan", "--json")
    assert ended.status == 0
    json.loads(ended.stdout)
    assert site.sent == []


def test_a_run_with_json_and_plan_is_one_object(site: Site) -> None:
    ended = site.run(site.train(), "--plan", "--json")
    assert len(json.loads(ended.stdout)["plan"]) > 5


COMMANDS = ["run", "replay", "outcome", "pack", "inspect", "gate", "status", "versions", "history", "served",
            "promote", "rollback", "repair", "archive", "tag", "describe", "delete", "check", "watch", "doctor",
            "help"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_in_json_tells_what_help_tells(hook: Hook, command: str) -> None:
    told = json.loads(hook("help", command, "--json").stdout)
    text = hook("help", command).stdout
    assert (told["schema"], told["command"]) == ("modelhook/help@1", command)
    assert told["help"] in " ".join(text.split())
    assert all(option["help"] in " ".join(text.split()) for option in told["options"])
    assert max(len(line) for line in text.splitlines()) <= 80
    assert [option["flag"] for option in told["options"]] == [
        line.split()[0] for line in text.splitlines() if line.startswith("  --")]


def test_help_in_json_knows_every_command(hook: Hook) -> None:
    told = json.loads(hook("help", "--json").stdout)
    assert [row["command"] for row in told["commands"]] == COMMANDS
    assert max(len(line) for line in hook("help").stdout.splitlines()) <= 80


# ---- why


def test_a_training_that_was_rolled_back_says_by_whom_it_was_withdrawn(site: Site) -> None:
    site.promote(10)
    handoff = site.train(11)
    assert site.run(handoff).status == 0
    assert site.hook("rollback", MODEL, "--reason", "p99 doubled").status == 0
    again = site.run(handoff)
    assert (again.status, again.result["outcome"]) == (99, "withdrawn")
    assert again.result["reason"].startswith("version 2 was withdrawn by ")
    assert again.result["reason"].endswith(
        ": p99 doubled; version 1, trained at 2026-11-22T10:00:00Z, is in Production")
    assert "version 1 stays Production, as it was: version 2 was withdrawn by " in again.stderr


def test_an_older_training_says_what_is_newer(site: Site) -> None:
    site.promote(12)
    ended = site.run(site.train(11))
    assert ended.result["reason"] == "version 1 was trained later, at 2026-11-22T12:00:00Z"


def test_a_training_before_a_decision_says_who_decided(site: Site) -> None:
    site.promote(10)
    site.promote(11)
    assert site.hook("promote", MODEL, "1", "--reason", "it sees sharks").status == 0
    ended = site.run(site.train(12))
    assert ended.result["reason"].startswith("version 1 was chosen by ")
    assert ended.result["reason"].endswith(": it sees sharks")


def test_a_gate_that_was_overridden_is_not_told_as_passed(site: Site) -> None:
    handoff = site.train(config=GATE)
    assert site.run(handoff, "--override", "ship it").status == 0
    again = site.run(handoff)
    assert again.status == 0
    assert "gate     overridden before, by " in again.stderr
    assert ": ship it (" in again.stderr
    assert "passed" not in again.stderr


def test_a_gate_that_a_person_outvoted_is_not_told_as_passed(site: Site) -> None:
    handoff = site.train(config=GATE)
    assert site.run(handoff).status == 99
    assert site.hook("promote", MODEL, "1").status == 0
    assert "gate     rejected before, and chosen by a person since" in site.run(handoff).stderr


def test_the_metrics_that_were_logged_are_counted_truly(site: Site) -> None:
    first = site.run(site.train(10, metrics={"val_accuracy": 0.9}))
    assert "log      1 metric of the handoff: logged to the run; model_size_bytes logged too (" in first.stderr
    there = site.run(site.train(11, run_metrics={"train_accuracy": 0.93}))
    assert "log      2 metrics of the handoff: 1 logged, 1 on the run already; model_size_bytes" in there.stderr


def test_a_deleted_run_is_told_how_to_come_back(site: Site) -> None:
    handoff = site.train()
    run = json.loads(handoff.read_text())["run_id"]
    site.fake.registry.runs[run]["info"]["lifecycle_stage"] = "deleted"
    ended = site.run(handoff)
    assert (ended.status, ended.errors) == (69, [f"run {run}: is deleted on this server"])
    assert f"hint: mlflow runs restore --run-id {run}\n" in ended.stderr
    assert "modelhook.outcome" not in ended.stderr
    assert site.sent == []


# ---- what is wrong, and where


@pytest.mark.parametrize(("value", "fault"), [
    ("http://127.0.0.1: 5000", '"http://127.0.0.1: 5000" has a blank in it'),
    ("https://example.com:", '"https://example.com:" has a colon and no port behind it'),
    ("https://ann:hunter2@example.com:", '"https://example.com:" has a colon and no port behind it'),
    ("http://", '"http://" names no host'),
    ("http://127.0.0.1:99999", '"http://127.0.0.1:99999" names no port from 1 to 65535'),
    ("http://[::1", '"http://[::1" is not a valid URL'),
])
@pytest.mark.parametrize("command", ["run", "status", "doctor", "replay"])
def test_a_wrong_address_is_told_before_anything_is_done(site: Site, tmp_path: Path, value: str, fault: str,
                                                         command: str) -> None:
    handoff = site.train()
    package = tmp_path / "package.tar.gz"
    assert site.hook("pack", handoff, "-o", package).status == 0
    arguments = {"run": [handoff], "replay": [package]}.get(command, [])
    ended = site.hook(command, *arguments, env={"MLFLOW_TRACKING_URI": value})
    assert (ended.status, ended.errors) == (78, [f"MLFLOW_TRACKING_URI: {fault}"])
    assert "hunter2" not in ended.stdout + ended.stderr
    assert "pack" not in ended.stderr
    assert site.spooled(handoff) == []


@pytest.mark.parametrize(("arguments", "status", "error"), [
    (["promote", MODEL, "v1"], 64, "v1: not a version"),
    (["rollback", MODEL, "--to", "latest"], 64, "latest: not a version"),
    (["delete", MODEL, "1.0", "--yes"], 64, "1.0: not a version"),
    (["tag", MODEL, "1", "novalue"], 64, "tag takes KEY=VALUE (KEY= removes it)"),
    (["run", "no-such.json"], 66, "handoff: no-such.json: No such file or directory"),
    (["gate", "no-such.json"], 66, "handoff: no-such.json: No such file or directory"),
    (["replay", "no-such.tar.gz"], 66, "package no-such.tar.gz: No such file or directory"),
], ids=lambda value: value[0] if isinstance(value, list) else "")
@pytest.mark.parametrize("uri", ["", "http://127.0.0.1:9"])
def test_what_is_wrong_here_is_told_before_the_server_is(site: Site, arguments: list[str], status: int, error: str,
                                                         uri: str) -> None:
    ended = site.hook(*arguments, env={"MLFLOW_TRACKING_URI": uri})
    assert (ended.status, ended.errors) == (status, [error])


@pytest.mark.parametrize(("status", "arguments"), [
    (66, ("run", "{}/handoff.json")), (66, ("gate", "{}/handoff.json")), (66, ("replay", "{}/package.tar.gz")),
    (66, ("inspect", "{}/saved_model")), (66, ("outcome", "{}/result.json")),
    (78, ("check", "--model", MODEL, "--config", "{}/modelhook.json")),
], ids=lambda value: value[0] if isinstance(value, tuple) else "")
def test_a_missing_file_of_a_relative_path_is_told_with_the_working_directory(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    hint = f"modelhook: hint: the path is relative to the working directory, {tmp_path}\n"
    for folder in ("nowhere", "/nowhere"):
        ended = site.hook(*(each.format(folder) for each in arguments))
        assert (ended.status, hint in ended.stderr) == (status, folder == "nowhere")
        assert "No such file or directory" in ended.stderr


@pytest.mark.parametrize(("value", "word"), [(float("nan"), "NaN"), (float("inf"), "Infinity"),
                                             (float("-inf"), "-Infinity")])
def test_a_number_that_json_has_not_is_named_with_its_key(site: Site, value: float, word: str) -> None:
    handoff = site.train(metrics={"val_accuracy": 0.9, "val_loss": value})
    ended = site.run(handoff)
    assert ended.status == 65
    assert f": metrics.val_loss is {word}: a value was expected, and JSON has no {word}" in ended.errors[0]
    assert "allow_nan=False" in ended.stderr
    settings = site.train(config={"gates": [{"metric": "a", "at_least": value}]})
    assert f"gates[0].at_least is {word}" in site.run(settings).errors[0]


def test_a_package_is_named_after_a_model_in_any_script(site: Site) -> None:
    handoff = site.train(model="рыба")
    site.fake.fail("runs/get", status=500, times=None)
    failed = site.run(handoff, env=ONCE)
    assert Path(failed.result["package"]).name.startswith("рыба-")
    site.forget()
    assert site.hook("replay", failed.result["package"]).status == 0
    assert site.fake.in_stage("рыба") == [1]


@pytest.mark.parametrize(("value", "kind"), [("", "netrc"), ("true", "netrc"), ("false", "none")])
def test_the_credentials_of_this_machine_are_left_aside_where_told(site: Site, value: str, kind: str) -> None:
    (site.hook.home / ".netrc").write_text("machine 127.0.0.1 login ann password hunter2\n")
    (site.hook.home / ".mlflow").mkdir()
    (site.hook.home / ".mlflow/credentials").write_text("[mlflow]\nmlflow_tracking_username = bob\n"
                                                        "mlflow_tracking_password = hunter3\n")
    ended = site.hook("doctor", env={"MODELHOOK_CREDENTIALS_FILES": value})
    assert f"credentials  by {kind}" in ended.stdout
