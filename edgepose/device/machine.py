"""The checks of `edgepose doctor`: interpreter, libraries, runtimes, device, model, cameras, broker.

Each check looks at one thing, loads as little as it can, and never raises. `fail` is for what every use needs, `warn`
for what some uses need.
"""

from __future__ import annotations

import grp
import os
import platform
import pwd
from collections.abc import Iterator
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from edgepose.backends.board import RELEASE_FILE, board_name, is_jetson
from edgepose.device.check import Check
from edgepose.device.site import broker, clock, disk
from edgepose.errors import EdgePoseError
from edgepose.publish.options import MqttOptions


def examine(broker_url: str, model: str | None = None, mqtt: MqttOptions | None = None) -> list[Check]:
    """Every check of this machine, the needed things first. mqtt: whom to trust where the broker speaks TLS."""
    return [
        _python(),
        _library("numpy", "numpy", "fail", "pip install 'numpy>=1.23'"),
        _opencv(),
        _native_core(),
        *_runtimes(),
        _int8(),
        _model(model),
        _gpu(),
        *_tensorrt(),
        _engine(model),
        _jetpack(),
        _library("PyAV (video and RTSP)", "av", "warn", "pip install 'edgepose[av]'; OpenCV reads videos until then"),
        _gstreamer(),
        _library("rich (progress bars)", "rich", "warn", "pip install 'edgepose[cli]'"),
        _library("pycocotools (evaluate)", "pycocotools", "warn", "pip install 'edgepose[eval]'"),
        _library("MQTT client", "paho-mqtt", "fail", "pip install 'paho-mqtt>=2.2'", module="paho.mqtt"),
        broker(broker_url, mqtt),
        *_cameras(),
        clock(),
        disk(),
        _memory(),
    ]


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Check(name="Python", status="ok", found=found)


def _library(
    name: str, distribution: str, if_missing: Literal["warn", "fail"], fix: str, module: str | None = None
) -> Check:
    """Presence and version, without importing it."""
    if not _installed(module or distribution):
        return Check(name=name, status=if_missing, found="not installed", fix=fix)
    return Check(name=name, status="ok", found=_version(distribution))


def _gstreamer() -> Check:
    name = "GStreamer bindings"
    if board_name() is None and not _installed("gi"):
        return Check(name=name, status="ok", found="not installed; only CSI cameras and Jetson decoding use them")
    return _library(name, "gi", "warn", "apt-get install python3-gi gir1.2-gstreamer-1.0, for CSI and Jetson decoding")


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # a parent package is missing, or is a stand-in without a spec
        return False


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:  # a system package, such as JetPack's
        return "installed"


def _opencv() -> Check:
    try:
        import cv2
    except Exception as error:  # a cv2 built against another numpy raises AttributeError or worse
        fix = "pip install opencv-python-headless; on a Jetson keep numpy below 2 and use JetPack's python3-opencv"
        return Check(name="OpenCV", status="fail", found=_first_line(error), fix=fix)
    if is_jetson() and "dist-packages" not in str(cv2.__file__):
        fix = "pip uninstall opencv-python opencv-python-headless; JetPack's own has GStreamer, which CSI cameras need"
        return Check(name="OpenCV", status="warn", found=f"{cv2.__file__} hides the system's", fix=fix)
    return Check(name="OpenCV", status="ok", found=cv2.__version__)


def _native_core() -> Check:
    try:
        import_module("edgepose.decode._native")
    except ImportError as error:
        fix = "build it: pip install -e . (needs a C++17 compiler and pybind11); NumPy groups until then, slower"
        return Check(name="native grouping", status="warn", found=_first_line(error), fix=fix)
    return Check(name="native grouping", status="ok", found="built")


def _runtimes() -> Iterator[Check]:
    names = {"openvino": "OpenVINO", "onnxruntime": "ONNX Runtime"}
    there = [name for name in names if _installed(name)]
    for name in there:
        yield Check(name=names[name], status="ok", found=_version(name))
    if not there:
        nothing = not _installed("tensorrt")
        yield Check(
            name="CPU runtime",
            status="fail" if nothing else "warn",
            found="neither OpenVINO nor ONNX Runtime",
            fix="pip install openvino" + ("" if nothing else " (engines run without)"),
        )


