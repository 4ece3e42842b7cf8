"""A fleet of 200 trainings in HDFS, promoted by a Spark job on YARN of which an executor dies midway."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections import defaultdict
from pathlib import Path

import environment
import pytest
from conftest import Hook
from fault_proxy import Fault, FaultProxy, Request
from hadoop import Hadoop
from servers import MLflow
from submitting import Ended, Spark
from training import Team

SCRIPT = environment.ROOT / "dataproc/promote_many.py"
CREATE = "model-versions/create"
SIZE, HANDOFFS, OF_ONE_MODEL = 200, 5, 4
DIES_AT = 60  # the create at which an executor dies
UNACCEPTABLE, MISSING = 65, 66


class Fleet:
    """Trainings under a prefix in HDFS: packages, four of them of one model and one torn, and handoffs."""

    def __init__(self, hook: Hook, server: MLflow, yarn: Hadoop, folder: Path) -> None:
        self.team = Team(hook, server, folder)
        self.yarn = yarn
        self.name = self.team.model
        self.packages: dict[str, bytes] = {}
        for number in range(SIZE - HANDOFFS - OF_ONE_MODEL - 1):
            self.pack(f"{self.name}-{number}", 12)
        for hour in (9, 15, 6, 12):  # in the order in which they are found they would end wrong
            self.pack(f"{self.name}-often", hour)
        self.pack(f"{self.name}-torn", 12)
        self.torn, content = self.packages.popitem()
        self.put(self.torn, content[:-200])
        for number in range(HANDOFFS):
            self.hand_over(number)

    def put(self, path: str, content: bytes) -> None:
        self.yarn.put(f"/{self.name}/{path}", content)

    def pack(self, model: str, hour: int) -> None:
        """A package below packages/, whose name says nothing of its time."""
        handoff = self.team.train(hour, model=model)
        path = f"packages/{len(self.packages):03}.tar.gz"
        package = handoff.parent / "package.tar.gz"
        assert self.team.hook("pack", handoff, "-o", package).status == 0
        self.packages[path] = package.read_bytes()

    def put_packages(self) -> None:
        for path, content in self.packages.items():
            self.put(path, content)

    def hand_over(self, number: int) -> None:
        """A handoff in a folder of its own, with its SavedModel beside it."""
        handoff = self.team.train(model=f"{self.name}-handoff-{number}")
        job = json.loads(handoff.read_text(encoding="utf-8"))
        saved_model = Path(job["saved_model"])
        self.put(f"jobs/{number}/handoff.json", json.dumps({**job, "saved_model": "saved_model"}).encode())
        for file in filter(Path.is_file, saved_model.rglob("*")):
            self.put(f"jobs/{number}/saved_model/{file.relative_to(saved_model)}", file.read_bytes())

    def versions(self) -> dict[str, list[tuple[str, str]]]:
        """Of each model its versions, oldest first: when it was trained, and the stage."""
        registry = self.team.registry
        found = registry.call("GET", "model-versions/search", filter=f"name LIKE '{self.name}-%'", max_results=10000)
        models = defaultdict(list)
        for version in sorted(found["model_versions"], key=lambda version: int(version["version"])):
            tags = {tag["key"]: tag["value"] for tag in version["tags"]}
            models[version["name"]].append((tags["modelhook.trained_at"][11:13], version["current_stage"]))
        return models

    def left(self) -> list[str]:
        """The packages that still lie under the prefix."""
        return sorted(f"packages/{entry['pathSuffix']}" for entry in self.yarn.listing(f"/{self.name}/packages")
                      if entry["type"] == "FILE")


def kill_executor(application: str, number: int) -> None:
    """SIGKILL to the JVM of one executor."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # it has ended
            continue
        if words[0].endswith("/java") and {application, "--executor-id"} <= set(words) and \
                words[words.index("--executor-id") + 1] == str(number):
            os.kill(int(process.name), signal.SIGKILL)
            return
    raise AssertionError(f"no executor {number} of {application}")


def promote(spark: Spark, fleet: Fleet, wheel: Path, tracking: str) -> tuple[Ended, list[dict[str, object]]]:
    """The job, and its report."""
    where, conf, env = spark.on_yarn(fleet.yarn, "client")
    ended = spark.submit(
        *where, "--py-files", wheel, SCRIPT, f"{fleet.yarn.namenode}/{fleet.name}", "--parallel", "4", "--report",
        f"{fleet.yarn.namenode}/{fleet.name}.jsonl", "--", "--tracking-uri", tracking, "--quiet",
        conf={**conf, "spark.executor.instances": "2"}, **env)
    rows = [json.loads(line) for line in fleet.yarn.get(f"/{fleet.name}.jsonl").decode().splitlines()]
    # spark-submit has both streams of the script on its stdout: there is the table, and no line of the report
    assert [line.split()[:2] for line in ended.stdout.splitlines()][-1] == ["unacceptable", "1"]
    assert not any(line.startswith("{") for line in ended.stdout.splitlines())
    return ended, rows


@pytest.fixture
def fleet(hook: Hook, mlflow3: MLflow, yarn: Hadoop, tmp_path: Path) -> Fleet:
    return Fleet(hook, mlflow3, yarn, tmp_path)


