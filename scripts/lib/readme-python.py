#!/usr/bin/env python3
"""The Python of a Markdown file, as it stands, one script a block: readme-python.py README.md FOLDER.

Blocks that import Airflow are a DAG's, and are left to the tests of those.
"""

import re
import sys
from pathlib import Path


def blocks(markdown: str) -> "list[str]":
    """The blocks of a trainer."""
    found = re.findall(r"^```python\n(.*?)^```", markdown, re.DOTALL | re.MULTILINE)
    return [block for block in found if re.search(r"^import modelhook$", block, re.MULTILINE)]


def main() -> None:
    """Writes readme_1.py and so on."""
    markdown, folder = Path(sys.argv[1]), Path(sys.argv[2])
    for number, block in enumerate(blocks(markdown.read_text(encoding="utf-8")), 1):
        (folder / f"readme_{number}.py").write_text(block, encoding="utf-8")


if __name__ == "__main__":
    main()
