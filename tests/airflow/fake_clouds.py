#!/usr/bin/env python3
"""Yandex Cloud and Google Cloud on the loopback, as far as a DAG needs them: clusters, and jobs that really run.

    fake_clouds.py --objects FOLDER --certificate FILE --key FILE --node-env JSON --work FOLDER

Speaks both clouds' gRPC over TLS on one port, with the messages of their own SDKs, and is the HTTP proxy through
which Google's SDK reaches its own host names. Prints {"port": ..., "proxy": ...}, and what it is asked to do, one
JSON object a line. FOLDER has a folder for each bucket.

A job is what YARN would make of it: its files are brought to a folder, its main file runs there as a process, as
many times as spark.yarn.maxAppAttempts says while it fails (twice, unless told), and its status is lost but for
whether it was 0. As in the clouds, a second cluster of a name is refused; Google gives the first job to who asks
again with the same request_id; a deleted cluster is not there.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.cloud import dataproc_v1 as gd
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2
from yandex.cloud.dataproc.v1 import cluster_pb2 as y_cluster
from yandex.cloud.dataproc.v1 import cluster_service_pb2 as y_clusters
from yandex.cloud.dataproc.v1 import cluster_service_pb2_grpc as y_clusters_grpc
from yandex.cloud.dataproc.v1 import job_pb2 as y_job
from yandex.cloud.dataproc.v1 import job_service_pb2 as y_jobs
from yandex.cloud.dataproc.v1 import job_service_pb2_grpc as y_jobs_grpc
from yandex.cloud.endpoint import api_endpoint_pb2, api_endpoint_service_pb2, api_endpoint_service_pb2_grpc
from yandex.cloud.iam.v1 import iam_token_service_pb2, iam_token_service_pb2_grpc
from yandex.cloud.operation import operation_pb2, operation_service_pb2_grpc

TOKEN = "a-token-of-the-cloud"
LATER = 75


@dataclass
class Job:
    """A job, whoever's cloud it is in; `status` is None while it runs."""

    id: str
    name: str
    cluster: str
    spec: dict[str, Any]
    status: int | None = None
    cancelled: bool = False
    process: subprocess.Popen[bytes] | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def state(self) -> int:
        """As Yandex numbers it, and Google names it."""
        if not self.ended.is_set():
            return int(y_job.Job.RUNNING)
        if self.cancelled:
            return int(y_job.Job.CANCELLED)
        return int(y_job.Job.ERROR if self.status else y_job.Job.DONE)


