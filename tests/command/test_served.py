"""After a promotion the service is reloaded and seen serving the version, or registry and service go back."""

from __future__ import annotations

import itertools
import json
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from conftest import Ended
from inference import Service
from name_server import NameServer
from promoting import MODEL, Site, wait_for


def note(site: Site, number: int) -> dict[str, Any]:
    """What a version keeps of its way into the service."""
    return json.loads(site.version(number)["tags"].get("modelhook.served", "{}"))


def train(site: Site, service: Service, folder: Path, hour: int, **served: Any) -> Ended:
    """A training that is promoted and brought into the service."""
    return site.run(site.train(hour, config=service.settings(folder, **served)))


def test_a_version_that_every_replica_serves_is_promoted_and_noted(site: Site, tmp_path: Path) -> None:
    with Service(replicas=3) as service:
        assert train(site, service, tmp_path, 10).status == 0
        ended = train(site, service, tmp_path, 11)
    assert ended.status == 0
    assert service.versions == [2, 2, 2]
    assert service.reloads == [1, 2]
    assert [step["name"] for step in ended.result["steps"]][-2:] == ["reload", "served"]
    assert "version 2 on 3 replicas, 3 rounds in a row" in ended.result["steps"][-1]["did"]
    told = ended.result["served"]
    assert told == note(site, 2)
    assert (told["state"], told["replicas"], told["rounds"]) == ("served", 3, 3)
    assert told["after_ms"] > 0
    assert told["after"]["requests"] == 9
    assert told["after"]["errors"] == 0
    assert told["before"]["requests"] >= 20
    assert {"requests", "errors", "p50_ms", "p95_ms"} == set(told["before"])


def test_what_is_served_already_is_not_reloaded_and_writes_nothing(site: Site, tmp_path: Path) -> None:
    with Service() as service:
        handoff = site.train(10, config=service.settings(tmp_path))
        assert site.run(handoff).status == 0
        site.forget()
        ended = site.run(handoff)
    assert ended.status == 0
    assert service.reloads == [1]
    assert site.sent == ["POST runs/set-tag modelhook.outcome"]
    assert ended.result["served"] == note(site, 1)


FAILURES = [
    # behaviour, replicas, what the message says
    ("old", 1, r"/model: serves version 1"),
    ("half", 4, r"/model: serves version 1"),
    ("crashing", 1, r"/model: "),
    ("hung", 1, r"/model: no answer within 1.5 s"),
    ("broken", 2, r"/model: HTTP 503"),
]


@pytest.mark.parametrize(("behaviour", "replicas", "message"), FAILURES)
def test_what_is_not_served_is_rolled_back_registry_and_service(
        site: Site, tmp_path: Path, behaviour: str, replicas: int, message: str) -> None:
    with Service(replicas, refuses={2}, behaviour=behaviour) as service:
        assert train(site, service, tmp_path, 10, on_failure="roll_back").status == 0
        handoff = site.train(11, config=service.settings(tmp_path, on_failure="roll_back"))
        ended = site.run(handoff)
        assert ended.status == 81
        assert ended.result["outcome"] == "rolled_back"
        assert (ended.result["version"], ended.result["previous_version"]) == ("2", "1")
        assert ended.errors[0].startswith("version 2 is rolled back to version 1: version 2 is not served after ")
        assert message in ended.errors[0]
        assert service.versions == [1] * replicas
        assert service.reloads == ([1, 2, 1] if behaviour != "old" else [1, 2])
        assert site.production == [1]
        assert {alias["alias"]: alias["version"] for alias in site.fake.registry.models[MODEL]["aliases"]
                }["production"] == "1"
        assert "modelhook.withdrawn" in site.version(2)["tags"]
        assert note(site, 2)["state"] == "rolled_back"
        assert note(site, 2)["to"] == "1"
        assert note(site, 1)["state"] == "served"
        assert site.spooled(handoff) == []
        site.forget()
        again = site.run(handoff)  # the same call comes to the same end
        assert (again.status, again.result["outcome"]) == (81, "rolled_back")
        assert site.sent == ["POST runs/set-tag modelhook.outcome"]


def test_what_is_not_served_is_kept_by_policy(site: Site, tmp_path: Path) -> None:
    with Service(refuses={2}, behaviour="old") as service:
        assert train(site, service, tmp_path, 10).status == 0
        handoff = site.train(11, config=service.settings(tmp_path))
        ended = site.run(handoff)
        assert (ended.status, ended.result["outcome"]) == (80, "not_served")
        assert site.production == [2]
        assert note(site, 2)["state"] == "not_served"
        assert len(site.spooled(handoff)) > 0
        service.refuses.clear()
        assert site.run(handoff).status == 0  # the same call, once the service loads it
    assert service.versions == [2]
    assert note(site, 2)["state"] == "served"
    assert site.spooled(handoff) == []


