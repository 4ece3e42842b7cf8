"""Writes handoff.json, the file with which a training script hands its model to modelhook.

    write_handoff("out/handoff.json", run_id=run.info.run_id, model="fish-classifier-efficientnet-b4",
                  saved_model="out/saved_model", metrics={"train_accuracy": 0.93, "val_accuracy": 0.91})

The file is there whole or not at all: it is written beside its place, flushed to the disk and renamed.
Whatever modelhook would refuse for its form is refused where it is written, by name, while the training still
runs.
"""

import datetime
import difflib
import hashlib
import json
import math
import numbers
import os
import re
import secrets
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Sequence, Tuple, Union, overload

from .errors import HandoffError

if TYPE_CHECKING:
    from typing import Protocol

    class History(Protocol):
        """What Keras's fit returns."""

        @property
        def history(self) -> Any:
            """The values of each epoch by name."""
            ...

    class ModelInfo(Protocol):
        """What log_model of MLflow returns."""

        @property
        def model_uri(self) -> str:
            """runs:/RUN/PATH, or models:/m-ID."""
            ...


SCHEMA = "modelhook/handoff@1"
AnyPath = Union[str, "os.PathLike[str]"]

_TIME_WITH_ZONE = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_LOGGED_MODEL = re.compile(r"models:/m-[0-9a-f]{32}")
_BLANKS = " \u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_BLOCK = 1 << 20
_ACCURACIES = ("accuracy", "acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy")
_NOT_MEASURED = ("learning_rate", "lr")
_MISNAMED = {"val": "validation", "valid": "validation", "validate": "validation", "eval": "validation",
             "training": "train", "trainset": "train"}  # samples that no description and no gate would find


