"""Real model servers on the loopback: NVIDIA's Triton, Seldon's MLServer, KServe's Python server, MLflow's own scoring
server, and a stand-in for TensorFlow Serving.

No package here has tensorflow_model_server, so tf_serving_stand_in.py loads with TensorFlow and obeys its documented
polling rules; it is named as a stand-in wherever it is used. The others are the real programs.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, ClassVar

import requests
from environment import python, venv
from local_server import LocalServer
from servers import descendants, reserve_port

HERE = Path(__file__).parent
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "MLFLOW_DISABLE_TELEMETRY": "true",
         "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet"}

# A Triton backend that loads a SavedModel with TensorFlow, as NVIDIA's own in C++ does, which the wheel lacks.
BACKEND = """
import os
import sys

sys.path.append(os.environ["PYTHONPATH"])  # which the backend's interpreter does not look at

import tensorflow as tf
import triton_python_backend_utils as utils


class TritonPythonModel:
    def initialize(self, args):
        folder = os.path.join(args["model_repository"], args["model_version"], "model.savedmodel")
        self.model = tf.saved_model.load(folder)
        self.function = self.model.signatures["serving_default"]

    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        inputs = {tensor.name(): tf.constant(tensor.as_numpy()) for tensor in request.inputs()}
        outputs = self.function(**inputs)
        return utils.InferenceResponse([utils.Tensor(name, value.numpy()) for name, value in outputs.items()])
"""
# What the owner of the Triton server writes; version_policy is added by who wants one.
TRITON_CONFIG = """
backend: "savedmodel"
max_batch_size: 0
input [{ name: "x" data_type: TYPE_FP32 dims: [-1] }]
output [{ name: "y" data_type: TYPE_FP32 dims: [-1] }]
"""


class ModelServer(LocalServer):
    """What they have in common: a repository, and requests without a proxy."""

    unwanted = ("MLFLOW_", "MODELHOOK_", "PYTHON", "LD_", "CUDA", "TF_")

    def __init__(self, folder: Path | str) -> None:
        super().__init__(folder)
        self.repository = self.folder / "repository"
        self.repository.mkdir(parents=True, exist_ok=True)
        self.session = requests.Session()
        self.session.trust_env = False

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """The answer to a request."""
        return self.session.request(method, self.url + path, timeout=120, **more)

    def is_up(self, path: str) -> bool:
        """Whether this path is answered with a 200."""
        with contextlib.suppress(requests.RequestException):
            return self.session.get(self.url + path, timeout=5).status_code == 200
        return False

    @contextlib.contextmanager
    def hung(self) -> Iterator[None]:
        """Within the block its port is open, and nothing answers."""
        family = descendants(self.pid)
        for pid in family:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in family:
                os.kill(pid, signal.SIGCONT)

    def infer(self, model: str, value: float) -> tuple[str, float]:
        """The version that answered a request which names none, and what it made of the value."""
        answer = self.ask("POST", f"/v2/models/{model}/infer", json={
            "inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [value]}]})
        assert answer.status_code == 200, answer.text
        return answer.json()["model_version"], answer.json()["outputs"][0]["data"][0]

    def index(self) -> list[dict[str, Any]]:
        """What the repository index says."""
        return self.ask("POST", "/v2/repository/index", json={}).json()


class Triton(ModelServer):
    """The tritonserver of the wheel nvidia-pytriton, in explicit mode, with a backend for SavedModels."""

    name: ClassVar[str] = "triton"

    def __init__(self, folder: Path | str) -> None:
        super().__init__(folder)
        self.packages = venv("triton") / "lib/python3.11/site-packages"
        self.server = self.packages / "pytriton/tritonserver"
        backends = self.folder / "backends"
        (backends / "savedmodel").mkdir(parents=True, exist_ok=True)
        (backends / "savedmodel/model.py").write_text(BACKEND)
        (backends / "python").mkdir(exist_ok=True)
        stub = self.server / "python_backend_stubs/3.11/triton_python_backend_stub"
        for path in [*(self.server / "backends/python").glob("*.*"), stub]:
            shutil.copy2(path, backends / "python")  # it follows no link out of its directory

    def command(self) -> list[str]:
        """Models are loaded when it is told to."""
        return [str(self.server / "bin/tritonserver"), f"--model-repository={self.repository}",
                "--model-control-mode=explicit", "--http-address=127.0.0.1", f"--http-port={self.port}",
                "--allow-grpc=false", "--allow-metrics=false", f"--backend-directory={self.folder}/backends",
                "--exit-timeout-secs=5", "--backend-config=python,stub-timeout-seconds=120"]

    def environment(self) -> dict[str, str]:
        """Its own libraries, and the packages of its environment for the backend's interpreter."""
        return {**QUIET, "LD_LIBRARY_PATH": str(self.packages / "nvidia_pytriton.libs"),
                "PYTHONPATH": str(self.packages)}

    def answers(self) -> bool:
        """Ready, be it without a model."""
        return self.is_up("/v2/health/ready")

    def configure(self, model: str, more: str = "") -> None:
        """What the owner writes before the first version comes."""
        (self.repository / model).mkdir(exist_ok=True)
        (self.repository / model / "config.pbtxt").write_text(f'name: "{model}"\n{TRITON_CONFIG}{more}')


