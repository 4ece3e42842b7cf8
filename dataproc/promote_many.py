#!/usr/bin/env python3
"""Runs modelhook for every handoff and every spooled package under a prefix, on the executors of a Spark job.

    spark-submit --py-files modelhook.zip promote_many.py hdfs:///trainings --parallel 16 \\
        --report hdfs:///report.jsonl -- --tracking-uri https://mlflow.example --deadline 10m

PREFIX is a folder on any file system that Hadoop reads: hdfs://, s3a:// (s3:// is taken for it), gs://, file://.
What counts is handoff.json, *.handoff.json, and packages, *.tar.gz. What follows `--` goes to modelhook.

Trainings of one model run one after another, oldest first, so that none works against another; different
models run side by side, at most --parallel at once. A task fetches what one training needs to a private
folder of its node, and leaves nothing there. The registry remembers what is done: a second run does nothing
twice, and neither does a task that Spark tries again. A package leaves the prefix when its outcome is promoted
or held; one that a newer training has overtaken, or that was withdrawn, goes to superseded/ beside it. Handoffs stay.

The report is one JSON line for each training, to --report or else to stdout. The last that is printed is a table, on
stderr: what was not promoted, with the reason, and how many ended how. (spark-submit in client mode sends both streams
to its own stdout: take --report where a program reads it.) The status is 0 where all were promoted or held, else one
of modelhook's: a permanent failure before one to try again; 66 where nothing is under the prefix, unless --allow-empty.

Each task starts a JVM of its own beside its Python worker, for Hadoop's file systems: let
spark.executor.memoryOverhead have 400 MB for each task of an executor. The program is the wheel's, or comes with
--files. Variables for it on the nodes: --conf spark.executorEnv.NAME=VALUE.
"""

import argparse
import contextlib
import glob
import io
import json
import os
import posixpath
import re
import shutil
import socket
import sys
import tarfile
import tempfile
import time
import zlib
from datetime import datetime
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import modelhook
from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway
from pyspark.sql import SparkSession

PACKAGE = ".tar.gz"
MANIFEST_WITHIN = (1 << 16, 1 << 24)  # the first bytes of a package, mostly and at the most
CALL = 1 << 20  # what a call costs besides its bytes, in bytes
ASIDE = "superseded"
UNREADABLE = (ValueError, KeyError, EOFError, OSError, AttributeError, tarfile.TarError, zlib.error)
URGENCY = ("go on", "skip", "retry", "fail")


class Training(NamedTuple):
    """One thing to do."""

    source: str  # URL of the handoff or the package
    model: str
    trained_at: str
    needs: Tuple[str, ...]  # files and folders beside it, fetched along
    size: int


class Files:
    """Hadoop's file systems, through a JVM."""

    def __init__(self, jvm: Any, settings: Any) -> None:
        self.jvm = jvm
        self.settings = settings

    def at(self, url: str) -> Tuple[Any, Any]:
        """The file system of a URL, and its path there; Hadoop knows S3 as s3a."""
        path = self.jvm.org.apache.hadoop.fs.Path(re.sub("^s3://", "s3a://", url))
        return path.getFileSystem(self.settings), path

    def walk(self, folder: str) -> Iterator[Tuple[str, int]]:
        """Every file under a folder, with its size."""
        system, path = self.at(folder)
        found = system.listFiles(path, True)
        while found.hasNext():
            status = found.next()
            yield status.getPath().toString(), status.getLen()

    def exists(self, url: str) -> bool:
        """Whether a file or a folder is there."""
        system, path = self.at(url)
        return bool(system.exists(path))

    def head(self, url: str, size: int) -> bytes:
        """So many first bytes of a file that has as many."""
        system, path = self.at(url)
        stream = system.open(path)
        try:
            return bytes(self.jvm.org.apache.commons.io.IOUtils.toByteArray(stream, size))
        finally:
            stream.close()

    def get(self, url: str, local: str) -> None:
        """Copies a file or a folder to this machine."""
        system, path = self.at(url)
        os.makedirs(os.path.dirname(local), exist_ok=True)
        system.copyToLocalFile(False, path, self.jvm.org.apache.hadoop.fs.Path(f"file://{local}"), True)

    def put(self, url: str, content: bytes) -> None:
        """Writes a small file, whole or not at all."""
        system, path = self.at(url)
        part = path.suffix(".part")
        stream = system.create(part, True)
        try:
            stream.write(bytearray(content))
        finally:
            stream.close()
        self._move(system, part, path)

    def put_aside(self, url: str) -> None:
        """Moves a file, where it is still there, to the folder for what was overtaken."""
        system, path = self.at(url)
        aside = self.jvm.org.apache.hadoop.fs.Path(path.getParent(), ASIDE)
        if system.exists(path):
            system.mkdirs(aside)
            self._move(system, path, self.jvm.org.apache.hadoop.fs.Path(aside, path.getName()))

    @staticmethod
    def _move(system: Any, source: Any, target: Any) -> None:
        """Replaces what is there."""
        system.delete(target, False)
        if not system.rename(source, target):
            raise OSError(f"{target.toString()} could not be written")

    def delete(self, url: str) -> None:
        """Removes a file, where it is still there."""
        system, path = self.at(url)
        system.delete(path, False)