class Machines:
    """The clusters of both clouds, and what runs on them."""

    def __init__(self, objects: Path, work: Path, node_env: dict[str, str]) -> None:
        self.objects, self.work, self.node_env = objects, work, node_env
        self.clusters: dict[str, str] = {}  # id by name
        self.jobs: dict[str, Job] = {}
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)

    def tell(self, event: str, **what: Any) -> None:
        """One line for the test."""
        with self.lock:
            print(json.dumps({"event": event, **what}), flush=True)

    def create(self, name: str, context: grpc.ServicerContext, **what: Any) -> str:
        """A cluster; its id."""
        self.tell("create", name=name, **what)
        if name in self.clusters:
            context.abort(grpc.StatusCode.ALREADY_EXISTS, f"there is a cluster {name}")
        self.clusters[name] = str(uuid.uuid4())
        return self.clusters[name]

    def delete(self, name: str | None, context: grpc.ServicerContext) -> None:
        """Its jobs go with it."""
        self.tell("delete", name=name)
        if name not in self.clusters:
            context.abort(grpc.StatusCode.NOT_FOUND, f"there is no cluster {name}")
        del self.clusters[name]

    def submit(self, name: str, cluster: str, spec: Any) -> Job:
        """Starts a job."""
        wanted = {"main_python_file_uri": spec.main_python_file_uri, "python_file_uris": list(spec.python_file_uris),
                  "file_uris": list(spec.file_uris), "args": list(spec.args), "properties": dict(spec.properties)}
        job = Job(f"job{len(self.jobs)}", name, cluster, wanted)
        self.tell("job", name=name, cluster=cluster, **wanted)
        self.jobs[job.id] = job
        threading.Thread(target=self._run, args=(job,), daemon=True).start()
        return job

    def cancel(self, job: Job) -> None:
        """As YARN does."""
        self.tell("cancel", name=job.name)
        job.cancelled = True
        if job.process is not None:
            job.process.terminate()

    def _file(self, uri: str) -> Path:
        bucket, _, key = uri.partition("://")[2].partition("/")
        return self.objects / bucket / key

    def _run(self, job: Job) -> None:
        attempts = int(job.spec["properties"].get("spark.yarn.maxAppAttempts", 2))
        while job.status != 0 and not job.cancelled and attempts > 0:
            attempts -= 1
            job.status = self._attempt(job)
        job.ended.set()

    def _attempt(self, job: Job) -> int:
        """One run of the driver in a container of its own."""
        number = next(self.numbers)
        folder = self.work / f"container_{number:02}"
        folder.mkdir()
        for uri in (*job.spec["file_uris"], *job.spec["python_file_uris"], job.spec["main_python_file_uri"]):
            shutil.copy(self._file(uri), folder)
        prefix = "spark.yarn.appMasterEnv."
        properties = job.spec["properties"].items()
        env = {key.removeprefix(prefix): value for key, value in properties if key.startswith(prefix)}
        paths = os.pathsep.join(os.path.basename(uri) if uri.endswith(".zip") else "."
                                for uri in job.spec["python_file_uris"])
        command = [sys.executable, os.path.basename(job.spec["main_python_file_uri"]), *job.spec["args"]]
        self.tell("attempt", name=job.name)
        with open(folder / "said.log", "wb") as log:
            job.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           env={"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder),
                                                "PYTHONPATH": paths, **self.node_env, **env})
            status = job.process.wait()
        self.tell("attempt_ended", name=job.name, status=status)
        return status


# ---- Yandex


class YandexOperations(operation_service_pb2_grpc.OperationServiceServicer):
    """What is asked about until it is done."""

    def __init__(self) -> None:
        self.known: dict[str, Callable[[], Any]] = {}

    def add(self, look: Callable[[], Any]) -> Any:
        """An operation that looks like this, now and whenever it is asked about."""
        id = f"operation{len(self.known)}"
        self.known[id] = look
        return self._named(id)

    def done(self, message: Any) -> Any:
        """One that is over."""
        def look() -> Any:
            operation = operation_pb2.Operation(done=True)
            operation.response.Pack(message)
            return operation

        return self.add(look)

    def _named(self, id: str) -> Any:
        operation = self.known[id]()
        operation.id = id
        return operation

    def Get(self, request: Any, context: grpc.ServicerContext) -> Any:
        """One of them."""
        return self._named(request.operation_id)


class YandexEndpoints(api_endpoint_service_pb2_grpc.ApiEndpointServiceServicer):
    """Where each service is: here."""

    def __init__(self, address: str) -> None:
        self.address = address

    def List(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Those that are here."""
        return api_endpoint_service_pb2.ListApiEndpointsResponse(endpoints=[
            api_endpoint_pb2.ApiEndpoint(id=name, address=self.address) for name in ("iam", "dataproc", "operation")])


class YandexTokens(iam_token_service_pb2_grpc.IamTokenServiceServicer):
    """Tokens for who has signed for one."""

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A token."""
        if request.jwt.count(".") != 2:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "nobody has signed for it")
        answer = iam_token_service_pb2.CreateIamTokenResponse(iam_token=TOKEN)
        answer.expires_at.GetCurrentTime()
        answer.expires_at.seconds += 3600
        return answer


class YandexClusters(y_clusters_grpc.ClusterServiceServicer):
    """Clusters are there at once."""

    def __init__(self, machines: Machines, operations: YandexOperations) -> None:
        self.machines, self.operations = machines, operations

    def List(self, request: Any, context: grpc.ServicerContext) -> Any:
        """One a page, so that nobody takes the first page for all."""
        there = sorted(self.machines.clusters.items())
        start = int(request.page_token or 0)
        return y_clusters.ListClustersResponse(
            clusters=[y_cluster.Cluster(id=id, name=name, status=y_cluster.Cluster.RUNNING)
                      for name, id in there[start:start + 1]],
            next_page_token=str(start + 1) if start + 1 < len(there) else "")

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        """As asked."""
        made = self.machines.create(request.name, context, folder=request.folder_id, bucket=request.bucket)
        return self.operations.done(y_cluster.Cluster(id=made, name=request.name))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        """By id."""
        names = {id: name for name, id in self.machines.clusters.items()}
        self.machines.delete(names.get(request.cluster_id), context)
        return self.operations.done(empty_pb2.Empty())


