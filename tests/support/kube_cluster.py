"""A real Kubernetes API on the loopback: etcd, kube-apiserver, kube-controller-manager, and kwok as its nodes.

    with Kubernetes(folder) as cluster:
        cluster.create("apis/apps/v1", "deployments", {...})
        cluster.kubeconfig(path, token=cluster.admin)

Pods run nothing: kwok sets their status by the rules of tests/deploy/stages.yaml. There is no scheduler, so pods name
their node, and no garbage collector, so an owner that does not exist removes nothing.
"""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import requests
import trustme
import yaml
from environment import ROOT
from local_server import LocalServer
from servers import Guarded, ServerError, reserve_port

NAMESPACE = "ml-inference"
NODE = "n1"
APPS = "apis/apps/v1"
RBAC = "apis/rbac.authorization.k8s.io/v1"
WITHIN = 60.0  # seconds that a controller is given on a slow machine
CONTROLLERS = "deployment-controller,replicaset-controller,statefulset-controller,daemonset-controller"


def programs() -> Path:
    """The folder of the servers, built where they are missing."""
    made = subprocess.run([ROOT / "scripts/lib/kubernetes.sh"], stdout=subprocess.PIPE, text=True, check=True)
    return Path(made.stdout.strip())


def until(what: str, condition: Callable[[], Any]) -> Any:
    """What the condition gives once that is true."""
    end = time.monotonic() + WITHIN
    while not (result := condition()):
        assert time.monotonic() < end, f"{what}: not within {WITHIN:.0f} s"
        time.sleep(0.05)
    return result


class Etcd(LocalServer):
    """Where the API server keeps its objects."""

    name = "etcd"

    def __init__(self, folder: Path, programs: Path) -> None:
        super().__init__(folder)
        self.programs = programs

    def command(self) -> list[str]:
        """Its own port, and one for peers, who never come."""
        peers, self._peers_lock = reserve_port()
        at, peer = self.url, f"http://127.0.0.1:{peers}"
        return [str(self.programs / "etcd"), "--data-dir", str(self.folder / "data"), "--unsafe-no-fsync",
                "--listen-client-urls", at, "--advertise-client-urls", at, "--listen-peer-urls", peer,
                "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"]

    def answers(self) -> bool:
        """Whether it is healthy."""
        try:
            return requests.get(f"{self.url}/health", timeout=5).ok
        except requests.ConnectionError:
            return False


