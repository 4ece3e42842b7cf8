"""A table of what became of each case at a model server, printed when all tests have run."""

from __future__ import annotations

from ended import Ended

HEAD = ("server", "case", "status", "answers", "message")


class ServedTable:
    """One row for each case."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, ...]] = []

    def add(self, server: str, case: str, ended: Ended, answers: object, did: str) -> None:
        """How a call ended, what it said or did, and what answers requests afterwards."""
        start = "modelhook: deploy "
        said = [line.removeprefix("modelhook: ") for line in ended.stderr.splitlines() if line.startswith(start)]
        self.rows.append((server, case, str(ended.status), str(answers), said[0] if said else did))

    def lines(self) -> list[str]:
        """The table with its head; nothing where there was no case."""
        if not self.rows:
            return []
        widths = [max(len(row[column]) for row in [HEAD, *self.rows]) for column in range(4)]
        return ["  ".join([*(row[column].ljust(widths[column]) for column in range(4)), row[4][:160]]).rstrip()
                for row in [HEAD, *self.rows]]
