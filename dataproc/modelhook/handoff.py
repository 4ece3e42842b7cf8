"""Writes handoff.json, the file with which a training script hands its model to modelhook.

    write_handoff("out/handoff.json", run_id=run.info.run_id, model="fish-classifier-efficientnet-b4",
                  saved_model="out/saved_model", metrics={"train_accuracy": 0.93, "val_accuracy": 0.91})

The file is there whole or not at all: it is written beside its place, flushed to the disk and renamed.
Whatever modelhook would refuse for its form is refused here already, by name, while the training still
runs.
"""

import datetime
import hashlib
import json
import math
import numbers
import os
import re
import secrets
from typing import Any, Dict, Mapping, Optional, Sequence, Union

from .errors import HandoffError

SCHEMA = "modelhook/handoff@1"
AnyPath = Union[str, "os.PathLike[str]"]

_TIME_WITH_ZONE = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_BLANKS = " \u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_BLOCK = 1 << 20
_ACCURACIES = ("accuracy", "acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy")
_NOT_MEASURED = ("learning_rate", "lr")


def write_handoff(
    path: AnyPath,
    *,
    run_id: str,
    model: str,
    saved_model: Optional[AnyPath] = None,
    logged_model: Optional[str] = None,
    artifact_path: Optional[str] = None,
    metrics: Any = None,
    trained_at: Union[str, datetime.datetime, None] = None,
    samples: Optional[Mapping[str, int]] = None,
    params: Optional[Mapping[str, Any]] = None,
    tags: Optional[Mapping[str, Any]] = None,
    description: Optional[str] = None,
    requirements: Optional[Sequence[str]] = None,
    files: bool = True,
) -> str:
    """Writes the handoff and returns its absolute path.

    run_id       the MLflow run: 32 lower-case hex digits
    model        the registered model's name
    saved_model  the folder of the SavedModel; or logged_model, the artifact path under which the script
                 has logged the model itself
    metrics      finite numbers by name; numpy's are taken too. Or the History that Keras's fit returned: the
                 last epoch's, under the names that history_metrics gives them
    trained_at   when the training ended: now, a datetime with a zone, or such a time as RFC 3339 text
    samples      counts by name: train, validation
    params, tags texts by name; numbers are written as text
    files        note the SHA-256 of every file of the SavedModel, so that a later change is named

    Raises HandoffError for what modelhook would refuse, and OSError for what the disk refuses; either
    way no file is left behind, and one that was there before stays as it was.
    """
    path = os.path.abspath(os.fspath(path))
    handoff: Dict[str, Any] = {
        "schema": SCHEMA,
        "run_id": _run_id(run_id),
        "model": _model(model),
        "trained_at": _time(trained_at),
        "metrics": {_key("metrics", key): _finite(key, value) for key, value in _metrics(metrics).items()},
        "samples": {_key("samples", key): _count(key, value) for key, value in (samples or {}).items()},
        "params": {_key("params", key): _text(f"params.{key}", value) for key, value in (params or {}).items()},
        "tags": {_tag(key): _text(f"tags.{key}", value) for key, value in (tags or {}).items()},
    }
    if (saved_model is None) == (logged_model is None):
        raise HandoffError("saved_model: exactly one of saved_model and logged_model is needed")
    if saved_model is not None:
        handoff.update(_saved_model(os.fspath(saved_model), os.path.dirname(path), files))
    else:
        handoff["logged_model"] = _line("logged_model", logged_model, 1024)
    if artifact_path is not None:
        handoff["artifact_path"] = _line("artifact_path", artifact_path, 1024)
    if description is not None:
        handoff["description"] = _text("description", description, 5000)
    if requirements is not None:
        if saved_model is None or isinstance(requirements, str) or not requirements:
            raise HandoffError("requirements: a list of pip requirements, and only for a saved_model")
        handoff["requirements"] = [_line("requirements", line, 1000) for line in requirements]
    text = json.dumps(handoff, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    _replace(path, text.encode("utf-8") + b"\n")
    return path


def history_metrics(history: Mapping[str, Sequence[Any]]) -> Dict[str, Any]:
    """The last epoch of a Keras History's dictionary, by the names that gates and descriptions know.

    What Keras measured on the training data gets the prefix train_, what it measured on the validation data
    has val_ already: loss is train_loss, val_loss stays. Its longer names for the accuracy, and acc, are
    accuracy: sparse_categorical_accuracy is train_accuracy. learning_rate and lr are not measured, and stay.
    Where EarlyStopping has put back the weights of another epoch, give a dictionary of that one's instead.
    """
    metrics: Dict[str, Any] = {}
    for key, values in history.items():
        if not values:
            raise HandoffError(f"metrics.{key}: no epoch has measured it")
        prefix, name = ("val_", key[4:]) if key.startswith("val_") else ("train_", key)
        name = key if key in _NOT_MEASURED else prefix + ("accuracy" if name in _ACCURACIES else name)
        if name in metrics:
            raise HandoffError(f"metrics.{name}: the history has more than one; give a dictionary")
        metrics[name] = values[-1]
    return metrics


def saved_model_files(folder: AnyPath) -> Dict[str, str]:
    """The SHA-256 of every file under a SavedModel's folder, by its path with slashes.

    Links are followed as modelhook does it: inside of the folder alone, and what is reached by a link as a part of
    the SavedModel is not taken again from the place that the link leads to.
    """
    folder = os.fspath(folder)
    found: Dict[str, str] = {}
    for where, folders, names in os.walk(folder, followlinks=True):
        hidden = ".." if os.path.islink(os.path.join(where, "..data")) else os.sep  # a volume of Kubernetes
        folders[:] = [name for name in folders if not name.startswith(hidden)]
        files = [name for name in names if not name.startswith(hidden)]
        for name in folders + files:
            _check_inside(folder, where, name)
        for name in files:
            file = os.path.join(where, name)
            found[os.path.relpath(file, folder).replace(os.sep, "/")] = file
    parts = {os.path.realpath(file) for path, file in found.items() if _is_part(path)}
    return {path: _sha256(file) for path, file in found.items()
            if _is_part(path) or os.path.realpath(file) not in parts}


def _check_inside(folder: str, where: str, name: str) -> None:
    """A file or a folder, inside of the folder, that does not lead back to where it is."""
    file = os.path.join(where, name)
    real, root, here = (os.path.realpath(path) + os.sep for path in (file, folder, where))
    if not real.startswith(root) or not (os.path.isfile(file) or os.path.isdir(file)):
        raise HandoffError(f"saved_model: {file} is neither a file nor a folder in {folder}")
    if here.startswith(real):
        raise HandoffError(f"saved_model: {file} leads back to a folder that it is in")


def _is_part(path: str) -> bool:
    """Whether TensorFlow has a use for a file of that path."""
    parts = ("saved_model.pb", "fingerprint.pb", "keras_metadata.pb")
    return path in parts or path.startswith(("variables/", "assets/", "assets.extra/"))


def _metrics(given: Any) -> Mapping[str, Any]:
    """A dictionary as it is, a History as its last epoch."""
    history = getattr(given, "history", None)
    if isinstance(history, Mapping):
        return history_metrics(history)
    if given is not None and not isinstance(given, Mapping):
        raise HandoffError(f"metrics: a dictionary or a Keras History is needed, this is {type(given).__name__}")
    return given or {}


def _saved_model(folder: str, beside: str, files: bool) -> Dict[str, Any]:
    """The key saved_model, relative where the folder lies beside the handoff, and its digests."""
    if not os.path.isfile(os.path.join(folder, "saved_model.pb")):
        raise HandoffError(f"saved_model: {folder} has no saved_model.pb")
    folder = os.path.abspath(folder)
    relative = os.path.relpath(folder, beside)
    inside = relative.split(os.sep, 1)[0] != os.pardir
    keys: Dict[str, Any] = {"saved_model": relative if inside else folder}
    if files:
        keys["files"] = saved_model_files(folder)
    return keys


def _sha256(file: str) -> str:
    digest = hashlib.sha256()
    with open(file, "rb") as stream:
        for block in iter(lambda: stream.read(_BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()


def _text(where: str, value: Any, most: int = 100000) -> str:
    """Text, or a number as text."""
    if isinstance(value, numbers.Number):
        value = str(value)
    if not isinstance(value, str):
        raise HandoffError(f"{where}: text is needed, this is {type(value).__name__}")
    if len(value) > most:
        raise HandoffError(f"{where}: longer than {most} characters")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise HandoffError(f"{where}: cannot be written as UTF-8") from error
    return value


def _line(where: str, value: Any, most: int) -> str:
    """One line of text that says something."""
    if not isinstance(value, str) or not value:
        raise HandoffError(f"{where}: text is needed, this is {value!r}")
    if any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in value):
        raise HandoffError(f"{where}: has a control character")
    return _text(where, value, most)


def _key(where: str, key: Any) -> str:
    return _line(f"{where}: the name {key!r}", key, 250)


def _tag(key: Any) -> str:
    if isinstance(key, str) and key.startswith("modelhook."):
        raise HandoffError(f'tags.{key}: names that begin with "modelhook." are the hook\'s own')
    return _key("tags", key)


def _run_id(run_id: Any) -> str:
    if not isinstance(run_id, str) or not re.fullmatch("[0-9a-f]{32}", run_id):
        raise HandoffError(f"run_id: 32 lower-case hex digits are needed, this is {run_id!r}")
    return run_id


def _model(model: Any) -> str:
    _line("model", model, 256)
    if "/" in model or ":" in model:
        raise HandoffError(f'model: has a "/" or ":", which the registry does not take: {model}')
    if model == "." or model.startswith(".."):
        raise HandoffError(f'model: is "." or begins with "..", which models:/NAME cannot address: {model}')
    if any(letter in model for letter in "?#@"):
        raise HandoffError(f'model: has a "?", "#" or "@", which models:/NAME/STAGE cannot address: {model}')
    if model[0] in _BLANKS or model[-1] in _BLANKS:
        raise HandoffError(f"model: begins or ends with a blank: {model!r}")
    if "'" in model and '"' in model:
        raise HandoffError(f"model: has both kinds of quotes, which MLflow cannot search for: {model}")
    return model


def _finite(key: str, value: Any) -> float:
    """A finite number; bool is none, and what numpy and TensorFlow call a float is one."""
    if isinstance(value, bool) or not (isinstance(value, numbers.Real) or hasattr(value, "__float__")):
        raise HandoffError(f"metrics.{key}: a number is needed, this is {value!r}")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise HandoffError(f"metrics.{key}: a number is needed, this is {value!r}") from error
    if not math.isfinite(number):
        raise HandoffError(f"metrics.{key}: {number}: the training has diverged or was not measured")
    return number


def _count(key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or not 0 <= value < 1 << 53:
        raise HandoffError(f"samples.{key}: a count is needed, this is {value!r}")
    return int(value)


def _time(when: Union[str, datetime.datetime, None]) -> str:
    """RFC 3339 with a zone: without one, which of two trainings is newer could not be said."""
    if when is None:
        when = datetime.datetime.now(datetime.timezone.utc)
    if isinstance(when, datetime.datetime):
        if when.utcoffset() is None:
            raise HandoffError(f"trained_at: {when} has no zone")
        when = when.astimezone(datetime.timezone.utc)
        return when.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    if not isinstance(when, str) or not _TIME_WITH_ZONE.fullmatch(when):
        raise HandoffError(f"trained_at: not a time with a zone, such as 2026-11-22T20:03:17Z: {when!r}")
    return when


def _replace(path: str, content: bytes) -> None:
    """Puts a file in its place at once, on the disk when this returns."""
    folder = os.path.dirname(path)
    beside = os.path.join(folder, f".{os.path.basename(path)}.{secrets.token_hex(6)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
