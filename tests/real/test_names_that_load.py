"""Names of models, as each MLflow's own server and client take them: what is let through is found and loads."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import environment
import pytest
from model_names import LOADABLE, LOST
from servers import VERSIONS, MLflow
from training import Registry

LOAD = """
import json, os, sys, warnings
warnings.simplefilter("ignore")
import mlflow
url, names, forms = json.load(sys.stdin)
mlflow.set_tracking_uri(url)
lost = {}
for name in names:
    for form in forms:
        try:
            folder = mlflow.artifacts.download_artifacts(artifact_uri=form.format(name))
            with open(os.path.join(folder, "MLmodel")) as file:
                assert file.read() == f"# {name}", "another model"
        except Exception as error:
            lost.setdefault(name, []).append(f"{form}: {error}")
print(json.dumps(lost))
"""


def register(registry: Registry, name: str) -> bool:
    """A model of that name with one Production version; whether the server takes it and finds it by search."""
    run = registry.add_run("0")
    uri = registry.run(run)["artifact_uri"]
    assert registry.session.put(f"{registry.url}/api/2.0/mlflow-artifacts/artifacts/{uri.split(':/')[1].strip('/')}"
                                "/model/MLmodel", data=f"# {name}".encode()).ok

    def post(call: str, **body: Any) -> bool:
        return bool(registry.session.post(f"{registry.url}/api/2.0/mlflow/{call}", json=body).ok)

    quote = '"' if "'" in name else "'"
    if not (post("registered-models/create", name=name)
            and post("model-versions/create", name=name, source=f"{uri}/model", run_id=run)
            and post("model-versions/transition-stage", name=name, version="1", stage="Production")):
        return False
    post("registered-models/alias", name=name, alias="production", version="1")
    found = registry.session.get(f"{registry.url}/api/2.0/mlflow/model-versions/search",
                                 params={"filter": f"name={quote}{name}{quote}"})
    return found.ok and [version["name"] for version in found.json().get("model_versions", [])] == [name]


def lost_names(server: MLflow, names: list[str]) -> dict[str, list[str]]:
    """What its own client cannot load of them, and why not."""
    forms = ["models:/{}/Production", "models:/{}/1"] + (["models:/{}@production"] if server.version != "1" else [])
    ended = subprocess.run([environment.python(f"mlflow{server.version}"), "-c", LOAD],
                           input=json.dumps([server.url, names, forms]), stdout=subprocess.PIPE, text=True, check=True)
    said: dict[str, list[str]] = json.loads(ended.stdout.splitlines()[-1])
    return said


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Of each version of MLflow, the names that it does not take or that its client cannot load."""
    found = {}
    for version in VERSIONS:
        with MLflow(tmp_path_factory.mktemp(f"names{version}"), version=version) as server:
            registry = Registry(server.url)
            taken = [name for name in (*LOADABLE, *LOST) if register(registry, name)]
            found[version] = {*LOADABLE, *LOST} - {*taken} | lost_names(server, taken).keys()
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_let_through_loads(lost: dict[str, set[str]], version: str) -> None:
    assert lost[version] & {*LOADABLE} == set()


def test_what_is_refused_is_lost_somewhere(lost: dict[str, set[str]]) -> None:
    assert {*LOST} - set().union(*lost.values()) == set()
