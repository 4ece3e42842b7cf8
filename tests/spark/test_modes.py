"""A training job in every deploy mode of Spark: promoted once, and the caller learns what came of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import environment
import pytest
from conftest import Hook
from fault_proxy import Fault, FaultProxy, Request
from hadoop import Hadoop
from servers import MLflow
from submitting import Ended, Spark
from training import Team

JOB = environment.ROOT / "tests/spark/light_training.py"
CREATE = "model-versions/create"
UNACCEPTABLE, LATER = 65, 75


class Job:
    """A training job of one team; result and spool are on this machine, and in HDFS for jobs on YARN."""

    def __init__(self, team: Team, package: Path, folder: Path) -> None:
        self.team = team
        self.package = package
        self.run = team.registry.add_run()
        self.kept = str(folder)
        self.tracking = team.server.url

    def submit(self, spark: Spark, where: list[str], *options: str, conf: dict[str, str] | None = None,
               files: bool = True, **env: str) -> Ended:
        """The job in a deploy mode; the program comes with --files, or in another way."""
        modules = f"{self.package},{environment.ROOT}/tests/models/tiny_model.py"
        return spark.submit(
            *where, "--py-files", modules, *(["--files", self.team.hook.binary] if files else []), JOB, self.run,
            self.team.model, *options, "--", "--tracking-uri", self.tracking, "--result", f"{self.kept}/result.json",
            "--spool", f"{self.kept}/spool", conf=conf, **env)

    def submit_to(self, yarn: Hadoop, spark: Spark, mode: str, *options: str, attempts: int = 1, files: bool = True,
                  **env: str) -> Ended:
        """The job on YARN."""
        self.kept = f"{yarn.namenode}/kept/{self.run}"
        self.team.hook.env |= yarn.client_env()
        where, conf, env = spark.on_yarn(yarn, mode, **env)
        conf["spark.yarn.maxAppAttempts"] = str(attempts)
        return self.submit(spark, where, *options, conf=conf, files=files, **env)

    def looked_up(self, *what: str) -> tuple[int, str, str | None]:
        """What `modelhook outcome` says of the result, or of the run: the way of a caller who got no status."""
        ended = self.team.hook("outcome", *(what or (f"{self.kept}/result.json",)))
        return ended.status, ended.result["outcome"], ended.result.get("version")

    def is_promoted_once(self) -> bool:
        """One version, and it is Production."""
        return self.team.registry.stages(self.team.model) == ["Production"]


@pytest.fixture
def job(hook: Hook, mlflow3: MLflow, package: Path, tmp_path: Path) -> Job:
    return Job(Team(hook, mlflow3, tmp_path), package, tmp_path)


def assert_promoted(job: Job, ended: Ended) -> None:
    """The caller knows by the status, by the result, and by the run's tag."""
    assert ended.status == 0
    assert job.looked_up() == (0, "promoted", "1")
    assert job.looked_up("--run", job.run)[:2] == (0, "promoted")
    assert job.is_promoted_once()


def test_local(spark: Spark, job: Job) -> None:
    assert_promoted(job, job.submit(spark, ["--master", "local[2]"]))


def test_standalone(spark: Spark, job: Job) -> None:
    with spark.standalone() as master:
        assert_promoted(job, job.submit(spark, ["--master", master]))


def test_yarn_client(spark35: Spark, job: Job, yarn: Hadoop) -> None:
    """Here --files brings the driver nothing: Spark fetches the program, which has no run bit in HDFS."""
    yarn.put("/lib/modelhook", job.team.hook.binary.read_bytes())
    program = f"{yarn.namenode}/lib/modelhook"
    assert_promoted(job, job.submit_to(yarn, spark35, "client", "--program", program, files=False))


def test_yarn_client_with_the_wheel_alone(spark4: Spark, job: Job, yarn: Hadoop, zipped: Path) -> None:
    """Its program has no run bit, and lies in a zip."""
    job.package = zipped
    assert_promoted(job, job.submit_to(yarn, spark4, "client", files=False))


