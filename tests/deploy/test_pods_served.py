"""The replicas of a service are the pods of a workload in a real Kubernetes: listed, counted, and asked.

The API server, the controllers and RBAC are real. kwok's pods are not: the tests give them the addresses of a service
of this process. The API server passes no request on to the loopback, so that what comes through its proxy is seen in
tests/command/test_served_pods.py.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import CASES, Ended
from inference import Service
from kube_cluster import APPS, NAMESPACE, Kubernetes, until
from name_server import NameServer
from promoting import Site
from test_kubernetes import PODS, PROXY, RESTART, printed_role

NUMBERS = itertools.count(1)


class Pods:
    """A workload whose pods are replicas of a service, and trainings that are seen served by them."""

    def __init__(self, site: Site, cluster: Kubernetes, folder: Path, case: str) -> None:
        self.site = site
        self.cluster = cluster
        self.folder = folder
        self.case = case
        self.name = f"fish-pods-{next(NUMBERS)}"
        self.service = Service(3, same_port=True)

    def place(self) -> None:
        """Each pod gets the address of a replica, as a kubelet would tell it."""
        for pod, replica in zip(self.names(), self.service.replicas, strict=False):
            status = {"status": {"podIP": replica.host, "podIPs": [{"ip": replica.host}]}}
            self.cluster.patch("api/v1", "pods", pod, status, "/status")

    def names(self) -> list[str]:
        """Of its pods."""
        return sorted(pod["metadata"]["name"] for pod in self.cluster.pods(self.name))

    def settings(self, level: str, replicas: dict[str, Any] | None = None, **served: Any) -> dict[str, Any]:
        """With a token of an account that has that Role."""
        token = self.cluster.account(f"{self.name}-sa", printed_role(self.site.hook, level, self.name))
        config = self.cluster.kubeconfig(self.folder / "kubeconfig", token=token)
        self.workload = {"namespace": NAMESPACE, "kubeconfig": str(config), "deployment": self.name}
        settings = self.service.settings(self.folder, **{"url": "http://fish-api/model", "timeout": "60s", **served})
        where = {"kubernetes": self.workload, "port": self.service.replicas[0].server_port}
        settings["served"]["replicas"] = {**where, **(replicas or {})}
        return settings

    def prove(self, level: str, replicas: dict[str, Any] | None = None, **served: Any) -> Ended:
        """The proof of a version that each replica serves which does not serve another."""
        for replica in self.service.replicas:
            replica.version = replica.version or 1
        settings = {**self.settings(level, replicas, **served), "deploy": []}
        return self.note(self.site.run(self.site.train(config=settings)))

    def note(self, ended: Ended) -> Ended:
        """Into the table."""
        error = ended.result["error"]
        did = next((step["did"] for step in ended.result["steps"] if step["name"] == "served"), "")
        CASES.add(self.case, ended.status, error["message"] if error else did)
        return ended


def why(ended: Ended) -> str:
    """What the last round saw."""
    return str(ended.result["error"]["message"]).partition(" s: ")[2]


@pytest.fixture
def pods(site: Site, cluster: Kubernetes, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Pods]:
    """Three pods that are ready."""
    made = Pods(site, cluster, tmp_path, request.node.name.removeprefix("test_").replace("_", " "))
    with made.service:
        cluster.workload(made.name, replicas=3)
        made.place()
        yield made


def test_every_pod_serves_the_version(pods: Pods) -> None:
    ended = pods.prove(PODS)
    assert ended.status == 0, ended.stderr
    assert ended.result["served"]["replicas"] == 3
    assert {replica.asked >= 3 for replica in pods.service.replicas} == {True}


def test_one_pod_serves_another(pods: Pods) -> None:
    pods.service.replicas[2].version = 9
    ended = pods.prove(PODS, timeout="2s")
    assert (ended.status, why(ended)) == (80, f"pod {pods.names()[2]}: serves version 9")


def test_an_old_pod_that_ends_answers_on(pods: Pods) -> None:
    settings = {**pods.settings(PODS, timeout="2s"), "deploy": []}
    pods.service.reload(1)
    names = pods.names()
    for name in names:
        pods.cluster.patch("api/v1", "pods", name, {"metadata": {"labels": {"lingers": "true"}}})
    pods.cluster.patch(APPS, "deployments", pods.name, {"spec": {"replicas": 2}})
    (ending,) = until("one ends", lambda: [pod["metadata"]["name"] for pod in pods.cluster.pods(pods.name)
                                           if "deletionTimestamp" in pod["metadata"]])
    pods.service.replicas[names.index(ending)].version = 7
    ended = pods.note(pods.site.run(pods.site.train(config=settings)))
    assert (ended.status, why(ended)) == (80, f"pod {ending}: serves version 7")


@pytest.mark.parametrize(("wanted", "status"), [(3, 0), (2, 80)])
def test_a_headless_service_is_compared_with_the_workload(pods: Pods, wanted: int, status: int) -> None:
    """By the first level of rights: no pod is listed."""
    if wanted != 3:
        pods.cluster.patch(APPS, "deployments", pods.name, {"spec": {"replicas": wanted}})
    with NameServer(fish_api_headless=["127.0.0.1", "127.0.0.2", "127.0.0.3"]) as server:
        where = {"dns": "fish-api-headless", "nameserver": server.place}
        ended = pods.prove(RESTART, where, timeout="60s" if status == 0 else "2s")
    assert ended.status == status, ended.stderr
    assert status == 0 or why(ended) == "replicas: there are 3, expected 2"


def test_pods_without_the_right_to_list_them(pods: Pods) -> None:
    ended = pods.prove(RESTART)
    assert ended.status == 80
    assert f"the pods of deployment/{pods.name} in {NAMESPACE} may not be listed" in ended.errors[0]
    assert '"modelhook help deploy" prints the Role that allows it' in ended.stderr


@pytest.mark.parametrize(("level", "said"), [
    (PODS, 'User "system:serviceaccount:ml-inference:{name}-sa" cannot get resource "pods/proxy"'),
    (PROXY, "address not allowed"),
], ids=["level 2", "level 3"])
def test_the_proxy_takes_the_third_level(pods: Pods, level: str, said: str) -> None:
    """The real API server lets the third level through, and then refuses the loopback."""
    ended = pods.prove(level, {"through": "proxy"}, timeout="2s")
    assert ended.status == 80
    assert why(ended).startswith(f"pod {pods.names()[0]}: HTTP 4")
    assert said.format(name=pods.name) in why(ended)


def test_a_workload_that_is_missing(pods: Pods) -> None:
    settings = {**pods.settings(PODS), "deploy": []}
    settings["served"]["replicas"]["kubernetes"]["deployment"] = "nobody"
    ended = pods.note(pods.site.run(pods.site.train(config=settings)))
    assert ended.status == 80
    assert "deployment/nobody in ml-inference: HTTP 403" in ended.errors[0]  # the Role names one alone


# ---- the restart


def restart(pods: Pods, settings: dict[str, Any]) -> tuple[Ended, str]:
    """A training whose version every replica serves already: how it ended, and what became of the restart."""
    pods.service.reload(1)
    target = {"kubernetes": pods.workload, "timeout": "60s"}
    ended = pods.note(pods.site.run(pods.site.train(config={**settings, "deploy": [target]})))
    return ended, next(step["did"] for step in ended.result["steps"] if step["name"] == "kubernetes")


def test_a_restart_is_skipped_where_every_pod_serves_the_version(pods: Pods) -> None:
    ended, did = restart(pods, pods.settings(PODS))
    assert (ended.status, did) == (0, "every replica serves the version already")
    assert pods.cluster.restarted_at("deployments", pods.name) is None
    assert json.loads(pods.site.version(1)["tags"]["modelhook.served"])["state"] == "served"


def test_one_url_in_front_of_the_pods_does_not_spare_the_restart(pods: Pods) -> None:
    settings = pods.settings(PODS, url=pods.service.urls[0])
    del settings["served"]["replicas"]
    ended, did = restart(pods, settings)
    assert ended.status == 0, ended.stderr
    assert did.startswith(f"restarted deployment/{pods.name} in {NAMESPACE}")
    assert pods.cluster.restarted_at("deployments", pods.name)