@pytest.mark.timeout(1800)  # 400 promotions wait for one server: a busy machine is slow at that
def test_a_fleet_is_promoted_once_each_though_an_executor_dies(
    fleet: Fleet, mlflow3: MLflow, yarn: Hadoop, spark35: Spark, wheel: Path
) -> None:
    fleet.put_packages()
    before, creates = set(yarn.applications()), 0

    def midway(request: Request) -> Fault | None:
        nonlocal creates
        creates += request.name == CREATE
        if request.name != CREATE or creates != DIES_AT:
            return None
        (application,) = set(yarn.applications()) - before
        return Fault(before=lambda: kill_executor(application, 1))

    with FaultProxy(mlflow3.url) as proxy:
        proxy.on("job", midway)
        ended, report = promote(spark35, fleet, wheel, proxy.url("job"))
        assert ended.status == UNACCEPTABLE
        assert len(report) == SIZE
        (refused,) = [row for row in report if row["outcome"] != "promoted" and row["outcome"] != "superseded"]
        assert (refused["exit"], str(refused["source"]).endswith(fleet.torn)) == (UNACCEPTABLE, True)
        assert str(refused["source"]) in str(refused["error"])  # not the folder of the node, which is gone
        assert all(row["reason"] for row in report if row["outcome"] == "superseded")
        # what the executor had registered before it died is found by the one that repeats its share
        found = [row for row in report if row["outcome"] == "promoted" and not row["created"]]
        assert len(found) < 2 * DIES_AT
        assert any("_000004" in name for name in yarn.containers(ended.application))  # of another executor

        promoted = fleet.versions()
        often = promoted.pop(f"{fleet.name}-often")
        assert often == [("06", "Archived"), ("09", "Archived"), ("12", "Archived"), ("15", "Production")]
        assert len(promoted) == SIZE - OF_ONE_MODEL - 1
        assert all(versions == [("12", "Production")] for versions in promoted.values())
        assert fleet.left() == [fleet.torn]

        fleet.put_packages()  # as where the job had died before it took them away
        proxy.on("again", lambda _: None)
        ended, report = promote(spark35, fleet, wheel, proxy.url("again"))
        assert (ended.status, len(report)) == (UNACCEPTABLE, SIZE)
        assert not any(row["created"] for row in report)
        assert not {f"POST {CREATE}", "POST model-versions/transition-stage"} & set(proxy.sent("again"))
        outcomes = [row["outcome"] for row in report]
        assert (outcomes.count("promoted"), outcomes.count("superseded")) == (SIZE - OF_ONE_MODEL, OF_ONE_MODEL - 1)
        assert fleet.versions() == promoted | {f"{fleet.name}-often": often}
        assert fleet.left() == [fleet.torn]
        assert len(yarn.listing(f"/{fleet.name}/packages/superseded")) == OF_ONE_MODEL - 1


def test_nothing_under_the_prefix_is_an_error_in_one_line_unless_it_is_allowed(
    spark: Spark, tmp_path: Path, zipped: Path
) -> None:
    (tmp_path / "empty").mkdir()
    for prefix in (tmp_path / "empty", tmp_path / "missing"):
        ended = spark.submit("--master", "local[1]", "--py-files", zipped, SCRIPT, f"file://{prefix}")
        assert ended.status == MISSING
        assert ended.stdout.splitlines()[-1] == f"modelhook: file://{prefix}: no handoff.json and no package is there"
        assert "Traceback" not in ended.stdout
    allowed = ("--py-files", zipped, SCRIPT, f"file://{tmp_path}/empty", "--allow-empty")
    assert spark.submit("--master", "local[1]", *allowed).status == 0


def test_what_was_held_superseded_or_done_before_is_told_with_its_reason(
    hook: Hook, mlflow3: MLflow, spark: Spark, tmp_path: Path, zipped: Path
) -> None:
    (tmp_path / "team").mkdir()
    team = Team(hook, mlflow3, tmp_path / "team")
    for name, hour, gates in (("newer", 12, 0.1), ("older", 9, 0.1), ("held", 13, 0.99)):
        handoff = team.train(hour, model=team.model, config={"gates": [{"metric": "val_accuracy", "at_least": gates}]})
        job = json.loads(handoff.read_text())
        job["saved_model"] = shutil.copytree(job["saved_model"], tmp_path / f"fleet/{name}/saved_model").name
        (tmp_path / f"fleet/{name}/handoff.json").write_text(json.dumps(job))
        shutil.copy(handoff.parent / "modelhook.json", tmp_path / f"fleet/{name}")
    call = ("--master", "local[2]", "--py-files", zipped, SCRIPT, f"file://{tmp_path}/fleet")
    env = {"MLFLOW_TRACKING_URI": mlflow3.url}
    assert team.promote(15, model=team.model).status == 0
    for created in (True, False):
        ended = spark.submit(*call, **env)
        rows = {Path(row["source"]).parent.name: row for row in map(json.loads, filter(
            lambda line: line.startswith("{"), ended.stdout.splitlines()))}
        assert ended.status == 0
        assert {row["created"] for row in rows.values()} == {created}
        assert (rows["newer"]["outcome"], rows["held"]["outcome"]) == ("superseded", "held")
        assert "version 1" in rows["older"]["reason"]
        assert "0.99" in rows["held"]["reason"]
        steps = [line for line in ended.stderr.splitlines() if line.startswith("modelhook: ")]  # of the executors
        assert steps
        assert all(line.startswith(f"modelhook: {team.model}: ") for line in steps)
        last = [line.split() for line in ended.stdout.splitlines()[-2:]]
        assert last[0][:2] == ["held", "1" + "," * created]
        assert last[1][:2] == ["superseded", "2" + "," * created]
