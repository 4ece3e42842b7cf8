"""The manifests of the example API in a real Kubernetes API: every field is one, the Role allows what it has to."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Hook
from environment import ROOT
from kube_cluster import APPS, NAMESPACE, NODE, RBAC, Kubernetes, until
from promoting import Site

EXAMPLES = ROOT / "dataproc/examples"
PLACES = {
    "ServiceAccount": ("api/v1", "serviceaccounts"), "Service": ("api/v1", "services"),
    "Deployment": (APPS, "deployments"), "PodDisruptionBudget": ("apis/policy/v1", "poddisruptionbudgets"),
    "Role": (RBAC, "roles"), "RoleBinding": (RBAC, "rolebindings"),
}
NAME = "fish-api"


def documents(name: str) -> list[dict[str, Any]]:
    """The objects of a manifest; their pods name the node, since nothing here schedules them."""
    found = list(yaml.safe_load_all((EXAMPLES / name).read_text()))
    for document in found:
        if document["kind"] == "Deployment":
            document["spec"]["template"]["spec"]["nodeName"] = NODE
    return found


def apply(cluster: Kubernetes, document: dict[str, Any]) -> dict[str, Any]:
    """As `kubectl apply --server-side --validate=strict`: a field that is unknown is an error."""
    assert document["metadata"]["namespace"] == NAMESPACE
    path = cluster.path(*PLACES[document["kind"]], document["metadata"]["name"])
    return cluster.request("PATCH", f"{path}?fieldManager=test&force=true&fieldValidation=Strict",
                           data=yaml.safe_dump(document), headers={"Content-Type": "application/apply-patch+yaml"})


@pytest.fixture(scope="module")
def applied(cluster: Kubernetes) -> Kubernetes:
    """The cluster, with the API in it and ready."""
    for document in documents("inference_api.yaml"):
        apply(cluster, document)
    until("the API is available",
          lambda: cluster.get(APPS, "deployments", NAME).get("status", {}).get("availableReplicas") == 2)
    return cluster


@pytest.fixture
def token(applied: Kubernetes) -> str:
    """A token of the service account that the manifest makes for modelhook."""
    path = applied.path("api/v1", "serviceaccounts", "modelhook")
    return applied.request("POST", f"{path}/token", json={"spec": {"expirationSeconds": 3600}})["status"]["token"]


def test_modelhook_restarts_it_with_the_role(applied: Kubernetes, token: str, site: Site, tmp_path: Path) -> None:
    kubeconfig = applied.kubeconfig(tmp_path / "kubeconfig", token=token)
    target = {"namespace": NAMESPACE, "deployment": NAME, "kubeconfig": str(kubeconfig)}
    before = {pod["metadata"]["name"] for pod in applied.pods(NAME)}
    ended = site.run(site.train(config={"deploy": [{"kubernetes": target, "timeout": "60s"}]}))
    assert ended.status == 0, ended.stderr
    assert applied.restarted_at("deployments", NAME) is not None
    assert before.isdisjoint(pod["metadata"]["name"] for pod in applied.pods(NAME))


@pytest.mark.parametrize(("method", "where"), [
    ("GET", (APPS, "deployments")), ("GET", (APPS, "deployments", "another")),
    ("PATCH", (APPS, "deployments", "another")), ("DELETE", (APPS, "deployments", NAME)),
    ("GET", ("api/v1", "secrets", "fish-api-webhook")), ("GET", ("api/v1", "pods", "any")),
    ("DELETE", ("api/v1", "pods", "any")), ("GET", ("api/v1", "pods", "any/proxy")), ("POST", ("api/v1", "pods")),
    ("GET", (RBAC, "roles")),
], ids=str)
def test_the_role_allows_nothing_else(
        applied: Kubernetes, token: str, method: str, where: tuple[str, ...]) -> None:
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    asked = applied.send(method, applied.path(*where), token, json={}, headers={"Content-Type": kind})
    assert asked.status_code == 403, asked.text


def test_the_services_lead_to_the_port_of_its_pods(applied: Kubernetes) -> None:
    template = applied.get(APPS, "deployments", NAME)["spec"]["template"]
    (port,) = template["spec"]["containers"][0]["ports"]
    services = [applied.get("api/v1", "services", name)["spec"] for name in (NAME, f"{NAME}-headless")]
    for service in services:
        assert service["selector"].items() <= template["metadata"]["labels"].items()
        assert [one["targetPort"] for one in service["ports"]] == [port["name"]]
    assert [service["clusterIP"] == "None" for service in services] == [False, True]


def test_its_settings_name_what_is_in_it(site: Site) -> None:
    comment = (EXAMPLES / "inference_api.yaml").read_text().partition("\napiVersion:")[0]
    settings = json.loads(re.sub("^# ", "", comment.partition("#\n#   {")[2].partition("}\n#\n")[0].join("{}"),
                                 flags=re.MULTILINE))
    workload = settings["deploy"][0]["kubernetes"]
    replicas = settings["served"]["replicas"]
    assert replicas["kubernetes"] == workload == {"namespace": NAMESPACE, "deployment": NAME}
    (headless,) = [one for one in documents("inference_api.yaml")
                   if one["kind"] == "Service" and one["spec"].get("clusterIP") == "None"]
    assert replicas["dns"] == f"{headless['metadata']['name']}.{NAMESPACE}"
    assert replicas["port"] == headless["spec"]["ports"][0]["port"]
    ended = site.run(site.train(config=settings), "--plan")
    assert ended.status == 0, ended.stderr
    assert f"would restart deployment/{NAME} in {NAMESPACE}" in ended.stderr


@pytest.mark.parametrize("manifest", ["inference_api.yaml", "inference_api_watch.yaml"])
def test_its_probes_and_arguments_are_those_of_the_program(hook: Hook, manifest: str) -> None:
    (deployment,) = [one for one in documents(manifest) if one["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    (api,) = pod["containers"]
    source = (EXAMPLES / "inference_api.py").read_text()
    assert {api[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")} <= set(
        re.findall(r'@app\.get\("([^"]+)"\)', source))
    flags = set(re.findall(r'add_argument\("(--[a-z-]+)"', source))
    assert {argument for argument in api["args"] if argument.startswith("--")} <= flags
    assert str(api["ports"][0]["containerPort"]) == api["args"][api["args"].index("--port") + 1]
    for watch in pod.get("initContainers", []):
        known = {option["flag"] for option in json.loads(hook("help", "watch", "--json").stdout)["options"]}
        assert watch["command"][:2] == ["modelhook", "watch"]
        assert {argument for argument in watch["args"] if argument.startswith("--")} <= known


def test_with_a_sidecar_it_is_the_same_deployment(applied: Kubernetes) -> None:
    (deployment,) = documents("inference_api_watch.yaml")
    apply(applied, deployment)
    until("the API with its sidecar is available", lambda: is_rolled_out(applied))


def is_rolled_out(cluster: Kubernetes) -> bool:
    """Whether all pods are of the last template, and ready."""
    found = cluster.get(APPS, "deployments", NAME)
    status = found["status"]
    return (status["observedGeneration"] == found["metadata"]["generation"] and status.get("updatedReplicas") == 2
            and status.get("availableReplicas") == 2 and status["replicas"] == 2)