@dataclass
class Handoff:
    """What a training says of its model. Each value is checked when it is set.

    :param run_id: the MLflow run, 32 lower-case hex digits
    :param model: name of the registered model
    :param saved_model: directory of the SavedModel; or
    :param logged_model: what the script logged itself: the artifact path, ``runs:/RUN_ID/PATH``, ``models:/m-ID``, or
        the ModelInfo that MLflow's log_model returned
    :param metrics: finite numbers by name, numpy's too. Or the History that Keras's fit returned: the last epoch's,
        under the names that history_metrics gives them
    :param trained_at: when the training ended, as a datetime with a zone or as RFC 3339 text; None: now
    :param samples: counts by name: train, validation
    :param params: any values by name; they are written as text, as MLflow does
    :param tags: text or numbers by name
    :param description: of the model version; None: one is made of samples, architecture, accuracy and date
    :param requirements: pip requirements of a SavedModel; None: tensorflow and mlflow
    :param artifact_path: where a SavedModel goes in the run's artifacts; None: ``model``
    :param golden: requests with the answers that the model gave, [(input, output), ...], arrays or arrays by name, at
        most 1,000; they go into the SavedModel when the handoff is written, and are asked again at the service
    :param tolerance: how far such an answer may be from the recorded one, times the larger of 1 and its size; None: by
        its type
    :param files: whether to note the SHA-256 of every file of the SavedModel, so that a later change is named
    :raises HandoffError: modelhook would refuse a value
    """

    run_id: str
    model: str
    saved_model: Optional[AnyPath] = None
    logged_model: "Union[str, ModelInfo, None]" = None
    metrics: "Union[Mapping[str, Any], History, None]" = None
    trained_at: Union[str, datetime.datetime, None] = None
    samples: Optional[Mapping[str, int]] = None
    params: Optional[Mapping[str, Any]] = None
    tags: Optional[Mapping[str, Any]] = None
    description: Optional[str] = None
    requirements: Optional[Sequence[str]] = None
    artifact_path: Optional[str] = None
    files: bool = True
    golden: Optional[Sequence[Tuple[Any, Any]]] = None
    tolerance: Optional[float] = None

    if not TYPE_CHECKING:  # else a type checker takes every misspelled attribute

        def __setattr__(self, name: str, value: Any) -> None:
            """A misspelled key and a wrong value are errors where they are written."""
            if name.startswith("_"):
                super().__setattr__(name, value)
                return
            if name not in _CHECKS:
                near = difflib.get_close_matches(name, _CHECKS, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise AttributeError(f"{name} is not a key of a handoff{hint}")
            if value is not None or name in ("run_id", "model"):
                _CHECKS[name](self, value)
            super().__setattr__(name, value)

    def written(self, beside: str) -> Dict[str, Any]:
        """The content of the handoff file.

        :param beside: directory of that file; a SavedModel below it is named by its relative path
        :raises HandoffError: modelhook would refuse a value, or there is no model
        """
        if (self.saved_model is None) == (self.logged_model is None):
            raise HandoffError("saved_model: exactly one of saved_model and logged_model is needed")
        if self.requirements is not None and self.saved_model is None:
            raise HandoffError("requirements: only for a saved_model")
        keys = {each.name: getattr(self, each.name) for each in fields(Handoff)}
        found = {name: _CHECKS[name](self, value) for name, value in keys.items() if value is not None}
        lists = {name: found.get(name, {}) for name in ("metrics", "samples", "params", "tags")}
        note_files, golden, tolerance = (found.pop(name, None) for name in ("files", "golden", "tolerance"))
        if golden is not None:
            found.update(_golden_keys(found.get("saved_model"), golden, tolerance, self.model))
        if self.saved_model is not None:
            found.update(_saved_model_keys(found["saved_model"], beside, note_files is not False))
        return {"schema": SCHEMA, **found, **lists, "trained_at": _time(self.trained_at)}


@overload
def write_handoff(path: AnyPath, handoff: Handoff) -> str: ...


@overload
def write_handoff(
    path: AnyPath,
    *,
    run_id: str,
    model: str,
    saved_model: Optional[AnyPath] = None,
    logged_model: "Union[str, ModelInfo, None]" = None,
    metrics: "Union[Mapping[str, Any], History, None]" = None,
    trained_at: Union[str, datetime.datetime, None] = None,
    samples: Optional[Mapping[str, int]] = None,
    params: Optional[Mapping[str, Any]] = None,
    tags: Optional[Mapping[str, Any]] = None,
    description: Optional[str] = None,
    requirements: Optional[Sequence[str]] = None,
    artifact_path: Optional[str] = None,
    files: bool = True,
    golden: Optional[Sequence[Tuple[Any, Any]]] = None,
    tolerance: Optional[float] = None,
) -> str: ...


def write_handoff(path: AnyPath, handoff: Optional[Handoff] = None, **keys: Any) -> str:
    """Writes the handoff.

    :param path: the file to write
    :param handoff: what it says; or the keys of Handoff, each as a keyword
    :return: the absolute path of the file
    :raises HandoffError: modelhook would refuse a value
    :raises OSError: the file cannot be written; either way no file is left behind, and one that was there before
        stays as it was
    """
    path = os.path.abspath(os.fspath(path))
    if handoff is not None and keys:
        raise TypeError("write_handoff takes a Handoff or keywords, not both")
    content = (handoff or Handoff(**keys)).written(os.path.dirname(path))
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    _replace(path, text.encode("utf-8") + b"\n")
    return path


def history_metrics(history: Mapping[str, Sequence[Any]]) -> Dict[str, Any]:
    """The last epoch of a Keras History's dictionary, by the names that gates and descriptions know.

    What Keras measured on the training data gets the prefix train_, what it measured on the validation data
    has val_ already: loss is train_loss, val_loss stays. Its longer names for the accuracy, and acc, are
    accuracy: sparse_categorical_accuracy is train_accuracy. learning_rate and lr are not measured, and stay.
    Where EarlyStopping has put back the weights of another epoch, give a dictionary of that one's instead.

    :param history: the values of each epoch by name
    :return: the last value of each, by the new name
    :raises HandoffError: no epoch has measured a value, or two have the same new name
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
    """Digests a SavedModel.

    Links are followed as modelhook does it: inside of the directory alone, and what is reached by a link as a part of
    the SavedModel is not taken again from the place that the link leads to.

    :param folder: its directory
    :return: the SHA-256 of every file in hex digits, by its path with slashes
    :raises HandoffError: a link leads out of the directory, or back to where it is
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


def _saved_model(folder: Any) -> str:
    """A path, of what will be there when the handoff is written."""
    if not isinstance(folder, (str, os.PathLike)) or isinstance(os.fspath(folder), bytes):
        raise HandoffError(f"saved_model: a path is needed, this is {type(folder).__name__}")
    return str(os.fspath(folder))


def _saved_model_keys(folder: str, beside: str, files: bool) -> Dict[str, Any]:
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


def _golden_pairs(value: Any) -> Sequence[Tuple[Any, Any]]:
    """Pairs, whose arrays are looked at when they are recorded."""
    if not isinstance(value, Sequence) or any(not isinstance(pair, tuple) or len(pair) != 2 for pair in value):
        raise HandoffError("golden: a list of (input, output) is needed")
    return value


def _tolerance(value: Any) -> float:
    number = _finite("tolerance", value)
    if number <= 0:
        raise HandoffError(f"tolerance: {number} is no tolerance")
    return number


def _golden_keys(saved_model: Optional[str], golden: Sequence[Tuple[Any, Any]], tolerance: Optional[float],
                 model: str) -> Dict[str, Any]:
    """The requests into the SavedModel, and the keys that say so."""
    if saved_model is None:
        raise HandoffError("golden: only for a saved_model")
    from .golden import REQUESTS, GoldenError, record  # noqa: PLC0415 - this file works alone without it

    try:
        record(saved_model, golden, model)
    except GoldenError as error:
        raise HandoffError(f"golden: {error}") from error
    return {"golden": REQUESTS} if tolerance is None else {"golden": REQUESTS, "golden_tolerance": tolerance}


def _sha256(file: str) -> str:
    digest = hashlib.sha256()
    with open(file, "rb") as stream:
        for block in iter(lambda: stream.read(_BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()


def _logged_model(run_id: str, given: Any) -> str:
    """What names a model that MLflow has logged: an artifact path of the run, or the URI of a LoggedModel."""
    uri = getattr(given, "model_uri", given)
    if not isinstance(uri, str):
        raise HandoffError("logged_model: an artifact path, a URI or MLflow's ModelInfo is needed, "
                           f"this is {type(given).__name__}")
    if uri.startswith("models:/") and not _LOGGED_MODEL.fullmatch(uri):
        raise HandoffError(f"logged_model: {uri} is not a logged model: models:/m-ID is needed")
    if uri.startswith("runs:/"):
        of, _, uri = uri[len("runs:/"):].partition("/")
        if of != run_id:
            raise HandoffError(f"logged_model: is of the run {of}, not of run_id {run_id}")
    return uri if _LOGGED_MODEL.fullmatch(uri) else _artifact("logged_model", uri)


def _artifact(where: str, given: Any) -> str:
    """A path in the run's artifacts."""
    path = _line(where, given, 1024)
    if any(part in ("", ".", "..") for part in path.split("/")) or "#" in path or "\\" in path:
        raise HandoffError(f"{where}: a plain relative path is needed, this is {path!r}")
    return path


def _each(where: str, given: Any, key: Callable[[Any], str], value: Callable[[str, Any], Any]) -> Dict[str, Any]:
    """A mapping with each key and each value checked."""
    if not isinstance(given, Mapping):
        raise HandoffError(f"{where}: a dictionary is needed, this is {type(given).__name__}")
    return {key(name): value(name, each) for name, each in given.items()}


def _param(key: str, value: Any) -> str:
    """As MLflow logs it: str() of anything."""
    return _text(f"params.{key}", str(value))


def _sample(key: Any) -> str:
    if key in _MISNAMED:
        raise HandoffError(f"samples.{key}: no gate and no description reads it; the name is {_MISNAMED[key]}")
    return _key("samples", key)


def _requirements(lines: Any) -> Sequence[str]:
    if isinstance(lines, str) or not isinstance(lines, Sequence) or not lines:
        raise HandoffError("requirements: a list of pip requirements is needed")
    return [_line("requirements", line, 1000) for line in lines]


def _files(files: Any) -> bool:
    if not isinstance(files, bool):
        raise HandoffError(f"files: True or False is needed, this is {files!r}")
    return files


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


def _model(given: Any) -> str:
    model = _line("model", given, 256)
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
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or not 0 <= int(value) < 1 << 53:
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


# what is written for each key of a handoff, from what it was given
_CHECKS: Dict[str, Callable[[Handoff, Any], Any]] = {
    "run_id": lambda _, value: _run_id(value),
    "model": lambda _, value: _model(value),
    "saved_model": lambda _, value: _saved_model(value),
    "logged_model": lambda handoff, value: _logged_model(handoff.run_id, value),
    "metrics": lambda _, value: _each("metrics", _metrics(value), lambda key: _key("metrics", key), _finite),
    "trained_at": lambda _, value: _time(value),
    "samples": lambda _, value: _each("samples", value, _sample, _count),
    "params": lambda _, value: _each("params", value, lambda key: _key("params", key), _param),
    "tags": lambda _, value: _each("tags", value, _tag, lambda key, each: _text(f"tags.{key}", each)),
    "description": lambda _, value: _text("description", value, 5000),
    "requirements": lambda _, value: _requirements(value),
    "artifact_path": lambda _, value: _artifact("artifact_path", value),
    "files": lambda _, value: _files(value),
    "golden": lambda _, value: _golden_pairs(value),
    "tolerance": lambda _, value: _tolerance(value),
}
