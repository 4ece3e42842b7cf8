"""The operators of Yandex Data Processing, without what makes them train twice.

The stock operators (apache-airflow-providers-yandex) leave gaps that a training of hours falls into: a job
that failed is an ordinary exception, so that a retry trains again; arguments are not templates; a task that is
stopped leaves its job running; the job's id is lost; a cluster is found only by an id that a failed task has not
given. The classes here are theirs, with those gaps closed: clusters and jobs go by their name, so that a second
try finds what the first one has begun.
"""

import time
from typing import TYPE_CHECKING, Any, Iterator, Optional

from airflow.providers.yandex.hooks.dataproc import DataprocHook
from airflow.providers.yandex.operators.dataproc import (
    DataprocCreateClusterOperator,
    DataprocCreatePysparkJobOperator,
    DataprocDeleteClusterOperator,
)
from yandex.cloud.dataproc.v1.cluster_pb2 import Cluster
from yandex.cloud.dataproc.v1.cluster_service_pb2 import ListClustersRequest
from yandex.cloud.dataproc.v1.cluster_service_pb2_grpc import ClusterServiceStub
from yandex.cloud.dataproc.v1.job_pb2 import Job
from yandex.cloud.dataproc.v1.job_service_pb2 import CancelJobRequest, ListJobsRequest
from yandex.cloud.dataproc.v1.job_service_pb2_grpc import JobServiceStub
from yandexcloud.operations import OperationError

from ._versions import AirflowException, AirflowFailException, Context

_COMING = (Cluster.CREATING, Cluster.STARTING, Cluster.STATUS_UNKNOWN)
_GOING_ON = (Job.PROVISIONING, Job.PENDING, Job.RUNNING, Job.CANCELLING)


class CreateClusterOperator(DataprocCreateClusterOperator):
    """Makes a cluster, or takes the one of that name. XCom: its id.

    :param poll_seconds: between two looks at a cluster that an earlier try has begun
    """

    template_fields = ("cluster_name", "folder_id", "subnet_id", "s3_bucket", "service_account_id", "properties",
                       "labels", "yandex_conn_id")

    def __init__(self, *, poll_seconds: float = 10.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.poll_seconds = poll_seconds

    def execute(self, context: Context) -> Any:
        """Waits until it can be used.

        :param context: of the task
        :return: the cluster's id
        """
        hook = DataprocHook(yandex_conn_id=self.yandex_conn_id)
        found = _cluster(hook, self.folder_id, self.cluster_name)
        if found is None:
            return str(super().execute(context))
        self.log.info("%s is there already, from an earlier try: %s", self.cluster_name, found.id)
        while found is not None and found.status in _COMING:
            time.sleep(self.poll_seconds)
            found = _cluster(hook, self.folder_id, self.cluster_name)
        if found is None or found.status != Cluster.RUNNING:
            raise AirflowException(f"the cluster {self.cluster_name} of an earlier try does not run")
        context["ti"].xcom_push(key="cluster_id", value=found.id)
        return str(found.id)


class RunPysparkJobOperator(DataprocCreatePysparkJobOperator):
    """Runs a job once, however often it is tried; a job that failed fails the task without a retry. XCom: its id.

    A try that finds a job of this name on the cluster waits for that one. Retries are for what goes wrong
    between here and the cloud.

    :param poll_seconds: between two looks at the job
    """

    template_fields = (*DataprocCreatePysparkJobOperator.template_fields, "name", "main_python_file_uri",
                       "python_file_uris", "file_uris", "archive_uris", "jar_file_uris", "args", "properties")

    def __init__(self, *, poll_seconds: float = 10.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.poll_seconds = poll_seconds
        self.jobs: Optional[JobServiceStub] = None

    def execute(self, context: Context) -> Any:
        """Waits until it is done.

        :param context: of the task
        :return: the job's id
        """
        self.jobs = self._setup(context).sdk.client(JobServiceStub)
        if self._job() is None:
            try:
                super().execute(context)
            except OperationError:
                if self._job() is None:
                    raise  # it was not even begun
        # the operation of a job that failed may end without an error: the job itself knows
        job = self._job()
        while job is not None and job.status in _GOING_ON:
            time.sleep(self.poll_seconds)
            job = self._job()
        if job is None:
            raise AirflowFailException(f"the job {self.name} is not there any more")
        if job.status != Job.DONE:
            raise AirflowFailException(f"the job {self.name} has ended as {Job.Status.Name(job.status)}")
        return str(job.id)

    def on_kill(self) -> None:
        """A task that is stopped stops its job, which gets SIGTERM and keeps the package."""
        if self.jobs is None:
            return
        job = self._job()
        if job is not None and job.status in _GOING_ON:
            self.jobs.Cancel(CancelJobRequest(cluster_id=str(self.cluster_id), job_id=job.id))

    def _job(self) -> Optional[Job]:
        """The job of this name."""
        listed = _pages(self.jobs, ListJobsRequest(cluster_id=str(self.cluster_id)), "jobs")
        return next((job for job in listed if job.name == self.name), None)


class DeleteClusterOperator(DataprocDeleteClusterOperator):
    """Deletes the cluster of a name. One that does not exist is not an error.

    :param cluster_name: of the cluster
    :param folder_id: where it is; None: the connection's folder
    """

    template_fields = ("cluster_name", "folder_id", "yandex_conn_id")

    def __init__(self, *, cluster_name: str, folder_id: Optional[str] = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster_name = cluster_name
        self.folder_id = folder_id

    def execute(self, context: Context) -> None:
        """Waits until it is gone.

        :param context: of the task
        """
        hook = DataprocHook(yandex_conn_id=self.yandex_conn_id)
        found = _cluster(hook, self.folder_id, self.cluster_name)
        if found is None:
            self.log.info("no cluster is called %s", self.cluster_name)
        else:
            hook.dataproc_client.delete_cluster(found.id)  # type: ignore[no-untyped-call]


def _cluster(hook: DataprocHook, folder_id: Optional[str], name: Optional[str]) -> Optional[Cluster]:
    """The cluster of a name."""
    request = ListClustersRequest(folder_id=folder_id or hook.default_folder_id)
    listed = _pages(hook.sdk.client(ClusterServiceStub), request, "clusters")
    return next((cluster for cluster in listed if cluster.name == name), None)


def _pages(service: Any, request: Any, field: str) -> Iterator[Any]:
    """Everything in a list that comes in pages."""
    while True:
        page = service.List(request)
        yield from getattr(page, field)
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


_RENAMED = {"CreateCluster": "CreateClusterOperator", "RunPysparkJob": "RunPysparkJobOperator",
            "DeleteCluster": "DeleteClusterOperator"}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """A name of 0.1 raises."""
        if name in _RENAMED:
            raise ImportError(f"{__name__}.{name} was renamed in 0.2.0: use {_RENAMED[name]}", name=__name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
