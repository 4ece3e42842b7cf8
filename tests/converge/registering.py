"""One version of one package: faults at the create of a version, kills at every request, second attempts.

Beside the hook's count stands that of each MLflow's Python client, with the same faults through the same proxy.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import environment
from callers import ENDED_WELL, Arena, Caller, hook_env, training
from fault_proxy import Decide, Fault, Request
from registry_oracle import DUPLICATE, Registry

CREATE = "model-versions/create"
FAULTED = 2  # how many creates of a caller meet the fault
TIMEOUT, BEYOND = 3.0, 4.5  # seconds: a caller's timeout, and how long it is tried
FAULTS = {
    "none": Fault(),
    "answer dropped": Fault("drop"),
    "503 after commit": Fault("503"),
    "reset": Fault("reset"),
    "slow answer": Fault("slow", BEYOND),
    "late request": Fault("late", BEYOND),
}

CLIENTS = ("2", "3", "318")  # that of MLflow 1 asks for paths that no later server has

CLIENT = """
import json, os, sys
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
for url, model, source, run, attempts in json.load(sys.stdin):
    client = MlflowClient(tracking_uri=url)
    client.create_registered_model(model)
    for attempt in range(attempts):
        try:
            client.create_model_version(model, source, run)
        except MlflowException as error:
            print(model, attempt, error, file=sys.stderr)
