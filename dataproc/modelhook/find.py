"""Finds the program, wherever a cluster has put it."""

import hashlib
import importlib
import os
import pkgutil
import shutil
import stat
import subprocess
import sys
import tempfile
from typing import Any, Iterator, List, Optional, Tuple

from .errors import BinaryNotFoundError
from .handoff import AnyPath

NAME = "modelhook"
SPARK = "Spark's files"
_ITSELF = "bin/modelhook"  # in this package: the wheel's own program


def find_binary(explicit: Optional[AnyPath] = None, *, spark: Any = None, uri: Optional[str] = None) -> str:
    """Finds the program, and starts it once to see that it is modelhook.

    It is looked for, in this order, in
        explicit, then $MODELHOOK_BIN    where one is given it is that one or an error
        the working directory            where YARN's cluster mode puts what --files names
        Spark's files                    what --files, spark.files and addFile bring along
        this package                     the wheel's own, from inside a zip too
        PATH
        uri                              fetched by Spark

    Where the run bit was lost or the package is a zip, the program is copied to a private directory; so is
    what Spark fetched, which is gone when Spark stops.

    :param explicit: a path, the only place then
    :param spark: a SparkSession, which fetches uri
    :param uri: where Spark fetches the program from: hdfs://, s3a://, gs://, https://
    :return: its path
    :raises BinaryNotFoundError: it is in none of the places; the text names each, and what was wrong there
    """
    given = _given(explicit)
    looked: List[str] = []
    for place, path in [given] if given else _places(spark, uri):
        program, why = _program(path, passing=place in (SPARK, uri)) if path else (None, "not there")
        if program:
            return program
        looked.append(f"{place}: {why}")
    if uri and spark is None:
        looked.append(f"{uri}: not fetched, as no spark was given")
    raise BinaryNotFoundError("modelhook was not found; looked at " + "; ".join(looked))


def packaged_binary() -> Optional[str]:
    """The wheel's own program as a file, None where this package has none."""
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), *_ITSELF.split("/"))
    if os.path.isfile(beside):
        return beside
    try:
        content = pkgutil.get_data(__name__.rpartition(".")[0], _ITSELF)
    except OSError:
        return None
    return _first_that_starts(content)[0] if content else None


def _given(explicit: Optional[AnyPath]) -> Optional[Tuple[str, str]]:
    """What was asked for by name: nothing else is taken for it."""
    if explicit is not None:
        return str(explicit), os.path.abspath(os.fspath(explicit))
    if os.environ.get("MODELHOOK_BIN"):
        return f"MODELHOOK_BIN={os.environ['MODELHOOK_BIN']}", os.path.abspath(os.environ["MODELHOOK_BIN"])
    return None


def _places(spark: Any, uri: Optional[str]) -> Iterator[Tuple[str, Optional[str]]]:
    """Each place's name and the path there; lazily, since the last ones cost something."""
    yield f"the working directory {os.getcwd()}", os.path.abspath(NAME)
    if spark is not None or "pyspark" in sys.modules:
        yield SPARK, _spark_file(NAME)
    yield "the package", packaged_binary()
    yield "PATH", shutil.which(NAME)
    if uri and spark is not None:
        spark.sparkContext.addFile(uri)
        yield uri, _spark_file(uri.rstrip("/").rsplit("/", 1)[-1])


def _spark_file(name: str) -> Optional[str]:
    """Where Spark has put a file; None where no job runs here."""
    try:
        return str(importlib.import_module("pyspark").SparkFiles.get(name))
    except Exception:  # Spark's, of any kind, where its context is not there or not there any more
        return None


def _program(path: str, passing: bool) -> Tuple[Optional[str], Optional[str]]:
    """The path, or that of a copy where it cannot be run or will not stay; else why there is none."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None, "not a file"  # the package's own folder has the program's name, too
        if os.access(path, os.X_OK) and not passing:
            why = _does_not_start(path)
            return (None, why) if why else (path, None)
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        return None, error.strerror or str(error)
    return _first_that_starts(content)


def _does_not_start(path: str) -> Optional[str]:
    """Why it does not; None where it does."""
    try:
        ended = subprocess.run([path, "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, timeout=60)
    except OSError as error:
        return error.strerror or str(error)
    except subprocess.TimeoutExpired:
        return "does not answer --version"
    if ended.returncode == 0 and ended.stdout.startswith(b"modelhook "):
        return None
    return f"is not modelhook: --version ended with {ended.returncode}"


def _first_that_starts(content: bytes) -> Tuple[Optional[str], Optional[str]]:
    """A copy in the first private folder where programs may be run; else why there is none."""
    why = None
    for parent in (tempfile.gettempdir(), os.getcwd(), os.path.expanduser("~")):
        try:
            path = _copy(content, os.path.join(parent, f".modelhook-{os.geteuid()}"))
        except OSError as error:
            why = why or f"cannot be copied: {error}"
            continue
        not_this = _does_not_start(path)
        if not not_this:
            return path, None
        why = why or not_this
    return None, why


def _copy(content: bytes, folder: str) -> str:
    """The path of a copy in our private folder; one that is there already is taken when it is the same."""
    os.makedirs(folder, 0o700, exist_ok=True)
    standing = os.lstat(folder)
    if not stat.S_ISDIR(standing.st_mode) or standing.st_uid != os.geteuid() or standing.st_mode & 0o077:
        raise PermissionError(f"{folder} is not a folder of ours alone")
    path = os.path.join(folder, f"{NAME}-{hashlib.sha256(content).hexdigest()[:16]}")
    if not _is_copy(path, content):
        handle, beside = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(beside, 0o700)
        os.replace(beside, path)
    return path


def _is_copy(path: str, content: bytes) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read() == content and os.access(path, os.X_OK)
    except OSError:
        return False
