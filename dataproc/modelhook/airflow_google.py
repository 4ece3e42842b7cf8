"""The operator of Google Dataproc that runs a job, told to run it once.

The stock operator (apache-airflow-providers-google) raises an ordinary exception for a job that failed, so that
a retry submits it again. With a request_id Dataproc gives the first job to who asks again, and so a try finds what
an earlier one has begun; the class here adds that a job that failed fails the task without a retry.
"""

from typing import Any

from airflow.providers.google.cloud.operators.dataproc import DataprocSubmitJobOperator
from google.cloud.dataproc_v1 import JobStatus

from .airflow import AirflowException, AirflowFailException

_FAILED = (JobStatus.State.ERROR, JobStatus.State.CANCELLED)


class SubmitJobOnce(DataprocSubmitJobOperator):
    """Runs a job once, however often it is tried. Retries are for what goes wrong between here and the cloud."""

    def __init__(self, *, request_id: str, **kwargs: Any) -> None:
        super().__init__(request_id=request_id, **kwargs)

    def execute(self, context: Any) -> Any:
        """The job's id, when it is done."""
        try:
            return super().execute(context)
        except AirflowException as error:
            if self.job_id is None:
                raise
            job = self.hook.get_job(job_id=self.job_id, project_id=self.project_id, region=self.region)
            if job.status.state in _FAILED:
                raise AirflowFailException(f"the job {self.job_id} has ended as {job.status.state.name}") from error
            raise