class MLServer(ModelServer):
    """MLServer with its MLflow runtime."""

    name: ClassVar[str] = "mlserver"
    _grpc_lock: IO[bytes] | None = None

    def command(self) -> list[str]:
        """In one process, without metrics."""
        grpc, self._grpc_lock = reserve_port()
        settings = {"host": "127.0.0.1", "http_port": self.port, "grpc_port": grpc, "metrics_endpoint": None,
                    "parallel_workers": 0, "debug": False}
        (self.repository / "settings.json").write_text(json.dumps(settings))
        return [python("mlserver"), "-m", "mlserver.cli.main", "start", str(self.repository)]

    def environment(self) -> dict[str, str]:
        """Quiet."""
        return QUIET

    def answers(self) -> bool:
        """Live, be it without a model."""
        return self.is_up("/v2/health/live")

    def stop(self) -> None:
        """Both ports are free afterwards."""
        super().stop()
        if self._grpc_lock:
            self._grpc_lock.close()
            self._grpc_lock = None


class Scoring(ModelServer):
    """MLflow's scoring server: it loads one model at its start, and does not say which."""

    name: ClassVar[str] = "mlflow-scoring"
    model: Path  # a directory with an MLmodel; to be set before it starts

    def command(self) -> list[str]:
        """In the environment that has MLflow and TensorFlow."""
        return [python("mlserver"), "-m", "mlflow", "models", "serve", "--model-uri", str(self.model), "--env-manager",
                "local", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]

    def environment(self) -> dict[str, str]:
        """Quiet; its worker is a program of the environment."""
        return {**QUIET, "PATH": f"{venv('mlserver')}/bin:{os.environ['PATH']}"}

    def answers(self) -> bool:
        """It has loaded its model."""
        return self.is_up("/ping")


class KServe(ModelServer):
    """KServe's Python server: it loads one SavedModel at its start."""

    name: ClassVar[str] = "kserve"
    model: Path  # a SavedModel; to be set before it starts

    def command(self) -> list[str]:
        """The model is called fish."""
        return [python("kserve"), str(HERE / "kserve_server.py"), str(self.port), "fish", str(self.model)]

    def environment(self) -> dict[str, str]:
        """Quiet."""
        return QUIET

    def answers(self) -> bool:
        """It has loaded its model."""
        return self.is_up("/v2/models/fish/ready")


class TfServingStandIn(ModelServer):
    """A stand-in for TensorFlow Serving: it loads with TensorFlow and polls as documented."""

    name: ClassVar[str] = "tf-serving-stand-in"

    def command(self) -> list[str]:
        """It polls its base path, the repository's directory `fish`."""
        (self.repository / "fish").mkdir(exist_ok=True)
        return [python("tensorflow"), str(HERE / "tf_serving_stand_in.py"), str(self.port), "fish",
                str(self.repository / "fish")]

    def environment(self) -> dict[str, str]:
        """Quiet."""
        return QUIET

    def answers(self) -> bool:
        """Its port is open: a model need not be there."""
        with contextlib.suppress(requests.RequestException):
            return self.session.get(self.url + "/v1/models/fish", timeout=5).status_code in (200, 404)
        return False

    def status(self) -> dict[str, str]:
        """The state of each number that it knows."""
        answer = self.ask("GET", "/v1/models/fish").json()
        return {item["version"]: item["state"] for item in answer.get("model_version_status", [])}

    def predict(self, value: float) -> float:
        """What the version that is served makes of a value."""
        answer = self.ask("POST", "/v1/models/fish:predict", json={"instances": [value]})
        assert answer.status_code == 200, answer.text
        return answer.json()["predictions"][0]

