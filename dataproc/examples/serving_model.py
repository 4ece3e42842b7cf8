"""A model of MLflow's registry that is served from a process of its own: found, fetched, verified, loaded, warmed up.

What is in Production comes from the registry itself (Registry), or from the directory that `modelhook watch` fills
(Published). Both name a version by its number first, so that what is loaded is known: the stage may move meanwhile.

    version = source.find()
    directory = source.fetch(version, work)    # complete, and verified against what was registered
    worker = Worker(directory, version, seconds=300)    # raises ModelError where it cannot be loaded or warmed up
    status, body = worker.call("invoke", request, "application/json")

A worker is a process: the memory of a model that is left is given back as a whole, one that crashes or hangs while it
is loaded takes nothing with it, and loading takes no time from the model that answers. Needs mlflow and pillow.
"""

import contextlib
import hashlib
import io
import json
import multiprocessing
import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional, Protocol, Sequence, Tuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")  # the old model answers meanwhile, but who told waits

import mlflow.artifacts
import mlflow.pyfunc
import numpy as np
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.scoring_server import invocations
from PIL import Image, ImageOps, UnidentifiedImageError

CONTENT = "modelhook.content"  # the tag with the digest of all files
DIGEST = "modelhook.digest"
SPECIES = "species"  # the tag with the names of the classes
GOLDEN = "serving_input_example.json"  # MLflow's name for recorded requests
NOT_REGISTERED = {"registered_model_meta"}  # some releases of MLflow write it beside the files that they fetch
BLOCK = 1 << 20
GREY = (105, 105, 105)
PICTURE_RANK = 4  # N, height, width, RGB

Answer = Tuple[int, bytes]  # HTTP status and JSON


class ModelError(Exception):
    """A version that cannot be served, with the reason."""


class SourceError(Exception):
    """The registry or the directory does not answer: the same may go well later."""


class WorkerGone(Exception):
    """The process of a model ended, or did not answer in time."""


@dataclass(frozen=True)
class Version:
    """A version of the registered model, as far as its source tells."""

    name: str
    number: str
    digest: Optional[str] = None
    content: Optional[str] = None  # SHA-256 of the list of its files; None: not known
    species: Sequence[str] = ()
    directory: Optional[Path] = None  # where its files are; None: to be fetched


class Source(Protocol):
    """Where versions come from."""

    def find(self) -> Version:
        """The one that should be served now."""

    def fetch(self, version: Version, work: Path) -> Path:
        """The directory of its files: work, which is empty, or one that has them already."""

    def is_changed(self) -> bool:
        """Whether to look again: cheap, for a question every second. Without such a question, never."""


class Registry:
    """The registry's own word: an alias, or a stage."""

    def __init__(self, name: str, alias: Optional[str], stage: Optional[str], unverified: bool) -> None:
        self.name = name
        self.alias = alias
        self.stage = stage
        self.unverified = unverified

    def find(self) -> Version:
        """The version of the alias or the stage, by its number."""
        client = MlflowClient()
        try:
            if self.alias is not None:
                found = [client.get_model_version_by_alias(self.name, self.alias)]
            else:
                found = [one for one in client.search_model_versions(f"name='{self.name}'")
                         if one.current_stage == self.stage]
        except MlflowException as error:
            raise SourceError(f"{self.name}: {error.message}") from error
        if len(found) != 1:
            raise SourceError(f"{self.name}: {len(found)} versions are in {self.stage}")
        tags = found[0].tags
        species = [one.strip() for one in tags.get(SPECIES, "").split(",") if one.strip()]
        return Version(self.name, str(found[0].version), tags.get(DIGEST), tags.get(CONTENT), species)

    def fetch(self, version: Version, work: Path) -> Path:
        """Fetch and verify: code/ is run when the model is loaded, and must be what was registered by then."""
        if version.content is None and not self.unverified:
            raise ModelError(f"has no tag {CONTENT} to verify its files by")
        uri = f"models:/{version.name}/{version.number}"
        try:
            mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(work))
        except (MlflowException, OSError) as error:
            raise SourceError(f"{uri}: {error}") from error
        found = content_digest(work)
        if version.content not in (None, found):
            raise ModelError(f"checksum mismatch: expected {version.content}, got {found}")
        return work

    def is_changed(self) -> bool:
        """It is told."""
        return False


class Published:
    """What `modelhook watch` published and verified."""

    def __init__(self, directory: Path) -> None:
        self.listing = directory / "modelhook-published.json"
        self.seen: Optional[Tuple[int, int]] = None

    def _state(self) -> Optional[Tuple[int, int]]:
        try:
            about = self.listing.stat()
        except OSError:
            return None
        return about.st_ino, about.st_mtime_ns

    def find(self) -> Version:
        """The largest number that is there: one that is listed may be about to come."""
        self.seen = self._state()
        try:
            listed = json.loads(self.listing.read_text(encoding="utf-8"))
            for one in reversed(listed["numbers"]):
                directory = self.listing.parent / str(one["number"])
                if directory.is_dir():
                    return Version(listed["model"], str(one["version"]), one["digest"], directory=directory)
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise SourceError(f"{self.listing}: {error}") from error
        raise SourceError(f"{self.listing}: nothing is published yet")

    def fetch(self, version: Version, work: Path) -> Path:
        """It is there."""
        assert version.directory is not None
        return version.directory

    def is_changed(self) -> bool:
        """Whether something was published since, or is about to be."""
        return self._state() != self.seen


