"""Every form of axes and sizes that formats 0.3 to 0.5 have, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deepimagej.axes import AxisName, DataDependentSize, SizeReference, SizeRule
from deepimagej.errors import BundleError
from minimal_rdf import rdf_0_4, rdf_0_5, read, tensor

if TYPE_CHECKING:
    from pathlib import Path

    from deepimagej.axes import AxisSize
    from deepimagej.bundle import ModelSpec, TensorSpec

BATCH: dict[str, Any] = {"type": "batch"}
CHANNEL: dict[str, Any] = {"type": "channel", "channel_names": ["dapi", "gfp"]}
AXIS_HINT = (
    "Axes are b, t, z, c, y, x and i, or batch, time, space, channel and index in format 0.5."
)
SIZE_HINT = "Give the length, min and step, or a reference to an axis of another tensor."


def space(letter: str, size: Any, **values: Any) -> dict[str, Any]:
    return {"type": "space", "id": letter, "size": size, **values}


def sizes(tensor: TensorSpec) -> dict[str, AxisSize]:
    return {axis.id: axis.size for axis in tensor.axes}


def read_output(folder: Path, output: dict[str, Any], **input_: Any) -> TensorSpec:
    inputs = [tensor("raw", **{"shape": {"min": [1, 1, 16, 16], "step": [0, 0, 8, 8]}, **input_})]
    return read(folder, rdf_0_4(inputs=inputs, outputs=[output])).outputs[0]


def refusal(folder: Path, rdf: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(BundleError) as caught:
        read(folder, rdf)
    prefix = f"{folder / 'bundle' / 'bioimageio.yaml'}: "
    assert caught.value.message.startswith(prefix)
    return caught.value.message.removeprefix(prefix), caught.value.hint


# Formats 0.3 and 0.4


def test_min_and_step_are_rules_and_a_batch_of_min_1_step_0_is_open(tmp_path: Path) -> None:
    spec = read(tmp_path, rdf_0_4())
    rule = SizeRule(16, 8)
    assert sizes(spec.inputs[0]) == {"b": SizeRule(1, 1), "c": SizeRule(1), "y": rule, "x": rule}
    assert spec.batch_is_open
    assert spec.warnings == ()


def test_an_explicit_shape_fixes_the_batch_and_ties_equal_lengths_of_the_output(
    tmp_path: Path,
) -> None:
    shape = [1, 1, 256, 128]
    outputs = [tensor("prob", shape=shape, halo=[0, 0, 8, 4])]
    spec = read(tmp_path, rdf_0_4(inputs=[tensor("raw", shape=shape)], outputs=outputs))
    assert not spec.batch_is_open
    assert sizes(spec.inputs[0])["y"] == SizeRule(256)
    assert sizes(spec.outputs[0])["y"] == SizeReference("raw", "y")
    assert [axis.halo for axis in spec.outputs[0].axes] == [0, 0, 8, 4]


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (512, SizeReference("raw", "y", 2.0)),
        (64, SizeReference("raw", "y", 0.25)),
        (216, SizeReference("raw", "y", 1.0, -20.0)),
        (28, SizeRule(28)),
    ],
)
def test_lengths_of_fixed_models_are_tied_where_they_tell_scale_or_offset(
    tmp_path: Path, length: int, expected: AxisSize
) -> None:
    output = tensor("prob", shape=[1, 1, length, length])
    assert sizes(read_output(tmp_path, output, shape=[1, 1, 256, 256]))["y"] == expected


def test_lengths_of_pyramidal_models_are_not_tied(tmp_path: Path) -> None:
    rdf = rdf_0_4(
        inputs=[tensor("raw", shape=[1, 1, 256, 256])],
        outputs=[tensor("masks", shape=[1, 1, 256, 256])],
        config={"deepimagej": {"pyramidal_model": "true"}},
    )
    spec = read(tmp_path, rdf)
    assert spec.pyramidal
    assert sizes(spec.outputs[0])["y"] == SizeRule(256)


def test_a_reference_has_scale_and_offset_and_scale_0_or_null_makes_a_new_axis(
    tmp_path: Path,
) -> None:
    shape = {
        "reference_input": "raw",
        "scale": [1.0, 0.0, None, 2.0, 0.5],
        "offset": [0.0, 1.5, 0.5, -3.0, 0.5],
    }
    output = read_output(tmp_path, tensor("prob", axes="bczyx", shape=shape))
    assert sizes(output) == {
        "b": SizeReference("raw", "b"),
        "c": SizeRule(3),
        "z": SizeRule(1),
        "y": SizeReference("raw", "y", 2.0, -3.0),
        "x": SizeReference("raw", "x", 0.5, 0.5),
    }


def test_an_output_may_have_a_batch_that_the_input_lacks(tmp_path: Path) -> None:
    """The published virtual stainings: input yxc, output byxc with scale 3 on c."""
    inputs = [tensor("raw", axes="yxc", shape=[1224, 1224, 1])]
    shape = {"reference_input": "raw", "scale": [1, 1, 1, 3], "offset": [1, 0, 0, 0]}
    outputs = [tensor("stain", axes="byxc", shape=shape, halo=[0, 150, 150, 0])]
    spec = read(tmp_path, rdf_0_4(inputs=inputs, outputs=outputs))
    assert sizes(spec.outputs[0])["b"] == SizeRule(1)
    assert sizes(spec.outputs[0])["c"] == SizeReference("raw", "c", 3.0)
    assert not spec.batch_is_open


def test_lengths_of_minus_1_in_an_output_are_known_only_afterwards(tmp_path: Path) -> None:
    output = read_output(tmp_path, tensor("scores", axes="bi", shape=[-1, -1]))
    assert sizes(output) == {"b": SizeRule(1, 1), "i": DataDependentSize()}


def test_an_output_of_one_sample_closes_the_batch_of_the_input(tmp_path: Path) -> None:
    outputs = [tensor("boxes", axes="bic", shape=[1, 1000, 6])]
    spec = read(tmp_path, rdf_0_4(outputs=outputs))
    assert sizes(spec.inputs[0])["b"] == SizeRule(1)
    assert not spec.batch_is_open


def test_min_and_step_of_an_output_follow_those_of_the_input(tmp_path: Path) -> None:
    shape = {"min": [1, 3, 8, 16], "step": [0, 0, 4, 8]}
    spec = read(tmp_path, rdf_0_4(outputs=[tensor("prob", shape=shape)]))
    assert sizes(spec.outputs[0]) == {
        "b": SizeReference("raw", "b"),
        "c": SizeRule(3),
        "y": SizeReference("raw", "y", 0.5),
        "x": SizeReference("raw", "x"),
    }
    assert spec.warnings == (
        'The output "prob" gives min and step; its lengths are taken to follow the first input.',
    )


def test_a_halo_on_the_input_goes_over_to_the_output(tmp_path: Path) -> None:
    shape = {"reference_tensor": "raw", "scale": [1, 1, 0.5, 2], "offset": [0, 0, 0, 0]}
    output = read_output(tmp_path, tensor("prob", shape=shape), halo=[0, 0, 11, 22])
    assert [axis.halo for axis in output.axes] == [0, 0, 6, 44]


@pytest.mark.parametrize(
    "axes", ["bcyx", "BCYX", "b,c,y,x", list("bcyx"), ["batch", "c", "y", "x"]]
)
def test_axes_may_be_letters_or_a_list(tmp_path: Path, axes: Any) -> None:
    rdf = rdf_0_4()
    rdf["inputs"][0]["axes"] = axes
    assert read(tmp_path, rdf).inputs[0].names == tuple(AxisName(letter) for letter in "bcyx")


@pytest.mark.parametrize(
    ("key", "value", "message", "hint"),
    [
        ("axes", "bcyq", 'The input "raw" has an unknown axis "q".', AXIS_HINT),
        ("axes", "bcyy", 'The input "raw" has more than one axis y.', AXIS_HINT),
        ("axes", None, 'The input "raw" has no axes.', AXIS_HINT),
        ("shape", None, 'The input "raw" has no shape.', SIZE_HINT),
        (
            "shape",
            [1, 256, 256],
            'The input "raw" has axes bcyx and 3 numbers in its shape.',
            "Give one number for each axis.",
        ),
        (
            "shape",
            [1, 1, "wide", 256],
            'Axis y of the input "raw" has an impossible size: wide.',
            SIZE_HINT,
        ),
        (
            "shape",
            {"min": [1, 1, 16, 16], "step": [0, 0, -8, 8]},
            'Axis y of the input "raw" has an impossible size: min 16 step -8.',
            SIZE_HINT,
        ),
    ],
)
def test_an_impossible_input_is_refused_with_its_name(
    tmp_path: Path, key: str, value: Any, message: str, hint: str
) -> None:
    rdf = rdf_0_4()
    rdf["inputs"][0][key] = value
    assert refusal(tmp_path, rdf) == (message, hint)


def test_a_shape_that_refers_to_an_unknown_tensor_is_refused(tmp_path: Path) -> None:
    rdf = rdf_0_4(outputs=[tensor("prob", shape={"reference_tensor": "image"})])
    assert refusal(tmp_path, rdf) == (
        'The shape of the output "prob" refers to the unknown tensor "image".',
        "The tensors are raw, prob.",
    )


# Format 0.5


def test_all_sizes_of_format_0_5_are_read(tmp_path: Path) -> None:
    inputs = [BATCH, CHANNEL, space("y", {"min": 64, "step": 16}), space("x", 128)]
    reference = {"tensor_id": "raw", "axis_id": "y", "offset": -3}
    outputs = [
        BATCH,
        {"type": "index", "size": {"min": 2, "max": 9}},
        space("y", reference, halo=4),
        space("x", "raw.x"),
    ]
    spec = read(tmp_path, rdf_0_5(inputs, outputs))
    assert sizes(spec.inputs[0]) == {
        "batch": SizeRule(1, 1),
        "channel": SizeRule(2),
        "y": SizeRule(64, 16),
        "x": SizeRule(128),
    }
    assert spec.inputs[0].axes[1].channel_names == ("dapi", "gfp")
    assert sizes(spec.outputs[0]) == {
        "batch": SizeReference("raw", "batch"),
        "index": DataDependentSize(2, 9),
        "y": SizeReference("raw", "y", 1.0, -1.5),
        "x": SizeReference("raw", "x"),
    }
    assert spec.outputs[0].axes[2].halo == 4
    assert spec.batch_is_open


def test_a_batch_of_size_1_is_not_open(tmp_path: Path) -> None:
    inputs = [{**BATCH, "size": 1}, space("x", 128)]
    assert not read(tmp_path, rdf_0_5(inputs, [BATCH, space("x", "raw.x")])).batch_is_open


def test_scales_of_both_axes_make_the_scale_of_a_reference(tmp_path: Path) -> None:
    inputs = [space("x", {"min": 32, "step": 16}, scale=0.5, unit="micrometer")]
    outputs = [space("x", {"tensor_id": "raw", "axis_id": "x"}, scale=2.0, unit="micrometer")]
    spec = read(tmp_path, rdf_0_5(inputs, outputs))
    assert sizes(spec.outputs[0]) == {"x": SizeReference("raw", "x", 0.25)}
    assert spec.outputs[0].axes[0].scale == 2.0
    assert spec.outputs[0].axes[0].unit == "micrometer"


def test_an_axis_may_refer_to_another_of_its_own_tensor(tmp_path: Path) -> None:
    inputs = [space("y", {"tensor_id": "raw", "axis_id": "x"}), space("x", {"min": 8, "step": 8})]
    spec = read(tmp_path, rdf_0_5(inputs, [space("y", "raw.y")]))
    assert sizes(spec.inputs[0])["y"] == SizeReference("raw", "x")


def names(spec: ModelSpec) -> list[tuple[str, str]]:
    return [(axis.id, axis.name.value) for axis in spec.inputs[0].axes]


def test_a_space_axis_without_id_is_what_the_others_leave(tmp_path: Path) -> None:
    inputs = [{"type": "space", "size": 8}, {"type": "space", "size": 9}, space("z", 5)]
    spec = read(tmp_path, rdf_0_5(inputs, [space("x", "raw.x")]))
    assert names(spec) == [("y", "y"), ("x", "x"), ("z", "z")]


def test_a_space_axis_with_another_id_is_guessed_and_said(tmp_path: Path) -> None:
    inputs = [space("height", 8), space("lateral", 9)]
    spec = read(tmp_path, rdf_0_5(inputs, [space("x", "raw.lateral")]))
    assert names(spec) == [("height", "y"), ("lateral", "x")]
    assert 'The input "raw" has a space axis "lateral"; it is taken for x.' in spec.warnings


def test_rows_and_columns_of_a_table_are_index_and_channel(tmp_path: Path) -> None:
    outputs: list[dict[str, Any]] = [
        {"type": "index", "id": "row", "size": {"min": 1}},
        {"type": "index", "id": "column", "size": 4},
    ]
    spec = read(tmp_path, rdf_0_5([space("x", 9)], outputs))
    assert spec.outputs[0].names == (AxisName.INDEX, AxisName.CHANNEL)


def test_references_tell_neither_capitals_nor_short_ids_apart(tmp_path: Path) -> None:
    inputs = [CHANNEL, space("x", 9)]
    outputs = [{"type": "index", "size": {"tensor_id": "RAW", "axis_id": "c"}}]
    assert sizes(read(tmp_path, rdf_0_5(inputs, outputs)).outputs[0]) == {
        "index": SizeReference("raw", "channel")
    }


@pytest.mark.parametrize(
    ("axes", "message", "hint"),
    [
        ([{"type": "voxel"}], 'The output "prob" has an unknown axis "voxel".', AXIS_HINT),
        ([space("x", 1), space("x", 1)], 'The output "prob" has more than one axis x.', AXIS_HINT),
        ([space("x", None)], 'Axis x of the output "prob" has no size.', SIZE_HINT),
        ([space("x", 0)], 'Axis x of the output "prob" has an impossible size: 0.', SIZE_HINT),
        (
            [space("x", "image.x")],
            'Axis x of the output "prob" refers to the unknown tensor "image".',
            "The tensors are raw, prob.",
        ),
        (
            [space("x", "raw.z")],
            'Axis x of the output "prob" refers to the unknown axis "z" of the input "raw".',
            "Its axes are x.",
        ),
        (
            [space("x", "prob.y"), space("y", "prob.x")],
            'The length of axis x of "prob" refers to itself.',
            "Give the length, or min and step, on one of the axes.",
        ),
        (
            [space(f"a{n}", 1) for n in range(4)],
            'The output "prob" has more than three space axes.',
            AXIS_HINT,
        ),
        (
            [space("x", 1), {"type": "index", "id": "x", "size": 1}],
            'The output "prob" has more than one axis called x.',
            AXIS_HINT,
        ),
    ],
)
def test_an_impossible_output_is_refused_with_its_name(
    tmp_path: Path, axes: list[dict[str, Any]], message: str, hint: str
) -> None:
    assert refusal(tmp_path, rdf_0_5([space("x", 9)], axes)) == (message, hint)
