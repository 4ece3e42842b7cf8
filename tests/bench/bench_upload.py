"""scripts/bench upload and large: one model into real stores, by the hook and by the programs that others use."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import environment
from measuring import HOOK, ROUNDS, Run, call, goal, handoff, median, new_run, row, timed, upload_step
from object_stores import Versitygw
from peers import Command, Site, aws_cli, big_model, curl, fast_folder, mlflow_client, rclone, s3_curl, s5cmd
from servers import MLflow


@dataclass
class Hook:
    """The hook's part of one round."""

    replay: Run  # check, upload, register, promote
    step: float  # seconds of the upload in it
    again: Run  # the same where everything is there already
    run: Run  # from the handoff on: inspect, pack, upload, register, promote


def hook_round(site: Site, model: Path, number: int) -> Hook:
    """Pack (not measured), replay, replay again; and a whole run."""
    package, result = site.package(model, 2 * number), site.folder / "result.json"
    replay = timed([HOOK, "replay", "--result", result, package], site.env())
    step = upload_step(result)
    again = timed([HOOK, "replay", package], site.env())
    site.clear()
    whole = timed([HOOK, "run", site.job(model, 2 * number + 1)], site.env())
    site.clear()
    shutil.rmtree(package.parent)
    return Hook(replay, step, again, whole)


def sent(site: Site, command: Command) -> Run:
    """Another program's upload."""
    took = timed(command, site.env())
    site.clear()
    return took


def s3_round(site: Site, model: Path) -> dict[str, Run]:
    """The peers on S3."""
    return {
        "curl -Z": sent(site, s3_curl(site, model, 8)),
        "s5cmd": sent(site, s5cmd(site, model)),
        "aws-cli": sent(site, aws_cli(site, model)),
        "rclone": sent(site, rclone(site, model)),
        "MLflow's client": sent(site, mlflow_client(site, model)),
    }


def proxy_round(site: Site, model: Path) -> dict[str, Run]:
    """The peers on the proxy."""
    there = f"{site.mlflow.url}/api/2.0/mlflow-artifacts/artifacts/curl"
    return {"curl -Z": sent(site, curl(site, model, there, 8)),
            "MLflow's client": sent(site, mlflow_client(site, model))}


def times_faster(hooks: list[Hook], peers: list[Run]) -> float:
    """A peer beside the upload step, which is what a peer does, round by round."""
    return statistics.median(peer.wall / hook.step for hook, peer in zip(hooks, peers, strict=True))


def rows(hooks: list[Hook], peers: dict[str, list[Run]], bound: float) -> bool:
    """Print the table and the goals."""
    replays = [hook.replay for hook in hooks]
    runs = [hook.run for hook in hooks]
    print(f"{'modelhook: its upload step':28} {statistics.median(hook.step for hook in hooks) * 1000:10.1f} ms")
    print(row("modelhook replay", replays), row("... with all there already", [hook.again for hook in hooks]),
          row("modelhook run", runs), *(row(name, measured) for name, measured in peers.items()), sep="\n")
    cpu = statistics.median(hook.replay.cpu - hook.again.cpu for hook in hooks)
    whole = statistics.median(hook.run.wall / hook.step for hook in hooks)
    over = 1 / times_faster(hooks, peers["curl -Z"])
    met = [goal(f"times the wall time of curl (goal {bound})", over, over <= bound)]
    for name in [name for name in peers if name != "curl -Z"]:
        faster = times_faster(hooks, peers[name])
        met.append(goal(f"times faster than {name} (goal 1)", faster, faster > 1))
    return all([
        *met,
        goal("CPU of the upload (goal 1.5 s)", cpu, cpu <= 1.5, " s"),
        goal("peak memory (goal 32 MiB)", median(runs + replays, "peak"), median(runs + replays, "peak") <= 32, " MiB"),
        goal("whole run, times the upload alone (goal 1.5)", whole, whole <= 1.5),
    ])


def measure(site: Site, model: Path, others: Callable[[Site, Path], dict[str, Run]], bound: float) -> bool:
    """All rounds of one site."""
    hooks: list[Hook] = []
    peers: dict[str, list[Run]] = {}
    for number in range(min(ROUNDS, 5)):
        hooks.append(hook_round(site, model, number))
        for name, took in others(site, model).items():
            peers.setdefault(name, []).append(took)
    return rows(hooks, peers, bound)


def bench_upload(folder: Path) -> bool:
    """1 GiB in 2 large and 200 small files, on S3 and on MLflow's proxy before a folder and before S3."""
    model, data = big_model(environment.cache(), 1024, 2, 200), fast_folder(4)
    met = True
    try:
        with Versitygw(data / "s3") as s3:
            s3.make_bucket("bench")
            for name, proxied, runs, others, bound in (
                ("S3", data / "proxied", "s3://bench/runs", s3_round, 1.3),
                ("proxy before a folder", data / "proxied", "mlflow-artifacts:/runs", proxy_round, 1.1),
                ("proxy before S3", "s3://bench/proxied", "mlflow-artifacts:/runs", proxy_round, 1.1),
            ):
                print(f"-- {name}; its data in {data}", flush=True)
                with MLflow(folder / name.replace(" ", "-"), artifacts=proxied, env=s3.client_env()) as mlflow:
                    made = call(mlflow, "experiments/create", {"name": name, "artifact_location": runs})
                    met &= measure(Site(folder, mlflow, s3, made["experiment_id"]), model, others, bound)
    finally:
        shutil.rmtree(data)
    return met


def bench_large(folder: Path) -> bool:
    """Peak memory of a whole run with a file of 5 GiB and 10,000 small ones, into S3."""
    model = big_model(folder, 5120, 1, 10_000)
    with Versitygw(folder / "s3", sidecar=True) as s3:
        artifacts = s3.make_bucket("bench") + "/runs"
        with MLflow(folder / "server", artifacts=artifacts, direct_artifacts=True, env=s3.client_env()) as mlflow:
            job = handoff(folder / "job", new_run(mlflow), 0, model="bench-large", saved_model=str(model))
            run = timed([HOOK, "run", job], mlflow.client_env() | s3.client_env())
    print(row("modelhook run", [run]))
    return goal("peak memory (goal 32 MiB)", run.peak, run.peak <= 32, " MiB")
