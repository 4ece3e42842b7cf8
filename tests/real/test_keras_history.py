"""What Keras's own fit returns is taken for the metrics of a handoff."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import environment

CODE = """
import sys
sys.path.insert(0, sys.argv[1])
import keras, modelhook, numpy
network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="softmax")])
network.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
data = numpy.eye(2, dtype="float32"), numpy.arange(2)
slower = keras.callbacks.ReduceLROnPlateau()
history = network.fit(*data, epochs=3, validation_data=data, validation_freq=2, verbose=0, callbacks=[slower])
modelhook.write_handoff(sys.argv[2], run_id="0" * 32, model="fish", logged_model="model", metrics=history)
"""


def test_the_last_epoch_of_a_history_is_handed_over(tmp_path: Path) -> None:
    path = tmp_path / "handoff.json"
    subprocess.run([environment.python("tensorflow"), "-c", CODE, environment.ROOT / "dataproc", path], check=True)
    metrics = json.loads(path.read_text())["metrics"]
    assert set(metrics) == {"train_accuracy", "train_loss", "val_accuracy", "val_loss", "learning_rate"}
    assert metrics["train_accuracy"] in (0.0, 0.5, 1.0)