class ApiServer(LocalServer):
    """The API server; started again, it has its port and its certificate."""

    name = "kube-apiserver"

    def __init__(self, folder: Path, programs: Path, etcd: Etcd, admin: str) -> None:
        super().__init__(folder)
        self.programs = programs
        self.etcd = etcd
        self.admin = admin
        self.key = folder / "sa.key"
        self.authority = trustme.CA()
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True, capture_output=True)
        self.authority.cert_pem.write_to_path(folder / "clients.crt")
        (folder / "tokens.csv").write_text(f'{admin},admin,admin,"system:masters"\n')

    @property
    def url(self) -> str:
        """It speaks https alone."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        """Its certificate, which is its own authority."""
        return self.folder / "certs/apiserver.crt"

    def command(self) -> list[str]:
        """RBAC, service accounts, tokens and client certificates."""
        return [str(self.programs / "kube-apiserver"), f"--etcd-servers={self.etcd.url}", "--bind-address=127.0.0.1",
                f"--secure-port={self.port}", f"--cert-dir={self.folder / 'certs'}",
                "--service-cluster-ip-range=10.0.0.0/24", "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={self.key}", f"--service-account-signing-key-file={self.key}",
                f"--token-auth-file={self.folder / 'tokens.csv'}", f"--client-ca-file={self.folder / 'clients.crt'}",
                "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount"]

    def answers(self) -> bool:
        """Whether it is ready, with its default roles."""
        try:
            return requests.get(f"{self.url}/readyz", headers={"Authorization": f"Bearer {self.admin}"},
                                verify=str(self.certificate), timeout=5).ok
        except (requests.ConnectionError, OSError):
            return False


class Kubernetes:
    """A cluster of one node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.admin = base64.urlsafe_b64encode(folder.name.encode() * 3).decode()
        self.programs = programs()
        self.etcd = Etcd(folder / "etcd", self.programs)
        self.api = ApiServer(folder / "api", self.programs, self.etcd, self.admin)
        self.guards: list[Guarded] = []

    def __enter__(self) -> Self:
        """Started, with a namespace and a node."""
        self.etcd.start()
        self.api.start()
        config = str(self.kubeconfig(self.folder / "admin.kubeconfig", token=self.admin))
        self._guard("kube-controller-manager", f"--kubeconfig={config}", f"--controllers={CONTROLLERS}",
                    "--leader-elect=false", "--secure-port=0", "--use-service-account-credentials=false")
        self._guard("kwok", f"--kubeconfig={config}", "--manage-all-nodes=true", "--server-address=",
                    "--node-lease-duration-seconds=0", f"--config={ROOT / 'tests/deploy/stages.yaml'}")
        self.create("api/v1", "namespaces", {"metadata": {"name": NAMESPACE}}, namespace=None)
        self.create("api/v1", "nodes", {"metadata": {"name": NODE}}, namespace=None)
        # a new node is not ready, by a taint that a controller removes which does not run here
        self.patch("api/v1", "nodes", NODE, {"spec": {"taints": None}}, namespace=None)
        return self

    def _guard(self, name: str, *flags: str) -> None:
        self.guards.append(Guarded([str(self.programs / name), *flags], self.folder / f"{name}.log", cwd=self.folder))

    def __exit__(self, *ignored: object) -> None:
        """All of it is gone."""
        for guard in self.guards:
            guard.stop()
        self.api.stop()
        self.etcd.stop()

    # ---- who asks

    def kubeconfig(self, path: Path, cluster: dict[str, Any] | None = None, **user: Any) -> Path:
        """A kubeconfig with the keys of a user, such as token=, and more keys of the cluster."""
        about = {"server": self.api.url, "certificate-authority": str(self.api.certificate), **(cluster or {})}
        context = {"cluster": "test", "user": "test", "namespace": NAMESPACE}
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "test",
                  "contexts": [{"name": "test", "context": context}],
                  "clusters": [{"name": "test", "cluster": about}], "users": [{"name": "test", "user": user}]}
        path.write_text(yaml.safe_dump(config))
        path.chmod(0o600)
        return path

    def account(self, name: str, *roles: dict[str, Any]) -> str:
        """A service account bound to these Roles, and a token of it."""
        self.create("api/v1", "serviceaccounts", {"metadata": {"name": name}})
        for role in roles:
            bound = role["metadata"]["name"]
            self.apply(RBAC, "roles", role)
            self.create(RBAC, "rolebindings", {
                "metadata": {"name": f"{name}-{bound}"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": bound},
                "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}]})
        asked = self.request("POST", self.path("api/v1", "serviceaccounts", name) + "/token",
                             json={"spec": {"expirationSeconds": 3600}})
        return asked["status"]["token"]

    def signed(self, name: str, expires_in: int) -> str:
        """A token of a service account that is there, which expires in so many seconds, or did."""
        uid = self.get("api/v1", "serviceaccounts", name)["metadata"]["uid"]
        now = int(time.time())
        claims = {"iss": "https://kubernetes.default.svc", "aud": ["https://kubernetes.default.svc"],
                  "sub": f"system:serviceaccount:{NAMESPACE}:{name}", "iat": now - 7200, "nbf": now - 7200,
                  "exp": now + expires_in,
                  "kubernetes.io": {"namespace": NAMESPACE, "serviceaccount": {"name": name, "uid": uid}}}
        keys = self.request("GET", "/openid/v1/jwks")["keys"]
        head = {"alg": "RS256", "kid": keys[0]["kid"], "typ": "JWT"}
        parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, claims)]
        signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.api.key], input=b".".join(parts),
                                stdout=subprocess.PIPE, check=True).stdout
        return b".".join([*parts, base64.urlsafe_b64encode(signed).rstrip(b"=")]).decode()

    def client_certificate(self, folder: Path) -> dict[str, str]:
        """A certificate of an administrator, as the keys of a user."""
        made = self.api.authority.issue_cert("somebody", common_name="somebody",
                                                  organization_name="system:masters")
        made.cert_chain_pems[0].write_to_path(folder / "client.crt")
        made.private_key_pem.write_to_path(folder / "client.key")
        return {"client-certificate": "client.crt", "client-key": "client.key"}

    # ---- objects

    def send(self, method: str, path: str, token: str | None = None, **more: Any) -> requests.Response:
        """A request as the administrator, or by a token; any status is an answer."""
        headers = {"Authorization": f"Bearer {token or self.admin}", **more.pop("headers", {})}
        return requests.request(method, self.api.url + path, headers=headers, verify=str(self.api.certificate),
                                timeout=30, **more)

    def request(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """The same, and what it answered."""
        answer = self.send(method, path, **more)
        assert answer.ok, answer.text
        return answer.json()

    @staticmethod
    def path(api: str, plural: str, name: str = "", namespace: str | None = NAMESPACE) -> str:
        """Where an object is, or all of its kind."""
        within = f"/namespaces/{namespace}" if namespace else ""
        return f"/{api}{within}/{plural}" + (f"/{name}" if name else "")

    def create(self, api: str, plural: str, body: dict[str, Any], namespace: str | None = NAMESPACE) -> dict[str, Any]:
        """A new object."""
        return self.request("POST", self.path(api, plural, namespace=namespace), json=body)

    def apply(self, api: str, plural: str, body: dict[str, Any], namespace: str | None = NAMESPACE) -> dict[str, Any]:
        """An object, whether it is there or not."""
        path = self.path(api, plural, body["metadata"]["name"], namespace)
        return self.request("PATCH", f"{path}?fieldManager=test&force=true", data=yaml.safe_dump(body),
                            headers={"Content-Type": "application/apply-patch+yaml"})

    def get(self, api: str, plural: str, name: str) -> dict[str, Any]:
        """An object."""
        return self.request("GET", self.path(api, plural, name))

    def patch(self, api: str, plural: str, name: str, body: dict[str, Any], part: str = "", *,
              namespace: str | None = NAMESPACE) -> dict[str, Any]:
        """A change, of its status where part is "/status"."""
        return self.request("PATCH", self.path(api, plural, name, namespace) + part, json=body,
                            headers={"Content-Type": "application/merge-patch+json"})

    def pods(self, name: str) -> list[dict[str, Any]]:
        """The pods of a workload that workload() made."""
        return self.request("GET", self.path("api/v1", "pods") + f"?labelSelector=app={name}")["items"]

    def remove_pods(self, name: str, ending: bool = True) -> None:
        """Delete the pods that were told to end, by force."""
        for pod in self.pods(name):
            if "deletionTimestamp" in pod["metadata"] or not ending:
                self.request("DELETE", self.path("api/v1", "pods", pod["metadata"]["name"]) + "?gracePeriodSeconds=0")

    def workload(self, name: str, plural: str = "deployments", labels: dict[str, str] | None = None,
                 replicas: int = 2, **spec: Any) -> str:
        """A workload whose pods are ready; its name. The labels are those of stages.yaml."""
        labels = {"app": name, **(labels or {})}
        pod = {"nodeName": NODE, "containers": [{"name": "api", "image": "fish-api:1"}]}
        metadata = {"name": name, **spec.pop("metadata", {})}
        body = {"metadata": metadata, "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": labels}, "spec": pod}, **spec}}
        if plural != "daemonsets":
            body["spec"]["replicas"] = replicas
        if plural == "statefulsets":
            body["spec"]["serviceName"] = name
        self.create(APPS, plural, body)
        ready = "numberAvailable" if plural == "daemonsets" else "availableReplicas"
        wanted = 1 if plural == "daemonsets" else replicas
        until(f"{name} is ready", lambda: self.get(APPS, plural, name).get("status", {}).get(ready) == wanted)
        return name

    def restarted_at(self, plural: str, name: str) -> str | None:
        """When it was restarted last, as its template says."""
        template = self.get(APPS, plural, name)["spec"]["template"]["metadata"]
        return template.get("annotations", {}).get("kubectl.kubernetes.io/restartedAt")

    def define(self, group: str, version: str, kind: str, plural: str) -> None:
        """A kind of others' controllers, with any fields and a status of its own; once is enough."""
        schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        name = f"{plural}.{group}"
        if self.send("GET", self.path("apis/apiextensions.k8s.io/v1", "customresourcedefinitions", name, None)).ok:
            return
        self.create("apis/apiextensions.k8s.io/v1", "customresourcedefinitions", {
            "metadata": {"name": name},
            "spec": {"group": group, "scope": "Namespaced", "names": {"kind": kind, "plural": plural},
                     "versions": [{"name": version, "served": True, "storage": True, "schema": schema,
                                   "subresources": {"status": {}}}]}}, namespace=None)
        api = f"apis/{group}/{version}"
        until(f"{name} is served", lambda: self.send("GET", self.path(api, plural)).ok)


class Cases:
    """One row for each case, printed when all tests have run."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, int, str]] = []

    def add(self, name: str, status: int, said: str) -> None:
        """How a case ended, and what it said."""
        self.rows.append((name, status, said))

    def lines(self) -> list[str]:
        """The table with its head; nothing where there was no case."""
        if not self.rows:
            return []
        width = max(len(name) for name, _, _ in self.rows)
        return [f"{'case':{width}}  status  message", *(f"{name:{width}}  {status:6}  {said}"
                                                        for name, status, said in self.rows)]


__all__ = ["APPS", "NAMESPACE", "RBAC", "Cases", "Kubernetes", "ServerError", "until"]
