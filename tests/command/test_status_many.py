"""modelhook status and repair over a registry of many models with anomalies of every kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import seeding
from conftest import Hook
from fake_mlflow import FakeMlflow
from servers import MLflow

MODELS = 500
VERSIONS = 20


@pytest.fixture
def many(hook: Hook, fake: FakeMlflow) -> list[seeding.Model]:
    """A fake server with 500 models of 20 versions."""
    plan = seeding.models(MODELS, VERSIONS)
    seeding.into_fake(plan, fake)
    hook.env["MLFLOW_TRACKING_URI"] = fake.url
    return plan


def told(hook: Hook, *flags: str, **more: Any) -> tuple[dict[str, Any], set[tuple[str, str]]]:
    """modelhook status --json of all models: the object, and every anomaly in it by model and kind."""
    ended = hook("status", "--json", *flags, **more)
    assert (ended.status, ended.stderr) == (0, "")
    (line,) = ended.stdout.splitlines()
    answer = json.loads(line)
    return answer, {(model["model"], a["kind"]) for model in answer["models"] for a in model["anomalies"]}


def test_status_finds_every_anomaly_and_no_other(hook: Hook, fake: FakeMlflow, many: list[seeding.Model]) -> None:
    answer, found = told(hook)
    assert found == seeding.expected(many)
    assert len({kind for _, kind in found}) == 6
    assert answer["schema"] == "modelhook/status@1"
    assert [model["model"] for model in answer["models"]] == [model.name for model in many]
    for model, row in zip(many, answer["models"], strict=True):
        production = [v.number for v in model.versions if v.stage == "Production"]
        assert [int(version["version"]) for version in row["production"]] == production
    assert fake.writes == []
    # pages of models and of versions, from both ends; each end may have one more on its way when they meet; aliases?
    assert len(fake.requests) <= 6 + 42 + 2 + 1


def test_the_table_fits_80_columns_and_names_what_is_wrong(hook: Hook, many: list[seeding.Model]) -> None:
    ended = hook("status")
    lines = ended.stdout.splitlines()
    rows = lines[1:MODELS + 1]
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["model", "version", "since", "(UTC)", "by", "val_acc", "problems"]
    assert rows[1].split() == ["model-001", "20", "2026-09-22", "10:13", "root@trainer", "0.9020", "-"]
    assert [row.split()[0] for row in rows] == [model.name for model in many]
    wrong = [model for model in many if model.anomalies]
    assert [row.split()[0] for row in rows if not row.endswith("-")] == [model.name for model in wrong]
    assert len(lines) == 1 + MODELS + len(seeding.expected(many)) + 1
    assert lines[-1] == f"{MODELS} models, {len(wrong)} with problems: modelhook repair"
    assert "model-006: several versions are Production: 2 19 20" in lines


def test_pages_that_cut_a_model_in_two_lose_nothing(hook: Hook, fake: FakeMlflow) -> None:
    plan = seeding.models(30, 20)
    seeding.into_fake(plan, fake)
    hook.env["MLFLOW_TRACKING_URI"] = fake.url
    for size in (1, 7, 20, 33, 599, 600, 601):
        fake.registry.page_size = size
        answer, found = told(hook)
        assert found == seeding.expected(plan), size
        assert [model["versions"] for model in answer["models"]] == [20] * 30, size


def test_a_server_that_searches_one_model_at_a_time_is_asked_so(hook: Hook, fake: FakeMlflow) -> None:
    plan = seeding.models(30, 20)
    seeding.into_fake(plan, fake)
    fake.registry.searches_all = False
    hook.env["MLFLOW_TRACKING_URI"] = fake.url
    assert told(hook)[1] == seeding.expected(plan)


def test_an_empty_registry_and_a_model_without_versions_are_no_anomaly(hook: Hook, fake: FakeMlflow) -> None:
    hook.env["MLFLOW_TRACKING_URI"] = fake.url
    assert told(hook) == ({"schema": "modelhook/status@1", "models": []}, set())
    fake.registry.create_model({"name": "empty"})
    assert [model["versions"] for model in told(hook)[0]["models"]] == [0]
    assert hook("status").stdout.splitlines()[1].split() == ["empty", "-", "-", "-", "-", "-"]


def test_a_promotion_between_two_calls_of_status_is_no_anomaly(hook: Hook, fake: FakeMlflow) -> None:
    """The aliases are read before the versions; what changed meanwhile is read again."""
    seeding.into_fake([seeding.sound("moving", 3)], fake)
    hook.env["MLFLOW_TRACKING_URI"] = fake.url

    def promote() -> None:
        intent = {"modelhook.intent": "2026-11-22T20:00:00Z"}
        number = str(fake.add_version("moving", tags=intent))
        fake.registry.transition({"name": "moving", "version": number, "stage": "Production",
                                  "archive_existing_versions": True})
        fake.registry.set_alias({"name": "moving", "alias": "production", "version": number})

    fake.fail("registered-models/search", after=promote)
    answer, found = told(hook)
    assert found == set()
    assert [version["version"] for version in answer["models"][0]["production"]] == ["4"]


def test_stale_and_missing_files_are_looked_for_when_asked(hook: Hook, fake: FakeMlflow) -> None:
    plan = [seeding.sound("kept", 3), seeding.sound("lost", 3), seeding.sound("changed", 3)]
    seeding.into_fake(plan, fake)
    del fake.registry.artifacts["1/lost/3/MLmodel"]
    fake.registry.artifacts["1/changed/3/MLmodel"] = b"flavors: other\n"
    hook.env["MLFLOW_TRACKING_URI"] = fake.url
    assert told(hook)[1] == set()
    assert told(hook, "--max-age", "36h")[1] == {(name, "stale") for name in ("kept", "lost", "changed")}
    assert told(hook, "--max-age", "36500d")[1] == set()
    answer, found = told(hook, "--files")
    assert found == {("lost", "missing_files"), ("changed", "missing_files")}
    texts = {model["model"]: [a["text"] for a in model["anomalies"]] for model in answer["models"]}
    assert texts["lost"] == ["version 3: its files are gone"]
    assert texts["changed"] == ["version 3: its files are not those that were registered"]


# ---- repair


def unstaged(fake: FakeMlflow, plan: list[seeding.Model]) -> list[str]:
    """What is not in Production as it should be, by model."""
    return [f"{model.name}: {fake.in_stage(model.name)}, not {model.right}" for model in plan
            if fake.in_stage(model.name) != ([model.right] if model.right else [])]


def test_repair_leaves_none(hook: Hook, fake: FakeMlflow, many: list[seeding.Model]) -> None:
    planned = hook("repair", "--plan", "--json")
    assert planned.status == 0
    assert fake.writes == []
    calls = planned.result["plan"]
    ended = hook("repair", "--yes", "--json")
    assert (ended.status, ended.result["outcome"]) == (0, "repaired")
    assert len(ended.result["steps"]) == len([model for model in many if model.anomalies])
    assert unstaged(fake, many) == []
    assert told(hook)[1] == set()
    sent = len(fake.writes)
    assert len(calls) == sent  # the plan is what was sent
    again = hook("repair", "--yes", "--json")
    assert (again.status, again.result["outcome"]) == (0, "nothing_to_do")
    assert len(fake.writes) == sent


def test_repair_touches_no_model_in_order(hook: Hook, fake: FakeMlflow) -> None:
    plan = seeding.models(54, 20)
    seeding.into_fake(plan, fake)
    hook.env["MLFLOW_TRACKING_URI"] = fake.url
    assert hook("repair", "--yes").status == 0
    wrong = {model.name for model in plan if model.anomalies}
    assert {request.json["name"] for request in fake.writes} == wrong


def test_repair_never_leaves_a_moment_without_production(hook: Hook, fake: FakeMlflow) -> None:
    plan = [model for model in seeding.models(54, 20) if model.anomalies]
    seeding.into_fake(plan, fake)
    hook.env["MLFLOW_TRACKING_URI"] = fake.url
    had = {model.name for model in plan if fake.in_stage(model.name)}
    lost: list[str] = []
    fake.fail("", method="POST|DELETE", times=None,
              after=lambda: lost.extend(name for name in had if not fake.in_stage(name)))
    assert hook("repair", "--yes").status == 0
    assert lost == []


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_repair_without_a_terminal_and_without_yes_does_nothing(hook: Hook, fake: FakeMlflow, flags: list[str]) -> None:
    seeding.into_fake([seeding.several("a", 3), seeding.none("b", 3)], fake)
    hook.env["MLFLOW_TRACKING_URI"] = fake.url
    ended = hook("repair", *flags)
    assert ended.status == 64
    assert ended.errors == ["not confirmed: nothing was done"]
    assert "a: several versions are Production: 2 3\n" in ended.stderr
    assert "  POST model-versions/transition-stage " in ended.stderr
    assert fake.writes == []


def test_repair_passes_over_a_seed_whose_files_are_gone(hook: Hook, fake: FakeMlflow) -> None:
    seeding.into_fake([seeding.none_of_unmanaged("a", 4)], fake)
    del fake.registry.artifacts["1/a/4/MLmodel"]
    hook.env["MLFLOW_TRACKING_URI"] = fake.url
    ended = hook("repair", "a", "--yes", "--json")
    assert (ended.status, ended.result["version"]) == (0, "3")
    assert fake.in_stage("a") == [3]
    assert "files are gone" in fake.versions("a")[3]["tags"]["modelhook.withdrawn"]


@pytest.mark.parametrize("server", ["mlflow1", "mlflow2", "mlflow3"])
def test_status_and_repair_on_a_real_server(hook: Hook, request: pytest.FixtureRequest, server: str) -> None:
    mlflow: MLflow = request.getfixturevalue(server)
    plan = seeding.models(54, 20)
    if server == "mlflow1":  # it has no aliases
        for model in plan:
            model.aliases = {}
            model.anomalies.discard("alias_apart")
    seeding.into_sqlite(plan, mlflow.folder / "mlflow.db")
    seeding.into_folder(plan, Path(mlflow.artifacts))
    hook.env |= mlflow.client_env()
    assert told(hook)[1] == seeding.expected(plan)
    ended = hook("repair", "--yes")
    assert ended.status == 0
    answer, found = told(hook)
    assert found == set()
    right = [[str(model.right)] if model.right else [] for model in plan]
    assert [[v["version"] for v in model["production"]] for model in answer["models"]] == right
