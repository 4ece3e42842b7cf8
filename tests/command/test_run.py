"""modelhook run: what a promotion sends, what it leaves behind, and how each end is reported."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Ended
from promoting import FILES, FIRST_RUN, MODEL, PROMOTION, REPORT, UPLOAD, Site, complaints

KEYS = [
    "schema", "outcome", "exit", "retryable", "model", "version", "previous_version", "run_id", "trained_at", "digest",
    "stage", "alias", "reason", "created", "verified", "gate", "served", "steps", "package", "error", "registry_url",
    "tracking_url", "at",
]
PASSES = {"gates": [{"metric": "val_accuracy", "at_least": 0.5}]}
REJECTS = {"gates": [{"metric": "val_accuracy", "at_least": 0.99}]}


def run_of(handoff: Path) -> str:
    """The run that a handoff names."""
    return json.loads(handoff.read_text())["run_id"]


# ---- the main job


def test_a_first_training_becomes_the_one_production_version(site: Site) -> None:
    handoff = site.train()
    ended = site.run(handoff)
    assert ended.status == 0
    assert site.sent == FIRST_RUN
    assert complaints(site, handoff) == []
    result = ended.result
    assert (result["version"], result["previous_version"], result["stage"], result["alias"]) == (
        "1", None, "Production", "production")
    assert (result["package"], result["error"], result["gate"]) == (None, None, [])
    assert result["registry_url"] == site.fake.url
    assert [step["name"] for step in result["steps"]] == [
        "inspect", "pack", "connect", "log", "upload", "gate", "register", "promote", "verify"]


def test_a_second_training_archives_the_first_in_the_call_that_promotes_it(site: Site) -> None:
    site.promote(10)
    site.forget()
    ended = site.promote(11)
    assert site.sent == [
        "POST runs/log-batch", *UPLOAD, "POST model-versions/create", "POST model-versions/transition-stage",
        "POST model-versions/set-tag modelhook.history", "POST model-versions/set-tag modelhook.history",
        "POST registered-models/alias previous", "POST registered-models/alias production", *REPORT]
    (transition,) = [request.json for request in site.fake.writes if request.name.endswith("transition-stage")]
    assert transition == {"name": MODEL, "version": "2", "stage": "Production", "archive_existing_versions": True}
    assert (ended.result["version"], ended.result["previous_version"]) == ("2", "1")
    first, second = site.version(1), site.version(2)
    assert (first["current_stage"], first["aliases"]) == ("Archived", ["previous"])
    assert (second["current_stage"], second["aliases"]) == ("Production", ["production"])


def test_the_same_command_again_only_writes_its_outcome(site: Site) -> None:
    handoff = site.train()
    first = site.run(handoff)
    before = site.fake.versions(MODEL)
    site.forget()
    again = site.run(handoff)
    assert again.status == 0
    assert site.sent == REPORT
    assert site.fake.versions(MODEL) == before
    for key in ("outcome", "version", "digest", "stage", "alias"):
        assert again.result[key] == first.result[key]


def test_an_older_training_is_registered_and_superseded(site: Site) -> None:
    site.promote(12)
    site.forget()
    handoff = site.train(11)
    ended = site.run(handoff)
    assert (ended.status, ended.result["outcome"], ended.result["retryable"]) == (99, "superseded", False)
    assert (ended.result["version"], ended.result["stage"], ended.result["alias"]) == ("2", "None", None)
    assert site.sent == ["POST runs/log-batch", *UPLOAD, "POST model-versions/create", *REPORT]
    assert site.production == [1]
    assert site.version(2)["aliases"] == []
    assert site.spooled(handoff) == []
    assert ended.errors == []


def test_the_outcome_of_an_older_training_is_the_same_however_often_it_is_asked_for(site: Site) -> None:
    handoff = site.train(11)
    assert site.run(handoff).status == 0
    site.promote(12)
    for _ in range(3):
        site.forget()
        ended = site.run(handoff)
        assert (ended.status, ended.result["outcome"]) == (99, "superseded")
        assert site.sent == REPORT
        assert site.production == [2]


def test_a_version_that_somebody_else_promoted_is_archived_and_can_be_returned_to(site: Site) -> None:
    site.fake.add_version(MODEL, "Production")
    site.fake.registry.model_versions[MODEL][0]["creation_timestamp"] = 1_700_000_000_000
    ended = site.run(site.train())
    assert (ended.status, ended.result["version"], ended.result["previous_version"]) == (0, "2", "1")
    unmanaged = site.version(1)
    assert (unmanaged["current_stage"], unmanaged["aliases"]) == ("Archived", ["previous"])
    assert unmanaged["tags"]["modelhook.intent"] == "2023-11-14T22:13:20Z"


def test_several_productions_of_others_are_mended_by_the_next_promotion(site: Site) -> None:
    for _ in range(3):
        site.fake.add_version(MODEL, "Production")
        site.fake.registry.model_versions[MODEL][-1]["creation_timestamp"] = 1_700_000_000_000
    ended = site.run(site.train())
    assert (ended.status, ended.result["version"]) == (0, "4")
    assert site.production == [4]
    assert [version["current_stage"] for version in site.fake.versions(MODEL)] == ["Archived"] * 3 + ["Production"]


def test_a_server_without_aliases_gets_stages_alone(site: Site) -> None:
    for method in ("GET", "POST", "DELETE"):
        del site.fake.registry.routes[method, "registered-models/alias"]
    ended = site.run(site.train())
    assert (ended.status, ended.result["stage"], ended.result["alias"]) == (0, "Production", None)


def test_a_server_without_stages_gets_the_alias_alone(site: Site) -> None:
    del site.fake.registry.routes["POST", "model-versions/transition-stage"]
    ended = site.run(site.train())
    assert (ended.status, ended.result["alias"]) == (0, "production")
    assert site.version(1)["aliases"] == ["production"]
    site.forget()
    assert site.run(site.train(13)).status == 0
    assert [version["aliases"] for version in site.fake.versions(MODEL)] == [["previous"], ["production"]]
    history = [[entry["to"] for entry in json.loads(version["tags"]["modelhook.history"])]
               for version in site.fake.versions(MODEL)]
    assert history == [["Production", "Archived"], ["Production"]]


def test_a_list_of_versions_that_comes_in_pages_is_read_to_its_end(site: Site) -> None:
    site.fake.registry.page_size = 2
    for hour in range(1, 6):
        site.promote(hour)
    assert site.production == [5]
    handoff = site.train(0)
    assert site.run(handoff).status == 99
    assert site.run(handoff).status == 99
    assert len(site.fake.versions(MODEL)) == 6


@pytest.mark.parametrize(
    ("policy", "outcome", "stage", "writes"),
    [("staging", "staged", "Staging", PROMOTION[:2]), ("none", "registered", "None", [])],
)
def test_a_policy_that_stops_early_is_held(
    site: Site, policy: str, outcome: str, stage: str, writes: list[str]
) -> None:
    ended = site.run(site.train(), "--policy", policy)
    assert (ended.status, ended.result["outcome"], ended.result["stage"]) == (99, outcome, stage)
    assert site.sent == [*FIRST_RUN[:11], *writes, *REPORT]
    assert site.production == []


# ---- what is written


def test_the_version_says_what_the_handoff_says(site: Site) -> None:
    handoff = site.train(
        metrics={"train_accuracy": 0.93456, "val_accuracy": 0.9, "loss": 0.25},
        samples={"train": 800, "validation": 200},
        tags={"team": "fish", "accuracy": "not this one"},
    )
    airflow = {"AIRFLOW_CTX_DAG_ID": "fish_classification_training_full", "AIRFLOW_CTX_TASK_ID": "train",
               "AIRFLOW_CTX_DAG_RUN_ID": "manual__1", "AIRFLOW_CTX_TRY_NUMBER": "2", "USER": "worker"}
    ended = site.run(handoff, env=airflow)
    version = site.version(1)
    tags = version["tags"]
    plain = {key: value for key, value in tags.items() if not key.startswith("modelhook.")}
    assert plain == {
        "accuracy": "0.9346", "val_accuracy": "0.9000", "framework": "tensorflow", "architecture": "efficientnet-b4",
        "training_date": "2026-11-22T12:00:00Z", "auto_registered": "true", "team": "fish",
    }
    assert sorted(key for key in tags if key not in plain) == [
        "modelhook.by", "modelhook.content", "modelhook.digest", "modelhook.gate", "modelhook.history",
        "modelhook.intent", "modelhook.samples", "modelhook.trained_at", "modelhook.weights"]
    assert tags["modelhook.digest"] == ended.result["digest"]
    assert tags["modelhook.intent"] == tags["modelhook.trained_at"] == "2026-11-22T12:00:00Z"
    assert re.fullmatch(
        r"worker@\S+ dag=fish_classification_training_full task=train run=manual__1 try=2", tags["modelhook.by"])
    (entry,) = json.loads(tags["modelhook.history"])
    assert (entry["to"], entry["by"]) == ("Production", tags["modelhook.by"])
    assert json.loads(tags["modelhook.samples"]) == {"train": 800, "validation": 200}
    assert json.loads(tags["modelhook.gate"])["verdict"] == "passed"
    assert version["description"] == (
        "efficientnet-b4 trained on 2026-11-22 with 800 training samples and 200 validation samples. "
        "Validation accuracy 0.9000.")
    run = run_of(handoff)
    assert (version["run_id"], version["source"]) == (run, f"mlflow-artifacts:/1/{run}/artifacts/model")


def test_a_description_in_the_handoff_is_taken_as_it_is(site: Site) -> None:
    assert site.run(site.train(description="Second try.\nWith more fish: 🐟")).status == 0
    assert site.version(1)["description"] == "Second try.\nWith more fish: 🐟"


def test_metrics_that_the_run_lacks_are_logged_and_no_others(site: Site) -> None:
    handoff = site.train(run_metrics={"val_accuracy": 0.5, "epochs": 3},
                         metrics={"train_accuracy": 0.93, "val_accuracy": 0.9})
    assert site.run(handoff).status == 0
    (batch,) = [request.json for request in site.fake.writes if request.name == "runs/log-batch"]
    assert [metric["key"] for metric in batch["metrics"]] == ["train_accuracy", "model_size_bytes"]
    metrics = site.fake.registry.metrics(run_of(handoff))
    size = sum(len(content) for content in site.fake.artifacts(run_of(handoff)).values())
    assert metrics == {"train_accuracy": 0.93, "val_accuracy": 0.5, "epochs": 3, "model_size_bytes": size}


def test_a_run_that_has_all_metrics_gets_none(site: Site) -> None:
    handoff = site.train(run_metrics={"train_accuracy": 0.93, "val_accuracy": 0.9, "model_size_bytes": 1})
    assert site.run(handoff).status == 0
    assert site.sent == FIRST_RUN[1:]


def test_mlmodel_is_put_last_after_every_other_file_was_read_back(site: Site) -> None:
    assert site.run(site.train()).status == 0
    about = [call for call in site.fake.calls if "/artifacts/model/" in call]
    assert [call.partition("/artifacts/model/")[::2] for call in about] == [
        (start, path) for path in FILES for start in (about[0].partition("/artifacts/model/")[0],
                                                      about[1].partition("/artifacts/model/")[0])]
    assert [call.split()[0] for call in about] == ["PUT", "GET"] * len(FILES)
    assert about[-1].endswith("/MLmodel")


def test_a_half_uploaded_directory_is_completed(site: Site) -> None:
    handoff = site.train()
    site.fake.fail("saved_model.pb", method="PUT", status=500, times=None)
    assert site.run(handoff, env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}).status == 75
    assert site.sent == ["POST runs/log-batch", *UPLOAD[:5]]
    site.forget()
    ended = site.run(handoff)
    assert ended.status == 0
    assert [call for call in site.sent if call.startswith("PUT")] == UPLOAD[4:]
    assert "4 files sent" in next(step["did"] for step in ended.result["steps"] if step["name"] == "upload")
    assert complaints(site, handoff) == []


def test_a_file_that_differs_from_ours_is_replaced_while_there_is_no_mlmodel(site: Site) -> None:
    handoff = site.train()
    stored = site.fake.registry.artifacts
    stored[f"1/{run_of(handoff)}/artifacts/model/requirements.txt"] = b"half of i"
    assert site.run(handoff).status == 0
    assert complaints(site, handoff) == []
    assert site.fake.artifacts(run_of(handoff))["model/requirements.txt"].startswith(b"mlflow\n")


def test_another_model_at_the_artifact_path_is_not_touched(site: Site) -> None:
    handoff = site.train(run_metrics={"train_accuracy": 1, "val_accuracy": 1, "model_size_bytes": 1})
    stored = site.fake.registry.artifacts
    stored[f"1/{run_of(handoff)}/artifacts/model/MLmodel"] = b"flavors: {}\n"
    before = dict(stored)
    ended = site.run(handoff)
    assert ended.status == 69
    assert ended.errors == ["model/MLmodel: the run already holds another model there"]
    assert 'hint: train in a new run, or hand over another "artifact_path"' in ended.stderr
    assert site.sent == REPORT
    assert stored == before
    handoff = site.train(run=run_of(handoff), artifact_path="retrained/model")
    assert site.run(handoff).status == 0
    assert site.version(1)["source"] == f"mlflow-artifacts:/1/{run_of(handoff)}/artifacts/retrained/model"


def test_a_model_that_the_script_logged_is_neither_packed_nor_uploaded(site: Site) -> None:
    handoff = site.train(logged_model="model")
    site.fake.registry.artifacts[f"1/{run_of(handoff)}/artifacts/model/MLmodel"] = b"flavors: {}\n"
    ended = site.run(handoff)
    assert (ended.status, ended.result["version"]) == (0, "1")
    assert site.sent == [FIRST_RUN[0], *FIRST_RUN[9:]]
    assert site.version(1)["source"] == f"mlflow-artifacts:/1/{run_of(handoff)}/artifacts/model"
    site.forget()
    assert site.run(handoff).status == 0
    assert site.sent == REPORT


def test_a_logged_model_of_mlflow_3_is_found_by_its_name(site: Site) -> None:
    handoff = site.train(logged_model="model")
    model_id = site.fake.add_logged_model(run_of(handoff))
    site.fake.registry.artifacts[f"1/models/{model_id}/artifacts/MLmodel"] = b"flavors: {}\n"
    assert site.run(handoff).status == 0
    (create,) = [request.json for request in site.fake.writes if request.name == "model-versions/create"]
    assert (create["source"], create["model_id"]) == (f"models:/{model_id}", model_id)


def test_a_logged_model_that_is_not_there_is_refused(site: Site) -> None:
    ended = site.run(site.train(logged_model="model"))
    assert ended.status == 69
    assert ended.errors == [
        "logged_model model: the run has no such model, neither in its artifacts nor as a LoggedModel"]
    assert site.sent == ["POST runs/log-batch", *REPORT]


FLAVORS = {
    "sklearn": b"flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n  sklearn:\n    code: null\n",
    "spark": b"flavors:\n  python_function:\n    data: sparkml\n  spark:\n    model_data: sparkml\n",
    "python_function": b"flavors:\n  python_function:\n    loader_module: mine\n",
}
SIGNED = b"signature:\n  inputs: '[]'\n  outputs: null\n"


@pytest.mark.parametrize("flavor", FLAVORS)
def test_the_framework_of_a_logged_model_is_its_flavor(site: Site, flavor: str) -> None:
    handoff = site.train(logged_model="model")
    site.fake.registry.artifacts[f"1/{run_of(handoff)}/artifacts/model/MLmodel"] = FLAVORS[flavor] + SIGNED
    ended = site.run(handoff)
    assert (ended.status, site.version(1)["tags"]["framework"]) == (0, flavor)
    assert "signature" not in ended.stderr


def test_a_logged_model_without_a_signature_is_promoted_with_a_warning(site: Site) -> None:
    handoff = site.train(logged_model="model")
    site.fake.registry.artifacts[f"1/{run_of(handoff)}/artifacts/model/MLmodel"] = FLAVORS["sklearn"]
    ended = site.run(handoff)
    assert (ended.status, site.production) == (0, [1])
    assert "warning: the model was logged without a signature: " in ended.stderr


def test_a_logged_model_goes_by_its_uris_too_and_is_one_version(site: Site) -> None:
    handoff = site.train(logged_model="model")
    run = run_of(handoff)
    model_id = site.fake.add_logged_model(run)
    site.fake.registry.artifacts[f"1/models/{model_id}/artifacts/MLmodel"] = FLAVORS["sklearn"] + SIGNED
    for form in ("model", f"runs:/{run}/model", f"models:/{model_id}"):
        ended = site.run(site.train(run=run, logged_model=form))
        assert (ended.status, ended.result["version"]) == (0, "1")
        assert ended.result["created"] is (form == "model")
    assert site.version(1)["source"] == f"models:/{model_id}"


@pytest.mark.parametrize(("form", "status", "said"), [
    ("models:/fish/3", 65, "models:/fish/3 is not a logged model: models:/m-ID is needed"),
    ("models:/m-123", 65, "models:/m-123 is not a logged model"),
    ("runs:/" + "0" * 32 + "/model", 65, "is of another run than run_id"),
    ("runs:/{run}", 65, "not a plain relative path"),
    ("models:/m-" + "0" * 32, 69, "not found on this server"),
    ("models:/{other}", 69, "is of the run"),
])
def test_a_uri_of_something_else_is_refused(site: Site, form: str, status: int, said: str) -> None:
    other = site.fake.add_logged_model(site.fake.add_run())
    run = site.fake.add_run()
    ended = site.run(site.train(run=run, logged_model=form.format(run=run, other=other)))
    assert ended.status == status
    assert said in ended.errors[0]
    assert site.production == []


def test_a_run_without_gates_is_promoted_with_a_warning(site: Site) -> None:
    said = "warning: no gate is configured: every model passes"
    assert said in site.promote(10).stderr
    gates = {"gates": [{"metric": "val_accuracy", "at_least": 0.5}]}
    assert said not in site.run(site.train(11, config=gates)).stderr


def test_the_last_line_for_people_names_outcome_model_version_and_address(site: Site) -> None:
    first = site.promote(10)
    assert first.stderr.splitlines()[-1] == (
        f"promoted {MODEL} version 1: {site.fake.url}/#/models/{MODEL}/versions/1")
    late = site.run(site.train(9))
    assert re.fullmatch(rf"superseded {MODEL} version 2: .*version 1.*: {site.fake.url}/#/models/{MODEL}/versions/2",
                        late.stderr.splitlines()[-1])
    site.fake.stop()
    handoff = site.train(11)
    away = site.run(handoff, env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"})
    assert away.stderr.splitlines()[-1] == f"later    {MODEL}: the package is {site.package(handoff)}"


def test_a_package_is_kept_where_no_server_is_set(site: Site) -> None:
    handoff = site.train()
    ended = site.run(handoff, env={"MLFLOW_TRACKING_URI": ""})
    assert (ended.status, ended.errors) == (78, ["no MLflow server is set"])
    assert ended.result["package"] == str(site.package(handoff))
    assert site.hook("replay", site.package(handoff)).status == 0
    assert site.production == [1]


# ---- refusals


@pytest.mark.parametrize(("deleted", "said", "hint"), [
    (None, "not found", "is MLFLOW_TRACKING_URI the server that the training logged to?"),
    (True, "is deleted", "mlflow runs restore --run-id "),
])
def test_a_run_that_is_missing_or_deleted_is_refused_before_anything_is_sent(
    site: Site, deleted: bool | None, said: str, hint: str
) -> None:
    run = site.fake.add_run(deleted=True) if deleted else "0123456789abcdef" * 2
    ended = site.run(site.train(run=run))
    assert ended.status == 69
    assert ended.errors == [f"run {run}: {said} on this server"]
    assert f"hint: {hint}" in ended.stderr
    assert site.sent == []


def test_a_version_whose_registration_fails_is_refused(site: Site) -> None:
    site.promote(10)

    def break_it() -> None:
        version = site.fake.registry.model_versions[MODEL][-1]
        version.update(status="FAILED_REGISTRATION", status_message="no space left")

    site.forget()
    site.fake.fail("model-versions/create", after=break_it, lost=True)
    ended = site.run(site.train(11))
    assert ended.status == 69
    assert ended.errors[0].endswith("version 2: its registration failed: no space left")
    assert site.production == [1]


def damaged(site: Site) -> Path:
    """A handoff whose weights changed since they were written."""
    handoff = site.train()
    shard = handoff.parent / "saved_model/variables/variables.data-00000-of-00001"
    shard.write_bytes(b"\1" + shard.read_bytes()[1:])
    return handoff


HANDOFF = "{folder}/handoff.json"
BROKEN: dict[str, tuple[Callable[[Site], Path], list[str], int, str]] = {
    "usage": (Site.train, ["run"], 64, "run takes: HANDOFF"),
    "unknown flag": (Site.train, ["run", HANDOFF, "--frobnicate"], 64, "--frobnicate: no such option"),
    "unknown key": (lambda site: site.train(learning_rate=3), ["run", HANDOFF], 65,
                    "handoff {folder}/handoff.json: learning_rate: unknown key"),
    "damaged weights": (damaged, ["run", HANDOFF], 65, "SavedModel {folder}/saved_model: "),
    "no handoff": (Site.train, ["run", "{folder}/nothing.json"], 66,
                   "handoff: {folder}/nothing.json: No such file or directory"),
    "no SavedModel": (lambda site: site.train(saved_model="nowhere"), ["run", HANDOFF], 66,
                      "SavedModel {folder}/nowhere"),
    "denied": (Site.train, ["run", HANDOFF], 77, "MLflow at {url}: run "),
    "no server set": (Site.train, ["run", HANDOFF], 78, "no MLflow server is set"),
    "broken settings": (lambda site: site.train(config={"gates": 3}), ["run", HANDOFF], 78,
                        "settings {folder}/modelhook.json: gates"),
}


def break_it(site: Site, how: str) -> tuple[Ended, int, str]:
    """A call that fails in the named way, with the status and the beginning of the error it should have."""
    make, arguments, status, said = BROKEN[how]
    names = {"folder": make(site).parent, "url": site.fake.url}
    site.fake.wanted = ["Bearer right"] if how == "denied" else []
    env = {"MLFLOW_TRACKING_URI": ""} if how == "no server set" else {}
    ended = site.hook(*[argument.format(**names) for argument in arguments], env=env)
    return ended, status, said.format(**names)


@pytest.mark.parametrize("how", BROKEN)
def test_every_failure_has_its_status_one_error_line_and_the_result_last(site: Site, how: str) -> None:
    ended, status, said = break_it(site, how)
    assert ended.status == status
    assert len(ended.errors) == 1
    assert ended.errors[0].startswith(said)
    result = ended.result
    assert list(result) == KEYS
    assert (result["schema"], result["exit"]) == ("modelhook/result@1", status)
    assert result["outcome"] == result["error"]["kind"]
    assert result["error"]["message"] == ended.errors[0]
    assert result["retryable"] is False
    assert site.sent == []


def test_the_outcomes_have_the_words_of_the_exit_statuses(site: Site) -> None:
    words = {row["status"]: row["name"] for row in json.loads(site.hook("help", "statuses", "--json").stdout)}
    assert words[0] == "promoted"
    for how in ("usage", "unknown key", "no handoff", "no server set"):
        ended, status, _ = break_it(site, how)
        assert ended.result["outcome"] == words[status]


# ---- the result line


@pytest.mark.parametrize("way", ["promoted", "held", "refused", "down", "usage", "stopped"])
def test_the_result_is_the_last_line_of_both_streams_together(site: Site, way: str, tmp_path: Path) -> None:
    handoff = site.train(config=REJECTS if way == "held" else None,
                         run="0" * 32 if way == "refused" else None)
    arguments = ["run", handoff] if way != "usage" else ["run"]
    env = {}
    if way == "down":
        env = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    if way == "stopped":
        site.fake.fail("runs/get", delay=30, before=lambda: process.send_signal(signal.SIGTERM))
    with (tmp_path / "merged").open("w") as merged:
        process = site.hook.start(*arguments, env=env, stdout=merged, stderr=subprocess.STDOUT)
        status = process.wait(120)
    lines = (tmp_path / "merged").read_text().splitlines()
    expected = {"promoted": 0, "held": 99, "refused": 69, "down": 75, "usage": 64, "stopped": 143}[way]
    assert status == expected
    assert json.loads(lines[-1])["exit"] == expected
    assert sum(line.startswith("{") for line in lines) == 1


def test_the_result_file_holds_the_result_line(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    ended = site.run(site.train(), "--result", str(path))
    assert path.read_text() == ended.stdout
    ended = site.run(site.train(run="0" * 32), "--result", str(path))
    assert ended.status == 69
    assert path.read_text() == ended.stdout


def test_a_result_file_that_cannot_be_written_is_a_warning(site: Site, tmp_path: Path) -> None:
    ended = site.run(site.train(config=PASSES), "--result", str(tmp_path / "nowhere/result.json"))
    assert ended.status == 0
    assert [line for line in ended.stderr.splitlines() if line.startswith("warning: ")] == [
        f"warning: result file: {tmp_path}/nowhere/result.json: No such file or directory"]


def test_quiet_says_nothing_but_warnings_and_errors(site: Site) -> None:
    ended = site.run(site.train(config=PASSES), "--quiet")
    assert (ended.status, ended.stderr) == (0, "")
    assert len(ended.stdout.splitlines()) == 1
    ended = site.run(site.train(run="0" * 32), "--quiet")
    assert ended.status == 69
    assert ended.stderr.splitlines() == [
        f"modelhook: run {'0' * 32}: not found on this server",
        "modelhook: hint: is MLFLOW_TRACKING_URI the server that the training logged to?"]


def outcome(site: Site, handoff: Path) -> dict[str, Any]:
    """The tag modelhook.outcome of the run, without when it was."""
    tag = json.loads(site.fake.registry.run_tags(run_of(handoff))["modelhook.outcome"])
    assert tag.pop("at")
    return tag


def test_the_run_carries_the_outcome(site: Site) -> None:
    promoted, held, refused = site.train(), site.train(config=REJECTS), site.train(logged_model="nowhere")
    for handoff in (promoted, held, refused):
        site.run(handoff)
    common = {"schema": "modelhook/result@1", "retryable": False, "model": MODEL, "reason": None, "error": None}
    assert outcome(site, promoted) == {**common, "outcome": "promoted", "exit": 0, "version": "1"}
    assert outcome(site, held) == {**common, "outcome": "held", "exit": 99, "version": "2",
                                   "reason": "val_accuracy 0.9, at least 0.99"}
    told = outcome(site, refused)
    assert told.pop("error")["message"].startswith("logged_model nowhere: ")
    assert told == {**{key: value for key, value in common.items() if key != "error"}, "outcome": "refused",
                    "exit": 69, "version": None}


def test_the_outcome_of_a_run_is_told_as_a_whole_result(site: Site) -> None:
    held, refused = site.train(config=REJECTS), site.train(logged_model="nowhere")
    for handoff in (held, refused):
        kept = site.run(handoff).result
        told = site.hook("outcome", "--run", run_of(handoff)).result
        assert set(told) == set(KEYS)
        for key in ("outcome", "exit", "model", "version", "run_id", "reason", "error", "registry_url", "tracking_url"):
            assert told[key] == kept[key]


def test_a_model_is_as_old_as_its_data_where_that_is_asked_for(site: Site) -> None:
    assert site.run(site.train(22)).status == 0
    late = site.train(23)
    ended = site.run(late, "--trained-at", "2026-11-22T01:00:00+01:00")
    assert (ended.status, ended.result["outcome"]) == (99, "superseded")
    assert ended.result["trained_at"] == "2026-11-22T00:00:00Z"
    assert site.version(2)["tags"]["modelhook.trained_at"] == "2026-11-22T01:00:00+01:00"
    newer = site.run(site.train(10), env={"MODELHOOK_TRAINED_AT": "2026-11-23T00:00:00Z"})
    assert (newer.status, newer.result["version"]) == (0, "3")


@pytest.mark.parametrize("value", ["yesterday", "2026-11-22", "2026-11-22T01:00:00"])
def test_a_time_without_a_zone_is_refused(site: Site, value: str) -> None:
    assert site.run(site.train(), "--trained-at", value).status == 64
    assert site.run(site.train(), env={"MODELHOOK_TRAINED_AT": value}).status == 78


def test_an_outcome_that_cannot_be_written_is_a_warning(site: Site) -> None:
    site.fake.fail("runs/set-tag", status=403, code="PERMISSION_DENIED", message="no")
    ended = site.run(site.train())
    assert ended.status == 0
    assert "warning: tag modelhook.outcome of the run: POST runs/set-tag: 403 PERMISSION_DENIED: no" in ended.stderr


def test_settings_beside_the_handoff_count_less_than_variables_and_those_less_than_flags(site: Site) -> None:
    config = {"policy": "none", "tracking_uri": "http://127.0.0.1:9"}
    handoff = site.train(config=config)
    assert site.run(handoff).result["outcome"] == "registered"
    assert site.run(handoff, env={"MODELHOOK_POLICY": "staging"}).result["outcome"] == "staged"
    assert site.run(handoff, "--policy", "production", env={"MODELHOOK_POLICY": "staging"}).status == 0


def test_paths_in_the_handoff_are_relative_to_it(site: Site, tmp_path: Path) -> None:
    handoff = site.train()
    assert site.hook("run", handoff.name, cwd=handoff.parent).status == 0
    assert site.hook("run", f"{handoff.parent.name}/{handoff.name}", cwd=tmp_path).status == 0
    assert len(site.fake.versions(MODEL)) == 1
