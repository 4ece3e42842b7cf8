"""Runs whose artifacts are in Azure Blob Storage: what arrives, what a death leaves, who is let in."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import environment
import pytest
import trustme
from azure_stores import ACCOUNT, Azurite, Entra
from conftest import Hook
from fault_proxy import Fault, FaultProxy, Request
from large_model import digest, files_below, large_model
from servers import MLflow
from training import Team, run_of

READ = """
import hashlib, json, os, sys
from azure.storage.blob import ContainerClient
container = ContainerClient.from_connection_string(os.environ["AZURE_STORAGE_CONNECTION_STRING"], sys.argv[1])
print(json.dumps({blob.name: hashlib.sha256(container.download_blob(blob.name, validate_content=True).readall())
                  .hexdigest() for blob in container.list_blobs(name_starts_with=sys.argv[2])}))
"""

SAS = """
import datetime, sys
from azure.storage.blob import ContainerSasPermissions, generate_container_sas
until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
print(generate_container_sas(sys.argv[1], sys.argv[2], account_key=sys.argv[3], expiry=until,
                             permission=ContainerSasPermissions.from_string(sys.argv[4])))
"""


@pytest.fixture(scope="session")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """The emulator with a container."""
    with Azurite(tmp_path_factory.mktemp("azurite")) as server:
        server.make_container("models")
        yield server


@pytest.fixture(scope="session")
def mlflow_azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """A real MLflow whose runs keep their artifacts in a container that it cannot reach itself."""
    with MLflow(tmp_path_factory.mktemp("mlflow-azure"), direct_artifacts=True,
                artifacts=f"wasbs://models@{ACCOUNT}.blob.core.windows.net/runs",
                env={"MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES": "abfss"}) as server:
        yield server


@pytest.fixture
def team(hook: Hook, mlflow_azure: MLflow, azure: Azurite, tmp_path: Path) -> Team:
    """A team that has the key of the account."""
    hook.env |= azure.client_env()
    return Team(hook, mlflow_azure, tmp_path)


@pytest.fixture
def proxied(team: Team, azure: Azurite) -> Iterator[FaultProxy]:
    """A proxy before the container."""
    with FaultProxy(azure.url, signed=True) as proxy:
        team.hook.env["AZURE_STORAGE_CONNECTION_STRING"] = azure.connection(proxy.url(""))
        yield proxy


def place_of(handoff: Path) -> str:
    """Where the files of a training's run are in the container."""
    return f"runs/0/{run_of(handoff)}/artifacts/"


def block_of(request: Request) -> int:
    """The number of the block that a request sends, -1 for another request."""
    query = parse_qs(request.query)
    return int(base64.b64decode(query["blockid"][0]).split(b"-")[0]) if query.get("comp") == ["block"] else -1


def read_with_azures_client(azure: Azurite, prefix: str) -> dict[str, str]:
    """What Azure's own client reads, whose checksums it compares: names and SHA-256."""
    read = subprocess.run([environment.python("azure"), "-c", READ, "models", prefix], stdout=subprocess.PIPE,
                          text=True, check=True, env={**os.environ, **azure.client_env()})
    return json.loads(read.stdout)


@pytest.mark.parametrize("place", ["wasbs://models@devstoreaccount1.blob.core.windows.net",
                                   "abfss://models@devstoreaccount1.dfs.core.windows.net"], ids=["wasbs", "abfss"])
def test_azures_client_reads_what_was_sent(team: Team, azure: Azurite, tmp_path: Path, place: str) -> None:
    experiment = team.registry.call("POST", "experiments/create", name=f"{tmp_path.name}-{place[:5]}",
                                    artifact_location=f"{place}/{tmp_path.name}")["experiment_id"]
    saved_model = large_model(tmp_path / "model")
    run = team.registry.add_run(experiment)
    assert team.run(team.train(saved_model=saved_model, run_id=run)).status == 0
    read = read_with_azures_client(azure, f"{tmp_path.name}/{run}/artifacts/model/")
    inside = f"{tmp_path.name}/{run}/artifacts/model/saved_model/"
    assert {name.removeprefix(inside): sha256 for name, sha256 in read.items() if name.startswith(inside)} == {
        name: digest(saved_model / name) for name in files_below(saved_model)}
    assert f"{tmp_path.name}/{run}/artifacts/model/MLmodel" in read


def test_what_is_there_already_is_not_sent_again(team: Team, proxied: FaultProxy, tmp_path: Path) -> None:
    handoff = team.train(saved_model=large_model(tmp_path / "model"))
    assert team.run(handoff).status == 0
    before = len(proxied.sent(""))
    assert team.run(handoff).status == 0
    assert not [sent for sent in proxied.sent("")[before:] if not sent.startswith(("GET ", "HEAD "))]


