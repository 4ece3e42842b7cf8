"""What a person does by hand: promote, rollback, repair, history, archive, tag, describe, delete."""

from __future__ import annotations

import datetime
import json
import os
import pty
import re
from typing import Any

import pytest
from conftest import Ended
from promoting import MODEL, Site

ARCHIVED = {"modelhook.intent": "2026-11-01T00:00:00Z"}


def version_tags(site: Site, number: int) -> dict[str, str]:
    """The tags of a version."""
    return site.version(number)["tags"]


def aliases(site: Site) -> dict[str, int]:
    """The aliases of the model."""
    return {a["alias"]: int(a["version"]) for a in site.fake.registry.models[MODEL]["aliases"]}


def decision(site: Site) -> dict[str, str]:
    """The last decision of a person."""
    tags = {tag["key"]: tag["value"] for tag in site.fake.registry.models[MODEL]["tags"]}
    return json.loads(tags["modelhook.decision"])


def lose_files(site: Site, number: int) -> None:
    """Remove the files of a version."""
    start = site.version(number)["source"].removeprefix("mlflow-artifacts:/") + "/"
    for path in [path for path in site.fake.registry.artifacts if path.startswith(start)]:
        del site.fake.registry.artifacts[path]


def change_file(site: Site, number: int, name: str = "MLmodel") -> None:
    """Let a file of a version differ from what was registered."""
    path = site.version(number)["source"].removeprefix("mlflow-artifacts:/") + "/" + name
    site.fake.registry.artifacts[path] += b" "


@pytest.fixture
def three(site: Site) -> Site:
    """Three trainings, promoted one after another."""
    for hour in (10, 11, 12):
        site.promote(hour)
    site.forget()
    return site


def on_terminal(site: Site, answer: str, *arguments: str) -> Ended:
    """Call it with a terminal as its input, and type that answer."""
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    try:
        return site.hook(*arguments, stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)


# ---- promote


def test_promote_makes_it_production_and_outranks_older_trainings(three: Site) -> None:
    ended = three.hook("promote", MODEL, "1", "--reason", "3 is too slow", "--json")
    assert ended.status == 0
    told = ended.result
    assert (told["outcome"], told["version"], told["previous_version"]) == ("promoted", "1", "3")
    assert (told["stage"], told["alias"]) == ("Production", "production")
    assert three.production == [1]
    assert aliases(three)["production"] == 1
    assert (decision(three)["version"], decision(three)["why"]) == ("1", "3 is too slow")
    assert three.run(three.train(9)).status == 99  # trained before the decision
    assert three.production == [1]


def test_a_training_after_the_decision_wins_again(three: Site) -> None:
    assert three.hook("promote", MODEL, "1").status == 0
    now = datetime.datetime.now(datetime.UTC).isoformat()
    assert three.run(three.train(trained_at=now)).status == 0
    assert three.production == [4]


def test_a_version_can_be_named_by_its_alias(three: Site) -> None:
    assert three.hook("promote", MODEL, "previous").status == 0
    assert three.production == [2]


@pytest.mark.parametrize("name", ["4", "0", "-1", "no-such-alias", "1x", "", "99999999999999999999"])
def test_a_version_that_is_not_there_is_refused(three: Site, name: str) -> None:
    ended = three.hook("promote", "--", MODEL, name)
    assert ended.status == 69
    assert ended.errors == [f"{MODEL} has no version {name}"]
    assert three.sent == []


def test_a_model_that_is_not_there_is_refused(site: Site) -> None:
    for arguments in (["promote", "gone", "1"], ["rollback", "gone"], ["history", "gone"], ["repair", "gone", "--yes"],
                      ["archive", "gone", "1"], ["tag", "gone", "1", "a=b"], ["delete", "gone", "1", "--yes"]):
        ended = site.hook(*arguments)
        assert (ended.status, ended.errors) == (69, ["gone: no such registered model"])
    assert site.sent == []


@pytest.mark.parametrize(("spoil", "error"), [
    (lose_files, "version 1: its files are gone"),
    (change_file, "version 1: its files are not those that were registered"),
])
def test_a_version_whose_files_are_gone_or_differ_is_not_promoted(three: Site, spoil: Any, error: str) -> None:
    spoil(three, 1)
    for arguments in (["promote", MODEL, "1"], ["rollback", MODEL, "--to", "1"]):
        ended = three.hook(*arguments)
        assert (ended.status, ended.errors) == (69, [error])
    assert three.sent == []
    assert three.production == [3]


