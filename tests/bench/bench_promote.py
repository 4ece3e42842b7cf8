"""scripts/bench promote: the hook and MLflow's Python client on the same server: registering, and a whole run."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import tarfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import environment
import tiny_model
from fault_proxy import Fault, FaultProxy, Request
from measuring import HOOK, ROUNDS, Run, goal, handoff, median, new_run, ratio, row, timed
from servers import MLflow, descendants
from toxiproxy import Toxiproxy

PYTHON_PROMOTE = """
import sys
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
client, (name, source, run_id) = MlflowClient(), sys.argv[1:]
try:
    client.create_registered_model(name)
except MlflowException:
    pass
made = client.create_model_version(name, source, run_id)
client.transition_model_version_stage(name, made.version, "Production", archive_existing_versions=True)
assert [v.version for v in client.get_latest_versions(name, ["Production"])] == [made.version]
"""
# what a training script would do to reach what the hook reaches: metric, files, version, stage, alias, and a look
PYTHON_RUN = """
import sys
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
client, (name, run_id, model) = MlflowClient(), sys.argv[1:]
client.log_batch(run_id, metrics=[Metric("val_accuracy", 0.9, 0, 0)])
client.log_artifacts(run_id, model, "model")
try:
    client.create_registered_model(name)
except MlflowException:
    pass
source = client.get_run(run_id).info.artifact_uri + "/model"
made = client.create_model_version(name, source, run_id)
client.transition_model_version_stage(name, made.version, "Production", archive_existing_versions=True)
client.set_registered_model_alias(name, "production", made.version)
assert [v.version for v in client.get_latest_versions(name, ["Production"])] == [made.version]
client.set_tag(run_id, "promoted", made.version)
"""
DELAY = 0.05  # seconds
LOADING = 4  # requests that others have under way all the time on a loaded server


def server_cpu(server: MLflow) -> float:
    """Seconds of CPU that a server has used so far, all its processes together."""
    ticks = 0
    for pid in [server.pid, *descendants(server.pid)]:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def logged_run(server: MLflow) -> tuple[str, str]:
    """A run with an MLmodel among its artifacts, as log_model leaves one: its id and the version's source."""
    run_id = new_run(server)
    where = f"0/{run_id}/artifacts/model"
    request = urllib.request.Request(f"{server.url}/api/2.0/mlflow-artifacts/artifacts/{where}/MLmodel",
                                     b"flavors: {}\n", method="PUT")
    urllib.request.urlopen(request).close()
    return run_id, f"mlflow-artifacts:/{where}"


def registering(folder: Path) -> bool:
    """Register, archive, promote, check: the run has its model already."""
    python = environment.python("mlflow3")
    hooks, clients = [], []
    with MLflow(folder / "server") as server:
        env = server.client_env()
        for number in range(ROUNDS + 1):
            run_id, source = logged_run(server)
            job = handoff(folder / f"job{number}", run_id, number, model="bench-hook", logged_model="model")
            hook = timed([HOOK, "run", job], env)
            client = timed([python, "-c", PYTHON_PROMOTE, "bench-client", source, run_id], env)
            if number > 0:  # the first round makes the models and fills the caches
                hooks.append(hook)
                clients.append(client)
    print(row("modelhook run", hooks), row("MLflow client (Python)", clients), sep="\n")
    faster, smaller = ratio(clients, hooks, "wall"), ratio(clients, hooks, "peak")
    return all([
        goal("times faster than the client (goal 20)", faster, faster >= 20),
        goal("times less memory (goal 10)", smaller, smaller >= 10),
        goal("peak memory (goal 16 MiB)", median(hooks, "peak"), median(hooks, "peak") <= 16, " MiB"),
    ])


@dataclass
class Call:
    """One request as its sender sees it: from when to when."""

    name: str
    start: float = 0
    end: float = 0


@dataclass
class Calls:
    """The requests of one program; each is answered later, so that what is sent side by side is seen side by side."""

    sent: list[Call] = field(default_factory=list)

    def delay(self, request: Request) -> Fault:
        """What the proxy asks about each request."""
        call = Call(request.name)
        self.sent.append(call)

        def begun() -> None:
            call.start = time.monotonic()

        def carried_out() -> None:
            call.end = time.monotonic() + DELAY

        return Fault("slow", DELAY, before=begun, after=carried_out)

    def sequence(self, after: float = 0) -> int:
        """How many follow one another since then: the most of which no two overlap."""
        count = 0
        for call in sorted(self.sent, key=lambda call: call.end):
            if call.start >= after:
                count, after = count + 1, call.end
        return count

    def uploaded(self) -> float:
        """When the last request for an artifact had its answer."""
        return max(call.end for call in self.sent if "mlflow-artifacts" in call.name)

    def row(self, name: str) -> str:
        """A line of the table."""
        return (f"{name:28} {len(self.sent):4} calls, {self.sequence():3} one after another, "
                f"{self.sequence(self.uploaded()):3} of them after the upload")


