"""The examples of README and docs/airflow.md, as they stand, in a real Airflow of each version.

What they need is there: a directory of trainings with a script that trains, object storage, connections, and, in place
of Spark, a spark-submit that runs the script and loses its exit status.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import environment
import pytest
import tiny_model
from deployment import TIMEOUT, Airflow, Task, install
from fault_proxy import FaultProxy
from object_stores import Versitygw
from plan import bad_model, fails, fails_to_register
from servers import MLflow
from training import Registry

pytestmark = pytest.mark.timeout(1800)  # the first one waits for all

VERSIONS = ("airflow210", "airflow31", "airflow33")
NEWEST = "airflow33"
DAY = "2026-11-24"
# what docs/airflow.md says of Airflow 2.10
OLDER = {"from airflow.sdk import DAG, task": "from airflow import DAG\nfrom airflow.decorators import task",
         "from airflow.sdk import DAG": "from airflow import DAG",
         "from airflow.providers.standard.operators.bash": "from airflow.operators.bash"}
TRAIN = """
import json, os, sys, urllib.request
import modelhook

def call(path, **body):
    request = urllib.request.Request(os.environ["FISH_MLFLOW"] + "/api/2.0/mlflow/" + path, json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)

out = sys.argv[sys.argv.index("--out") + 1] if "--out" in sys.argv else "spark"
os.makedirs(out, exist_ok=True)
run = call("runs/create", experiment_id="0", start_time=1)["run"]["info"]["run_id"]
handoff = modelhook.write_handoff(os.path.join(out, "handoff.json"), run_id=run, model=os.environ["FISH_MODEL"],
                                  saved_model=os.environ["FISH_SAVED_MODEL"], tags={"out": out})
if "--" in sys.argv:
    result = modelhook.promote(handoff, *sys.argv[sys.argv.index("--") + 1:])
    sys.exit(0 if result.ok else 1)
"""
SPARK_SUBMIT = '#!/bin/sh\nexec python3 "$@"\n'


def examples(path: str) -> list[str]:
    """The Python of a document that mentions a DAG."""
    text = (environment.ROOT / path).read_text(encoding="utf-8")
    return [block for block in re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE) if "DAG(" in block]


def dag_of(example: str) -> str:
    """The id of its DAG."""
    found = re.search(r'DAG\("(\w+)"', example)
    assert found, example
    return found.group(1)


DOCS = {dag_of(example): example for example in examples("docs/airflow.md")}
README = {f"{dag_of(example)}_of_readme": example for example in examples("README.md")}
ONLY_NEWEST = {"fish_with_policy", "fish_in_containers", "fish_deferrable", "fish_by_day"}


@dataclass
class Runs:
    """The DAGs of one Airflow."""

    name: str
    folder: Path
    package: Path
    env: dict[str, str]
    registry: Registry

    def home(self, dag: str, called: str | None = None) -> Airflow:
        """An Airflow that knows this example alone; what it is called here, where it is run more than once."""
        example = {**DOCS, **README}[dag]
        if self.name == "airflow210":
            for new, old in OLDER.items():
                example = example.replace(new, old)
        called = called or dag
        dags = self.folder / f"dags-{called}"
        dags.mkdir()
        (dags / "dag.py").write_text(example, encoding="utf-8")
        env = {**self.env, "FISH_MODEL": f"{self.name}-{called}"}
        airflow = Airflow(self.name, self.folder / called, self.package, str(dags), {}, **env)
        airflow.env["PATH"] = f"{self.folder}/bin:{self.package}/bin:{airflow.env['PATH']}"
        shutil.copy(self.folder / "template/airflow.db", airflow.home)
        return airflow

    def run(self, dag: str, *days: str) -> Airflow:
        """One run of an example for each of these days."""
        airflow = self.home(dag)
        for day in days or (DAY,):
            with airflow.start("dags", "test", dag.removesuffix("_of_readme"), day) as process:
                process.wait(TIMEOUT)
        print(airflow.said[-12000:])
        return airflow

    def stages(self, dag: str) -> list[str]:
        """Of the versions of an example's model."""
        return self.registry.stages(f"{self.name}-{dag}")


