"""The ways to a real server: credentials, a path prefix, TLS, a workspace; and one that passes no artifacts on."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Hook
from front import Front, make_client_certificate
from servers import MLflow
from static_hosts import Authority, make_authority
from training import Registry, Team, run_of, spooled

REFUSED, NOT_A_REGISTRY, DENIED, CONFIGURATION = 69, 76, 77, 78
LOGIN = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")


def started(factory: pytest.TempPathFactory, version: str, **options: object) -> MLflow:
    """A server that is to be entered."""
    return MLflow(factory.mktemp(f"access{version}"), version=version, **options)  # type: ignore[arg-type]


# ---- basic authentication


@pytest.fixture(scope="module", params=["2", "3", "318"], ids=lambda version: f"mlflow{version}")
def guarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """A server with basic authentication."""
    with started(tmp_path_factory, request.param, auth=True) as server:
        yield server


@pytest.fixture
def member(hook: Hook, guarded: MLflow, tmp_path: Path) -> Team:
    """A team at that server, with the administrator's credentials in the environment."""
    return Team(hook, guarded, tmp_path)


def assert_kept_secret(password: str, *outputs: str) -> None:
    """Neither as it is, nor as a header has it."""
    for output in outputs:
        assert password not in output
        assert "Basic " not in output


def test_the_right_password_promotes(member: Team, guarded: MLflow) -> None:
    ended = member.promote()
    assert member.registry.stages(member.model) == ["Production"]
    assert member.version(1)["tags"]["modelhook.by"].startswith("admin@")
    assert_kept_secret(guarded.password, ended.stdout, ended.stderr)


@pytest.mark.parametrize("login", ["wrong", "none"])
def test_no_good_password_is_denied_at_once_and_the_package_waits(member: Team, guarded: MLflow, login: str) -> None:
    handoff = member.train()
    for name in LOGIN:
        del member.hook.env[name]
    if login == "wrong":
        member.hook.env.update(zip(LOGIN, ("admin", "not-the-password"), strict=True))
    begun = time.monotonic()
    ended = member.run(handoff)
    assert (ended.status, ended.result["outcome"], ended.result["retryable"]) == (DENIED, "denied", False)
    assert time.monotonic() - begun < 100  # a retry would take minutes
    hints = {"wrong": "the credentials (user and password) were not accepted", "none": "no credentials were sent"}
    assert ended.result["error"]["hint"].startswith(hints[login])
    assert len(spooled(handoff)) == 1
    assert member.registry.versions(member.model) == []
    assert_kept_secret("not-the-password", ended.stdout, ended.stderr)


@pytest.mark.parametrize("guarded", ["3"], ids=["mlflow3"], indirect=True)
@pytest.mark.parametrize("place", ["credentials file", "netrc", "NETRC", "netrc before the environment", "URL"])
def test_credentials_are_found_where_mlflow_finds_them(member: Team, guarded: MLflow, place: str) -> None:
    hook, user, password = member.hook, guarded.user, guarded.password
    for name in LOGIN:
        del hook.env[name]
    netrc = f"machine other.test login x password y\nmachine 127.0.0.1 login {user} password {password}\n"
    if place == "credentials file":
        (hook.home / ".mlflow").mkdir()
        (hook.home / ".mlflow/credentials").write_text(
            f"[mlflow]\nmlflow_tracking_username = {user}\nmlflow_tracking_password = {password}\n", encoding="utf-8")
    elif place == "URL":
        hook.env["MLFLOW_TRACKING_URI"] = guarded.url.replace("://", f"://{user}:{password}@")
    else:
        file = member.folder / "elsewhere" if place == "NETRC" else hook.home / ".netrc"
        file.write_text(netrc, encoding="utf-8")
        file.chmod(0o600)
        if place == "NETRC":
            hook.env["NETRC"] = str(file)
        if place == "netrc before the environment":
            hook.env.update(zip(LOGIN, ("admin", "not-the-password"), strict=True))
    ended = hook("status", "--json")
    assert ended.status == 0
    assert_kept_secret(password, ended.stdout, ended.stderr)


def test_who_may_only_read_is_denied_and_registers_nothing(member: Team, guarded: MLflow) -> None:
    reader = (f"reader{guarded.version}", "twelve-letters-long")
    member.registry.call("POST", "users/create", username=reader[0], password=reader[1])
    handoff = member.train()
    ended = member.run(handoff, env=dict(zip(LOGIN, reader, strict=True)))
    assert ended.status == DENIED
    assert ended.result["error"]["hint"] == "the credentials (user and password) are not allowed to do this"
    assert member.registry.versions(member.model) == []
    assert member.hook("status", env=dict(zip(LOGIN, reader, strict=True))).status == 0
    assert_kept_secret(reader[1], ended.stdout, ended.stderr)


