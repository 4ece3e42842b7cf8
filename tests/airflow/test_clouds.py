"""The DAG of dataproc/dags in a real Airflow, through both clouds' own SDKs, against clouds on the loopback.

What a training comes to is seen in the tasks' states, the registry, the clouds' own record of what they were asked,
and the alerts that were sent.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import socketserver
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import environment
import pytest
import tiny_model
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from deployment import TIMEOUT, Airflow, install
from fault_proxy import Decide, Fault, FaultProxy, Request
from object_stores import Versitygw
from plan import GATE_THAT_HOLDS, bad_model, environment_of, fails_to_create, hooks_of, parent_of
from servers import Guarded, MLflow, kill
from training import Registry

pytestmark = pytest.mark.timeout(1800)  # the first one waits for all

VERSIONS = ("airflow210", "airflow31", "clouds")  # the last is Airflow 3.3
CLOUDS = ("yandex", "google")
CASES = ("promoted", "held", "later", "permanent", "killed", "failed")
# a promotion by each Airflow on each cloud; every other end by each Airflow and on each cloud
RUNS = [(version, cloud, case) for (i, version), (j, cloud), (k, case)
        in itertools.product(enumerate(VERSIONS), enumerate(CLOUDS), enumerate(CASES))
        if case == "promoted" or (i + k) % 2 == j]
BUCKET = "fish"
CLUSTERS = {"yandex": {"folder_id": "a-folder", "s3_bucket": BUCKET, "subnet_id": "a-subnet", "zone": "ru-central1-a",
                       "service_account_id": "an-account", "cluster_image_version": "2.1",
                       "masternode_resource_preset": "s2.micro", "masternode_disk_size": 32,
                       "masternode_disk_type": "network-ssd", "datanode_resource_preset": "s2.micro",
                       "datanode_disk_size": 32, "datanode_disk_type": "network-hdd",
                       "initialization_actions": [{"uri": f"s3a://{BUCKET}/init.sh", "args": [], "timeout": 60}]},
            "google": {"region": "europe-west4", "project_id": "a-project",
                       "cluster_config": {"gce_cluster_config": {"zone_uri": "europe-west4-a"}}}}


# without the actions, which the DAG's own file makes of the variable
WITHOUT_ACTIONS = {name: value for name, value in CLUSTERS["yandex"].items() if name != "initialization_actions"}


class FakeClouds:
    """tests/airflow/fake_clouds.py, and how the SDKs come there."""

    def __init__(self, folder: Path, objects: Path, node_env: dict[str, str]) -> None:
        self.folder = folder
        self.log = folder / "clouds.log"
        authority = trustme.CA()
        certificate = authority.issue_cert("localhost", "*.googleapis.com")
        self.roots, chain, key = (folder / name for name in ("roots.pem", "chain.pem", "key.pem"))
        authority.cert_pem.write_to_path(self.roots)
        certificate.cert_chain_pems[0].write_to_path(chain)
        certificate.private_key_pem.write_to_path(key)
        (folder / "work").mkdir()
        self.server = Guarded([environment.python("clouds"), str(Path(__file__).with_name("fake_clouds.py")),
                               "--objects", str(objects), "--certificate", str(chain), "--key", str(key),
                               "--work", str(folder / "work"), "--node-env", json.dumps(node_env)], self.log)

    def _told(self) -> list[dict[str, Any]]:
        """Its lines."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def ports(self) -> dict[str, int]:
        """Where it serves, when it does."""
        while not self._told():
            assert not self.server.ended(), self.server.log_tail()
            time.sleep(0.1)
        return self._told()[0]

    @property
    def events(self) -> list[dict[str, Any]]:
        """What it was asked, and what its jobs did."""
        return self._told()[1:]

    def connections(self) -> dict[str, str]:
        """The environment of an Airflow that knows these clouds and no other."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
        ports = self.ports()
        yandex = {"endpoint": f"localhost:{ports['port']}", "public_ssh_key": "ssh-ed25519 AAAA",
                  "service_account_json": json.dumps({"id": "a", "service_account_id": "b", "private_key": key})}
        google = {"project": "a-project", "keyfile_dict": json.dumps({
            "type": "service_account", "project_id": "a-project", "private_key_id": "a", "private_key": key,
            "client_email": "fish@a-project.iam.gserviceaccount.com", "client_id": "1",
            "token_uri": "http://127.0.0.1:1/token"})}
        return {"AIRFLOW_CONN_YANDEXCLOUD_DEFAULT": json.dumps({"conn_type": "yandexcloud", "extra": yandex}),
                "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps({"conn_type": "google_cloud_platform",
                                                                 "extra": google}),
                "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(self.roots),
                "grpc_proxy": f"http://127.0.0.1:{ports['proxy']}", "no_grpc_proxy": "localhost,127.0.0.1"}


class Alerts:
    """A chat's webhook."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []  # path and text
        alerts = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                alerts.told.append((self.path, body["text"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@dataclass
class Ran:
    """One run of the DAG."""

    airflow: Airflow
    registry: Registry
    clouds: FakeClouds
    alerts: Alerts

    @property
    def model(self) -> str:
        """Its registered model."""
        return self.airflow.home.name

    @property
    def alerted(self) -> list[str]:
        """What people were told of it."""
        return [text for path, text in self.alerts.told if path == f"/a/secret/{self.model}"]

    def states(self) -> dict[str, tuple[str | None, int]]:
        """State and tries of each task."""
        tasks = ("create_cluster", "train", "outcome", "delete_cluster", "verdict")
        found = {name: self.airflow.task(name) for name in tasks}
        return {name: (task.state, task.tries) for name, task in found.items()}

    def job(self) -> dict[str, Any]:
        """The only job of this run, as the cloud was asked for it."""
        (job,) = (event for event in self.clouds.events if event["event"] == "job"
                  and event["properties"]["spark.yarn.appMasterEnv.FISH_MODEL"] == self.model)
        return job

    def asked(self, event: str) -> int:
        """How often that came about for this run's cluster, or its job, whose name begins with the cluster's."""
        job = self.job()["name"]
        return sum(one["event"] == event and job.startswith(one["name"]) for one in self.clouds.events)


def code(objects: Path, folder: str, wheel: Path, settings: dict[str, Any]) -> None:
    """The files of the job, in the bucket."""
    place = objects / BUCKET / folder
    place.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("cluster_job.py"), place / "train_fish_model_minimal.py")
    shutil.copy(wheel, place / "modelhook.zip")
    for name in ("fish_pictures.py", "fish_training.py"):
        (place / name).touch()
    (place / "modelhook.json").write_text(json.dumps(settings))


def kills_the_job(clouds: FakeClouds, model: str) -> Decide:
    """When the hook creates its version, YARN kills the container: the driver and the hook, before the answer."""
    struck: list[int] = []

    def strike() -> None:
        wanted = f"FISH_MODEL={model}".encode()
        (hook,) = (pid for pid in hooks_of(clouds.server.process.pid) if wanted in environment_of(pid))
        kill([parent_of(hook), hook])

    def decide(request: Request) -> Fault | None:
        if struck or request.name != "model-versions/create":
            return None
        struck.append(request.index)
        return Fault("slow", 600, before=strike)

    return decide


@pytest.fixture(scope="module")
def all_ran(wheel: Path, mlflow3: MLflow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Ran]]:
    """Every run, by name; each has a home of its own, so that they run side by side."""
    folder = tmp_path_factory.mktemp("clouds")
    package = install(wheel, folder / "package")
    saved_model = tiny_model.write(folder / "saved_model")
    torn_model = bad_model(folder / "torn_model")
    with contextlib.ExitStack() as stack:
        s3 = stack.enter_context(Versitygw(folder / "s3"))
        proxy = stack.enter_context(FaultProxy(mlflow3.url))
        s3.make_bucket(BUCKET)
        code(s3.path, "code", wheel, {})
        code(s3.path, "strict", wheel, GATE_THAT_HOLDS)
        clouds = FakeClouds(folder, s3.path, s3.client_env())
        stack.callback(clouds.server.stop)
        alerts = Alerts()
        stack.callback(alerts.server.shutdown)
        storage = {"conn_type": "aws", "login": s3.user, "password": s3.secret,
                   "extra": {"endpoint_url": s3.url, "region_name": s3.region}}
        env = {**clouds.connections(), "AIRFLOW_CONN_MLFLOW": mlflow3.url, "AIRFLOW_CONN_STORAGE": json.dumps(storage)}
        dags = str(environment.ROOT / "dataproc/dags")
        templates = {version: Airflow(version, folder / f"template-{version}", package, dags, {}, **env)
                     for version in VERSIONS}

        def run_dag(airflow: Airflow, version: str, dag: str) -> Ran:
            shutil.copy(templates[version].home / "airflow.db", airflow.home)
            with airflow.start("dags", "test", dag) as process:
                process.wait(TIMEOUT)
            return Ran(airflow, Registry(mlflow3.url), clouds, alerts)

        def run(version: str, cloud: str, case: str) -> Ran:
            name = f"{version}-{cloud}-{case}"
            faults = {"later": fails_to_create, "killed": kills_the_job(clouds, name)}
            if case in faults:
                proxy.on(name, faults[case])
            settings = {
                "cloud": cloud, "code": f"s3a://{BUCKET}/{'strict' if case == 'held' else 'code'}",
                "images": f"s3a://{BUCKET}/images", "outcomes": f"s3://{BUCKET}/outcomes", "cluster": CLUSTERS[cloud],
                "epochs": 0 if case == "failed" else 1, "storage_conn_id": "storage", "retry_seconds": 0,
                "tracking_uri": proxy.url(name) if case in faults else mlflow3.url,
                "env": {"FISH_MODEL": name, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
                        "FISH_SAVED_MODEL": str(torn_model if case == "permanent" else saved_model)}}
            webhook = {"conn_type": "http", "host": alerts.url, "password": f"a/secret/{name}"}
            airflow = Airflow(version, folder / name, package, dags, {}, **env,
                              AIRFLOW_CONN_ALERTS=json.dumps(webhook),
                              AIRFLOW_VAR_FISH_CLASSIFICATION=json.dumps(settings))
            return run_dag(airflow, version, "fish_classification_training_full")

        def run_again() -> Ran:
            folder_of_code = f"s3a://{BUCKET}/code"
            job = {"main_python_file_uri": f"{folder_of_code}/train_fish_model_minimal.py",
                   "python_file_uris": [f"{folder_of_code}/modelhook.zip"], "file_uris": [],
                   "args": ["--images", "none", "--epochs", "1", "--"],
                   "properties": {"spark.yarn.appMasterEnv.FISH_MODEL": "again", "spark.yarn.maxAppAttempts": "1",
                                  "spark.yarn.appMasterEnv.FISH_SAVED_MODEL": str(saved_model),
                                  "spark.yarn.appMasterEnv.MLFLOW_TRACKING_URI": mlflow3.url}}
            plan = {"job": job, **CLUSTERS, "yandex": WITHOUT_ACTIONS}
            return run_dag(Airflow("clouds", folder / "again", package, "clouds", plan, **env), "clouds", "again")

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda template: template.call("db", "migrate"), templates.values()))
            started = {"again": pool.submit(run_again)}
            for version, cloud, case in RUNS:
                started[f"{version}-{cloud}-{case}"] = pool.submit(run, version, cloud, case)
            yield {name: one.result() for name, one in started.items()}


