"""Stands for train_fish_model_minimal.py on a cluster without Spark and TensorFlow: its command line, its last lines.

The SavedModel came along in its folder. --epochs 0 is a training that fails, and each further epoch takes a second.
"""

import argparse
import json
import os
import sys
import time
import urllib.request

import modelhook

MODEL = os.environ["FISH_MODEL"]


def new_run():
    """A run of MLflow."""
    body = json.dumps({"experiment_id": "0", "start_time": 1}).encode()
    request = urllib.request.Request(f"{os.environ['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/runs/create", body,
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["run"]["info"]["run_id"]


def main():
    """Trains nothing, hands over, promotes."""
    end = sys.argv.index("--")
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", required=True)
    parser.add_argument("--epochs", type=int, required=True)
    options = parser.parse_args(sys.argv[1:end])
    if options.epochs < 1:
        parser.error("no epochs")
    time.sleep(options.epochs - 1)
    with modelhook.promoting(MODEL, run_id=new_run(), options=sys.argv[end + 1:], check=False) as job:
        job.saved_model = os.environ["FISH_SAVED_MODEL"]
        job.metrics = {"val_accuracy": 0.9}
    modelhook.exit_with(job.result)


if __name__ == "__main__":
    main()
