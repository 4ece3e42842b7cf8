"""The training example whole: a Spark job, real photos, real TensorFlow; its two variants and the champion gate."""

from __future__ import annotations

import subprocess
from pathlib import Path

import environment
import pytest
from conftest import Hook
from servers import MLflow
from submitting import Ended, Spark
from training import Registry

EXAMPLES = environment.ROOT / "dataproc/examples"
MODEL = "fish-classifier-efficientnet-b4"
GATE = '{"gates": [{"metric": "val_accuracy", "not_below_champion_by": 0.02}]}'


@pytest.fixture(scope="module")
def photos() -> str:
    """Real photos of eight species."""
    script = environment.ROOT / "scripts/lib/fish-photos.sh"
    return subprocess.run([script], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def test_a_bad_training_is_held_and_good_ones_before_and_after_it_are_promoted(
    hook: Hook, mlflow3: MLflow, zipped: Path, photos: str, tmp_path: Path
) -> None:
    spark = Spark("spark35", tmp_path / "spark", python="tensorflow")
    registry = Registry(mlflow3.url)
    modules = [zipped, EXAMPLES / "fish_pictures.py", EXAMPLES / "fish_training.py"]
    (tmp_path / "modelhook.json").write_text(GATE, encoding="utf-8")

    def train(name: str, epochs: int) -> Ended:
        return spark.submit(
            "--master", "local[2]", "--py-files", ",".join(map(str, modules)),
            EXAMPLES / "train_fish_model_minimal.py", "--images", photos, "--epochs", str(epochs),
            "--out", tmp_path / name, "--", "--config", tmp_path / "modelhook.json",
            "--result", tmp_path / "result.json", **mlflow3.client_env())

    def told() -> tuple[int, str]:
        ended = hook("outcome", tmp_path / "result.json")
        return ended.status, ended.result["version"]

    assert (train("good", 60).status, told()) == (0, (0, "1"))
    assert (train("bad", 1).status, told()) == (0, (99, "2"))
    assert registry.stages(MODEL) == ["Production", "None"]
    assert (train("again", 60).status, told()) == (0, (0, "3"))
    assert registry.stages(MODEL) == ["Archived", "None", "Production"]

    good, bad, _ = registry.versions(MODEL)
    assert float(good["tags"]["val_accuracy"]) > 0.8
    assert float(bad["tags"]["val_accuracy"]) < 0.4
    assert good["tags"]["data"].endswith("train and holdout share source photos")
    run = registry.run(good["run_id"])
    assert {"epoch_loss", "epoch_accuracy", "train_accuracy", "val_accuracy"} <= run["metrics"].keys()
    assert "evaluation/confusion.json" in registry.artifacts(good["run_id"])
