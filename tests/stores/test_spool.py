"""Unfinished packages on a folder, S3, Google's storage and HDFS: they wait there, and are finished from there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import Ended
from google_stores import FakeGcs, ask
from hadoop import Hadoop
from object_stores import Versitygw
from promoting import MODEL, Site, complaints

LATER, HELD, UNACCEPTABLE, MISSING = 75, 99, 65, 66
NOBODY = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}


@dataclass
class Place:
    """A spool somewhere, looked at by other means than modelhook's."""

    url: str
    env: dict[str, str]
    names: Callable[[], list[str]]  # every file in it, temporary ones too
    write: Callable[[str, bytes], object]

    def packages(self) -> list[str]:
        """The packages that wait."""
        return [name for name in self.names() if name.endswith(".tar.gz") and "/" not in name]


def folder_place(folder: Path, url: str) -> Place:
    """A folder of this machine."""
    folder.mkdir()
    return Place(url, {}, lambda: sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()),
                 lambda name, content: (folder / name).write_bytes(content))


def s3_place(server: Versitygw, name: str) -> Place:
    """A prefix in a bucket of S3; uploads in parts that were not completed are told as files."""
    boto, key = server.boto(), {"Bucket": "spools", "Prefix": f"{name}/"}
    if "spools" not in [bucket["Name"] for bucket in boto.list_buckets()["Buckets"]]:
        server.make_bucket("spools")

    def names() -> list[str]:
        keys = [item["Key"] for item in boto.list_objects_v2(**key).get("Contents", [])]
        keys += [item["Key"] + " (parts)" for item in boto.list_multipart_uploads(**key).get("Uploads", [])]
        return sorted(key.removeprefix(f"{name}/") for key in keys)

    return Place(f"s3://spools/{name}", server.client_env(), names,
                 lambda file, content: boto.put_object(Bucket="spools", Key=f"{name}/{file}", Body=content))


def hdfs_place(cluster: Hadoop, name: str) -> Place:
    """A folder in HDFS."""
    env = {"HADOOP_CONF_DIR": str(cluster.conf), "HADOOP_USER_NAME": cluster.user}
    return Place(f"hdfs:///spools/{name}", env, lambda: sorted(cluster.files(f"/spools/{name}")),
                 lambda file, content: cluster.put(f"/spools/{name}/{file}", content))


def gs_place(server: FakeGcs, name: str) -> Place:
    """A prefix in a bucket of Google's."""
    return Place(f"gs://spools/{name}", server.client_env(),
                 lambda: sorted(file.removeprefix(f"{name}/") for file in server.objects("spools", f"{name}/")),
                 lambda file, content: server.write("spools", f"{name}/{file}", content))


@pytest.fixture(scope="session")
def gcs_spools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeGcs]:
    """A server of Google's storage API with a bucket for spools."""
    with FakeGcs(tmp_path_factory.mktemp("gcs-spools")) as server:
        server.make_bucket("spools")
        yield server


@pytest.fixture(params=["folder", "file", "s3", "gs", "hdfs"])
def place(request: pytest.FixtureRequest, tmp_path: Path, site: Site) -> Place:
    """An empty spool, and a site that reaches it."""
    folder = tmp_path / "the spool"
    made = {
        "folder": lambda: folder_place(folder, str(folder)),
        "file": lambda: folder_place(folder, "file://" + str(folder).replace(" ", "%20")),
        "s3": lambda: s3_place(request.getfixturevalue("versitygw"), tmp_path.name),
        "gs": lambda: gs_place(request.getfixturevalue("gcs_spools"), tmp_path.name),
        "hdfs": lambda: hdfs_place(request.getfixturevalue("hdfs"), tmp_path.name),
    }[request.param]()
    site.hook.env |= made.env
    return made


def leave(site: Site, place: Place, hour: int) -> tuple[Path, str]:
    """A training of that hour whose promotion found no server: its handoff and its package in the spool."""
    before = set(place.packages())
    handoff = site.train(hour)
    assert site.run(handoff, "--spool", place.url, env=NOBODY).status == LATER
    (package,) = set(place.packages()) - before
    return handoff, package


def replay(site: Site, place: Place, *flags: str) -> Ended:
    """Finish everything that waits."""
    return site.hook("replay", "--spool", place.url, "--all", *flags)


