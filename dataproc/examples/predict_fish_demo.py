#!/usr/bin/env python3
"""Loads a model from the registry as an inference service does, and compares it with the live model.

    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 predict_fish_demo.py --live OUT/live.npz [--model-uri URI]

OUT/live.npz is what train_fish_demo.py saved: pictures, and what the model in memory answered. Prints the
versions of the registered model with their stages, then one line on the comparison; ends with 1 when the
answers differ in shape, type or by more than 1e-5.
"""

import argparse
import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
warnings.simplefilter("ignore", FutureWarning)  # MLflow's, that stages will go away one day

import mlflow.pyfunc  # noqa: E402
import numpy as np  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402

MODEL = "fish-classifier-efficientnet-b4"


def print_versions() -> None:
    """The registered model as the registry has it."""
    client = MlflowClient()
    for version in sorted(client.search_model_versions(f"name='{MODEL}'"), key=lambda each: int(each.version)):
        accuracy = version.tags.get("val_accuracy", "?")
        print(f"version {version.version}: stage {version.current_stage}, val_accuracy {accuracy}")
    for alias, number in sorted(client.get_registered_model(MODEL).aliases.items()):
        print(f"alias {alias}: version {number}")


def main() -> int:
    """One load and one prediction."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--live", type=Path, required=True)
    parser.add_argument("--model-uri", default=f"models:/{MODEL}/Production")
    options = parser.parse_args()
    print_versions()
    live = np.load(options.live)
    answer = np.asarray(mlflow.pyfunc.load_model(options.model_uri).predict(live["images"]))
    if answer.dtype != live["species"].dtype or answer.shape != live["species"].shape:
        print(f"{options.model_uri} answers {answer.dtype} {answer.shape}, "
              f"the live model {live['species'].dtype} {live['species'].shape}")
        return 1
    difference = float(np.abs(answer - live["species"]).max())
    print(f"{options.model_uri} answers {len(answer)} pictures, largest difference from the live model {difference:g}")
    return 0 if difference <= 1e-5 else 1


if __name__ == "__main__":
    sys.exit(main())
