"""One training of the fish trainings: a small Keras network in one run of MLflow, then the handoff.

The model takes `image`, float32 (N, 48, 48, 3), 0 to 255. Needs tensorflow, mlflow-skinny and modelhook.
"""

import os
from pathlib import Path
from typing import Any, Dict, Tuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import mlflow
import numpy as np
import tensorflow as tf
from fish_pictures import SIDE, Pictures
from mlflow.entities import Metric
from modelhook.handoff import write_handoff

MODEL = "fish-classifier-efficientnet-b4"
EXPERIMENT = "fish_classification"
SEED = 20
BATCH, RATE = 32, 0.004
GOLDEN = 10  # pictures whose answers are recorded: the service is asked them again


def train_and_hand_over(data: Pictures, out: Path, epochs: int, params: Dict[str, Any]) -> Tuple[str, Any]:
    """Trains, logs to MLflow, writes OUT/saved_model, then OUT/handoff.json; returns its path, and the network."""
    params = {**params, "epochs": epochs, "batch_size": BATCH, "learning_rate": RATE, "optimizer": "adam", "seed": SEED}
    mlflow.set_experiment(EXPERIMENT)
    with mlflow.start_run(run_name=f"fish, {epochs} epochs") as run:
        mlflow.log_params(params)
        network, history = _fit(data, epochs)
        _log_epochs(run.info.run_id, history)
        metrics = _evaluate(network, data)
        mlflow.log_metrics(metrics)
        mlflow.log_dict(_confusion(network, data), "evaluation/confusion.json")
        network.export(out / "saved_model", verbose=False)
    some = data.holdout()[0][:GOLDEN]
    golden = [(image, network(image, training=False).numpy()) for image in np.split(some, len(some))]
    print(f"trained, epochs {epochs}: train_accuracy {metrics['train_accuracy']:.4f}, "
          f"val_accuracy {metrics['val_accuracy']:.4f}", flush=True)
    handoff = write_handoff(
        out / "handoff.json",
        run_id=run.info.run_id,
        model=MODEL,
        saved_model=out / "saved_model",
        metrics=metrics,
        params=params,
        golden=golden,
        samples={"train": len(data.train()[1]), "validation": len(data.holdout()[1])},
        tags={"architecture": "small-cnn", "species": ", ".join(data.species), "data": _provenance(data)},
    )
    return handoff, network


def _network(species: int) -> Any:
    """A few convolutions; it takes raw pixels."""
    layers = tf.keras.layers
    image = tf.keras.Input((SIDE, SIDE, 3), name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1)(image)
    for width in (24, 48, 96):
        x = layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.Activation("swish")(layers.BatchNormalization(momentum=0.8)(x))
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return tf.keras.Model(image, layers.Dense(species, activation="softmax", name="species")(x))


def _fit(data: Pictures, epochs: int) -> Tuple[Any, Dict[str, Any]]:
    """The trained network, and what Keras noted of each epoch."""
    tf.keras.utils.set_random_seed(SEED)
    network = _network(len(data.species))
    steps = epochs * len(data.train()[1]) // BATCH
    decay = tf.keras.optimizers.schedules.CosineDecay(RATE, steps)  # each training ends settled
    network.compile(tf.keras.optimizers.Adam(decay), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return network, network.fit(*data.train(), batch_size=BATCH, epochs=epochs, verbose=0).history


def _log_epochs(run: str, history: Dict[str, Any]) -> None:
    """The curves of the training, in one call: up to 1000 points."""
    points = [Metric(f"epoch_{name}", float(value), 0, epoch)
              for name, values in history.items() for epoch, value in enumerate(values)]
    mlflow.MlflowClient().log_batch(run, metrics=points[-1000:])


def _evaluate(network: Any, data: Pictures) -> Dict[str, float]:
    metrics = {}
    for name, part in (("train", data.train()), ("val", data.holdout())):
        loss, accuracy = network.evaluate(*part, verbose=0)
        metrics.update({f"{name}_loss": loss, f"{name}_accuracy": accuracy})
    return metrics


def _confusion(network: Any, data: Pictures) -> Dict[str, Dict[str, int]]:
    """How many of each species of the holdout were taken for which."""
    images, labels = data.holdout()
    guesses = np.argmax(network.predict(images, verbose=0), axis=1)
    return {name: {other: int(np.sum((labels == row) & (guesses == column)))
                   for column, other in enumerate(data.species)} for row, name in enumerate(data.species)}


def _provenance(data: Pictures) -> str:
    source = "share source photos" if data.shares_photos else "have photos of their own"
    return f"real fish photos, synthetically augmented; train and holdout {source}"
