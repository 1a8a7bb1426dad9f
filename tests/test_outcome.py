from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import roifile
from numpy.testing import assert_array_equal

from deepimagej.axes import (
    Axis,
    AxisName,
    AxisSize,
    DataDependentSize,
    SizeReference,
    SizeRule,
    parse_axes,
)
from deepimagej.bundle.spec import ModelSpec, TensorSpec
from deepimagej.image import Calibration, Display, Image
from deepimagej.outcome import (
    Part,
    join_images,
    join_rois,
    join_tables,
    output_image,
    output_table,
    split_outputs,
)
from deepimagej.positions import Layout, Position, match_axes
from deepimagej.processing import Tensor
from deepimagej.request import ChannelChoice

MICROSCOPE = Calibration(
    x=0.5,
    y=0.25,
    z=2.0,
    unit="nm",
    x_origin=3.0,
    y_origin=4.0,
    z_origin=1.0,
    frame_interval=7.0,
    time_unit="min",
)


def tensor(axes: str, *, name: str = "out", channels: tuple[str, ...] = ()) -> TensorSpec:
    def axis(letter: AxisName) -> Axis:
        size: AxisSize = SizeRule(max(len(channels), 1))
        if letter.is_spatial:
            size = SizeReference("raw", letter.value)
        if letter is AxisName.INDEX:
            size = DataDependentSize()
        return Axis(letter.value, letter, size, channel_names=channels if letter == "c" else ())

    return TensorSpec(name, tuple(axis(letter) for letter in parse_axes(axes)))


def values(output: TensorSpec, *shape: int, dtype: str = "float32") -> Tensor:
    numbers = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    return Tensor(numbers, tuple(axis.id for axis in output.axes), output.names)


def source(axes: str = "YX", *shape: int, **options: Any) -> Image:
    shape = shape or (8, 12)
    options = {"title": "cells.tif", "calibration": MICROSCOPE, **options}
    return Image(np.zeros(shape, np.float32), parse_axes(axes), **options)


def model(*outputs: TensorSpec) -> ModelSpec:
    return ModelSpec("m", Path(), Path("rdf.yaml"), "0.5.3", (tensor("bcyx"),), outputs, {})


def layout(axes: str, *shape: int, channel: ChannelChoice | None = None, **options: Any) -> Layout:
    channel = channel or ChannelChoice()
    return match_axes(source(axes, *shape, **options), tensor("bcyx"), channel, strict=False)


def plane(value: float, axes: str = "YX", shape: tuple[int, ...] = (4, 5), **options: Any) -> Image:
    return Image(np.full(shape, value, np.float32), parse_axes(axes), title="cells_out", **options)


@pytest.mark.parametrize(
    ("scale", "offset", "size", "origin"),
    [
        (1.0, 0.0, (0.5, 0.25), (3.0, 4.0)),
        (0.5, 0.0, (1.0, 0.5), (1.5, 2.0)),
        (2.0, 0.0, (0.25, 0.125), (6.0, 8.0)),
        (1.0, -2.0, (0.5, 0.25), (1.0, 2.0)),
        (2.0, -3.0, (0.25, 0.125), (3.0, 5.0)),
    ],
)
def test_calibration_follows_the_scale_and_the_origin_the_offset(
    scale: float, offset: float, size: tuple[float, float], origin: tuple[float, float]
) -> None:
    spatial = [Axis(n, AxisName(n), SizeReference("raw", n, scale, offset)) for n in "yx"]
    output = TensorSpec("out", tuple(spatial))
    shape = [spatial[0].size.length(8), spatial[1].size.length(12)]  # type: ignore[union-attr]
    made = output_image(output, values(output, *shape), source(), model(output))
    calibration = made.calibration
    assert (calibration.x, calibration.y) == size
    assert (calibration.x_origin, calibration.y_origin) == origin
    assert (calibration.z, calibration.unit, calibration.frame_interval) == (2.0, "nm", 7.0)


