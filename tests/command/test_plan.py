"""--plan: every write that would be sent is printed, none is sent, and nothing stays on the disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Ended
from promoting import FILES, MODEL, Site


def calls(ended: Ended) -> list[str]:
    """The planned calls, without what they carry."""
    return [" ".join(line.split(" ")[:2]) for line in ended.result["plan"]]


def files_below(folder: Path) -> list[str]:
    """Everything in a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


FIRST = ["POST runs/log-batch", *[f"PUT model/{path}" for path in FILES], "POST registered-models/create",
         "POST model-versions/create", "POST model-versions/transition-stage", "POST model-versions/set-tag",
         "POST registered-models/alias"]


def planned_by_name(ended: Ended) -> list[str]:
    """The planned calls with files named from the model on."""
    return [call.split(" ")[0] + " model/" + call.rpartition("/model/")[2] if "/model/" in call else call
            for call in calls(ended)]


@pytest.fixture
def elsewhere(site: Site, tmp_path: Path) -> tuple[str, Path]:
    """A package that is replayed."""
    package = tmp_path / "elsewhere" / "package.tar.gz"
    package.parent.mkdir()
    assert site.hook("pack", site.train(), "-o", package).status == 0
    return "replay", package


@pytest.fixture(params=["run", "replay"])
def command(request: pytest.FixtureRequest, site: Site) -> tuple[str, Path]:
    """The command and what it takes."""
    return ("run", site.train()) if request.param == "run" else request.getfixturevalue("elsewhere")


def test_the_plan_of_a_first_promotion_names_every_write_and_sends_none(
    site: Site, command: tuple[str, Path]
) -> None:
    before = files_below(command[1].parent)
    ended = site.hook(*command, "--plan")
    assert ended.status == 0
    assert planned_by_name(ended) == FIRST
    assert site.sent == []
    assert site.fake.registry.models == {}
    assert site.fake.registry.artifacts == {}
    assert files_below(command[1].parent) == before
    assert f"plan: {len(FIRST)} calls would be sent; none was" in ended.stderr


def test_the_plan_is_printed_before_the_result(site: Site) -> None:
    ended = site.run(site.train(), "--plan")
    lines = ended.stdout.splitlines()
    assert lines[:-1] == ended.result["plan"]
    assert json.loads(lines[-1])["exit"] == 0


def test_a_plan_is_nobodys_outcome(site: Site, command: tuple[str, Path], tmp_path: Path) -> None:
    """What --result holds tells what came of a training, and a plan is none."""
    kept = tmp_path / "result.json"
    kept.write_text("of the last run\n")
    ended = site.hook(*command, "--plan", "--result", kept)
    assert ended.status == 0
    assert kept.read_text() == "of the last run\n"
    assert "a plan: --result is left as it was" in ended.stderr


def test_the_plan_is_what_is_sent_then(site: Site) -> None:
    site.promote(10)
    handoff = site.train(11)
    site.forget()
    planned = planned_by_name(site.run(handoff, "--plan"))
    assert site.sent == []
    assert site.run(handoff).status == 0
    sent = [" ".join(call.split(" ")[:2]) for call in site.sent]
    assert [*planned, "POST runs/set-tag"] == sent


def test_the_plan_carries_the_bodies(site: Site) -> None:
    ended = site.run(site.train(), "--plan")
    bodies = {line.split(" ")[1]: line.split(" ", 2)[2] for line in ended.result["plan"]}
    assert json.loads(bodies["model-versions/transition-stage"]) == {
        "name": MODEL, "version": "1", "stage": "Production", "archive_existing_versions": True}


def test_the_plan_of_what_is_done_already_is_empty(site: Site) -> None:
    handoff = site.train()
    assert site.run(handoff).status == 0
    site.forget()
    ended = site.run(handoff, "--plan")
    assert (ended.status, ended.result["outcome"], ended.result["plan"]) == (0, "promoted", [])
    assert site.sent == []
    assert "plan: 0 calls would be sent; none was" in ended.stderr


def test_the_plan_of_a_training_that_a_gate_rejects_ends_at_the_version(site: Site) -> None:
    handoff = site.train(config={"gates": [{"metric": "val_accuracy", "at_least": 0.99}]})
    ended = site.run(handoff, "--plan")
    assert (ended.status, ended.result["outcome"]) == (99, "held")
    assert planned_by_name(ended) == FIRST[:11]
    assert site.sent == []


def test_the_plan_of_an_older_training_is_superseded(site: Site) -> None:
    site.promote(14)
    site.forget()
    ended = site.run(site.train(13), "--plan")
    assert (ended.status, ended.result["outcome"]) == (99, "superseded")
    assert "POST model-versions/transition-stage" not in calls(ended)
    assert site.sent == []


def test_a_plan_leaves_the_package_of_an_earlier_attempt_where_it_is(site: Site) -> None:
    handoff = site.train()
    site.fake.fail("runs/get", status=500, times=None)
    assert site.run(handoff, env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}).status == 75
    before = {path: path.read_bytes() for path in (handoff.parent / ".modelhook").iterdir()}
    site.forget()
    assert site.run(handoff, "--plan").status == 0
    assert {path: path.read_bytes() for path in (handoff.parent / ".modelhook").iterdir()} == before


def test_a_plan_that_fails_leaves_nothing_and_tells_why(site: Site) -> None:
    handoff = site.train(run="0" * 32)
    before = files_below(handoff.parent)
    ended = site.run(handoff, "--plan")
    assert ended.status == 69
    assert ended.errors == [f"run {'0' * 32}: not found on this server"]
    assert files_below(handoff.parent) == before
    assert site.sent == []


def test_a_plan_escapes_what_comes_from_outside(site: Site) -> None:
    ended = site.run(site.train(description="\x1b[2Jevil\nPOST nothing"), "--plan")
    assert ended.status == 0
    assert "\x1b" not in ended.stdout
    assert "POST nothing" not in ended.stdout.splitlines()
