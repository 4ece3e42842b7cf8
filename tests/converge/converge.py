#!/usr/bin/env python3
"""Exactly one Production, and the right one: many promoters at once against real servers, with kills and faults.

    converge.py [--stores sqlite,postgresql] [--rounds 2:20,4:20,20:12] [--seed N] [--dir DIR]

A round: some trainings are promoted at the same moment, each by a process of its own, while a reader looks
for moments without Production. Every second round is rough: processes are killed with SIGKILL at random
points, answers are lost, broken off, replaced by 503 and delayed; when nothing is on its way any more, one
call is made (run, replay or repair) and has to bring the end about. In every fifth round a person promotes
or rolls back meanwhile; every third begins from two Production versions, as MLflow's own call leaves them.
What should be Production is worked out apart from the program (registry_oracle.py).

Beside each row stands MLflow's own call (transition-stage that archives what is there) on the same work: a
version of each promoter is there, and all call at one moment. Then the same for registering: a fault, how
many versions the hook made of one package, and how many MLflow's Python client (registering.py).

The program is $MODELHOOK, else the development build. Exit status 1 where any round ended wrong; what is
known about such a round is then in DIR (default build/converge).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import environment
import registering
from callers import ENDED_WELL, Arena, Caller, arena, training
from fault_proxy import Fault, Request
from registry_oracle import DUPLICATE, Registry, State

ANY_END = (*ENDED_WELL, 75, -9)  # what may become of a call that met faults or a kill
FAULTS = ("reset", "drop", "503", "slow", "late")
FAULT_SHARE = 0.15  # of the requests of a rough round


class Reader(threading.Thread):
    """Reads all versions of a model again and again, as a service would that looks for Production."""

    def __init__(self, url: str, model: str) -> None:
        super().__init__(daemon=True)
        self._registry, self._model = Registry(url), model
        self._told = threading.Event()
        self.reads = self.without = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        """Read until told to stop."""
        try:
            while not self._told.is_set():
                versions = self._registry.versions(self._model)
                self.reads += 1
                self.without += all(version["current_stage"] != "Production" for version in versions)
                self._told.wait(0.02)
        except Exception as error:  # told by whoever joins
            self.error = error

    def finish(self) -> None:
        """Stop; raises what broke it."""
        self._told.set()
        self.join()
        if self.error:
            raise self.error


@dataclass
class Ending:
    """What became of a round."""

    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    reads: int = 0
    without: int = 0
    transitions: list[int] = field(default_factory=list)  # of each promoter
    killed: int = 0


class Round:
    """One round, from its seed: the same processes with the same trainings, kills and faults."""

    def __init__(self, place: Arena, promoters: int, number: int) -> None:
        self.arena, self.promoters, self.number = place, promoters, number
        self.name = f"{place.store}-{promoters}-{number}"
        self.model = f"fish-{self.name}"
        self.folder = place.folder / "rounds" / self.name
        self.random = random.Random(f"{place.seed}/{self.name}")
        self.rough = number % 2 == 1
        self.by_hand = number % 5 == 2
        self.stock = number % 3 == 2
        self.registry = Registry(place.url)
        self.callers: list[Caller] = []
        self.began = time.time()

    # ---- before

    def begin(self) -> None:
        """Two versions that were there before: one after the other, or both in Production."""
        self.registry.call("POST", "registered-models/create", name=self.model)
        for index in range(2):
            run, source = self.arena.run(index)
            if self.stock:
                self.registry.transition(self.model, self.registry.create(self.model, source, run), archive=False)
            else:
                caller = self.promoter(index, self.began - 7200 + 3600 * index, f"before{index}")
                caller.start(self.arena.proxy)
                assert caller.wait() == 0, (caller.folder / "said").read_text()

    def promoter(self, index: int, trained: float, name: str) -> Caller:
        """A training of the run of that index."""
        run, _ = self.arena.run(index)
        return training(f"{self.name}-{name}", self.model, run, trained, self.folder / name)

    def gather(self) -> None:
        """The callers: trainings of this minute, some of them second attempts elsewhere, and maybe a person."""
        index = trained = 0
        for number in range(self.promoters):
            if number == 0 or self.promoters < 4 or self.random.random() > 0.2:
                index, trained = number + 2, self.began + self.random.randrange(-20, 20)
            self.callers.append(self.promoter(index, trained, f"training{number}"))
        if self.by_hand:
            arguments = self.random.choice([["rollback", self.model], ["promote", self.model, "1"]])
            self.callers.append(Caller(f"{self.name}-person", self.folder / "person", arguments))
        self.random.shuffle(self.callers)

    # ---- meanwhile

    def spoil(self, caller: Caller) -> float | None:
        """Faults for a caller's requests, and for some a kill: at a request, or (returned) after some seconds."""
        victim = self.random.random() < 0.5
        at, within = self.random.randrange(1, 26), self.random.choice(["before", "after"])
        by_time = self.random.random() < 0.5
        seed = self.random.random()

        def decide(request: Request) -> Fault:
            dice = random.Random(f"{seed}/{request.index}")
            kind = dice.choice(FAULTS) if dice.random() < FAULT_SHARE else ""
            kill = caller.kill if victim and not by_time and request.index == at else None
            return Fault(kind, dice.uniform(0.02, 0.3), **({within: kill} if kill else {}))

        self.arena.proxy.on(caller.label, decide)
        return self.random.uniform(0.01, 0.3 + 0.15 * self.promoters) if victim and by_time else None

    def let_loose(self) -> None:
        """All callers at once; returns when all have ended and nothing is on its way."""
        kills = [self.spoil(caller) if self.rough else None for caller in self.callers]
        timers = []
        for caller, after in zip(self.callers, kills, strict=True):
            if not caller.run:
                time.sleep(self.random.uniform(0, 0.2))
            caller.start(self.arena.proxy)
            if after is not None:
                timers.append(threading.Timer(after, caller.kill))
                timers[-1].start()
        for caller in self.callers:
            caller.wait()
        for timer in timers:
            timer.cancel()
        self.arena.proxy.settle()

    def call_once_more(self) -> Caller:
        """One call after a rough round, of one that was killed where there is one: run, replay or repair."""
        ended = [caller for caller in self.callers if caller.run]
        caller = self.random.choice([one for one in ended if one.status not in ENDED_WELL] or ended)
        packages = sorted(caller.folder.glob(".modelhook/*.tar.gz"))
        ways = [caller.arguments, ["repair", self.model, "--yes"]]
        ways += [["replay", str(packages[0])]] if packages else []
        arguments = self.random.choice(ways)
        last = Caller(f"{self.name}-last", caller.folder, arguments, "" if arguments[0] == "repair" else caller.run)
        last.start(self.arena.proxy)
        last.wait()
        return last

    # ---- after

    def judge(self, last: Caller | None) -> list[str]:
        """What is wrong with the end."""
        state = self.registry.state(self.model)
        found = state.complaints() + self.judge_versions(state, last)
        allowed = ANY_END if self.rough else ENDED_WELL
        found += [f"{caller.label} ended with {caller.status}" for caller in self.callers
                  if caller.status not in allowed]
        if last and last.status not in ENDED_WELL:
            found.append(f"the last call, {last.arguments[0]}, ended with {last.status}")
        if not self.by_hand:
            found += self.judge_newest(state)
        return found

    def judge_versions(self, state: State, last: Caller | None) -> list[str]:
        """One version of each package: certainly of those whose every attempt could see to it, or the last call did."""
        found = []
        for run in {caller.run for caller in self.callers if caller.run}:
            attempts = [caller for caller in self.callers if caller.run == run]
            ended = [caller for caller in attempts if caller.status in ENDED_WELL]
            counted = [version for version in state.versions if version["run_id"] == run]
            unmarked = [version for version in counted if DUPLICATE not in version["tags"]]
            sure = len(ended) == len(attempts) or (last and (last.run == run or last.arguments[0] == "repair"))
            if (sure and len(unmarked) > 1) or (ended and not unmarked):
                found.append(f"{len(unmarked)} versions stand for the package of run {run}")
            if not self.rough and len(counted) > len(attempts):
                found.append(f"{len(counted)} versions of run {run}, {len(attempts)} attempts")
        return found

    def judge_newest(self, state: State) -> list[str]:
        """Without a person, the winner was trained last, and its promoter knows it."""
        if not state.winner():
            return ["nobody should be Production"]
        winner = next(version for version in state.versions if version["number"] == state.winner())
        trained = {version["number"]: max(time for time, number in state.candidates() if number == version["number"])
                   for version in state.versions if not state.is_marked(version)}
        found = []
        if trained[winner["number"]] != max(trained.values()):
            found.append(f"version {winner['number']} is not the newest training")
        promoters = [caller for caller in self.callers if caller.run == winner["run_id"]]
        if not self.rough and promoters and all(caller.status != 0 for caller in promoters):
            found.append(f"the promoter of version {winner['number']} did not end as promoted")
        return found

    def keep(self, wrong: list[str]) -> None:
        """What is known about a round that ended wrong."""
        state = self.registry.state(self.model)
        known = {"wrong": wrong, "tags": state.tags, "aliases": state.aliases, "versions": state.versions,
                 "callers": {caller.label: [caller.status, caller.arguments, self.arena.proxy.sent(caller.label)]
                             for caller in self.callers}}
        (self.folder / "wrong.json").write_text(json.dumps(known, indent=1))

    def play(self) -> Ending:
        """The whole round."""
        self.begin()
        self.gather()
        reader = Reader(self.arena.url, self.model)
        reader.start()
        started = time.monotonic()
        self.let_loose()
        last = self.call_once_more() if self.rough else None
        seconds = time.monotonic() - started
        reader.finish()
        wrong = self.judge(last)
        if reader.without:
            wrong.append(f"{reader.without} of {reader.reads} readings were without Production")
        if wrong:
            self.keep(wrong)
        else:
            shutil.rmtree(self.folder)
        transitions = [self.arena.proxy.sent(caller.label).count("POST model-versions/transition-stage")
                       for caller in self.callers]
        killed = sum(caller.status == -9 for caller in self.callers)
        return Ending(seconds, wrong, reader.reads, reader.without, transitions, killed)