class YandexJobs(y_jobs_grpc.JobServiceServicer):
    """A job, and the operation that lasts as long as it does."""

    def __init__(self, machines: Machines, operations: YandexOperations) -> None:
        self.machines, self.operations = machines, operations

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Starts it."""
        spec = request.pyspark_job
        job = self.machines.submit(request.name, request.cluster_id, spec)
        return self.operations.add(lambda: self._operation(job))

    def _operation(self, job: Job) -> Any:
        operation = operation_pb2.Operation(done=job.ended.is_set())
        operation.metadata.Pack(y_jobs.CreateJobMetadata(cluster_id=job.cluster, job_id=job.id))
        if operation.done and job.status not in (0, LATER):  # the other way to tell a failure is the job's own status
            operation.error.code, operation.error.message = grpc.StatusCode.INTERNAL.value[0], f"Job {job.id} failed"
        elif operation.done:
            operation.response.Pack(self._shown(job))
        return operation

    def _shown(self, job: Job) -> Any:
        return y_job.Job(id=job.id, cluster_id=job.cluster, name=job.name, status=job.state)

    def List(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Those of a cluster."""
        return y_jobs.ListJobsResponse(jobs=[self._shown(job) for job in self.machines.jobs.values()
                                             if job.cluster == request.cluster_id])

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Stops it."""
        self.machines.cancel(self.machines.jobs[request.job_id])
        return self.operations.done(empty_pb2.Empty())


def serve_yandex(server: grpc.Server, machines: Machines, address: str) -> None:
    """All its services."""
    operations = YandexOperations()
    operation_service_pb2_grpc.add_OperationServiceServicer_to_server(operations, server)
    api_endpoint_service_pb2_grpc.add_ApiEndpointServiceServicer_to_server(YandexEndpoints(address), server)
    iam_token_service_pb2_grpc.add_IamTokenServiceServicer_to_server(YandexTokens(), server)
    y_clusters_grpc.add_ClusterServiceServicer_to_server(YandexClusters(machines, operations), server)
    y_jobs_grpc.add_JobServiceServicer_to_server(YandexJobs(machines, operations), server)


# ---- Google


class Google:
    """Clusters are there at once; who submits again with the same request_id gets the first job."""

    def __init__(self, machines: Machines) -> None:
        self.machines = machines
        self.requests: dict[str, Job] = {}

    def create_cluster(self, request: Any, context: grpc.ServicerContext) -> Any:
        """As asked."""
        self.machines.create(request.cluster.cluster_name, context, project=request.project_id, region=request.region)
        return self._done(self._cluster(request.cluster.cluster_name))

    def get_cluster(self, request: Any, context: grpc.ServicerContext) -> Any:
        """By name."""
        if request.cluster_name not in self.machines.clusters:
            context.abort(grpc.StatusCode.NOT_FOUND, f"there is no cluster {request.cluster_name}")
        return self._cluster(request.cluster_name)

    def delete_cluster(self, request: Any, context: grpc.ServicerContext) -> Any:
        """By name."""
        self.machines.delete(request.cluster_name, context)
        return self._done(None)

    def submit_job(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Starts it."""
        job = self.requests.get(request.request_id)
        if job is None:
            cluster = request.job.placement.cluster_name
            name = request.job.reference.job_id
            job = self.machines.submit(name, self.machines.clusters[cluster], request.job.pyspark_job)
            self.requests[request.request_id] = job
        return self._shown(job)

    def get_job(self, request: Any, context: grpc.ServicerContext) -> Any:
        """By its name, which is its id."""
        return self._shown(next(job for job in self.machines.jobs.values() if job.name == request.job_id))

    def _cluster(self, name: str) -> Any:
        return gd.Cluster(cluster_name=name, cluster_uuid=self.machines.clusters[name],
                          status=gd.ClusterStatus(state=gd.ClusterStatus.State.RUNNING))

    def _shown(self, job: Job) -> Any:
        state = gd.JobStatus.State[y_job.Job.Status.Name(job.state)]
        return gd.Job(reference=gd.JobReference(job_id=job.name), status=gd.JobStatus(state=state))

    @staticmethod
    def _done(message: Any) -> Any:
        operation = operations_pb2.Operation(name="operations/done", done=True)
        operation.response.Pack(type(message).pb(message) if message is not None else empty_pb2.Empty())
        operation.metadata.Pack(gd.ClusterOperationMetadata.pb(gd.ClusterOperationMetadata()))
        return operation


