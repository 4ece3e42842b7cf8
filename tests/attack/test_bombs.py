"""Answers that are too large, too deep or without end: each ends with its status, in 32 MiB."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from bombs import Answer, Bombs, numbered, repeat
from conftest import Attack, FakeMlflow, HandoffMaker

PEAK = 32  # MiB
GIB = 1 << 30
API = "/api/2.0/mlflow/"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@pytest.fixture
def bombs() -> Iterator[Bombs]:
    """A server that has no answer yet."""
    with Bombs() as server:
        yield server


# Bodies of JSON, whatever is asked for. None fits into memory as a tree.
BODIES: dict[str, Callable[[], Iterable[bytes]]] = {
    "endless text": lambda: repeat(b'{"a":"', b"x", 100 * GIB),
    "endless space": lambda: repeat(b"{", b" ", 100 * GIB),
    "2 GiB of numbers": lambda: repeat(b'{"a":[', b"0,", 2 * GIB, b"0]}"),
    "4 MiB of numbers": lambda: repeat(b'{"a":[', b"0,", 4 << 20, b"0]}"),
    "4 MiB of objects": lambda: repeat(b'{"a":[', b"{},", 4 << 20, b"{}]}"),
    "4 MiB of depth": lambda: repeat(b'{"a":', b"[", 4 << 20),
    "4 MiB of keys": lambda: numbered(b"{", '"{n}":0', 400_000, b"}"),
    "4 MiB of one string": lambda: repeat(b'{"a":"', b"\\u0041", 4 << 20, b'"}'),
}
BODY = pytest.mark.parametrize("body", BODIES)


def json_answer(body: str) -> Answer:
    """The body of that name to every question."""
    return lambda query: BODIES[body]()


@BODY
@pytest.mark.parametrize("path", ["registered-models/search", "model-versions/search"])
def test_registry(attack: Attack, bombs: Bombs, path: str, body: str) -> None:
    bombs.say("/version", "3.17.2")
    bombs.say(API + "registered-models/search", {"registered_models": [{"name": "fish"}]})
    bombs.say(API + "registered-models/get", {"registered_model": {"name": "fish"}})
    bombs.answer(API + path, json_answer(body))
    ended = attack("status", "--deadline", "20s", env={"MLFLOW_TRACKING_URI": bombs.url})
    assert ended.status in (0, 76), ended.stderr  # a member that nobody asked for may be passed over
    assert ended.status == 76 or body == "4 MiB of one string"
    assert ended.peak <= PEAK


@BODY
def test_run(attack: Attack, bombs: Bombs, make_handoff: HandoffMaker, body: str) -> None:
    bombs.answer(API + "runs/get", json_answer(body))
    ended = attack("run", make_handoff(32 * "a"), "--deadline", "20s", env={"MLFLOW_TRACKING_URI": bombs.url})
    assert ended.status == 76, ended.stderr
    assert ended.peak <= PEAK


def test_run_of_many_metrics(attack: Attack, bombs: Bombs, make_handoff: HandoffMaker) -> None:
    metrics = '"run":{"info":{"run_id":"a","artifact_uri":"mlflow-artifacts:/0"},"data":{"metrics":['
    bombs.answer(API + "runs/get", lambda query: numbered(
        b"{" + metrics.encode(), '{"key":"{n}","value":1}', 1_000_000, b"]}}}"))
    ended = attack("run", make_handoff(32 * "a"), "--deadline", "20s", env={"MLFLOW_TRACKING_URI": bombs.url})
    assert ended.status == 76, ended.stderr
    assert ended.peak <= PEAK


@pytest.mark.parametrize("page", [1000, 100_000])
def test_versions_without_end(attack: Attack, bombs: Bombs, page: int) -> None:
    """Each page has other versions and another token."""
    def versions(query: dict[str, str]) -> Iterable[bytes]:
        start = int(query.get("page_token") or 1)
        items = ",".join(f'{{"name":"fish","version":"{start + n}"}}' for n in range(page))
        return f'{{"model_versions":[{items}],"next_page_token":"{start + page}"}}'.encode()

    bombs.say(API + "registered-models/get", {"registered_model": {"name": "fish"}})
    bombs.answer(API + "model-versions/search", versions)
    ended = attack("status", "fish", "--deadline", "60s", env={"MLFLOW_TRACKING_URI": bombs.url})
    assert ended.status == 76, ended.stderr
    assert "the list of versions takes more than 16 MiB" in ended.stderr
    assert ended.peak <= PEAK


# Lists of stores. Each is asked for by `replay --spool`.

Spool = tuple[str, str, dict[str, str]]  # path that is listed, URL of the spool, environment


def gs(server: Bombs) -> Spool:
    """A bucket of Google's."""
    return "/storage/v1/b/b/o", "gs://b/p", {"STORAGE_EMULATOR_HOST": server.url}


