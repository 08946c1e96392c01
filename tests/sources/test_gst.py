"""CSI cameras and GStreamer chains, with videotestsrc where a board has its camera."""

from __future__ import annotations

import subprocess
import sys
import time
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from edgepose.errors import MissingDependencyError, SourceError
from edgepose.sources.csi import CsiSource, chain, sensor_id
from edgepose.sources.gst_reader import JETSON, Caps, Elements, GstReader, Part, make, picture
from edgepose.sources.options import SourceOptions


def test_a_csi_camera_gives_pictures_of_the_wished_size_and_rate(software: Elements) -> None:
    source = CsiSource("csi://0", SourceOptions(width=320, height=240, fps=30), software)
    frames = [frame for _ in range(4) if (frame := source.read(5))]
    source.close()
    assert {frame.image.shape for frame in frames} == {(240, 320, 3)}
    assert all(later.t > earlier.t for earlier, later in pairwise(frames))
    assert source.name == "csi0"


def test_the_chain_on_a_board_is_argus_in_hardware_memory_scaled_by_nvvidconv() -> None:
    camera, captured, converter, output = chain(1, SourceOptions(width=640, height=480, fps=15), JETSON)
    assert camera == Part("nvarguscamerasrc", {"sensor-id": 1})
    assert isinstance(captured, Caps)
    assert (captured.memory, captured.rate) == ("memory:NVMM", 15)
    assert converter == Part("nvvidconv", {"interpolation-method": 1})  # bilinear, where its default is the nearest
    assert isinstance(output, Caps)
    assert output.fields == {"format": "BGRx", "width": 640, "height": 480}


def test_caps_carry_typed_fields_rate_and_memory(gst: object) -> None:
    caps = make(Caps(fields={"format": "NV12", "width": 64}, rate=Fraction(30000, 1001), memory="memory:NVMM"))
    told = caps.get_property("caps").to_string()
    assert "memory:NVMM" in told
    assert "width=(int)64" in told
    assert "framerate=(fraction)30000/1001" in told


@pytest.mark.parametrize("uri", ["csi://", "csi://x", "csi://0 ! filesink location=x", "csi://0?a=b", "csi://-1"])
def test_what_is_no_sensor_number_is_refused(uri: str) -> None:
    with pytest.raises(SourceError, match="no CSI camera"):
        sensor_id(uri)


def test_without_the_board_the_missing_element_is_named(gst: object) -> None:
    if gst.ElementFactory.find("nvarguscamerasrc"):  # type: ignore[attr-defined]
        pytest.skip("this is a board")
    with pytest.raises(MissingDependencyError, match="nvarguscamerasrc"):
        CsiSource("csi://0")


def test_a_property_value_cannot_become_an_element(gst: object) -> None:
    source = make(Part("filesrc", {"location": "x ! fakesink"}))
    assert source.get_property("location") == "x ! fakesink"


def test_an_element_that_fails_is_one_sentence(software: Elements) -> None:
    broken = [Part("filesrc", {"location": "/nowhere"}), Part("jpegdec"), Part(software.converter)]
    reader = GstReader(broken, "camera 'x'", 5, 5)
    with pytest.raises(SourceError, match="camera 'x': "):
        read_to_the_end(reader)
    reader.close()


def test_a_silent_camera_is_given_up_and_does_not_keep_its_caller(software: Elements) -> None:
    silent = [Part("appsrc", {"is-live": True}), Caps(fields={"format": "BGRx"})]
    reader = GstReader(silent, "camera 'x'", 0.5, 0.5)
    begin = time.monotonic()
    assert reader.read() is None
    assert time.monotonic() - begin < 5
    with pytest.raises(SourceError, match=r"no picture for 0\.5 s"):
        read_to_the_end(reader)
    reader.close()


def read_to_the_end(reader: GstReader) -> None:
    while True:
        reader.read()


def test_the_end_of_the_stream_is_an_end(software: Elements) -> None:
    reader = GstReader([Part("videotestsrc", {"num-buffers": 3}), Caps(fields={"format": "BGRx"})], "x", 5, 5)
    with pytest.raises(EOFError):
        read_to_the_end(reader)
    reader.close()


def test_a_program_that_ends_without_closing_still_lets_the_camera_go(software: Elements) -> None:
    program = f"""
import sys
sys.path += {sys.path!r}
from edgepose.sources.csi import CsiSource
from edgepose.sources.gst_reader import Elements, GstReader
stop = GstReader.close
GstReader.close = lambda reader: (stop(reader), print("let go"))
CsiSource("csi://0", elements={software!r}).read()
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.stdout, ended.returncode) == ("let go\n", 0), ended.stderr


def test_padded_rows_are_cut_off() -> None:
    rows = np.arange(2 * 16, dtype=np.uint8).reshape(2, 16)
    image = picture(rows.tobytes(), 3, 2)
    assert image.shape == (2, 3, 3)
    assert image[1, 2].tolist() == [24, 25, 26]
