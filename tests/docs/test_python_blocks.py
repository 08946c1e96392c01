"""Every Python block of the documentation runs as it stands, in a folder that holds what it names."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from builders import standing
from networks import EXPORTS, one_person, write_export
from pages import PAGES, blocks, name

from edgepose.backends.recording import RecordingWriter
from edgepose.decode.render import render_fields
from edgepose.model import ModelSpec
from edgepose.sources import open_source

HW = (192, 320)
SCENE = f"synthetic://?people=2&width={HW[1]}&height={HW[0]}&frames=30"
WANTS_A_RUNTIME = ("PoseEstimator(", 'source="people.avi"', "pose.onnx")
BLOCKS = [
    pytest.param(block, id=f"{name(page)}-{number}")
    for page in PAGES
    for number, block in enumerate(blocks(page.read_text(encoding="utf-8"), "python"))
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A picture, a video, a network and an edgepose.toml whose network is a recording of the scene it names."""
    cv2 = pytest.importorskip("cv2")
    folder = tmp_path_factory.mktemp("docs")
    source = open_source(SCENE)
    video = cv2.VideoWriter(str(folder / "people.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, HW[::-1])
    with RecordingWriter(folder / "scene.npz", ModelSpec(name="scene", input_hw=HW), HW) as writer:
        for _ in range(30):
            frame = source.read()
            writer.append(render_fields([pose.keypoints for pose in source.truth(frame)], HW))
            if frame.seq < 3:
                video.write(frame.image)
    cv2.imwrite(str(folder / "people.jpg"), frame.image)
    video.release()
    (folder / "edgepose.toml").write_text(f'[model]\npath = "scene.npz"\n[[sources]]\nuri = "{SCENE}"\n')
    if find_spec("onnx"):
        write_export(folder / "pose.onnx", EXPORTS["openpose"], (256, 320), [one_person()], fixed=True)
    return folder


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_runs_as_it_stands(block, folder, monkeypatch, capfd):
    if any(word in block for word in WANTS_A_RUNTIME) and not (find_spec("openvino") or find_spec("onnxruntime")):
        pytest.skip("no runtime for networks is installed")
    monkeypatch.chdir(folder)
    people = [(standing((200, 180), height=150), number / 10) for number in range(3)]
    exec(compile(block, "a block of the documentation", "exec"), {"__name__": "__main__", "people": people})
    assert capfd.readouterr().err == ""


def test_the_rule_of_the_guide_to_embedding_detects_its_crowd(folder, monkeypatch, capfd):
    monkeypatch.chdir(folder)
    (block,) = (one.values[0] for one in BLOCKS if "class Crowd" in one.values[0])
    exec(block, {"__name__": "__main__"})
    assert "crowd full {'people': 2}" in capfd.readouterr().out
