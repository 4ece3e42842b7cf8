"""What is served is proven at real model servers: each by what it tells, and by golden requests.

Triton, MLServer, KServe's Python server and MLflow's scoring server are the real programs, and so is the API server
that has the status of the InferenceService; KServe's controller is played by the test. Each loads the right model, goes
on with the old one, answers otherwise than at training, hangs, and says that it serves a version which it does not.
"""

from __future__ import annotations

import itertools
import json
import shutil
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
from conftest import SERVED, Ended
from golden_requests import golden
from kube_cluster import NAMESPACE, Kubernetes
from local_server import Answering
from model_servers import KServe, MLServer, ModelServer, Scoring, Triton
from promoting import MODEL, Site

NOT_SERVED = 80
RESTART = "import sys, urllib.request as r; r.build_opener(r.ProxyHandler({})).open(sys.argv[1], b'', timeout=200)"
INPUT = np.array([3.0], dtype="float32")


class Proofs:
    """Trainings of models that multiply by a number, and what becomes of each at one server."""

    def __init__(self, site: Site, scaled: Path, server: ModelServer, kind: str) -> None:
        self.site = site
        self.scaled = scaled
        self.folder = server.folder
        self.server = server
        self.kind = kind
        self.hours, self.folders = itertools.count(1), itertools.count(1)
        self.deploy: list[dict[str, Any]] = []
        self.served: dict[str, Any] = {"server": kind, "model": "fish", "golden": True}

    def model(self, number: int, recorded: int = 0) -> dict[str, Any]:
        """Keys of a handoff: golden requests were answered by a model of the number `recorded`, its own without."""
        folder = self.folder / f"saved-{next(self.folders)}"
        shutil.copytree(self.scaled / str(number), folder)
        golden.record(str(folder), [(INPUT, INPUT * np.float32(recorded or number))], MODEL)
        return {"saved_model": str(folder), "golden": golden.REQUESTS}

    def train(self, number: int, *, recorded: int = 0, deploy: bool = True, **served: Any) -> Path:
        """A training that is promoted, reloaded and proven."""
        settings = {**self.served, "url": self.server.url, "timeout": "3m", "request_timeout": "1m", **served}
        return self.site.train(next(self.hours), **self.model(number, recorded), config={
            "deploy": self.deploy if deploy else [], "served": settings})

    def good(self, case: str, number: int, **keys: Any) -> None:
        """It is served."""
        self.row(case, self.site.run(self.train(number, **keys)), 0, "")

    def bad(self, case: str, number: int, said: str, **keys: Any) -> None:
        """It is not: the last thing that was seen. One round is enough, on however slow a machine."""
        quick = {"timeout": "1s", "rounds": 1, **keys}
        self.row(case, self.site.run(self.train(number, **quick)), NOT_SERVED, said)

    def row(self, case: str, ended: Ended, status: int, said: str) -> None:
        """Into the table."""
        steps = [step["did"] for step in ended.result["steps"] if step["name"] == "served"]
        SERVED.add(f"{self.kind} (proof)", case, ended, "-", (ended.errors or steps)[-1])
        assert ended.status == status, ended.stderr
        assert not said or ended.errors[0].partition(" s: ")[2] == said.format(url=self.server.url)


def test_triton_names_the_version_that_answered(site: Site, scaled: Path, tmp_path: Path) -> None:
    with Triton(tmp_path / "triton") as server:
        proofs = Proofs(site, scaled, server, "triton")
        proofs.deploy = [{"triton": {"url": server.url, "model": "fish", "repository": str(server.repository)},
                          "timeout": "4m"}]
        server.configure("fish")
        proofs.good("good", 1)
        proofs.bad("still old", 2, "{url}: version 2 is not there, ready: 1", deploy=False)
        proofs.bad("wrong answers", 5, 'golden: request 1 at {url}: output "y"[0]: 15, recorded 9', recorded=3)
        with server.hung():
            proofs.bad("hung", 4, "{url}: no answer within 1.0 s", deploy=False, request_timeout="1s")

        # versions with the same weights: what answers is told by the answer alone
        server.configure("fish", "version_policy: { all {} }\n")
        for number in (5, 6):
            shutil.copytree(server.repository / "fish/3", server.repository / f"fish/{number}")
        assert server.ask("POST", "/v2/repository/models/fish/load").status_code == 200
        proofs.bad("lying: a larger number answers", 5, "{url}: version 5 is ready, and so is version 6, which answers "
                   "requests that name none", deploy=False)
        proofs.bad("lying: the path leads to another", 5,
                   "golden: request 1 at {url}: answered by version 3, expected 6", deploy=False,
                   golden={"path": "/v2/models/fish/versions/3/infer"})


def test_mlserver_is_proven_by_its_answers_alone(site: Site, scaled: Path, tmp_path: Path) -> None:
    with MLServer(tmp_path / "mlserver") as server:
        proofs = Proofs(site, scaled, server, "mlserver")
        proofs.deploy = [{"mlserver": {"url": server.url, "model": "fish", "repository": str(server.repository)},
                          "timeout": "4m"}]
        proofs.good("good", 1)
        proofs.bad("still old", 2, "{url}: answered by version 1, expected 2", deploy=False)

        settings = server.repository / "fish/model-settings.json"
        kept = json.loads(settings.read_text())
        settings.write_text(json.dumps({**kept, "parameters": {**kept["parameters"], "version": "3"}}))
        (item,) = server.index()
        assert (item["version"], item["state"]) == ("3", "READY")  # what lies on its disk
        proofs.bad("lying: its index says 3, READY", 1, "{url}: answered by version 1, expected 3", deploy=False)
        settings.write_text(json.dumps(kept))

        proofs.bad("wrong answers", 5, 'golden: request 1 at {url}: output "y"[0]: 15, recorded 12', recorded=4)
        with server.hung():
            proofs.bad("hung", 5, "{url}: no answer within 1.0 s", deploy=False, request_timeout="1s")