def test_one_failed_part_is_one_part_again(team: Team, proxied: FaultProxy, tmp_path: Path) -> None:
    handoff = team.train(saved_model=large_model(tmp_path / "model"))
    seen: Counter[int] = Counter()

    def fail_the_second(request: Request) -> Fault | None:
        block = block_of(request)
        seen[block] += 1
        return Fault("reset") if block == 1 and seen[block] == 1 else None

    proxied.on("", fail_the_second)
    assert team.run(handoff).status == 0
    assert {block: seen[block] for block in range(4)} == {0: 1, 1: 2, 2: 1, 3: 0}


def test_after_a_death_only_what_is_missing_is_sent(
        team: Team, proxied: FaultProxy, azure: Azurite, tmp_path: Path) -> None:
    saved_model = large_model(tmp_path / "model")
    handoff = team.train(saved_model=saved_model)
    seen: Counter[int] = Counter()
    started = []

    def kill_after_the_second(request: Request) -> Fault | None:
        block = block_of(request)
        seen[block] += 1
        return Fault(after=started[0].kill) if block == 1 else None

    proxied.on("", kill_after_the_second)
    with team.hook.start("run", handoff, "--parallel", "1") as process:
        started.append(process)
        process.communicate()
    assert process.returncode == -9
    proxied.settle()
    assert {block: seen[block] for block in range(3)} == {0: 1, 1: 1, 2: 0}

    def count(request: Request) -> None:
        seen[block_of(request)] += 1

    proxied.on("", count)
    assert team.run(handoff).status == 0
    assert {block: seen[block] for block in range(3)} == {0: 1, 1: 1, 2: 1}
    big = place_of(handoff) + "model/saved_model/assets.extra/big.bin"
    assert read_with_azures_client(azure, big) == {big: digest(saved_model / "assets.extra/big.bin")}


def test_a_lost_answer_to_the_list_of_blocks_loses_nothing(
        team: Team, proxied: FaultProxy, azure: Azurite, tmp_path: Path) -> None:
    saved_model = large_model(tmp_path / "model")
    handoff = team.train(saved_model=saved_model)
    lists = 0

    def lose_the_first(request: Request) -> Fault | None:
        nonlocal lists
        is_list = request.method == "PUT" and request.query == "comp=blocklist"
        lists += is_list
        return Fault("drop") if is_list and lists == 1 else None

    proxied.on("", lose_the_first)
    assert team.run(handoff).status == 0
    assert lists == 2
    big = place_of(handoff) + "model/saved_model/assets.extra/big.bin"
    assert read_with_azures_client(azure, big) == {big: digest(saved_model / "assets.extra/big.bin")}


def test_a_package_waits_in_the_container_and_is_replayed_from_there(
        team: Team, azure: Azurite, tmp_path: Path) -> None:
    place = f"wasbs://models@{ACCOUNT}.blob.core.windows.net"
    spool, result = f"{place}/spool-{tmp_path.name}", f"{place}/results-{tmp_path.name}/last.json"
    handoff = team.train(saved_model=large_model(tmp_path / "model"))
    ended = team.run(handoff, "--spool", spool, "--result", result,
                     env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"})
    assert ended.status == 75
    waiting = read_with_azures_client(azure, f"spool-{tmp_path.name}/")
    assert len([name for name in waiting if name.endswith(".tar.gz")]) == 1
    assert team.hook("replay", "--spool", spool, "--all", "--result", result).status == 0
    assert team.production == [1]
    assert read_with_azures_client(azure, f"spool-{tmp_path.name}/") == {}
    assert list(read_with_azures_client(azure, f"results-{tmp_path.name}/")) == [f"results-{tmp_path.name}/last.json"]


def test_a_wrong_key_is_denied_and_nothing_of_it_is_told(team: Team, azure: Azurite) -> None:
    wrong = base64.b64encode(os.urandom(64)).decode()
    ended = team.run(team.train(), env={"AZURE_STORAGE_CONNECTION_STRING": azure.connection(key=wrong)})
    assert ended.status == 77
    assert "container models: answers 403 AuthorizationFailure" in ended.stderr
    assert "the credentials came from AZURE_STORAGE_CONNECTION_STRING" in ended.stderr
    assert wrong not in ended.stdout + ended.stderr


def test_a_container_that_is_not_there_is_refused(team: Team, azure: Azurite) -> None:
    result = f"wasbs://nowhere@{ACCOUNT}.blob.core.windows.net/result.json"
    ended = team.run(team.train(), "--result", result)
    assert ended.status == 0, "the promotion is not lost with its result"
    assert "container nowhere: answers 404 ContainerNotFound" in ended.stderr


@pytest.mark.parametrize(("permissions", "status"), [("rwdl", 0), ("rl", 77)])
def test_a_shared_access_signature_may_do_what_it_says(
        team: Team, azure: Azurite, permissions: str, status: int) -> None:
    key = azure.client_env()["AZURE_STORAGE_CONNECTION_STRING"].partition("AccountKey=")[2].partition(";")[0]
    made = subprocess.run([environment.python("azure"), "-c", SAS, ACCOUNT, "models", key, permissions],
                          stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    connection = f"BlobEndpoint={azure.url}/{ACCOUNT};SharedAccessSignature={made}"
    ended = team.run(team.train(), env={"AZURE_STORAGE_CONNECTION_STRING": connection})
    assert ended.status == status
    assert parse_qs(made)["sig"][0] not in ended.stdout + ended.stderr


@pytest.fixture(scope="session")
def azure_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Azurite, Path]]:
    """The emulator that takes tokens, which it does over TLS only, and the CA of its certificate."""
    folder = tmp_path_factory.mktemp("azurite-tls")
    ca = trustme.CA()
    made = ca.issue_cert("127.0.0.1")
    certificate, key, trusted = folder / "cert.pem", folder / "key.pem", folder / "ca.pem"
    made.private_key_pem.write_to_path(key)
    certificate.write_bytes(b"".join(part.bytes() for part in made.cert_chain_pems))
    ca.cert_pem.write_to_path(trusted)
    with Azurite(folder, (certificate, key)) as server:
        server.make_container("models")
        yield server, trusted