def test_a_version_that_is_not_ready_is_not_promoted(three: Site) -> None:
    three.fake.registry.model_versions[MODEL][0]["status"] = "FAILED_REGISTRATION"
    ended = three.hook("promote", MODEL, "1")
    assert (ended.status, ended.errors) == (69, ["version 1 is FAILED_REGISTRATION, not READY"])
    assert three.sent == []


def test_an_unmanaged_version_in_a_store_that_is_not_served_is_promoted_with_a_warning(three: Site) -> None:
    three.fake.add_version(MODEL, source="dbfs:/bucket/model")
    ended = three.hook("promote", MODEL, "4")
    assert ended.status == 0
    assert "warning: version 4: its files cannot be checked: artifacts at dbfs:/bucket/model" in ended.stderr
    assert three.production == [4]


def test_staging_first_then_production(site: Site) -> None:
    site.promote(10)
    held = site.run(site.train(11), "--policy", "none")
    assert held.status == 99
    site.forget()
    staged = site.hook("promote", MODEL, "2", "--stage", "staging", "--reason", "to be tried", "--json")
    assert (staged.status, staged.result["outcome"]) == (0, "staged")
    assert (site.production, site.fake.in_stage(MODEL, "Staging")) == ([1], [2])
    assert [call for call in site.sent if "transition" in call or "alias" in call] == [
        "POST model-versions/transition-stage"]
    assert site.hook("promote", MODEL, "2", "--reason", "tried").status == 0
    assert (site.production, site.fake.in_stage(MODEL, "Staging")) == ([2], [])
    entries = [(e["to"], e["why"]) for e in json.loads(version_tags(site, 2)["modelhook.history"])]
    assert entries == [("Staging", "to be tried"), ("Production", "tried")]


@pytest.mark.parametrize("stage", ["Staging", "Archived", "None"])
def test_the_production_version_is_not_moved_elsewhere(three: Site, stage: str) -> None:
    ended = three.hook("promote", MODEL, "3", "--stage", stage)
    assert (ended.status, ended.errors) == (69, ["version 3 is Production"])
    assert three.hook("archive", MODEL, "3").status == 69
    assert three.sent == []


def test_promote_without_reason_or_twice_changes_nothing_more(three: Site) -> None:
    assert three.hook("promote", MODEL, "2").status == 0
    three.forget()
    again = three.hook("promote", MODEL, "2", "--json")
    assert (again.status, again.result["outcome"]) == (0, "promoted")
    assert three.sent == ["POST registered-models/set-tag modelhook.decision"]


# ---- rollback


def test_rollback_goes_back_and_a_second_time_further(three: Site) -> None:
    ended = three.hook("rollback", MODEL, "--reason", "p99 doubled", "--json")
    assert ended.status == 0
    told = ended.result
    assert (told["outcome"], told["version"], told["previous_version"]) == ("rolled_back", "2", "3")
    assert three.production == [2]
    assert aliases(three) == {"production": 2, "previous": 1}
    assert json.loads(version_tags(three, 3)["modelhook.withdrawn"])["why"] == "p99 doubled"
    assert three.hook("rollback", MODEL).status == 0
    assert (three.production, aliases(three)) == ([1], {"production": 1})
    nowhere = three.hook("rollback", MODEL)
    assert nowhere.status == 69
    assert nowhere.errors == [f"{MODEL}: no version was good before version 1"]
    assert three.production == [1]


def test_what_was_rolled_back_does_not_come_back_by_itself(three: Site) -> None:
    assert three.hook("rollback", MODEL).status == 0
    package = three.run(three.train(11), "--policy", "production")
    assert package.status == 99
    assert three.production == [2]


def test_rollback_to_a_version(three: Site) -> None:
    ended = three.hook("rollback", MODEL, "--to", "1", "--json")
    assert (ended.status, ended.result["version"], ended.result["previous_version"]) == (0, "1", "3")
    assert three.production == [1]
    same = three.hook("rollback", MODEL, "--to", "1")
    assert (same.status, same.errors) == (69, [f"{MODEL}: version 1 is what should be Production already"])


def test_rollback_passes_over_versions_whose_files_are_gone(three: Site) -> None:
    lose_files(three, 2)
    ended = three.hook("rollback", MODEL, "--json")
    assert (ended.status, ended.result["version"]) == (0, "1")
    assert "warning: version 2: its files are gone: going further back" in ended.stderr


