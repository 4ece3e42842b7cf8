#!/usr/bin/env python3
"""Trains a small Keras network on fish photos and hands it to modelhook: plain TensorFlow, no cluster.

    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 train_fish_demo.py --photos DIR --out OUT --epochs 20

The data: real fish photos, synthetically augmented; train and holdout share source photos. There is one
photo to a species, so the accuracy is a demo number and says nothing about fish at sea.

OUT/saved_model    the exported model: input `image`, float32 (N, 48, 48, 3), 0 to 255
OUT/handoff.json   for `modelhook run OUT/handoff.json`
OUT/live.npz       `images` of the holdout and the `species` that the live model gave for them
"""

import argparse
import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import Any, List, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import mlflow
import numpy as np
import tensorflow as tf
from modelhook.handoff import write_handoff
from PIL import Image, ImageEnhance

MODEL = "fish-classifier-efficientnet-b4"
SIDE = 48
TRAIN, HOLDOUT = 40, 12  # pictures of each species
SEED = 20


def picture(photo: Image.Image, random: np.random.Generator) -> np.ndarray:
    """The fish turned, scaled, lit and placed anew, in water of a random colour."""
    if random.random() < 0.5:
        photo = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    photo = photo.rotate(random.uniform(-20, 20), resample=Image.Resampling.BILINEAR, expand=True)
    scale = random.uniform(0.75, 1.05) * SIDE / max(photo.size)
    photo = photo.resize([max(8, round(length * scale)) for length in photo.size], Image.Resampling.BILINEAR)
    photo = ImageEnhance.Brightness(photo).enhance(random.uniform(0.75, 1.25))
    photo = ImageEnhance.Color(photo).enhance(random.uniform(0.7, 1.3))
    water = random.normal(random.uniform(70, 140, 3), 10, (SIDE, SIDE, 3))
    scene = Image.fromarray(water.clip(0, 255).astype(np.uint8))
    scene.paste(photo, [int(random.integers(-4, 5) + (SIDE - length) // 2) for length in photo.size], photo)
    return np.asarray(scene, np.float32)


def pictures(photos: List[Path]) -> Tuple[np.ndarray, np.ndarray]:
    """All pictures of all species and their labels; each species has a seed of its own."""
    images, labels = [], []
    for label, path in enumerate(photos):
        random = np.random.default_rng(int(hashlib.sha256(path.stem.encode()).hexdigest()[:8], 16))
        with Image.open(path) as file:
            photo = file.convert("RGBA")
        images += [picture(photo, random) for _ in range(TRAIN + HOLDOUT)]
        labels += [label] * (TRAIN + HOLDOUT)
    return np.stack(images), np.array(labels)


def network(species: int) -> Any:
    """A few separable convolutions; it takes raw pixels."""
    layers = tf.keras.layers
    image = tf.keras.Input((SIDE, SIDE, 3), name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1)(image)
    for width in (24, 48, 96):
        x = layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.Activation("swish")(layers.BatchNormalization(momentum=0.8)(x))
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return tf.keras.Model(image, layers.Dense(species, activation="softmax", name="species")(x))


def train(photos: List[Path], epochs: int, out: Path) -> None:
    """Trains, logs to MLflow, exports, and writes the handoff last."""
    tf.keras.utils.set_random_seed(SEED)
    images, labels = pictures(photos)
    held_out = np.arange(len(labels)) % (TRAIN + HOLDOUT) >= TRAIN
    train_set, holdout = (images[~held_out], labels[~held_out]), (images[held_out], labels[held_out])
    params = {"epochs": epochs, "batch_size": 32, "learning_rate": 0.004, "optimizer": "adam", "seed": SEED}
    steps = epochs * len(train_set[1]) // params["batch_size"]

    mlflow.log_params({**params, "data": "real fish photos, synthetically augmented"})
    model = network(len(photos))
    decay = tf.keras.optimizers.schedules.CosineDecay(params["learning_rate"], steps)  # each training ends settled
    model.compile(tf.keras.optimizers.Adam(decay), loss="sparse_categorical_crossentropy",
                  metrics=["accuracy"])
    model.fit(*train_set, batch_size=params["batch_size"], epochs=epochs, verbose=0)
    metrics = {}
    for name, data in (("train", train_set), ("val", holdout)):
        loss, accuracy = model.evaluate(*data, verbose=0)
        metrics.update({f"{name}_loss": loss, f"{name}_accuracy": accuracy})
    mlflow.log_metrics(metrics)

    some = holdout[0][:: HOLDOUT // 2]
    np.savez(out / "live.npz", images=some, species=model(some, training=False).numpy())
    model.export(out / "saved_model", verbose=False)
    write_handoff(
        out / "handoff.json",
        run_id=mlflow.active_run().info.run_id,
        model=MODEL,
        saved_model=out / "saved_model",
        metrics=metrics,
        params=params,
        samples={"train": len(train_set[1]), "validation": len(holdout[1])},
        tags={
            "architecture": "small-cnn",
            "data": "real fish photos, synthetically augmented; train and holdout share source photos",
            "species": ", ".join(path.stem for path in photos),
        },
    )
    print(f"trained, epochs {epochs}: train_accuracy {metrics['train_accuracy']:.4f}, "
          f"val_accuracy {metrics['val_accuracy']:.4f}")


def main() -> int:
    """One training in one run of MLflow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="a folder of SPECIES.png, one to a species")
    parser.add_argument("--out", type=Path, required=True, help="made anew")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--experiment", default="fish_classification")
    options = parser.parse_args()
    photos = sorted(options.photos.glob("*.png"))
    if len(photos) < 2:
        parser.error(f"{options.photos}: no photos of at least two species there")
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        parser.error("MLFLOW_TRACKING_URI is not set: which server shall the run be logged to?")

    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    mlflow.set_experiment(options.experiment)
    with mlflow.start_run(run_name=f"fish demo, {options.epochs} epochs"):
        train(photos, options.epochs, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
