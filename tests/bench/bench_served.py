"""Promotions with a reload of the example API under constant load: what clients see of them."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from example_api import ExampleApi, numbered_models, photo
from load import Load, Sample
from measuring import HOOK, goal, handoff, new_run
from servers import MLflow

MODEL = "bench-served"
PROMOTIONS = 20
CLIENTS, EVERY = 4, 0.05  # each sends a photo so often: 80 a second in all


class Promoted:
    """One promotion: when it was called and had ended, and how long it took to be served after it was Production."""

    def __init__(self, api: ExampleApi, job: Path, env: dict[str, str]) -> None:
        (job.parent / "modelhook.json").write_text(json.dumps(api.settings()))
        self.began = time.monotonic()
        ended = subprocess.run([HOOK, "run", "--quiet", job], env={**os.environ, **env}, stdout=subprocess.PIPE,
                               text=True)
        self.ended = time.monotonic()
        result = json.loads(ended.stdout.splitlines()[-1])
        if ended.returncode != 0:
            sys.exit(f"promotion ended with {ended.returncode}: {result['error']}")
        self.version = int(result["version"])
        self.served_ms = result["served"]["after_ms"]


def withdrawn(samples: list[Sample], promotions: list[Promoted]) -> int:
    """How many requests that began after a promotion had ended were answered by an older version."""
    return sum(any(sample.began > one.ended and int(sample.version) < one.version for one in promotions)
               for sample in samples if sample.status == 200)


def percentiles(name: str, samples: list[Sample]) -> str:
    """A line of the table."""
    took = sorted((sample.ended - sample.began) * 1000 for sample in samples)
    p50, p95 = took[len(took) // 2], took[len(took) * 95 // 100]
    return f"{name:28} {len(took):7} requests, p50 {p50:7.1f} ms, p95 {p95:7.1f} ms, longest {took[-1]:8.1f} ms"


def is_during(sample: Sample, promotions: list[Promoted]) -> bool:
    """Whether the request began while a promotion went on."""
    return any(one.began <= sample.began <= one.ended for one in promotions)


def bench_served(folder: Path) -> bool:
    """20 promotions, each with a version of its own, one after the other."""
    models = numbered_models(folder / "models", PROMOTIONS + 1)
    with MLflow(folder / "server") as server:
        env = server.client_env()

        def job(number: int) -> Path:
            return handoff(folder / f"job{number}", new_run(server), number, model=MODEL,
                           saved_model=str(models / str(number)))

        with ExampleApi(folder / "api", "--model", MODEL, env=env) as api:
            Promoted(api, job(1), env)
            with Load(f"{api.url}/predict", photo(), CLIENTS, EVERY) as load:
                load.wait_for_more(100)
                promotions = [Promoted(api, job(number), env) for number in range(2, PROMOTIONS + 2)]
                load.wait_for_more(100)
    answered = [sample for sample in load.samples if sample.status == 200]
    reloading = [sample for sample in answered if is_during(sample, promotions)]
    quiet = [sample for sample in answered if not is_during(sample, promotions)]
    old, lost = withdrawn(load.samples, promotions), len(load.lost)
    print(percentiles("between promotions", quiet), percentiles("during promotions", reloading), sep="\n")
    print(f"  from Production to served: median {statistics.median(one.served_ms for one in promotions) / 1000:.2f} s, "
          f"longest {max(one.served_ms for one in promotions) / 1000:.2f} s")
    for sample in load.lost[:5]:
        print(f"  lost: HTTP {sample.status} {sample.error} {sample.body[:200]!r}")
    return all([
        goal(f"requests lost, of {len(load.samples)} (goal 0)", lost, lost == 0),
        goal("answers of a model that was withdrawn (goal 0)", old, old == 0),
        goal(f"versions that answered, of {PROMOTIONS + 1}", len({sample.version for sample in answered}),
             len({sample.version for sample in answered}) == PROMOTIONS + 1),
    ])