class Access(NamedTuple):
    """What an executor needs to reach the same file systems as the driver."""

    class_path: str
    settings: str  # Hadoop's, as XML

    @classmethod
    def of(cls, files: Files) -> "Access":
        """The driver's."""
        settings = files.jvm.java.io.StringWriter()
        files.settings.writeXml(settings)
        return cls(files.jvm.java.lang.System.getProperty("java.class.path"), settings.toString())

    @contextlib.contextmanager
    def open(self) -> Iterator[Files]:
        """Files through a JVM of our own, as a Python worker has none; it ends with the block or with this process."""
        class_path = f"{os.environ.get('CLASSPATH', '')}:{self.class_path}"  # the first is YARN's on each node
        java = os.path.join(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java"
        port, token, process = launch_gateway(
            classpath=class_path, jarpath=_gateway_jar(class_path), java_path=java, die_on_exit=True, enable_auth=True,
            javaopts=["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"], return_proc=True)
        gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port, auth_token=token, auto_convert=True))
        try:
            settings = gateway.jvm.org.apache.hadoop.conf.Configuration(False)
            settings.addResource(gateway.jvm.java.io.ByteArrayInputStream(bytearray(self.settings.encode())))
            yield Files(gateway.jvm, settings)
        finally:
            gateway.shutdown()
            process.stdin.close()  # this worker goes on to other tasks; the JVM ends with its standard input
            process.wait()


def _gateway_jar(class_path: str) -> str:
    """Py4J's own jar, which its starter wants to be told."""
    for entry in class_path.split(":"):
        for jar in glob.glob(entry[:-1] + "py4j-*.jar" if entry.endswith("/*") else entry):
            if posixpath.basename(jar).startswith("py4j-"):
                return jar
    raise FileNotFoundError("no Spark on this node: no py4j-*.jar on the class path")


# ---- the driver


def find(files: Files, prefix: str) -> List[Training]:
    """Everything to do under a prefix, oldest first."""
    there = dict(files.walk(prefix)) if files.exists(prefix) else {}
    trainings = [describe(files, there, source) for source in there if is_to_do(source)]
    return sorted(trainings, key=lambda training: (moment(training.trained_at), training.source))


def is_to_do(source: str) -> bool:
    """A handoff or a package that waits."""
    folder, name = posixpath.split(source)
    return posixpath.basename(folder) != ASIDE and (
        name == "handoff.json" or name.endswith((PACKAGE, ".handoff.json")))