def test_a_fixed_output_size_sets_the_pixel_size() -> None:
    output = TensorSpec(
        "out", (Axis("y", AxisName.Y, SizeRule(4)), Axis("x", AxisName.X, SizeRule(24)))
    )
    made = output_image(output, values(output, 4, 24), source(), model(output))
    assert (made.calibration.y, made.calibration.x) == (0.5, 0.25)


def test_outputs_are_named_after_the_image_and_the_tensor() -> None:
    output = tensor("yx", name="probability")
    assert output_image(output, values(output, 8, 12), source(), model(output)).title == (
        "cells_probability"
    )


@pytest.mark.parametrize(
    ("name", "dtype", "is_label"),
    [
        ("out", "int64", True),
        ("out", "uint32", True),
        ("labels", "uint16", True),
        ("Instances", "uint8", True),
        ("denoised", "uint16", False),
        ("labels", "float32", False),
        ("labels", "bool", False),
    ],
)
def test_integers_that_name_objects_are_label_images(name: str, dtype: str, is_label: bool) -> None:
    output = tensor("bcyx", name=name)
    made = output_image(output, values(output, 1, 1, 2, 3, dtype=dtype), source(), model(output))
    assert made.is_label is is_label
    assert made.pixels.dtype == dtype


def test_integers_in_several_channels_are_no_labels() -> None:
    output = tensor("bcyx", name="labels", channels=("a", "b"))
    made = output_image(output, values(output, 1, 2, 2, 3, dtype="int64"), source(), model(output))
    assert not made.is_label


@pytest.mark.parametrize("axes", ["ic", "bic", "ci", "cbi"])
def test_a_list_is_a_table_with_a_row_an_object(axes: str) -> None:
    output = tensor(axes, channels=("y", "x"))
    numbers = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
    shape = [{"b": 1, "i": 3, "c": 2}[letter] for letter in axes]
    given = numbers if axes.index("i") < axes.index("c") else numbers.T
    rows = Tensor(given.reshape(shape), tuple(axes), parse_axes(axes))
    table = output_table(output, rows)
    assert table.to_dict("list") == {"y": [1, 3, 5], "x": [2, 4, 6]}


def test_a_list_without_names_numbers_its_columns() -> None:
    output = tensor("ic")
    assert list(output_table(output, values(output, 3, 2)).columns) == ["C1", "C2"]


def test_a_score_for_the_whole_image_is_a_row() -> None:
    output = tensor("bc", channels=("cat", "dog"))
    assert output_table(output, values(output, 1, 2)).to_dict("list") == {"cat": [0], "dog": [1]}


def test_a_list_without_channels_is_a_column() -> None:
    output = tensor("i")
    assert output_table(output, values(output, 3)).to_dict("list") == {"C1": [0, 1, 2]}


def test_images_and_lists_are_told_apart() -> None:
    picture, rows = tensor("bcyx", name="image"), tensor("ic", name="rows")
    given = {"image": values(picture, 1, 1, 8, 12), "rows": values(rows, 3, 2)}
    images, tables = split_outputs(model(picture, rows), given, source())
    assert (list(images), list(tables)) == (["image"], ["rows"])


def at(**indices: int) -> Position:
    return tuple((AxisName(letter), index) for letter, index in indices.items())


def test_planes_of_all_positions_are_one_stack_with_the_labels_of_the_image() -> None:
    stack = layout("ZYX", 3, 4, 5, labels=("a", "b", "c"))
    parts = [Part(at(z=n), {"out": plane(n)}) for n in range(3)]
    joined = join_images(parts, stack)["out"]
    assert joined.axes == parse_axes("ZYX")
    assert joined.pixels[:, 0, 0].tolist() == [0, 1, 2]
    assert joined.labels == ("a", "b", "c")


