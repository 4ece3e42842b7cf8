#!/usr/bin/env python3
"""Writes the table of TensorFlow's ops that the inspection of a graph compares with.

    pip download --no-deps tensorflow-cpu==1.15.0 ... (2.4.0, 2.8.0, 2.12.0 and 2.16.1 as well)
    $(scripts/lib/venv.sh tensorflow)/bin/python scripts/lib/tensorflow-ops.py WHEEL... \\
        >packaging/savedmodel/op_names.inc

The ops are those that the TensorFlow of this interpreter has registered. Each WHEEL is an older TensorFlow, which is
read and not installed: the wrappers that it generates for its ops (gen_*.py) name them. What an older one has and
this one has not was removed.
"""

import re
import sys
import textwrap
import zipfile
from pathlib import Path

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

WRAPPER = re.compile(r'apply_op_helper\(\s*"(\w+)"')


def registered() -> set[str]:
    """The names of the ops of this TensorFlow."""
    ops = op_def_pb2.OpList()
    ops.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    return {op.name for op in ops.op}


def wrapped(wheel: str) -> set[str]:
    """The names of the ops that the wrappers in a wheel call; those of tf.contrib were libraries of their own."""
    with zipfile.ZipFile(wheel) as archive:
        files = [name for name in archive.namelist() if re.search(r"/gen_\w+\.py$", name) and "/contrib/" not in name]
        sources = [archive.read(name).decode() for name in files]
    return {name for source in sources for name in WRAPPER.findall(source)}


def table(name: str, ops: set[str]) -> str:
    """A sorted array of strings in C."""
    strings = " ".join(f'"{op}",' for op in sorted(ops, key=str.encode))
    lines = textwrap.fill(strings, 93, break_long_words=False, initial_indent="\t", subsequent_indent="\t", tabsize=8)
    return f"static const char *const {name}[] = {{\n{lines}\n}};\n"


def main() -> int:
    """Everything on stdout."""
    now = registered()
    removed = set().union(*map(wrapped, sys.argv[1:])) - now
    major, minor = tf.__version__.split(".")[:2]
    wheels = ", ".join(Path(wheel).name.split("-")[1] for wheel in sys.argv[1:])
    print(f"/* Made by scripts/lib/tensorflow-ops.py from TensorFlow {tf.__version__} and, for what was\n"
          f" * removed, {wheels}. */\n"
          f"#define OPS_MAJOR {major}\n#define OPS_MINOR {minor}\n")
    print(table("current_ops", now))
    print(table("removed_ops", removed), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