@pytest.fixture(scope="module")
def proxy(mlflow3: MLflow) -> Iterator[FaultProxy]:
    with FaultProxy(mlflow3.url) as running:
        yield running


@pytest.fixture(scope="module")
def package(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(wheel, tmp_path_factory.mktemp("wheel") / "package")


@pytest.fixture(scope="module", params=VERSIONS)
def runs(request: pytest.FixtureRequest, mlflow3: MLflow, versitygw: Versitygw, package: Path,
         tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp(request.param)
    trainings = folder / "trainings"
    trainings.mkdir()
    (trainings / "train.py").write_text(TRAIN, encoding="utf-8")
    (folder / "bin").mkdir()
    (folder / "bin/spark-submit").write_text(SPARK_SUBMIT, encoding="utf-8")
    (folder / "bin/spark-submit").chmod(0o755)
    saved_model = tiny_model.write(folder / "saved_model")
    storage = {"conn_type": "aws", "login": versitygw.user, "password": versitygw.secret,
               "extra": {"endpoint_url": versitygw.url, "region_name": versitygw.region}}
    own = mlflow3.url.replace("http://", "modelhook://") + "/http"
    bucket = versitygw.make_bucket(f"examples-{request.param}")
    env = {"AIRFLOW_VAR_TRAININGS": str(trainings), "AIRFLOW_VAR_OUTCOMES": bucket, "AIRFLOW_CONN_MLFLOW": own,
           "AIRFLOW_CONN_STORAGE": json.dumps(storage), "FISH_MLFLOW": mlflow3.url,
           "FISH_SAVED_MODEL": str(saved_model), "MLFLOW_TRACKING_URI": mlflow3.url,
           "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    template = Airflow(request.param, folder / "template", package, str(folder), {}, **env)
    template.call("db", "migrate")
    return Runs(request.param, folder, package, env, Registry(mlflow3.url))


def newest(runs: Runs) -> None:
    """What is shown of a newer Airflow is run there."""
    if runs.name != NEWEST:
        pytest.skip("in the newest Airflow alone")


@pytest.mark.parametrize("dag", ["fish", *README])
def test_a_training_is_promoted_by_a_task_of_its_own(runs: Runs, dag: str) -> None:
    airflow = runs.run(dag)
    assert (airflow.task("train"), airflow.task("promote")) == (Task("success", 1), Task("success", 1))
    assert airflow.xcom("promote")["outcome"] == "promoted"
    assert runs.stages(dag) == ["Production"]


def test_the_package_of_a_job_that_could_not_finish_is_replayed(
    runs: Runs, proxy: FaultProxy, versitygw: Versitygw
) -> None:
    proxy.on(f"{runs.name}-spark", fails_to_register)
    on_cluster = {**versitygw.client_env(), "MLFLOW_TRACKING_URI": proxy.url(f"{runs.name}-spark")}
    airflow = replace(runs, env={**runs.env, **on_cluster}).run("fish_on_spark")
    assert (airflow.task("train"), airflow.task("outcome")) == (Task("failed", 1), Task("success", 1))
    assert airflow.xcom("outcome")["outcome"] == "promoted"
    assert runs.stages("fish_on_spark") == ["Production"]


def test_stock_operators_and_tasks_end_as_modelhook_did(runs: Runs) -> None:
    airflow = runs.run("fish_by_hand")
    assert (airflow.task("in_python"), airflow.task("in_bash")) == (Task("success", 1), Task("success", 1))
    assert [airflow.xcom(task)["outcome"] for task in ("in_python", "in_bash")] == ["promoted", "promoted"]
    assert runs.stages("fish_by_hand") == ["Production"]


def test_a_policy_retries_nothing_that_a_retry_cannot_help(runs: Runs) -> None:
    newest(runs)
    torn = str(bad_model(runs.folder / "torn"))
    airflow = replace(runs, env={**runs.env, "FISH_SAVED_MODEL": torn}).run("fish_with_policy")
    assert airflow.task("promote") == Task("failed", 1)


def test_a_server_that_is_away_is_waited_for_in_the_triggerer(runs: Runs, proxy: FaultProxy) -> None:
    newest(runs)
    label = f"{runs.name}-away"
    proxy.on(label, lambda request: fails(request) if request.index == 1 else None)
    connection = proxy.url(label).replace("http://", "modelhook://http://", 1)
    airflow = replace(runs, env={**runs.env, "AIRFLOW_CONN_MLFLOW": connection}).run("fish_deferrable")
    assert airflow.task("promote") == Task("success", 1)
    assert "waiting for the server in the triggerer" in airflow.said
    assert runs.stages("fish_deferrable") == ["Production"]


def test_a_backfill_of_an_old_day_leaves_the_newer_one_in_production(runs: Runs) -> None:
    newest(runs)
    airflow = runs.run("fish_by_day", "2026-11-28", "2026-11-24")
    assert runs.stages("fish_by_day") == ["Production", "None"]
    assert "superseded (99)" in airflow.said


WITHOUT_A_DATE = """
from airflow.dag_processing.dagbag import DagBag
from airflow.utils import timezone
run = DagBag().get_dag("fish_by_day").test(logical_date=None, run_after=timezone.utcnow())
print(run.state, run.data_interval_end)
"""


def test_a_run_without_a_data_interval_takes_the_time_of_the_handoff(runs: Runs) -> None:
    newest(runs)
    airflow = runs.home("fish_by_day", "fish_by_asset")
    assert airflow.answer(WITHOUT_A_DATE) == "success None"
    assert airflow.xcom("promote")["trained_at"].startswith(str(datetime.now(UTC).year))
    assert runs.stages("fish_by_asset") == ["Production"]


PARSE = """
import json
from airflow.dag_processing.dagbag import DagBag
bag = DagBag({folder!r})
assert not bag.import_errors, bag.import_errors
print(json.dumps([getattr(task, "skip_on_exit_code", None) for dag in bag.dags.values() for task in dag.tasks]))
"""


def test_the_operators_of_containers_skip_on_99(runs: Runs) -> None:
    newest(runs)
    airflow = runs.home("fish_in_containers")
    folder = airflow.env["AIRFLOW__CORE__DAGS_FOLDER"]
    assert json.loads(airflow.answer(PARSE.format(folder=folder))) in ([[99], [99]], [99, 99])


def test_every_example_is_run_here() -> None:
    assert set(DOCS) == {"fish", "fish_on_spark", "fish_by_hand", *ONLY_NEWEST}
    assert README


# ---- the DAG that is shipped


@pytest.mark.parametrize(("settings", "problem"), [
    (None, "the variable fish_classification is missing, or is not JSON"),
    ("{", "the variable fish_classification is missing, or is not JSON"),
    ('{"cloud": "yandex"}', "the variable fish_classification lacks code, images, outcomes, tracking_uri, cluster"),
])
def test_the_shipped_dag_without_its_variable_says_what_is_missing(
    runs: Runs, settings: str | None, problem: str
) -> None:
    given = {} if settings is None else {"AIRFLOW_VAR_FISH_CLASSIFICATION": settings}
    airflow = Airflow(runs.name, runs.folder / f"shipped-{len(settings or '')}", runs.package,
                      str(environment.ROOT / "dataproc/dags"), {}, **given)
    shutil.copy(runs.folder / "template/airflow.db", airflow.home)
    with airflow.start("dags", "test", "fish_classification_training_full", DAY) as process:
        process.wait(TIMEOUT)
    assert airflow.task("settings") == Task("failed", 1)
    assert problem in airflow.said
