"""--plan: what would change is told as such, no write is sent, and nothing stays on the disk."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import Ended
from promoting import FILES, MODEL, Site


def calls(ended: Ended) -> list[str]:
    """The planned calls, without what they carry."""
    return [" ".join(line.split(" ")[:2]) for line in ended.result["plan"]]


def told(ended: Ended) -> str:
    """The line for people."""
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("plan ")]
    return line.removeprefix("plan").strip()


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
    assert (ended.result["outcome"], ended.result["would_be"]) == ("planned", "promoted")
    size = re.search(r"; 8 files, [0-9.]+ KiB would be uploaded; ", told(ended))
    assert size is not None
    assert told(ended) == ("would be promoted; Production none -> 1" + size[0] +
                           f"{len(FIRST)} calls would be sent, none was (--verbose: which)")


FACTS = re.compile(r"\b(is|are|was|were|created|sent|logged|deleted|archived)\b")


def test_no_step_of_a_plan_tells_what_did_not_happen(site: Site) -> None:
    site.promote(10)
    ended = site.run(site.train(11), "--plan")
    steps = {step["name"]: step["did"] for step in ended.result["steps"]}
    assert set(steps) >= {"log", "upload", "register", "promote"}
    assert "verify" not in steps
    for name in ("log", "upload", "register", "promote"):
        assert not FACTS.search(re.sub(r"would be \w+", "", steps[name])), steps[name]
    assert [ended.result[key] for key in ("stage", "alias", "created")] == [None, None, None]
    assert "Production 1 -> 2; 1 would be archived; " in told(ended)


@pytest.mark.parametrize(("hour", "options", "status"), [
    (12, [], 0), (12, ["--exit-code"], 2), (11, [], 0), (11, ["--exit-code"], 0)])
def test_the_exit_code_tells_of_a_change_where_it_is_asked_to(
    site: Site, hour: int, options: list[str], status: int
) -> None:
    handoff = site.train(11)
    assert site.run(handoff).status == 0
    ended = site.run(handoff if hour == 11 else site.train(hour), "--plan", *options)
    assert (ended.status, ended.result["exit"], ended.result["outcome"]) == (status, status, "planned")


@pytest.mark.parametrize("option", ["--exit-code", "--verbose"])
def test_an_option_of_a_plan_without_a_plan_is_refused(site: Site, option: str) -> None:
    ended = site.run(site.train(), option)
    assert (ended.status, ended.errors) == (64, [f"{option}: only with --plan"])


def test_the_calls_are_printed_before_the_result_where_they_are_asked_for(site: Site) -> None:
    handoff = site.train()
    ended = site.run(handoff, "--plan", "--verbose")
    lines = ended.stdout.splitlines()
    assert lines[:-1] == ended.result["plan"]
    assert json.loads(lines[-1])["exit"] == 0
    assert len(site.run(handoff, "--plan").stdout.splitlines()) == 1
    assert len(site.run(handoff, "--plan", "--verbose", "--json").stdout.splitlines()) == 1


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
    assert (ended.status, ended.result["would_be"], ended.result["plan"]) == (0, "promoted", [])
    assert site.sent == []
    assert told(ended) == "would be promoted; Production 1, as it is; 0 calls would be sent, none was"


def test_the_plan_of_a_training_that_a_gate_rejects_ends_at_the_version(site: Site) -> None:
    handoff = site.train(config={"gates": [{"metric": "val_accuracy", "at_least": 0.99}]})
    ended = site.run(handoff, "--plan")
    assert (ended.status, ended.result["would_be"]) == (0, "held")
    assert told(ended).startswith("would be held: val_accuracy 0.9, at least 0.99; ")
    assert planned_by_name(ended) == FIRST[:11]
    assert site.sent == []


def test_the_plan_of_an_older_training_is_superseded(site: Site) -> None:
    site.promote(14)
    site.forget()
    ended = site.run(site.train(13), "--plan")
    assert (ended.status, ended.result["would_be"]) == (0, "superseded")
    assert told(ended).startswith("would be superseded: ")
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
