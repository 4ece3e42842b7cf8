"""Large artifacts past a real MLflow server, straight into its S3: in parts, verified, and nothing left open."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure_stores import ACCOUNT, Azurite
from conftest import Ended, Hook
from fault_proxy import Fault, FaultProxy, Request
from large_model import BIG, SIZE, digest, large_model
from object_stores import Versitygw
from servers import MLflow
from training import Team, run_of

MIB = 1 << 20
BUCKET = "passed-on"
PARTS = 3  # of 5 MiB
LATER = 75


@pytest.fixture(scope="session")
def mlflow_parts(versitygw: Versitygw, s3_door: FaultProxy,
                 tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """A real MLflow that passes artifacts on into a bucket."""
    env = versitygw.client_env() | {"MLFLOW_S3_ENDPOINT_URL": s3_door.url("")}
    with MLflow(tmp_path_factory.mktemp("mlflow-parts"), artifacts=versitygw.make_bucket(BUCKET), env=env) as server:
        yield server


@pytest.fixture(scope="session")
def door(mlflow_parts: MLflow) -> Iterator[FaultProxy]:
    """What stands before the MLflow server."""
    with FaultProxy(mlflow_parts.url) as proxy:
        yield proxy


class Site:
    """A team whose model has a large file, and what its calls ask of MLflow and of S3."""

    def __init__(self, team: Team, s3: Versitygw, s3_door: FaultProxy, door: FaultProxy) -> None:
        self.team = team
        self.s3 = s3
        self.front = s3_door
        self.door = door
        self.label = team.model
        self.size = SIZE
        self.saved_model = team.folder / "saved_model"
        team.hook.env |= {"MLFLOW_TRACKING_URI": door.url(self.label),
                          "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": str(6 * MIB)}
        s3_door.on("", lambda request: None)
        self.seen = len(s3_door.sent(""))

    def train(self) -> Path:
        """A training; its model is another one each time."""
        return self.team.train(saved_model=large_model(self.saved_model, self.size))

    def run(self, handoff: Path, *flags: str, **env: str) -> Ended:
        """Call modelhook run."""
        return self.team.run(handoff, *flags, env=env)

    def asked(self, what: str) -> int:
        """How often MLflow was asked for that."""
        return sum(what in sent for sent in self.door.sent(self.label))

    def parts_sent(self) -> int:
        """How many parts were sent to S3 so far."""
        return sum(sent.startswith("PUT ") and sent.endswith(BIG) for sent in self.front.sent("")[self.seen:])

    def open_uploads(self) -> list[dict[str, Any]]:
        """Uploads that nobody ended."""
        return list(self.s3.boto().list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))

    def end_uploads(self) -> int:
        """End them, as a rule of the bucket would; how many there were."""
        uploads = self.open_uploads()
        for upload in uploads:
            self.s3.boto().abort_multipart_upload(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])
        return len(uploads)

    def check(self, handoff: Path) -> None:
        """The large file is whole, there is one version, and nothing of the upload is left anywhere."""
        sent = self.s3.path / BUCKET / "0" / run_of(handoff) / "artifacts/model/saved_model" / BIG
        assert digest(sent) == digest(self.saved_model / BIG)
        assert len(self.team.registry.versions(self.team.model)) == 1
        assert self.open_uploads() == []
        assert [tag for tag in self.team.registry.run(run_of(handoff))["tags"] if "upload" in tag] == []


@pytest.fixture
def team(hook: Hook, mlflow_parts: MLflow, tmp_path: Path) -> Team:
    """A team of the server that passes artifacts on."""
    return Team(hook, mlflow_parts, tmp_path)


@pytest.fixture
def site(team: Team, versitygw: Versitygw, s3_door: FaultProxy, door: FaultProxy) -> Site:
    """The site."""
    return Site(team, versitygw, s3_door, door)


def first(is_it: Callable[[Request], bool], fault: Fault, times: int = 1) -> Callable[[Request], Fault | None]:
    """That fault for the first requests of a kind."""
    met = 0

    def decide(request: Request) -> Fault | None:
        nonlocal met
        met += is_it(request)
        return fault if is_it(request) and met <= times else None

    return decide


def is_part(number: int) -> Callable[[Request], bool]:
    """Whether a request to S3 brings that part of ours; MLflow's own client sends parts too, and signs otherwise."""
    return lambda request: f"partNumber={number}&" in request.query and "X-Amz-Signature=" in request.query


