"""The names that dataproc/modelhook exports: which there are, which were renamed, and the version."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import environment
import pytest
from conftest import Hook

sys.path.insert(0, str(environment.ROOT / "dataproc"))

import modelhook as api

RENAMED = [("HookError", "BinaryNotFoundError"), ("find_hook", "find_binary"), ("run_hook", "run_command")]


@pytest.mark.parametrize(("old", "new"), RENAMED)
def test_an_old_name_raises_with_the_new_one(old: str, new: str) -> None:
    message = rf"^modelhook\.{old} was renamed in 0\.2\.0: use modelhook\.{new}$"
    with pytest.raises(ImportError, match=message):
        exec(f"from modelhook import {old}")
    with pytest.raises(ImportError, match=message):
        getattr(api, old)
    assert callable(getattr(api, new))


def test_a_name_that_never_was_is_an_attribute_error() -> None:
    assert not hasattr(api, "find_hooks")


def test_every_exported_name_is_there_and_documented() -> None:
    assert [name for name in api.__all__ if name != "__version__" and not getattr(api, name).__doc__] == []


PACKAGE = environment.ROOT / "dataproc/modelhook"
Function = ast.FunctionDef | ast.AsyncFunctionDef


def parameters(function: Function) -> list[str]:
    """What a caller may give."""
    given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs, function.args.vararg]
    return [each.arg for each in given if each is not None and each.arg not in ("self", "cls", "_")]


def public(body: list[ast.stmt], owner: ast.ClassDef | None = None) -> list[tuple[Function, str]]:
    """The functions that others call, each with the text that documents it; a class documents its __init__."""
    found: list[tuple[Function, str]] = []
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            found += public(node.body, node)
        elif isinstance(node, Function) and not any("overload" in ast.unparse(each) for each in node.decorator_list):
            if node.name == "__init__" and owner is not None:
                found.append((node, ast.get_docstring(owner) or ""))
            elif not node.name.startswith("_"):
                found.append((node, ast.get_docstring(node) or ""))
    return found


@pytest.fixture(scope="module")
def documented() -> dict[str, str]:
    """What documents the parameters of Handoff and of run_command, which others take as well."""
    return {"Handoff": api.Handoff.__doc__ or "", "run_command": api.run_command.__doc__ or ""}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_parameter_is_documented_in_one_convention(path: Path, documented: dict[str, str]) -> None:
    missing = []
    for function, text in public(ast.parse(path.read_text(encoding="utf-8")).body):
        others = re.findall(r"parameters (?:are those )?of (\w+)", text)
        whole = text + "".join(documented[other] for other in others if other in documented)
        missing += [f"{function.name}: {name}" for name in parameters(function) if f":param {name}:" not in whole]
    assert missing == []


def test_every_error_has_one_base() -> None:
    errors = [value for value in vars(api).values() if isinstance(value, type) and issubclass(value, BaseException)]
    assert len(errors) == 6
    assert all(issubclass(error, api.ModelhookError) for error in errors)


def test_the_version_is_the_programs(hook: Hook) -> None:
    assert hook("--version").stdout.split()[1] == api.__version__
