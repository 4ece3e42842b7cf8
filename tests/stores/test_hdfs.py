"""Runs whose artifacts are in HDFS, on a real NameNode and DataNode: whole or not there, whatever fails or dies."""

from __future__ import annotations

import contextlib
import json
import random
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import environment
import pytest
import tiny_model
from conftest import Hook
from fault_proxy import Fault, FaultProxy, Request
from hadoop import Hadoop
from promoting import Site
from servers import MLflow
from training import Team, run_of, spooled

LATER, REFUSED, NOT_A_REGISTRY, DENIED = 75, 69, 76, 77
CREDENTIALS = environment.ROOT / "tests/data/hadoop-credentials"  # of a cluster that is no more
FEW_TRIES = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}


@pytest.fixture(scope="session")
def mlflow_hdfs(hdfs: Hadoop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """A real MLflow whose runs keep their artifacts in HDFS, where its clients send them themselves."""
    with MLflow(tmp_path_factory.mktemp("mlflow-hdfs"), artifacts=f"{hdfs.namenode}/runs",
                direct_artifacts=True) as server:
        yield server


@pytest.fixture
def team(hook: Hook, mlflow_hdfs: MLflow, hdfs: Hadoop, tmp_path: Path) -> Team:
    """A team whose cluster tells where its NameNode is."""
    hook.env |= {"HADOOP_CONF_DIR": str(hdfs.conf), "HADOOP_USER_NAME": hdfs.user}
    return Team(hook, mlflow_hdfs, tmp_path)


def folder_of(handoff: Path) -> str:
    """Where HDFS has the artifacts of a training."""
    return f"/runs/0/{run_of(handoff)}/artifacts"


def assert_whole(team: Team, hdfs: Hadoop, handoff: Path) -> None:
    """The one version's files are those of the SavedModel, to the byte, and nothing else was left.

    Two callers at once may each have created a version: the later one is marked as the duplicate it is.
    """
    once = [version for version in team.registry.versions(team.model)
            if "modelhook.duplicate_of" not in version["tags"]]
    assert [version["current_stage"] for version in once] == ["Production"]
    sent = folder_of(handoff) + "/model/saved_model"
    local = Path(json.loads(handoff.read_text())["saved_model"])
    inside = {str(path.relative_to(local)): path for path in local.rglob("*") if path.is_file()}
    assert sorted(hdfs.files(sent)) == sorted(inside)
    assert all(hdfs.get(f"{sent}/{name}") == path.read_bytes() for name, path in inside.items())
    assert temporaries(hdfs, folder_of(handoff)) == []


def temporaries(hdfs: Hadoop, folder: str) -> list[str]:
    """Files on their way, below a folder."""
    return [name for name in hdfs.files(folder) if name.endswith(".modelhook")]


def with_large_file(folder: Path, size: int = 9 << 20) -> Path:
    """A SavedModel with a file of several blocks."""
    saved_model = tiny_model.write(folder / "large")
    (saved_model / "assets.extra").mkdir()
    (saved_model / "assets.extra/large.bin").write_bytes(random.Random(size).randbytes(size))
    return saved_model


class Front:
    """Proxies before NameNode and DataNode; what the NameNode says leads to the DataNode's proxy."""

    def __init__(self, hdfs: Hadoop) -> None:
        hdfs.put("/front", b"x")
        self.datanode = re.match(r"http://[^/]*", hdfs.ask("GET", "/front", "OPEN", noredirect="true")["Location"])[0]
        self.blocks = FaultProxy(self.datanode)
        self.names = Rewriting(hdfs.webhdfs, self._lead)
        self.asked: list[str] = []
        self.queries: list[str] = []
        self.fault: Callable[[str], Fault | None] = lambda operation: None

    def _lead(self, answer: bytes) -> bytes:
        return answer.replace(self.datanode.encode(), self.blocks.url("dn").encode())

    def _decide(self, where: str) -> Callable[[Request], Fault | None]:
        def decide(request: Request) -> Fault | None:
            operation = f"{where} {re.search('op=([A-Z_]*)', request.query)[1]}"
            self.asked.append(operation)
            self.queries.append(request.query)
            return self.fault(operation)

        return decide

    def once(self, operation: str, fault: Fault, nth: int = 1) -> None:
        """This becomes of the nth request that asks for the operation; nothing of the others."""
        left = [nth]

        def decide(asked: str) -> Fault | None:
            left[0] -= asked == operation
            return fault if asked == operation and left[0] == 0 else None

        self.fault = decide

    @property
    def url(self) -> str:
        """For MODELHOOK_WEBHDFS_URL."""
        return self.names.url("nn")

    def __enter__(self) -> Self:
        """Both listening."""
        self.names.__enter__()
        self.blocks.__enter__()
        self.names.on("nn", self._decide("nn"))
        self.blocks.on("dn", self._decide("dn"))
        return self

    def __exit__(self, *error: object) -> None:
        """Both gone."""
        self.blocks.__exit__(None, None, None)
        self.names.__exit__(None, None, None)


class Rewriting(FaultProxy):
    """A proxy that changes what the server is asked and answers."""

    def __init__(self, upstream: str, change: Callable[[bytes], bytes]) -> None:
        super().__init__(upstream)
        self.change = change
        self.left_out = b"\0"  # of requests

    async def _carry_out(self, request: bytes) -> bytes:
        answer = await super()._carry_out(request.replace(self.left_out, b""))
        head, end, body = answer.partition(b"\r\n\r\n")
        body = self.change(body)
        return re.sub(rb"(?i)content-length: \d+", b"Content-Length: %d" % len(body), self.change(head)) + end + body


@pytest.fixture
def front(hdfs: Hadoop, team: Team) -> Iterator[Front]:
    """The team reaches HDFS through proxies."""
    with Front(hdfs) as proxies:
        team.hook.env["MODELHOOK_WEBHDFS_URL"] = proxies.url
        yield proxies


@contextlib.contextmanager
def answering(status: int, headers: dict[str, str], body: str) -> Iterator[ThreadingHTTPServer]:
    """A server that has one answer for everything; `asked` counts. No cluster gives these on demand."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked += 1
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        do_PUT = do_DELETE = do_GET

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked = 0
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


# ---- what arrives


def test_a_run_arrives_whole_and_is_not_sent_again(team: Team, hdfs: Hadoop, tmp_path: Path) -> None:
    saved_model = with_large_file(tmp_path)
    (saved_model / "assets.extra" / "рыба %2F+?#&.txt").write_bytes(b"")
    handoff = team.train(saved_model=saved_model)
    place = f"{hdfs.namenode}/results/{team.model}/result.json"
    ended = team.run(handoff, "--result", place)
    assert (ended.status, ended.result["version"]) == (0, "1")
    assert_whole(team, hdfs, handoff)
    assert team.version(1)["source"] == f"{hdfs.namenode}{folder_of(handoff)}/model"
    assert json.loads(hdfs.get(f"/results/{team.model}/result.json")) == ended.result
    told = team.hook("outcome", place)
    assert (told.status, told.result["version"]) == (0, "1")
    again = team.run(handoff)
    assert " 0 files sent" in again.stderr
    assert_whole(team, hdfs, handoff)


def test_files_are_verified_by_the_clusters_checksum_and_not_read_back(
        team: Team, hdfs: Hadoop, front: Front, tmp_path: Path) -> None:
    handoff = team.train(saved_model=with_large_file(tmp_path))
    assert team.run(handoff).status == 0
    assert_whole(team, hdfs, handoff)
    assert "dn GETFILECHECKSUM" in front.asked
    assert "dn OPEN" not in front.asked


def test_a_version_in_production_is_verified_by_its_files(team: Team, hdfs: Hadoop) -> None:
    handoff = team.train()
    assert team.run(handoff).status == 0
    assert team.hook("status", team.model, "--files").status == 0
    hdfs.put(f"{folder_of(handoff)}/model/MLmodel", b"other: bytes\n")
    damaged = team.hook("status", team.model, "--files")
    assert "its files are not those that were registered" in damaged.stdout


# ---- where the NameNode is


def test_the_standby_namenode_is_left_for_the_active_one(team: Team, hdfs: Hadoop, tmp_path: Path) -> None:
    refusal = {"exception": "StandbyException", "javaClassName": "org.apache.hadoop.ipc.StandbyException",
               "message": "Operation category READ is not supported in state standby"}
    with answering(403, {"Content-Type": "application/json"}, json.dumps({"RemoteException": refusal})) as standby:
        real = hdfs.webhdfs.removeprefix("http://")
        properties = {"fs.defaultFS": hdfs.namenode, "dfs.namenode.http-address": real, "dfs.nameservices": "pair",
                      "dfs.ha.namenodes.pair": "nn1,nn2",
                      "dfs.namenode.http-address.pair.nn1": f"127.0.0.1:{standby.server_address[1]}",
                      "dfs.namenode.http-address.pair.nn2": real}
        (tmp_path / "hdfs-site.xml").write_text("<configuration>" + "".join(
            f"<property><name>{name}</name><value>{value}</value></property>" for name, value in properties.items())
            + "</configuration>")
        ended = team.run(team.train(), "--result", f"hdfs://pair/results/{team.model}/result.json",
                         env={"HADOOP_CONF_DIR": str(tmp_path)})
        assert (ended.status, standby.asked) == (0, 1)
    assert json.loads(hdfs.get(f"/results/{team.model}/result.json")) == ended.result


def test_a_namenode_that_is_away_is_left_for_the_next(team: Team, hdfs: Hadoop) -> None:
    handoff = team.train()
    ended = team.run(handoff, env={"MODELHOOK_WEBHDFS_URL": f"http://127.0.0.1:9,{hdfs.webhdfs}",
                                   "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"})
    assert ended.status == 0
    assert_whole(team, hdfs, handoff)


def test_a_namenode_that_redirects_by_status_alone_is_followed_to_its_datanode(
        team: Team, hdfs: Hadoop, front: Front) -> None:
    """As those of Hadoop 2 do; the body goes to the DataNode alone."""
    front.names.left_out = b"&noredirect=true"
    handoff = team.train()
    assert team.run(handoff).status == 0
    assert_whole(team, hdfs, handoff)
    assert front.asked.count("dn CREATE") == front.asked.count("nn CREATE")
    assert team.hook("status", team.model, "--files").status == 0
    assert "dn OPEN" in front.asked


def test_without_a_configuration_the_error_says_what_to_set(team: Team) -> None:
    nothing = {"HADOOP_CONF_DIR": str(team.folder)}
    told = team.hook("outcome", "hdfs:///results/result.json", env=nothing)
    assert told.status == 78
    assert "hdfs:///results names no file system" in told.stderr
    assert "HADOOP_CONF_DIR" in told.stderr


def test_a_server_that_is_no_namenode_is_told_apart(team: Team) -> None:
    with answering(404, {"Content-Type": "text/html"}, "<h1>not found</h1>") as other:
        told = team.hook("outcome", "hdfs://nn/results/result.json",
                         env={"MODELHOOK_WEBHDFS_URL": f"http://127.0.0.1:{other.server_address[1]}"})
    assert told.status == NOT_A_REGISTRY
    assert "MODELHOOK_WEBHDFS_URL" in told.stderr


# ---- who may write


def test_a_user_who_may_not_write_is_denied_by_name(team: Team, hdfs: Hadoop) -> None:
    handoff = team.train()
    ended = team.run(handoff, env={"HADOOP_USER_NAME": "stranger"})
    assert ended.status == DENIED
    assert "AccessControlException: Permission denied: user=stranger" in ended.errors[0]
    assert "set HADOOP_USER_NAME" in ended.stderr
    assert team.registry.versions(team.model) == []
    assert hdfs.files(folder_of(handoff)) == {}
    assert team.run(handoff).status == 0
    assert_whole(team, hdfs, handoff)


def test_a_cluster_with_kerberos_takes_the_token_of_the_job_and_no_other(site: Site, tmp_path: Path) -> None:
    with Hadoop(tmp_path / "kerberos", kerberos=True) as cluster:
        site.hook.env["HADOOP_CONF_DIR"] = str(cluster.conf)
        place = f"{cluster.namenode}/home/results/last.json"
        ours = {"HADOOP_TOKEN_FILE_LOCATION": str(cluster.tokens)}
        ended = site.run(site.train(), "--spool", f"{cluster.namenode}/home/spool", "--result", place, env=ours)
        assert (ended.status, ended.warnings) == (0, [])
        assert site.hook("outcome", place, env=ours).result == ended.result
        other = site.hook("outcome", place, env={"HADOOP_TOKEN_FILE_LOCATION": str(CREDENTIALS)})
        assert other.status == DENIED
        assert "InvalidToken" in other.errors[0]
        without = site.hook("outcome", place)
        assert without.status == DENIED
        assert "it wants Kerberos, which this program does not speak: set HADOOP_TOKEN_FILE_LOCATION" in without.stderr


def test_the_token_of_the_job_is_sent_and_never_shown(team: Team, hdfs: Hadoop, front: Front) -> None:
    """A cluster without Kerberos passes over it."""
    token = "HAAEYW5uYQR5YXJu"  # how it begins: anna, yarn
    handoff = team.train()
    ended = team.run(handoff, env={"HADOOP_TOKEN_FILE_LOCATION": str(CREDENTIALS)})
    assert ended.status == 0
    assert_whole(team, hdfs, handoff)
    assert all(f"user.name={hdfs.user}&delegation={token}" in query for query in front.queries if "noredirect" in query)
    assert token not in ended.stdout + ended.stderr
    unread = team.run(handoff, env={"HADOOP_TOKEN_FILE_LOCATION": str(handoff)})
    assert (unread.status, unread.errors) == (
        78, ["HADOOP_TOKEN_FILE_LOCATION: it holds no credentials of Hadoop"])


def test_a_server_that_does_not_allow_hdfs_sources_is_told_how(
        team: Team, hdfs: Hadoop, mlflow_hdfs: MLflow, hook: Hook, tmp_path: Path) -> None:
    """The same runs, on a server that was started without HDFS: it takes no version there, and says so."""
    handoff = team.train()
    with MLflow(tmp_path / "other", store=f"sqlite:///{mlflow_hdfs.folder}/mlflow.db") as other:
        refused = team.run(handoff, env=other.client_env())
    assert refused.status == REFUSED
    assert "'source' cannot use the 'hdfs' scheme" in refused.errors[0]
    assert "MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES" in refused.stderr.split("hint: ")[1]
    allowed = {"MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES": "hdfs"}
    with MLflow(tmp_path / "allowed", store=f"sqlite:///{mlflow_hdfs.folder}/mlflow.db", env=allowed) as other:
        assert team.run(handoff, env=other.client_env()).status == 0
    assert_whole(team, hdfs, handoff)


@pytest.mark.parametrize("kind", ["namespacequota", "storagespacequota"])
def test_a_quota_that_is_used_up_is_refused_and_nothing_is_left(team: Team, hdfs: Hadoop, kind: str) -> None:
    handoff = team.train()
    hdfs.ask("PUT", folder_of(handoff), "MKDIRS")
    hdfs.ask("PUT", folder_of(handoff), "SETQUOTA", **{kind: "4"})
    ended = team.run(handoff)
    assert ended.status == REFUSED
    assert re.search("QuotaExceededException: The (NameSpace|DiskSpace) quota", ended.errors[0])
    assert temporaries(hdfs, folder_of(handoff)) == []
    assert team.registry.versions(team.model) == []


def test_a_name_that_hdfs_does_not_take_is_refused(team: Team, tmp_path: Path) -> None:
    saved_model = tiny_model.write(tmp_path / "named")
    (saved_model / "assets.extra").mkdir()
    (saved_model / "assets.extra/a:b").write_text("x")
    ended = team.run(team.train(saved_model=saved_model))
    assert ended.status == REFUSED
    assert "a:b" in ended.errors[0]
    assert "InvalidPathException" in ended.errors[0]


# ---- what fails for a while


def test_safe_mode_is_for_later(team: Team, hdfs: Hadoop) -> None:
    handoff = team.train()
    hdfs.order("enter safemode")
    try:
        ended = team.run(handoff, env=FEW_TRIES)
    finally:
        hdfs.order("leave safemode")
    assert ended.status == LATER
    assert "SafeModeException" in ended.errors[0]
    assert "safemode" in ended.stderr.split("hint: ")[1]
    assert team.hook("replay", *spooled(handoff)).status == 0
    assert_whole(team, hdfs, handoff)


def test_a_datanode_that_is_away_is_for_later(team: Team, hdfs: Hadoop) -> None:
    handoff = team.train()
    hdfs.order("stop datanode")
    try:
        ended = team.run(handoff, env=FEW_TRIES)
        assert ended.status == LATER
        assert team.registry.versions(team.model) == []
    finally:
        hdfs.order("start datanode")
    assert team.hook("replay", *spooled(handoff)).status == 0
    assert_whole(team, hdfs, handoff)


FAULTS = [("nn LISTSTATUS", "503", 1), ("nn CREATE", "reset", 2), ("dn CREATE", "reset", 2), ("dn CREATE", "drop", 2),
          ("dn CREATE", "503", 1), ("nn GETFILESTATUS", "503", 1), ("dn GETFILECHECKSUM", "drop", 1),
          ("nn SETXATTR", "drop", 1), ("nn RENAME", "reset", 8), ("nn RENAME", "drop", 1), ("nn RENAME", "drop", 8),
          ("nn RENAME", "503", 8)]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_lost_request_or_answer_changes_nothing(
        team: Team, hdfs: Hadoop, front: Front, fault: tuple[str, str, int]) -> None:
    operation, kind, nth = fault
    front.once(operation, Fault(kind), nth)
    handoff = team.train()
    assert team.run(handoff).status == 0
    assert_whole(team, hdfs, handoff)


# ---- who dies


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("request_", [("nn CREATE", 3), ("dn CREATE", 1), ("dn CREATE", 3), ("dn GETFILECHECKSUM", 2),
                                      ("nn RENAME", 1), ("nn RENAME", 8)], ids=str)
def test_killed_around_a_request_the_next_call_makes_it_whole(
        team: Team, hdfs: Hadoop, front: Front, request_: tuple[str, int], when: str) -> None:
    operation, nth = request_
    handoff = team.train()
    process = team.hook.start("run", handoff)
    front.once(operation, Fault(**{when: process.kill}), nth)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    front.names.settle()
    front.blocks.settle()
    assert team.registry.versions(team.model) == []
    front.fault = lambda operation: None
    assert team.run(handoff).status == 0
    assert_whole(team, hdfs, handoff)


def test_killed_in_the_middle_of_a_file_nobody_sees_half_of_it(team: Team, hdfs: Hadoop, tmp_path: Path) -> None:
    handoff = team.train(saved_model=with_large_file(tmp_path))
    process = team.hook.start("run", handoff, "--limit-rate", "2M")
    large = f"{folder_of(handoff)}/model/saved_model/assets.extra"
    until = time.monotonic() + 60
    while not any(temporaries(hdfs, large)):
        assert time.monotonic() < until
        time.sleep(0.01)
    process.kill()
    process.communicate(timeout=60)
    torn = hdfs.files(large)
    assert [name for name in torn if name.startswith(".large.bin.")] == list(torn)
    assert team.run(handoff).status == 0
    assert_whole(team, hdfs, handoff)


def test_two_calls_at_once_leave_one_whole_version(team: Team, hdfs: Hadoop, tmp_path: Path) -> None:
    handoff = team.train(saved_model=with_large_file(tmp_path, 1 << 20))
    packages = [tmp_path / "one.tar.gz", tmp_path / "two.tar.gz"]
    for package in packages:
        assert team.hook("pack", handoff, "-o", package).status == 0
    calls = [team.hook.start("replay", package) for package in packages]
    said = [call.communicate(timeout=120)[1] for call in calls]
    assert [call.returncode for call in calls] == [0, 0], said
    assert_whole(team, hdfs, handoff)