def asks(what: str) -> Callable[[Request], bool]:
    """Whether a request to MLflow is one for that."""
    return lambda request: what in request.name


def test_parts_go_straight_to_the_store_and_the_server_makes_the_object(site: Site) -> None:
    handoff = site.train()
    seen: list[Request] = []
    site.front.on("", seen.append)
    ended = site.run(handoff, MLFLOW_TRACKING_TOKEN="a-token-of-mlflow")
    assert ended.status == 0
    site.check(handoff)
    assert site.parts_sent() == PARTS
    parts = [request for request in seen if "partNumber=" in request.query]
    assert [request for request in parts if "authorization" in request.headers] == []
    assert (site.asked("mpu/create"), site.asked("mpu/complete"), site.asked("mpu/abort")) == (1, 1, 0)
    assert site.asked("GET api/2.0/mlflow-artifacts/artifacts/0") > 0, "small files are read back"
    assert site.asked(BIG) == 0, "the parts' own checksums verify the object"
    assert "X-Amz-Signature" not in ended.stdout + ended.stderr


def test_what_is_there_already_is_not_sent_again(site: Site) -> None:
    handoff = site.train()
    assert site.run(handoff).status == 0
    sent = site.parts_sent()
    assert site.run(handoff).status == 0
    assert (site.parts_sent(), site.asked("mpu/create")) == (sent, 1)


@pytest.mark.parametrize("kind", ["503", "drop", "reset"])
def test_a_part_that_failed_is_one_part_again(site: Site, kind: str) -> None:
    handoff = site.train()
    site.front.on("", first(is_part(2), Fault(kind)))
    assert site.run(handoff).status == 0
    site.check(handoff)
    assert (site.parts_sent(), site.asked("mpu/create")) == (PARTS + 1, 1)


@pytest.mark.parametrize(("kind", "times"), [("drop", 1), ("503", 1), ("reset", 2)])
def test_a_lost_answer_to_complete_is_asked_about_before_it_is_repeated(site: Site, kind: str, times: int) -> None:
    handoff = site.train()
    site.door.on(site.label, first(asks("mpu/complete"), Fault(kind)))
    assert site.run(handoff).status == 0
    site.check(handoff)
    assert (site.asked("mpu/complete"), site.parts_sent()) == (times, PARTS)


KILLS = ["mpu/create", "runs/set-tag", "part 1", "part 2", "part 3", "mpu/complete", "runs/delete-tag"]


