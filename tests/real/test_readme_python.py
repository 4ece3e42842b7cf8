"""The Python of the README, run as it stands with real TensorFlow, MLflow's client and a real MLflow server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import environment
import pytest
from conftest import Hook
from servers import MLflow
from training import Registry

README = environment.ROOT / "README.md"
TRAINING = '''
import numpy, tensorflow
tensorflow.keras.utils.set_random_seed(1)
images = numpy.random.default_rng(1).random((40, 4), "float32")
labels = (images.sum(axis=1) > 2).astype("int32")
net = tensorflow.keras.Sequential([tensorflow.keras.Input((4,), name="image"), tensorflow.keras.layers.Dense(2)])
loss = tensorflow.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
net.compile("adam", loss, metrics=["accuracy"])
'''
GATES = '{"gates": [{"metric": "val_accuracy", "at_least": 0.0}]}'


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Each block of the README as a script, in the order of the README."""
    folder = tmp_path_factory.mktemp("readme")
    subprocess.run([sys.executable, environment.ROOT / "scripts/lib/readme-python.py", README, folder], check=True)
    return sorted(folder.iterdir())


class Site:
    """A directory with somebody's training, and a real server."""

    def __init__(self, hook: Hook, server: MLflow, folder: Path) -> None:
        self.hook, self.server, self.folder = hook, server, folder
        self.registry = Registry(server.url)
        (folder / "training.py").write_text(TRAINING)
        (folder / "modelhook.json").write_text(GATES)

    def run(self, script: Path | str, python: str = "tensorflow", **env: str) -> subprocess.CompletedProcess[str]:
        """The script in that environment."""
        more = {"PYTHONPATH": f"{self.folder}:{environment.ROOT / 'dataproc'}", "MODELHOOK_BIN": str(self.hook.binary),
                "MLFLOW_TRACKING_URI": self.server.url, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1",
                "MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet",
                "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1", **env}  # MLflow 2 takes no fraction there
        command = [environment.python(python), *([script] if isinstance(script, Path) else ["-c", script])]
        ended = subprocess.run(command, cwd=self.folder, env=self.hook.environment(**more), text=True,
                               capture_output=True)
        print(ended.stdout, ended.stderr, sep="\n")
        return ended

    def production(self, model: str) -> dict[str, object]:
        """The one version in Production."""
        (version,) = [each for each in self.registry.versions(model) if each["current_stage"] == "Production"]
        return version


@pytest.fixture
def site(hook: Hook, mlflow3: MLflow, tmp_path: Path) -> Site:
    return Site(hook, mlflow3, tmp_path)


@pytest.mark.parametrize(("number", "model"), [
    (1, "fish-classifier-efficientnet-b4"), (2, "fish-classifier-efficientnet-b4"),
    (3, "fish-classifier-efficientnet-b4"), (4, "fish-logged")])
def test_a_block_of_the_readme_promotes_and_leaves_a_finished_run(
    site: Site, scripts: list[Path], number: int, model: str
) -> None:
    assert [script.name for script in scripts] == [f"readme_{each}.py" for each in (1, 2, 3, 4)]
    ended = site.run(scripts[number - 1])
    assert ended.returncode == 0
    version = site.production(model)
    assert site.registry.run(str(version["run_id"]))["status"] == "FINISHED"
    assert f"modelhook: promoted {model} version {version['version']}: {site.server.url}/#/models/" in ended.stderr
    assert "warning" not in "".join(line for line in ended.stderr.splitlines() if line.startswith("modelhook: "))


@pytest.mark.parametrize(("number", "status"), [(1, 1), (2, 78)])
def test_a_scheduler_is_told_by_the_script_that_asks_for_it(
    site: Site, scripts: list[Path], number: int, status: int
) -> None:
    (site.folder / "modelhook.json").write_text('{"gates": [{"metric": 1}]}')
    ended = site.run(scripts[number - 1])
    assert (ended.returncode, "Traceback" in ended.stderr) == (status, status == 1)


SKLEARN = """
import mlflow, modelhook, numpy
from sklearn.linear_model import LinearRegression
numbers = numpy.array([[1.0], [2.0]])
fitted = LinearRegression().fit(numbers, [1.0, 2.0])
signature = mlflow.models.infer_signature(numbers, fitted.predict(numbers))
forms = {{"info": lambda info: info, "uri": lambda info: info.model_uri, "path": lambda info: "model"}}
for form, give in forms.items():
    with mlflow.start_run(), modelhook.promoting(f"{model}-{{form}}") as job:
        job.logged_model = give(mlflow.sklearn.log_model(fitted, {name}="model", signature=signature))
        job.metrics = {{"val_accuracy": 0.9}}
with mlflow.start_run(), modelhook.promoting("{model}-unsigned") as job:
    job.logged_model = mlflow.sklearn.log_model(fitted, {name}="model")
    job.metrics = {{"val_accuracy": 0.9}}
"""


@pytest.mark.parametrize("version", ["2", "3"])
def test_what_log_model_gave_is_promoted_by_clients_of_both_generations(
    request: pytest.FixtureRequest, hook: Hook, tmp_path: Path, version: str
) -> None:
    site = Site(hook, request.getfixturevalue(f"mlflow{version}"), tmp_path)
    model = f"regression-{version}"
    name = "name" if version == "3" else "artifact_path"
    ended = site.run(SKLEARN.format(model=model, name=name), f"mlflow{version}")
    assert ended.returncode == 0
    for form in ("info", "uri", "path", "unsigned"):
        assert site.production(f"{model}-{form}")["tags"]["framework"] == "sklearn"  # type: ignore[index]
    warnings = [line for line in ended.stderr.splitlines() if line.startswith("modelhook: warning: ")]
    assert [warning.partition(" without a signature: ")[0] for warning in warnings] == [
        "modelhook: warning: the model was logged"]


EXITS = """
import mlflow, modelhook
for status in (0, 99, 75):
    try:
        with mlflow.start_run() as run:
            modelhook.exit_with(modelhook.Result(exit=status))
    except SystemExit as left:
        print("ended", run.info.run_id, left.code, flush=True)
"""


@pytest.mark.parametrize("version", ["2", "3"])
def test_exit_with_in_a_real_run_ends_it_as_the_promotion_ended(
    request: pytest.FixtureRequest, hook: Hook, tmp_path: Path, version: str
) -> None:
    site = Site(hook, request.getfixturevalue(f"mlflow{version}"), tmp_path)
    ended = site.run(EXITS, f"mlflow{version}")
    rows = [line.split()[1:] for line in ended.stdout.splitlines() if line.startswith("ended ")]
    assert [(site.registry.run(run)["status"], code) for run, code in rows] == [
        ("FINISHED", "0"), ("FINISHED", "0"), ("FAILED", "75")]