"""


def at_create(fault: Fault) -> Decide:
    """This fault for the first creates of a caller."""
    seen = 0

    def decide(request: Request) -> Fault | None:
        nonlocal seen
        seen += request.name == CREATE
        return fault if request.name == CREATE and seen <= FAULTED else None

    return decide


def at_request(index: int, within: str, action: Callable[[], None]) -> Decide:
    """Something done at one request: before it goes on, or after it was carried out."""
    fault = Fault(**{within: action})
    return lambda request: fault if request.index == index else None


@dataclass
class Count:
    """The versions of one package: all, and those that stand for it (the others are marked)."""

    made: int
    stand: int
    wrong: list[str]

    def __str__(self) -> str:
        """How the table shows it: "1", or "1 of 2" where one is marked."""
        return f"{self.stand} of {self.made}" if self.made != 1 else "1"


class Case:
    """A package of its own, in a registered model of its own, and the attempts to register it."""

    def __init__(self, place: Arena, name: str) -> None:
        self.place, self.name = place, name
        self.model = "register-" + name.replace(" ", "-")
        self.folder = place.folder / "registering" / self.model
        self.run, self.source = place.run(0)
        self.trained = time.time()
        self.attempts: list[Caller] = []

    def attempt(self, decide: Decide | None = None) -> Caller:
        """One more attempt, in a folder of its own as on another machine; started by the caller."""
        number = len(self.attempts)
        caller = training(f"{self.model}-{number}", self.model, self.run, self.trained, self.folder / str(number))
        if decide:
            self.place.proxy.on(caller.label, decide)
        self.attempts.append(caller)
        return caller

    def start(self, decide: Decide | None = None) -> Caller:
        """One more attempt, started."""
        caller = self.attempt(decide)
        caller.start(self.place.proxy, MLFLOW_HTTP_REQUEST_TIMEOUT=f"{TIMEOUT:g}")
        return caller

    def settle(self) -> None:
        """All attempts have ended and nothing is on its way."""
        for caller in self.attempts:
            caller.wait()
        self.place.proxy.settle()

    def count(self, *, killed: bool = False) -> Count:
        """What the registry holds now, and what is wrong with it."""
        state = Registry(self.place.url).state(self.model)
        ours = [version for version in state.versions if version["run_id"] == self.run]
        stand = sum(DUPLICATE not in version["tags"] for version in ours)
        wrong = [f"{self.name}: {what}" for what in state.complaints()]
        if stand != 1 and (ours or not killed):
            wrong.append(f"{self.name}: {stand} versions stand for one package")
        wrong += [f"{caller.label} ended with {caller.status}" for caller in self.attempts
                  if caller.status not in ENDED_WELL and not (killed and caller.status == -9)]
        return Count(len(ours), stand, wrong)


def hook_row(place: Arena, name: str) -> list[Count]:
    """A fault: one attempt, then a second one, then two at once that both meet it."""
    fault = FAULTS[name]
    alone = Case(place, name)
    alone.start(at_create(fault))
    alone.settle()
    counts = [alone.count()]
    alone.start(at_create(fault))
    alone.settle()
    counts.append(alone.count())
    both = Case(place, f"{name} twice")
    both.start(at_create(fault))
    both.start(at_create(fault))
    both.settle()
    return [*counts, both.count()]


def killed_at(place: Arena, index: int, within: str, *, beside: bool) -> Count:
    """Killed at one request; beside another attempt, or alone; then one more attempt."""
    case = Case(place, f"kill {within} {index}{' beside' if beside else ''}")
    victim = case.attempt()
    place.proxy.on(victim.label, at_request(index, within, victim.kill))
    victim.start(place.proxy)
    if beside:
        case.start()
    case.settle()
    case.start()
    case.settle()
    return case.count(killed=True)


def repaired_at(place: Arena, index: int, within: str) -> Count:
    """Killed at one request where there was a Production version before; then repaired."""
    case = Case(place, f"repair {within} {index}")
    before = training(f"{case.model}-before", case.model, place.run(1)[0], case.trained - 60, case.folder / "before")
    before.start(place.proxy)
    before.wait()
    victim = case.attempt()
    place.proxy.on(victim.label, at_request(index, within, victim.kill))
    victim.start(place.proxy)
    case.settle()
    repair = Caller(f"{case.model}-repair", case.folder, ["repair", case.model, "--yes"])
    repair.start(place.proxy)
    case.attempts.append(repair)
    case.settle()
    return case.count(killed=True)


def requests_of_a_run(place: Arena, name: str = "count") -> int:
    """How many requests a run sends that meets nothing."""
    case = Case(place, name)
    caller = case.start()
    case.settle()
    return len(place.proxy.sent(caller.label))


def client_counts(place: Arena, version: str, faults: Collection[str] = tuple(FAULTS)) -> dict[str, list[int]]:
    """The versions that the Python client of that MLflow makes in one attempt, and in two, under each fault."""
    work = []
    for name in faults:
        fault = FAULTS[name]
        for attempts in (1, 2):
            model = f"client{version}-{name.replace(' ', '-')}-{attempts}"
            run, source = place.run(0)
            place.proxy.on(model, at_create(fault))
            work.append((place.proxy.url(model), model, source, run, attempts))
    env = hook_env(place.url, Path(os.environ.get("HOME", "/")), MLFLOW_HTTP_REQUEST_TIMEOUT=f"{TIMEOUT:g}",
                   MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR="0", MLFLOW_HTTP_REQUEST_BACKOFF_JITTER="0",
                   MLFLOW_LOGGING_LEVEL="ERROR", MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
    subprocess.run([environment.python(f"mlflow{version}"), "-c", CLIENT], input=json.dumps(work), text=True, env=env,
                   stdout=subprocess.DEVNULL, check=True)
    place.proxy.settle()
    counts: dict[str, list[int]] = {name: [] for name in faults}
    registry = Registry(place.url)
    for (_, model, *_), name in zip(work, (name for name in faults for _ in (1, 2)), strict=True):
        counts[name].append(len(registry.versions(model)))
    return counts


def tell(counts: list[Count]) -> int:
    """How many are wrong; says why."""
    for count in counts:
        for what in count.wrong:
            print(f"registering: {what}", file=sys.stderr, flush=True)
    return sum(bool(count.wrong) for count in counts)


def play(place: Arena, *, with_client: bool, kills: bool = True) -> int:
    """The whole table; returns how many cases ended wrong."""
    wrong = 0
    clients = {version: client_counts(place, version) for version in CLIENTS} if with_client else {}
    titles = "".join(f"  client {version:>3}: once, again" for version in clients)
    print(f"\nversions of one package on {place.store}, of them those that stand for it:\n"
          f"fault at the create    hook: once    then again    two at once |{titles}")
    for name in FAULTS:
        counts = hook_row(place, name)
        wrong += tell(counts)
        theirs = "".join(f"{counted[name][0]:>18},{counted[name][1]:>6}" for counted in clients.values())
        print(f"{name:20} {counts[0]!s:>14} {counts[1]!s:>13} {counts[2]!s:>14} |{theirs}", flush=True)
    if kills:
        wrong += play_kills(place)
    return wrong


def play_kills(place: Arena) -> int:
    """Killed at each request of a run, before it went on and after it was carried out."""
    requests = range(1, requests_of_a_run(place) + 1)
    rows = {
        "then once more": [killed_at(place, index, within, beside=False)
                           for index in requests for within in ("before", "after")],
        "beside another attempt, then once more": [killed_at(place, index, "after", beside=True)
                                                   for index in requests],
        "then repaired": [repaired_at(place, index, "after") for index in requests],
    }
    wrong = 0
    for name, counts in rows.items():
        wrong += tell(counts)
        print(f"killed at each of {len(requests)} requests, {name}: {len(counts)} cases, "
              f"{sum(bool(count.wrong) for count in counts)} wrong, "
              f"at most {max(count.made for count in counts)} made and {max(count.stand for count in counts)} "
              "that stand for the package", flush=True)
    return wrong
