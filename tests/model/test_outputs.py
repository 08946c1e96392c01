"""Heatmaps and PAFs are found by shapes that only one reading explains, whatever the size, order, layout and names."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgepose.errors import ModelError
from edgepose.model.graph import Graph, Port
from edgepose.model.outputs import stride_of
from edgepose.model.presets import recognise

FAMILIES = {  # heatmaps, PAFs, stride of each
    "bodyposenet": (19, 38, 8, 8),
    "bodyposenet deployable": (19, 38, 8, 2),
    "human_pose_estimation_0001": (19, 38, 8, 8),
    "trt_pose": (18, 42, 4, 4),
}


def port(name: str, layout: str, channels: int, hw: tuple[int | None, int | None], batch: int | None) -> Port:
    shape = (batch, channels, *hw) if layout == "NCHW" else (batch, *hw, channels)
    return Port(name, shape, "float32")


def two_of(family: str, hw: tuple[int, int], **words) -> Graph:
    """One stage of a family as its exporters write it."""
    n_heatmaps, n_pafs, heat, paf = FAMILIES[family]
    layout = "NHWC" if family.startswith("bodyposenet") else "NCHW"
    outputs = [
        port("pafs", layout, n_pafs, (hw[0] // paf, hw[1] // paf), 1),
        port("heatmaps", layout, n_heatmaps, (hw[0] // heat, hw[1] // heat), 1),
    ]
    return Graph((port("data", layout, 3, hw, 1),), tuple(outputs), 13, 8)


@pytest.mark.parametrize("size", [(256, 456), (256, 304), (304, 304), (304, 400), (152, 152), (288, 384), (368, 656)])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_map_as_wide_as_it_has_channels_is_no_tensor_of_channels(family, size):
    """57, 38 and 19 are channel counts and the widths of maps at stride 8 of 456, 304 and 152 pixels."""
    spec = recognise(two_of(family, size), "pose").spec
    assert (spec.heatmaps.name, spec.pafs.name) == ("heatmaps", "pafs")
    assert {spec.heatmaps.layout, spec.pafs.layout} == {spec.input_layout}
    assert (spec.heatmaps.stride, spec.pafs.stride) == FAMILIES[family][2:]
    assert spec.input_hw == size
    assert not spec.dynamic_size


@dataclass(frozen=True)
class Case:
    """A random export and what it is."""

    graph: Graph
    heatmaps: str
    pafs: str
    layout: str
    strides: tuple[int, int]


@st.composite
def exports(draw) -> Case:
    """An export of one or several stages, any size, in any order, with names that say something or nothing."""
    family = draw(st.sampled_from(sorted(FAMILIES)))
    n_heatmaps, n_pafs, *strides = FAMILIES[family]
    layout = "NHWC" if family.startswith("bodyposenet") else "NCHW"
    out_layout = layout if draw(st.booleans()) else draw(st.sampled_from(["NCHW", "NHWC"]))
    whole = max(strides) * draw(st.sampled_from([1, 2]))
    hw = tuple(whole * draw(st.integers(3, 90)) for _ in range(2))
    free = draw(st.sampled_from(["neither", "neither", "height", "width", "both"]))
    batch = draw(st.sampled_from([1, None, 4]))
    n_stages = draw(st.integers(1, 4))
    style = draw(st.sampled_from(["stage", "plain", "openpose", "numbers"]))

    def sizes(stride: int) -> tuple[int | None, int | None]:
        height, width = hw[0] // stride, hw[1] // stride
        return None if free in ("height", "both") else height, None if free in ("width", "both") else width

    stages = list(range(n_stages))
    if style in ("stage", "openpose"):  # such names number the stages; else the last is the last
        stages = draw(st.permutations(stages))
    outputs, names = [], {}
    for stage in stages:
        kinds = [("heatmaps", n_heatmaps, strides[0]), ("pafs", n_pafs, strides[1])]
        if draw(st.booleans()):
            kinds.reverse()
        for kind, channels, stride in kinds:
            name = {
                "stage": f"stage_{stage}_{kind}",
                "plain": kind if stage == 0 else f"{kind}_{stage}",
                "openpose": f"Mconv7_stage{stage}_L{1 if kind == 'pafs' else 2}",
                "numbers": str(100 + len(outputs)),
            }[style]
            outputs.append(port(name, out_layout, channels, sizes(stride), batch))
            if stage == n_stages - 1:
                names[kind] = name
    graph = Graph((port("data", layout, 3, sizes(1), batch),), tuple(outputs), 13, 8)
    return Case(graph, names["heatmaps"], names["pafs"], out_layout, tuple(strides))


@settings(max_examples=1500, deadline=None)
@given(exports())
def test_any_export_is_read_as_it_was_made(case):
    n_heatmaps, n_pafs = (18, 42) if case.strides[0] == 4 else (19, 38)
    known = [size for out in case.graph.outputs for size in out.shape if size is not None]
    sizes = case.graph.inputs[0].shape[1:]
    if None in sizes:  # a width that equals a channel count, with nothing else to tell it from
        wanted = {n_heatmaps: 0, n_pafs: 0}
        for size in known:
            if size in wanted:
                wanted[size] += 1
        stages = len(case.graph.outputs) // 2
        assume(all(count <= stages for count in wanted.values()))
    spec = recognise(case.graph, "pose").spec
    assert (spec.heatmaps.name, spec.pafs.name) == (case.heatmaps, case.pafs)
    assert (spec.heatmaps.layout, spec.pafs.layout) == (case.layout, case.layout)
    if sizes[1:] != (None, None) and None not in sizes:
        assert (spec.heatmaps.stride, spec.pafs.stride) == case.strides
    assert spec.batch == (case.graph.batch or 1)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(["NCHW", "NHWC"]),
    st.tuples(st.integers(8, 90), st.integers(8, 90)),
    st.booleans(),
    st.sampled_from(["net_output", "57", "pafs_heatmaps", "heatmaps_pafs"]),
)
def test_one_tensor_for_both_is_read_in_the_input_s_axis_order(layout, cells, free, name):
    hw = tuple(8 * n for n in cells)
    one = port(name, layout, 57, (None, None) if free else cells, 1)
    graph = Graph((port("image", layout, 3, (None, None) if free else hw, 1),), (one,), 13, 8)
    spec = recognise(graph, "pose").spec
    assert (spec.heatmaps.name, spec.heatmaps.layout, spec.heatmaps.stride) == (name, layout, 8)
    pafs_first = name.startswith("pafs")
    assert (spec.heatmaps.channels, spec.pafs.channels) == (((38, 57), (0, 38)) if pafs_first else ((0, 19), (19, 57)))


@pytest.mark.parametrize(
    ("pixels", "cells", "wanted"),
    [
        ((256, 456), (32, 57), (True, 8)),
        ((250, 457), (32, 58), (True, 8)),  # rounded up
        ((250, 457), (31, 57), (True, 8)),  # rounded down
        ((256, 456), (38, 32), (False, None)),
        ((256, 456), (19, 34), (False, None)),
        ((None, 456), (None, 57), (True, 8)),
        ((None, 456), (None, 38), (True, 12)),
        ((None, None), (32, 57), (True, None)),
        ((304, 304), (38, 19), (False, None)),
    ],
)
def test_one_stride_fits_both_axes_or_none(pixels, cells, wanted):
    assert stride_of(pixels, cells) == wanted


def test_outputs_that_no_stride_explains_are_refused_with_what_they_are():
    outputs = (port("pafs", "NCHW", 38, (40, 40), 1), port("heatmaps", "NCHW", 19, (32, 57), 1))
    graph = Graph((port("data", "NCHW", 3, (256, 456), 1),), outputs, 13, 8)
    with pytest.raises(ModelError, match="pafs float32 1 x 38 x 40 x 40"):
        recognise(graph, "pose")