def test_the_first_version_has_nowhere_to_go_back_to(site: Site, tmp_path: Path) -> None:
    with Service(refuses={1}, behaviour="old") as service:
        ended = train(site, service, tmp_path, 10, on_failure="roll_back", timeout="2s")
    assert ended.status == 80
    assert "warning: version 1 stays in Production: no version was good before it" in ended.stderr
    assert site.production == [1]


def test_a_rollback_that_is_not_served_either_says_what_stands_where(site: Site, tmp_path: Path) -> None:
    with Service() as service:
        settings = service.settings(tmp_path, on_failure="roll_back", timeout="2s")
        assert site.run(site.train(10, config=settings)).status == 0
        service.refuses |= {1, 2}
        service.behaviour = "broken"
        ended = site.run(site.train(11, config=settings))
        assert ended.status == 80
        assert ended.errors[0].startswith(
            "version 1 is Production again, but the service is not seen serving it: version 1 is not served after")
        assert f"hint: modelhook served {MODEL} --repair finishes it" in ended.stderr
        assert site.production == [1]
        assert note(site, 2)["state"] == "rolling_back"
        service.refuses.clear()
        (tmp_path / "modelhook.json").write_text(json.dumps(settings))
        repaired = site.hook("served", MODEL, "--repair", "--json", cwd=tmp_path)
    assert (repaired.status, repaired.result["outcome"]) == (0, "served")
    assert service.versions == [1]
    assert note(site, 2)["state"] == "rolled_back"


@pytest.mark.parametrize("place", [
    {"json_pointer": "/version"}, {"json_pointer": "/loaded/as"},
    {"json_pointer": None, "header": "X-Model-Version", "regex": None},
    {"json_pointer": None, "regex": '"as": ([0-9]+)'},
])
def test_the_identity_is_read_by_pointer_header_or_pattern(site: Site, tmp_path: Path, place: dict[str, Any]) -> None:
    with Service() as service:
        settings = service.settings(tmp_path, timeout="2s")
        settings["served"] = {key: value for key, value in {**settings["served"], **place}.items() if value is not None}
        ended = site.run(site.train(10, config=settings))
    if "header" in place:  # it says "v1"
        assert ended.status == 80
        assert "serves version v1" in ended.errors[0]
    else:
        assert ended.status == 0


@pytest.mark.parametrize("identity", ["digest", "run_id", "model_uuid"])
def test_an_identity_that_the_packer_knows_proves_as_well(site: Site, tmp_path: Path, identity: str) -> None:
    with Service() as service:
        handoff = site.train(10, config=service.settings(tmp_path, identity=identity, timeout="2s"))
        expected = {}

        def answer(request: Any) -> None:
            request.answer(200, {"version": expected.get(identity, "unknown")})

        service.answer = answer  # type: ignore[method-assign]
        wrong = site.run(handoff)
        assert wrong.status == 80
        assert f"serves {identity} unknown" in wrong.errors[0]
        version = site.version(1)
        mlmodel = site.fake.registry.artifacts[
            version["source"].removeprefix("mlflow-artifacts:/") + "/MLmodel"].decode()
        uuid = next(line.split('"')[1] for line in mlmodel.splitlines() if line.startswith("model_uuid"))
        expected |= {"digest": version["tags"]["modelhook.digest"], "run_id": version["run_id"], "model_uuid": uuid}
        assert site.run(handoff).status == 0


def test_by_hand_the_service_follows_as_well(site: Site, tmp_path: Path) -> None:
    with Service() as service:
        settings = service.settings(tmp_path)
        for hour in (10, 11):
            assert site.run(site.train(hour, config=settings)).status == 0
        (tmp_path / "modelhook.json").write_text(json.dumps(settings))
        assert site.hook("rollback", MODEL, cwd=tmp_path).status == 0
        assert (site.production, service.versions) == ([1], [1])
        assert site.hook("promote", MODEL, "2", cwd=tmp_path).status == 0
        assert (site.production, service.versions) == ([2], [2])
        service.reload(1)
        ended = site.hook("served", MODEL, cwd=tmp_path)
        assert ended.status == 80
        assert "serves version 1" in ended.errors[0]
        assert site.hook("served", MODEL, "--repair", cwd=tmp_path).status == 0
        site.forget()
        ended = site.hook("served", MODEL, "--json", cwd=tmp_path)
        assert (ended.status, ended.result["outcome"]) == (0, "served")
        assert ended.result["served"]["after"]["requests"] == 3
        assert site.sent == []
        assert service.reloads == [1, 2, 1, 2, 1, 2]


