"""What the fake MLflow knows: runs, registered models, versions, LoggedModels and artifacts, in memory.

It answers as MLflow 3.17.2 does: the same JSON, the same error codes, the same quirks (versions are strings,
an absent list is left out, a missing alias is a 400). Nothing here knows HTTP beyond a status.
"""

# ruff: noqa: D102 - a method that serves a call is described by the table that names the call
from __future__ import annotations

import math
import re
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

STAGES = ("None", "Staging", "Production", "Archived")


class ApiError(Exception):
    """An error as MLflow words it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def body(self) -> dict[str, str]:
        """The JSON of the answer."""
        return {"error_code": self.code, "message": self.message}


def missing(message: str) -> ApiError:
    """404, as for a run, a model or a version that is not there."""
    return ApiError(404, "RESOURCE_DOES_NOT_EXIST", message)


def invalid(message: str) -> ApiError:
    """400, as for a field that is absent or wrong."""
    return ApiError(400, "INVALID_PARAMETER_VALUE", message)


def now() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)


def field(body: dict[str, Any], key: str) -> str:
    """A required string."""
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise invalid(f"Missing value for required parameter '{key}'.")
    return value


def put_pair(pairs: list[dict[str, str]], key: str, value: str) -> None:
    """Set a tag in a list of them."""
    for pair in pairs:
        if pair["key"] == key:
            pair["value"] = value
            return
    pairs.append({"key": key, "value": value})


def shown(value: dict[str, Any]) -> dict[str, Any]:
    """A message as protocol buffers write it: empty lists are left out."""
    return {key: item for key, item in value.items() if item != []}


class Registry:
    """The state of one server; every call of `answer` is atomic."""

    def __init__(self, stages: bool = True, aliases: bool = True) -> None:
        self.lock = threading.RLock()
        self.experiments = {"0": {"experiment_id": "0", "name": "Default", "artifact_location": "mlflow-artifacts:/0",
                                  "lifecycle_stage": "active"}}
        self.runs: dict[str, dict[str, Any]] = {}
        self.models: dict[str, dict[str, Any]] = {}
        self.model_versions: dict[str, list[dict[str, Any]]] = {}
        self.logged_models: dict[str, dict[str, Any]] = {}
        self.artifacts: dict[str, bytes] = {}
        self.searches_all = True  # versions without a filter; MLflow 1 does not
        self.hidden: set[str] = set()  # numbers of versions that no search shows, as one that lags behind
        self.page_size: int | None = None  # smaller pages than asked for, to test paging
        self.routes: dict[tuple[str, str], Callable[[dict[str, Any]], dict[str, Any]]] = {
            ("GET", "experiments/get"): self.get_experiment,
            ("GET", "experiments/get-by-name"): self.get_experiment,
            ("GET", "runs/get"): self.get_run,
            ("POST", "runs/log-batch"): self.log_batch,
            ("POST", "runs/set-tag"): self.set_run_tag,
            ("GET", "registered-models/get"): self.get_model,
            ("GET", "registered-models/search"): self.search_models,
            ("POST", "registered-models/create"): self.create_model,
            ("DELETE", "registered-models/delete"): self.delete_model,
            ("POST", "registered-models/set-tag"): self.set_model_tag,
            ("DELETE", "registered-models/delete-tag"): self.delete_model_tag,
            ("GET", "model-versions/get"): self.get_version,
            ("GET", "model-versions/search"): self.search_versions,
            ("GET", "model-versions/get-download-uri"): self.download_uri,
            ("POST", "model-versions/create"): self.create_version,
            ("PATCH", "model-versions/update"): self.update_version,
            ("DELETE", "model-versions/delete"): self.delete_version,
            ("POST", "model-versions/set-tag"): self.set_version_tag,
            ("DELETE", "model-versions/delete-tag"): self.delete_version_tag,
            ("POST", "logged-models/search"): self.search_logged_models,
        }
        if stages:
            self.routes["POST", "model-versions/transition-stage"] = self.transition
            self.routes["POST", "registered-models/get-latest-versions"] = self.latest_versions
        if aliases:
            self.routes["GET", "registered-models/alias"] = self.get_alias
            self.routes["POST", "registered-models/alias"] = self.set_alias
            self.routes["DELETE", "registered-models/alias"] = self.delete_alias

    # ---- what a test puts there, and looks at

    def add_run(self, run_id: str | None = None, *, metrics: dict[str, float] | None = None,
                tags: dict[str, str] | None = None, experiment_id: str = "1", deleted: bool = False,
                artifact_uri: str | None = None) -> str:
        """A run, as a training script leaves it; returns its id."""
        run_id = run_id or uuid.uuid4().hex
        self.runs[run_id] = {
            "info": {
                "run_id": run_id, "run_uuid": run_id, "run_name": "training", "experiment_id": experiment_id,
                "user_id": "trainer", "status": "FINISHED", "start_time": now(), "end_time": now(),
                "artifact_uri": artifact_uri or f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts",
                "lifecycle_stage": "deleted" if deleted else "active",
            },
            "data": {
                "metrics": [{"key": k, "value": v, "timestamp": now(), "step": 0} for k, v in (metrics or {}).items()],
                "tags": [{"key": k, "value": v} for k, v in (tags or {}).items()],
                "params": [],
            },
        }
        return run_id

    def add_logged_model(self, run_id: str, name: str = "model", status: str = "LOGGED_MODEL_READY") -> str:
        """A LoggedModel of a run; returns its id."""
        model_id = "m-" + uuid.uuid4().hex
        experiment_id = self.runs[run_id]["info"]["experiment_id"]
        self.logged_models[model_id] = {
            "info": {
                "model_id": model_id, "experiment_id": experiment_id, "name": name, "status": status,
                "source_run_id": run_id, "creation_timestamp_ms": now(), "last_updated_timestamp_ms": now(),
                "artifact_uri": f"mlflow-artifacts:/{experiment_id}/models/{model_id}/artifacts",
            },
            "data": {},
        }
        return model_id

    def add_version(self, name: str, stage: str = "None", *, tags: dict[str, str] | None = None,
                    run_id: str = "", source: str = "") -> int:
        """A version that somebody else registered; returns its number."""
        with self.lock:
            if name not in self.models:
                self.create_model({"name": name})
            version = self.new_version(name, source, run_id)
            version["current_stage"] = stage
            version["tags"] = [{"key": k, "value": v} for k, v in (tags or {}).items()]
            return int(version["version"])

    def versions(self, name: str) -> list[dict[str, Any]]:
        """The versions of a model by number, with `tags` as a dict and `aliases` as a list."""
        with self.lock:
            model = self.models.get(name, {"aliases": []})
            return [
                {**version, "version": int(version["version"]),
                 "tags": {tag["key"]: tag["value"] for tag in version["tags"]},
                 "aliases": [a["alias"] for a in model["aliases"] if a["version"] == version["version"]]}
                for version in self.model_versions.get(name, [])
            ]

    def in_stage(self, name: str, stage: str = "Production") -> list[int]:
        """The numbers of the versions in a stage."""
        return [version["version"] for version in self.versions(name) if version["current_stage"] == stage]

    def metrics(self, run_id: str) -> dict[str, float]:
        """The last value of each metric of a run."""
        return {metric["key"]: metric["value"] for metric in self.runs[run_id]["data"]["metrics"]}

    def run_tags(self, run_id: str) -> dict[str, str]:
        """The tags of a run."""
        return {tag["key"]: tag["value"] for tag in self.runs[run_id]["data"]["tags"]}

    # ---- experiments

    def get_experiment(self, query: dict[str, Any]) -> dict[str, Any]:
        for experiment in self.experiments.values():
            if query in ({"experiment_id": experiment["experiment_id"]}, {"experiment_name": experiment["name"]}):
                return {"experiment": experiment}
        raise missing(f"Could not find experiment with {query}")

    # ---- runs

    def run(self, run_id: str) -> dict[str, Any]:
        if run_id not in self.runs:
            raise missing(f"Run with id={run_id} not found")
        return self.runs[run_id]

    def get_run(self, query: dict[str, Any]) -> dict[str, Any]:
        run = self.run(field(query, "run_id"))
        return {"run": {"info": run["info"], "data": shown(run["data"]), "inputs": {}}}

    def log_batch(self, body: dict[str, Any]) -> dict[str, Any]:
        run = self.run(field(body, "run_id"))
        metrics = body.get("metrics", [])
        if len(metrics) > 1000:
            raise invalid(f"A batch logging request can contain at most 1000 metrics. Got {len(metrics)} metrics.")
        for metric in metrics:
            value = metric["value"]
            if isinstance(value, float) and math.isnan(value):
                value = "NaN"
            kept = [old for old in run["data"]["metrics"] if old["key"] != metric["key"]]
            run["data"]["metrics"] = [*kept, {**metric, "value": value}]
        for tag in body.get("tags", []):
            put_pair(run["data"]["tags"], tag["key"], tag["value"])
        return {}

    def set_run_tag(self, body: dict[str, Any]) -> dict[str, Any]:
        put_pair(self.run(field(body, "run_id"))["data"]["tags"], field(body, "key"), body["value"])
        return {}

    # ---- registered models

    def model(self, name: str) -> dict[str, Any]:
        if name not in self.models:
            raise missing(f"Registered Model with name={name} not found")
        return self.models[name]

    def create_model(self, body: dict[str, Any]) -> dict[str, Any]:
        name = field(body, "name")
        if re.search(r"[/:]", name):
            raise invalid("Invalid name for a registered model: it cannot contain / or :")
        if name in self.models:
            raise ApiError(400, "RESOURCE_ALREADY_EXISTS", f"Registered Model (name={name}) already exists.")
        self.models[name] = {"name": name, "creation_timestamp": now(), "last_updated_timestamp": now(),
                             "tags": [], "aliases": []}
        self.model_versions[name] = []
        return {"registered_model": shown(self.models[name])}

    def delete_model(self, body: dict[str, Any]) -> dict[str, Any]:
        name = self.model(field(body, "name"))["name"]
        del self.models[name]
        self.model_versions.pop(name, None)
        return {}

    def get_model(self, query: dict[str, Any]) -> dict[str, Any]:
        model = self.model(field(query, "name"))
        return {"registered_model": {**shown(model), "latest_versions": self.newest(model["name"], STAGES)}}

    def is_prompt(self, name: str) -> bool:
        """MLflow 3 keeps prompts among the models, and its searches leave them out."""
        tags = self.models[name]["tags"] if name in self.models else []
        return {"key": "mlflow.prompt.is_prompt", "value": "true"} in tags

    def search_models(self, query: dict[str, Any]) -> dict[str, Any]:
        names = sorted((name for name in self.models if not self.is_prompt(name)),
                       reverse=query.get("order_by") == "name DESC")
        return self.page(query, "registered_models", [shown(self.models[name]) for name in names], 100)

    def set_model_tag(self, body: dict[str, Any]) -> dict[str, Any]:
        put_pair(self.model(field(body, "name"))["tags"], field(body, "key"), body["value"])
        return {}

    def delete_model_tag(self, body: dict[str, Any]) -> dict[str, Any]:
        model = self.model(field(body, "name"))
        model["tags"] = [tag for tag in model["tags"] if tag["key"] != body["key"]]
        return {}

    # ---- versions

    def version(self, body: dict[str, Any]) -> dict[str, Any]:
        name, number = field(body, "name"), field(body, "version")
        for version in self.model_versions.get(name, []):
            if version["version"] == number:
                return version
        raise missing(f"Model Version (name={name}, version={number}) not found")

    def shown_version(self, version: dict[str, Any]) -> dict[str, Any]:
        aliases = self.models[version["name"]]["aliases"]
        named = [alias["alias"] for alias in aliases if alias["version"] == version["version"]]
        return shown({**version, "aliases": named})

    def new_version(self, name: str, source: str, run_id: str) -> dict[str, Any]:
        number = max([int(version["version"]) for version in self.model_versions[name]], default=0) + 1
        version = {
            "name": name, "version": str(number), "creation_timestamp": now(), "last_updated_timestamp": now(),
            "current_stage": "None", "description": "", "source": source, "run_id": run_id, "status": "READY",
            "run_link": "", "tags": [],
        }
        self.model_versions[name].append(version)
        return version

    def create_version(self, body: dict[str, Any]) -> dict[str, Any]:
        name, source = field(body, "name"), field(body, "source")
        self.model(name)
        self.check_source(source, body.get("run_id", ""), body.get("model_id", ""))
        version = self.new_version(name, source, body.get("run_id", ""))
        version["description"] = body.get("description", "")
        for tag in body.get("tags", []):
            put_pair(version["tags"], tag["key"], tag["value"])
        return {"model_version": self.shown_version(version)}

    def check_source(self, source: str, run_id: str, model_id: str) -> None:
        """A proxied source must lie under the run, or the LoggedModel, that is named with it."""
        if not source.startswith("mlflow-artifacts:/"):
            return
        owners = [self.runs.get(run_id), self.logged_models.get(model_id)]
        roots = [owner["info"]["artifact_uri"] for owner in owners if owner]
        if not any(source == root or source.startswith(root + "/") for root in roots):
            raise invalid(f"Invalid model version source: '{source}'. To use a local path as a model version source, "
                          "the run_id request parameter has to be specified and the local path has to be contained "
                          "within the artifact directory of the run specified by the run_id.")

    def get_version(self, query: dict[str, Any]) -> dict[str, Any]:
        return {"model_version": self.shown_version(self.version(query))}

    def download_uri(self, query: dict[str, Any]) -> dict[str, Any]:
        return {"artifact_uri": self.version(query)["source"]}

    def search_versions(self, query: dict[str, Any]) -> dict[str, Any]:
        match = re.fullmatch(r"""name\s*=\s*('[^']*'|"[^"]*")""", query.get("filter", ""))
        if not match and (query.get("filter") or not self.searches_all):
            raise invalid(f"Invalid filter: {query.get('filter')}")
        names = [match.group(1)[1:-1]] if match else sorted(self.model_versions)
        names = [name for name in names if not self.is_prompt(name)]
        versions = [version for name in names for version in self.model_versions.get(name, [])
                    if version["version"] not in self.hidden]
        ordered = sorted(versions, key=lambda version: -version["last_updated_timestamp"])
        order = query.get("order_by", "")
        if order.startswith(("version_number ASC", "name ASC")):
            ordered = versions
        elif order.startswith("name DESC"):
            ordered = [version for name in reversed(names) for version in self.model_versions[name]]
        return self.page(query, "model_versions", [shown(version) for version in ordered], 10000)

    def touch(self, version: dict[str, Any]) -> None:
        version["last_updated_timestamp"] = now()

    def update_version(self, body: dict[str, Any]) -> dict[str, Any]:
        version = self.version(body)
        version["description"] = body.get("description", "")
        self.touch(version)
        return {"model_version": self.shown_version(version)}

    def delete_version(self, body: dict[str, Any]) -> dict[str, Any]:
        version = self.version(body)
        self.model_versions[version["name"]].remove(version)
        aliases = self.models[version["name"]]["aliases"]
        aliases[:] = [alias for alias in aliases if alias["version"] != version["version"]]
        return {}

    def set_version_tag(self, body: dict[str, Any]) -> dict[str, Any]:
        version = self.version(body)
        if len(field(body, "key")) > 250 or len(body.get("value", "")) > 100000:
            raise invalid("the tag is too long")
        put_pair(version["tags"], body["key"], body.get("value", ""))
        self.touch(version)
        return {}

    def delete_version_tag(self, body: dict[str, Any]) -> dict[str, Any]:
        version = self.version(body)
        version["tags"] = [tag for tag in version["tags"] if tag["key"] != body["key"]]
        return {}

    # ---- stages and aliases

    def transition(self, body: dict[str, Any]) -> dict[str, Any]:
        target = self.version(body)
        named = {stage.lower(): stage for stage in STAGES}
        stage = named.get(field(body, "stage").lower())
        if stage is None:
            raise invalid(f"Invalid Model Version stage: {body['stage']}. Value must be one of {', '.join(STAGES)}.")
        if body.get("archive_existing_versions"):
            if stage not in ("Staging", "Production"):
                raise ApiError(500, "INTERNAL_ERROR", f"Model version transition cannot archive existing versions "
                                                      f"because '{stage}' is not an Active stage.")
            for version in self.model_versions[target["name"]]:
                if version is not target and version["current_stage"] == stage:
                    version["current_stage"] = "Archived"
                    self.touch(version)
        target["current_stage"] = stage
        self.touch(target)
        return {"model_version": self.shown_version(target)}

    def newest(self, name: str, stages: Any) -> list[dict[str, Any]]:
        """One version per stage, the highest: which is why nobody should look for duplicates here."""
        found = {version["current_stage"]: version for version in self.model_versions[name]}
        return [self.shown_version(found[stage]) for stage in stages if stage in found]

    def latest_versions(self, body: dict[str, Any]) -> dict[str, Any]:
        name = self.model(field(body, "name"))["name"]
        return shown({"model_versions": self.newest(name, body.get("stages", STAGES))})

    def get_alias(self, query: dict[str, Any]) -> dict[str, Any]:
        model = self.model(field(query, "name"))
        for alias in model["aliases"]:
            if alias["alias"] == query.get("alias"):
                return self.get_version({"name": model["name"], "version": alias["version"]})
        raise invalid(f"Registered model alias {query.get('alias')} not found.")

    def set_alias(self, body: dict[str, Any]) -> dict[str, Any]:
        version, name = self.version(body), field(body, "alias")
        if re.fullmatch(r"v\d+|latest", name, re.IGNORECASE):
            raise invalid(f"Invalid alias name: '{name}'")
        aliases = self.models[version["name"]]["aliases"]
        aliases[:] = [a for a in aliases if a["alias"] != name] + [{"alias": name, "version": version["version"]}]
        return {}

    def delete_alias(self, body: dict[str, Any]) -> dict[str, Any]:
        aliases = self.model(field(body, "name"))["aliases"]
        aliases[:] = [alias for alias in aliases if alias["alias"] != body.get("alias")]
        return {}

    # ---- LoggedModels, lists, artifacts

    def search_logged_models(self, body: dict[str, Any]) -> dict[str, Any]:
        wanted = dict(re.findall(r"(\w+) = '([^']*)'", body.get("filter", "")))
        found = [model for model in self.logged_models.values()
                 if model["info"]["experiment_id"] in body.get("experiment_ids", [])
                 and all(model["info"].get(key) == value for key, value in wanted.items())]
        return self.page(body, "models", found, 50)

    def get_logged_model(self, model_id: str) -> dict[str, Any]:
        """One LoggedModel, by the id in the path of the call."""
        if model_id not in self.logged_models:
            raise missing(f"Logged model with ID '{model_id}' not found.")
        return {"model": self.logged_models[model_id]}

    def page(self, query: dict[str, Any], key: str, items: list[Any], most: int) -> dict[str, Any]:
        """One page of a list, as big as was asked for; the token is an offset."""
        size = self.page_size or int(query.get("max_results", most))
        start = int(query.get("page_token") or 0)
        answer: dict[str, Any] = {key: items[start:start + size]} if items[start:start + size] else {}
        if len(items) > start + size:
            answer["next_page_token"] = str(start + size)
        return answer

    def list_artifacts(self, folder: str) -> dict[str, Any]:
        """What lies directly in a folder."""
        start = folder.strip("/") + "/" if folder.strip("/") else ""
        found: dict[str, dict[str, Any]] = {}
        for path, content in self.artifacts.items():
            if path.startswith(start):
                name, _, rest = path[len(start):].partition("/")
                entry = {"path": name, "is_dir": bool(rest)}
                found[name] = entry if rest else {**entry, "file_size": len(content)}
        return shown({"files": sorted(found.values(), key=lambda entry: entry["path"])})