def test_images_that_differ_from_position_to_position_stay_apart() -> None:
    stack = layout("ZYX", 2, 4, 5)
    parts = [Part(at(z=0), {"crop": plane(1)}), Part(at(z=1), {"crop": plane(2, shape=(3, 3))})]
    joined = join_images(parts, stack)
    assert list(joined) == ["crop_z1", "crop_z2"]
    assert joined["crop_z2"].title == "cells_out_z2"
    assert joined["crop_z2"].pixels.shape == (3, 3)


def test_an_image_of_one_position_alone_is_called_after_it() -> None:
    parts = [Part(at(t=0, z=0), {}), Part(at(t=0, z=1), {"rare": plane(1)})]
    assert list(join_images(parts, layout("TZYX", 1, 2, 4, 5))) == ["rare_t1_z2"]


def test_a_stack_that_a_macro_builds_at_each_slice_stays_apart() -> None:
    parts = [Part(at(z=n), {"made": plane(n, "ZYX", (2, 4, 5))}) for n in range(2)]
    joined = join_images(parts, layout("ZYX", 2, 4, 5))
    assert {name: image.axes for name, image in joined.items()} == {
        "made_z1": parse_axes("ZYX"),
        "made_z2": parse_axes("ZYX"),
    }


def test_a_channel_axis_of_one_is_in_the_way_of_no_loop() -> None:
    each = layout("CYX", 2, 4, 5, channel=ChannelChoice(each=True))
    parts = [Part(at(c=n), {"out": plane(n, "BCYX", (1, 1, 4, 5))}) for n in range(2)]
    assert join_images(parts, each)["out"].axes == parse_axes("CYX")


def test_what_a_macro_made_of_one_image_keeps_its_labels_and_display() -> None:
    display = Display(ranges=((0.0, 9.0),))
    made = plane(3, "ZYX", (2, 4, 5), labels=("own", "labels"), display=display)
    joined = join_images([Part((), {"made": made})], layout("YX", 4, 5))["made"]
    assert joined.labels == ("own", "labels")
    assert joined.display is display


def test_tables_of_all_positions_tell_frame_slice_and_channel() -> None:
    parts = [
        Part(at(t=t, z=z, c=c), {}, {"Results": pd.DataFrame({"Area": [10 * t + z]})})
        for t, z, c in [(0, 0, 1), (1, 2, 0)]
    ]
    table = join_tables(parts, layout("TZCYX", 2, 3, 2, 4, 5))["Results"]
    assert table.to_dict("list") == {
        "Area": [0, 12],
        "frame": [1, 2],
        "slice": [1, 3],
        "channel": [2, 1],
    }


def test_a_table_of_one_position_of_a_stack_has_its_slice_too() -> None:
    parts = [Part(at(z=0), {}), Part(at(z=1), {}, {"Results": pd.DataFrame({"Area": [1]})})]
    table = join_tables(parts, layout("ZYX", 2, 4, 5))["Results"]
    assert table.to_dict("list") == {"Area": [1], "slice": [2]}


def test_a_table_of_a_single_image_has_no_such_columns() -> None:
    parts = [Part((), {}, {"Results": pd.DataFrame({"Area": [1]})})]
    assert list(join_tables(parts, layout("YX", 4, 5))["Results"].columns) == ["Area"]


def test_rois_lie_on_the_plane_that_they_were_found_on() -> None:
    def roi() -> roifile.ImagejRoi:
        return roifile.ImagejRoi.frompoints(np.array([[1, 2], [8, 2], [4, 9]]))

    in_stack = join_rois([Part(at(z=2), {}, rois=(roi(),))])
    assert in_stack[0].position == 3
    in_hyperstack = join_rois([Part(at(t=1, z=2), {}, rois=(roi(),))])[0]
    assert (in_hyperstack.t_position, in_hyperstack.z_position) == (2, 3)
    assert in_hyperstack.position == 0


def test_a_looped_axis_of_length_one_stays_an_axis() -> None:
    joined = join_images([Part(at(z=0), {"out": plane(5)})], layout("ZYX", 1, 4, 5))["out"]
    assert joined.axes == parse_axes("ZYX")
    assert_array_equal(joined.pixels, np.full((1, 4, 5), 5))