def dns_settings(service: Service, folder: Path, server: NameServer, **replicas: Any) -> dict[str, Any]:
    """The replicas are the addresses of a name."""
    port = service.replicas[0].server_port
    settings = service.settings(folder, url="http://fish-api/model", on_failure="keep", timeout="2s")
    where = {"dns": "fish-api-headless", "port": port, "nameserver": server.place, **replicas}
    settings["served"]["replicas"] = where
    return settings


def test_every_address_of_a_headless_service_is_asked(site: Site, tmp_path: Path) -> None:
    addresses = [f"127.0.0.{number}" for number in range(1, 61)]  # more than musl's resolver gives
    with Service(60, same_port=True) as service, NameServer(fish_api_headless=addresses) as server:
        ended = site.run(site.train(10, config=dns_settings(service, tmp_path, server)))
        assert ended.status == 0
        assert ended.result["served"]["replicas"] == 60
        assert {replica.asked >= 3 for replica in service.replicas} == {True}
        assert {host for replica in service.replicas for host in replica.hosts} == {"fish-api"}
        assert set(server.asked) == {("fish-api-headless", 1), ("fish-api-headless", 28)}
        service.reload(2)
        service.replicas[59].version = 1
        settings = dns_settings(service, tmp_path, server)
        settings["deploy"] = []
        ended = site.run(site.train(11, config=settings))
        assert (ended.status, ended.errors[0].rpartition(" s: ")[2]) == (
            80, f"127.0.0.60:{service.replicas[0].server_port}: serves version 1")


@pytest.mark.parametrize(("name", "count", "error"), [
    ("gone", 0, "gone: could not resolve host gone"),
    ("fish-api-headless", 3, "replicas: there are 2, expected 3"),
])
def test_replicas_that_are_not_there_prove_nothing(
        site: Site, tmp_path: Path, name: str, count: int, error: str) -> None:
    with Service(2, same_port=True) as service, NameServer(fish_api_headless=["127.0.0.1", "127.0.0.2"]) as server:
        where = {"dns": name, **({"count": count} if count else {})}
        ended = site.run(site.train(10, config=dns_settings(service, tmp_path, server, **where)))
    assert (ended.status, ended.errors[0].rpartition(" s: ")[2]) == (80, error)


def test_status_and_history_show_what_is_served(site: Site, tmp_path: Path) -> None:
    with Service(replicas=3, refuses={3}, behaviour="half") as service:
        settings = service.settings(tmp_path, on_failure="roll_back", timeout="2s")
        (tmp_path / "modelhook.json").write_text(json.dumps(settings))
        assert [site.run(site.train(hour, config=settings)).status for hour in (10, 11, 12)] == [0, 0, 81]
        service.replicas[0].version = 1
        shown = site.hook("status", MODEL, "--served", cwd=tmp_path).stdout.splitlines()
        assert [line.split(None, 1) for line in shown[-3:]] == [
            ["stage", "version 2"], ["alias", "version 2"],
            ["served", "version 1 on 1 replica; version 2 on 2 replicas"]]
        told = json.loads(site.hook("status", MODEL, "--served", "--json", cwd=tmp_path).stdout)
        said = "version 1 on 1 replica; version 2 on 2 replicas"
        assert told["in_use"] == {"stage": "2", "alias": "2", "served": said}
        assert site.hook("status", "--served", cwd=tmp_path).errors == ["--served is about one model: name it"]
    periods = json.loads(site.hook("history", MODEL, "--json").stdout)["production"]
    assert [(period["version"], (period["served"] or {}).get("state")) for period in periods] == [
        ("1", "served"), ("2", None), ("3", "rolled_back"), ("2", "served")]
    table = site.hook("history", MODEL).stdout
    assert "no, rolled back" in table
    assert "after " in table


def test_without_a_word_about_the_service_there_is_nothing_to_prove(site: Site, tmp_path: Path) -> None:
    site.promote(10)
    ended = site.hook("served", MODEL, cwd=tmp_path)
    assert (ended.status, ended.errors) == (
        78, ['no "served" is set: nothing says how the service is asked'])


