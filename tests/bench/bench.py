"""The benchmarks of scripts/bench: whole processes, timed from outside, beside their peers on the same work."""

from __future__ import annotations

import json
import os
import random
import signal
import statistics
import string
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import environment
import seeding
import tiny_model
from bench_network import bench_network, network_options
from bench_promote import bench_promote, server_cpu
from bench_served import bench_served
from bench_upload import bench_large, bench_upload
from measuring import HOOK, ROUNDS, goal, handoff, median, new_run, ratio, row, timed
from servers import MLflow


def bench_startup(_folder: Path) -> bool:
    """--version, from start to end of the process."""
    runs = [timed([HOOK, "--version"]) for _ in range(20 * ROUNDS)]
    print(row("modelhook --version", runs))
    wall = median(runs, "wall") * 1000
    return goal("start-up (goal 5 ms)", wall, wall < 5, " ms")


def bench_inspect(_folder: Path) -> bool:
    """Every check of a 1 GiB SavedModel, beside hashing its bytes; the page cache is warm for both."""
    model = environment.models(1024) / "big-1024/saved_model"
    files = [path for path in sorted(model.rglob("*")) if path.is_file()]
    openssl = "/usr/bin/openssl"
    hooks, peers = [], []
    for number in range(ROUNDS + 1):
        hook, peer = timed([HOOK, "inspect", "--quiet", model]), timed([openssl, "sha256", *files])
        if number > 0:
            hooks.append(hook)
            peers.append(peer)
    print(row("modelhook inspect", hooks), row("openssl sha256", peers), sep="\n")
    slower = ratio(hooks, peers, "wall")
    return goal("times the wall time of openssl (goal 1.5)", slower, slower <= 1.5)


def vocabulary(path: Path, lines: int) -> None:
    """A text of words that come again."""
    words = random.Random(7)
    known = ["".join(words.choices(string.ascii_lowercase, k=words.randint(3, 10))) for _ in range(20_000)]
    with path.open("w") as file:
        for _ in range(lines // 10_000):
            file.write("\n".join(words.choices(known, k=10_000)) + "\n")


def bench_pack(folder: Path) -> bool:
    """A model with a vocabulary of 370 MiB, on all processors and on one; the peer only packs."""
    model = folder / "saved_model"
    tiny_model.write(model)
    (model / "assets.extra").mkdir(exist_ok=True)
    vocabulary(model / "assets.extra/vocabulary.txt", 52_000_000)
    job = handoff(folder / "job", 32 * "0", 0, model="bench", saved_model=str(model))
    pack = [HOOK, "pack", "-o", folder, job]
    hooks, alone, peers = [], [], []
    for _ in range(min(ROUNDS, 5)):
        hooks.append(timed(pack))
        alone.append(timed(["taskset", "-c", "0", *pack]))
        peers.append(timed(["tar", "-C", folder, "-I", "gzip -1", "-cf", folder / "peer.tar.gz", "saved_model"]))
    print(row("modelhook pack", hooks), row("... on one processor", alone), row("tar, gzip -1", peers), sep="\n")
    package, = folder.glob("bench-*.tar.gz")
    size = package.stat().st_size / (folder / "peer.tar.gz").stat().st_size
    faster, cores = ratio(peers, hooks, "wall"), len(os.sched_getaffinity(0))
    gained = ratio(alone, hooks, "wall")
    return all([
        goal("times faster than tar and gzip (goal 1)", faster, faster > 1),
        goal(f"times faster than on one of {cores} processors (goal {0.8 * min(cores, 4):.1f})", gained,
             gained >= 0.8 * min(cores, 4)),
        goal("times the size of gzip's (goal 1.02)", size, size <= 1.02),
    ])


def bench_memory(folder: Path) -> bool:
    """Peak memory of a whole run: inspect, pack, upload, read back, register, promote."""
    met = True
    with MLflow(folder / "server") as server:
        for number, size in enumerate((10, 2048)):
            model = environment.models(size) / f"big-{size}/saved_model"
            job = handoff(folder / f"job{number}", new_run(server), number, model="bench", saved_model=str(model))
            run = timed([HOOK, "run", job], server.client_env())
            print(row(f"modelhook run, {size} MiB", [run]))
            met &= goal("peak memory (goal 16 MiB)", run.peak, run.peak <= 16, " MiB")
    return met


def bench_status(folder: Path) -> bool:
    """Everything that is wrong among 500 models of 20 versions, as the hook leaves them, 15 tags a version."""
    plan = seeding.models(500, 20)
    hooks, servers = [], []
    with MLflow(folder / "server", workers=2) as server:
        seeding.into_sqlite(plan, folder / "server/mlflow.db")
        env = {**os.environ, **server.client_env()}
        run = subprocess.run([HOOK, "status", "--json"], env=env, stdout=subprocess.PIPE, check=True)
        told = json.loads(run.stdout)
        for _ in range(min(ROUNDS, 5)):
            before = server_cpu(server)
            hooks.append(timed([HOOK, "status"], server.client_env()))
            servers.append(server_cpu(server) - before)
    found = {(model["model"], anomaly["kind"]) for model in told["models"] for anomaly in model["anomalies"]}
    right = seeding.expected(plan)
    print(row("modelhook status", hooks))
    print(f"  the server's own CPU for it: {statistics.median(servers):.2f} s")
    return all([
        goal(f"anomalies missed, of {len(right)}", len(right - found), right <= found),
        goal("false anomalies", len(found - right), found <= right),
        goal("wall time (goal 3 s)", median(hooks, "wall"), median(hooks, "wall") < 3, " s"),
        goal("peak memory (goal 20 MiB)", median(hooks, "peak"), median(hooks, "peak") <= 20, " MiB"),
    ])


BENCHES: dict[str, Callable[[Path], bool]] = {
    "promote": bench_promote,
    "startup": bench_startup,
    "inspect": bench_inspect,
    "pack": bench_pack,
    "memory": bench_memory,
    "status": bench_status,
    "served": bench_served,
    "upload": bench_upload,
    "large": bench_large,
}


def chosen(arguments: list[str]) -> dict[str, Callable[[Path], bool]]:
    """The named benchmarks, or all but network, which takes options and up to a day."""
    if arguments[:1] == ["network"]:
        options = network_options(arguments[1:])
        return {"network": lambda folder: bench_network(folder, options)}
    if unknown := set(arguments) - set(BENCHES):
        known = ", ".join([*BENCHES, "network"])
        sys.exit(f"no such benchmark: {', '.join(sorted(unknown))} (there are: {known})")
    return {name: BENCHES[name] for name in arguments or BENCHES}


def main() -> int:
    """Run them."""
    # as an exception, so that the servers' data, gibibytes in memory, goes
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    missed = []
    for name, bench in chosen(sys.argv[1:]).items():
        print(f"== {name} ({ROUNDS} rounds, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f})", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            if not bench(Path(folder)):
                missed.append(name)
    print(f"bench: goals missed in {', '.join(missed)}" if missed else "bench: every goal met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