def describe(files: Files, there: Dict[str, int], source: str) -> Training:
    """A training by its handoff; where that cannot be read it goes first and alone, and modelhook says why."""
    folder, size = posixpath.dirname(source), there[source]
    handoff = read_handoff(files, source, size)
    needs = ["modelhook.json"] if f"{folder}/modelhook.json" in there else []
    saved_model = inside(handoff.get("saved_model"))
    if saved_model and not source.endswith(PACKAGE):
        sizes = [there[file] for file in there if file.startswith(f"{folder}/{saved_model}/")]
        needs += [saved_model] if sizes else []
        size += sum(sizes)
    model, trained_at = str(handoff.get("model") or source), str(handoff.get("trained_at") or "")
    return Training(source, model, trained_at, tuple(needs), size)


def read_handoff(files: Files, source: str, size: int) -> Dict[str, Any]:
    """The handoff, also that of a package; empty where it is none."""
    for most in MANIFEST_WITHIN:
        with contextlib.suppress(*UNREADABLE):
            content = files.head(source, min(size, most))
            handoff = manifest_of(content)["handoff"] if source.endswith(PACKAGE) else json.loads(content.decode())
            return dict(handoff)
    return {}


def manifest_of(head: bytes) -> Dict[str, Any]:
    """The manifest, which is the first entry of a package."""
    with tarfile.open(fileobj=io.BytesIO(head), mode="r|gz") as package:
        return json.loads(package.extractfile(package.next()).read().decode())


def inside(path: Any) -> Optional[str]:
    """A relative path that stays in its folder; None for any other."""
    path = posixpath.normpath(path) if isinstance(path, str) else ""
    return path if path not in ("", ".") and not path.startswith(("/", "..")) else None


def moment(trained_at: str) -> float:
    """RFC 3339 as seconds; 0 for what is none."""
    parts = re.fullmatch(r"(.{19})(\.\d+)?([Zz]|[+-]\d\d:\d\d)", trained_at)
    if not parts:
        return 0.0
    second, fraction, zone = parts.groups()
    with contextlib.suppress(ValueError):
        whole = datetime.fromisoformat(second.upper() + (zone if zone not in "Zz" else "+00:00"))
        return whole.timestamp() + float(f"0{fraction or ''}")
    return 0.0


def shares(trainings: List[Training], parallel: int) -> List[List[Training]]:
    """At most so many lists of about equal cost; all trainings of a model are in one, in the order given."""
    groups: Dict[str, List[Training]] = {}
    for training in trainings:
        groups.setdefault(training.model, []).append(training)
    costs = {model: sum(training.size + CALL for training in group) for model, group in groups.items()}
    lists: List[List[Training]] = [[] for _ in range(min(parallel, len(groups)))]
    loads = [0] * len(lists)
    for model in sorted(groups, key=lambda model: -costs[model]):
        lightest = loads.index(min(loads))
        lists[lightest] += groups[model]
        loads[lightest] += costs[model]
    return lists


def settle(files: Files, row: Dict[str, Any]) -> None:
    """A package whose outcome is final leaves the prefix, and with it the last result of a spool."""
    if row["source"].endswith(PACKAGE) and row["scheduler"] in ("go on", "skip"):
        for url in (row["source"], f"{row['source']}.result.json"):
            if row["outcome"] in (ASIDE, "withdrawn"):
                files.put_aside(url)
            else:
                files.delete(url)


# ---- the executors


def promote_share(share: List[Training], access: Access, options: List[str]) -> Iterator[Dict[str, Any]]:
    """One task: its trainings, one after another."""
    program = modelhook.find_binary()
    with access.open() as files:
        for training in share:
            yield promote_one(files, training, program, options)