def test_yarn_cluster(spark: Spark, job: Job, yarn: Hadoop) -> None:
    assert_promoted(job, job.submit_to(yarn, spark, "cluster"))


def test_a_program_without_its_run_bit_is_run(spark35: Spark, job: Job, tmp_path: Path) -> None:
    (tmp_path / "spark/modelhook").write_bytes(job.team.hook.binary.read_bytes())  # in the driver's working directory
    assert_promoted(job, job.submit(spark35, ["--master", "local[2]"], files=False))


def test_a_refused_model_is_told_by_the_status_in_client_modes(spark35: Spark, job: Job) -> None:
    ended = job.submit(spark35, ["--master", "local[2]"], "--torn")
    assert ended.status == UNACCEPTABLE
    assert job.looked_up() == (UNACCEPTABLE, "unacceptable", None)


def test_a_refused_model_is_told_by_the_result_in_cluster_mode(spark35: Spark, job: Job, yarn: Hadoop) -> None:
    ended = job.submit_to(yarn, spark35, "cluster", "--torn")
    assert ended.status == 1
    assert f"exited with status {UNACCEPTABLE}" in ended.stderr
    assert job.looked_up() == (UNACCEPTABLE, "unacceptable", None)


@pytest.fixture
def between(job: Job) -> Iterator[FaultProxy]:
    """A proxy between the job and its server; the job is "job" there."""
    with FaultProxy(job.tracking) as proxy:
        job.tracking = proxy.url("job")
        yield proxy


def test_the_second_attempt_of_yarn_finds_the_work_done(
    spark35: Spark, job: Job, yarn: Hadoop, between: FaultProxy
) -> None:
    """The first attempt registers, hears no answer and nothing more; YARN starts the job a second time."""
    created = False
    before = set(yarn.containers())

    def until_the_second(request: Request) -> Fault | None:
        nonlocal created
        attempts = {name.split("_")[3] for name in set(yarn.containers()) - before}
        if "02" in attempts or (request.name != CREATE and not created):
            return None
        lost = Fault("reset" if created else "drop")
        created = True
        return lost

    between.on("job", until_the_second)
    ended = job.submit_to(yarn, spark35, "cluster", attempts=2, MODELHOOK_DEADLINE="6s",
                          MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR="0.1")
    assert ended.status == 0
    attempts = [name for name in yarn.containers(ended.application) if name.endswith("_000001")]
    assert [name.split("_")[3] for name in attempts] == ["01", "02"]
    assert f"exited with status {LATER}" in yarn.container_log(attempts[0], "stderr")
    assert between.sent("job").count(f"POST {CREATE}") == 1
    assert job.looked_up() == (0, "promoted", "1")
    assert job.is_promoted_once()


def processes_with(word: str) -> list[str]:
    """The command lines of this machine that have a word."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(process.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it has ended
            continue
    return [line for line in found if word in line]


def left_of(word: str) -> list[str]:
    """What of processes_with(word) is left after at most a minute, as YARN ends containers after it has said so."""
    until = time.monotonic() + 60
    while (left := processes_with(word)) and time.monotonic() < until:
        time.sleep(0.05)
    return left


def test_a_killed_application_leaves_no_process_and_replay_finishes_its_work(
    spark35: Spark, job: Job, yarn: Hadoop, between: FaultProxy
) -> None:
    """Killed in the midst of the create, which the server carries out all the same."""
    before = set(yarn.applications())

    def kill() -> None:
        (application,) = set(yarn.applications()) - before
        spark35.kill(yarn, application)
        left_of(f"{job.run}.json")

    between.on("job", lambda request: Fault(before=kill) if request.name == CREATE else None)
    ended = job.submit_to(yarn, spark35, "cluster")
    assert ended.status == 1
    assert left_of(job.run) == []
    between.settle()
    assert job.team.registry.stages(job.team.model) == ["None"]
    replayed = job.team.hook("replay", "--spool", f"{job.kept}/spool")
    assert (replayed.status, replayed.result["version"]) == (0, "1")
    assert job.is_promoted_once()