def test_a_stop_while_the_service_is_asked_keeps_the_package_and_the_next_call_ends_it(
        site: Site, tmp_path: Path) -> None:
    with Service(refuses={2}, behaviour="old") as service:
        assert train(site, service, tmp_path, 10).status == 0
        handoff = site.train(11, config=service.settings(tmp_path, timeout="5m"))
        asked = service.replicas[0].asked
        process = site.hook.start("run", handoff)
        wait_for(lambda: service.reloads == [1, 2] and service.replicas[0].asked > asked + 40)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == 143
        assert site.production == [2]
        assert len(site.spooled(handoff)) > 0
        service.refuses.clear()
        assert site.run(handoff).status == 0
    assert service.versions == [2]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("repair", [False, True])
def test_killed_at_any_write_of_a_rollback_the_next_call_ends_it(
        site: Site, tmp_path: Path, moment: str, repair: bool) -> None:
    """Killed before or after the server carries out each write: the same call, or served --repair, finishes it."""
    killed = 0
    with Service(replicas=2, behaviour="half") as service:
        settings = service.settings(tmp_path, on_failure="roll_back", timeout="2s")
        (tmp_path / "modelhook.json").write_text(json.dumps(settings))
        for number in itertools.count(1):
            good = 2 * number - 1
            assert site.run(site.train(config=settings, trained_at=f"2026-11-22T10:{good:02}:00Z")).status == 0
            handoff = site.train(config=settings, trained_at=f"2026-11-22T10:{good + 1:02}:00Z")
            service.refuses = {good + 1}
            status = kill_in_rollback(site, service, handoff, number, moment)
            if repair and status != 81:
                assert site.hook("served", MODEL, "--repair", cwd=tmp_path).status in (0, 81)
            ended = site.run(handoff)
            assert (ended.status, site.production, service.versions) == (81, [good], [good, good]), f"write {number}"
            assert note(site, good + 1)["state"] == "rolled_back"
            if status == 81:
                break
            killed += 1
    assert killed >= 9  # the note, decision, withdrawal, transition, two histories, two aliases, the note again


def kill_in_rollback(site: Site, service: Service, handoff: Path, number: int, moment: str) -> int:
    """Run it, and kill it at that write after the reload of the version that is refused; its exit status."""
    site.forget()
    started = threading.Event()

    def kill() -> None:
        started.wait()
        process.kill()

    service.reloaded = lambda: site.fake.fail(".*", method="POST|PATCH|PUT|DELETE", nth=number, **{moment: kill})
    process = site.hook.start("run", handoff)
    started.set()
    process.communicate(timeout=60)
    service.reloaded = lambda: None
    site.forget()
    return int(process.returncode)


@pytest.mark.parametrize(("served", "error"), [
    ({"url": "http://a"}, 'served: needs one of "json_pointer", "header" and "regex"'),
    ({"json_pointer": "version", "url": "http://a"}, 'served.json_pointer: is a JSON pointer such as "/version"'),
    ({"json_pointer": "/version", "header": "X", "url": "http://a"}, "served: needs one of"),
    ({"json_pointer": "/version"}, "served.url: missing"),
    ({"json_pointer": "/version", "url": "ftp://a"}, "served.url: is a URL such as"),
    ({"json_pointer": "/version", "url": "http://a", "identity": "name"}, "served.identity: is one of version, digest"),
    ({"regex": "(", "url": "http://a"}, "served.regex: is not a regular expression"),
    ({"server": "triton", "json_pointer": "/a", "url": "http://a"}, "says by itself which version it serves"),
    ({"server": "triton", "identity": "digest", "url": "http://a"}, "says its version alone"),
    ({"server": "apache", "url": "http://a"}, "served.server: is one of http, tensorflow_serving, triton"),
    ({"json_pointer": "/v", "url": "http://a", "rounds": 0}, "served.rounds"),
    ({"json_pointer": "/v", "url": "http://a", "timeout": "soon"}, 'served.timeout: is a duration such as "5m"'),
    ({"json_pointer": "/v", "url": "http://a", "on_failure": "panic"}, "served.on_failure: is one of keep, roll_back"),
    ({"json_pointer": "/v", "url": "http://a", "replicas": {"urls": []}}, "served.replicas.urls: names no replica"),
])
def test_settings_that_cannot_work_are_refused_before_anything_is_sent(
        site: Site, served: dict[str, Any], error: str) -> None:
    ended = site.run(site.train(10, config={"served": served}))
    assert ended.status == 78
    assert error in ended.errors[0]
    assert site.sent == []
