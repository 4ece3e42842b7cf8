"""The operator of Google Dataproc that runs a job, told to run it once.

The stock operator (apache-airflow-providers-google) raises an ordinary exception for a job that failed, so that
a retry submits it again. With a ``request_id`` Dataproc returns the first job to who asks again, and so a try finds
what an earlier one has begun; the class here adds that a job that failed fails the task without a retry.
"""

from typing import TYPE_CHECKING, Any

from airflow.providers.google.cloud.operators.dataproc import DataprocSubmitJobOperator
from google.cloud.dataproc_v1 import JobStatus

from ._versions import AirflowException, AirflowFailException, Context

_FAILED = (JobStatus.State.ERROR, JobStatus.State.CANCELLED)


class SubmitJobOnceOperator(DataprocSubmitJobOperator):
    """Runs a job once, however often it is tried. Retries are for what goes wrong between here and the cloud.

    :param request_id: names this job among all tries, such as the cluster's id
    """

    def __init__(self, *, request_id: str, **kwargs: Any) -> None:
        super().__init__(request_id=request_id, **kwargs)

    def execute(self, context: Context) -> Any:
        """Waits until the job is done.

        :param context: of the task
        :return: the job's id
        """
        try:
            return super().execute(context)
        except AirflowException as error:
            if self.job_id is None:
                raise
            assert self.hook is not None  # it has submitted the job
            job = self.hook.get_job(job_id=self.job_id, project_id=self.project_id, region=self.region)
            if job.status.state in _FAILED:
                how = JobStatus.State(job.status.state).name
                raise AirflowFailException(f"the job {self.job_id} has ended as {how}") from error
            raise


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """A name of 0.1 raises."""
        if name == "SubmitJobOnce":
            raise ImportError(f"{__name__}.{name} was renamed in 0.2.0: use {name}Operator", name=__name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
