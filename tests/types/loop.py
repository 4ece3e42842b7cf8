"""A nightly job over several models: what failed is told in the end, and the others are not held up by it."""

import sys

import mlflow
import modelhook
from training import train


def promote(name: str) -> modelhook.Result:
    """One model."""
    with mlflow.start_run(), modelhook.promoting(
            name, handoff=f"{name}/handoff.json", options=["--policy", "staging"], check=False) as job:
        history = train(name)
        job.metrics = history
        job.samples = {"train": 800, "validation": 200}
        job.saved_model = f"{name}/saved_model"
    return job.result


def main(names: list[str]) -> int:
    """The worst status."""
    results: dict[str, modelhook.Result] = {}
    for name in names:
        try:
            results[name] = promote(name)
        except modelhook.CommandError as error:
            results[name] = error.result
    for name, result in results.items():
        rejected = [gate.name for gate in result.gate if gate.verdict == "rejected"]
        hint = result.error.hint if result.error else None
        print(name, result.outcome, result.url, rejected, hint, sum(step.ms for step in result.steps))
    return max((int(result.exit) for result in results.values() if not result.ok), default=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
