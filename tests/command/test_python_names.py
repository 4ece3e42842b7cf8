"""The names that dataproc/modelhook exports: which there are, which were renamed, and the version."""

from __future__ import annotations

import sys

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


def test_every_error_has_one_base() -> None:
    errors = [value for value in vars(api).values() if isinstance(value, type) and issubclass(value, BaseException)]
    assert len(errors) == 6
    assert all(issubclass(error, api.ModelhookError) for error in errors)


def test_the_version_is_the_programs(hook: Hook) -> None:
    assert hook("--version").stdout.split()[1] == api.__version__