def test_rollback_leaves_what_is_seen_not_what_waits(three: Site) -> None:
    """A training was killed before its transition: the person means the version that serves."""
    three.fake.fail("transition-stage", status=500, times=None)
    waiting = three.train(13)
    assert three.run(waiting, env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}).status == 75
    three.forget()
    ended = three.hook("rollback", MODEL, "--json")
    assert (ended.status, ended.result["version"], ended.result["previous_version"]) == (0, "2", "3")
    assert three.run(waiting).status == 99
    assert three.production == [2]


@pytest.mark.parametrize("nth", range(1, 7))
def test_an_interrupted_rollback_repeated_goes_to_the_same_version(three: Site, nth: int) -> None:
    """Whichever write fails, unless Production has changed already: then it was done."""
    three.fake.fail("mlflow/", method="POST|DELETE", nth=nth, times=1, status=400, code="INVALID_PARAMETER_VALUE")
    first = three.hook("rollback", MODEL)
    if three.production == [3]:
        assert first.status == 69
        three.forget()
        assert three.hook("rollback", MODEL).status == 0
    else:
        assert three.hook("repair", MODEL, "--yes").status == 0
    assert three.production == [2]


# ---- what the registry is never left with


@pytest.mark.parametrize("arguments", [["promote", MODEL, "1"], ["rollback", MODEL], ["rollback", MODEL, "--to", "1"]])
def test_there_is_no_moment_without_production(three: Site, arguments: list[str]) -> None:
    seen: list[list[int]] = []
    three.fake.fail("", method="POST|DELETE", times=None, after=lambda: seen.append(three.production))
    assert three.hook(*arguments).status == 0
    assert seen
    assert all(len(production) == 1 for production in seen)


def test_a_winner_whose_files_are_gone_is_withdrawn_by_who_would_push_it(three: Site) -> None:
    """Somebody else archived the newest; its files went; an older training comes: it must not bring that back."""
    for version in three.fake.registry.model_versions[MODEL]:
        version["current_stage"] = "Archived"
    lose_files(three, 3)
    ended = three.run(three.train(9))
    assert (ended.status, ended.result["outcome"]) == (99, "superseded")
    assert f"warning: version 3 of {MODEL} is withdrawn: its files are gone" in ended.stderr
    assert three.production == [2]
    assert json.loads(version_tags(three, 3)["modelhook.withdrawn"])["why"] == "its files are gone"
    assert aliases(three)["production"] == 2


def test_a_chosen_version_whose_files_went_does_not_hold_up_the_rest(three: Site) -> None:
    assert three.hook("promote", MODEL, "1").status == 0
    for version in three.fake.registry.model_versions[MODEL]:
        version["current_stage"] = "Archived"
    lose_files(three, 1)
    assert three.hook("repair", MODEL, "--yes").status == 0
    assert three.production == [3]