@pytest.fixture(params=RUNS, ids="-".join)
def ran(request: pytest.FixtureRequest, all_ran: dict[str, Ran]) -> Ran:
    """A run of the DAG."""
    return all_ran["-".join(request.param)]


@pytest.fixture
def case(ran: Ran) -> str:
    """How the training of that run ends."""
    return ran.model.rpartition("-")[2]


TRAINED = {"create_cluster": ("success", 1), "train": ("success", 1), "delete_cluster": ("success", 1)}
BROKEN = {**TRAINED, "train": ("failed", 1)}
STATES = {
    "promoted": {**TRAINED, "outcome": ("success", 1), "verdict": ("success", 1)},
    "held": {**TRAINED, "outcome": ("skipped", 1), "verdict": ("success", 1)},
    "later": {**BROKEN, "outcome": ("success", 1), "verdict": ("success", 1)},
    "permanent": {**BROKEN, "outcome": ("failed", 1), "verdict": ("upstream_failed", 0)},
    "killed": {**BROKEN, "outcome": ("success", 1), "verdict": ("success", 1)},
    "failed": {**BROKEN, "outcome": ("failed", 1), "verdict": ("upstream_failed", 0)},
}
ALERTS = {"permanent": "modelhook: unacceptable (65): ", "failed": "no outcome of modelhook was found in "}


