"""scripts/bench network: models into S3 over a link with a round trip, by the hook and by other programs.

The S3 is a versitygw on this machine; toxiproxy before it delays each answer by the round trip. Connecting costs
none, because toxiproxy accepts connections itself.
"""

from __future__ import annotations

import argparse
import contextlib
import filecmp
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import environment
from measuring import HOOK, Failed, Run, call, goal, median, row, timed, upload_step
from nginx import Nginx
from object_stores import Versitygw
from peers import Command, Site, aws_cli, big_model, fast_folder, mlflow_client, rclone, s3_curl, s5cmd
from servers import MLflow
from toxiproxy import Toxiproxy

DELAYS = (0, 30, 60, 120, 200)  # milliseconds
MODELS = {  # MiB, files of them, small files, bytes of each small file (0: 1 to 41 KiB)
    "a": ("1 GiB in two files", (1024, 2, 0)),
    "b": ("256 MiB in two files, and 400 small files", (256, 2, 400)),
    "c": ("5,000 files of 10 KiB", (1, 1, 5000, 10240)),
}
RETRIES = ("--retry", "10", "--retry-all-errors")  # what the other programs do without being told
PEERS: dict[str, Callable[[Site, Path], Command]] = {
    "s5cmd": s5cmd,
    "curl": lambda site, model: s3_curl(site, model, 64, *RETRIES),
    "aws": aws_cli,
    "rclone": rclone,
    "mlflow": mlflow_client,
}
NAMES = {"s5cmd": "s5cmd", "curl": "curl -Z --parallel-max 64", "aws": "aws-cli", "rclone": "rclone",
         "mlflow": "MLflow's client"}
STOPPED = 137  # the exit status of what `timeout --signal=KILL` stopped

CUT, BUSY = 0.5, 5  # per cent of the requests
FAULTS = f"""split_clients "$connection $connection_requests" $fault {{ {CUT}% cut; {BUSY}% busy; * ""; }}"""
UPSTREAM = "upstream s3 {{ server 127.0.0.1:{port}; keepalive 64; }}"
FORWARD = """
        client_max_body_size 0;
        keepalive_requests 1000000;
        default_type application/xml;
        location / {
            proxy_pass http://s3;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_request_buffering off;
        }
"""
INJECT = """
        if ($fault = cut) { return 444; }
        if ($fault = busy) { return 503 "<Error><Code>SlowDown</Code><Message>injected</Message></Error>"; }
"""


@dataclass
class Rounds:
    """What one program took in the rounds of one cell.

    bound   seconds after which it was stopped, where it was: then it is not tried again
    failed  how many times it failed, or left something out
    """

    name: str
    runs: list[Run] = field(default_factory=list)
    bound: float = 0
    failed: int = 0

    def wall(self) -> float:
        """The median; of one that was stopped, what it took at least; 0 where it never succeeded."""
        return self.bound or (median(self.runs, "wall") if self.runs else 0)

    def short(self) -> str:
        """The median in a column."""
        if not self.bound and not self.runs:
            return "failed"
        return f"{'>' if self.bound else ''}{self.wall():.2f}{'!' if self.failed else ''}"

    def line(self) -> str:
        """A line of the cell's table."""
        if self.bound:
            return f"{self.name:28} stopped after {self.bound:g} s"
        failed = f"  failed {self.failed} times" if self.failed else ""
        return (row(self.name, self.runs) if self.runs else f"{self.name:28}") + failed


@dataclass
class Cell:
    """One model over one link."""

    site: Site
    label: str
    model: Path
    delay: int
    limit: int

    def whole(self) -> bool:
        """Whether every file of the model is in the bucket with its bytes."""
        found = next(iter(self.site.s3.path.glob("bench/**/saved_model.pb")), None)
        names = [str(path.relative_to(self.model)) for path in self.model.rglob("*") if path.is_file()]
        return found is not None and filecmp.cmpfiles(self.model, found.parent, names, shallow=False)[0] == names

    def take(self, rounds: Rounds, command: Command, seconds: Callable[[Run], float] = lambda run: run.wall) -> None:
        """One run of a program, noted with the seconds of it that count."""
        try:
            run = timed(["timeout", "--signal=KILL", str(self.limit), *command], self.site.env())
        except Failed as failed:
            if failed.status == STOPPED:
                rounds.bound = self.limit
            else:
                rounds.failed += 1
                print(failed, file=sys.stderr)
            return
        if self.whole():
            rounds.runs.append(Run(seconds(run), run.cpu, run.peak))
        else:
            rounds.failed += 1
        print(f"   {self.label}: {rounds.name}: {seconds(run):.2f} s", file=sys.stderr, flush=True)

    def hook(self, sending: Rounds, asking: Rounds, minute: int) -> None:
        """The hook's upload step, and the same where everything is there already; packing is not measured."""
        package, result = self.site.package(self.model, minute), self.site.folder / "result.json"
        for rounds in (sending, asking):
            self.take(rounds, [HOOK, "replay", "--result", result, package], lambda _: upload_step(result))
        self.site.clear()
        shutil.rmtree(package.parent)

    def peer(self, rounds: Rounds, name: str) -> None:
        """Another program."""
        if not rounds.bound:
            self.take(rounds, PEERS[name](self.site, self.model))
            self.site.clear()

    def best(self, rate: float) -> float:
        """The seconds that nothing can be faster than: the bytes at the link's rate, and two round trips."""
        size = sum(path.stat().st_size for path in self.model.rglob("*") if path.is_file())
        return size / rate + 2 * self.delay / 1000


