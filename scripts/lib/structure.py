#!/usr/bin/env python3
"""Checks the structure of the C sources: who includes whom, where functions are declared, and knots.

structure.py            print what is wrong, then the counts; status 1 where something is
structure.py --rules    print the rules (scripts/lib/layers.txt) first
structure.py --knots    print every knot, also those inside a folder that are known

A unit is a .c file with its header. An arrow leads from a unit to each unit that it includes or whose public
functions it calls. A knot is a strongly connected component of more than one unit or folder.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RULES = ROOT / "scripts/lib/layers.txt"
GENERATED = {"version.h"}
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"' r"|'(?:\\.|[^'\\\n])*'")
INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
DEFINITION = re.compile(
    r"^(?!static\b|typedef\b|struct\s+\w+\s*\{|#)[A-Za-z_][^;{}()=#]*?\b([a-z_]\w*)\([^;{}]*\)\s*\{", re.MULTILINE)
NAME = re.compile(r"\b[a-z_]\w*\b")

# Functions that are declared in one header for all their files: main's table is one list of commands, and a header
# of one line for each of them would tell no more.
COMMON_HEADERS = {"command/command.h": re.compile(r"command_\w+")}

# Knots inside a folder that are meant: the units, and why they belong together.
KNOWN_KNOTS: dict[frozenset[str], str] = {}


def sources() -> list[str]:
    """Every C source and header of the program, as paths from the root of the checkout."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "hook/*.[ch]",
                             "packaging/*.[ch]"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return [path for path in listed.stdout.splitlines() if (ROOT / path).exists()]


def included_as(path: str) -> str:
    """The name by which #include finds a source."""
    return path.removeprefix("hook/")


def folder_of(name: str) -> str:
    """The folder of a source named as #include names it; a file directly in hook/ stands for itself."""
    return name.rpartition("/")[0] or name


def unit_of(name: str) -> str:
    """A source without its ending."""
    return name.rpartition(".")[0]


class Sources:
    """The text of all sources, what they include, define, declare and call."""

    def __init__(self) -> None:
        self.texts = {included_as(path): (ROOT / path).read_text(encoding="utf-8") for path in sources()}
        self.includes = {name: [found for found in INCLUDE.findall(text) if found not in GENERATED]
                         for name, text in self.texts.items()}
        self.code = {name: STRING.sub('""', COMMENT.sub(" ", text)) for name, text in self.texts.items()}
        self.defined_in: dict[str, str] = {}
        for name, code in self.code.items():
            if name.endswith(".c"):
                self.defined_in.update(dict.fromkeys(DEFINITION.findall(code), name))
        self.used = {name: set(NAME.findall(code)) for name, code in self.code.items()}

    def arrows(self) -> Iterable[tuple[str, str]]:
        """Pairs of units: the first includes the second or calls a function that it defines."""
        for name in self.texts:
            targets = {unit_of(included) for included in self.includes[name]}
            if name.endswith(".c"):
                targets |= {unit_of(self.defined_in[used]) for used in self.used[name] if used in self.defined_in}
            for target in targets - {unit_of(name)}:
                yield unit_of(name), target


def rules() -> dict[str, set[str]]:
    """The folders and files that a folder or file may include."""
    lines = (line.split() for line in RULES.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {name: set(allowed) for name, *allowed in filter(None, lines)}


def forbidden(all_sources: Sources) -> list[str]:
    """Includes that the rules do not allow."""
    allowed = rules()
    found = []
    for name, targets in all_sources.includes.items():
        may = allowed.get(name, allowed.get(folder_of(name)))
        if may is None:
            found.append(f"{name}: no rule for {folder_of(name)} in scripts/lib/layers.txt")
            continue
        for target in targets:
            if folder_of(target) != folder_of(name) and not may & {target, folder_of(target)}:
                found.append(f"{name} includes {target}")
    return found


def header_of(function: str, name: str) -> str:
    """The header that is to declare a public function of a file."""
    common = (header for header, names in COMMON_HEADERS.items()
              if folder_of(header) == folder_of(name) and names.fullmatch(function))
    return next(common, f"{unit_of(name)}.h")


def astray(all_sources: Sources) -> list[str]:
    """Public functions that are not declared in the header of the file that defines them."""
    found = []
    for function, name in sorted(all_sources.defined_in.items()):
        header = header_of(function, name)
        if function != "main" and function not in all_sources.used.get(header, set()):
            where = [other for other, used in all_sources.used.items() if other.endswith(".h") and function in used]
            found.append(f"{name}: {function} is declared in {', '.join(where) or 'no header'}, not in {header}")
    return found


def knots(arrows: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Strongly connected components of more than one node (Tarjan, SIAM J. Comput. 1, 1972)."""
    after: dict[str, set[str]] = defaultdict(set)
    for start, end in arrows:
        if start != end:
            after[start].add(end)
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        number[node] = low[node] = len(number)
        stack.append(node)
        for other in sorted(after[node]):
            if other not in number:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], number[other])
        if low[node] == number[node]:
            component = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(component) > 1:
                found.append(sorted(component))

    for node in sorted(after):
        if node not in number:
            visit(node)
    return found


def main() -> int:
    """Check everything and print it."""
    sys.setrecursionlimit(10000)
    if "--rules" in sys.argv:
        print(RULES.read_text(encoding="utf-8"), end="")
    all_sources = Sources()
    arrows = set(all_sources.arrows())
    includes = forbidden(all_sources)
    declared = astray(all_sources)
    folders = knots({(folder_of(start + ".c"), folder_of(end + ".c")) for start, end in arrows})
    units = [knot for knot in knots(arrows) if frozenset(knot) not in KNOWN_KNOTS or "--knots" in sys.argv]
    for title, lines in (("forbidden include", includes), ("declared elsewhere", declared),
                         ("knot of folders", [" ".join(knot) for knot in folders]),
                         ("knot of units", [" ".join(knot) for knot in units])):
        for line in lines:
            print(f"{title}: {line}")
    print(f"{len(includes)} forbidden includes, {len(declared)} functions declared elsewhere, "
          f"{len(folders)} knots of folders, {len(units)} knots of units")
    return 1 if includes or declared or folders or units else 0


if __name__ == "__main__":
    sys.exit(main())