def stock_round(place: Arena, promoters: int, number: int) -> int:
    """MLflow's own call on the same work, all at one moment: how many versions it leaves in Production."""
    model = f"stock-{place.store}-{promoters}-{number}"
    Registry(place.url).call("POST", "registered-models/create", name=model)
    ready = threading.Barrier(promoters)

    def promote(run: str, source: str) -> None:
        registry = Registry(place.url)
        version = registry.create(model, source, run)
        ready.wait()
        registry.transition(model, version, archive=True)

    threads = [threading.Thread(target=promote, args=place.run(index)) for index in range(promoters)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(Registry(place.url).state(model).production())


HEADER = ("store        promoters  rounds  rough  killed  WRONG   readings  without  transitions  s a round |"
          " MLflow's own call:\n"
          "                                                             Production   mean   max              |"
          " rounds with other than one Production")


def row(place: Arena, promoters: int, endings: list[Ending], stock: list[int]) -> str:
    """A line of the table."""
    sent = [count for ending in endings for count in ending.transitions]
    return (f"{place.store:12} {promoters:9} {len(endings):7} {len(endings) // 2:6}"
            f" {sum(ending.killed for ending in endings):7} {sum(bool(ending.wrong) for ending in endings):6}"
            f" {sum(ending.reads for ending in endings):10} {sum(ending.without for ending in endings):8}"
            f"  {statistics.mean(sent):5.2f} {max(sent):5} {statistics.mean(e.seconds for e in endings):10.1f} |"
            f" {sum(left != 1 for left in stock)} of {len(stock)}, up to {max(stock)}")


def play(place: Arena, plan: list[tuple[int, int]]) -> int:
    """All rounds on one server; prints their rows and returns how many ended wrong."""
    wrong = 0
    for promoters, rounds in plan:
        endings, stock = [], []
        for number in range(rounds):
            one = Round(place, promoters, number)
            endings.append(one.play())
            stock.append(stock_round(place, promoters, number))
            for what in endings[-1].wrong:
                print(f"round {one.name}: {what}", file=sys.stderr, flush=True)
        print(row(place, promoters, endings, stock), flush=True)
        wrong += sum(bool(ending.wrong) for ending in endings)
    return wrong


def main() -> int:
    """The whole table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stores", default="sqlite,postgresql")
    parser.add_argument("--rounds", default="2:20,4:20,20:12", help="promoters:rounds for each store")
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(10**6)))
    parser.add_argument("--dir", type=Path, default=environment.ROOT / "build/converge")
    options = parser.parse_args()
    plan = [(int(promoters), int(rounds)) for promoters, _, rounds in
            (part.partition(":") for part in options.rounds.split(","))]
    options.dir.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=options.dir))
    started, wrong = time.monotonic(), 0
    print(f"seed {options.seed}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", HEADER, sep="\n", flush=True)
    stores = options.stores.split(",")
    for store in stores:
        with arena(store, folder, options.seed) as place:
            wrong += play(place, plan)
            if store == "sqlite" or len(stores) == 1:
                wrong += registering.play(place, with_client=True)
    print(f"{time.monotonic() - started:.0f} s in all")
    if wrong:
        print(f"converge: {wrong} wrong: what is known is in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