def s3(server: Bombs) -> Spool:
    """A bucket of S3."""
    return "/b", "s3://b/p", {"MLFLOW_S3_ENDPOINT_URL": server.url, "AWS_ACCESS_KEY_ID": "a",
                              "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"}


def azure(server: Bombs) -> Spool:
    """A container of Azure's."""
    connection = f"AccountName=a;AccountKey={KEY};BlobEndpoint={server.url}/a"
    return "/a/c", "wasbs://c@a.blob.core.windows.net/p", {"AZURE_STORAGE_CONNECTION_STRING": connection}


def hdfs(server: Bombs) -> Spool:
    """A folder of HDFS."""
    return "/webhdfs/v1/", "hdfs://n/p", {"MODELHOOK_WEBHDFS_URL": server.url, "HADOOP_USER_NAME": "u"}


def replay(attack: Attack, spool: Spool, server: Bombs, deadline: str = "60s") -> object:
    """Replay what is there, which is nothing but bombs."""
    env = {"MLFLOW_TRACKING_URI": server.url, **spool[2]}
    return attack("replay", "--all", "--spool", spool[1], "--deadline", deadline, env=env)


@BODY
@pytest.mark.parametrize("store", [gs, hdfs])
def test_store_list_of_json(attack: Attack, bombs: Bombs, store: Callable[[Bombs], Spool], body: str) -> None:
    spool = store(bombs)
    bombs.answer(spool[0], json_answer(body))
    ended = replay(attack, spool, bombs, "20s")
    assert ended.status == 76, ended.stderr
    assert ended.peak <= PEAK


@pytest.mark.parametrize("body", ["endless text", "endless elements", "2 GiB of keys", "depth"])
@pytest.mark.parametrize("store", [s3, azure])
def test_store_list_of_xml(attack: Attack, bombs: Bombs, store: Callable[[Bombs], Spool], body: str) -> None:
    spool = store(bombs)
    root = b"<ListBucketResult>" if store is s3 else b"<EnumerationResults><Blobs>"
    item = b"<Contents><Key>p/x</Key></Contents>" if store is s3 else b"<Blob><Name>p/x</Name></Blob>"
    bodies = {"endless text": repeat(root + b"<Key>", b"x", 100 * GIB), "2 GiB of keys": repeat(root, item, 2 * GIB),
              "endless elements": repeat(root, b"<a/>", 100 * GIB), "depth": repeat(root, b"<a>", GIB)}
    bombs.answer(spool[0], lambda query: bodies[body], kind="application/xml")
    ended = replay(attack, spool, bombs, "20s")
    assert ended.status == 76, ended.stderr
    assert ended.peak <= PEAK


def pages(store: Callable[[Bombs], Spool], next_token: Callable[[int], str], count: int) -> Answer:
    """Pages with `count` names each that were on no other, and the token after the one that is asked for."""
    tokens = {"": 0}

    def page(query: dict[str, str]) -> bytes:
        at = tokens.get(query.get("pageToken") or query.get("continuation-token") or query.get("marker") or "", 0)
        token = next_token(at)
        tokens.setdefault(token, at + 1)
        names = [f"p/{at:07}-{n:04}" for n in range(count)]
        if store is gs:
            return json.dumps({"items": [{"name": name, "size": "1"} for name in names],
                               "nextPageToken": token}).encode()
        if store is s3:
            keys = "".join(f"<Contents><Key>{name}</Key><Size>1</Size></Contents>" for name in names)
            return (f"<ListBucketResult>{keys}<IsTruncated>{'true' if token else 'false'}</IsTruncated>"
                    f"<NextContinuationToken>{token}</NextContinuationToken></ListBucketResult>").encode()
        blobs = "".join(f"<Blob><Name>{name}</Name></Blob>" for name in names)
        return (f"<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker>{token}</NextMarker>"
                "</EnumerationResults>").encode()

    return page


@pytest.mark.parametrize("circle", [1, 2, 7])
@pytest.mark.parametrize("store", [gs, s3, azure])
def test_pages_in_a_circle(attack: Attack, bombs: Bombs, store: Callable[[Bombs], Spool], circle: int) -> None:
    spool = store(bombs)
    bombs.answer(spool[0], pages(store, lambda at: f"t{at % circle}", 10))
    ended = replay(attack, spool, bombs)
    assert ended.status == 76, ended.stderr
    assert "the pages of the list do not end: one came again" in ended.stderr
    assert len(bombs.requests) < 4 * circle + 10
    assert ended.peak <= PEAK


@pytest.mark.parametrize("store", [gs, s3, azure])
def test_pages_without_end_stop_at_the_deadline(
    attack: Attack, bombs: Bombs, store: Callable[[Bombs], Spool]
) -> None:
    spool = store(bombs)
    bombs.answer(spool[0], pages(store, lambda at: f"t{at}", 100))
    ended = replay(attack, spool, bombs, "5s")
    assert ended.status == 75, ended.stderr
    assert ended.peak <= PEAK


