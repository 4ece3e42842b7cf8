"""Where the upload benchmarks send their models, and the programs that others would send them with."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import environment
from measuring import HOOK, handoff, new_run
from object_stores import Versitygw
from servers import MLflow

LOG_ARTIFACTS = """
import sys
from mlflow.tracking import MlflowClient
MlflowClient().log_artifacts(sys.argv[1], sys.argv[2], "model")
"""

Command = list[str | Path]


def big_model(folder: Path, *sizes: int) -> Path:
    """The SavedModel of those sizes, made by tests/models/big_model.py when missing in that folder.

    The maker's digest is in the name: checkouts that share the folder may have different ones.
    """
    maker = environment.ROOT / "tests/models/big_model.py"
    out = folder / "-".join(map(str, ("big", *sizes, hashlib.sha256(maker.read_bytes()).hexdigest()[:12])))
    subprocess.run([environment.python("bench"), maker, out, *map(str, sizes)], check=True)
    return out / "saved_model"


def fast_folder(gibibytes: int) -> Path:
    """A folder for a server's data: in memory where there is room for so much, else on the disk."""
    memory = Path("/dev/shm")
    free = shutil.disk_usage(memory).free >> 30 if memory.is_dir() else 0
    return Path(tempfile.mkdtemp(dir=memory if free > gibibytes else None, prefix="modelhook-bench-"))


@dataclass
class Site:
    """Where the models go: an MLflow server, one of its experiments, and the S3 that is there too.

    endpoint  where clients find the S3 if not at its own URL
    """

    folder: Path
    mlflow: MLflow
    s3: Versitygw
    experiment: str
    endpoint: str = ""

    @property
    def s3_url(self) -> str:
        """Where clients find the S3."""
        return self.endpoint or self.s3.url

    def env(self) -> dict[str, str]:
        """The variables of every client."""
        return self.mlflow.client_env() | self.s3.client_env() | {"MLFLOW_S3_ENDPOINT_URL": self.s3_url}

    def run(self) -> str:
        """A new run of the experiment."""
        return new_run(self.mlflow, self.experiment)

    def clear(self) -> None:
        """Nothing is left of what was uploaded: there is not room for two."""
        for path in [*self.s3.path.glob("bench/*"), *Path(self.mlflow.artifacts).glob("*")]:
            shutil.rmtree(path)

    def job(self, model: Path, minute: int) -> Path:
        """The handoff of a new training of that model."""
        return handoff(self.folder / "job", self.run(), minute, model=f"bench-{self.experiment}",
                       saved_model=str(model))

    def package(self, model: Path, minute: int) -> Path:
        """The package of a new training of that model, beside its handoff."""
        job = self.job(model, minute)
        packed = subprocess.run([HOOK, "pack", "-o", job.parent, job], stdout=subprocess.PIPE, text=True, check=True)
        return Path(packed.stdout.strip())


def curl(site: Site, model: Path, url: str, at_once: int, *options: str) -> Command:
    """Every file by one PUT, so many at once, nothing hashed: what the wire and the server can do."""
    config = site.folder / "curl.config"
    files = [path for path in sorted(model.rglob("*")) if path.is_file()]
    config.write_text("".join(f'upload-file = "{path}"\nurl = "{url}/{path.relative_to(model)}"\noutput = "/dev/null"\n'
                              for path in files))
    return ["curl", "-sS", "--fail", "-Z", "--parallel-max", str(at_once), *options, "-K", config]


def s3_curl(site: Site, model: Path, at_once: int, *options: str) -> Command:
    """curl with signatures."""
    return curl(site, model, f"{site.s3_url}/bench/curl", at_once, "--aws-sigv4", f"aws:amz:{site.s3.region}:s3",
                "--user", f"{site.s3.user}:{site.s3.secret}", "--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD",
                *options)


def s5cmd(site: Site, model: Path) -> Command:
    """Its own default: up to 256 at once."""
    return [environment.venv("bench") / "bin/s5cmd", "--endpoint-url", site.s3_url, "cp", f"{model}/",
            "s3://bench/s5cmd/"]


def aws_cli(site: Site, model: Path) -> Command:
    """Its own default: 10 at once."""
    return [environment.venv("bench") / "bin/aws", "s3", "cp", "--recursive", "--only-show-errors", "--endpoint-url",
            site.s3_url, model, "s3://bench/aws/"]


def rclone(site: Site, model: Path) -> Command:
    """Its own default: 4 at once."""
    return [environment.venv("bench") / "bin/rclone", "copy", "--s3-provider", "Other", "--s3-env-auth",
            "--s3-endpoint", site.s3_url, "--config", "/dev/null", model, ":s3:bench/rclone"]


def mlflow_client(site: Site, model: Path) -> Command:
    """MLflow's own client, with the artifact store of a new run."""
    return [environment.python("bench"), "-c", LOG_ARTIFACTS, site.run(), model]
