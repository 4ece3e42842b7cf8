"""Registries that name files of this machine, and places that their paths lead out of."""

from __future__ import annotations

from pathlib import Path

import pytest
from attacking import Attacked
from conftest import Attack, FakeMlflow, HandoffMaker
from witness import Witness

DONE, REFUSED, CONFIGURATION = 0, 69, 78
RUN = "0123456789abcdef0123456789abcdef"
FAR = "http://mlflow.example"


@pytest.fixture
def mount(tmp_path: Path) -> Path:
    """A directory that the server may name."""
    (tmp_path / "mount").mkdir()
    return tmp_path / "mount"


class Trainer:
    """A training whose run keeps its artifacts where the registry says."""

    def __init__(self, attack: Attack, fake: FakeMlflow, make_handoff: HandoffMaker) -> None:
        self.attack = attack
        self.fake = fake
        self.make_handoff = make_handoff

    def run(self, uri: str, roots: str = "", **env: str) -> Attacked:
        """The hook, with artifacts at that URI."""
        handoff = self.make_handoff(self.fake.add_run(artifact_uri=uri))
        return self.attack("run", handoff, env={"MLFLOW_TRACKING_URI": self.fake.url, **({
            "MODELHOOK_FILE_ROOTS": roots} if roots else {}), **env})


@pytest.fixture
def trainer(attack: Attack, fake: FakeMlflow, make_handoff: HandoffMaker) -> Trainer:
    """One with a fake MLflow on this machine."""
    return Trainer(attack, fake, make_handoff)


def files(folder: Path) -> list[str]:
    """What is in a folder, jobs and their spools left out."""
    return sorted(path.name for path in folder.iterdir() if path.name not in ("job", "home"))


@pytest.mark.parametrize("scheme", ["file://", ""])
def test_a_server_of_this_machine_names_the_folders_of_runs(trainer: Trainer, mount: Path, scheme: str) -> None:
    assert trainer.run(f"{scheme}{mount}/0/{RUN}/artifacts").status == DONE
    assert (mount / "0" / RUN / "artifacts/model/MLmodel").exists()


@pytest.mark.parametrize("place", ["", "/0", f"/{RUN}", f"/0/{RUN}/artifacts-of-mine", f"/0/{RUN[1:]}/artifacts"])
def test_it_names_no_others(trainer: Trainer, mount: Path, place: str) -> None:
    ended = trainer.run(f"file://{mount}{place}")
    assert (ended.status, files(mount)) == (CONFIGURATION, [])
    assert f"artifacts at {mount}{place}: not a directory of a run" in ended.stderr
    assert "hint: set MODELHOOK_FILE_ROOTS" in ended.stderr


@pytest.mark.parametrize("place", [f"/0/{RUN}/artifacts", f"/var/../0/{RUN}/artifacts"])
def test_a_server_elsewhere_names_none_until_the_user_has_named_it(
    trainer: Trainer, mount: Path, place: str
) -> None:
    # the fake is its own proxy: all that goes to the other machine comes to it
    far = {"MLFLOW_TRACKING_URI": FAR, "http_proxy": trainer.fake.url, "no_proxy": ""}
    ended = trainer.run(f"file://{mount}{place}", **far)
    assert (ended.status, files(mount)) == (REFUSED if ".." in place else CONFIGURATION, [])
    ended = trainer.run(f"file://{mount}{place}", f"/nowhere:{mount}/", **far)
    assert (ended.status, files(mount)) == ((REFUSED, []) if ".." in place else (DONE, ["0"]))


def test_below_what_the_user_names_any_folder_will_do(trainer: Trainer, mount: Path) -> None:
    assert trainer.run(f"file://{mount}/fish", str(mount)).status == DONE
    assert (mount / "fish/model/MLmodel").exists()