def _int8() -> Check:
    from edgepose.backends.cpu import int8_is_whole

    if int8_is_whole():
        return Check(name="INT8 on the CPU", status="ok", found="sums of INT8 products are whole")
    fix = "run FP32 models on this CPU; INT8 is for TensorRT, and for CPUs with VNNI or AMX"
    return Check(name="INT8 on the CPU", status="warn", found="no VNNI: sums are cut off at 16 bits", fix=fix)


def _model(model: str | None) -> Check:
    from edgepose.model import model_path, read_contract

    try:
        path = model_path(model)
        contract = read_contract(path)
    except EdgePoseError as error:
        fix = "check it with: edgepose model check FILE" if model else "reinstall EdgePose, or give --model"
        return Check(name="model", status="fail", found=str(error), fix=fix)
    return Check(name="model", status="ok", found=f"{path} ({contract.origin})")


def _engine(model: str | None) -> Check:
    from edgepose.device.engine_check import engine_words

    is_well, found, fix = engine_words(model)
    return Check(name="engine", status="ok" if is_well else "warn", found=found, fix=fix)


def _tensorrt() -> Iterator[Check]:
    if _gpu_node() is None and not _installed("tensorrt"):
        yield Check(name="TensorRT", status="ok", found="not installed, and no GPU for it")
        return
    on_board = "apt-get install python3-libnvinfer" if board_name() else "pip install tensorrt"
    yield _library("TensorRT", "tensorrt", "warn", f"{on_board}; the CPU runs the network until then")
    yield _library("pycuda", "pycuda", "warn", "pip install 'edgepose[jetson]'; TensorRT needs it for the GPU's memory")


def _gpu() -> Check:
    node = _gpu_node()
    if node is None and board_name() is None:
        return Check(name="NVIDIA GPU", status="ok", found="none, the network runs on the CPU")
    if node is None:
        return Check(name="NVIDIA GPU", status="warn", found="no device file", fix="flash the board with JetPack")
    if not os.access(node, os.R_OK | os.W_OK):
        return _no_access("NVIDIA GPU", node)
    return Check(name="NVIDIA GPU", status="ok", found=str(node))


def _gpu_node() -> Path | None:
    nodes = map(Path, ("/dev/nvidia0", "/dev/nvhost-gpu", "/dev/nvgpu"))
    return next((node for node in nodes if node.exists()), None)


def _jetpack() -> Check:
    board, release = board_name(), RELEASE_FILE
    if board is None:
        return Check(name="Jetson", status="ok", found=f"none, this is a {platform.machine()} machine")
    if not release.is_file():
        fix = "flash the board with JetPack 6 or newer"
        return Check(name="Jetson", status="warn", found=f"{board}, no JetPack release file", fix=fix)
    return Check(name="Jetson", status="ok", found=f"{board}, {release.read_text().splitlines()[0].lstrip('# ')}")


def _cameras() -> Iterator[Check]:
    nodes = sorted(Path("/dev").glob("video*"))
    if not nodes:
        fix = "plug one in, or use an RTSP camera or a file; in a container pass --device /dev/video0"
        yield Check(name="camera", status="warn", found="no /dev/video*", fix=fix)
    for node in nodes:
        if os.access(node, os.R_OK | os.W_OK):
            yield Check(name=f"camera {node.name}", status="ok", found=_camera_name(node))
        else:
            yield _no_access(f"camera {node.name}", node)


def _camera_name(node: Path) -> str:
    try:
        return Path(f"/sys/class/video4linux/{node.name}/name").read_text().strip()
    except OSError:
        return str(node)


def _no_access(name: str, node: Path) -> Check:
    try:
        group, user = grp.getgrgid(node.stat().st_gid).gr_name, pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        group, user = "video", "USER"
    fix = f"sudo usermod -aG {group} {user}, then log in again"
    return Check(name=name, status="warn", found=f"{node} is there, this user may not open it", fix=fix)


def _memory() -> Check:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        kib = int(next(line for line in lines if line.startswith("MemAvailable")).split()[1])
    except (OSError, StopIteration, ValueError):
        return Check(name="memory", status="warn", found="unknown", fix="")
    found = f"{kib / 2**20:.1f} GiB available"
    if kib < 512 * 1024:
        return Check(name="memory", status="warn", found=found, fix="close other programs; a network needs 0.5 GiB")
    return Check(name="memory", status="ok", found=found)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
