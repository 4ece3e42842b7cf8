"""Model servers that are told to load a version, and are believed only what they have loaded.

Triton and MLServer are the real programs. TensorFlow Serving is a stand-in that loads with TensorFlow and obeys the
documented rules of polling (tests/support/tf_serving_stand_in.py).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conftest import SERVED, Ended
from model_servers import MLServer, TfServingStandIn, Triton
from promoting import Site, wait_for

NOT_SERVED, LATER = 80, 75


class Cases:
    """Trainings one after another, each of which one server is to serve; a row of the table for each."""

    def __init__(self, site: Site, scaled: Path, name: str, entry: dict[str, Any]) -> None:
        self.site = site
        self.scaled = scaled
        self.name = name
        self.entry = entry
        self.hour = 0
        site.hook.env["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"

    def config(self, **keys: Any) -> dict[str, Any]:
        """Settings with the server, and more keys of it."""
        kind = self.name.split()[0]
        return {"deploy": [{kind: {**self.entry, **keys}, "timeout": "4m"}]}

    def train(self, number: int | None, **keys: Any) -> Path:
        """A training of a model that multiplies by the number; None: of one that TensorFlow cannot load."""
        self.hour += 1
        model = {"saved_model": str(self.scaled / str(number))} if number is not None else {}
        return self.site.train(self.hour, config=self.config(**keys), **model)

    def row(self, case: str, ended: Ended, answers: object) -> None:
        """One more row of the table."""
        did = [step["did"] for step in ended.result["steps"] if step["name"] in self.name]
        SERVED.add(self.name, case, ended, answers, " ".join(did))


def test_triton_serves_what_the_index_says_and_not_what_a_200_says(
        site: Site, scaled: Path, tmp_path: Path) -> None:
    with Triton(tmp_path / "triton") as server:
        cases = Cases(site, scaled, "triton", {
            "url": server.url, "model": "fish", "repository": str(server.repository)})
        server.configure("fish")
        for number in (1, 2):
            ended = site.run(cases.train(number))
            cases.row(f"promotion {number}", ended, server.infer("fish", 3))
            assert (ended.status, server.infer("fish", 3)) == (0, (str(number), 3.0 * number))

        server.configure("fish", "version_policy: { specific: { versions: [2] } }\n")
        ended = site.run(cases.train(3))
        cases.row("a 200, but the policy keeps version 2", ended, server.infer("fish", 3))
        assert ended.status == NOT_SERVED
        assert ended.errors == ["deploy triton: fish was loaded, but not as version 3; ready: 2"]
        assert server.infer("fish", 3) == ("2", 6.0)
        assert site.production == [3]

        server.configure("fish")
        ended = site.run(cases.train(None))
        cases.row("a model that does not load", ended, server.infer("fish", 3))
        assert ended.status == NOT_SERVED
        assert ended.errors[0].startswith(f"deploy triton: HTTP 400 from {server.url}/v2/repository/models/fish/load: ")
        assert "version 4" in ended.errors[0]

        server.stop()
        handoff = cases.train(5)
        ended = site.run(handoff)
        cases.row("the server is away", ended, "nothing")
        assert (ended.status, ended.result["retryable"]) == (LATER, True)
        with server:
            ended = site.run(handoff)
            cases.row("and back: the same command", ended, server.infer("fish", 3))
            assert (ended.status, server.infer("fish", 3)) == (0, ("5", 15.0))


def test_mlserver_is_not_believed_by_its_index(site: Site, scaled: Path, tmp_path: Path) -> None:
    with MLServer(tmp_path / "mlserver") as server:
        repository = {"repository": str(server.repository)}
        cases = Cases(site, scaled, "mlserver", {"url": server.url, "model": "fish"})
        for number in (1, 2):
            ended = site.run(cases.train(number, **repository))
            cases.row(f"promotion {number}", ended, server.infer("fish", 3))
            assert (ended.status, server.infer("fish", 3)) == (0, (str(number), 3.0 * number))

        settings = server.repository / "fish/model-settings.json"
        kept = json.loads(settings.read_text())
        settings.write_text(json.dumps({**kept, "parameters": {**kept["parameters"], "version": "9"}}))
        (item,) = server.index()
        assert (item["version"], item["state"]) == ("9", "READY")  # the trap: it has loaded version 2
        assert server.infer("fish", 3)[0] == "2"
        ended = site.run(cases.train(3))  # nobody publishes the files
        cases.row("a 200 and READY, but as version 9", ended, server.infer("fish", 3))
        assert ended.status == NOT_SERVED
        assert ended.errors[0].startswith("deploy mlserver: fish was loaded, but not as version 3: HTTP 4")

        settings.write_text(json.dumps(kept))
        ended = site.run(cases.train(None, **repository))
        cases.row("a model that does not load", ended, server.infer("fish", 3))
        assert ended.status == NOT_SERVED
        assert ended.errors[0].startswith(f"deploy mlserver: HTTP 500 from {server.url}/v2/repository/models/fish/load")

        server.stop()
        handoff = cases.train(5, **repository)
        ended = site.run(handoff)
        cases.row("the server is away", ended, "nothing")
        assert (ended.status, ended.result["retryable"]) == (LATER, True)
        with server:
            ended = site.run(handoff)
            cases.row("and back: the same command", ended, server.infer("fish", 3))
            assert (ended.status, server.infer("fish", 3)) == (0, ("5", 15.0))


def test_a_polled_directory_is_served_when_the_server_says_available(
        site: Site, scaled: Path, tmp_path: Path) -> None:
    with TfServingStandIn(tmp_path / "tf-serving") as server:
        base = server.repository / "fish"
        cases = Cases(site, scaled, "directory (TF Serving stand-in)", {
            "path": str(base), "url": f"{server.url}/v1/models/fish"})
        for number in (1, 2):
            ended = site.run(cases.train(number))
            cases.row(f"promotion {number}", ended, server.predict(3))
            assert (ended.status, server.predict(3)) == (0, 3.0 * number)

        ended = site.run(cases.train(None))
        cases.row("a model that does not load", ended, server.predict(3))
        assert ended.status == NOT_SERVED
        assert ended.errors[0].startswith("deploy directory: the server could not load version 3: ")
        assert server.predict(3) == 6.0

        ended = site.run(cases.train(4))
        cases.row("the next one", ended, server.predict(3))
        assert (ended.status, server.predict(3)) == (0, 12.0)
        wait_for(lambda: server.status() == {"4": "AVAILABLE", "3": "END", "2": "END", "1": "END"})
        published = json.loads((base / "modelhook-published.json").read_text())["numbers"]
        assert [(item["number"], item["version"]) for item in published] == [(2, 2), (3, 3), (4, 4)]
        assert sorted(path.name for path in base.iterdir() if path.name.isdigit()) == ["2", "3", "4"]