# ---- a path prefix


@pytest.fixture(scope="module", params=["1", "3", "318"], ids=lambda version: f"mlflow{version}")
def prefixed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """A server that stands under a path; before 3 its pages alone do."""
    with started(tmp_path_factory, request.param, prefix="/ml/flow") as server:
        yield server


def test_a_server_under_a_prefix(hook: Hook, prefixed: MLflow, tmp_path: Path) -> None:
    team = Team(hook, prefixed, tmp_path)
    moved = prefixed.version.startswith("3")
    assert prefixed.url.endswith("/ml/flow") == moved
    first = team.promote(10)
    assert first.result["registry_url"] == prefixed.url
    team.promote(11)
    assert team.registry.stages(team.model) == ["Archived", "Production"]
    hook.env["MLFLOW_TRACKING_URI"] = prefixed.url + "/"
    assert team.run(team.train(9)).result["outcome"] == "superseded"
    hook.env["MLFLOW_TRACKING_URI"] = prefixed.url.removesuffix("/ml/flow") + ("" if moved else "/ml/flow")
    lost = team.run(team.train(12))
    assert lost.status == NOT_A_REGISTRY
    assert lost.result["error"]["hint"] == (
        "is MLFLOW_TRACKING_URI complete? A server behind a prefix needs its path" if moved else
        "is MLFLOW_TRACKING_URI right? Before MLflow 3 --static-prefix moves the pages alone, and the API stays "
        "where it was")


# ---- TLS


@pytest.fixture(scope="session")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Authority]:
    """The organisation's authority, and a stranger's."""
    return make_authority(tmp_path_factory.mktemp("reef-ca")), make_authority(tmp_path_factory.mktemp("other-ca"))


@pytest.fixture
def secured(hook: Hook, mlflow3: MLflow, tmp_path: Path, authorities: tuple[Authority, Authority]) -> Iterator[Team]:
    """A team that reaches the server over TLS alone."""
    team = Team(hook, mlflow3, tmp_path)
    with Front(mlflow3.port, authorities[0]) as front:
        hook.env["MLFLOW_TRACKING_URI"] = front.url
        yield team


def test_an_own_authority_is_taken(secured: Team, authorities: tuple[Authority, Authority]) -> None:
    secured.hook.env["MLFLOW_TRACKING_SERVER_CERT_PATH"] = str(authorities[0].bundle)
    ended = secured.promote()
    assert ended.result["registry_url"].startswith("https://")
    assert secured.registry.stages(secured.model) == ["Production"]
    assert ended.warnings == []


def test_an_unknown_authority_is_refused(secured: Team, authorities: tuple[Authority, Authority]) -> None:
    handoff = secured.train()
    for trusted in ({}, {"MLFLOW_TRACKING_SERVER_CERT_PATH": str(authorities[1].bundle)}):
        ended = secured.run(handoff, env=trusted)
        assert (ended.status, ended.result["retryable"]) == (CONFIGURATION, False)
        assert "certificate" in ended.result["error"]["message"]
        assert ended.result["error"]["hint"].startswith("set MLFLOW_TRACKING_SERVER_CERT_PATH")
    assert secured.registry.versions(secured.model) == []


def test_insecure_tls_goes_through_with_a_warning(secured: Team, authorities: tuple[Authority, Authority]) -> None:
    secured.hook.env["MLFLOW_TRACKING_INSECURE_TLS"] = "true"
    ended = secured.promote()
    assert ended.stderr.count("MLFLOW_TRACKING_INSECURE_TLS is set: the server's certificate is not checked") == 1
    both = secured.run(secured.train(), env={"MLFLOW_TRACKING_SERVER_CERT_PATH": str(authorities[0].bundle)})
    assert both.status == CONFIGURATION


def test_a_client_certificate(hook: Hook, mlflow3: MLflow, tmp_path: Path,
                              authorities: tuple[Authority, Authority]) -> None:
    ours, others = authorities
    team = Team(hook, mlflow3, tmp_path)
    hook.env["MLFLOW_TRACKING_SERVER_CERT_PATH"] = str(ours.bundle)
    handoff = team.train()
    with Front(mlflow3.port, ours, clients=ours.bundle) as front:
        hook.env["MLFLOW_TRACKING_URI"] = front.url
        for wrong in ({}, {"MLFLOW_TRACKING_CLIENT_CERT_PATH": str(make_client_certificate(others))}):
            ended = team.run(handoff, env=wrong)
            assert (ended.status, ended.result["retryable"]) == (DENIED, False)
            assert "MLFLOW_TRACKING_CLIENT_CERT_PATH" in ended.result["error"]["hint"]
            assert front.bytes_through == 0
        ended = team.run(handoff, env={"MLFLOW_TRACKING_CLIENT_CERT_PATH": str(make_client_certificate(ours))})
        assert ended.status == 0
    assert team.registry.stages(team.model) == ["Production"]