@pytest.mark.parametrize(("names", "bound"), [(1, "10000 came"), (0, "100 in a row hold nothing new")])
def test_pages_without_end_stop_at_a_bound(attack: Attack, bombs: Bombs, names: int, bound: str) -> None:
    spool = gs(bombs)
    bombs.answer(spool[0], pages(gs, lambda at: f"t{at}", names))
    ended = replay(attack, spool, bombs, "10m")
    assert ended.status == 76, ended.stderr
    assert f"the pages of the list do not end: {bound}" in ended.stderr
    assert len(bombs.requests) <= 10_001
    assert ended.peak <= PEAK


# Lists that are large and right.


@pytest.mark.parametrize("store", [gs, s3, azure])
def test_a_list_of_300_000_names_is_read(attack: Attack, bombs: Bombs, store: Callable[[Bombs], Spool]) -> None:
    spool = store(bombs)
    bombs.answer(spool[0], pages(store, lambda at: f"t{at}" if at < 300 else "", 1000))
    ended = replay(attack, spool, bombs, "5m")
    assert ended.status == 66, ended.stderr
    assert "is empty: nothing waits" in ended.stderr
    assert len(bombs.requests) >= 300
    assert ended.peak <= PEAK


def test_a_folder_of_300_000_files_in_hdfs_is_read(attack: Attack, bombs: Bombs) -> None:
    spool = hdfs(bombs)
    entry = '{"accessTime":1,"group":"g","length":10,"owner":"u","pathSuffix":"part-{n}.bin","type":"FILE"}'
    bombs.answer(spool[0], lambda query: numbered(b'{"FileStatuses":{"FileStatus":[', entry, 300_000, b"]}}"))
    ended = replay(attack, spool, bombs, "5m")
    assert ended.status == 66, ended.stderr
    assert "is empty: nothing waits" in ended.stderr
    assert ended.peak <= PEAK


def test_the_list_of_a_run_with_300_000_artifacts_is_read(
    attack: Attack, bombs: Bombs, fake: FakeMlflow, make_handoff: HandoffMaker
) -> None:
    spool = gs(bombs)
    run = fake.registry.add_run(artifact_uri="gs://b/run")
    bombs.answer(spool[0], pages(gs, lambda at: f"t{at}" if at < 300 else "", 1000))
    ended = attack("run", make_handoff(run), "--deadline", "5m",
                   env={"MLFLOW_TRACKING_URI": fake.url, **spool[2]})
    assert sum("pageToken" in request for request in bombs.requests) >= 300
    assert "artifacts in" not in ended.stderr
    assert ended.peak <= PEAK


def test_folders_within_themselves_stop_at_a_bound(attack: Attack, bombs: Bombs) -> None:
    spool = hdfs(bombs)
    bombs.answer(spool[0], lambda query: b'{"FileStatuses":{"FileStatus":[' + b",".join(
        b'{"pathSuffix":"%d","type":"DIRECTORY","length":0}' % n for n in range(1000)) + b"]}}")
    ended = replay(attack, spool, bombs, "2m")
    assert ended.status == 76, ended.stderr
    assert "more than 20000 folders" in ended.stderr
    assert ended.peak <= PEAK


# Whoever gives out credentials.


@BODY
def test_instance_metadata(attack: Attack, bombs: Bombs, body: str) -> None:
    spool = s3(bombs)
    bombs.answer("/latest/", json_answer(body))
    env = {"MLFLOW_S3_ENDPOINT_URL": bombs.url, "AWS_EC2_METADATA_SERVICE_ENDPOINT": bombs.url,
           "MLFLOW_TRACKING_URI": bombs.url}
    ended = attack("replay", "--all", "--spool", spool[1], "--deadline", "30s", env=env)
    assert ended.status in (75, 77), ended.stderr
    assert ended.peak <= PEAK


@pytest.mark.parametrize("body", ["endless text", "endless elements", "depth"])
def test_web_identity(attack: Attack, bombs: Bombs, tmp_path: Path, body: str) -> None:
    spool = s3(bombs)
    bodies = {"endless text": repeat(b"<a>", b"x", 100 * GIB), "endless elements": repeat(b"<a>", b"<b/>", 100 * GIB),
              "depth": repeat(b"<a>", b"<a>", GIB)}
    bombs.answer("/sts", lambda query: bodies[body], kind="text/xml")
    (tmp_path / "token").write_text("t")
    env = {"MLFLOW_S3_ENDPOINT_URL": bombs.url, "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
           "AWS_ROLE_ARN": "arn:aws:iam::1:role/r", "AWS_ENDPOINT_URL_STS": f"{bombs.url}/sts",
           "AWS_EC2_METADATA_DISABLED": "true", "MLFLOW_TRACKING_URI": bombs.url}
    ended = attack("replay", "--all", "--spool", spool[1], "--deadline", "30s", env=env)
    assert ended.status in (75, 76, 77), ended.stderr
    assert ended.peak <= PEAK
