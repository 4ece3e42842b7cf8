"""A real Airflow of a version, with a home and a database of its own."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environment
import requests
from callers import UNWANTED
from servers import Guarded, reserve_port

DAGS = Path(__file__).parent / "dags"
TIMEOUT = 900.0  # seconds; a slow machine is not what is tested


def install(wheel: Path, folder: Path) -> Path:
    """The wheel's content where PYTHONPATH can name it, entry points included; returns the folder."""
    uv = [environment.venv("uv") / "bin/uv", "--no-config", "pip", "install", "-q", "--no-index", "--no-cache"]
    subprocess.run([*uv, "--target", folder, "--python", environment.python("test"), wheel], check=True)
    return folder


@dataclass(frozen=True)
class Task:
    """How a task stands."""

    state: str | None
    tries: int


class Airflow:
    """Airflow as tests/requirements/NAME.txt pins it.

    package  the folder of the installed Python package
    dags     the folder under tests/airflow/dags
    plan     what the DAG there reads: what each task gets
    """

    def __init__(self, name: str, home: Path, package: Path, dags: str, plan: dict[str, Any], **env: str) -> None:
        self.home = home
        self.python = environment.python(name)
        home.mkdir()
        (home / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        kept = {key: value for key, value in os.environ.items() if not key.upper().startswith(UNWANTED)}
        self.env = {
            **kept, "HOME": str(home), "PYTHONPATH": str(package), "PATH": f"{Path(self.python).parent}:{kept['PATH']}",
            "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS / dags), "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False", "SCARF_ANALYTICS": "false",
            "MODELHOOK_TEST_PLAN": str(home / "plan.json"), **env}
        self.log = home / "said.log"

    def command(self, *arguments: str) -> list[str]:
        """A call of airflow."""
        return [self.python, "-m", "airflow", *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start one; what it says goes to the log."""
        with open(self.log, "ab") as log:
            return subprocess.Popen(self.command(*arguments), env=self.env, cwd=self.home,
                                    stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def call(self, *arguments: str) -> None:
        """One that must succeed."""
        with self.start(*arguments) as process:
            assert process.wait(TIMEOUT) == 0, f"airflow {' '.join(arguments)}:\n{self.said[-4000:]}"

    def answer(self, code: str) -> str:
        """What Python code prints in this Airflow, in its last line."""
        said = subprocess.check_output([self.python, "-c", code], env=self.env, cwd=self.home, text=True,
                                       timeout=TIMEOUT)
        return said.splitlines()[-1]

    @property
    def said(self) -> str:
        """All that it has said."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _rows(self, sql: str, *values: str) -> list[tuple[Any, ...]]:
        database = sqlite3.connect(f"file:{self.home}/airflow.db?mode=ro", uri=True, timeout=60)
        with contextlib.closing(database):
            return database.execute(sql, values).fetchall()

    def task(self, name: str) -> Task:
        """How a task of the only run stands."""
        (row,) = self._rows("SELECT state, try_number FROM task_instance WHERE task_id = ?", name)
        return Task(*row)

    def xcom(self, name: str, key: str = "return_value") -> Any:
        """What a task has in XCom, None where that is nothing."""
        rows = self._rows("SELECT value FROM xcom WHERE task_id = ? AND key = ?", name, key)
        return json.loads(rows[0][0]) if rows else None

    def rendered(self, name: str) -> str:
        """The rendered fields of a task, as Airflow shows them."""
        rows = self._rows("SELECT rendered_fields FROM rendered_task_instance_fields WHERE task_id = ?", name)
        return str(rows[0][0])

    def run_state(self) -> str | None:
        """How the only run of the DAG stands."""
        rows = self._rows("SELECT state FROM dag_run")
        return rows[0][0] if rows else None


def until(true: Callable[[], Any], what: Callable[[], str]) -> None:
    """Wait for something; says what there is instead when it does not come."""
    end = time.monotonic() + TIMEOUT
    while not true():
        assert time.monotonic() < end, what()
        time.sleep(0.2)


class Cluster:
    """The scheduler with its LocalExecutor, the triggerer and the API server of an Airflow 3, on the loopback alone."""

    def __init__(self, airflow: Airflow) -> None:
        self.airflow = airflow
        port, self._lock = reserve_port()
        self.url = f"http://127.0.0.1:{port}"
        airflow.env |= {
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor", "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32), "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1"}
        self._commands = {
            "api": airflow.command("api-server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
            "scheduler": airflow.command("scheduler", "--skip-serve-logs"),
            "triggerer": airflow.command("triggerer", "--skip-serve-logs")}
        self._servers: dict[str, Guarded] = {}
        self._session = requests.Session()
        self._session.trust_env = False

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """All of them run, and the DAGs are known."""
        self.airflow.call("db", "migrate")
        try:
            self._start("api")
            self.airflow.call("dags", "reserialize")
            self._start("scheduler")
            self._start("triggerer")
            until(self._healthy, self._said)
            token = self._session.get(f"{self.url}/auth/token", timeout=60).json()["access_token"]
            self._session.headers["Authorization"] = f"Bearer {token}"
            yield
        finally:
            for server in self._servers.values():
                server.stop()
            self._lock.close()

    def _start(self, name: str) -> None:
        self._servers[name] = Guarded(self._commands[name], self.airflow.home / f"{name}.log", signal.SIGKILL,
                                      cwd=self.airflow.home, env=self.airflow.env)

    def _healthy(self) -> bool:
        for name, server in self._servers.items():
            assert not server.ended(), f"{name} ended:\n{server.log_tail()}"
        with contextlib.suppress(requests.ConnectionError):
            return bool(self._session.get(f"{self.url}/api/v2/version", timeout=60).ok)
        return False

    def _said(self) -> str:
        return "\n".join(f"{name}:\n{server.log_tail()}" for name, server in self._servers.items())

    @property
    def scheduler(self) -> int:
        """The guard of the scheduler: what runs tasks descends from it."""
        return self._servers["scheduler"].process.pid

    def ask(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """The answer of the REST API to a call that must succeed."""
        answer = self._session.request(method, f"{self.url}/api/v2/{path}", json=body or None, timeout=60)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def wait(self, true: Callable[[], Any]) -> None:
        """Until something holds."""
        until(true, self._said)