def test_a_failed_promotion_waits_there_and_a_finished_one_leaves_nothing(site: Site, place: Place) -> None:
    handoff = site.train()
    site.fake.fail("transition-stage", status=500, times=None)
    failed = site.run(handoff, "--spool", place.url, env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"})
    assert failed.status == LATER
    (package,) = place.packages()
    assert place.names() == [package, f"{package}.result.json"]
    assert failed.result["package"] == f"{place.url}/{package}"
    assert site.spooled(handoff) == []
    told = site.hook("outcome", f"{place.url}/{package}.result.json")
    assert (told.status, told.result["outcome"], told.result["run_id"]) == (LATER, "later", failed.result["run_id"])
    site.forget()
    result = f"{place.url}-results/last.json"
    if "://" not in result:
        Path(result).parent.mkdir()
    ended = replay(site, place, "--result", result)
    assert (ended.status, ended.result["packages"][0]["outcome"]) == (0, "promoted")
    assert not [call for call in site.sent if call.startswith("PUT") or call.endswith("create")]
    assert place.names() == []
    assert complaints(site, handoff) == []
    assert site.hook("outcome", result).result == ended.result
    assert replay(site, place).status == MISSING


def test_all_are_finished_in_the_order_of_training(site: Site, place: Place) -> None:
    packages = {hour: leave(site, place, hour)[1] for hour in (14, 10, 12)}
    assert len(place.names()) == 6
    ended = replay(site, place)
    assert ended.status == 0
    assert [(Path(item["package"]).name, item["outcome"]) for item in ended.result["packages"]] == [
        (packages[hour], "promoted") for hour in (10, 12, 14)]
    assert (site.production, place.names()) == ([3], [])


def test_what_a_newer_training_has_overtaken_is_put_aside(site: Site, place: Place) -> None:
    packages = {hour: leave(site, place, hour)[1] for hour in (14, 10)}
    site.promote(12)
    ended = replay(site, place)
    assert ended.status == 0
    assert [item["outcome"] for item in ended.result["packages"]] == ["superseded", "promoted"]
    assert site.production == [3]
    aside = f"superseded/{packages[10]}"
    assert place.names() == [aside, f"{aside}.result.json"]
    told = site.hook("outcome", f"{place.url}/{aside}.result.json")
    assert (told.status, told.result["outcome"]) == (HELD, "superseded")


def test_a_package_that_cannot_be_read_does_not_stop_the_others(site: Site, place: Place) -> None:
    handoff, _ = leave(site, place, 12)
    place.write("broken.tar.gz", b"no package")
    place.write("other.txt", b"none of ours")
    ended = replay(site, place)
    assert ended.status == UNACCEPTABLE
    assert sorted(item["outcome"] for item in ended.result["packages"]) == ["promoted", "unacceptable"]
    assert complaints(site, handoff) == []
    assert place.names() == ["broken.tar.gz", "broken.tar.gz.result.json", "other.txt"]


def test_a_result_that_is_lost_costs_no_order(site: Site, place: Place) -> None:
    packages = {hour: leave(site, place, hour)[1] for hour in (14, 12)}
    place.write(f"{packages[12]}.result.json", b"{")
    assert [Path(item["package"]).name for item in replay(site, place).result["packages"]] == [
        packages[12], packages[14]]
    assert (site.production, place.names()) == ([2], [])


def killed_after(process: object, seconds: float) -> None:
    """It ran so long and no longer."""
    time.sleep(seconds)
    process.kill()
    process.communicate()


def test_killed_at_any_moment_the_same_end_is_reached(site: Site, place: Place) -> None:
    """The moments are spread over what a whole call takes; whatever was just being done, it comes to one end."""
    started = time.monotonic()
    site.promote(1, "--spool", place.url)
    whole = time.monotonic() - started
    handoff = site.train(12)
    for part in range(1, 7):
        killed_after(site.hook.start("run", handoff, "--spool", place.url), whole * part / 6)
    for part in range(1, 7):
        killed_after(site.hook.start("replay", "--spool", place.url, "--all"), whole * part / 6)
    assert site.run(handoff, "--spool", place.url).status == 0
    assert (site.production, len(site.fake.versions(MODEL)), place.names()) == ([2], 2, [])


def test_two_replays_at_once_finish_everything_once(site: Site, place: Place) -> None:
    hours = (10, 12, 14)
    for hour in hours:
        leave(site, place, hour)
    calls = [site.hook.start("replay", "--spool", place.url, "--all") for _ in range(2)]
    said = [call.communicate(timeout=120) for call in calls]
    statuses = sorted(call.returncode for call in calls)
    assert statuses[0] == 0, said
    assert statuses[1] in (0, HELD, MISSING), said
    once = [version for version in site.fake.versions(MODEL) if "modelhook.duplicate_of" not in version["tags"]]
    assert len(once) == len(hours)
    assert site.version(site.production[0])["tags"]["modelhook.trained_at"] == "2026-11-22T14:00:00Z"
    assert [name for name in place.names() if not name.startswith("superseded/")] == []


def test_one_package_is_finished_by_its_url(site: Site, place: Place) -> None:
    packages = {hour: leave(site, place, hour)[1] for hour in (10, 12)}
    ended = site.hook("replay", f"{place.url}/{packages[12]}")
    assert (ended.status, json.loads(ended.stdout.splitlines()[-1])["outcome"]) == (0, "promoted")
    assert packages[10] in place.names()


def mark_as_gzip(place: Place, request: pytest.FixtureRequest, package: str) -> None:
    """Say of the package what clients that go by its name say: Content-Encoding is gzip."""
    bucket, _, key = f"{place.url}/{package}".partition("://")[2].partition("/")
    if place.url.startswith("s3:"):
        boto = request.getfixturevalue("versitygw").boto()
        content = boto.get_object(Bucket=bucket, Key=key)["Body"].read()
        boto.put_object(Bucket=bucket, Key=key, Body=content, ContentEncoding="gzip")
        assert boto.head_object(Bucket=bucket, Key=key)["ContentEncoding"] == "gzip"
    else:
        server = request.getfixturevalue("gcs_spools")
        ask("PATCH", f"{server.url}/storage/v1/b/{bucket}/o/{quote(key, safe='')}", {"contentEncoding": "gzip"})
        assert server.objects(bucket, key)[key]["contentEncoding"] == "gzip"


@pytest.mark.parametrize("place", ["s3", "gs"], indirect=True)
def test_a_package_that_is_stored_as_gzip_is_read_as_it_is_stored(
    site: Site, place: Place, request: pytest.FixtureRequest
) -> None:
    handoff, package = leave(site, place, 12)
    mark_as_gzip(place, request, package)
    ended = replay(site, place)
    assert ended.status == 0
    assert complaints(site, handoff) == []
    assert place.packages() == []
    warned = "Content-Encoding is gzip, though none was asked for" in ended.stderr
    assert warned == place.url.startswith("s3:")