def link_rate(site: Site, delay: int) -> float:
    """Bytes a second into this S3 over this link: the best of three times four large objects at once."""
    large = site.folder / "large"
    large.mkdir(exist_ok=True)
    for number in range(4):
        with (large / f"{number}").open("wb") as file:
            file.truncate(64 << 20)
    runs = []
    for _ in range(3):
        runs.append(timed(s3_curl(site, large, 4), site.env()))
        site.clear()
    return (256 << 20) / (min(run.wall for run in runs) - delay / 1000)


class Network:
    """The S3 and the MLflow server of the whole benchmark, and the cells that were measured."""

    def __init__(self, options: argparse.Namespace, folder: Path, s3: Versitygw, mlflow: MLflow) -> None:
        self.options, self.folder, self.s3, self.mlflow = options, folder, s3, mlflow
        made = call(mlflow, "experiments/create", {"name": "network", "artifact_location": "s3://bench/runs"})
        self.experiment = made["experiment_id"]
        self.minute = 0  # of the next training
        self.table: list[list[str]] = []

    @contextlib.contextmanager
    def link(self, name: str, delay: int, upstream: str) -> Iterator[Site]:
        """A site whose S3 is that far away."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        with Toxiproxy(folder, upstream) as proxy:
            delayed = proxy.toxic("latency", latency=delay) if delay else contextlib.nullcontext()
            with delayed:
                yield Site(folder, self.mlflow, self.s3, self.experiment, proxy.url)

    def gateway(self, name: str, http: str = "", server: str = "") -> Nginx:
        """An nginx before the S3."""
        return Nginx(self.folder / name, server + FORWARD, http=UPSTREAM.format(port=self.s3.port) + http)

    def rounds(self, cell: Cell, sending: Rounds, asking: Rounds) -> None:
        """One more round of the hook."""
        cell.hook(sending, asking, self.minute)
        self.minute += 1

    def peers(self) -> dict[str, Rounds]:
        """A row for each of the other programs."""
        return {name: Rounds(NAMES[name]) for name in self.options.peers}

    def clean(self, label: str, model: Path, delay: int) -> bool:
        """A cell without faults."""
        sending, asking = Rounds("modelhook: its upload step"), Rounds("... with all there already")
        peers = self.peers()
        with self.link("link", delay, f"127.0.0.1:{self.s3.port}") as site:
            rate = link_rate(site, delay)
            cell = Cell(site, label, model, delay, self.options.limit)
            for _ in range(self.options.runs):
                self.rounds(cell, sending, asking)
                for name, rounds in peers.items():
                    cell.peer(rounds, name)
        best = cell.best(rate)
        print(f"{f'best possible, {rate / (1 << 20):.0f} MiB/s':28} {best * 1000:10.1f} ms")
        self.show(label, f"{best:.2f}", [sending, asking, *peers.values()])
        return goals(sending, asking, list(peers.values()), best)

    def faulty(self, label: str, model: Path, delay: int) -> bool:
        """A cell with faults, beside the hook on the same way without them."""
        without, sending, asking = (Rounds(name) for name in ("modelhook, without faults",
                                                              "modelhook: its upload step",
                                                              "... with all there already"))
        peers = self.peers()
        with self.gateway("nginx") as good, self.gateway("nginx-faults", FAULTS, INJECT) as bad, \
                self.link("link", delay, f"127.0.0.1:{good.port}") as clean, \
                self.link("link-faults", delay, f"127.0.0.1:{bad.port}") as site:
            cells = [Cell(where, label, model, delay, self.options.limit) for where in (clean, site)]
            for _ in range(self.options.runs):
                self.rounds(cells[0], without, Rounds("... with all there already, without faults"))
                self.rounds(cells[1], sending, asking)
                for name, rounds in peers.items():
                    cells[1].peer(rounds, name)
            statuses = [line[2] for line in bad.sent]
        print(f"  {len(statuses)} requests: {statuses.count('503')} answered 503, {statuses.count('444')} cut")
        self.show(label, "-", [without, sending, asking, *peers.values()])
        slower = sending.wall() / without.wall() if without.runs and sending.runs else float("inf")
        return all([
            goal("uploads that failed or lost something", sending.failed + asking.failed,
                 not sending.failed + asking.failed),
            goal("times the time without faults (goal 1.3)", slower, slower <= 1.3),
        ])

    def show(self, label: str, best: str, rows: list[Rounds]) -> None:
        """The table of a cell; its medians wait for the table of all."""
        print(*(rounds.line() for rounds in rows), sep="\n", flush=True)
        self.table.append([label, best, *(rounds.short() for rounds in rows)])

    def summary(self) -> None:
        """The medians of all cells."""
        own = ["without faults", "modelhook", "again"] if self.options.faults else ["modelhook", "again"]
        print("-- seconds, medians (> stopped then, ! failed at times)")
        for line in [["", "best", *own, *self.options.peers], *self.table]:
            print(" ".join([f"{line[0]:12}", *(f"{text:>14}" for text in line[1:])]))


def goals(sending: Rounds, asking: Rounds, peers: list[Rounds], best: float) -> bool:
    """The goals of a cell without faults."""
    if not sending.runs or not asking.runs:
        return goal("uploads of the hook that succeeded", len(sending.runs), False)
    step, peak = sending.wall(), max(run.peak for run in [*sending.runs, *asking.runs])
    over, again = step / best, asking.wall() / step
    met = [goal("times the best possible (goal 1.2)", over, over <= 1.2),
           goal("peak memory (goal 48 MiB)", peak, peak <= 48, " MiB"),
           goal("asking again, of the upload (goal 0.25)", again, again <= 0.25)]
    for peer in [peer for peer in peers if peer.wall()]:
        faster = peer.bound / step if peer.bound else statistics.median(
            theirs.wall / ours.wall for theirs, ours in zip(peer.runs, sending.runs, strict=False))
        met.append(goal(f"times faster than {peer.name} (goal 1)", faster, faster > 1))
    return all(met)


def network_options(arguments: list[str]) -> argparse.Namespace:
    """The options."""
    def some(known: tuple[str, ...]) -> Callable[[str], list[str]]:
        def split(text: str) -> list[str]:
            if wrong := [name for name in text.split(",") if name and name not in known]:
                raise argparse.ArgumentTypeError(f"unknown: {', '.join(wrong)} (there are: {', '.join(known)})")
            return [name for name in text.split(",") if name]
        return split

    parser = argparse.ArgumentParser(prog="scripts/bench network", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    delays = [str(delay) for delay in DELAYS]
    parser.add_argument("--delay", metavar="MS,...", type=lambda text: [int(part) for part in text.split(",")],
                        default=list(DELAYS), help=f"round trips in milliseconds (default {','.join(delays)})")
    parser.add_argument("--model", metavar="NAME,...", type=some(tuple(MODELS)), default=list(MODELS),
                        help="; ".join(f"{name}: {text}" for name, (text, _) in MODELS.items()) + " (default all)")
    parser.add_argument("--peers", metavar="NAME,...", type=some(tuple(PEERS)), default=list(PEERS),
                        help=f"the other programs: {', '.join(PEERS)} (default all)")
    parser.add_argument("--runs", metavar="N", type=int, default=3, help="rounds (default 3)")
    parser.add_argument("--limit", metavar="SECONDS", type=int, default=600,
                        help="a program that takes longer is stopped and not tried again in that cell (default 600)")
    parser.add_argument("--faults", action="store_true",
                        help=f"{CUT} %% of the requests lose their connection, {BUSY} %% are answered 503")
    return parser.parse_args(arguments)


def bench_network(folder: Path, options: argparse.Namespace) -> bool:
    """Every cell that was asked for."""
    models = {name: big_model(environment.cache(), *MODELS[name][1]) for name in options.model}
    data = fast_folder(4)
    met = True
    try:
        with Versitygw(data / "s3") as s3:
            s3.make_bucket("bench")
            with MLflow(folder / "mlflow", artifacts=data / "proxied", env=s3.client_env()) as mlflow:
                network = Network(options, folder, s3, mlflow)
                measure = network.faulty if options.faults else network.clean
                for delay in options.delay:
                    for name, model in models.items():
                        print(f"-- {name}: {MODELS[name][0]}; {delay} ms; {options.runs} rounds", flush=True)
                        met &= measure(f"{name}, {delay} ms", model, delay)
                network.summary()
    finally:
        shutil.rmtree(data)
    return met