# ---- a workspace


@pytest.fixture(scope="module", params=["3", "318"], ids=lambda version: f"mlflow{version}")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """A server with the workspaces `default` and `reef`."""
    with started(tmp_path_factory, request.param, workspaces=True) as server:
        made = Registry(server.url).session.post(f"{server.url}/api/3.0/mlflow/workspaces", json={"name": "reef"})
        assert made.status_code == 201
        yield server


def test_a_workspace_has_models_of_its_own(hook: Hook, shared: MLflow, tmp_path: Path) -> None:
    team = Team(hook, shared, tmp_path, workspace="reef")
    experiment = team.registry.call("POST", "experiments/create", name="trainings")["experiment_id"]
    handoff = team.train(run_id=team.registry.add_run(experiment))
    ended = team.run(handoff, env={"MLFLOW_WORKSPACE": "reef"})
    assert ended.status == 0
    assert team.registry.stages(team.model) == ["Production"]
    assert "/workspaces/reef/" in team.version(1)["source"]
    assert Registry(shared.url, workspace="default").versions(team.model) == []
    assert hook("status", team.model, env={"MLFLOW_WORKSPACE": "default"}).status == REFUSED
    named = hook("doctor", env={"MLFLOW_WORKSPACE": "reef", "MLFLOW_EXPERIMENT_NAME": "trainings"})
    assert (named.status, "removed again in mlflow-artifacts:/workspaces/reef/" in named.stdout) == (0, True)
    unknown = team.run(handoff, env={"MLFLOW_WORKSPACE": "no-such"})
    assert (unknown.status, unknown.result["retryable"]) == (REFUSED, False)


def test_a_workspace_asked_of_a_server_without_them_is_refused(hook: Hook, mlflow3: MLflow, tmp_path: Path) -> None:
    team = Team(hook, mlflow3, tmp_path)
    begun = time.monotonic()
    ended = team.run(team.train(), env={"MLFLOW_WORKSPACE": "reef"})
    assert (ended.status, ended.result["retryable"]) == (REFUSED, False)
    assert "FEATURE_DISABLED" in ended.result["error"]["message"]
    assert ended.result["error"]["hint"].startswith("MLFLOW_WORKSPACE is set")
    assert time.monotonic() - begun < 100  # a retry would take minutes


# ---- artifacts that the server does not pass on

@pytest.mark.parametrize(("version", "root"), [
    ("1", "folder"), ("2", "mlflow-artifacts:/"), ("3", "folder"), ("318", "mlflow-artifacts:/")])
def test_artifacts_that_are_not_passed_on(hook: Hook, tmp_path: Path, version: str, root: str) -> None:
    place = str(tmp_path / "artifacts") if root == "folder" else root
    with MLflow(tmp_path / "server", version=version, artifacts=place, direct_artifacts=True) as server:
        team = Team(hook, server, tmp_path)
        handoff = team.train()
        if root == "folder":
            shutil.rmtree(place, ignore_errors=True)  # it is on the server's machine alone
        begun = time.monotonic()
        ended = team.run(handoff)
        assert time.monotonic() - begun < 100  # a retry would take minutes
        assert not Path(place).exists()
        assert (ended.status, ended.result["retryable"]) == (
            (CONFIGURATION if root == "folder" else REFUSED), False)
        assert "--artifacts-destination" in ended.result["error"]["hint"]
        assert team.registry.models() == []
        assert len(spooled(handoff)) == 1
        outcome = json.loads(team.registry.run(run_of(handoff))["tags"]["modelhook.outcome"])
        assert outcome["exit"] == ended.status
        doctor = hook("doctor")
        assert doctor.status == ended.status
        assert "--artifacts-destination" in doctor.stderr
        assert not Path(place).exists()


@pytest.mark.parametrize("version", ["1", "3"])
def test_the_doctor_finds_artifacts_in_a_folder_sound(hook: Hook, tmp_path: Path, version: str) -> None:
    mount = tmp_path / "mount"
    mount.mkdir()
    with MLflow(tmp_path / "server", version=version, artifacts=mount, direct_artifacts=True) as server:
        team = Team(hook, server, tmp_path)
        for made in ([], ["0"]):
            ended = hook("doctor")
            assert (ended.status, "\nok       artifacts " in ended.stdout) == (0, True)
            assert [path.name for path in mount.iterdir()] == made
            team.promote()