def test_every_task_ends_as_the_training_did(ran: Ran, case: str) -> None:
    assert ran.states() == STATES[case], ran.airflow.said[-8000:]
    assert ran.airflow.run_state() == ("failed" if case in ALERTS else "success")


REGISTRY = {"promoted": ("promoted", ["Production"]), "held": ("held", ["None"]), "later": ("promoted", ["Production"]),
            "permanent": ("unacceptable", []), "killed": ("promoted", ["Production"]), "failed": ("missing", [])}


def test_the_registry_has_what_the_outcome_says(ran: Ran, case: str) -> None:
    told = ran.airflow.xcom("outcome") or {}
    assert (told.get("outcome"), ran.registry.stages(ran.model)) == REGISTRY[case]


def test_it_trains_once_on_one_cluster_that_is_deleted(ran: Ran) -> None:
    found = {event: ran.asked(event) for event in ("create", "job", "attempt", "delete")}
    assert found == {"create": 1, "job": 1, "attempt": 1, "delete": 1}


@pytest.mark.parametrize("ran", [run for run in RUNS if run[2] == "promoted"], ids="-".join, indirect=True)
def test_the_job_is_what_was_meant_and_knows_no_secret(ran: Ran) -> None:
    job = ran.job()
    text = json.dumps(job)
    assert "{{" not in text
    assert "secret" not in text
    assert job["properties"]["spark.submit.deployMode"] == "cluster"
    assert job["args"][:5] == ["--images", f"s3a://{BUCKET}/images", "--epochs", "1", "--"]
    place = job["name"].removesuffix(f"-{job['cluster']}") + f"-{job['cluster']}"
    assert job["args"][5:9] == ["--result", f"s3://{BUCKET}/outcomes/results/{place}.json",
                                "--spool", f"s3://{BUCKET}/outcomes/spool/{place}"]


