"""modelhook status and doctor: what they tell about a registry and a server, and that they change nothing."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import Ended
from promoting import MODEL, Site

ONCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
EARLY = {"modelhook.intent": "2026-11-01T00:00:00Z"}


def status(site: Site, **more: Any) -> tuple[Ended, dict[str, Any]]:
    """modelhook status as text, and as JSON."""
    site.forget()
    text = site.hook("status", MODEL, **more)
    answer = site.hook("status", MODEL, "--json", **more)
    assert (text.status, text.stderr) == (0, "")
    assert (answer.status, answer.stderr) == (0, "")
    assert site.sent == []
    assert len(answer.stdout.splitlines()) == 1
    return text, json.loads(answer.stdout)


def kinds(told: dict[str, Any]) -> list[str]:
    """The anomalies."""
    return [anomaly["kind"] for anomaly in told["anomalies"]]


def test_status_tells_who_is_production_since_when_and_by_whom(site: Site) -> None:
    site.promote(10)
    ended = site.promote(11)
    text, told = status(site)
    assert (told["schema"], told["model"], told["versions"]) == ("modelhook/status@1", MODEL, 2)
    (production,) = told["production"]
    history = json.loads(site.version(2)["tags"]["modelhook.history"])
    assert production == {
        "version": "2", "since": history[-1]["at"], "by": history[-1]["by"], "run_id": ended.result["run_id"],
        "source": site.version(2)["source"], "accuracy": "0.9300", "val_accuracy": "0.9000",
        "trained_at": "2026-11-22T11:00:00Z", "digest": ended.result["digest"], "how": "training", "why": None,
    }
    assert told["anomalies"] == []
    lines = [re.sub(r"  +", " ", line).strip() for line in text.stdout.splitlines()]
    assert lines == [
        f"{MODEL}: 2 versions", "version 2 is Production", f"since {history[-1]['at']}", f"by {history[-1]['by']}",
        "how training",
        "trained at 2026-11-22T11:00:00Z", "accuracy 0.9300", "val_accuracy 0.9000", f"run {ended.result['run_id']}",
        f"source {site.version(2)['source']}", "nothing is wrong"]


def test_status_of_a_model_without_production_says_so(site: Site) -> None:
    site.fake.add_version(MODEL, "Archived")
    text, told = status(site)
    assert (told["production"], kinds(told)) == ([], ["no_production"])
    assert "anomaly: no version is Production\n" in text.stdout


def test_status_of_a_model_without_versions_is_no_anomaly(site: Site) -> None:
    site.fake.registry.create_model({"name": MODEL})
    _, told = status(site)
    assert (told["versions"], told["production"], told["anomalies"]) == (0, [], [])


def test_status_names_several_productions(site: Site) -> None:
    for _ in range(3):
        site.fake.add_version(MODEL, "Production", tags=EARLY)
    text, told = status(site)
    assert [version["version"] for version in told["production"]] == ["1", "2", "3"]
    assert kinds(told) == ["several_production"]
    assert "anomaly: several versions are Production: 1 2 3\n" in text.stdout


def test_status_names_an_alias_that_is_apart_from_the_stage(site: Site) -> None:
    site.promote(10)
    site.promote(11)
    site.fake.registry.set_alias({"name": MODEL, "alias": "production", "version": "1"})
    text, told = status(site)
    assert kinds(told) == ["alias_apart"]
    assert "anomaly: alias production is version 1, it should be version 2\n" in text.stdout


def test_status_names_a_first_alias_that_was_never_set_and_repair_sets_it(site: Site) -> None:
    site.fake.fail("registered-models/alias", status=500, times=None)
    assert site.run(site.train(10), env=ONCE).status == 75
    site.forget()
    assert (site.production, site.version(1)["aliases"]) == ([1], [])
    text, told = status(site)
    assert kinds(told) == ["alias_apart"]
    assert "anomaly: alias production is not set, it should be version 1\n" in text.stdout
    assert site.hook("repair", MODEL, "--yes").status == 0
    assert site.version(1)["aliases"] == ["production"]
    assert kinds(status(site)[1]) == []


def test_a_model_promoted_by_stage_alone_lacks_no_alias(site: Site) -> None:
    site.promote(10, "--promote-by", "stage")
    assert kinds(status(site)[1]) == []


def test_status_names_a_promotion_that_was_interrupted(site: Site) -> None:
    site.promote(10)
    site.fake.fail("transition-stage", status=500, times=None)
    assert site.run(site.train(11), env=ONCE).status == 75
    text, told = status(site)
    assert "not_the_winner" in kinds(told)
    assert "anomaly: version 2 should be Production and is not\n" in text.stdout


def test_status_names_duplicates_and_versions_that_are_not_ready(site: Site) -> None:
    site.promote(10)
    digest = site.version(1)["tags"]["modelhook.digest"]
    site.fake.add_version(MODEL, tags={"modelhook.digest": digest})
    site.fake.registry.model_versions[MODEL][1]["status"] = "PENDING_REGISTRATION"
    text, told = status(site)
    assert sorted(kinds(told)) == ["duplicate", "not_ready"]
    assert "anomaly: version 2 is the same package as version 1\n" in text.stdout
    assert "anomaly: version 2 is PENDING_REGISTRATION\n" in text.stdout


def test_status_of_an_unknown_model_is_refused(site: Site) -> None:
    for flags in ([], ["--json"]):
        ended = site.hook("status", MODEL, *flags)
        assert ended.status == 69
        assert ended.errors == [f"{MODEL}: no such registered model"]


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_status_cannot_be_made_to_move_the_cursor(site: Site, flags: list[str]) -> None:
    site.fake.add_version(MODEL, "Production", source="s3://\x1b[2J", tags={
        **EARLY, "accuracy": "\x1b]0;x\x07", "modelhook.by": "me\r\nversion 9 is Production"})
    ended = site.hook("status", MODEL, *flags)
    assert ended.status == 0
    assert "\x1b" not in ended.stdout
    assert "\x07" not in ended.stdout
    assert "version 9 is Production" not in ended.stdout.splitlines()


def test_status_of_a_server_that_is_down_is_75(site: Site) -> None:
    site.fake.stop()
    ended = site.hook("status", MODEL, env=ONCE)
    assert ended.status == 75
    assert len(ended.errors) == 1
    assert ended.errors[0].endswith("Connection refused")


# ---- doctor


CHECKS = ["settings", "server", "credentials", "clock", "aliases", "registry", "artifacts"]
PROBED = ["POST registered-models/create", "DELETE registered-models/delete"] * 2  # by both forms of the call


def doctor(site: Site, *flags: str, **more: Any) -> tuple[Ended, list[tuple[str, str]]]:
    """modelhook doctor: the call, and each check with its verdict, which must be the same in both forms."""
    text = site.hook("doctor", *flags, **more)
    answer = site.hook("doctor", "--json", *flags, **more)
    assert text.status == answer.status
    told = json.loads(answer.stdout.splitlines()[0])
    assert (told["schema"], told["ok"]) == ("modelhook/doctor@1", text.status == 0)
    checks = [(check["name"], check["verdict"]) for check in told["checks"]]
    assert [tuple(reversed(line.split()[:2])) for line in text.stdout.splitlines()][: len(checks)] == checks
    return text, checks


def test_a_healthy_server_passes_every_check_and_keeps_nothing(site: Site) -> None:
    ended, checks = doctor(site)
    assert ended.status == 0
    assert checks == [(name, "ok") for name in CHECKS]
    assert f"MLflow 3.17.2 at {site.fake.url}" in ended.stdout
    assert [request.method for request in site.fake.writes] == ["POST", "DELETE", "PUT", "DELETE"] * 2
    assert site.fake.registry.artifacts == {}


def test_doctor_warns_of_a_registry_that_may_not_be_written_to(site: Site) -> None:
    """Reading is allowed, and proves nothing of writing."""
    site.fake.fail("registered-models/create", status=403, code="PERMISSION_DENIED", times=None)
    ended, checks = doctor(site)
    assert (ended.status, checks[CHECKS.index("registry")]) == (0, ("registry", "warning"))
    assert "may not create a registered model: " in ended.stdout


def test_doctor_names_the_model_that_it_could_not_remove(site: Site) -> None:
    site.fake.fail("registered-models/delete", status=403, code="PERMISSION_DENIED", times=None)
    ended, checks = doctor(site)
    assert (ended.status, checks[CHECKS.index("registry")]) == (0, ("registry", "warning"))
    assert f"created, but {next(iter(site.fake.registry.models))} could not be deleted: " in ended.stdout


def test_doctor_into_a_pipe_tells_its_rows_before_the_error(site: Site) -> None:
    site.fake.fail("mlflow-artifacts/artifacts/", times=None, method="PUT", status=403, code="PERMISSION_DENIED")
    ended = site.hook("doctor", stderr=subprocess.STDOUT)
    lines = [line.split(" ")[0] for line in ended.stdout.splitlines()]
    assert lines == ["ok"] * 6 + ["FAILED", "modelhook:", "modelhook:"]


def test_doctor_with_plan_writes_nothing(site: Site) -> None:
    ended, checks = doctor(site, "--plan")
    assert ended.status == 0
    assert checks == [(name, "ok") for name in CHECKS]
    assert site.sent == []


def test_doctor_names_the_setting_that_is_missing(site: Site) -> None:
    ended, checks = doctor(site, env={"MLFLOW_TRACKING_URI": ""})
    assert ended.status == 78
    assert checks == [("settings", "FAILED")]
    assert ended.errors == ["no MLflow server is set"]


def test_doctor_names_a_server_that_is_not_there(site: Site) -> None:
    ended, checks = doctor(site, env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", **ONCE})
    assert ended.status == 75
    assert checks == [("settings", "ok"), ("server", "FAILED")]


def test_doctor_names_a_server_that_is_not_mlflow(site: Site) -> None:
    site.fake.fail(".*", body=b"<html>hello</html>", content_type="text/html", times=None)
    ended, checks = doctor(site)
    assert ended.status == 76
    assert checks == [("settings", "ok"), ("server", "FAILED")]


def test_doctor_names_credentials_that_are_not_accepted(site: Site) -> None:
    site.fake.wanted = ["Bearer right"]
    ended, checks = doctor(site, env={"MLFLOW_TRACKING_TOKEN": "wrong"})
    assert ended.status == 77
    assert checks[-1][1] == "FAILED"
    assert "the credentials (token) were not accepted" in ended.stderr


def test_doctor_tells_whose_credentials_are_used_and_not_what_they_are(site: Site) -> None:
    ended, _ = doctor(site, env={"MLFLOW_TRACKING_USERNAME": "maria", "MLFLOW_TRACKING_PASSWORD": "hunter2"})
    assert ended.status == 0
    assert "by user and password, user maria; 0 registered models to see" in ended.stdout
    assert "hunter2" not in ended.stdout + ended.stderr


def test_doctor_warns_of_a_clock_that_is_far_off(site: Site) -> None:
    site.fake.server.RequestHandlerClass = type(
        "Late", (site.fake.server.RequestHandlerClass,),
        {"date_time_string": lambda self, timestamp=None: "Sun, 01 Nov 2026 00:00:00 GMT"})
    ended, checks = doctor(site)
    assert ended.status == 0
    assert ("clock", "warning") in checks
    assert "s behind ours" in ended.stdout


def test_doctor_tells_that_a_server_has_no_aliases(site: Site) -> None:
    for method in ("GET", "POST", "DELETE"):
        del site.fake.registry.routes[method, "registered-models/alias"]
    ended, checks = doctor(site)
    assert ended.status == 0
    assert ("aliases", "ok") in checks
    assert "none here: stages alone are used" in ended.stdout


@pytest.mark.parametrize(("fault", "code"), [
    ({"method": "PUT", "status": 403, "code": "PERMISSION_DENIED"}, 77),
    ({"method": "PUT", "status": 503, "code": "FEATURE_DISABLED", "message": "Artifact serving is disabled"}, 69),
    ({"method": "GET", "body": b"something else"}, 69),
], ids=["not allowed", "switched off", "read back differently"])
def test_doctor_names_a_store_that_does_not_keep_what_is_written(site: Site, fault: dict[str, Any], code: int) -> None:
    site.fake.fail("mlflow-artifacts/artifacts/", times=None, **fault)
    ended, checks = doctor(site)
    assert ended.status == code
    assert checks == [*[(name, "ok") for name in CHECKS[:-1]], ("artifacts", "FAILED")]
    if "FEATURE_DISABLED" in fault.values():
        assert "artifacts in mlflow-artifacts:/0: " in ended.stderr
        assert "--artifacts-destination" in ended.stderr
    assert site.fake.registry.artifacts == {}


def test_doctor_tries_the_store_itself_where_the_server_passes_nothing_on(site: Site, tmp_path: Path) -> None:
    site.fake.fail("mlflow-artifacts/artifacts/", times=None, status=503, code="FEATURE_DISABLED")
    site.fake.registry.experiments["0"]["artifact_location"] = str(tmp_path)
    before = sorted(tmp_path.iterdir())
    ended, checks = doctor(site)
    assert (ended.status, checks[-1]) == (0, ("artifacts", "ok"))
    assert f"written, read back and removed again in {tmp_path}\n" in ended.stdout
    assert sorted(tmp_path.iterdir()) == before
    assert site.sent == PROBED


@pytest.mark.parametrize(("env", "number"), [
    ({}, "0"), ({"MLFLOW_EXPERIMENT_ID": "7"}, "7"), ({"MLFLOW_EXPERIMENT_NAME": "reef & fish"}, "8"),
    ({"MLFLOW_EXPERIMENT_NAME": "reef & fish", "MLFLOW_EXPERIMENT_ID": "7"}, "8"),
], ids=["default", "by id", "by name", "the name first"])
def test_doctor_tries_the_experiment_that_is_set(site: Site, env: dict[str, str], number: str) -> None:
    for key, name in (("7", "corals"), ("8", "reef & fish")):
        site.fake.registry.experiments[key] = {
            "experiment_id": key, "name": name, "artifact_location": f"mlflow-artifacts:/{key}"}
    ended, _ = doctor(site, env=env)
    assert ended.status == 0
    assert {request.name.partition("/artifacts/")[2].split("/")[0] for request in site.fake.writes} == {number, ""}


def test_doctor_says_that_there_is_no_default_experiment_to_try(site: Site) -> None:
    site.fake.registry.experiments.clear()
    ended, checks = doctor(site)
    assert (ended.status, checks[-1]) == (0, ("artifacts", "warning"))
    assert "not tried: there is no default experiment: name that of your runs: MLFLOW_EXPERIMENT_NAME" in ended.stdout
    assert site.sent == PROBED


@pytest.mark.parametrize("env", [{"MLFLOW_EXPERIMENT_NAME": "nets"}, {"MLFLOW_EXPERIMENT_ID": "9"}], ids=["name", "id"])
def test_doctor_names_an_experiment_that_is_not_there(site: Site, env: dict[str, str]) -> None:
    ended, checks = doctor(site, env=env)
    assert (ended.status, checks[-1]) == (69, ("artifacts", "FAILED"))
    ((variable, wanted),) = env.items()
    assert ended.errors == [f"experiment {wanted}: not found on this server"]
    assert f"see {variable}" in ended.stderr
    assert site.sent == PROBED


def test_doctor_names_a_place_that_no_store_serves(site: Site) -> None:
    site.fake.registry.experiments["0"]["artifact_location"] = "ftp://there/\x1b[2J"
    ended, checks = doctor(site)
    assert (ended.status, checks[-1]) == (78, ("artifacts", "FAILED"))
    assert "\x1b" not in ended.stdout + ended.stderr


def test_doctor_cannot_be_made_to_move_the_cursor_by_a_location(site: Site, tmp_path: Path) -> None:
    (tmp_path / "\x1b[2J").mkdir()
    site.fake.registry.experiments["0"]["artifact_location"] = f"{tmp_path}/\x1b[2J"
    ended, _ = doctor(site)
    assert ended.status == 0
    assert "\x1b" not in ended.stdout
