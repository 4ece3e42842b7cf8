"""The common case in one block: train, hand over, promote."""

from contextlib import contextmanager
from typing import Any, Iterator, Mapping, Optional, Sequence

from .find import find_binary
from .handoff import AnyPath, write_handoff
from .result import Result
from .run import promote


class Job:
    """What a training says about itself. Each attribute is a key of write_handoff; `result` is there in the end."""

    saved_model: Optional[AnyPath] = None
    logged_model: Optional[str] = None
    metrics: Any = None
    trained_at: Any = None
    samples: Optional[Mapping[str, int]] = None
    params: Optional[Mapping[str, Any]] = None
    tags: Optional[Mapping[str, Any]] = None
    description: Optional[str] = None
    requirements: Optional[Sequence[str]] = None
    artifact_path: Optional[str] = None
    files = True
    result: Optional[Result] = None

    def __setattr__(self, name: str, value: Any) -> None:
        """A misspelled key is an error where it is written."""
        if not hasattr(Job, name):
            raise AttributeError(f"{name} is no key of a handoff")
        super().__setattr__(name, value)


@contextmanager
def promoting(
    model: str,
    *,
    run_id: str,
    handoff: AnyPath = "handoff.json",
    options: Sequence[AnyPath] = (),
    spark: Any = None,
    uri: Optional[str] = None,
    binary: Optional[AnyPath] = None,
    timeout: Optional[float] = None,
    env: Optional[Mapping[str, str]] = None,
    **keys: Any,
) -> Iterator[Job]:
    """Promotes what the block trains; after it, `job.result` tells what came of it.

        with modelhook.promoting("fish-classifier-efficientnet-b4", run_id=run.info.run_id) as job:
            job.metrics = net.fit(...)
            net.export("saved_model")
            job.saved_model = "saved_model"
        modelhook.exit_with(job.result)

    The program is looked for before the block, not after hours of training (binary, spark, uri: as
    find_binary takes them). At the end of the block the handoff is written and modelhook runs with these
    options. Whatever the block raises goes on, and nothing is promoted. Further keys are write_handoff's.
    """
    job = Job()
    for name, value in keys.items():
        setattr(job, name, value)
    program = find_binary(binary, spark=spark, uri=uri)
    yield job
    path = write_handoff(handoff, run_id=run_id, model=model,
                         **{name: value for name, value in vars(job).items() if name != "result"})
    job.result = promote(path, *options, binary=program, timeout=timeout, env=env)
