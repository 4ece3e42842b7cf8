"""spark-submit in every deploy mode: PySpark of the pinned environments, on the loopback."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import ended
from environment import ROOT, venv
from hadoop import Hadoop
from servers import Guarded, ServerError, descendants, kill, reserve_port

SUBMITTED_WITHIN = 300.0  # seconds
UNWANTED = ("MLFLOW_", "MODELHOOK_", "SPARK_", "PYSPARK_", "HADOOP_", "YARN_", "PYTHON", "AWS_")
SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # a JVM of a few seconds costs half of what it would
SETTINGS = {
    "spark.ui.enabled": "false", "spark.driver.memory": "512m", "spark.executor.memory": "512m",
    "spark.executor.instances": "1", "spark.yarn.report.interval": "300ms",
    **{f"spark.{what}.extraJavaOptions": SHORT_LIVED for what in ("driver", "executor", "yarn.am")},
}


class Ended(ended.Ended):
    """A spark-submit that has ended."""

    @property
    def application(self) -> str:
        """YARN's name for it."""
        found = re.search(r"application_\d+_\d+", self.stderr)
        assert found, self.stderr[-3000:]
        return found.group()


class Spark:
    """One PySpark; `python` is what its workers run, which may be another environment's."""

    def __init__(self, name: str, folder: Path, python: str = "") -> None:
        self.home = next((venv(name) / "lib").glob("python3*/site-packages/pyspark"))
        self.python = str(venv(python or name) / "bin/python")
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def environment(self, **more: str) -> dict[str, str]:
        """Nothing of the machine's that would change what Spark does."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(UNWANTED)}
        return {**kept, "SPARK_HOME": str(self.home), "PYSPARK_PYTHON": self.python, "SPARK_LOCAL_IP": "127.0.0.1",
                "SPARK_LOCAL_DIRS": str(self.folder / "local"), "SPARK_SUBMIT_OPTS": SHORT_LIVED, **more}

    def submit(self, *arguments: str | Path, conf: dict[str, str] | None = None, **env: str) -> Ended:
        """spark-submit, waited for; its output is shown when a test fails."""
        settings = {**SETTINGS, **(conf or {})}
        command = [self.home / "bin/spark-submit", *(part for name, value in settings.items()
                                                     for part in ("--conf", f"{name}={value}")), *arguments]
        with subprocess.Popen(list(map(str, command)), env=self.environment(**env), cwd=self.folder, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                stdout, stderr = process.communicate(timeout=SUBMITTED_WITHIN)
            except BaseException:
                kill([*descendants(process.pid), process.pid], signal.SIGKILL)
                raise
        told = "\n".join(line for line in stderr.splitlines() if " INFO " not in line)
        print("spark-submit", *arguments, "->", process.returncode, stdout, told, sep="\n", file=sys.stderr)
        return Ended(process.returncode, stdout, stderr)

    def kill(self, cluster: Hadoop, application: str) -> None:
        """yarn application -kill."""
        subprocess.run(["java", "-cp", f"{cluster.conf}:{self.home}/jars/*",
                        "org.apache.hadoop.yarn.client.cli.ApplicationCLI", "application", "-kill", application],
                       env=self.environment(**cluster.client_env()), check=True)

    def on_yarn(self, cluster: Hadoop, mode: str, **env: str) -> tuple[list[str], dict[str, str], dict[str, str]]:
        """Arguments, settings and variables for YARN in that deploy mode; env is the driver's, wherever it runs."""
        everywhere = {"PYSPARK_PYTHON": self.python, "SPARK_LOCAL_IP": "127.0.0.1", **cluster.client_env(), **env}
        conf = {"spark.yarn.jars": f"local:{self.home}/jars/*",
                **{f"spark.yarn.appMasterEnv.{name}": value for name, value in everywhere.items()},
                **{f"spark.executorEnv.{name}": value for name, value in everywhere.items()}}
        return ["--master", "yarn", "--deploy-mode", mode], conf, {**cluster.client_env(), **env}

    @contextmanager
    def standalone(self) -> Iterator[str]:
        """A Master and a Worker; gives the master's URL."""
        (port, port_lock), (pages, pages_lock) = reserve_port(), reserve_port()
        url = f"spark://127.0.0.1:{port}"
        daemons = [
            ("org.apache.spark.deploy.master.Master", "--port", str(port), "--webui-port", str(pages)),
            ("org.apache.spark.deploy.worker.Worker", "--webui-port", "0", "--cores", "2", "--memory", "1g",
             "--work-dir", str(self.folder / "work"), url),
        ]
        started: list[Guarded] = []
        with port_lock, pages_lock:
            try:
                for name, *options in daemons:
                    started.append(Guarded(
                        [str(self.home / "bin/spark-class"), name, "--host", "127.0.0.1", *options],
                        self.folder / f"{name.rpartition('.')[2]}.log",
                        env=self.environment(SPARK_DAEMON_MEMORY="256m"), cwd=self.folder))
                    self._wait_for_port(port, started[0])
                yield url
            finally:
                for daemon in reversed(started):
                    daemon.stop()

    @staticmethod
    def _wait_for_port(port: int, daemon: Guarded) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until and not daemon.ended():
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.1)
        raise ServerError(f"Spark did not start:\n{daemon.log_tail()}")


def python_package(folder: Path) -> Path:
    """dataproc/modelhook as a zip for --py-files."""
    path = folder / "modelhook.zip"
    with zipfile.ZipFile(path, "w") as package:
        for file in sorted((ROOT / "dataproc/modelhook").glob("**/*.py")):
            package.write(file, file.relative_to(ROOT / "dataproc"))
    return path
