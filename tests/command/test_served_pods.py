"""The replicas of a service are the pods of a workload: each is asked, and as many have to be there as it wants."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Ended
from fake_cluster import NAMESPACE, FakeCluster
from golden_requests import record_into
from inference import Service
from name_server import NameServer
from promoting import MODEL, Site

WORKLOAD = f"deployment/fish-api in {NAMESPACE}"
PROXY = {"through": "proxy"}
WAYS: list[dict[str, str]] = [{}, PROXY]


class Pods:
    """A service of three pods behind an API server, and trainings that are seen served by them."""

    def __init__(self, site: Site, cluster: FakeCluster, folder: Path) -> None:
        self.site = site
        self.cluster = cluster
        self.service = cluster.service
        self.folder = folder

    def settings(self, replicas: dict[str, Any] | None = None, **served: Any) -> dict[str, Any]:
        """A modelhook.json; replicas: more keys of it."""
        return self.cluster.settings(self.folder, replicas, **served)

    def prove(self, replicas: dict[str, Any] | None = None, *, fails: bool = True, **served: Any) -> Ended:
        """A training whose version the pods have loaded already, but for those that serve one: the proof alone."""
        for replica in self.service.replicas:
            replica.version = replica.version or 1
            replica.answering = replica.version
        settings = self.settings(replicas, timeout="2s" if fails else "60s", **served)
        return self.site.run(self.site.train(10, config={**settings, "deploy": []}))

    def says(self, expected: str, replicas: dict[str, Any] | None = None, **served: Any) -> None:
        """What the last round saw; nothing: it is served."""
        ended = self.prove(replicas, fails=bool(expected), **served)
        assert ended.status == (80 if expected else 0), ended.stderr
        assert not expected or ended.errors[0].partition(" s: ")[2] == expected


@pytest.fixture
def pods(site: Site, tmp_path: Path) -> Iterator[Pods]:
    """Three replicas at one port, at an address each, as pods have."""
    with Service(3, same_port=True) as service, FakeCluster(service) as cluster:
        yield Pods(site, cluster, tmp_path)


@pytest.mark.parametrize("through", [{}, {"through": "address"}, PROXY], ids=["default", "address", "proxy"])
def test_every_pod_is_asked(pods: Pods, through: dict[str, str]) -> None:
    ended = pods.site.run(pods.site.train(10, config=pods.settings(through)))
    assert ended.status == 0, ended.stderr
    assert ended.result["served"]["replicas"] == 3
    assert {replica.asked >= 3 for replica in pods.service.replicas} == {True}
    if through == PROXY:
        assert {path for path, _ in pods.cluster.passed_on} == {"/model"}
        assert not any("Authorization" in headers for _, headers in pods.cluster.passed_on)
    else:
        assert {host for replica in pods.service.replicas for host in replica.hosts} == {"fish-api"}
        assert pods.cluster.passed_on == []


@pytest.mark.parametrize("through", WAYS, ids=str)
def test_the_pod_that_is_old_is_named(pods: Pods, through: dict[str, str]) -> None:
    pods.service.replicas[1].version = 7
    pods.says("pod fish-api-abc-1: serves version 7", through)


@pytest.mark.parametrize("through", WAYS, ids=str)
def test_golden_requests_go_to_each_pod(pods: Pods, through: dict[str, str]) -> None:
    handoff = pods.site.train(10, config=pods.settings(through, golden=True))
    record_into(handoff, 1)
    ended = pods.site.run(handoff)
    assert ended.status == 0, ended.stderr
    assert ended.result["served"]["after"]["requests"] == 3 * 3 + 3 * 3
    assert {path for path, _ in pods.cluster.passed_on} == ({"/model", "/invocations"} if through else set())
    settings = pods.settings(through, golden=True, timeout="2s")
    handoff = pods.site.train(11, config={**settings, "deploy": []})
    record_into(handoff, 2)
    pods.service.reload(2)
    pods.service.replicas[2].answering = 1
    ended = pods.site.run(handoff)
    assert ended.status == 80
    assert "golden: request 1 at pod fish-api-abc-2: " in ended.errors[0]


def test_the_root_of_a_service_is_asked_through_the_proxy(pods: Pods) -> None:
    pods.says("", PROXY, url="https://fish-api")
    assert {path for path, _ in pods.cluster.passed_on} == {"/"}
    assert all(f"/pods/https:{pod}:" in "".join(pods.cluster.asked) for pod in pods.cluster.pods)


# ---- as many as there have to be


@pytest.mark.parametrize("wanted", [2, 4])
def test_the_workload_says_how_many_pods_there_have_to_be(pods: Pods, wanted: int) -> None:
    pods.cluster.wanted = wanted
    pods.says(f"replicas: there are 3, expected {wanted}")


def test_where_no_pod_is_wanted_nothing_is_served(pods: Pods) -> None:
    pods.cluster.wanted = 0
    pods.cluster.pods.clear()
    pods.says("replicas: there are none")


def test_a_pod_that_waits_for_a_node_says_so(pods: Pods) -> None:
    pods.cluster.pods["fish-api-abc-9"] = pods.cluster.pod(None)
    pods.cluster.wanted = 4
    pods.says("replicas: pod fish-api-abc-9 has no address: not scheduled: 0/1 nodes are available")


@pytest.mark.parametrize(("wanted", "said"), [(2, ""), (3, "replicas: there are 2, expected 3")])
@pytest.mark.parametrize("how", ["dns", "urls"])
def test_other_lists_are_compared_with_the_workload(pods: Pods, how: str, wanted: int, said: str) -> None:
    pods.cluster.wanted = wanted
    pods.cluster.denied = {"pods"}  # nobody needs to list them
    with NameServer(fish_api_headless=["127.0.0.1", "127.0.0.2"]) as server:
        where = {"dns": {"dns": "fish-api-headless", "nameserver": server.place}, "urls": {
            "urls": pods.service.urls[:2]}}
        pods.says(said, where[how])
    assert [replica.asked > 0 for replica in pods.service.replicas] == [True, True, False]


# ---- pods that were told to end


def end_one(cluster: FakeCluster, address: str) -> None:
    """One more pod at this address, which was told to end."""
    cluster.pods["fish-api-old-1"] = cluster.pod(address, deletionTimestamp="2026-11-22T10:00:00Z")


@pytest.mark.parametrize("through", WAYS, ids=str)
@pytest.mark.parametrize(("version", "said"), [(7, "pod fish-api-old-1: serves version 7"), (1, "")])
def test_a_pod_that_ends_matters_as_long_as_it_answers(
        pods: Pods, through: dict[str, str], version: int, said: str) -> None:
    pods.service.replicas[2].version = version
    end_one(pods.cluster, pods.service.replicas[2].host)
    del pods.cluster.pods["fish-api-abc-2"]
    pods.cluster.wanted = 2
    pods.says(said, through)


@pytest.mark.parametrize("through", WAYS, ids=str)
def test_a_pod_that_ends_and_does_not_answer_is_no_replica(pods: Pods, through: dict[str, str]) -> None:
    end_one(pods.cluster, "127.0.0.77")  # where nobody listens
    pods.cluster.pods["fish-api-done-1"] = pods.cluster.pod("127.0.0.78")
    pods.cluster.pods["fish-api-done-1"]["status"]["phase"] = "Failed"  # evicted
    ended = pods.prove(through, fails=False)
    assert ended.status == 0, ended.stderr
    assert ended.result["served"]["replicas"] == 3
    assert ended.result["served"]["after"]["errors"] == 0


# ---- rights, and an API server that is away


@pytest.mark.parametrize(("through", "denied", "said"), [
    ({}, "deployments", f'{WORKLOAD}: HTTP 403: cannot get resource "deployments"'),
    ({}, "pods", f"the pods of {WORKLOAD} may not be listed"),
    (PROXY, "pods/proxy", 'pod fish-api-abc-0: HTTP 403: cannot get resource "pods/proxy"'),
])
def test_a_right_that_is_missing_is_named(pods: Pods, through: dict[str, str], denied: str, said: str) -> None:
    pods.cluster.denied = {denied}
    ended = pods.prove(through)
    assert ended.status == 80
    assert said in ended.errors[0]
    assert ('"modelhook help deploy" prints the Role that allows it' in ended.stderr) == (through != PROXY)


def test_an_api_server_that_does_not_answer_proves_nothing_and_rolls_nothing_back(pods: Pods) -> None:
    settings = pods.settings(on_failure="roll_back")
    assert pods.site.run(pods.site.train(9, config=settings)).status == 0
    pods.cluster.unanswered = True
    pods.service.reload(2)
    settings = {**settings, "deploy": []}
    handoff = pods.site.train(10, config={**settings, "served": {**settings["served"], "timeout": "2s"}})
    ended = pods.site.run(handoff)
    assert (ended.status, ended.result["retryable"]) == (75, True)
    assert ended.errors[0].startswith("whether version 2 is served is not known after ")
    assert f"fish-api: {WORKLOAD}: HTTP 503: the server is currently unable to handle" in ended.errors[0]
    assert pods.site.production == [2]
    pods.cluster.unanswered = False
    (handoff.parent / "modelhook.json").write_text(json.dumps(settings))
    assert pods.site.run(handoff).status == 0  # the same call finishes it


def test_status_shows_what_the_pods_serve(pods: Pods) -> None:
    settings = pods.settings()
    assert pods.site.run(pods.site.train(10, config=settings)).status == 0
    pods.service.replicas[0].version = 9
    (pods.folder / "modelhook.json").write_text(json.dumps(settings))
    shown = pods.site.hook("status", MODEL, "--served", cwd=pods.folder).stdout.splitlines()
    assert shown[-1].split(None, 1) == ["served", "version 9 on 1 replica; version 1 on 2 replicas"]


# ---- mistakes in the settings


NAMED = {"deployment": "fish-api"}


@pytest.mark.parametrize(("replicas", "error"), [
    ({}, 'served.replicas: needs "urls", "dns" or "kubernetes"'),
    ({"kubernetes": NAMED}, "served.replicas.port: missing"),
    ({"kubernetes": {}, "port": 1}, 'served.replicas.kubernetes: needs one of "deployment", "statefulset"'),
    ({"kubernetes": {**NAMED, "daemonset": "b"}, "port": 1}, "served.replicas.kubernetes.daemonset: is the second"),
    ({"kubernetes": {**NAMED, "pod": "b"}, "port": 1}, "served.replicas.kubernetes.pod: unknown key"),
    ({"kubernetes": NAMED, "port": 1, "count": 3}, 'served.replicas.count: and "kubernetes" cannot both be set'),
    ({"kubernetes": NAMED, "port": 1, "through": "tunnel"}, "served.replicas.through: is one of address, proxy"),
    ({"dns": "a", "port": 1, "through": "proxy"}, 'served.replicas.through: is for the pods of "kubernetes"'),
    ({"kubernetes": NAMED, "dns": "a", "port": 1, "through": "proxy"}, "served.replicas.through: is for the pods"),
])
def test_replicas_that_cannot_work_are_refused_before_anything_is_sent(
        site: Site, replicas: dict[str, Any], error: str) -> None:
    served = {"url": "http://fish-api", "json_pointer": "/version", "replicas": replicas}
    ended = site.run(site.train(10, config={"served": served}))
    assert ended.status == 78
    assert error in ended.errors[0]
    assert site.sent == []


def test_a_login_of_the_service_does_not_get_through_the_proxy(site: Site) -> None:
    served = {"url": "http://fish-api", "json_pointer": "/version", "headers": {"authorization": "Bearer x"},
              "replicas": {"kubernetes": NAMED, "port": 1, "through": "proxy"}}
    ended = site.run(site.train(10, config={"served": served}))
    assert (ended.status, ended.errors[0].rpartition("replicas.")[2]) == (
        78, 'through: the API server passes no "Authorization" on to a pod')