def test_a_failure_is_told_once_and_nothing_else_is(ran: Ran, case: str) -> None:
    told = [text.removeprefix("fish_classification_training_full, outcome: ") for text in ran.alerted]
    assert len(told) == (case in ALERTS)
    # in 3.1, dags test runs the callback without the exception, which a worker would give it
    gets_exception = not ran.model.startswith("airflow31")
    assert all(text.startswith(ALERTS[case] if gets_exception else "see its log (") for text in told), told


def test_a_second_try_finds_what_the_first_has_begun(all_ran: dict[str, Ran]) -> None:
    again = all_ran["again"]
    for first, second in (("create", "create_again"), ("job", "job_again"), ("google_job", "google_job_again")):
        found = again.airflow.task(second).state, again.airflow.xcom(second)
        assert found == ("success", again.airflow.xcom(first)), again.airflow.said[-8000:]
    assert (again.airflow.task("delete").state, again.airflow.task("delete_again").state) == ("success", "success")
    events = [(event["event"], event.get("name")) for event in again.clouds.events]
    for name in ("again", "google-again"):
        assert [events.count((event, name)) for event in ("create", "job", "attempt")] == [1, 1, 1]
    assert events.count(("delete", "again")) == 1


def test_a_task_that_is_stopped_stops_its_job(all_ran: dict[str, Ran]) -> None:
    again = all_ran["again"]
    assert again.airflow.task("stopped").state == "failed"
    assert [event["event"] for event in again.clouds.events if event.get("name") == "endless"] == [
        "job", "attempt", "cancel", "attempt_ended"]