def content_digest(directory: Path) -> str:
    """The digest that the tag modelhook.content has for these files."""
    lines = []
    paths = {path.relative_to(directory).as_posix(): path for path in directory.rglob("*") if not path.is_dir()}
    for name in sorted(set(paths) - NOT_REGISTERED, key=str.encode):
        digest = hashlib.sha256()
        with open(paths[name], "rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
        lines.append(f"{digest.hexdigest()}  {name}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


class Worker:
    """A model in a process of its own; one request at a time, whoever calls. Blocks: call it from a thread."""

    def __init__(self, directory: Path, version: Version, seconds: float) -> None:
        context = multiprocessing.get_context("spawn")
        self.seconds = seconds
        self.version = version
        self.lock = threading.Lock()
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other, str(directory), list(version.species)), daemon=True)
        self.process.start()
        other.close()
        try:
            self.about: Dict[str, Any] = self._receive()
        except WorkerGone as error:
            raise ModelError(str(error)) from error
        except BaseException:
            self.close()
            raise
        self.loaded_at = time.time()

    def call(self, name: str, *arguments: Any) -> Answer:
        """One request: "invoke" (body, content type) or "photo" (bytes of an image)."""
        with self.lock:
            try:
                self.pipe.send((name, arguments))
            except OSError as error:
                raise WorkerGone(f"its process ended: {error}") from error
            return self._receive()

    def _receive(self) -> Any:
        try:
            if not self.pipe.poll(self.seconds):
                self.close()
                raise WorkerGone(f"no answer within {self.seconds:g} s")
            result, failed = self.pipe.recv()
        except (EOFError, OSError) as error:
            self.close()
            raise WorkerGone(f"its process ended with {self.process.exitcode}") from error
        if failed:
            raise ModelError(result)
        return result

    def close(self) -> None:
        """End the process; nothing of it is left."""
        self.process.kill()
        self.process.join()


# ---- in the worker's process


class _Model:
    """A loaded model."""

    def __init__(self, directory: str, species: Sequence[str]) -> None:
        self.species = species
        self.model = mlflow.pyfunc.load_model(directory)
        self.schema = self.model.metadata.get_input_schema()
        example = self.model.metadata.saved_input_example_info or {}
        self.warm_up(Path(directory, example.get("serving_input_path", GOLDEN)))

    def about(self) -> Dict[str, Any]:
        """What the files say of themselves."""
        metadata = self.model.metadata
        return {"run_id": metadata.run_id, "model_uuid": metadata.model_uuid}

    def warm_up(self, golden: Path) -> None:
        """The first request is slow, and must not be a client's: recorded requests, else one of zeros."""
        if golden.exists():
            status, body = self.invoke(golden.read_bytes(), "application/json")
            if status != 200:
                raise ModelError(f"{golden.name}: {body.decode()}")
        elif self.schema is not None and self.schema.is_tensor_spec():
            with contextlib.suppress(Exception):  # zeros may be nothing that this model takes
                self.model.predict({spec.name: np.zeros([max(size, 1) for size in spec.shape], spec.type)
                                    for spec in self.schema.inputs})

    def invoke(self, body: bytes, content_type: str) -> Answer:
        """A request in the protocol of MLflow's own scoring server."""
        try:
            answer = invocations(body.decode(), content_type, self.model, self.schema)
        except (MlflowException, UnicodeDecodeError) as error:
            return 400, json.dumps({"error": getattr(error, "message", str(error))}).encode()
        return answer.status, answer.response.encode()

    def photo(self, body: bytes) -> Answer:
        """A photo in any format that pillow reads: the class that the model takes it for."""
        spec = self.schema.inputs[0] if self.schema is not None and self.schema.is_tensor_spec() else None
        if spec is None or len(spec.shape) != PICTURE_RANK:
            return 400, json.dumps({"error": "the model takes no photos: POST /invocations"}).encode()
        _, height, width, _ = spec.shape
        try:
            with Image.open(io.BytesIO(body)) as image:
                pixels = np.asarray(_fitted(image, (width, height)), dtype=spec.type)
        except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
            return 400, json.dumps({"error": f"not a photo: {error}"}).encode()
        scores = np.asarray(self.model.predict({spec.name: pixels[np.newaxis]}))[0]
        best = int(scores.argmax())
        named = self.species[best] if best < len(self.species) else str(best)
        return 200, json.dumps({"class": named, "probability": round(float(scores[best]), 6)}).encode()


def _fitted(image: Image.Image, size: Tuple[int, int]) -> Image.Image:
    """All of the photo in that size: what is left of it, or transparent, is grey, as in a picture of the training."""
    photo = ImageOps.contain(image.convert("RGBA"), size)
    scene = Image.new("RGB", size, GREY)
    scene.paste(photo, ((size[0] - photo.width) // 2, (size[1] - photo.height) // 2), photo)
    return scene


def _serve(pipe: Any, directory: str, species: Sequence[str]) -> None:
    """Load, say what was loaded, and answer until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the server, which ends this process last
    try:
        model = _Model(directory, species)
    except Exception as error:
        pipe.send((f"{type(error).__name__}: {error}", True))
        return
    pipe.send((model.about(), False))
    while True:
        try:
            name, arguments = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((getattr(model, name)(*arguments), False))
        except Exception as error:
            pipe.send((f"{type(error).__name__}: {error}", True))
