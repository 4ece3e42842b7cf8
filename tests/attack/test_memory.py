"""What another process of the same user can get out of modelhook while it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import FakeMlflow, Hook
from promoting import wait_for

SOMEBODY = 54321
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user, which takes root")


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user can read."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def reads(path: str) -> bool:
    """Whether that user can read a file of /proc."""
    return subprocess.run(["head", "-c", "1", path], user=SOMEBODY, capture_output=True, check=False).returncode == 0


def test_a_process_of_the_same_user_reads_neither_its_memory_nor_its_variables(
    hook: Hook, fake: FakeMlflow, public: Path
) -> None:
    hook.binary = Path(shutil.copy(hook.binary, public / "modelhook"))
    fake.fail("registered-models/search", delay=30)
    env = {"MLFLOW_TRACKING_URI": fake.url, "MLFLOW_TRACKING_TOKEN": "token-of-mine"}
    with subprocess.Popen(["sleep", "30"], user=SOMEBODY) as other:
        assert reads(f"/proc/{other.pid}/environ"), "without it nothing would keep them away"
        other.kill()
    with hook.start("status", env=env, user=SOMEBODY, cwd=public) as process:
        wait_for(lambda: fake.requests != [])
        assert [name for name in ("environ", "maps", "mem") if reads(f"/proc/{process.pid}/{name}")] == []
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 143