@pytest.mark.parametrize("at", KILLS)
def test_killed_at_any_request_the_same_command_makes_it_whole(site: Site, at: str) -> None:
    """Killed while the request is carried out, so that its answer reaches nobody."""
    handoff = site.train()
    process = site.team.hook.start("run", handoff, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    fault = Fault(before=process.kill)
    if at.startswith("part"):
        site.front.on("", first(is_part(int(at[-1])), fault))
    else:
        site.door.on(site.label, first(asks(at), fault))
    assert process.wait(60) == -signal.SIGKILL
    site.door.settle()
    site.front.settle()
    site.front.on("", lambda request: None)
    site.door.on(site.label, lambda request: None)
    if at == "mpu/create":  # the server carried it out, and tells its name nobody
        assert site.end_uploads() == 1
    assert site.run(handoff).status == 0
    site.check(handoff)


def test_an_upload_that_fails_is_ended(site: Site) -> None:
    handoff = site.train()
    site.door.on(site.label, lambda request: Fault("reset") if "mpu/complete" in request.name else None)
    ended = site.run(handoff, MLFLOW_HTTP_REQUEST_MAX_RETRIES="1")
    assert ended.status == LATER
    assert (site.asked("mpu/complete"), site.asked("mpu/abort"), site.open_uploads()) == (2, 1, [])
    site.door.on(site.label, lambda request: None)
    assert site.run(handoff).status == 0
    site.check(handoff)


@pytest.mark.parametrize(("kind", "said"), [("403", "403 AccessDenied: Request has expired"),
                                             ("reset", "the connection broke")])
def test_where_an_address_does_not_work_the_artifact_goes_in_one(site: Site, kind: str, said: str) -> None:
    handoff = site.train()
    site.front.on("", lambda request: Fault(kind) if is_part(2)(request) else None)
    ended = site.run(handoff, MLFLOW_HTTP_REQUEST_MAX_RETRIES="1")
    assert ended.status == 0
    site.check(handoff)
    warning, = (line for line in ended.stderr.splitlines() if "it is tried another way" in line)
    assert said in warning
    assert "X-Amz" not in warning
    assert site.asked("PUT api/2.0/mlflow-artifacts/artifacts/0/" + run_of(handoff)
                      + f"/artifacts/model/saved_model/{BIG}") == 1


def test_the_settings_of_mlflows_client_count(site: Site) -> None:
    handoff = site.train()
    assert site.run(handoff, MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE=str(6 * MIB)).status == 0
    site.check(handoff)
    assert site.parts_sent() == 2
    seen = site.asked("mpu/create"), site.asked("server-info")
    through = {"MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false"}
    small = site.run(site.train(), MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE=str(site.size + 1), **through)
    off = site.run(site.train(), MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD="false", **through)
    assert (small.status, off.status) == (0, 0)
    assert site.asked("artifacts/presigned") == site.asked("mlflow-artifacts/presigned") == 0
    # a large file is not begun before the server was asked whether it takes files at all
    assert (site.asked("mpu/create"), site.asked("server-info")) == (seen[0], seen[1] + 2)
    wrong = site.run(site.train(), MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE="10M")
    assert wrong.status == 78
    assert wrong.errors[0].endswith("environment: MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE is not a number of bytes")


@pytest.mark.parametrize("asked_for", ["", "true"])
def test_a_server_that_takes_no_parts_gets_the_artifact_in_one(hook: Hook, mlflow3: MLflow, tmp_path: Path,
                                                                asked_for: str) -> None:
    team = Team(hook, mlflow3, tmp_path)
    env = {"MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": "1", "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": asked_for,
           "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false"}
    handoff = team.train(saved_model=large_model(tmp_path / "big", 6 * MIB))
    with FaultProxy(mlflow3.url) as proxy:
        assert team.run(handoff, env=env | {"MLFLOW_TRACKING_URI": proxy.url("one")}).status == 0
        asked = [sent for sent in proxy.sent("one") if "mpu" in sent or "server-info" in sent]
    assert ["server-info" in sent for sent in asked] == [True] + [False] * bool(asked_for)
    assert all("mpu/create" in sent for sent in asked[1:])
    assert team.registry.artifacts(run_of(handoff))[f"model/saved_model/{BIG}"] == 6 * MIB


IN_ONE = {"MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "false"}


def reads(site: Site) -> tuple[int, int]:
    """How often the large file was read through the server, and how often an address for it was asked for."""
    return (sum("GET" in sent and "mlflow-artifacts/artifacts" in sent and sent.endswith(BIG)
                for sent in site.door.sent(site.label)),
            sum("mlflow-artifacts/presigned" in sent and sent.endswith(BIG) for sent in site.door.sent(site.label)))


def is_direct(request: Request) -> bool:
    """Whether a request to S3 reads the large file from an address that the server signed."""
    return request.method == "GET" and request.name.endswith(BIG) and "X-Amz-Signature=" in request.query


def test_what_went_in_one_is_read_back_straight_from_the_store(site: Site) -> None:
    handoff = site.train()
    seen: list[Request] = []
    site.front.on("", seen.append)
    ended = site.run(handoff, MLFLOW_TRACKING_TOKEN="a-token-of-mlflow", **IN_ONE)
    assert ended.status == 0
    site.check(handoff)
    assert reads(site) == (0, 1)
    direct, = filter(is_direct, seen)
    assert "authorization" not in direct.headers
    assert "X-Amz-Signature" not in ended.stdout + ended.stderr


HALF = Fault("answer", answer=b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + 100_000 * b"half ")


@pytest.mark.parametrize("fault", [Fault("403"), Fault("503"), Fault("reset"), HALF],
                         ids=["403", "503", "reset", "half"])
def test_where_the_store_cannot_be_read_from_here_the_server_is_asked(site: Site, fault: Fault) -> None:
    handoff = site.train()
    site.front.on("", lambda request: fault if is_direct(request) else None)
    assert site.run(handoff, **IN_ONE).status == 0
    site.check(handoff)
    assert reads(site) == (1, 1)


def test_a_server_without_a_store_of_objects_is_asked_once_whether_it_signs(
        hook: Hook, mlflow3: MLflow, tmp_path: Path) -> None:
    team = Team(hook, mlflow3, tmp_path)
    handoff = team.train(saved_model=large_model(tmp_path / "big", 6 * MIB))
    with FaultProxy(mlflow3.url) as proxy:
        assert team.run(handoff, env={"MLFLOW_TRACKING_URI": proxy.url("one")}).status == 0
        sent = proxy.sent("one")
    assert sum("server-info" in request for request in sent) == 1
    assert not any("presigned" in request for request in sent)


def test_memory_is_bound_whatever_the_size(site: Site) -> None:
    site.size = 64 * MIB
    handoff = site.train()
    command = ["prlimit", f"--as={60 * MIB}", site.team.hook.binary, "run", handoff]
    subprocess.run(command, env=site.team.hook.environment(), check=True)
    site.check(handoff)
    assert site.parts_sent() == 13


@pytest.fixture(scope="session")
def mlflow_azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """A real MLflow that passes artifacts on into Azure's emulator."""
    with Azurite(tmp_path_factory.mktemp("azurite")) as azure:
        azure.make_container(BUCKET)
        with MLflow(tmp_path_factory.mktemp("mlflow-azure"), env=azure.client_env(),
                    artifacts=f"wasbs://{BUCKET}@{ACCOUNT}.blob.core.windows.net/runs") as server:
            yield server


@pytest.mark.parametrize(("size", "in_parts"), [(SIZE, True), (46 * MIB, False)], ids=["3 parts", "10 parts"])
def test_azure_gets_as_many_blocks_as_mlflow_can_name(hook: Hook, mlflow_azure: MLflow, tmp_path: Path, size: int,
                                                      in_parts: bool) -> None:
    team = Team(hook, mlflow_azure, tmp_path)
    handoff = team.train(saved_model=large_model(tmp_path / "big", size))
    with FaultProxy(mlflow_azure.url) as proxy:
        env = {"MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": str(6 * MIB), "MLFLOW_TRACKING_URI": proxy.url("one")}
        assert team.run(handoff, env=env).status == 0
        path = f"api/2.0/mlflow-artifacts/artifacts/0/{run_of(handoff)}/artifacts/model/saved_model/{BIG}"
        asked = [request.partition("/mpu/")[2].partition("/")[0] or request.partition(" ")[0]
                 for request in proxy.sent("one") if "/mpu/" in request or request.endswith(path)]
    assert asked == (["create", "complete", "GET"] if in_parts else ["create", "PUT", "GET"])
    tags = team.registry.run(run_of(handoff))["tags"]
    assert [tag for tag in tags if "upload" in tag] == []
