"""The record of a run says what made an image."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from deepimagej.axes import parse_axes
from deepimagej.image import Image
from deepimagej.provenance import build_record, describe_image, same_run, to_info, versions
from deepimagej.request import Source, WeightsFormat

_LINE = 'run("DeepImageJ Run", "model=[Nuclei] format=onnx tile=256,256 device=cpu");'


def _record(**changes: Any) -> dict[str, Any]:
    pixels = np.arange(6, dtype=np.uint16).reshape(2, 3)
    values: dict[str, Any] = {
        "model": {"name": "Nuclei", "id": "10.5281/zenodo.1", "nickname": "", "version": "1.2"},
        "weights": {"format": WeightsFormat.ONNX, "file": Path("w.onnx"), "sha256": "ab" * 32},
        "inputs": {
            "raw": describe_image(Image(pixels, parse_axes("YX"), title="a.tif"), "/d/a.tif")
        },
        "request": _LINE,
        "engine": "onnxruntime 1.27.0",
        "device": "cpu",
        "options": {"threads": 2, "enable_mem_pattern": False},
        "tiles": {"tile": {"y": np.int64(256)}, "number": 1, "padded": {"raw": (1, 256, 256)}},
        "preprocessing": {"source": Source.ZOO, "operations": [{"name": "clip", "max": 1.5}]},
        "postprocessing": {"source": Source.MACRO, "macros": {"post.ijm": "cd" * 32}},
        "versions": {"deepimagej": "0.1.0", "imagej": "1.54p"},
        "notes": ["Two\nlines"],
        "timings": {"inference": 1.23456},
        "created": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    }
    return build_record(**{**values, **changes})


def test_a_record_is_plain_json() -> None:
    record = _record()
    assert json.loads(json.dumps(record)) == record
    assert record["weights"] == {"format": "onnx", "file": "w.onnx", "sha256": "ab" * 32}
    assert record["tiles"]["padded"] == {"raw": [1, 256, 256]}
    assert (record["created"], record["timings"]) == (
        "2026-01-02T03:04:05+00:00",
        {"inference": 1.2346},
    )


def test_the_info_property_has_a_line_for_each_value() -> None:
    lines = to_info(_record()).splitlines()
    assert lines[0] == "deepImageJ run"
    assert f"request = {_LINE}" in lines
    assert "model.name = Nuclei" in lines
    assert "tiles.padded.raw = 1, 256, 256" in lines
    assert "preprocessing.operations.1.name = clip" in lines
    assert "postprocessing.macros.post.ijm = " + "cd" * 32 in lines
    assert "notes = Two lines" in lines
    assert not [line for line in lines if line.startswith("model.nickname")]


def test_time_does_not_make_another_run() -> None:
    later = _record(timings={"inference": 9.0}, created=datetime(2027, 1, 1, tzinfo=UTC))
    from_file = json.loads(json.dumps({**_record(), "files": {"prob": "a_prob.tif"}}))
    assert same_run(from_file, later)


def test_whatever_may_change_pixels_makes_another_run() -> None:
    record = _record()
    others = [
        _record(request="other"),
        _record(device="cuda:0"),
        _record(engine="onnxruntime 1.28.0"),
        _record(versions={"deepimagej": "0.2.0"}),
        _record(weights={"format": "onnx", "file": "w.onnx", "sha256": "00" * 32}),
        _record(postprocessing={"source": "none"}),
    ]
    assert not [other for other in others if same_run(record, other)]
    assert not same_run({}, record)


def test_the_hash_of_an_image_is_of_its_values_not_of_its_memory() -> None:
    pixels = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
    hashes = [
        describe_image(Image(values, parse_axes("ZYX")))["sha256"]
        for values in (pixels, pixels.astype(">u2"), np.asfortranarray(pixels))
    ]
    assert len(set(hashes)) == 1
    others = [
        Image(pixels, parse_axes("TYX")),
        Image(pixels.astype(np.int16), parse_axes("ZYX")),
        Image(pixels.reshape(2, 4, 3), parse_axes("ZYX")),
        Image(pixels[::-1], parse_axes("ZYX")),
        Image(pixels[:0], parse_axes("ZYX")),
    ]
    found = {describe_image(image)["sha256"] for image in others}
    assert len(found) == 5
    assert hashes[0] not in found


def test_versions_name_what_takes_part() -> None:
    assert set(versions()) == {"deepimagej", "python", "numpy", "platform"}
    assert versions("1.54p")["imagej"] == "1.54p"
