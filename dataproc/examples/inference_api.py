#!/usr/bin/env python3
"""The inference API: serves the version in Production, and goes over to the next one without losing a request.

    MLFLOW_TRACKING_URI=http://mlflow:5000 inference_api.py --model fish-classifier-efficientnet-b4 --port 8080
    inference_api.py --published /models/fish --port 8080 --pid-file /run/fish-api.pid

POST /predict        a photo (any image format) in, its class out
POST /invocations    JSON or CSV, as MLflow's own scoring server takes it
GET  /model          what is served: version, digest, run_id, model_uuid, loaded_at; and what was refused last
GET  /health         the process lives
GET  /ready          a model answers
POST /hooks/mlflow   load what is in Production now; a webhook as MLflow and modelhook sign it

Every answer of a model has the header X-Model-Version.

What makes it load: SIGHUP; the webhook, with --webhook-secret-file; with --published, whatever `modelhook watch`
publishes. The new version is fetched, verified against the digest that modelhook registered, loaded in a process of
its own and warmed up with the recorded requests, while the old one answers. Then new requests go to the new version,
and the old one ends after its last answer. A version that cannot be fetched, verified, loaded or warmed up is refused:
the old one stays, and the webhook says why (422; 503 where the same may go well later).

Needs mlflow, fastapi, uvicorn and pillow, and what the model itself needs.
"""

import argparse
import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, AsyncIterator, Dict, Optional

import uvicorn
from fastapi import FastAPI, Request, Response
from serving_model import Answer, ModelError, Published, Registry, Source, SourceError, Version, Worker, WorkerGone

ASKED_AT_ONCE = 32
BODY_MAX = 32 << 20
SIGNED_WITHIN = 300  # seconds; an older delivery may be somebody's recording
LOOK_EVERY = 1.0  # seconds; --published
START_PAUSES = (1, 2, 5, 10, 30)  # seconds between two tries to load the first model

log = logging.getLogger("uvicorn.error")


class Served:
    """A model that answers, and how many requests it is answering."""

    def __init__(self, worker: Worker, work: Path) -> None:
        self.worker = worker
        self.work = work
        self.users = 0
        self.left = False

    def describe(self) -> Dict[str, Any]:
        """For /model."""
        version = self.worker.version
        loaded = datetime.fromtimestamp(self.worker.loaded_at, timezone.utc).isoformat(timespec="milliseconds")
        return {"name": version.name, "version": version.number, "digest": version.digest, **self.worker.about,
                "loaded_at": loaded}

    def close(self) -> None:
        """End the process, and remove its files."""
        self.worker.close()
        shutil.rmtree(self.work, ignore_errors=True)


class Serving:
    """The model that is served, and the way to the next one. Used in the event loop alone; what blocks, in threads."""

    def __init__(self, source: Source, work: Path, seconds: float) -> None:
        self.source = source
        self.work = work
        self.seconds = seconds
        self.current: Optional[Served] = None
        self.refused: Optional[Dict[str, str]] = None
        self.loading = asyncio.Lock()
        self.asking = ThreadPoolExecutor(ASKED_AT_ONCE, "ask")  # of its own: requests must not hold up what loads
        self.endings: set[asyncio.Task[None]] = set()

    async def reload(self) -> bool:
        """Serve what is in Production; False: it is served already. ModelError, SourceError: the old one stays."""
        async with self.loading:
            version = await asyncio.to_thread(self.source.find)
            served = self.current.worker.version if self.current else None
            if served is not None and (served.number, served.digest) == (version.number, version.digest):
                self.refused = None
                return False
            await self._load(version)
            return True

    async def _load(self, version: Version) -> None:
        log.info("version %s: loading", version.number)
        try:
            served = await asyncio.to_thread(self._prepare, version)
        except (ModelError, SourceError) as error:
            log.error("version %s: refused: %s", version.number, error)
            self.refused = {"version": version.number, "why": str(error)}
            raise
        self.refused = None
        old, self.current = self.current, served
        log.info("version %s: serving", version.number)
        if old is not None:
            old.left = True
            self._end_unused(old)

    def _prepare(self, version: Version) -> Served:
        work = Path(tempfile.mkdtemp(dir=self.work))
        try:
            return Served(Worker(self.source.fetch(version, work), version, self.seconds), work)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise

    def _end_unused(self, served: Served) -> None:
        if served.left and served.users == 0:
            ending = asyncio.create_task(asyncio.to_thread(served.close))
            self.endings.add(ending)
            ending.add_done_callback(self.endings.discard)

    async def ask(self, name: str, *arguments: Any) -> Response:
        """One request, by the model that is served now; by its successor where its process ended meanwhile."""
        for _ in range(2):
            served = self.current
            if served is None:
                break
            served.users += 1
            try:
                loop = asyncio.get_running_loop()
                answer: Answer = await loop.run_in_executor(self.asking, served.worker.call, name, *arguments)
            except WorkerGone as error:
                log.error("version %s: %s", served.worker.version.number, error)
                await self._replace(served)
                continue
            except ModelError as error:
                answer = 500, json.dumps({"error": str(error)}).encode()
            finally:
                served.users -= 1
                self._end_unused(served)
            return Response(answer[1], answer[0], {"X-Model-Version": served.worker.version.number},
                            "application/json")
        return fail(503, "no model is loaded")

    async def _replace(self, gone: Served) -> None:
        """The same version in a new process; until then there is none."""
        async with self.loading:
            if self.current is not gone:
                return
            self.current = None
            gone.left = True
            with contextlib.suppress(ModelError, SourceError):
                await self._load(gone.worker.version)

    async def load_first(self) -> None:
        """Until there is one: the registry may start later than the API."""
        tries = 0
        while self.current is None:
            try:
                await self.reload()
            except (ModelError, SourceError) as error:
                log.warning("no model yet: %s", error)
                await asyncio.sleep(START_PAUSES[min(tries, len(START_PAUSES) - 1)])
                tries += 1

    async def follow(self) -> None:
        """Load whatever the source says is new, and what was asked for by a signal."""
        while True:
            await self.load_first()
            await asyncio.sleep(LOOK_EVERY)
            if self.source.is_changed():
                await self.reload_or_tell()

    async def reload_or_tell(self) -> None:
        """For whoever does not wait for an answer."""
        try:
            await self.reload()
        except SourceError as error:
            log.error("not loaded: %s", error)
        except ModelError:
            pass  # _load said why

    async def close(self) -> None:
        """End all processes."""
        if self.current is not None:
            await asyncio.to_thread(self.current.close)
        await asyncio.gather(*self.endings)


