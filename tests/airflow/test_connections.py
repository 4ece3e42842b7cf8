"""What a connection of Airflow's says of a server is what happens: TLS where it asks for it, and its own credentials.

A real MLflow with accounts behind real TLS, called by a real Airflow of each version (dags test), on a worker that has
credentials of its own for that server.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import environment
import pytest
import tiny_model
from conftest import UNWANTED  # noqa: F401 - the fixtures of all tests are there
from deployment import TIMEOUT, Airflow, Task
from servers import MLflow
from training import Registry

sys.path.insert(0, str(environment.ROOT / "tests/real"))
from front import Front
from static_hosts import Authority, make_authority

pytestmark = pytest.mark.timeout(1200)  # the first one waits for all three

VERSIONS = ("airflow210", "airflow31", "airflow33")
PASSWORD = "p/w@h: %25+and-long"  # what a URI must encode
ENDS = {
    "by_type": ("success", "promoted"),
    "by_schema": ("success", "promoted"),
    "by_host": ("success", "promoted"),
    "with_path": ("failed", "denied"),
    "without_credentials": ("failed", "denied"),
    "in_clear": ("failed", "later"),
    "without_host": ("failed", None),
}


def connections(port: int, authority: Authority) -> dict[str, str]:
    """Connections as URIs, by name."""
    login, verify = f"ann:{quote(PASSWORD, safe='')}", f"verify={quote(str(authority.bundle), safe='')}"
    whole = quote(f"https://127.0.0.1:{port}/", safe="")
    return {
        "by_type": f"https://{login}@127.0.0.1:{port}?{verify}",
        "by_schema": f"http://{login}@127.0.0.1:{port}/https?{verify}",
        "by_host": f"http://{login}@{whole}?{verify}",
        "with_path": f"https://{login}@127.0.0.1:{port}/no-such-prefix?{verify}",
        "without_credentials": f"https://127.0.0.1:{port}?{verify}",
        "in_clear": f"http://127.0.0.1:{port}?{verify}",
        "without_host": f"https://{login}@?{verify}",
    }


def write_handoff(folder: Path, registry: Registry, experiment: str) -> str:
    """A training of Ann's."""
    folder.mkdir()
    tiny_model.write(folder / "saved_model", (0.5,) * 8)
    handoff = {"schema": "modelhook/handoff@1", "run_id": registry.add_run(experiment), "model": folder.name,
               "trained_at": "2026-11-22T20:03:17Z", "saved_model": "saved_model"}
    (folder / "handoff.json").write_text(json.dumps(handoff), encoding="utf-8")
    return str(folder / "handoff.json")


@pytest.fixture(scope="module")
def all_ran(modelhook: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Airflow]]:
    """Each version has run the DAG."""
    folder = tmp_path_factory.mktemp("connections")
    authority = make_authority(folder)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(MLflow(folder / "mlflow", auth=True))
        front = stack.enter_context(Front(server.port, authority))
        admin = Registry(server.url, (server.user, server.password))
        admin.call("POST", "users/create", username="ann", password=PASSWORD)
        ann = Registry(server.url, ("ann", PASSWORD))
        experiment = ann.call("POST", "experiments/create", name="ann")["experiment_id"]
        given = {f"AIRFLOW_CONN_{name.upper()}": uri
                 for name, uri in connections(front.server_address[1], authority).items()}
        worker = {"MLFLOW_TRACKING_USERNAME": server.user, "MLFLOW_TRACKING_PASSWORD": server.password,
                  "MODELHOOK_BIN": str(modelhook), **given}
        ran = {}
        for name in VERSIONS:
            plan = {task: write_handoff(folder / f"{name}-{task}", ann, experiment) for task in ENDS}
            ran[name] = Airflow(name, folder / name, environment.ROOT / "dataproc", "connections", plan, **worker)
            login = f"login {server.user} password {server.password}\n"
            (folder / name / ".netrc").write_text(f"machine 127.0.0.1 {login}")
        for name in VERSIONS:
            ran[name].call("db", "migrate")
            process = ran[name].start("dags", "test", "connections")
            stack.callback(process.kill)
            process.wait(TIMEOUT)
        yield ran


@pytest.fixture(params=VERSIONS)
def ran(request: pytest.FixtureRequest, all_ran: dict[str, Airflow]) -> Airflow:
    """Each version's turn."""
    return all_ran[request.param]


@pytest.mark.parametrize(("task", "end"), ENDS.items())
def test_a_connection_means_what_it_says(ran: Airflow, task: str, end: tuple[str, str | None]) -> None:
    print(ran.said)
    outcome = ran.xcom(task)
    assert (ran.task(task), outcome and outcome["outcome"]) == (Task(end[0], 1), end[1])


def test_no_password_is_told(ran: Airflow) -> None:
    assert PASSWORD not in ran.said
    assert quote(PASSWORD, safe="") not in ran.said


@pytest.mark.parametrize("sentence", ["the connection without_host names no host",
                                      "no credentials were sent"])
def test_the_log_says_what_is_wrong(ran: Airflow, sentence: str) -> None:
    assert sentence in ran.said
