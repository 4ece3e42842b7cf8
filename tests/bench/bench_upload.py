"""scripts/bench upload and large: one model into real stores, by the hook and by the programs that others use."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import environment
from measuring import HOOK, ROUNDS, Run, call, goal, handoff, median, new_run, row, timed
from object_stores import Versitygw
from servers import MLflow

LOG_ARTIFACTS = """
import sys
from mlflow.tracking import MlflowClient
MlflowClient().log_artifacts(sys.argv[1], sys.argv[2], "model")
"""


def big_model(folder: Path, mebibytes: int, shards: int, small: int) -> Path:
    """The SavedModel of that size, made when missing in that folder."""
    out = folder / f"big-{mebibytes}-{shards}-{small}"
    subprocess.run([environment.python("bench"), environment.ROOT / "tests/models/big_model.py", out,
                    *map(str, (mebibytes, shards, small))], check=True)
    return out / "saved_model"


def fast_folder(gibibytes: int) -> Path:
    """A folder for a server's data: in memory where there is room for so much, else on the disk."""
    memory = Path("/dev/shm")
    free = shutil.disk_usage(memory).free >> 30 if memory.is_dir() else 0
    return Path(tempfile.mkdtemp(dir=memory if free > gibibytes else None, prefix="modelhook-bench-"))


@dataclass
class Site:
    """Where the models go: an MLflow server, one of its experiments, and the S3 that is there too."""

    folder: Path
    mlflow: MLflow
    s3: Versitygw
    experiment: str

    def env(self) -> dict[str, str]:
        """The variables of every client."""
        return self.mlflow.client_env() | self.s3.client_env()

    def run(self) -> str:
        """A new run of the experiment."""
        return new_run(self.mlflow, self.experiment)

    def clear(self) -> None:
        """Nothing is left of what was uploaded: there is not room for two."""
        for path in [*self.s3.path.glob("bench/*"), *Path(self.mlflow.artifacts).glob("*")]:
            shutil.rmtree(path)


@dataclass
class Hook:
    """The hook's part of one round."""

    replay: Run  # check, upload, register, promote
    step: float  # seconds of the upload in it
    again: Run  # the same where everything is there already
    run: Run  # from the handoff on: inspect, pack, upload, register, promote


def upload_step(result: Path) -> float:
    """The seconds that the result says of its upload."""
    steps = {step["name"]: step["ms"] for step in json.loads(result.read_text())["steps"]}
    return steps["upload"] / 1000


def hook_round(site: Site, model: Path, number: int) -> Hook:
    """Pack (not measured), replay, replay again; and a whole run."""
    keys = {"model": f"bench-{site.experiment}", "saved_model": str(model)}
    job = site.folder / "job"
    first = handoff(job, site.run(), 2 * number, **keys)
    packed = subprocess.run([HOOK, "pack", "-o", job, first], stdout=subprocess.PIPE, text=True, check=True)
    package, result = packed.stdout.strip(), job / "result.json"
    replay = timed([HOOK, "replay", "--result", result, package], site.env())
    step = upload_step(result)
    again = timed([HOOK, "replay", package], site.env())
    site.clear()
    whole = timed([HOOK, "run", handoff(job, site.run(), 2 * number + 1, **keys)], site.env())
    site.clear()
    shutil.rmtree(job)
    return Hook(replay, step, again, whole)


def curl(site: Site, model: Path, url: str, *options: str) -> Run:
    """Every file by one PUT, eight at once, nothing hashed: what the wire and the server can do."""
    config = site.folder / "curl.config"
    files = [path for path in sorted(model.rglob("*")) if path.is_file()]
    config.write_text("".join(f'upload-file = "{path}"\nurl = "{url}/{path.relative_to(model)}"\noutput = "/dev/null"\n'
                              for path in files))
    took = timed(["curl", "-sS", "--fail", "-Z", "--parallel-max", "8", *options, "-K", config])
    site.clear()
    return took


def peer(site: Site, *command: str | Path) -> Run:
    """Another program's upload."""
    took = timed(list(command), site.env())
    site.clear()
    return took


def mlflow_client(site: Site, model: Path) -> Run:
    """MLflow's own client, with the run's artifact store."""
    return peer(site, environment.python("bench"), "-c", LOG_ARTIFACTS, site.run(), model)


def s3_round(site: Site, model: Path) -> dict[str, Run]:
    """The peers on S3."""
    programs, url = environment.venv("bench") / "bin", site.s3.url
    keys = ("--aws-sigv4", f"aws:amz:{site.s3.region}:s3", "--user", f"{site.s3.user}:{site.s3.secret}",
            "--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD")
    return {
        "curl -Z": curl(site, model, f"{url}/bench/curl", *keys),
        "s5cmd": peer(site, programs / "s5cmd", "--endpoint-url", url, "cp", f"{model}/", "s3://bench/s5cmd/"),
        "aws-cli": peer(site, programs / "aws", "s3", "cp", "--recursive", "--only-show-errors", "--endpoint-url", url,
                        model, "s3://bench/aws/"),
        "rclone": peer(site, programs / "rclone", "copy", "--s3-provider", "Other", "--s3-env-auth", "--s3-endpoint",
                       url, "--config", "/dev/null", model, ":s3:bench/rclone"),
        "MLflow's client": mlflow_client(site, model),
    }


def proxy_round(site: Site, model: Path) -> dict[str, Run]:
    """The peers on the proxy."""
    there = f"{site.mlflow.url}/api/2.0/mlflow-artifacts/artifacts/curl"
    return {"curl -Z": curl(site, model, there), "MLflow's client": mlflow_client(site, model)}


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
