"""The initialization action on a machine that is no cluster: from paths, by HTTP, through stand-ins of its tools."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import environment
import pytest

# What every node has; whether this machine has a cloud's tools must not matter.
TOOLS = ("bash", "chmod", "cp", "curl", "dirname", "flock", "head", "mkdir", "mktemp", "mv", "rm", "sha256sum", "sh",
         "sync", "uname")
SCRIPT = environment.ROOT / "dataproc/init/install-modelhook.sh"


@dataclass
class Node:
    """A machine to install on."""

    program: bytes
    to: Path
    bin: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.program).hexdigest()

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        env = {"PATH": str(self.bin), "MODELHOOK_TO": str(self.to),
               "GCE_METADATA_HOST": "127.0.0.1:1", **self.env}
        return subprocess.Popen([SCRIPT, *map(str, arguments)], env=env, stderr=subprocess.PIPE, text=True)

    def install(self, *arguments: str | Path) -> tuple[int, str]:
        """The status and the last line."""
        with self.start(*arguments) as process:
            said = process.communicate(timeout=60)[1]
        return process.returncode, said.splitlines()[-1].removeprefix("install-modelhook: ")

    def is_untouched(self) -> bool:
        """Nothing was installed, and nothing half done is left."""
        return os.listdir(self.to.parent) == []

    def is_installed(self) -> bool:
        """The program stands alone in its folder, whole and for everyone to run."""
        return (os.listdir(self.to.parent) == [self.to.name] and self.to.read_bytes() == self.program
                and self.to.stat().st_mode & 0o777 == 0o755)

    def stand_in(self, tool: str) -> Path:
        """A tool that copies the file of its last argument but one, and notes how it was called."""
        log = self.bin / f"{tool}.log"
        path = self.bin / tool
        path.write_text('#!/bin/sh\necho "$*" >>"$0.log"\nfor a; do from=$to; to=$a; done\n'
                        f'cp "{self.bin}/store/${{from##*/}}" "$to"\n')
        path.chmod(0o755)
        return log


@pytest.fixture
def node(modelhook: Path, tmp_path: Path) -> Node:
    for name in ("to", "bin/store"):
        (tmp_path / name).mkdir(parents=True)
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    node = Node(modelhook.read_bytes(), tmp_path / "to/modelhook", tmp_path / "bin")
    store = tmp_path / "bin/store/modelhook"
    shutil.copyfile(modelhook, store)
    store.with_name("modelhook.sha256").write_text(f"{node.digest}  modelhook\n")
    return node


@dataclass
class Web:
    """An HTTP server of paths; a path in `failing` answers 503 so many times first."""

    files: dict[str, bytes]
    failing: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    host: str = ""


@pytest.fixture
def web(node: Node) -> Iterator[Web]:
    site = Web({"/modelhook": node.program, "/modelhook.sha256": f"{node.digest}  modelhook\n".encode()})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            status = 200 if self.path in site.files else 404
            if site.failing.get(self.path, 0) > 0:
                site.failing[self.path] -= 1
                status = 503
            body = site.files[self.path] if status == 200 else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        site.host = f"127.0.0.1:{server.server_address[1]}"
        yield site
        server.shutdown()


def test_it_installs_from_a_path_and_a_second_run_changes_nothing(node: Node) -> None:
    status, said = node.install(node.bin / "store/modelhook")
    assert (status, said.startswith(f"{node.to} installed: modelhook ")) == (0, True)
    assert node.is_installed()
    before = node.to.stat().st_ino
    assert node.install(f"file://{node.bin}/store/modelhook") == (0, f"{node.to} is there already, {node.digest}")
    assert (node.to.stat().st_ino, node.is_installed()) == (before, True)


def test_a_program_of_another_digest_is_refused(node: Node) -> None:
    other = "0" * 64
    status, said = node.install(node.bin / "store/modelhook", other)
    assert (status, node.is_untouched()) == (1, True)
    assert said == f"{node.bin}/store/modelhook has the digest {node.digest}, not {other}: not installed"


def test_a_torn_program_does_not_replace_the_one_that_is_there(node: Node) -> None:
    assert node.install(node.bin / "store/modelhook")[0] == 0
    torn = node.bin / "store/next"
    torn.write_bytes(b"#!/bin/sh\nexit 0\n"[:-3])
    status, said = node.install(torn, hashlib.sha256(b"#!/bin/sh\nexit 0\n").hexdigest())
    assert (status, said.endswith("not installed"), node.is_installed()) == (1, True, True)


@pytest.mark.parametrize(("digest", "why"), [("abc", "is not a SHA-256 digest"), (None, "no digest was given")])
def test_without_a_digest_nothing_is_installed(node: Node, digest: str | None, why: str) -> None:
    (node.bin / "store/modelhook.sha256").unlink()
    status, said = node.install(node.bin / "store/modelhook", *([digest] if digest else []))
    assert (status, why in said, node.is_untouched()) == (1, True, True)


def test_a_program_for_another_machine_is_refused(node: Node) -> None:
    foreign = bytearray(node.program)
    foreign[18:20] = b"\xb7\x00"  # e_machine: aarch64
    path = node.bin / "store/foreign"
    path.write_bytes(foreign)
    status, said = node.install(path, hashlib.sha256(foreign).hexdigest())
    assert (status, "does not run on this machine" in said, node.is_untouched()) == (1, True, True)


def test_by_http_a_short_outage_is_waited_out(node: Node, web: Web) -> None:
    web.failing["/modelhook"] = 1
    assert node.install(f"http://{web.host}/modelhook")[0] == 0
    assert node.is_installed()
    assert web.asked == ["/modelhook.sha256", "/modelhook", "/modelhook"]
    assert node.install(f"http://{web.host}/modelhook")[0] == 0
    assert web.asked[3:] == ["/modelhook.sha256"]


def test_what_is_not_there_is_said(node: Node, web: Web) -> None:
    status, said = node.install(f"http://{web.host}/elsewhere", node.digest)
    assert (status, said) == (1, f"http://{web.host}/elsewhere could not be fetched")
    assert node.is_untouched()


def test_address_and_digest_come_from_the_metadata(node: Node, web: Web) -> None:
    node.env["GCE_METADATA_HOST"] = web.host
    attributes = "/computeMetadata/v1/instance/attributes/modelhook-"
    web.files |= {attributes + "from": f"http://{web.host}/modelhook".encode(),
                  attributes + "sha256": node.digest.encode()}
    assert node.install()[0] == 0
    assert node.is_installed()
    assert "/modelhook.sha256" not in web.asked


def test_without_any_address_it_says_where_one_may_stand(node: Node) -> None:
    status, said = node.install()
    assert (status, "metadata modelhook-from" in said, node.is_untouched()) == (1, True, True)


@pytest.mark.parametrize(("tool", "scheme", "called"), [
    ("hadoop", "s3a://bucket/bin", "fs -get -f s3a://bucket/bin/modelhook"),
    ("hadoop", "s3://bucket/bin", "fs -get -f s3a://bucket/bin/modelhook"),
    ("hadoop", "hdfs:///bin", "fs -get -f hdfs:///bin/modelhook"),
    ("gcloud", "gs://bucket/bin", "storage cp --quiet gs://bucket/bin/modelhook"),
    ("gsutil", "gs://bucket/bin", "-q cp gs://bucket/bin/modelhook"),
])
def test_object_stores_are_read_with_what_the_node_has(node: Node, tool: str, scheme: str, called: str) -> None:
    log = node.stand_in(tool)
    assert node.install(f"{scheme}/modelhook")[0] == 0
    assert node.is_installed()
    calls = [line.rsplit(" ", 1)[0] for line in log.read_text().splitlines()]
    assert calls == [f"{called}.sha256", called]


def test_several_at_once_install_it_once(node: Node, web: Web) -> None:
    running = [node.start(f"http://{web.host}/modelhook") for _ in range(6)]
    said = [process.communicate(timeout=60)[1] for process in running]
    assert [process.returncode for process in running] == [0] * 6
    assert sum("installed: modelhook" in lines for lines in said) == 1
    assert web.asked.count("/modelhook") == 1
    assert node.is_installed()