def promote_one(files: Files, training: Training, program: str, options: List[str]) -> Dict[str, Any]:
    """Fetches one training, runs modelhook, and tells what came of it."""
    started = time.monotonic()
    work = tempfile.mkdtemp(prefix="modelhook-")
    folder, name = posixpath.split(training.source)
    try:
        for path in (name, *training.needs):
            files.get(f"{folder}/{path}", os.path.join(work, "training", path))
        result = modelhook.run_command(
            "replay" if name.endswith(PACKAGE) else "run", os.path.join(work, "training", name), *options,
            binary=program, env={"MODELHOOK_SPOOL": os.path.join(work, "spool"), **os.environ}, label=training.model)
        told = {"exit": int(result.exit), "outcome": result.outcome, "scheduler": result.scheduler,
                "version": result.version, "created": result.created, "reason": result.reason,
                "error": result.error and at_source(result.error.message, work, folder)}
    except Exception as error:  # the store's, of any kind: the others go on
        later = modelhook.Status.LATER
        told = {"exit": int(later), "outcome": "later", "scheduler": later.scheduler, "version": None,
                "created": None, "reason": None, "error": f"not fetched: {str(error)[:500]}"}
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return {"source": training.source, "model": training.model, "trained_at": training.trained_at, **told,
            "seconds": round(time.monotonic() - started, 2), "host": socket.gethostname()}


def at_source(message: str, work: str, folder: str) -> str:
    """A message without the private folder, which is gone when it is read."""
    return message.replace(os.path.join(work, "training"), folder)


# ---- the report


def table(rows: List[Dict[str, Any]]) -> str:
    """For people: what was not promoted and why, then how many ended how, and how many of them are new versions."""
    others = [f"{row['outcome']:<14} {row['exit']:>3}  {row['model']}  {row['source']}  "
              f"{row['error'] or row['reason'] or ''}".rstrip() for row in rows if row["outcome"] != "promoted"]
    counts = []
    for outcome in sorted({row["outcome"] for row in rows}):
        new = [bool(row["created"]) for row in rows if row["outcome"] == outcome]
        counts.append(f"{outcome:<14} {len(new):>5}" + (f", {sum(new)} new" if any(new) else ""))
    return "\n".join(others + counts)


def parse(arguments: List[str]) -> Tuple[argparse.Namespace, List[str]]:
    """The command line, and what goes to modelhook."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prefix", help="folder of handoffs and packages, a URL")
    parser.add_argument("--parallel", type=int, help="models at once (default: what Spark has slots for)")
    parser.add_argument("--report", help="JSON lines go there, a URL, in place of stdout")
    parser.add_argument("--allow-empty", action="store_true", help="nothing under the prefix is fine")
    options = parser.parse_args(arguments[:end])
    if options.parallel is not None and options.parallel < 1:
        parser.error("--parallel: one at least")
    return options, arguments[end + 1:]


def run(context: Any, prefix: str, parallel: Optional[int], report: Optional[str],
        for_hook: List[str]) -> List[Dict[str, Any]]:
    """Finds, promotes, writes the report, and only then takes away what is done."""
    files = Files(context._jvm, context._jsc.hadoopConfiguration())
    trainings = find(files, prefix)
    print(f"modelhook: {len(trainings)} trainings under {prefix}", file=sys.stderr)
    access, lists = Access.of(files), shares(trainings, parallel or context.defaultParallelism)
    tasks = context.parallelize(lists, len(lists)) if lists else context.emptyRDD()
    rows = sorted(tasks.flatMap(lambda share: promote_share(share, access, for_hook)).collect(),
                  key=lambda row: row["source"])
    lines = "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows)
    if report:
        files.put(report, lines.encode())
    else:
        print(lines, end="", flush=True)
    for row in rows:
        settle(files, row)
    print(table(rows), file=sys.stderr, flush=True)
    return rows


def main() -> int:
    """One job, one status."""
    options, for_hook = parse(sys.argv[1:])
    spark = SparkSession.builder.appName("promote many models").getOrCreate()
    rows = run(spark.sparkContext, options.prefix, options.parallel, options.report, for_hook)
    spark.stop()
    if not rows and not options.allow_empty:
        print(f"modelhook: {options.prefix}: no handoff.json and no package is there", file=sys.stderr)
        return int(modelhook.Status.MISSING)
    worst = max(rows, key=lambda row: URGENCY.index(row["scheduler"]), default=None)
    return worst["exit"] if worst and worst["scheduler"] in ("retry", "fail") else 0


if __name__ == "__main__":
    sys.exit(main())