class Whole:
    """Whole runs of one small model: metric, files, version, stage, alias."""

    def __init__(self, folder: Path, server: MLflow) -> None:
        self.folder, self.server = folder, server
        self.saved_model = tiny_model.write(folder / "saved_model")
        self.python = environment.python("mlflow3")
        self.number = 0
        packed = subprocess.run([HOOK, "pack", "-o", folder, self.job()], stdout=subprocess.PIPE, text=True, check=True)
        with tarfile.open(packed.stdout.strip()) as package:
            package.extractall(folder / "package")

    def job(self) -> Path:
        """A new training."""
        self.number += 1
        return handoff(self.folder / "job", new_run(self.server), self.number, model="whole-hook",
                       saved_model=str(self.saved_model), metrics={"val_accuracy": 0.9})

    def hook(self, url: str) -> Run:
        """The hook, with the server at that URL."""
        return timed([HOOK, "run", self.job()], self.server.client_env() | {"MLFLOW_TRACKING_URI": url})

    def client(self, url: str) -> Run:
        """MLflow's Python client, with the files that the hook sends."""
        command = [self.python, "-c", PYTHON_RUN, "whole-client", new_run(self.server), self.folder / "package/model"]
        return timed(command, self.server.client_env() | {"MLFLOW_TRACKING_URI": url})

    def calls(self) -> tuple[Calls, Calls]:
        """What each of the two sends."""
        hook, client = Calls(), Calls()
        with FaultProxy(self.server.url) as proxy:
            for name, calls, run in (("hook", hook, self.hook), ("client", client, self.client)):
                proxy.on(name, calls.delay)
                run(proxy.url(name))
        return hook, client

    def cpu(self, run: Callable[[str], Run]) -> float:
        """The server's seconds of CPU for one run."""
        before = server_cpu(self.server)
        run(self.server.url)
        return server_cpu(self.server) - before

    def timed(self, name: str, url: str) -> None:
        """Rows of both with the server at that URL."""
        hooks, clients = [], []
        for _ in range(min(ROUNDS, 5)):
            hooks.append(self.hook(url))
            clients.append(self.client(url))
        print(row(f"modelhook, {name}", hooks), row(f"MLflow client, {name}", clients), sep="\n", flush=True)


@contextlib.contextmanager
def load(url: str) -> Iterator[None]:
    """A server that others keep busy."""
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            urllib.request.urlopen(f"{url}/api/2.0/mlflow/registered-models/search?max_results=100").close()

    threads = [threading.Thread(target=ask) for _ in range(LOADING)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def whole(folder: Path) -> bool:
    """Calls, the server's CPU and times of whole runs, on an idle and on a loaded server of two workers."""
    with MLflow(folder / "server", workers=2) as server, Toxiproxy(folder, f"127.0.0.1:{server.port}") as far:
        runs = Whole(folder, server)
        for run in (runs.hook, runs.client):  # makes the models and fills the caches
            run(server.url)
        hook, client = runs.calls()
        pairs = [(runs.cpu(runs.hook), runs.cpu(runs.client)) for _ in range(ROUNDS)]
        own, theirs = (statistics.mean(times) for times in zip(*pairs, strict=True))
        print(hook.row("modelhook run"), client.row("MLflow client (Python)"), sep="\n")
        print(f"  the server's CPU for one run: {own:.3f} s, for the client's {theirs:.3f} s")
        with far.toxic("latency", latency=int(DELAY * 1000)):
            for name, busy in (("idle", contextlib.nullcontext()), ("loaded", load(server.url))):
                with busy:
                    runs.timed(f"{name}, 0 ms", server.url)
                    runs.timed(f"{name}, {DELAY * 1000:.0f} ms", far.url)
    after = hook.sequence(hook.uploaded())
    return all([
        goal("round trips after the upload (goal 8)", after, after <= 8),
        goal("times the server's CPU for the client (goal 1.3)", own / theirs, own / theirs <= 1.3),
    ])


def bench_promote(folder: Path) -> bool:
    """Both."""
    met = registering(folder / "registering")
    print(f"-- a whole run of a small model, two workers; loaded: others have {LOADING} requests under way throughout")
    (folder / "whole").mkdir()
    return whole(folder / "whole") and met