def restarting(server: Scoring, published: Path) -> type[BaseHTTPRequestHandler]:
    """What a deploy command calls: the server is started again on what was published last."""

    class Restart(BaseHTTPRequestHandler):
        """Any POST."""

        def do_POST(self) -> None:
            """Answered when it is up."""
            server.stop()
            numbers = [int(path.name) for path in published.iterdir() if path.name.isdigit()]
            server.model = published / str(max(numbers))
            server.start()
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing on stderr."""

    return Restart


def test_mlflow_says_nothing_and_its_answers_tell(site: Site, scaled: Path, tmp_path: Path) -> None:
    published = tmp_path / "published"
    server = Scoring(tmp_path / "mlflow")
    proofs = Proofs(site, scaled, server, "mlflow")
    publish = {"directory": {"path": str(published), "files": "model"}, "timeout": "4m"}
    published.mkdir()
    assert site.run(site.train(0, config={"deploy": [publish]}, **proofs.model(1))).status == 0
    server.model = published / "1"
    with server, Answering(restarting(server, published)) as restart:
        proofs.deploy = [publish, {"command": [sys.executable, "-c", RESTART, restart.url], "timeout": "4m"}]
        refused = site.run(proofs.train(1, golden=False))
        assert refused.status == 78
        assert ('a server of kind mlflow does not say which model it serves: "golden" is needed' in refused.errors[0])
        assert "hint: record golden requests at training: write_handoff(golden=" in refused.stderr
        said = refused.errors[0].rpartition("served: ")[2]
        SERVED.add("mlflow (proof)", "without golden requests", refused, "-", said)

        proofs.good("good", 2)
        version = server.ask("GET", "/version").text
        proofs.bad("still old", 3, 'golden: request 1 at {url}: output "y"[0]: 6, recorded 9', deploy=False)
        with server.hung():
            proofs.bad("hung", 4, "{url}: no answer within 1.0 s", deploy=False, request_timeout="1s")
        proofs.bad("wrong answers", 5, 'golden: request 1 at {url}: output "y"[0]: 15, recorded 12', recorded=4)
        assert server.ask("GET", "/version").text == version  # MLflow's own, whatever it serves


KSERVE = "apis/serving.kserve.io/v1beta1"
LOADED = {"transitionStatus": "UpToDate", "states": {"activeModelState": "Loaded"}}
FAILED = {"transitionStatus": "BlockedByFailedLoad", "states": {"activeModelState": "Loaded"},
          "lastFailureInfo": {"reason": "ModelLoadFailed", "message": "no such file", "location": "fish-1"}}


class InferenceService:
    """An object of KServe's in the cluster, whose controller is this class."""

    def __init__(self, cluster: Kubernetes) -> None:
        self.cluster = cluster
        self.name = "fish-served"
        cluster.define("serving.kserve.io", "v1beta1", "InferenceService", "inferenceservices")
        cluster.create(KSERVE, "inferenceservices", {
            "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": self.name},
            "spec": {"predictor": {"model": {"storageUri": "file:///models/0"}}}})

    def report(self, version: int, model: dict[str, Any] | None = None) -> None:
        """That this version was rolled out."""
        uri = {"spec": {"predictor": {"model": {"storageUri": f"file:///models/{version}"}}}}
        found = self.cluster.patch(KSERVE, "inferenceservices", self.name, uri)
        self.cluster.patch(KSERVE, "inferenceservices", self.name, {"status": {
            "observedGeneration": found["metadata"]["generation"], "modelStatus": model or LOADED,
            "conditions": [{"type": "Ready", "status": "True"}]}}, "/status")


def test_kserve_status_and_answers_tell_together(
        site: Site, scaled: Path, cluster: Kubernetes, tmp_path: Path) -> None:
    service = InferenceService(cluster)
    server = KServe(tmp_path / "kserve")
    server.model = scaled / "1"
    config = cluster.kubeconfig(tmp_path / "kubeconfig", token=cluster.admin)
    proofs = Proofs(site, scaled, server, "kserve")
    proofs.served |= {"golden": {"protocol": "v2"}, "inferenceservice": {
        "namespace": NAMESPACE, "kubeconfig": str(config), "name": service.name,
        "storage_uri": "file:///models/{version}"}}
    with server:
        service.report(1)
        proofs.good("good", 1)
        proofs.bad("still old", 2, "inferenceservice/fish-served: has the storageUri file:///models/1")
        service.report(3, FAILED)
        proofs.bad("crashing", 3, "inferenceservice/fish-served: is BlockedByFailedLoad: ModelLoadFailed: no such file "
                   "(fish-1)")
        service.report(4)
        proofs.bad("lying: UpToDate, and the old model", 4, 'golden: request 1 at {url}: output "y"[0]: 3, recorded 12')
        service.report(5)
        with server.hung():
            proofs.bad("hung", 5, "golden: request 1 at {url}: no answer within 1.0 s", request_timeout="1s")
    server.model = scaled / "5"
    with server:
        service.report(6)
        proofs.bad("wrong answers", 5, 'golden: request 1 at {url}: output "y"[0]: 15, recorded 6', recorded=2)
