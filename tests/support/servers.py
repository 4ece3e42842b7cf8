#!/usr/bin/env python3
"""Real servers for tests, the demo and the benchmarks: MLflow 1, 2, 3.17 and 3.18, and PostgreSQL.

From Python, as context managers (see their arguments below):

    with MLflow(folder, version="3") as server: requests.get(server.url + "/health")
    with PostgreSQL(folder) as database: MLflow(other, store=database.create("mlflow"))

From a shell, one JSON line {"url", "pid", "log", ...} and then serving until TERM, INT, or the caller's end:

    servers.py mlflow --dir D [--version 1|2|3|318] [--environment NAME] [--store sqlite|postgresql|URI]
               [--workers N] [--auth] [--prefix /ml] [--artifacts DIR|URI] [--direct-artifacts] [--workspaces]
               [--outlive] [-- MORE OPTIONS OF `mlflow server`]
    servers.py postgresql --dir D [--set NAME=VALUE ...]

Every server listens on the loopback (PostgreSQL on a socket file only), writes its log to a file, and
stands under a guard: a process of its own that ends the server with all its descendants when it is told
to, when the server ends, or when the process that started it is gone, however that one died.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import fcntl
import json
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from environment import ROOT, venv

STARTED_WITHIN = 120.0  # seconds; a first start on a slow machine migrates a database
STOPPED_WITHIN = 8.0  # what a server is given before it is killed
VERSIONS = ("1", "2", "3", "318")
PORTS = range(18000, 32000)  # below the kernel's ephemeral ports, so that no client takes one meanwhile
ENDING = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


class ServerError(RuntimeError):
    """A server that did not start, with the end of its log."""


# ---- the guard


def descendants(ancestor: int) -> list[int]:
    """The processes that descend from one, from /proc; some may have ended meanwhile."""
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            after_name = Path("/proc", entry, "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
            parents[int(entry)] = int(after_name.split()[1])
    found = [ancestor]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]


def kill(pids: list[int], number: int = signal.SIGKILL) -> None:
    """Sends a signal to those that are still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def reap(ended: dict[int, int]) -> bool:
    """Notes the wait statuses of children that have ended; whether there are others still."""
    try:
        while (entry := os.waitpid(-1, os.WNOHANG))[0]:
            ended[entry[0]] = entry[1]
    except ChildProcessError:
        return False
    return True


def end_all(first: int, first_signal: int, ended: dict[int, int]) -> None:
    """Asks the server to stop, and kills what is left once it has, or once its time is up."""
    if first not in ended:
        kill([first], first_signal)
    end = time.monotonic() + STOPPED_WITHIN
    while reap(ended):  # orphans of the server become children of this process, so none can hide
        if first in ended or time.monotonic() > end:
            kill(descendants(os.getpid()))
        time.sleep(0.02)


def guard(parent: str, stop_signal: str, user: str, litter: str, *command: str) -> int:
    """Runs a command in a session of its own, as a user where one is named; ends it when the parent is gone.

    Removes the folder `litter`, where one is named, when nothing runs any more.
    """
    set_subreaper, set_death_signal = 36, 1
    prctl = ctypes.CDLL(None).prctl
    prctl(set_subreaper, 1, 0, 0, 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING | {signal.SIGCHLD})

    def in_child() -> None:
        prctl(set_death_signal, signal.SIGKILL, 0, 0, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())

    identity: dict[str, Any] = {}
    if user:
        account = pwd.getpwnam(user)
        identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    child = subprocess.Popen(command, start_new_session=True, preexec_fn=in_child, **identity)  # noqa: PLW1509 - one thread
    ended: dict[int, int] = {}
    while os.getppid() == int(parent) and child.pid not in ended:
        told = signal.sigtimedwait(ENDING | {signal.SIGCHLD}, 0.25)
        if told and told.si_signo in ENDING:
            break
        reap(ended)
    end_all(child.pid, int(stop_signal), ended)
    if litter:
        shutil.rmtree(litter, ignore_errors=True)
    return os.waitstatus_to_exitcode(ended[child.pid]) & 0xFF


