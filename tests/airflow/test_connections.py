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
from deployment import TIMEOUT, Airflow, Task, install
from servers import MLflow
from training import Registry

sys.path.insert(0, str(environment.ROOT / "tests/real"))
from front import Front
from static_hosts import Authority, make_authority

pytestmark = pytest.mark.timeout(1200)  # the first one waits for all three

VERSIONS = ("airflow210", "airflow31", "airflow33")
PREFIX = "/ml/flow"
PASSWORD = "p/w@h: %25+and-long"  # what a URI must encode
ENDS = {
    "by_type": ("success", "promoted"),
    "by_schema": ("success", "promoted"),
    "by_host": ("success", "promoted"),
    "own_type": ("success", "promoted"),
    "own_type_by_host": ("success", "promoted"),
    "own_type_in_clear": ("failed", "later"),
    "with_path": ("success", "promoted"),
    "with_path_and_port": ("success", "promoted"),
    "with_path_by_host": ("success", "promoted"),
    "with_wrong_path": ("failed", "denied"),
    "without_credentials": ("failed", "denied"),
    "in_clear": ("failed", "later"),
    "without_host": ("failed", "configuration"),
}


def connections(port: int, prefixed: int, authority: Authority) -> dict[str, str]:
    """Connections by name; at the port PREFIXED the server is below a path."""
    login, verify = f"ann:{quote(PASSWORD, safe='')}", f"verify={quote(str(authority.bundle), safe='')}"
    whole = quote(f"https://127.0.0.1:{port}/", safe="")
    return {
        "by_type": f"https://{login}@127.0.0.1:{port}?{verify}",
        "by_schema": f"http://{login}@127.0.0.1:{port}/https?{verify}",
        "by_host": f"http://{login}@{whole}?{verify}",
        "own_type": f"modelhook://{login}@127.0.0.1:{port}/?{verify}",
        "own_type_by_host": f"modelhook://{login}@{whole}/?{verify}",
        "own_type_in_clear": f"modelhook://{login}@127.0.0.1:{port}/http?{verify}",
        "with_path": f"https://{login}@127.0.0.1:{prefixed}{PREFIX}?{verify}",
        "with_path_and_port": json.dumps({
            "conn_type": "modelhook", "host": f"127.0.0.1{PREFIX}/", "port": prefixed, "login": "ann",
            "password": PASSWORD, "extra": {"verify": str(authority.bundle)}}),
        "with_path_by_host": f"http://{login}@{quote(f'https://127.0.0.1:{prefixed}{PREFIX}/', safe='')}?{verify}",
        "with_wrong_path": f"https://{login}@127.0.0.1:{port}/no-such-prefix?{verify}",
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
def all_ran(modelhook: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Airflow]]:
    """Each version has run the DAG."""
    folder = tmp_path_factory.mktemp("connections")
    authority = make_authority(folder)
    package = install(wheel, folder / "package")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(MLflow(folder / "mlflow", auth=True))
        front = stack.enter_context(Front(server.port, authority))
        below = stack.enter_context(MLflow(folder / "below", prefix=PREFIX, store=f"sqlite:///{folder}/mlflow/mlflow.db",
                                           artifacts=server.artifacts))
        front_below = stack.enter_context(Front(below.port, authority))
        admin = Registry(server.url, (server.user, server.password))
        admin.call("POST", "users/create", username="ann", password=PASSWORD)
        ann = Registry(server.url, ("ann", PASSWORD))
        experiment = ann.call("POST", "experiments/create", name="ann")["experiment_id"]
        ports = front.server_address[1], front_below.server_address[1]
        given = {f"AIRFLOW_CONN_{name.upper()}": text for name, text in connections(*ports, authority).items()}
        worker = {"MLFLOW_TRACKING_USERNAME": server.user, "MLFLOW_TRACKING_PASSWORD": server.password,
                  "MODELHOOK_BIN": str(modelhook), **given}
        ran = {}
        for name in VERSIONS:
            plan = {task: write_handoff(folder / f"{name}-{task}", ann, experiment) for task in ENDS}
            ran[name] = Airflow(name, folder / name, package, "connections", plan, **worker)
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


TEST = """
import json, os
from airflow.models import Connection
names = ["own_type", "own_type_in_clear", "with_wrong_path", "without_credentials"]
hooks = [Connection(conn_id=name, uri=os.environ["AIRFLOW_CONN_" + name.upper()]) for name in names]
for conn in hooks:
    conn.conn_type = "modelhook" if conn.conn_type == "https" else conn.conn_type
print(json.dumps([conn.get_hook().test_connection() for conn in hooks]))
"""


def test_the_test_button_says_whether_address_tls_and_credentials_are_right(ran: Airflow) -> None:
    (ok, said), clear, path, nobody = json.loads(ran.answer(TEST))
    assert (ok, said.endswith(": MLflow answers and takes the credentials")) == (True, True), said
    assert [told[0] for told in (clear, path, nobody)] == [False, False, False]
    assert "no credentials were sent" in nobody[1]
    assert PASSWORD not in f"{said}{clear}{path}{nobody}"


FORM = """
import json
try:
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
    meta = [one for one in HookMetaService.hook_meta_data() if one.connection_type == "modelhook"][0]
    fields = meta.standard_fields
    named = [meta.hook_name, sorted(meta.extra_fields), fields.host.title, fields.url_schema.placeholder]
except ImportError:
    from airflow.providers_manager import ProvidersManager
    manager = ProvidersManager()
    fields = sorted(key.rsplit("__", 1)[1] for key in manager.connection_form_widgets if "__modelhook__" in key)
    told = manager.field_behaviours["modelhook"]
    named = [manager.hooks["modelhook"].hook_name, fields, told["relabeling"]["host"], told["placeholders"]["schema"]]
print(json.dumps(named))
"""


def test_the_form_of_the_connection_has_its_own_fields_without_another_provider(ran: Airflow) -> None:
    assert json.loads(ran.answer(FORM)) == ["MLflow (modelhook)", ["cert", "verify", "workspace"], "Server", "https"]
