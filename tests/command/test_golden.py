"""Golden requests: recorded at training, carried in the package, asked again at the service."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_model
from golden_requests import IMAGE, HandoffError, golden, recorded, write_handoff
from inference import Service, probabilities
from promoting import MODEL, Site


def train(site: Site, folder: Path, version: int, settings: dict[str, Any], **keys: Any) -> Path:
    """A training whose handoff Python writes, with golden requests."""
    job = folder / f"golden{version}"
    tiny_model.write(job / "saved_model", (version / 64,) * 8)
    (job / "modelhook.json").write_text(json.dumps(settings))
    return Path(write_handoff(
        job / "handoff.json", run_id=site.fake.add_run(), model=MODEL, saved_model=job / "saved_model",
        trained_at=f"2026-11-22T{9 + version:02}:00:00Z", **{"golden": recorded(version), **keys}))


def settings_of(service: Service, folder: Path, **served: Any) -> dict[str, Any]:
    """As the service's own, with golden requests."""
    return service.settings(folder, **{"golden": True, "timeout": "3s", **served})


def test_the_requests_travel_in_the_package_and_are_asked_again(site: Site, tmp_path: Path) -> None:
    with Service(replicas=2) as service:
        ended = site.run(train(site, tmp_path, 1, settings_of(service, tmp_path)))
    assert ended.status == 0
    assert ended.result["served"]["golden"] == 3
    assert ended.result["served"]["after"]["requests"] == 2 * 3 + 2 * 3
    tags = site.version(1)["tags"]
    assert json.loads(tags["modelhook.golden"]) == {"file": f"saved_model/{golden.REQUESTS}"}
    start = site.version(1)["source"].removeprefix("mlflow-artifacts:/") + "/"
    files = {path.removeprefix(start): body for path, body in site.fake.registry.artifacts.items()
             if path.startswith(start)}
    assert f"saved_model/{golden.REQUESTS}" in files
    example = json.loads(files["saved_model/assets.extra/input_example.json"])
    assert example == {"inputs": {"image": IMAGE.tolist()}}
    assert b"serving_input_path: saved_model/assets.extra/serving_input_example.json" in files["MLmodel"]


FAILURES = [("wrong", "request 1 at "), ("lying", "request 1 at ")]


@pytest.mark.parametrize(("behaviour", "message"), FAILURES)
def test_a_service_that_answers_otherwise_is_found_out_and_rolled_back(
        site: Site, tmp_path: Path, behaviour: str, message: str) -> None:
    with Service(refuses={2}, behaviour=behaviour) as service:
        settings = settings_of(service, tmp_path, on_failure="roll_back")
        assert site.run(train(site, tmp_path, 1, settings)).status == 0
        ended = site.run(train(site, tmp_path, 2, settings))
    assert ended.status == 81
    assert message in ended.errors[0]
    wrong = {"wrong": 0.96875, "lying": 0.03125}[behaviour]
    assert f'output "probs"[0,0]: {wrong}, recorded 0.0625' in ended.errors[0]
    assert (site.production, service.versions) == ([1], [1])


@pytest.mark.parametrize(("served", "path"), [
    ({"golden": {"protocol": "invocations"}}, "/invocations"),
    ({"golden": {"protocol": "v1"}}, f"/v1/models/{MODEL}:predict"),
    ({"golden": {"protocol": "v2"}, "model": "fish"}, "/v2/models/fish/infer"),
    ({"golden": {"template": {"pixels": "{image}", "who": "{me}"}, "answer": "/predictions", "path": "/predict"}},
     "/predict"),
])
def test_every_protocol_asks_the_same(site: Site, tmp_path: Path, served: dict[str, Any], path: str) -> None:
    asked = []
    with Service() as service:
        infer = service.infer

        def note(request: Any) -> None:
            asked.append((request.path, json.loads(request.body)))
            infer(request)

        service.infer = note  # type: ignore[method-assign]
        ended = site.run(train(site, tmp_path, 1, settings_of(service, tmp_path, **served)))
    assert ended.status == 0
    assert {name for name, _ in asked} == {path}
    first = min((body for _, body in asked), key=str)
    if "template" in served["golden"]:
        assert first == {"pixels": pytest.approx(np.array(IMAGE)), "who": "{me}"}
    elif path.endswith("infer"):
        assert (first["inputs"][0]["name"], first["inputs"][0]["datatype"], first["inputs"][0]["shape"]) == (
            "image", "FP32", [1, 4])
    else:
        assert np.array(first["inputs"]["image"], dtype="float32").shape == (1, 4)


def test_a_tolerance_of_the_training_or_of_the_settings_decides(site: Site, tmp_path: Path) -> None:
    near = [(IMAGE, np.array(probabilities(1), dtype="float32") + np.float32(0.01))]
    with Service() as service:
        settings = settings_of(service, tmp_path, timeout="2s")
        assert site.run(train(site, tmp_path, 1, settings, golden=near)).status == 80
        assert site.run(train(site, tmp_path, 2, settings, golden=[
            (IMAGE, np.array(probabilities(2), dtype="float32") + np.float32(0.01))], tolerance=0.05)).status == 0
        settings["served"]["golden"] = {"tolerance": 0.001}
        assert site.run(train(site, tmp_path, 3, settings, tolerance=0.05, golden=[
            (IMAGE, np.array(probabilities(3), dtype="float32") + np.float32(0.01))])).status == 80