class Guarded:
    """A server under its guard, with its log."""

    def __init__(self, command: list[str], log: Path, stop_signal: int = signal.SIGTERM, user: str = "",
                 litter: str = "", **popen: Any) -> None:
        self.log = log
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, __file__, "guard", str(os.getpid()), str(int(stop_signal)), user, litter, *command],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, **popen)

    def ended(self) -> bool:
        """Whether the server is gone."""
        return self.process.poll() is not None

    def stop(self) -> None:
        """Ends the server; nothing of it is left when this returns."""
        if not self.ended():
            self.process.terminate()
            try:
                self.process.wait(STOPPED_WITHIN + 10)
            except subprocess.TimeoutExpired:
                kill([*descendants(self.process.pid), self.process.pid])
                self.process.wait()

    def log_tail(self, size: int = 4000) -> str:
        """The end of the log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-size:]


# ---- ports


def reserve_port(again: int = 0) -> tuple[int, IO[bytes]]:
    """A free port of the loopback, or that one, and the lock that keeps it ours among all users of this module."""
    folder = Path(tempfile.gettempdir(), f"modelhook-ports-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    for port in [again] if again else random.SystemRandom().sample(PORTS, 200):
        lock = open(folder / str(port), "wb")  # noqa: SIM115 - kept open as long as the server
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind(("127.0.0.1", port))
            return port, lock
        except OSError:
            lock.close()
    raise ServerError("no free port on the loopback")


# ---- what every server is


class Started:
    """A server that is started and stopped, and what it holds meanwhile: its guard and, where it has one, its port."""

    _server: Guarded | None = None
    _port_lock: IO[bytes] | None = None

    def start(self) -> Self:
        """Starts it and waits until it answers; raises ServerError with the end of its log."""
        raise NotImplementedError

    @property
    def pid(self) -> int:
        """The process to end to stop it: its guard."""
        return self._server.process.pid if self._server else 0

    def stop(self) -> None:
        """Stops it with all its workers; its folder stays."""
        if self._server:
            self._server.stop()
            self._server = None
        if self._port_lock:
            self._port_lock.close()
            self._port_lock = None

    def __enter__(self) -> Self:
        """Started."""
        return self if self._server else self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Stopped, whatever happened."""
        self.stop()


# ---- MLflow