@pytest.mark.parametrize("place", ["mount-of-others", "elsewhere", "moun"])
def test_beside_it_none_will(trainer: Trainer, mount: Path, place: str) -> None:
    ended = trainer.run(f"file://{mount.parent}/{place}/0/{RUN}/artifacts", str(mount))
    assert (ended.status, files(mount.parent)) == (CONFIGURATION, ["mount"])
    assert "not below a directory that MODELHOOK_FILE_ROOTS names" in ended.stderr


def test_a_root_that_is_relative_is_a_wrong_setting(trainer: Trainer, mount: Path) -> None:
    ended = trainer.run(f"file://{mount}/0/{RUN}/artifacts", "mount")
    assert (ended.status, files(mount)) == (CONFIGURATION, [])
    assert "mount is no absolute path" in ended.stderr


UP = ["..", "%2e%2e", "%2E.", ".%2e", "..%2f..", "%2e%2e%2F", ".", "%2e"]


@pytest.mark.parametrize("up", UP)
@pytest.mark.parametrize("own", [True, False], ids=["named by the user", "by default"])
def test_no_path_leads_up(trainer: Trainer, mount: Path, up: str, own: bool) -> None:
    ended = trainer.run(f"file://{mount}/{up}/{RUN}/artifacts", str(mount) if own else "")
    assert (ended.status, files(mount.parent), files(mount)) == (REFUSED, ["mount"], [])


@pytest.mark.parametrize("link", ["0", f"0/{RUN}", f"0/{RUN}/artifacts", f"0/{RUN}/artifacts/model"])
@pytest.mark.parametrize("own", [True, False], ids=["named by the user", "by default"])
def test_no_link_leads_out(trainer: Trainer, mount: Path, link: str, own: bool) -> None:
    outside = mount.parent / "outside"
    outside.mkdir()
    (mount / link).parent.mkdir(parents=True, exist_ok=True)
    (mount / link).symlink_to(outside)
    ended = trainer.run(f"file://{mount}/0/{RUN}/artifacts", str(mount) if own else "")
    assert (ended.status, files(outside)) == (REFUSED, [])
    assert "a link leads out of the store" in ended.stderr


def test_a_root_that_is_a_link_itself_is_what_the_user_meant(trainer: Trainer, mount: Path) -> None:
    (mount.parent / "link").symlink_to(mount)
    ended = trainer.run(f"file://{mount.parent}/link/0/{RUN}/artifacts", f"{mount.parent}/link")
    assert (ended.status, files(mount)) == (DONE, ["0"])


@pytest.mark.parametrize("uri", ["s3://bucket/{}/x", "hdfs://cluster/{}/x", "webhdfs://127.0.0.1:9/a/{}", "gs://b/{}",
                                 "wasbs://c@a.blob.core.windows.net/{}/x", "mlflow-artifacts:/{}/x"])
@pytest.mark.parametrize("up", ["..", "%2e%2E", "."])
def test_a_path_that_leads_up_is_refused_by_every_store(trainer: Trainer, uri: str, up: str) -> None:
    with Witness() as store:
        ended = trainer.run(uri.format(up), MLFLOW_S3_ENDPOINT_URL=store.url, MODELHOOK_WEBHDFS_URL=store.url,
                            AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret")
    assert (ended.status, store.seen) == (REFUSED, [])
    assert f'the path has a part "{up}"' in ended.stderr


@pytest.mark.parametrize("place", ["", "/../secret"])
def test_a_version_cannot_have_a_file_of_this_machine_read(
    trainer: Trainer, attack: Attack, tmp_path: Path, place: str
) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/MLmodel").write_text("root:$6$")
    fake = trainer.fake
    fake.add_version("fish", "Production", source=f"file://{tmp_path}/secret{place}")
    ended = attack("status", "fish", "--files", env={"MLFLOW_TRACKING_URI": fake.url})
    assert "gone" not in ended.stdout + ended.stderr
    assert ("the path has a part" if place else "not a directory of a run") in ended.stdout + ended.stderr
