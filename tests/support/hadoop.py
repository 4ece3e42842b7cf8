"""A real HDFS with WebHDFS, and a real YARN, on the loopback.

    with Hadoop(folder) as hdfs: requests.get(hdfs.webhdfs + "/webhdfs/v1/?op=LISTSTATUS")
    with Hadoop(folder, yarn=True) as cluster: spark-submit with HADOOP_CONF_DIR=cluster.conf

NameNode and DataNode, or these with ResourceManager and NodeManager, in one JVM (tests/spark/MiniHadoop.java)
under a guard, as every server of the tests: nothing of it is left, YARN's containers neither, when it stops
or when the process that started it is gone. Simple authentication: the user is what `?user.name=` says, and
the superuser is `user`.
"""

from __future__ import annotations

import contextlib
import functools
import getpass
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from environment import ROOT
from servers import Guarded, ServerError

STARTED_WITHIN = 180.0  # seconds; alone on the machine it is 5 without and 9 with YARN
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@functools.cache
def class_path() -> str:
    """The jars and the starter, fetched and compiled on first use."""
    made = subprocess.run([ROOT / "scripts/lib/hadoop.sh"], stdout=subprocess.PIPE, text=True, check=True)
    return made.stdout.strip()


class Hadoop:
    """HDFS on the loopback, with YARN where asked for.

    folder           where its files and logs go; emptied first, kept when it stops
    namenode         hdfs://127.0.0.1:PORT
    webhdfs          http://127.0.0.1:PORT; the API is under /webhdfs/v1
    resourcemanager  host:port, with yarn=True
    conf             the folder for HADOOP_CONF_DIR
    tokens           with kerberos=True, when nobody is believed any more: a file for HADOOP_TOKEN_FILE_LOCATION
    """

    user = getpass.getuser()

    def __init__(self, folder: Path | str, *, yarn: bool = False, kerberos: bool = False,
                 memory: str = "512m") -> None:
        self.folder = Path(folder).resolve()
        self.yarn = yarn
        self.kerberos = kerberos
        self.memory = memory
        self.log = self.folder / "hadoop.log"
        self.conf = self.folder / "conf"
        self.tokens = self.folder / "tokens"
        self.namenode = self.webhdfs = self.resourcemanager = ""
        self._server: Guarded | None = None

    def start(self) -> Self:
        """Starts it on a fresh disk and waits until it takes requests; raises ServerError with the end of its log."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        command = ["java", f"-Xmx{self.memory}", "-XX:+UseSerialGC", "-Djava.net.preferIPv4Stack=true",
                   "--add-opens=java.base/java.lang=ALL-UNNAMED", "--add-opens=java.base/java.util=ALL-UNNAMED",
                   "--add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
                   "--add-opens=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
                   "-cp", class_path(), "MiniHadoop", str(self.folder),
                   *(["yarn"] if self.yarn else []), *(["kerberos"] if self.kerberos else [])]
        self._server = Guarded(command, self.log, cwd=self.folder)
        try:
            facts = self._wait()
        except BaseException:
            self.stop()
            raise
        for name, value in facts.items():
            setattr(self, name, value)
        return self

    def _wait(self) -> dict[str, str]:
        """What it says about itself when it is ready."""
        assert self._server is not None
        until = time.monotonic() + STARTED_WITHIN
        while time.monotonic() < until and not self._server.ended():
            with contextlib.suppress(FileNotFoundError):
                return json.loads((self.folder / "ready.json").read_text(encoding="utf-8"))
            time.sleep(0.05)
        raise ServerError(f"Hadoop did not start:\n{self._server.log_tail()}")

    def stop(self) -> None:
        """Ends it with all its containers; the folder stays."""
        if self._server:
            self._server.stop()
            self._server = None

    @property
    def pid(self) -> int:
        """The process to end to stop it: its guard."""
        return self._server.process.pid if self._server else 0

    def client_env(self) -> dict[str, str]:
        """The variables with which Hadoop's clients, Spark among them, reach it."""
        return {"HADOOP_CONF_DIR": str(self.conf), "YARN_CONF_DIR": str(self.conf), "HADOOP_USER_NAME": self.user,
                "JAVA_HOME": str(Path(os.path.realpath(shutil.which("java") or "java")).parent.parent)}

    # ---- what tests want of it

    def order(self, what: str) -> None:
        """Stops or starts the DataNode, enters or leaves safe mode (MiniHadoop.java); done when it returns."""
        part, order = self.folder / "order.part", self.folder / "order"
        part.write_text(what, encoding="utf-8")
        part.rename(order)
        until = time.monotonic() + STARTED_WITHIN
        while order.exists():
            if not self._server or self._server.ended() or time.monotonic() > until:
                raise ServerError(f"Hadoop did not {what}")
            time.sleep(0.02)

    def file_url(self, path: str, operation: str, **parameters: str) -> str:
        """The WebHDFS URL of an operation on an absolute path, as the superuser."""
        more = "".join(f"&{name}={value}" for name, value in parameters.items())
        return f"{self.webhdfs}/webhdfs/v1{urllib.parse.quote(path)}?op={operation}&user.name={self.user}{more}"

    def put(self, path: str, content: bytes) -> None:
        """Writes a file."""
        told = urllib.request.Request(self.file_url(path, "CREATE", overwrite="true", noredirect="true"), method="PUT")
        with DIRECT.open(told) as answer:
            location = json.load(answer)["Location"]
        DIRECT.open(urllib.request.Request(location, data=content, method="PUT")).close()

    def get(self, path: str) -> bytes:
        """A file's content."""
        with DIRECT.open(self.file_url(path, "OPEN")) as answer:
            return answer.read()

    def listing(self, path: str) -> list[dict[str, Any]]:
        """The FileStatus of each entry of a folder."""
        with DIRECT.open(self.file_url(path, "LISTSTATUS")) as answer:
            return json.load(answer)["FileStatuses"]["FileStatus"]

    def ask(self, method: str, path: str, operation: str, **parameters: str) -> dict[str, Any]:
        """What the NameNode answers in JSON; {} where it has nothing to say."""
        asked = urllib.request.Request(self.file_url(path, operation, **parameters), method=method)
        with DIRECT.open(asked) as answer:
            return json.loads(answer.read() or b"{}")

    def files(self, path: str) -> dict[str, int]:
        """Every file below a folder by its path from there, with its size; none where there is no folder."""
        found: dict[str, int] = {}
        with contextlib.suppress(urllib.error.HTTPError):
            for entry in self.listing(path):
                inside = entry["pathSuffix"]
                if entry["type"] == "DIRECTORY":
                    found |= {f"{inside}/{name}": size for name, size in self.files(f"{path}/{inside}").items()}
                else:
                    found[inside] = entry["length"]
        return found

    def applications(self) -> list[str]:
        """The applications of which YARN started a container, such as application_17…_0001."""
        return sorted(path.name for path in (self.folder / "logs").glob("application_*"))

    def containers(self, application: str = "*") -> list[str]:
        """The containers that YARN started for an application or for all, such as container_17…_0001_02_000001."""
        return sorted(path.name for path in (self.folder / "logs").glob(f"{application}/container_*"))

    def container_log(self, container: str, name: str = "stdout") -> str:
        """What a container wrote."""
        (log,) = (self.folder / "logs").glob(f"*/{container}/{name}")
        return log.read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Self:
        """Started."""
        return self if self._server else self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Stopped, whatever happened."""
        self.stop()