def test_a_server_that_says_nothing_needs_them(site: Site, tmp_path: Path) -> None:
    with Service() as service:
        settings = service.settings(tmp_path)
        del settings["served"]["json_pointer"]
        settings["served"] |= {"server": "mlflow", "url": service.replicas[0].url}
        ended = site.run(site.train(9, config=settings))
        assert (ended.status, ended.errors[0].rpartition("served: ")[2]) == (
            78, 'a server of kind mlflow does not say which model it serves: "golden" is needed')
        assert "hint: record golden requests at training" in ended.stderr
        settings["served"]["golden"] = True
        ended = site.run(site.train(9, config=settings))
        assert ended.status == 80
        assert "version 1 has no golden requests" in ended.errors[0]
        assert site.run(train(site, tmp_path, 2, settings)).status == 0


def mlserver_settings(service: Service, folder: Path) -> dict[str, Any]:
    """As for an MLServer at the root of the service."""
    settings = settings_of(service, folder)
    del settings["served"]["json_pointer"]
    return {**settings, "served": {**settings["served"], "server": "mlserver", "url": service.replicas[0].url,
                                   "model": "fish"}}


def test_mlserver_is_proven_by_its_inference_answer(site: Site, tmp_path: Path) -> None:
    with Service(refuses={2}, behaviour="old") as service:
        settings = mlserver_settings(service, tmp_path)
        assert site.run(train(site, tmp_path, 1, settings)).status == 0
        ended = site.run(train(site, tmp_path, 2, settings))
    assert ended.status == 80
    assert "answered by version 1, expected 2" in ended.errors[0]


def test_triton_is_proven_by_its_index_and_by_its_inference_answer(site: Site, tmp_path: Path) -> None:
    """Versions of one model: the index says that the new one is ready, and the old one answers the same."""
    with Service() as service:
        infer = service.infer

        def answer(request: Any) -> None:
            if request.path == "/v2/repository/index":
                request.answer(200, [{"name": "fish", "version": str(number), "state": "READY"} for number in (1, 2)])
            else:
                infer(request)

        service.infer = answer  # type: ignore[method-assign]
        settings = mlserver_settings(service, tmp_path)
        settings["served"] |= {"server": "triton", "timeout": "2s", "rounds": 1}
        settings["deploy"] = []
        service.reload(1)
        ended = site.run(train(site, tmp_path, 1, settings))
        assert (ended.status, ended.errors[0].partition(" s: ")[2]) == (
            80, f"{service.replicas[0].url}: version 1 is ready, and so is version 2, "
                "which answers requests that name none")
        ended = site.run(train(site, tmp_path, 2, settings))
        assert (ended.status, ended.errors[0].partition(" s: ")[2]) == (
            80, f"golden: request 1 at {service.replicas[0].url}: answered by version 1, expected 2")


def broken(folder: Path, how: str) -> None:
    """Spoil the file of golden requests."""
    path = folder / "saved_model" / golden.REQUESTS
    content = path.read_bytes()
    if how == "cut":
        path.write_bytes(content[:-1])
    elif how == "flipped":
        path.write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])
    elif how == "empty":
        path.write_bytes(b"")
    else:
        body = b"\x32\x00"
        length = struct.pack("<Q", len(body))
        path.write_bytes(length + struct.pack("<I", golden._masked(length)) + body
                         + struct.pack("<I", golden._masked(body)))


@pytest.mark.parametrize(("how", "error"), [
    ("cut", "golden: golden request 3: is no whole record of a TFRecord file"),
    ("flipped", "golden: golden request 1: checksum mismatch"),
    ("empty", "golden: holds no golden request"),
    ("none", "golden: golden request 1: has no predict_log with inputs"),
])
def test_a_broken_file_is_refused_before_anything_is_sent(site: Site, tmp_path: Path, how: str, error: str) -> None:
    handoff = train(site, tmp_path, 1, {}, files=False)
    broken(handoff.parent, how)
    ended = site.run(handoff)
    assert (ended.status, ended.errors) == (65, [error])
    assert site.sent == []


@pytest.mark.parametrize(("requests", "error"), [
    ([], "golden: no requests"),
    ([({"pixels": IMAGE}, [0.0])], "golden: request 1: input: named pixels, the signature has image"),
    ([(IMAGE * np.nan, [0.0])], "holds NaN or infinity"),
    ([(np.array([1j]), [0.0])], "is of type complex128"),
    ([(IMAGE, IMAGE)] * 1001, "1001 requests, at most 1000"),
])
def test_what_cannot_be_recorded_is_refused_in_the_training(
        site: Site, tmp_path: Path, requests: list[Any], error: str) -> None:
    with pytest.raises(HandoffError, match=error):
        train(site, tmp_path, 1, {}, golden=requests)


@pytest.mark.parametrize("array", [
    np.arange(6, dtype="float32").reshape(2, 3), np.array([1.5, -2.0]), np.array([[1, -2]], dtype="int64"),
    np.array([True, False]), np.array(["cod", "Кета"], dtype=object), np.array(7, dtype="uint8"),
    np.array([0.5, 1e-3], dtype="float16"),
])
def test_what_was_recorded_is_read_again(tmp_path: Path, array: Any) -> None:
    tiny_model.write(tmp_path / "saved_model", (0.5,) * 8)
    golden.record(str(tmp_path / "saved_model"), [({"image": array}, {"probs": array})], "fish")
    ((inputs, outputs),) = golden.read(str(tmp_path / "saved_model" / golden.REQUESTS))
    for found in (inputs["image"], outputs["probs"]):
        assert found.shape == array.shape
        assert found.tolist() == array.tolist()
        assert golden.difference(array, found) is None
