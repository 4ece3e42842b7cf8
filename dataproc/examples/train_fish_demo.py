#!/usr/bin/env python3
"""Trains a small Keras network on fish photos and hands it to modelhook: plain TensorFlow, no cluster.

    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 train_fish_demo.py --photos DIR --out OUT --epochs 20

fish_pictures.py tells what the pictures are made of. train_fish_model_minimal.py is the same as a Spark job.

OUT/saved_model    the exported model
OUT/handoff.json   for `modelhook run OUT/handoff.json`
OUT/live.npz       `images` of the holdout and the `species` that the live model gave for them
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from fish_pictures import dataset, pictures_of
from fish_training import SEED, train_and_hand_over

PICTURES = 50  # of each photo


def main() -> int:
    """One training in one run of MLflow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="a folder of SPECIES.png, one to a species")
    parser.add_argument("--out", type=Path, required=True, help="made anew")
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    photos = sorted(options.photos.glob("*.png"))
    if len(photos) < 2:
        parser.error(f"{options.photos}: no photos of at least two species there")
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        parser.error("MLFLOW_TRACKING_URI is not set: which server shall the run be logged to?")

    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    data = dataset((str(path), pictures_of(str(path), path.read_bytes(), PICTURES, SEED)) for path in photos)
    _, network = train_and_hand_over(data, options.out, options.epochs, {"pictures": PICTURES})
    some = data.holdout()[0][::5]
    np.savez(options.out / "live.npz", images=some, species=network(some, training=False).numpy())
    return 0


if __name__ == "__main__":
    sys.exit(main())