class MLflow(Started):
    """A real MLflow server on the loopback.

    folder     where its database, artifacts and log go; made when missing, kept when it stops, so that a
               second server on the same folder finds the same registry
    version    "1" (1.30.1), "2" (2.22.5), "3" (3.17.2) or "318" (3.18.0)
    environment  the Python environment that has this version; default the one made for it alone
    store      "sqlite", or a database URI such as PostgreSQL.create gives, or a function that gives it at the start
    workers    worker processes
    auth       basic authentication; the administrator is `user` with `password` (version 2 and later)
    prefix     --static-prefix; `url` ends with it (version 3 and later; before, it moves the pages and not the API)
    artifacts  where proxied artifacts go: a folder or a URI; default folder/artifacts
    direct_artifacts   do not proxy: runs get `artifacts` itself as their artifact URI
    workspaces --enable-workspaces (version 3 and later)
    extra      more options of `mlflow server`
    env        more variables for it; MLFLOW_* of the caller are not passed on
    """

    user = "admin"

    def __init__(self, folder: Path | str, *, version: str = "3", environment: str = "",
                 store: str | Callable[[], str] = "sqlite", workers: int = 1, auth: bool = False, prefix: str = "",
                 artifacts: Path | str | None = None, direct_artifacts: bool = False, workspaces: bool = False,
                 extra: tuple[str, ...] = (), env: dict[str, str] | None = None) -> None:
        self.folder = Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.version = version
        self.artifacts = str(artifacts or self.folder / "artifacts")
        self.log = self.folder / "mlflow.log"
        self.password = secrets.token_urlsafe(12) if auth else ""
        self._prefix = prefix
        self._store = (lambda: f"sqlite:///{self.folder}/mlflow.db") if store == "sqlite" else store
        self._venv = venv(environment or f"mlflow{version}")
        self._env = self._environment(auth, env or {})
        self._options = [
            *(["--default-artifact-root", self.artifacts] if direct_artifacts
              else ["--serve-artifacts", "--artifacts-destination", self.artifacts]),
            *(["--no-serve-artifacts"] if direct_artifacts and version != "1" else []),  # which is 1's default
            "--workers", str(workers), "--host", "127.0.0.1",
            *(["--static-prefix", prefix] if prefix else []),
            *(["--app-name", "basic-auth"] if auth else []),
            *(["--enable-workspaces"] if workspaces else []),
            *extra,
        ]
        self.url = ""
        self.port = 0

    def _environment(self, auth: bool, more: dict[str, str]) -> dict[str, str]:
        """The server's variables: ours without any MLflow setting, no telemetry, no background jobs."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "_MLFLOW"))}
        env |= {"PATH": f"{self._venv}/bin:{env.get('PATH', '')}", "VIRTUAL_ENV": str(self._venv),
                "DO_NOT_TRACK": "true", "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONUNBUFFERED": "1",
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        if auth:
            settings = self.folder / "basic_auth.ini"
            settings.write_text(
                "[mlflow]\ndefault_permission = READ\n"
                f"database_uri = sqlite:///{self.folder}/basic_auth.db\n"
                "auth_cache_ttl_seconds = 600\n"  # MLflow 3 checks a password anew for each call otherwise: 0.5 s
                f"admin_username = {self.user}\nadmin_password = {self.password}\n"
                "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n", encoding="utf-8")
            env |= {"MLFLOW_AUTH_CONFIG_PATH": str(settings), "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(16)}
        return env | more

    def start(self) -> Self:
        """Starts it and waits until it answers; raises ServerError with the end of its log.

        Started once more after stop, it has the port that it had.
        """
        store = self._store() if callable(self._store) else self._store
        again = self.port
        for attempt in range(3):
            self.port, self._port_lock = reserve_port(again)
            self.url = f"http://127.0.0.1:{self.port}{self._prefix if self.version.startswith('3') else ''}"
            command = [str(self._venv / "bin/python"), "-c", "from mlflow.cli import cli; cli()", "server",
                       "--port", str(self.port), "--backend-store-uri", store]
            self._server = Guarded(command + self._options, self.log, cwd=self.folder, env=self._env)
            try:
                self._wait()
                return self
            except BaseException:
                tail = self._server.log_tail()
                self.stop()
                if attempt == 2 or "ddress already in use" not in tail:
                    raise
        raise AssertionError("unreachable")

    def _wait(self) -> None:
        """Returns when this very server is healthy."""
        assert self._server is not None
        until = time.monotonic() + STARTED_WITHIN
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < until:
            if self._server.ended():
                raise ServerError(f"MLflow {self.version} ended while starting:\n{self._server.log_tail()}")
            with contextlib.suppress(OSError), direct.open(self.url + "/health", timeout=5) as answer:
                if answer.status == 200 and not self._server.ended():
                    return
            time.sleep(0.05)
        raise ServerError(f"MLflow {self.version} did not answer in {STARTED_WITHIN:g} s:\n{self._server.log_tail()}")

    def client_env(self) -> dict[str, str]:
        """The variables with which a client reaches this server, credentials included."""
        env = {"MLFLOW_TRACKING_URI": self.url, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
        if self.password:
            env |= {"MLFLOW_TRACKING_USERNAME": self.user, "MLFLOW_TRACKING_PASSWORD": self.password}
        return env

    def facts(self) -> dict[str, Any]:
        """What the command line prints."""
        return {"url": self.url, "pid": os.getpid(), "version": self.version, "log": str(self.log),
                "artifacts": self.artifacts, "env": self.client_env()}


# ---- PostgreSQL


class PostgreSQL(Started):
    """A PostgreSQL cluster of its own, reached through a socket file; thrown away when it stops.

    folder    where its log goes
    settings  settings of the server, such as {"default_transaction_isolation": "serializable"}
    """

    def __init__(self, folder: Path | str, settings: dict[str, str] | None = None) -> None:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder.resolve() / "postgresql.log"
        self._programs = subprocess.run([ROOT / "scripts/lib/postgresql.sh"], stdout=subprocess.PIPE, text=True,
                                        check=True).stdout.strip()
        self._settings = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
                          "listen_addresses": "", "max_connections": "300", **(settings or {})}
        self.socket = ""

    def start(self) -> Self:
        """Makes the cluster and starts it; raises ServerError with the end of its log."""
        self.socket = tempfile.mkdtemp(prefix="modelhook-pg-", dir="/tmp")  # a socket's path must be short
        os.chmod(self.socket, 0o755)
        user = ""
        if os.getuid() == 0:  # which PostgreSQL refuses to run as
            user = "postgres"
            shutil.chown(self.socket, user, user)
        data = f"{self.socket}/data"
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        try:
            with open(self.log, "ab") as out:
                subprocess.run([f"{self._programs}/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                                "--locale=C.UTF-8", "--no-sync"], cwd="/", stdout=out, stderr=out, check=True,
                               **({"user": user, "group": user, "extra_groups": []} if user else {}))
            self._server = Guarded([f"{self._programs}/postgres", "-D", data, "-k", self.socket, *options],
                                   self.log, signal.SIGINT, user, self.socket, cwd="/")
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def _wait(self) -> None:
        """Returns when it takes connections."""
        assert self._server is not None
        until = time.monotonic() + STARTED_WITHIN
        while time.monotonic() < until and not self._server.ended():
            if subprocess.run([f"{self._programs}/pg_isready", "-q", "-h", self.socket], check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise ServerError(f"PostgreSQL did not start:\n{self._server.log_tail()}")

    def create(self, name: str) -> str:
        """Makes a database; returns its URI as MLflow takes it."""
        subprocess.run([f"{self._programs}/createdb", "-h", self.socket, "-U", "postgres", name], check=True)
        return f"postgresql+psycopg2://postgres@/{name}?host={self.socket}"

    def query(self, database: str, sql: str) -> str:
        """The answer of psql to a statement, unaligned."""
        return subprocess.run([f"{self._programs}/psql", "-h", self.socket, "-U", "postgres", "-d", database, "-At",
                               "-c", sql], check=True, stdout=subprocess.PIPE, text=True).stdout

    def stop(self) -> None:
        """Stops it and removes the cluster."""
        super().stop()
        if self.socket:
            shutil.rmtree(self.socket, ignore_errors=True)
            self.socket = ""

    def facts(self) -> dict[str, Any]:
        """What the command line prints."""
        return {"url": self.create("mlflow"), "pid": os.getpid(), "socket": self.socket, "log": str(self.log)}


# ---- the command line


class Ended(BaseException):
    """A signal asked this program to end."""


def end_on_signal() -> None:
    """Turns the first ending signal into an exception; more of them do not disturb the cleaning up."""

    def raise_ended(number: int, _frame: Any) -> None:
        for name in ENDING:
            signal.signal(name, signal.SIG_IGN)
        raise Ended(number)

    for name in ENDING:
        signal.signal(name, raise_ended)


def serve(servers: list[Any], outlive: bool) -> None:
    """Starts the servers in order, prints the facts of the last, and serves until told or alone."""
    parent = os.getppid()
    with contextlib.suppress(Ended), contextlib.ExitStack() as stack:
        end_on_signal()
        for server in servers:
            stack.enter_context(server)
        print(json.dumps(servers[-1].facts()), flush=True)
        while outlive or os.getppid() == parent:
            time.sleep(0.25)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    mlflow = kinds.add_parser("mlflow")
    mlflow.add_argument("--version", choices=VERSIONS, default="3")
    mlflow.add_argument("--environment", default="", help="the Python environment that has this version")
    mlflow.add_argument("--store", default="sqlite", help="sqlite, postgresql or a database URI")
    mlflow.add_argument("--workers", type=int, default=1)
    mlflow.add_argument("--auth", action="store_true")
    mlflow.add_argument("--prefix", default="")
    mlflow.add_argument("--artifacts")
    mlflow.add_argument("--direct-artifacts", action="store_true")
    mlflow.add_argument("--workspaces", action="store_true")
    postgresql = kinds.add_parser("postgresql")
    postgresql.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    for kind in (mlflow, postgresql):
        kind.add_argument("--dir", required=True, type=Path)
        kind.add_argument("--outlive", action="store_true", help="go on when the caller ends")
    return parser.parse_args(arguments)


def mlflow_with_store(options: argparse.Namespace, extra: list[str]) -> list[Any]:
    """The MLflow of the command line, after the PostgreSQL that it wants."""
    more = {name: getattr(options, name) for name in
            ("version", "environment", "workers", "auth", "prefix", "artifacts", "direct_artifacts", "workspaces")}
    if options.store != "postgresql":
        return [MLflow(options.dir, store=options.store, extra=tuple(extra), **more)]
    database = PostgreSQL(options.dir)
    return [database, MLflow(options.dir, store=lambda: database.create("mlflow"), extra=tuple(extra), **more)]


def main() -> int:
    """Serves, or stands guard."""
    if sys.argv[1:2] == ["guard"]:
        return guard(*sys.argv[2:])
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parse(sys.argv[1:end])
    try:
        if options.kind == "mlflow":
            serve(mlflow_with_store(options, sys.argv[end + 1:]), options.outlive)
        else:
            settings = dict(setting.partition("=")[::2] for setting in options.set)
            serve([PostgreSQL(options.dir, settings)], options.outlive)
    except ServerError as error:
        print(f"servers.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
