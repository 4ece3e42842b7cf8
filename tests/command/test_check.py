"""modelhook check: before a training it tells what would fail after it, and it writes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Ended
from promoting import MODEL, Site

ROWS = ["handoff", "settings", "gates", "spool", "server", "clock", "run", "model", "artifacts"]
GATES = {"gates": [{"metric": "val_accuracy", "at_least": 0.8}]}


def check(site: Site, *arguments: str | Path, **more: Any) -> tuple[Ended, dict[str, Any], dict[str, str]]:
    """The call as text, what --json tells, and the verdict of each row, which must be the same in both forms."""
    text = site.hook("check", *arguments, **more)
    answer = site.hook("check", *arguments, "--json", **more)
    told = json.loads(answer.stdout.splitlines()[0])
    assert (answer.status, told["schema"], told["ok"]) == (text.status, "modelhook/check@1", text.status == 0)
    rows = {row["name"]: row["verdict"] for row in told["checks"]}
    assert [tuple(reversed(line.split()[:2])) for line in text.stdout.splitlines()] == list(rows.items())
    assert site.sent == []
    return text, told, rows


def test_a_handoff_that_would_be_promoted_passes_every_row(site: Site) -> None:
    handoff = site.train(config=GATES)
    ended, told, rows = check(site, handoff)
    assert ended.status == 0
    assert rows == dict.fromkeys(ROWS, "ok")
    assert (told["spool"], "waiting" in told) == (str(handoff.parent / ".modelhook"), False)
    assert sorted(path.name for path in handoff.parent.iterdir()) == ["handoff.json", "modelhook.json", "saved_model"]


def test_before_a_training_a_name_and_a_run_are_enough(site: Site, tmp_path: Path) -> None:
    run = site.fake.add_run()
    (tmp_path / "modelhook.json").write_text(json.dumps(GATES))
    ended, _, rows = check(site, tmp_path / "handoff.json", "--model", MODEL, "--run", run)
    assert (ended.status, rows) == (0, dict.fromkeys(ROWS, "ok"))
    ended, _, rows = check(site, "--model", MODEL)
    assert (ended.status, list(rows)) == (0, [row for row in ROWS if row not in ("run", "artifacts")])
    assert f"model        {MODEL}, read by " in ended.stdout


def test_no_gate_is_a_warning(site: Site) -> None:
    ended, _, rows = check(site, site.train())
    assert (ended.status, rows["gates"]) == (0, "warning")
    assert "no gate is configured: every model passes" in ended.stdout


def test_packages_that_wait_are_named(site: Site) -> None:
    handoff = site.train()
    site.fake.fail("model-versions/create", status=503, times=None)
    assert site.run(handoff, env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}).status == 75
    package = site.package(handoff)
    site.forget()
    ended, told, rows = check(site, handoff)
    assert (ended.status, rows["spool"], told["waiting"]) == (0, "warning", [package.name])
    assert f"1 package waits in {package.parent}: {package.name}; finish with: modelhook replay --all" in ended.stdout
    assert site.spooled(handoff) == [package.name, f"{package.name}.result.json"]


FAULTS: dict[str, tuple[list[str], dict[str, str], int, str, str]] = {
    "no server": ([], {"MLFLOW_TRACKING_URI": ""}, 78, "settings", "no MLflow server is set"),
    "a local database": ([], {"MLFLOW_TRACKING_URI": "sqlite:///mlflow.db"}, 78, "settings", "MLFLOW_TRACKING_URI is"),
    "server away": ([], {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}, 75, "server", "MLflow at http://127.0.0.1:1: "),
    "no such run": (["--run", "f" * 32], {}, 69, "run", "run " + "f" * 32 + ": not found on this server"),
    "a spool that is none": (["--spool", "ftp://spool/fish"], {}, 78, "spool", "spool"),
}


@pytest.mark.parametrize("how", FAULTS)
def test_what_would_fail_after_the_training_fails_before_it(site: Site, how: str) -> None:
    options, env, status, row, said = FAULTS[how]
    ended, told, rows = check(site, "--model", MODEL, *options, env=env)
    assert (ended.status, len(ended.errors), list(rows.items())[-1]) == (status, 1, (row, "FAILED"))
    assert ended.errors[0].startswith(said)
    assert told["checks"][-1]["detail"] == ended.errors[0]


@pytest.mark.parametrize(("arguments", "said"), [
    ([], "check takes: HANDOFF, or --model NAME"),
    (["--model", "fish/1"], "model fish/1: has a"),
    (["--model", MODEL, "--run", "run1"], "--run takes 32 lower-case hex digits"),
    (["handoff.json", "--run", "0" * 32], "--run goes with --model"),
    (["--model", MODEL, "--frobnicate"], "--frobnicate: no such option"),
])
def test_a_wrong_command_line_is_told_before_anything_is_asked(site: Site, arguments: list[str], said: str) -> None:
    ended = site.hook("check", *arguments)
    assert (ended.status, site.fake.requests) == (64, [])
    assert ended.errors[0].startswith(said)


def test_credentials_that_may_not_read_are_denied(site: Site) -> None:
    site.fake.wanted = ["Bearer right"]
    ended, _, rows = check(site, "--model", MODEL)
    assert (ended.status, list(rows.values())[-1]) == (77, "FAILED")


def test_a_store_that_may_not_be_read_is_denied(site: Site) -> None:
    site.fake.fail("mlflow-artifacts/artifacts", times=None, method="GET", status=403, code="PERMISSION_DENIED")
    ended, _, rows = check(site, site.train())
    assert (ended.status, rows["artifacts"]) == (77, "FAILED")
    assert ended.errors[0].startswith("artifacts in mlflow-artifacts:/1/")


def test_a_metric_that_a_gate_needs_and_the_handoff_lacks_is_found(site: Site) -> None:
    handoff = site.train(config={"gates": [{"metric": "val_recall", "at_least": 0.8}]})
    ended, _, rows = check(site, handoff)
    assert (ended.status, rows["run"]) == (65, "FAILED")
    assert "val_recall" in ended.errors[0]
    size = site.train(config={"gates": [{"metric": "model_size_bytes", "at_most": 100}]})
    assert check(site, size)[0].status == 0


def test_the_result_of_an_earlier_training_stays(site: Site, tmp_path: Path) -> None:
    place = tmp_path / "result.json"
    place.write_text("of the last one")
    handoff = site.train(run="0" * 32)
    assert site.hook("check", handoff, "--json", "--result", place).status == 69
    assert place.read_text() == "of the last one"


def test_a_silent_server_is_not_waited_for_as_long_as_a_run_would(site: Site) -> None:
    """The time of check is its own: the deadline in the settings is that of a run."""
    site.fake.fail("version", times=None, delay=60)
    ended = site.hook("check", "--model", MODEL, "--deadline", "1s")
    assert ended.status == 75
