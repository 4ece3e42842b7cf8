"""A registry of many models with every kind of anomaly, each known beforehand: what `status` must find.

    plan = models(500, 20)                       # deterministic
    into_sqlite(plan, folder / "mlflow.db")      # beneath a real MLflow server
    into_fake(plan, fake)                        # into a fake one
    expected(plan) == {("model-003", "several_production"), ...}
"""

from __future__ import annotations

import datetime
import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fake_mlflow import FakeMlflow

MLMODEL = b"flavors: {}\n"
CONTENT = hashlib.sha256(f"{hashlib.sha256(MLMODEL).hexdigest()}  MLmodel\n".encode()).hexdigest()
START = 1_790_000_000_000  # ms; versions come an hour apart
HOUR = 3_600_000


def rfc3339(ms: int) -> str:
    """As the hook writes times."""
    return datetime.datetime.fromtimestamp(ms // 1000, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Version:
    """One version to seed."""

    number: int
    stage: str = "Archived"
    status: str = "READY"
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def created(self) -> int:
        """When it was registered."""
        return START + self.number * HOUR


@dataclass
class Model:
    """One model to seed, and the kinds of anomalies that it has."""

    name: str
    versions: list[Version]
    aliases: dict[str, int] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    anomalies: set[str] = field(default_factory=set)
    right: int = 0  # what must be Production after a repair; 0: nothing

    def version(self, number: int) -> Version:
        """By its number."""
        return self.versions[number - 1]


def sound(name: str, count: int) -> Model:
    """A model as the hook leaves it: the newest training alone is Production, the alias agrees."""
    versions = []
    for number in range(1, count + 1):
        at = rfc3339(START + number * HOUR)
        history = [{"at": at, "to": "Production", "by": "root@trainer"}]
        if number < count:
            later = rfc3339(START + (number + 1) * HOUR)
            history.append({"at": later, "to": "Archived", "by": "root@trainer", "for": str(number + 1)})
        versions.append(Version(number, tags={
            "accuracy": "0.9712", "val_accuracy": f"0.{9000 + number}", "framework": "tensorflow",
            "architecture": "efficientnetb4", "training_date": at, "auto_registered": "true",
            "modelhook.digest": f"{name}-{number}".encode().hex().ljust(64, "0")[:64],
            "modelhook.trained_at": at, "modelhook.by": "root@trainer", "modelhook.weights": "ab" * 32,
            "modelhook.content": CONTENT, "modelhook.samples": '{"train":800,"validation":200}',
            "modelhook.gate": '{"verdict":"passed","gates":[]}', "modelhook.intent": at,
            "modelhook.history": json.dumps(history),
        }))
    versions[-1].stage = "Production"
    return Model(name, versions, {"production": count, "previous": count - 1}, right=count)


def unmanaged(name: str, count: int) -> Model:
    """A model that nobody but MLflow's own client promoted: no tags, no aliases."""
    model = Model(name, [Version(number) for number in range(1, count + 1)], right=count)
    model.version(count).stage = "Production"
    return model


def never_promoted(name: str, count: int) -> Model:
    """Registered and never promoted: nobody ought to be Production."""
    return Model(name, [Version(number, "None") for number in range(1, count + 1)])


def rejected(name: str, count: int) -> Model:
    """A sound one whose two newest were held by the gate, one of them looked at in Staging."""
    model = sound(name, count)
    for number, stage in ((count, "None"), (count - 1, "Staging")):
        model.version(number).stage = stage
        del model.version(number).tags["modelhook.intent"], model.version(number).tags["modelhook.history"]
    return stand(model, count - 2)


def stand(model: Model, number: int) -> Model:
    """Make that one Production in everything."""
    model.version(number).stage = "Production"
    model.aliases = {"production": number, "previous": number - 1}
    model.right = number
    return model


def decided(name: str, count: int) -> Model:
    """Sound: somebody rolled back two versions, with a reason, after the last training."""
    model = sound(name, count)
    at = rfc3339(START + (count + 1) * HOUR)
    model.version(count).stage = "Archived"
    model.version(count).tags["modelhook.withdrawn"] = "{}"
    model.tags["modelhook.decision"] = json.dumps({"version": str(count - 2), "at": at, "by": "me", "why": "worse"})
    return stand(model, count - 2)


def marked(name: str, count: int) -> Model:
    """Sound: a duplicate that was adopted and marked."""
    model = sound(name, count)
    twin = model.version(count - 3).tags
    twin["modelhook.digest"] = model.version(count - 4).tags["modelhook.digest"]
    twin["modelhook.duplicate_of"] = str(count - 4)
    return model


def none(name: str, count: int) -> Model:
    """Somebody archived the Production version alone."""
    model = sound(name, count)
    model.version(count).stage = "Archived"
    model.anomalies = {"no_production"}
    return model


def none_of_unmanaged(name: str, count: int) -> Model:
    """The same without any tag: the highest version is to be taken."""
    model = unmanaged(name, count)
    model.version(count).stage = "Archived"
    model.anomalies = {"no_production"}
    return model


def several(name: str, count: int) -> Model:
    """Two callers of MLflow's own promotion met."""
    model = sound(name, count)
    model.version(count - 1).stage = model.version(2).stage = "Production"
    model.anomalies = {"several_production"}
    return model


def several_unmanaged(name: str, count: int) -> Model:
    """The same without any tag."""
    model = unmanaged(name, count)
    model.version(1).stage = "Production"
    model.anomalies = {"several_production"}
    return model


def alias_apart(name: str, count: int) -> Model:
    """Somebody promoted in the page of stages, the alias stayed behind."""
    model = sound(name, count)
    model.aliases["production"] = 3
    model.anomalies = {"alias_apart"}
    return model


def not_the_winner(name: str, count: int) -> Model:
    """A promoter was killed between its intent and its transition."""
    model = sound(name, count)
    model.version(count).stage = "None"
    stand(model, count - 1)
    model.right = count
    model.anomalies = {"not_the_winner", "alias_apart"}
    return model


def duplicate(name: str, count: int) -> Model:
    """One package registered twice by a client that lost an answer."""
    model = sound(name, count)
    model.version(count - 3).tags["modelhook.digest"] = model.version(count - 4).tags["modelhook.digest"]
    model.anomalies = {"duplicate"}
    return model


def failed(name: str, count: int) -> Model:
    """A registration that failed, and was left there."""
    model = sound(name, count)
    model.version(2).status = "FAILED_REGISTRATION"
    model.anomalies = {"not_ready"}
    return model


def everything(name: str, count: int) -> Model:
    """Several of them at once: the newest is not ready, and two others are Production beside it."""
    model = sound(name, count)
    model.version(count).status = "FAILED_REGISTRATION"
    model.version(3).stage = "Production"
    model.version(6).tags["modelhook.digest"] = model.version(5).tags["modelhook.digest"]
    model.right = count - 1
    model.anomalies = {"several_production", "not_the_winner", "alias_apart", "not_ready", "duplicate"}
    return model


SOUND = (sound, sound, unmanaged, never_promoted, rejected, decided, marked)
WRONG = (none, none_of_unmanaged, several, several_unmanaged, alias_apart, not_the_winner, duplicate, failed,
         everything)


def models(count: int, versions: int) -> list[Model]:
    """One in three with an anomaly, of every kind in turn."""
    made = []
    for index in range(count):
        makers = WRONG if index % 3 == 0 else SOUND
        made.append(makers[index // 3 % len(makers)](f"model-{index:03}", versions))
    return made


def expected(plan: list[Model]) -> set[tuple[str, str]]:
    """Every anomaly, by model and kind."""
    return {(model.name, kind) for model in plan for kind in model.anomalies}


def into_sqlite(plan: list[Model], database: Path) -> None:
    """Write them where a real MLflow keeps them, in one transaction; 10,000 calls would take minutes."""
    with closing(sqlite3.connect(database, timeout=60)) as db, db:
        for model in plan:
            db.execute("INSERT INTO registered_models (name, creation_time, last_updated_time) VALUES (?, ?, ?)",
                       (model.name, START, START))
            db.executemany("INSERT INTO registered_model_tags (name, key, value) VALUES (?, ?, ?)",
                           [(model.name, *tag) for tag in model.tags.items()])
            if model.aliases:  # no table of them in MLflow 1
                db.executemany("INSERT INTO registered_model_aliases (name, alias, version) VALUES (?, ?, ?)",
                               [(model.name, *alias) for alias in model.aliases.items()])
            db.executemany(
                "INSERT INTO model_versions (name, version, creation_time, last_updated_time, description, "
                "current_stage, source, run_id, status) VALUES (?, ?, ?, ?, '', ?, ?, '', ?)",
                [(model.name, v.number, v.created, v.created, v.stage, f"mlflow-artifacts:/1/{model.name}/{v.number}",
                  v.status) for v in model.versions])
            db.executemany("INSERT INTO model_version_tags (name, version, key, value) VALUES (?, ?, ?, ?)",
                           [(model.name, v.number, *tag) for v in model.versions for tag in v.tags.items()])


def into_folder(plan: list[Model], artifacts: Path) -> None:
    """The files of every version, where a real server keeps its artifacts."""
    for model in plan:
        for v in model.versions:
            folder = artifacts / "1" / model.name / str(v.number)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "MLmodel").write_bytes(MLMODEL)


def into_fake(plan: list[Model], fake: FakeMlflow) -> None:
    """Write them into a fake server."""
    for model in plan:
        for v in model.versions:
            fake.add_version(model.name, v.stage, tags=v.tags, source=f"mlflow-artifacts:/1/{model.name}/{v.number}")
            made: dict[str, Any] = fake.registry.model_versions[model.name][-1]
            made |= {"status": v.status, "creation_timestamp": v.created, "last_updated_timestamp": v.created}
            fake.registry.artifacts[f"1/{model.name}/{v.number}/MLmodel"] = MLMODEL
        kept = fake.registry.models[model.name]
        kept["tags"] = [{"key": key, "value": value} for key, value in model.tags.items()]
        kept["aliases"] = [{"alias": alias, "version": str(number)} for alias, number in model.aliases.items()]