def serve_google(server: grpc.Server, machines: Machines) -> None:
    """All its services."""
    google = Google(machines)

    def unary(answer: Any, request: Any, to_bytes: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(answer, request_deserializer=request.deserialize,
                                                   response_serializer=to_bytes)

    operation = operations_pb2.Operation.SerializeToString
    services = {
        "ClusterController": {"CreateCluster": unary(google.create_cluster, gd.CreateClusterRequest, operation),
                              "GetCluster": unary(google.get_cluster, gd.GetClusterRequest, gd.Cluster.serialize),
                              "DeleteCluster": unary(google.delete_cluster, gd.DeleteClusterRequest, operation)},
        "JobController": {"SubmitJob": unary(google.submit_job, gd.SubmitJobRequest, gd.Job.serialize),
                          "GetJob": unary(google.get_job, gd.GetJobRequest, gd.Job.serialize)},
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(f"google.cloud.dataproc.v1.{name}", methods)
                                     for name, methods in services.items()])


class Proxy(socketserver.BaseRequestHandler):
    """An HTTP proxy whose every host is this machine."""

    port = 0

    def handle(self) -> None:
        """CONNECT, and bytes in both directions."""
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.request.recv(4096)
        asked = head.split(b" ")[1].decode()
        if not asked.endswith(".googleapis.com:443"):
            self.request.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", self.port)) as there:
            self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=self._copy, args=(there, self.request), daemon=True)
            back.start()
            self._copy(self.request, there)
            back.join()

    @staticmethod
    def _copy(source: socket.socket, to: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := source.recv(65536):
                to.sendall(block)
            to.shutdown(socket.SHUT_WR)


class Signed(grpc.ServerInterceptor):
    """Nobody is served without a token, but who asks for one."""

    OPEN = ("/yandex.cloud.endpoint.ApiEndpointService/List", "/yandex.cloud.iam.v1.IamTokenService/Create")

    def intercept_service(self, go_on: Any, call: Any) -> Any:
        """Google's SDK signs its tokens itself, Yandex's has them from here."""
        tokens = [value for name, value in call.invocation_metadata if name == "authorization"]
        if call.method in self.OPEN or tokens == [f"Bearer {TOKEN}"] or (tokens and tokens[0].count(".") == 2):
            return go_on(call)
        return grpc.unary_unary_rpc_method_handler(
            lambda _, context: context.abort(grpc.StatusCode.UNAUTHENTICATED, "no token"))


def main() -> None:
    """Serves until it is told to stop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("objects", "certificate", "key", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--node-env", type=json.loads, required=True)
    options = parser.parse_args()
    machines = Machines(options.objects, options.work, options.node_env)
    server = grpc.server(futures.ThreadPoolExecutor(16), interceptors=[Signed()])
    keys = grpc.ssl_server_credentials([(options.key.read_bytes(), options.certificate.read_bytes())])
    Proxy.port = server.add_secure_port("127.0.0.1:0", keys)
    serve_yandex(server, machines, f"localhost:{Proxy.port}")
    serve_google(server, machines)
    server.start()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy) as proxy:
        proxy.daemon_threads = True
        print(json.dumps({"port": Proxy.port, "proxy": proxy.server_address[1]}), flush=True)
        proxy.serve_forever()


if __name__ == "__main__":
    main()