def test_a_store_that_does_not_answer_is_no_proof_of_loss(three: Site) -> None:
    for version in three.fake.registry.model_versions[MODEL]:
        version["current_stage"] = "Archived"
    handoff = three.train(9)
    three.fake.fail("mlflow-artifacts/artifacts$", method="GET", nth=2, times=None, status=503)
    ended = three.run(handoff, env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"})
    assert ended.status == 75
    assert "modelhook.withdrawn" not in version_tags(three, 3)
    three.fake.faults.clear()
    assert three.run(handoff).status == 99
    assert three.production == [3]


def test_a_promoted_withdrawn_version_is_put_back(three: Site) -> None:
    assert three.hook("rollback", MODEL).status == 0
    assert three.hook("promote", MODEL, "3").status == 0
    assert three.production == [3]
    assert "modelhook.withdrawn" not in version_tags(three, 3)


# ---- history


def when(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_history_tells_from_when_to_when_by_whom_and_why(three: Site) -> None:
    assert three.hook("rollback", MODEL, "--reason", "p99 doubled").status == 0
    ended = three.hook("history", MODEL, "--json")
    assert (ended.status, len(ended.stdout.splitlines())) == (0, 1)
    told = ended.result
    assert (told["schema"], told["model"]) == ("modelhook/history@1", MODEL)
    rows = told["production"]
    assert [row["version"] for row in rows] == ["1", "2", "3", "2"]
    assert [row["replaced_by"] for row in rows] == ["2", "3", "2", None]
    assert [row["why"] for row in rows] == [None, None, None, "p99 doubled"]
    assert [row["lasts"] for row in rows] == [False, False, False, True]
    assert all(row["recorded"] and "@" in row["by"] for row in rows)
    ends = [row["to"] for row in rows[:-1]]
    begins = [row["from"] for row in rows[1:]]
    for end, begin in zip(ends, begins, strict=True):  # one change, whose two entries are written one after the other
        assert abs(when(end) - when(begin)) < datetime.timedelta(seconds=30)
    assert ends == sorted(ends)
    assert rows[-1]["to"] is None
    text = three.hook("history", MODEL)
    assert text.stdout.splitlines()[0] == f"{MODEL}: 4 times Production (UTC)"
    assert text.stdout.splitlines()[1].split() == ["version", "from", "to", "by", "how", "served", "why"]
    lines = text.stdout.splitlines()[2:]
    assert [line.split()[0] for line in lines] == ["1", "2", "3", "2"]
    assert lines[-1].endswith(" p99 doubled")
    assert " now " in lines[-1]
    assert [row["how"] for row in rows] == ["training", "training", "training", "rollback"]
    assert told["gaps"] == []
    assert three.sent.count("POST model-versions/transition-stage") == 1


def test_history_shows_of_unmanaged_versions_what_mlflow_knows(site: Site) -> None:
    site.fake.add_version(MODEL, "Archived")
    site.fake.add_version(MODEL, "None")
    site.fake.add_version(MODEL, "Production")
    rows = site.hook("history", MODEL, "--json").result["production"]
    assert [(row["version"], row["recorded"], row["by"], row["lasts"]) for row in rows] == [
        ("1", False, None, False), ("3", False, None, True)]
    assert rows[0]["from"] is None
    assert rows[0]["to"] is not None
    assert "not by modelhook" in site.hook("history", MODEL).stdout


def test_history_sees_what_somebody_else_ended(three: Site) -> None:
    three.fake.registry.transition({"name": MODEL, "version": "2", "stage": "Production",
                                    "archive_existing_versions": True})
    rows = three.hook("history", MODEL, "--json").result["production"]
    assert [(row["version"], row["lasts"]) for row in rows] == [("1", False), ("2", False), ("3", False), ("2", True)]
    assert [row["recorded"] for row in rows] == [True, True, False, False]


def test_history_cannot_be_made_to_move_the_cursor(three: Site) -> None:
    entry = {"at": "2026-11-22T00:00:00Z", "to": "Production", "by": "\x1b[2J", "why": "\x1b[31m\r\nfake"}
    tags = three.fake.registry.model_versions[MODEL][0]["tags"]
    next(tag for tag in tags if tag["key"] == "modelhook.history")["value"] = json.dumps([entry])
    for flags in ([], ["--json"]):
        ended = three.hook("history", MODEL, *flags)
        assert ended.status == 0
        assert "\x1b" not in ended.stdout
    assert "\r" not in three.hook("history", MODEL).stdout


@pytest.mark.parametrize("value", ["", "{", "{}", "[1, null]", '[{"to": "Production"}]', '"x"', '[{"at": 3, "to": 4}]'])
def test_a_history_that_cannot_be_read_is_no_error(three: Site, value: str) -> None:
    tags = three.fake.registry.model_versions[MODEL][2]["tags"]
    next(tag for tag in tags if tag["key"] == "modelhook.history")["value"] = value
    for arguments in (["history", MODEL], ["history", MODEL, "--json"], ["status", MODEL], ["status"]):
        assert three.hook(*arguments).status == 0


# ---- archive, tag, describe, delete


def test_archive_tag_and_describe(three: Site) -> None:
    assert three.run(three.train(13), "--policy", "none").status == 99
    three.forget()
    for arguments, outcome in (
        (["archive", MODEL, "4", "--reason", "not needed"], "archived"),
        (["tag", MODEL, "4", "reviewed=yes", "by=me=you", "framework="], "tagged"),
        (["describe", MODEL, "4", "for the record"], "described"),
    ):
        ended = three.hook(*arguments, "--json")
        assert (ended.status, ended.result["outcome"], ended.result["version"]) == (0, outcome, "4")
    version = three.version(4)
    assert (version["current_stage"], version["description"]) == ("Archived", "for the record")
    assert (version["tags"]["reviewed"], version["tags"]["by"]) == ("yes", "me=you")
    assert "framework" not in version["tags"]
    assert three.production == [3]


def test_a_version_that_never_served_is_no_place_to_roll_back_to(three: Site) -> None:
    assert three.run(three.train(11)).result["outcome"] == "superseded"
    assert three.hook("archive", MODEL, "4").status == 0
    assert three.version(4)["current_stage"] == "Archived"
    ended = three.hook("rollback", MODEL, "--json")
    assert (ended.status, three.production) == (0, [2])


@pytest.mark.parametrize("assignment", ["novalue", "=x", "modelhook.intent=2030-01-01T00:00:00Z", "modelhook.digest="])
def test_a_tag_that_cannot_be_set_is_a_usage_error(three: Site, assignment: str) -> None:
    ended = three.hook("tag", MODEL, "1", "fine=1", assignment)
    assert ended.status == 64
    assert three.sent == []


def test_delete_asks_for_the_name(three: Site) -> None:
    wrong = on_terminal(three, "fish", "delete", MODEL, "1")
    assert wrong.status == 64
    assert "delete version 1 for ever? Type the model's name: modelhook: not confirmed" in wrong.stderr
    assert three.sent == []
    right = on_terminal(three, MODEL, "delete", MODEL, "1")
    assert right.status == 0
    assert three.sent == ["POST registered-models/set-tag modelhook.deleted.1", "DELETE model-versions/delete"]
    assert [version["version"] for version in three.fake.versions(MODEL)] == [2, 3]


def test_delete_without_a_terminal_needs_yes(three: Site) -> None:
    ended = three.hook("delete", MODEL, "1", stdin=-3)  # subprocess.DEVNULL
    assert (ended.status, ended.errors) == (64, ["not confirmed: nothing was done"])
    assert three.sent == []
    told = three.hook("delete", MODEL, "1", "--yes", "--json")
    assert (told.status, told.result["outcome"], told.result["version"]) == (0, "deleted", "1")


def test_the_production_version_is_never_deleted(three: Site) -> None:
    ended = three.hook("delete", MODEL, "3", "--yes")
    assert (ended.status, ended.errors) == (69, ["version 3 is Production, or should be"])
    assert three.sent == []


# ---- --plan, --json


PLANNED = [
    (["promote", MODEL, "1"], ["registered-models/set-tag", "model-versions/transition-stage"]),
    (["promote", MODEL, "1", "--stage", "Staging"], ["model-versions/transition-stage", "model-versions/set-tag"]),
    (["rollback", MODEL], ["registered-models/set-tag", "model-versions/transition-stage"]),
    (["archive", MODEL, "2"], ["model-versions/transition-stage"]),
    (["tag", MODEL, "1", "a=b"], ["model-versions/set-tag"]),
    (["describe", MODEL, "1", "x"], ["model-versions/update"]),
    (["delete", MODEL, "1"], ["model-versions/delete"]),
]


ENDS = {"promoted", "staged", "rolled_back", "archived", "tagged", "described", "deleted"}


@pytest.mark.parametrize(("arguments", "needed"), PLANNED, ids=[" ".join(row[0][:1] + row[0][3:]) for row in PLANNED])
def test_a_plan_lists_what_is_sent_then_and_sends_nothing(three: Site, arguments: list[str], needed: list[str]) -> None:
    plan = three.hook(*arguments, "--plan", "--json")
    assert plan.status == 0
    assert three.sent == []
    calls = [line.split(" ")[:2] for line in plan.result["plan"]]
    assert set(needed) <= {call[1] for call in calls}
    assert len(plan.stdout.splitlines()) == 1
    assert (plan.result["outcome"], plan.result["would_be"] in ENDS) == ("planned", True)
    told = three.hook(*arguments, "--plan", "--verbose")
    lines = told.stdout.splitlines()
    assert " would be " in told.stderr
    assert not re.search(r"\b(is|are) (Production|archived|deleted|described|in)\b", told.stderr), told.stderr
    assert [line.split(" ")[:2] for line in lines] == calls
    sure = ["--yes"] if arguments[0] == "delete" else []
    assert three.hook(*arguments, *sure).status == 0
    assert [[request.method, request.name] for request in three.fake.writes] == calls


@pytest.mark.parametrize("arguments", [
    ["promote", MODEL], ["promote"], ["rollback"], ["rollback", MODEL, "2"], ["history"], ["history", MODEL, "x"],
    ["repair", MODEL, "x"], ["tag", MODEL, "1"], ["describe", MODEL, "1"], ["delete", MODEL], ["archive", MODEL],
    ["promote", MODEL, "1", "--stage", "Nowhere"], ["promote", MODEL, "1", "--to", "2"],
    ["promote", MODEL, "1", "--yes"],
])
def test_a_wrong_command_line_is_64(three: Site, arguments: list[str]) -> None:
    assert three.hook(*arguments).status == 64
    assert three.fake.requests == []


@pytest.mark.parametrize("arguments", [row[0] for row in PLANNED])
def test_a_server_that_is_down_is_75(three: Site, arguments: list[str]) -> None:
    three.fake.stop()
    ended = three.hook(*arguments, "--json", env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"})
    assert (ended.status, ended.result["outcome"], ended.result["retryable"]) == (75, "later", True)
