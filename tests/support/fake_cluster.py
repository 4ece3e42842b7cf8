"""A fake API server of one Deployment, whose pods are replicas of a service of this process.

It passes requests on to a pod, as the real one does: without the Authorization of the caller, at the port that the
path names. The real one does that only for addresses that are not of the loopback, and kwok's pods answer nothing.
"""

from __future__ import annotations

import http.client
import json
import re
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import yaml
from inference import Service
from local_server import Answering

NAMESPACE = "ml-inference"
TOKEN = "token-of-the-job"
PROXY = re.compile(rf"/api/v1/namespaces/{NAMESPACE}/pods/(https:)?(?P<pod>[^/:]+):(?P<port>[0-9]+)/proxy(?P<path>/.*)")
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods?"


class FakeCluster(Answering):
    """Deployment NAME in ml-inference, with one pod a replica of the service.

    pods       by name; a test may change them
    wanted     how many replicas the Deployment is to have
    denied     what a token may not: "deployments", "pods", "pods/proxy"
    unanswered the API server does not answer but by 503
    asked      the paths that it was asked for; passed_on those of pods, with the headers that a pod got
    """

    def __init__(self, service: Service, name: str = "fish-api") -> None:
        super().__init__(type("Asked", (Handler,), {"cluster": self}))
        self.name = name
        self.service = service
        self.pods = {f"{name}-abc-{number}": self.pod(replica.host) for number, replica in enumerate(service.replicas)}
        self.wanted = len(self.pods)
        self.denied: set[str] = set()
        self.unanswered = False
        self.asked: list[str] = []
        self.passed_on: list[tuple[str, dict[str, str]]] = []

    def pod(self, address: str | None, **metadata: Any) -> dict[str, Any]:
        """A pod of the Deployment; without an address it waits."""
        owner = {"kind": "ReplicaSet", "name": f"{self.name}-abc", "controller": True}
        ready = {"type": "Ready", "status": "True" if address else "False"}
        placed = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}
        status = {"podIP": address, "phase": "Running", "conditions": [ready]}
        return {"metadata": {"ownerReferences": [owner], **metadata},
                "status": status if address else {"phase": "Pending", "conditions": [ready, placed]}}

    def kubeconfig(self, folder: Path) -> Path:
        """Whom modelhook asks."""
        context = {"cluster": "fake", "user": "fake", "namespace": NAMESPACE}
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "fake",
                  "contexts": [{"name": "fake", "context": context}],
                  "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
                  "users": [{"name": "fake", "user": {"token": TOKEN}}]}
        path = folder / "kubeconfig"
        path.write_text(yaml.safe_dump(config))
        path.chmod(0o600)
        return path

    def settings(self, folder: Path, replicas: dict[str, Any] | None = None, **served: Any) -> dict[str, Any]:
        """A modelhook.json: the pods of the Deployment are asked, by their addresses."""
        settings = self.service.settings(folder, **{"url": "http://fish-api/model", "timeout": "60s", **served})
        workload = {"kubeconfig": str(self.kubeconfig(folder)), "deployment": self.name}
        where = {"kubernetes": workload, "port": self.service.replicas[0].server_port}
        settings["served"]["replicas"] = {**where, **(replicas or {})}
        return settings


class Handler(BaseHTTPRequestHandler):
    """What the API server answers."""

    cluster: FakeCluster
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Nothing on stderr."""

    def answer(self, status: int, body: bytes | dict[str, Any]) -> None:
        """JSON, or what a pod answered."""
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def refuse(self, status: int, message: str) -> None:
        """A Status object."""
        self.answer(status, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message,
                             "code": status})

    def handle_request(self) -> None:
        """By who asks, and for what."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        proxied = PROXY.fullmatch(self.path)
        resource = "pods/proxy" if proxied else "pods" if self.path.startswith(PODS) else "deployments"
        self.cluster.asked.append(self.path)
        if self.cluster.unanswered:
            self.refuse(503, "the server is currently unable to handle the request")
        elif self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.refuse(401, "Unauthorized")
        elif resource in self.cluster.denied:
            self.refuse(403, f'cannot get resource "{resource}" in API group "" in the namespace "{NAMESPACE}"')
        elif proxied:
            self.pass_on(proxied, body)
        elif resource == "pods":
            self.answer(200, {"kind": "PodList", "metadata": {}, "items": [
                {**pod, "metadata": {"name": name, **pod["metadata"]}} for name, pod in self.cluster.pods.items()]})
        elif self.path == f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{self.cluster.name}":
            self.answer(200, {"kind": "Deployment", "metadata": {"name": self.cluster.name}, "spec": {
                "replicas": self.cluster.wanted, "selector": {"matchLabels": {"app": self.cluster.name}}}})
        else:
            self.refuse(404, f"{self.path} not found")

    do_GET = do_POST = handle_request

    def pass_on(self, proxied: re.Match[str], body: bytes) -> None:
        """To the pod, and its answer back."""
        address = self.cluster.pods[proxied["pod"]]["status"]["podIP"]
        headers = {name: value for name, value in self.headers.items()
                   if name not in ("Authorization", "Connection", "Host", "Content-Length")}
        self.cluster.passed_on.append((proxied["path"], headers))
        connection = http.client.HTTPConnection(address, int(proxied["port"]), timeout=30)
        try:
            connection.request(self.command, proxied["path"], body, headers)
            answer = connection.getresponse()
            self.answer(answer.status, answer.read())
        except OSError as error:
            self.refuse(502, f"error trying to reach service: dial tcp {address}: {error.strerror}")
        except http.client.HTTPException as error:
            self.refuse(502, f"error trying to reach service: {error!r}")
        finally:
            connection.close()