@pytest.fixture
def entra(team: Team, azure_tls: tuple[Azurite, Path]) -> Iterator[Entra]:
    """Who gives out tokens, for a team that has nothing else."""
    server, trusted = azure_tls
    with Entra() as authority:
        team.hook.env |= {"AZURE_STORAGE_CONNECTION_STRING": f"BlobEndpoint={server.url}/{ACCOUNT}",
                          "AZURE_AUTHORITY_HOST": authority.url, "AZURE_POD_IDENTITY_AUTHORITY_HOST": authority.url,
                          "CURL_CA_BUNDLE": str(trusted)}
        yield authority


CLIENT = {"AZURE_TENANT_ID": "a-tenant", "AZURE_CLIENT_ID": "a-client"}


def test_a_client_with_a_secret_is_given_a_token(team: Team, entra: Entra) -> None:
    assert team.run(team.train(), env={**CLIENT, "AZURE_CLIENT_SECRET": entra.secret}).status == 0
    assert entra.granted == ["secret"]


def test_a_pod_shows_the_token_of_its_service_account(team: Team, entra: Entra, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(entra.assertion + "\n", encoding="utf-8")
    assert team.run(team.train(), env={**CLIENT, "AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token")}).status == 0
    assert entra.granted == ["workload"]


def test_a_managed_identity_is_asked_for_on_the_machine(team: Team, entra: Entra) -> None:
    entra.has_machine = True
    assert team.run(team.train()).status == 0
    assert entra.granted == ["machine"]


def test_a_managed_identity_is_asked_for_in_an_app_service(team: Team, entra: Entra) -> None:
    variables = {"IDENTITY_ENDPOINT": f"{entra.url}/msi/token", "IDENTITY_HEADER": entra.header}
    assert team.run(team.train(), env=variables).status == 0
    assert entra.granted == ["service"]


def test_a_wrong_secret_is_denied_and_not_told(team: Team, entra: Entra) -> None:
    ended = team.run(team.train(), env={**CLIENT, "AZURE_CLIENT_SECRET": "no-such-secret"})
    assert ended.status == 77
    assert "it answers 401 invalid_client: AADSTS7000215: Invalid client secret." in ended.stderr
    assert "no-such-secret" not in ended.stdout + ended.stderr


def test_a_token_for_another_resource_is_denied(team: Team, entra: Entra) -> None:
    entra.audience = "https://vault.azure.net"
    ended = team.run(team.train(), env={**CLIENT, "AZURE_CLIENT_SECRET": entra.secret})
    assert ended.status == 77
    assert "answers 403 AuthenticationFailed" in ended.stderr
    assert entra.granted == ["secret"]


def test_without_credentials_it_says_where_it_looked(team: Team, entra: Entra) -> None:
    ended = team.run(team.train())
    assert ended.status == 77
    assert "AZURE_STORAGE_CONNECTION_STRING" in ended.stderr


def test_a_host_that_is_not_azures_is_sent_nothing(team: Team) -> None:
    ended = team.hook("replay", "--spool", "wasbs://models@storage.example.com/spool", "--all",
                      env={"AZURE_STORAGE_CONNECTION_STRING": "", "AZURE_STORAGE_ACCESS_KEY": "a2V5"})
    assert ended.status == 78
    assert "storage.example.com is no storage account of Azure" in ended.stderr
