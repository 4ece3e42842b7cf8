"""Workloads are restarted in a real Kubernetes: what each case ends with, and says.

The registry is a fake; the API server, the controllers and RBAC are real, and kwok plays the kubelet.
"""

from __future__ import annotations

import itertools
import shutil
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import CASES, Ended, Hook
from kube_cluster import APPS, NAMESPACE, Kubernetes, until
from local_server import Answering
from promoting import Site

RESTART = "modelhook-1-restart"
PODS = "modelhook-2-pods"
PROXY = "modelhook-3-proxy"


NUMBERS = itertools.count(1)


def printed_role(hook: Hook, level: str, workload: str) -> dict[str, Any]:
    """A Role as "modelhook help deploy" prints it, for a workload of another name."""
    printed = [document for document in yaml.safe_load_all(hook("help", "deploy").stdout) if document]
    found = next(document for document in printed if document["metadata"]["name"] == level)
    for rule in found["rules"]:
        if "resourceNames" in rule:
            rule["resourceNames"] = [workload]
    found["metadata"]["name"] = f"{level}-{workload}"
    return found


class Running:
    """A call of modelhook that goes on meanwhile."""

    def __init__(self, hook: Hook, folder: Path, arguments: tuple[str | Path, ...], env: dict[str, str]) -> None:
        self.log = folder / "stderr"
        self._stderr = open(self.log, "w")  # noqa: SIM115 - as long as the process
        self.process = hook.start(*arguments, env=env, stderr=self._stderr)

    def says(self, part: str) -> bool:
        """Whether stderr has that so far."""
        return part in self.log.read_text()

    def end(self) -> Ended:
        """Its end."""
        stdout, _ = self.process.communicate(timeout=120)
        self._stderr.close()
        print(stdout, self.log.read_text())
        return Ended(self.process.returncode, stdout, self.log.read_text())


class Deployer:
    """A training that ends with a reload in the cluster, by a kubeconfig of its own."""

    def __init__(self, site: Site, cluster: Kubernetes, folder: Path, case: str) -> None:
        self.site = site
        self.cluster = cluster
        self.folder = folder
        self.case = case
        self.name = f"fish-api-{next(NUMBERS)}"  # of the workload, which no other test has
        self.env: dict[str, str] = {}

    def role(self, level: str, workload: str) -> dict[str, Any]:
        """A Role as "modelhook help deploy" prints it, for a workload of another name."""
        return printed_role(self.site.hook, level, workload)

    def token(self, level: str, workload: str = "") -> str:
        """A token of an account with that Role for the workload of this test, or another one."""
        return self.cluster.account(f"{self.name}-sa", self.role(level, workload or self.name))

    def configure(self, target: dict[str, Any], **user: Any) -> tuple[str | Path, ...]:
        """The arguments of the call."""
        user = user or {"token": self.cluster.admin}
        self.cluster.kubeconfig(self.folder / "kubeconfig", user.pop("cluster", None), **user)
        kind = next(iter(target))
        about = {"namespace": NAMESPACE, "kubeconfig": str(self.folder / "kubeconfig"), **target[kind]}
        return "run", self.site.train(config={"deploy": [{"timeout": "60s", **target, kind: about}]})

    def __call__(self, target: dict[str, Any], **user: Any) -> Ended:
        """Run it to its end; user: the keys of the user in the kubeconfig, and cluster=."""
        return self.note(self.site.hook(*self.configure(target, **user), env=self.env))

    def start(self, target: dict[str, Any], **user: Any) -> Running:
        """Start it."""
        return Running(self.site.hook, self.folder, self.configure(target, **user), self.env)

    def note(self, ended: Ended, also: str = "") -> Ended:
        """Into the table."""
        error = ended.result["error"]
        said = error["message"] if error else next(
            (step["did"] for step in ended.result["steps"] if " in ml-inference: " in step["did"]), "")
        CASES.add(self.case + also, ended.status, said)
        return ended


@pytest.fixture
def deploy(site: Site, cluster: Kubernetes, tmp_path: Path, request: pytest.FixtureRequest) -> Deployer:
    """A function that trains, promotes and reloads."""
    return Deployer(site, cluster, tmp_path, request.node.name.removeprefix("test_").replace("_", " "))




def error(ended: Ended) -> str:
    return ended.result["error"]["message"]


def did(ended: Ended, step: str = "kubernetes") -> str:
    return next(entry["did"] for entry in ended.result["steps"] if entry["name"] == step)


# ---- restart and wait