def fail(status: int, why: str) -> Response:
    """An error, as JSON."""
    return Response(json.dumps({"error": why}), status, media_type="application/json")


def is_signed(secret: str, request: Request, body: bytes) -> bool:
    """Whether MLflow, or modelhook, made this delivery with our secret, and lately."""
    delivery = request.headers.get("x-mlflow-delivery-id", "")
    stamp = request.headers.get("x-mlflow-timestamp", "")
    mac = hmac.new(secret.encode(), f"{delivery}.{stamp}.".encode() + body, hashlib.sha256)
    wanted = f"v1,{base64.b64encode(mac.digest()).decode()}"
    if not hmac.compare_digest(wanted, request.headers.get("x-mlflow-signature", "")):
        return False
    return stamp.isdigit() and abs(time.time() - int(stamp)) <= SIGNED_WITHIN


async def read_body(request: Request) -> Optional[bytes]:
    """The body, or None where it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX:
            return None
    return bytes(body)


def make_app(serving: Serving, secret_file: Optional[Path], pid_file: Optional[Path]) -> FastAPI:
    """The routes."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        tasks = {loop.create_task(serving.follow())}

        def on_hangup() -> None:
            task = loop.create_task(serving.reload_or_tell())
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        loop.add_signal_handler(signal.SIGHUP, on_hangup)
        if pid_file is not None:
            pid_file.write_text(f"{os.getpid()}\n")
        yield
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await serving.close()
        if pid_file is not None:
            pid_file.unlink(missing_ok=True)

    app = FastAPI(title="fish-api", lifespan=lifespan)

    @app.get("/health")
    async def health() -> Dict[str, str]:
        return {"status": "alive"}

    @app.get("/ready")
    async def ready() -> Response:
        return fail(503, "no model is loaded") if serving.current is None else Response('{"status": "ready"}')

    @app.get("/model")
    async def model() -> Response:
        if serving.current is None:
            return fail(503, serving.refused["why"] if serving.refused else "no model is loaded")
        about = {**serving.current.describe(), "refused": serving.refused}
        return Response(json.dumps(about), media_type="application/json")

    @app.post("/predict")
    async def predict(request: Request) -> Response:
        body = await read_body(request)
        return fail(413, "the photo is too large") if body is None else await serving.ask("photo", body)

    @app.post("/invocations")
    async def invocations(request: Request) -> Response:
        body = await read_body(request)
        if body is None:
            return fail(413, "the request is too large")
        return await serving.ask("invoke", body, request.headers.get("content-type", "application/json"))

    @app.post("/hooks/mlflow")
    async def hook(request: Request) -> Response:
        body = await read_body(request)
        if secret_file is None:
            return fail(404, "this API takes no webhooks: --webhook-secret-file")
        if body is None or not is_signed(secret_file.read_text(encoding="utf-8").strip(), request, body):
            return fail(401, "the delivery is not signed with this API's secret")
        try:
            await serving.reload()
        except ModelError as error:
            return fail(422, f"version {(serving.refused or {}).get('version')}: {error}")
        except SourceError as error:
            return fail(503, str(error))
        assert serving.current is not None
        return Response(json.dumps(serving.current.describe()), media_type="application/json")

    return app


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="registered model; MLFLOW_TRACKING_URI names the registry")
    parser.add_argument("--alias", help="serve the version of this alias, such as production, not that of the stage")
    parser.add_argument("--stage", default="Production")
    parser.add_argument("--unverified", action="store_true", help="serve versions that modelhook did not register too")
    parser.add_argument("--published", type=Path, help="serve what `modelhook watch --into` publishes there")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--pid-file", type=Path, help="for who sends SIGHUP; written once the signal is caught")
    parser.add_argument("--webhook-secret-file", type=Path)
    parser.add_argument("--timeout", type=float, default=300, help="seconds for a model to load, and for an answer")
    options = parser.parse_args()
    if (options.model is None) == (options.published is None):
        parser.error("either --model or --published says what is to be served")
    return options


def main() -> int:
    """Serve until SIGTERM."""
    options = arguments()
    source: Source
    if options.published is not None:
        source = Published(options.published)
    else:
        source = Registry(options.model, options.alias, options.stage, options.unverified)
    with tempfile.TemporaryDirectory(prefix="inference-api-") as work:
        serving = Serving(source, Path(work), options.timeout)
        app = make_app(serving, options.webhook_secret_file, options.pid_file)
        uvicorn.run(app, host=options.host, port=options.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