@pytest.mark.parametrize(("plural", "noun", "said"), [
    ("deployments", "deployment", "2 replicas updated"),
    ("statefulsets", "statefulset", "2 pods updated"),
    ("daemonsets", "daemonset", "1 pods updated"),
], ids=["deployment", "statefulset", "daemonset"])
def test_restart(deploy: Deployer, cluster: Kubernetes, plural: str, noun: str, said: str) -> None:
    cluster.workload(deploy.name, plural)
    before = {pod["metadata"]["uid"] for pod in cluster.pods(deploy.name)}
    ended = deploy({"kubernetes": {noun: deploy.name}})
    assert ended.status == 0, ended.stderr
    assert did(ended) == f"restarted {noun}/{deploy.name} in {NAMESPACE}: {said}"
    at = cluster.restarted_at(plural, deploy.name)
    assert at and at.endswith("Z") and len(at) == len("2026-11-29T10:00:00Z")
    pods = cluster.pods(deploy.name)
    assert before.isdisjoint(pod["metadata"]["uid"] for pod in pods)
    assert {pod["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] for pod in pods} == {at}


@pytest.mark.parametrize("manager", [None, "modelhook"], ids=["kubectl's", "named"])
def test_field_manager(deploy: Deployer, cluster: Kubernetes, manager: str | None) -> None:
    cluster.workload(deploy.name)
    ended = deploy({"kubernetes": {"deployment": deploy.name, **({"field_manager": manager} if manager else {})}})
    assert ended.status == 0
    managers = {entry["manager"] for entry in cluster.get(APPS, "deployments", deploy.name)["metadata"]["managedFields"]
                if "kubectl.kubernetes.io/restartedAt" in str(entry)}
    assert managers == {manager or "kubectl-rollout"}


def test_a_plan_restarts_nothing(deploy: Deployer, cluster: Kubernetes) -> None:
    cluster.workload(deploy.name)
    ended = deploy.site.hook(*deploy.configure({"kubernetes": {"deployment": deploy.name}}), "--plan")
    assert ended.status == 0
    assert f"would restart deployment/{deploy.name} in {NAMESPACE}" in ended.stderr
    assert cluster.restarted_at("deployments", deploy.name) is None


def test_no_replicas(deploy: Deployer, cluster: Kubernetes) -> None:
    cluster.workload(deploy.name)
    cluster.patch(APPS, "deployments", deploy.name, {"spec": {"replicas": 0}})
    until("scaled", lambda: not cluster.pods(deploy.name))
    assert did(deploy({"kubernetes": {"deployment": deploy.name}})).endswith("0 replicas updated")


# ---- what cannot be restarted


def test_missing(deploy: Deployer) -> None:
    ended = deploy({"kubernetes": {"deployment": "nobody"}})
    assert ended.status == 80
    assert error(ended) == ('deploy kubernetes: deployment/nobody in ml-inference: HTTP 404: deployments.apps "nobody" '
                            "not found")


def test_missing_namespace(deploy: Deployer) -> None:
    ended = deploy({"kubernetes": {"namespace": "nowhere", "deployment": "any"}})
    assert ended.status == 80
    assert "deployment/any in nowhere: HTTP 404" in error(ended)


def test_paused(deploy: Deployer, cluster: Kubernetes) -> None:
    cluster.workload(deploy.name)
    cluster.patch(APPS, "deployments", deploy.name, {"spec": {"paused": True}})
    ended = deploy({"kubernetes": {"deployment": deploy.name}})
    assert ended.status == 80
    assert f"deployment/{deploy.name} in ml-inference is paused" in error(ended)
    assert cluster.restarted_at("deployments", deploy.name) is None


@pytest.mark.parametrize(("plural", "noun"), [("statefulsets", "statefulset"), ("daemonsets", "daemonset")],
                         ids=["statefulset", "daemonset"])
def test_on_delete(deploy: Deployer, cluster: Kubernetes, plural: str, noun: str) -> None:
    cluster.workload(deploy.name, plural, updateStrategy={"type": "OnDelete"})
    ended = deploy({"kubernetes": {noun: deploy.name}})
    assert ended.status == 80
    assert "has the update strategy OnDelete" in error(ended)
    assert cluster.restarted_at(plural, deploy.name) is None


def test_primary_of_a_canary(deploy: Deployer, cluster: Kubernetes) -> None:
    owner = {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "name": "fish", "uid": "1", "controller": True}
    cluster.workload(deploy.name, metadata={"ownerReferences": [owner]})
    ended = deploy({"kubernetes": {"deployment": deploy.name}})
    assert ended.status == 80
    assert "belongs to a Flagger Canary" in error(ended)
    assert ended.result["error"]["hint"] == 'reload it with {"canary": {"name": "fish"}}'
    assert cluster.restarted_at("deployments", deploy.name) is None


# ---- what does not come to its end


def test_stuck(deploy: Deployer, cluster: Kubernetes) -> None:
    cluster.workload(deploy.name, labels={"after-restart": "stuck"})
    ended = deploy({"kubernetes": {"deployment": deploy.name}, "timeout": "3s"})
    assert ended.status == 80
    assert f"deployment/{deploy.name} in ml-inference: not done in time: " in error(ended)
    assert "1 of 2 replicas are updated" in error(ended)


def test_progress_deadline(deploy: Deployer, cluster: Kubernetes) -> None:
    cluster.workload(deploy.name, labels={"after-restart": "stuck"}, progressDeadlineSeconds=2)
    ended = deploy({"kubernetes": {"deployment": deploy.name}})
    assert ended.status == 80
    assert f"deployment/{deploy.name} in ml-inference exceeded its progress deadline" in error(ended)


@pytest.mark.parametrize(("label", "said"), [
    ("crash-loop", "container api: CrashLoopBackOff: back-off 40s restarting failed container (it ended before: Error, "
                   "exit code 3)"),
    ("image-pull", "container api: ErrImagePull: failed to resolve reference: not found"),
], ids=["crash loop", "image pull error"])
@pytest.mark.parametrize("noun", ["deployment", "statefulset"])
def test_broken(deploy: Deployer, cluster: Kubernetes, noun: str, label: str, said: str) -> None:
    cluster.workload(deploy.name, f"{noun}s", labels={"after-restart": label})
    ended = deploy({"kubernetes": {noun: deploy.name}})
    assert ended.status == 80
    assert f"{noun}/{deploy.name} in ml-inference does not start: pod {deploy.name}-" in error(ended)
    assert error(ended).endswith(said)


def test_restart_taken_back(deploy: Deployer, cluster: Kubernetes) -> None:
    cluster.workload(deploy.name, labels={"after-restart": "stuck"})
    running = deploy.start({"kubernetes": {"deployment": deploy.name}})
    until("restarted", lambda: cluster.restarted_at("deployments", deploy.name))
    cluster.patch(APPS, "deployments", deploy.name, {"spec": {"template": {"metadata": {"annotations": None}}}})
    ended = deploy.note(running.end())
    assert ended.status == 80
    assert "somebody took the annotation back, such as Argo CD or Flux" in error(ended)


# ---- old pods


@pytest.mark.parametrize(("level", "said"), [(RESTART, "pods are terminating"), (PODS, "pods are terminating")],
                         ids=["level 1", "level 2"])
def test_old_pod_that_goes_on(deploy: Deployer, cluster: Kubernetes, level: str,
                              said: str) -> None:
    cluster.workload(deploy.name, labels={"lingers": "true"})
    token = deploy.token(level)
    running = deploy.start({"kubernetes": {"deployment": deploy.name}}, token=token)
    until("waits", lambda: running.says(said))
    assert running.process.poll() is None
    cluster.remove_pods(deploy.name)
    ended = deploy.note(running.end())
    assert ended.status == 0
    assert did(ended).endswith("2 replicas updated")


def test_old_pod_that_never_ends(deploy: Deployer, cluster: Kubernetes) -> None:
    cluster.workload(deploy.name, labels={"lingers": "true"})
    ended = deploy({"kubernetes": {"deployment": deploy.name}, "timeout": "4s"})
    assert ended.status == 80
    assert "not done in time: 2 pods are terminating" in error(ended)


def test_old_pod_of_a_daemonset(deploy: Deployer, cluster: Kubernetes) -> None:
    """Its status counts no pods that are ending, and the older of two on a node where both are there."""
    cluster.workload(deploy.name, "daemonsets", labels={"lingers": "true"}, updateStrategy={
        "type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})
    running = deploy.start({"kubernetes": {"daemonset": deploy.name}})
    until("both are there", lambda: sorted("deletionTimestamp" in pod["metadata"]
                                           for pod in cluster.pods(deploy.name)) == [False, True])
    assert running.process.poll() is None
    cluster.remove_pods(deploy.name)
    assert deploy.note(running.end()).status == 0


def test_old_pods_unseen(deploy: Deployer, cluster: Kubernetes) -> None:
    cluster.workload(deploy.name, "daemonsets")
    asked = deploy.role(RESTART, deploy.name)
    asked["rules"][0]["resources"] = ["daemonsets"]
    ended = deploy({"kubernetes": {"daemonset": deploy.name}}, token=cluster.account(deploy.name, asked))
    assert ended.status == 0
    assert did(ended).endswith("1 pods updated; old pods may be left: pods may not be listed")


# ---- rights


@pytest.mark.parametrize("level", [RESTART, PODS, PROXY], ids=["level 1", "level 2", "level 3"])
def test_rights_suffice(deploy: Deployer, cluster: Kubernetes, level: str) -> None:
    cluster.workload(deploy.name)
    ended = deploy({"kubernetes": {"deployment": deploy.name}}, token=deploy.token(level))
    assert ended.status == 0, ended.stderr


def test_no_rights(deploy: Deployer, cluster: Kubernetes) -> None:
    cluster.workload(deploy.name)
    ended = deploy({"kubernetes": {"deployment": deploy.name}}, token=cluster.account(f"{deploy.name}-sa"))
    assert ended.status == 80
    assert "HTTP 403: " in error(ended) and 'cannot get resource "deployments"' in error(ended)
    assert ended.result["error"]["hint"] == '"modelhook help deploy" prints the Role that allows it'


def test_no_right_to_patch(deploy: Deployer, cluster: Kubernetes) -> None:
    cluster.workload(deploy.name)
    asked = deploy.role(RESTART, deploy.name)
    asked["rules"][0]["verbs"] = ["get"]
    ended = deploy({"kubernetes": {"deployment": deploy.name}}, token=cluster.account(f"{deploy.name}-sa", asked))
    assert ended.status == 80
    assert 'cannot patch resource "deployments"' in error(ended)


@pytest.mark.parametrize("level", [RESTART, PODS, PROXY], ids=["level 1", "level 2", "level 3"])
def test_rights_to_another(deploy: Deployer, cluster: Kubernetes, level: str) -> None:
    cluster.workload(deploy.name)
    ended = deploy({"kubernetes": {"deployment": deploy.name}}, token=deploy.token(level, "another"))
    assert ended.status == 80
    assert "HTTP 403: " in error(ended)
    assert cluster.restarted_at("deployments", deploy.name) is None


def test_crash_loop_without_the_right_to_see_it(deploy: Deployer, cluster: Kubernetes) -> None:
    cluster.workload(deploy.name, labels={"after-restart": "crash-loop"})
    token = deploy.token(RESTART)
    ended = deploy({"kubernetes": {"deployment": deploy.name}, "timeout": "3s"}, token=token)
    assert ended.status == 80
    assert "not done in time: 1 of 2 replicas are updated" in error(ended)


def test_each_level_gives_what_it_says_and_no_more(cluster: Kubernetes, hook: Hook) -> None:
    name = cluster.workload("fish-levels")
    pod = cluster.pods(name)[0]["metadata"]["name"]
    pods = cluster.path("api/v1", "pods")
    given: dict[str, list[bool]] = {}
    for level in (RESTART, PODS, PROXY):
        token = cluster.account(f"{name}-{level}", printed_role(hook, level, name))
        asked = [pods, f"{pods}/{pod}:8080/proxy/", cluster.path(APPS, "deployments"), f"{pods}/{pod}"]
        given[level] = ["cannot get" not in said and "cannot list" not in said
                        for said in (cluster.send("GET", path, token).text for path in asked)]
    assert given == {RESTART: [False, False, False, False], PODS: [True, False, False, False],
                     PROXY: [True, True, False, False]}


# ---- credentials


def test_client_certificate(deploy: Deployer, cluster: Kubernetes, tmp_path: Path) -> None:
    cluster.workload(deploy.name)
    assert deploy({"kubernetes": {"deployment": deploy.name}}, **cluster.client_certificate(tmp_path)).status == 0


def test_expired_token(deploy: Deployer, cluster: Kubernetes) -> None:
    cluster.workload(deploy.name)
    deploy.token(PODS)
    ended = deploy({"kubernetes": {"deployment": deploy.name}}, token=cluster.signed(f"{deploy.name}-sa", -3600))
    assert ended.status == 80
    assert "HTTP 401: Unauthorized" in error(ended)
    assert ended.result["error"]["hint"].endswith("have they expired?")


def test_token_that_is_renewed(deploy: Deployer, cluster: Kubernetes, tmp_path: Path) -> None:
    """The one that it began with expires during the wait; the file has another by then."""
    cluster.workload(deploy.name, labels={"after-restart": "stuck"})
    lasting = deploy.token(PODS)
    brief = cluster.signed(f"{deploy.name}-sa", -50)  # the API server takes one for a minute more
    (tmp_path / "token").write_text(brief)
    running = deploy.start({"kubernetes": {"deployment": deploy.name}, "timeout": "100s"}, tokenFile="token")
    until("restarted", lambda: cluster.restarted_at("deployments", deploy.name))
    (tmp_path / "token").write_text(lasting + "\n")
    until("expired", lambda: cluster.send("GET", cluster.path("api/v1", "pods"), brief).status_code == 401)
    cluster.patch(APPS, "deployments", deploy.name,
                  {"spec": {"template": {"metadata": {"labels": {"after-restart": "ready"}}}}})
    assert deploy.note(running.end()).status == 0


PLUGIN = """#!/bin/sh
echo "$KUBERNETES_EXEC_INFO" >"$(dirname "$0")/asked"
echo "region $REGION, secret $MLFLOW_TRACKING_TOKEN, named $NAMED" >"$(dirname "$0")/given"
echo "a word for people" >&2
cat "$(dirname "$0")/credential"
"""


def plugin(folder: Path, credential: str) -> dict[str, Any]:
    """A credential plugin beside the kubeconfig that prints that, as the keys of a user."""
    (folder / "credential").write_text(credential)
    (folder / "plugin").write_text(PLUGIN)
    (folder / "plugin").chmod(0o755)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", "provideClusterInfo": True,
                     "interactiveMode": "Never", "env": [{"name": "REGION", "value": "eu"}]}}


def printed(token: str) -> str:
    """An ExecCredential."""
    return ('{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "'
            + token + '"}}')


def test_credential_plugin(deploy: Deployer, cluster: Kubernetes, tmp_path: Path) -> None:
    cluster.workload(deploy.name)
    deploy.env = {"MLFLOW_TRACKING_TOKEN": "very-secret", "NAMED": "yes"}
    ended = deploy({"kubernetes": {"deployment": deploy.name, "allow_exec": True, "environment": ["NAMED"]}},
                   **plugin(tmp_path, printed(cluster.admin)))
    assert ended.status == 0, ended.stderr
    asked = yaml.safe_load((tmp_path / "asked").read_text())
    assert asked["spec"]["interactive"] is False and asked["spec"]["cluster"]["server"] == cluster.api.url
    assert (tmp_path / "given").read_text() == "region eu, secret , named yes\n"
    assert cluster.admin not in ended.stdout + ended.stderr


@pytest.mark.parametrize(("allowed", "credential", "said"), [
    (False, "", "runs the program"),
    (True, "{}", "its output is no ExecCredential with a status"),
    (True, "exit", "its output"),
], ids=["not allowed", "other JSON", "no JSON"])
def test_credential_plugin_that_gives_nothing(deploy: Deployer, tmp_path: Path, allowed: bool, credential: str,
                                              said: str) -> None:
    ended = deploy({"kubernetes": {"deployment": "any", "allow_exec": allowed}}, **plugin(tmp_path, credential))
    assert ended.status == 80
    assert said in error(ended)
    assert (tmp_path / "asked").exists() == allowed


def test_service_account_of_the_pod(deploy: Deployer, cluster: Kubernetes, tmp_path: Path) -> None:
    cluster.workload(deploy.name)
    mounted = tmp_path / "serviceaccount"
    mounted.mkdir()
    (mounted / "token").write_text(deploy.token(PODS))
    (mounted / "namespace").write_text(NAMESPACE)
    shutil.copyfile(cluster.api.certificate, mounted / "ca.crt")
    handoff = deploy.site.train(config={"deploy": [{"kubernetes": {"deployment": deploy.name}}]})
    script = ('mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/kubernetes.io && '
              'cp -r "$0" /run/secrets/kubernetes.io/serviceaccount && exec "$@"')
    inside = ["unshare", "--mount", "--user", "--map-root-user", "sh", "-c", script, str(mounted)]
    env = deploy.site.hook.environment(KUBERNETES_SERVICE_HOST="127.0.0.1",
                                       KUBERNETES_SERVICE_PORT=str(cluster.api.port))
    done = subprocess.run([*inside, deploy.site.hook.binary, "run", handoff], env=env, capture_output=True, text=True,
                          check=False)
    ended = deploy.note(Ended(done.returncode, done.stdout, done.stderr))
    assert ended.status == 0, ended.stderr
    assert did(ended) == f"restarted deployment/{deploy.name} in {NAMESPACE}: 2 replicas updated"


def test_no_credentials(deploy: Deployer) -> None:
    handoff = deploy.site.train(config={"deploy": [{"kubernetes": {"deployment": "any"}}]})
    ended = deploy.note(deploy.site.hook("run", handoff))
    assert ended.status == 80
    assert "no KUBECONFIG, no ~/.kube/config, no service account of a pod" in error(ended)


# ---- the way to the server


@pytest.mark.parametrize(("server_name", "status", "said"), [
    ("kubernetes.default.svc", 0, ""),
    ("nobody.example", 80, "is not trusted"),
], ids=["in the certificate", "not in it"])
def test_server_name(deploy: Deployer, cluster: Kubernetes, server_name: str, status: int, said: str) -> None:
    cluster.workload(deploy.name)
    ended = deploy({"kubernetes": {"deployment": deploy.name}}, token=cluster.admin,
                   cluster={"tls-server-name": server_name})
    assert ended.status == status
    assert said in str(ended.result["error"])


class Tunnel(BaseHTTPRequestHandler):
    """A proxy that lets everybody through."""

    seen: list[str] = []  # noqa: RUF012 - of the class

    def do_CONNECT(self) -> None:
        """Bytes go both ways."""
        self.seen.append(self.path)
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as far:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=self.pump, args=(far, self.connection), daemon=True)
            back.start()
            self.pump(self.connection, far)
            back.join()

    @staticmethod
    def pump(one: socket.socket, other: socket.socket) -> None:
        """Until one ends."""
        try:
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def log_message(self, *ignored: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize("cluster_keys", [{}, {"tls-server-name": "kubernetes.default.svc"}],
                         ids=["by host", "by server name"])
def test_proxy(deploy: Deployer, cluster: Kubernetes, cluster_keys: dict[str, str]) -> None:
    cluster.workload(deploy.name)
    Tunnel.seen.clear()
    with Answering(Tunnel) as proxy:
        ended = deploy({"kubernetes": {"deployment": deploy.name}}, token=cluster.admin,
                       cluster={"proxy-url": proxy.url, **cluster_keys})
    assert ended.status == 0, ended.stderr
    assert set(Tunnel.seen) == {f"127.0.0.1:{cluster.api.port}"}


# ---- others' controllers


@pytest.fixture(scope="module")
def controllers(cluster: Kubernetes) -> None:
    """Their kinds; they do not run here, the tests write what they would."""
    cluster.define("argoproj.io", "v1alpha1", "Rollout", "rollouts")
    cluster.define("flagger.app", "v1beta1", "Canary", "canaries")
    cluster.define("serving.kserve.io", "v1beta1", "InferenceService", "inferenceservices")


ARGO, FLAGGER, KSERVE = "apis/argoproj.io/v1alpha1", "apis/flagger.app/v1beta1", "apis/serving.kserve.io/v1beta1"


KINDS = {"rollouts": (ARGO, "Rollout"), "canaries": (FLAGGER, "Canary"),
         "inferenceservices": (KSERVE, "InferenceService")}


def custom(deploy: Deployer, plural: str, spec: dict[str, Any], status: dict[str, Any]) -> None:
    """An object of such a kind, by the test's name, with a status."""
    api, kind = KINDS[plural]
    deploy.cluster.create(api, plural, {"apiVersion": api.removeprefix("apis/"), "kind": kind,
                                        "metadata": {"name": deploy.name}, "spec": spec})
    deploy.cluster.patch(api, plural, deploy.name, {"status": status}, "/status")


@pytest.mark.usefixtures("controllers")
@pytest.mark.parametrize(("phase", "status", "said"), [
    ("Healthy", 0, "2 replicas restarted, it is Healthy"),
    ("Degraded", 80, "is Degraded: ProgressDeadlineExceeded: timed out"),
], ids=["Healthy", "Degraded"])
def test_argo_rollout(deploy: Deployer, cluster: Kubernetes, phase: str, status: int,
                      said: str) -> None:
    custom(deploy, "rollouts", {"replicas": 2},
           {"observedGeneration": "1", "phase": "Healthy", "selector": f"app={deploy.name}", "replicas": 2})
    token = deploy.token("modelhook-rollout")
    running = deploy.start({"rollout": {"name": deploy.name}}, token=token)
    asked = until("asked", lambda: cluster.get(ARGO, "rollouts", deploy.name)["spec"].get("restartAt"))
    assert asked.endswith("Z")
    until("seen", lambda: running.says("the controller has not seen the restart yet"))
    made: dict[str, Any] = {"observedGeneration": "2", "phase": "Progressing", "restartedAt": None}
    cluster.patch(ARGO, "rollouts", deploy.name, {"status": made}, "/status")
    until("waits", lambda: running.says("not all pods are restarted"))
    made = {"phase": phase, "restartedAt": asked, "message": "ProgressDeadlineExceeded: timed out"}
    cluster.patch(ARGO, "rollouts", deploy.name, {"status": made}, "/status")
    ended = deploy.note(running.end())
    assert ended.status == status
    assert said in (error(ended) if status else did(ended, "rollout"))


@pytest.mark.usefixtures("controllers")
@pytest.mark.parametrize(("spec", "phase"), [({"paused": True}, "Healthy"), ({}, "Paused")],
                         ids=["by hand", "at a step"])
def test_argo_rollout_paused(deploy: Deployer, cluster: Kubernetes, spec: dict[str, Any], phase: str) -> None:
    custom(deploy, "rollouts", spec, {"phase": phase})
    ended = deploy({"rollout": {"name": deploy.name}})
    assert ended.status == 80
    assert f"rollout/{deploy.name} in ml-inference is paused" in error(ended)
    assert "restartAt" not in cluster.get(ARGO, "rollouts", deploy.name)["spec"]


@pytest.mark.usefixtures("controllers")
@pytest.mark.parametrize(("phase", "status", "said"), [
    ("Succeeded", 0, "the analysis succeeded, the primary is updated"),
    ("Failed", 80, "failed the analysis, the primary goes on with the old pods: Canary analysis failed"),
], ids=["Succeeded", "Failed"])
def test_flagger_canary(deploy: Deployer, cluster: Kubernetes, phase: str, status: int,
                        said: str) -> None:
    cluster.workload(deploy.name)
    custom(deploy, "canaries", {"targetRef": {"kind": "Deployment", "name": deploy.name}},
           {"phase": "Succeeded", "lastAppliedSpec": "1", "lastPromotedSpec": "1"})
    running = deploy.start({"canary": {"name": deploy.name}}, token=deploy.token("modelhook-canary"))
    until("restarted", lambda: cluster.restarted_at("deployments", deploy.name))
    until("waits", lambda: running.says("Flagger has not seen the restart yet"))
    made: dict[str, Any] = {"phase": "Progressing", "lastAppliedSpec": "2", "canaryWeight": 10, "failedChecks": 1}
    cluster.patch(FLAGGER, "canaries", deploy.name, {"status": made}, "/status")
    until("waits", lambda: running.says("the analysis is Progressing, weight 10, 1 failed checks"))
    made = {"phase": phase, "lastPromotedSpec": "2" if phase == "Succeeded" else "1",
            "conditions": [{"type": "Promoted", "status": "False", "message": "Canary analysis failed"}]}
    cluster.patch(FLAGGER, "canaries", deploy.name, {"status": made}, "/status")
    ended = deploy.note(running.end())
    assert ended.status == status
    assert said in (error(ended) if status else did(ended, "canary"))


@pytest.mark.usefixtures("controllers")
def test_flagger_canary_suspended(deploy: Deployer, cluster: Kubernetes) -> None:
    custom(deploy, "canaries", {"suspend": True}, {})
    ended = deploy({"canary": {"name": deploy.name}})
    assert ended.status == 80
    assert "is suspended" in error(ended)


@pytest.mark.usefixtures("controllers")
@pytest.mark.parametrize(("transition", "status", "said"), [
    ("UpToDate", 0, "the model is UpToDate, Ready"),
    ("BlockedByFailedLoad", 80, "is BlockedByFailedLoad: ModelLoadFailed: no such bucket (fish-predictor-1)"),
], ids=["UpToDate", "BlockedByFailedLoad"])
def test_kserve_inference_service(deploy: Deployer, cluster: Kubernetes, transition: str,
                                  status: int, said: str) -> None:
    custom(deploy, "inferenceservices",
           {"predictor": {"model": {"modelFormat": {"name": "tensorflow"}, "storageUri": "s3://models/0"}}},
           {"observedGeneration": 1, "modelStatus": {"transitionStatus": "UpToDate"}})
    token = deploy.token("modelhook-inferenceservice")
    target = {"name": deploy.name, "storage_uri": "s3://models/{version}"}
    running = deploy.start({"inferenceservice": target}, token=token)
    until("waits", lambda: running.says("the controller has not seen the new storageUri yet"))
    spec = cluster.get(KSERVE, "inferenceservices", deploy.name)["spec"]["predictor"]["model"]
    assert spec == {"modelFormat": {"name": "tensorflow"}, "storageUri": "s3://models/1"}
    failure = {"reason": "ModelLoadFailed", "message": "no such bucket", "location": "fish-predictor-1"}
    cluster.patch(KSERVE, "inferenceservices", deploy.name, {"status": {
        "observedGeneration": 2, "modelStatus": {"transitionStatus": transition, "lastFailureInfo": failure},
        "conditions": [{"type": "Ready", "status": "True"}]}}, "/status")
    ended = deploy.note(running.end())
    assert ended.status == status
    assert said in (error(ended) if status else did(ended, "inferenceservice"))


LOADED = {"transitionStatus": "UpToDate", "states": {"activeModelState": "Loaded"}}


def kserve(deploy: Deployer, **served: Any) -> dict[str, Any]:
    """Settings that reload an InferenceService of the test's name and take its status for the proof."""
    config = deploy.cluster.kubeconfig(deploy.folder / "kubeconfig", token=deploy.token("modelhook-inferenceservice"))
    named = {"namespace": NAMESPACE, "kubeconfig": str(config), "name": deploy.name,
             "storage_uri": "s3://models/{version}"}
    return {"deploy": [{"inferenceservice": named, "timeout": "60s"}],
            "served": {"server": "kserve", "inferenceservice": named, "interval": "20ms", "timeout": "60s", **served}}


def report(cluster: Kubernetes, name: str, generation: int, model: dict[str, Any]) -> None:
    """What KServe's controller writes."""
    cluster.patch(KSERVE, "inferenceservices", name, {"status": {
        "observedGeneration": generation, "conditions": [{"type": "Ready", "status": "True"}],
        "modelStatus": model}}, "/status")


@pytest.mark.usefixtures("controllers")
def test_kserve_status_proves_what_is_served(deploy: Deployer, cluster: Kubernetes) -> None:
    custom(deploy, "inferenceservices", {"predictor": {"model": {"storageUri": "s3://models/0"}}}, {})
    report(cluster, deploy.name, 1, LOADED)
    handoff = deploy.site.train(config=kserve(deploy))
    running = Running(deploy.site.hook, deploy.folder, ("run", handoff), {})
    until("set", lambda: cluster.get(KSERVE, "inferenceservices", deploy.name)["metadata"]["generation"] == 2)
    report(cluster, deploy.name, 2, {"transitionStatus": "UpToDate", "states": {"activeModelState": "Standby"}})
    until("waits", lambda: running.says("its active model is Standby"))
    report(cluster, deploy.name, 2, LOADED)
    ended = deploy.note(running.end())
    assert ended.status == 0, ended.stderr
    assert did(ended, "served") == "version 1, 3 rounds in a row"
    assert ended.result["served"]["rounds"] == 3
    assert "replicas" not in ended.result["served"] and "after" not in ended.result["served"]
    again = deploy.note(deploy.site.run(handoff), " (again)")
    assert (again.status, did(again, "inferenceservice")) == (0, "every replica serves the version already")


@pytest.mark.usefixtures("controllers")
@pytest.mark.parametrize(("uri", "model", "said"), [
    ("s3://models/0", LOADED, "has the storageUri s3://models/0"),
    ("s3://models/1", {**LOADED, "transitionStatus": "InProgress"}, "the model is InProgress"),
    ("s3://models/1", {"transitionStatus": "UpToDate", "states": {"activeModelState": "Loading"}},
     "its active model is Loading"),
    ("s3://models/1", {**LOADED, "transitionStatus": "BlockedByFailedLoad",
                       "lastFailureInfo": {"reason": "ModelLoadFailed", "message": "no file", "location": "pod-1"}},
     "is BlockedByFailedLoad: ModelLoadFailed: no file (pod-1)"),
], ids=["another model", "on its way", "not loaded", "failed"])
def test_kserve_status_that_is_no_proof(deploy: Deployer, cluster: Kubernetes, uri: str, model: dict[str, Any],
                                        said: str) -> None:
    custom(deploy, "inferenceservices", {"predictor": {"model": {"storageUri": uri}}}, {})
    report(cluster, deploy.name, 1, model)
    handoff = deploy.site.train(config={**kserve(deploy, timeout="2s"), "deploy": []})
    ended = deploy.note(deploy.site.run(handoff))
    assert ended.status == 80
    assert error(ended).partition(" s: ")[2] == f"inferenceservice/{deploy.name}: {said}"


@pytest.mark.parametrize(("served", "said"), [
    ({"server": "kserve"}, "served.inferenceservice: missing"),
    ({"server": "kserve", "inferenceservice": {}}, "served.inferenceservice.name: missing"),
    ({"server": "kserve", "inferenceservice": {"name": "a", "storage_uri": "s3://m"}},
     "KServe reloads nothing where the URI stays the same"),
    ({"server": "kserve", "inferenceservice": {"name": "a"}, "golden": True}, 'served.golden: needs a "url"'),
    ({"server": "kserve", "inferenceservice": {"name": "a"}, "headers": {"A": "b"}}, "served.url: missing"),
    ({"server": "triton", "url": "http://a", "inferenceservice": {"name": "a"}},
     'served.inferenceservice: is for "server": "kserve"'),
], ids=str)
def test_a_mistake_in_the_proof_is_named_by_its_key(site: Site, served: dict[str, Any], said: str) -> None:
    ended = site.hook("run", site.train(config={"served": served}))
    assert ended.status == 78
    assert said in error(ended)


@pytest.mark.usefixtures("controllers")
def test_kserve_loads_no_proxied_artifact(deploy: Deployer, cluster: Kubernetes) -> None:
    custom(deploy, "inferenceservices",
           {"predictor": {"model": {"storageUri": "s3://models/0"}}}, {})
    ended = deploy({"inferenceservice": {"name": deploy.name}})
    assert ended.status == 80
    assert "KServe cannot load mlflow-artifacts:" in error(ended)


# ---- mistakes in the settings


@pytest.mark.parametrize(("target", "said"), [
    ({"kubernetes": {}}, 'deploy[0].kubernetes: needs one of "deployment", "statefulset" and "daemonset"'),
    ({"kubernetes": {"deployment": "a", "daemonset": "b"}}, "is the second workload"),
    ({"kubernetes": {"deploymnet": "a"}}, "deploy[0].kubernetes.deploymnet: unknown key"),
    ({"kubernetes": {"deployment": ""}}, "deploy[0].kubernetes.deployment: is empty"),
    ({"rollout": {}}, "deploy[0].rollout.name: missing"),
    ({"canary": {"name": "a", "allow_exec": "yes"}}, "deploy[0].canary.allow_exec: not"),
    ({"inferenceservice": {"name": "a", "storage_uri": "s3://models"}}, "KServe reloads nothing where the URI stays"),
], ids=str)
def test_a_mistake_is_named_by_its_key(site: Site, target: dict[str, Any], said: str) -> None:
    ended = site.hook("run", site.train(config={"deploy": [target]}))
    assert ended.status == 78
    assert said in error(ended)


# ---- the API server goes away; last, because all others wait for it


def test_api_server_away_and_back(deploy: Deployer, cluster: Kubernetes) -> None:
    cluster.workload(deploy.name, labels={"after-restart": "stuck"})
    running = deploy.start({"kubernetes": {"deployment": deploy.name}, "timeout": "100s"})
    until("waits", lambda: running.says("1 of 2 replicas are updated"))
    cluster.api.stop()
    until("away", lambda: running.says("cannot connect to"))
    cluster.api.start()
    cluster.patch(APPS, "deployments", deploy.name,
                  {"spec": {"template": {"metadata": {"labels": {"after-restart": "ready"}}}}})
    ended = deploy.note(running.end())
    assert ended.status == 0
    assert did(ended).endswith("2 replicas updated")


def test_api_server_away(deploy: Deployer, cluster: Kubernetes) -> None:
    cluster.workload(deploy.name)
    call = deploy.configure({"kubernetes": {"deployment": deploy.name}, "timeout": "2s"})
    cluster.api.stop()
    try:
        ended = deploy.note(deploy.site.hook(*call))
    finally:
        cluster.api.start()
    assert ended.status == 75
    assert f"cannot connect to {cluster.api.url}: Connection refused" in error(ended)
    assert ended.result["package"]
    patient = Path(call[1]).parent / "modelhook.json"
    patient.write_text(patient.read_text().replace('"2s"', '"60s"'))
    config = {"MODELHOOK_CONFIG": str(patient)}
    replayed = deploy.note(deploy.site.hook("replay", ended.result["package"], env=config), " (replay)")
    assert replayed.status == 0, replayed.stderr
    assert cluster.restarted_at("deployments", deploy.name)


def test_stopped_while_it_waits(deploy: Deployer, cluster: Kubernetes) -> None:
    cluster.workload(deploy.name, labels={"after-restart": "stuck"})
    running = deploy.start({"kubernetes": {"deployment": deploy.name}})
    until("waits", lambda: running.says("1 of 2 replicas are updated"))
    running.process.terminate()
    ended = deploy.note(running.end())
    assert ended.status == 143
    assert ended.result["package"]

