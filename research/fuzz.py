"""Damaged and hostile inputs: every one must end in a result or in one sentence, in bounded time and memory.

    python research/fuzz.py [--cases 20000] [--seed 1] [--only pictures videos onnx coco npz toml uris] [--keep DIR]

Files of each kind are made here, then changed: bits flipped, bytes cut out, repeated or replaced by numbers that
readers stumble over, and every file cut at each hundredth of its length. Each kind runs in child processes of its own;
a case that ends one, hangs for more than 10 s or raises anything but an EdgePoseError is counted, and kept in DIR.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import logging
import multiprocessing
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgepose.errors import EdgePoseError

HANG_S = 10
MEMORY_MB = 3000
BATCH = 100
"""Cases that one child runs; a death costs the rest of its batch, which a fresh child goes on with."""

ODD_NUMBERS = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]
ODD_WORDS = ["null", "NaN", "-1", "1e400", "1e308", '""', "[]", "{}", "true", "9" * 400, '"\\ud800"', "[" * 500, "inf"]


@dataclass(frozen=True)
class Kind:
    """seeds: (name of the file, its bytes). opens: reads one file as the product does. text: change words, not bits."""

    seeds: Callable[[Path], list[tuple[str, bytes]]]
    opens: Callable[[Path], object]
    text: bool = False


def changed(seed: bytes, rng: random.Random, text: bool) -> bytes:
    """One damaged copy."""
    data = bytearray(seed)
    if rng.random() < 0.15:
        return bytes(data[: len(data) * rng.randrange(100) // 100])
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        if not data:
            break
        at = rng.randrange(len(data))
        match rng.randrange(6):
            case 0 | 1:
                data[at] ^= 1 << rng.randrange(8)
            case 2:
                size = rng.choice([1, 2, 4])
                number = rng.choice(ODD_NUMBERS) & (256**size - 1)
                data[at : at + size] = number.to_bytes(size, rng.choice(["big", "little"]))
            case 3:
                del data[at : at + rng.randrange(1, 40)]
            case 4:
                data[at:at] = data[at : at + rng.randrange(1, 40)] * rng.choice([1, 3, 50])
            case 5:
                data[at : at + rng.randrange(9)] = rng.choice(ODD_WORDS).encode() if text else rng.randbytes(4)
    return bytes(data)


def picture_seeds(folder: Path) -> list[tuple[str, bytes]]:
    import cv2

    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    made = []
    for ending in ("jpg", "png", "bmp", "webp", "tif", "gif", "jp2", "avif"):
        try:
            ok, data = cv2.imencode(f".{ending}", image)
        except cv2.error:
            continue
        if ok:
            made.append((f"a.{ending}", data.tobytes()))
    return made


def open_picture(path: Path) -> object:
    from edgepose.pictures import read_image

    return read_image(path)


def video_seeds(folder: Path) -> list[tuple[str, bytes]]:
    import cv2

    made = []
    for ending, code in (("avi", "MJPG"), ("avi", "XVID"), ("mp4", "mp4v"), ("mkv", "MJPG")):
        path = folder / f"{code}.{ending}"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), 10, (64, 48))
        for k in range(8):
            writer.write(np.full((48, 64, 3), k * 30, np.uint8))
        writer.release()
        if path.is_file():
            made.append((path.name, path.read_bytes()))
    return made


def open_video(path: Path) -> object:
    from edgepose.sources import SourceOptions, open_source

    for reader in ("auto", "av"):
        source = open_source(str(path), SourceOptions(reader=reader))
        try:
            for _ in range(200):
                source.read()
        except EOFError:
            pass
        finally:
            source.close()
    return None


def onnx_seeds(folder: Path) -> list[tuple[str, bytes]]:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    random_numbers = np.random.default_rng(0)
    nodes, weights = [], []
    for name, channels in (("heatmaps", 19), ("pafs", 38)):
        values = random_numbers.normal(0, 0.1, (channels, 3, 8, 8)).astype(np.float32)
        weights.append(numpy_helper.from_array(values, f"{name}_w"))
        nodes.append(helper.make_node("Conv", ["input", f"{name}_w"], [name], strides=[8, 8], kernel_shape=[8, 8]))
    ports = [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, 64, 64])]
    outputs = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", c, 8, 8]) for n, c in (("heatmaps", 19), ("pafs", 38))
    ]
    graph = helper.make_graph(nodes, "g", ports, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return [("pose.onnx", onnx.ModelProto.SerializeToString(model))]


def open_onnx(path: Path) -> object:
    from edgepose import PoseEstimator

    image = np.zeros((48, 64, 3), np.uint8)
    for backend in ("onnxruntime", "openvino"):
        with PoseEstimator(path, backend=backend) as estimator:
            estimator(image)
    return None


def coco_seeds(folder: Path) -> list[tuple[str, bytes]]:
    import cv2

    cv2.imwrite(str(folder / "a.png"), np.zeros((48, 64, 3), np.uint8))
    points = [[10 + k, 5 + 2 * k, 2] for k in range(17)]
    person = {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "keypoints": [value for point in points for value in point],
        "num_keypoints": 17,
        "bbox": [5, 5, 40, 40],
        "area": 900.0,
        "iscrowd": 0,
        "segmentation": [[5, 5, 45, 5, 45, 45]],
    }
    crowd = person | {"id": 2, "iscrowd": 1, "segmentation": {"counts": [100, 50, 2922], "size": [48, 64]}}
    document = {
        "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
        "annotations": [person, crowd],
        "categories": [{"id": 1, "name": "person"}],
    }
    return [("a.json", json.dumps(document).encode())]


def open_coco(path: Path) -> object:
    from edgepose.evaluation import evaluate

    return evaluate(lambda image: [], path, path.parent)


def npz_seeds(folder: Path) -> list[tuple[str, bytes]]:
    made = []
    for name, save in (("plain", np.savez), ("packed", np.savez_compressed)):
        path = folder / f"{name}.npz"
        save(path, keypoints=np.ones((5, 2, 18, 3), np.float32), fps=10.0, width=64, height=48)
        made.append((path.name, path.read_bytes()))
    return made


def open_npz(path: Path) -> object:
    from edgepose.config import Config
    from edgepose.replay import load_recording
    from edgepose.replay.rules import replay

    return [replay(recording, Config()) for recording in load_recording(path)]


def toml_seeds(folder: Path) -> list[tuple[str, bytes]]:
    text = """rules = ["fall", "posture"]
[[sources]]
uri = "synthetic://?people=1&frames=5"
name = "hall"
[model]
height = 256
[fall]
sensitivity = 0.5
confirm_s = 2.0
[[zones]]
name = "bed"
policy = "bed"
polygon = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]
[mqtt]
url = "mqtt://anna:secret@127.0.0.1:1883"
[pipeline]
max_batch = 4
"""
    return [("a.toml", text.encode())]


def open_toml(path: Path) -> object:
    from edgepose.config import load_config

    return load_config(path)


def uri_seeds(folder: Path) -> list[tuple[str, bytes]]:
    addresses = (
        "rtsp://anna:s3cret@192.168.1.20:554/user=admin&password=s3cret&channel=1?token=s3cret#x",
        "rtsps://[fe80::1%25eth0]:322/stream1",
        "v4l2:///dev/video0",
        "csi://0",
        "synthetic://?people=2&width=64&height=48&fps=10&frames=3",
        "mqtt://anna:s3cret@broker.lan:1883",
        "mqtts://anna@[::1]:8883",
        "file:///nowhere/a%20b.mp4",
        "images:///nowhere",
    )
    return [(f"{k}.txt", address.encode()) for k, address in enumerate(addresses)]


def open_uri(path: Path) -> object:
    from edgepose.publish.mqtt.topics import parse_url
    from edgepose.redaction import redact
    from edgepose.sources import SourceOptions, open_source
    from edgepose.sources.uri import camera_name

    address = path.read_bytes().decode("utf-8", "replace")
    redact(address)
    if address.startswith("mqtt"):
        return parse_url(address)
    camera_name("", address)
    if not address.startswith("synthetic"):
        return None  # a camera of that address is looked for in the background, and closed at once elsewhere
    source = open_source(address, SourceOptions())
    try:
        for _ in range(5):
            source.read(0.01)
    except EOFError:
        pass
    finally:
        source.close()
    return None


KINDS = {
    "pictures": Kind(picture_seeds, open_picture),
    "videos": Kind(video_seeds, open_video),
    "onnx": Kind(onnx_seeds, open_onnx),
    "coco": Kind(coco_seeds, open_coco, text=True),
    "npz": Kind(npz_seeds, open_npz),
    "toml": Kind(toml_seeds, open_toml, text=True),
    "uris": Kind(uri_seeds, open_uri, text=True),
}
SHARES = {"pictures": 0.3, "videos": 0.08, "onnx": 0.08, "coco": 0.18, "npz": 0.1, "toml": 0.13, "uris": 0.13}
"""Of all cases; videos and networks take a hundred times as long as an address."""


def cases(seeds: list[tuple[str, bytes]], n: int, seed: int, text: bool) -> Iterator[tuple[int, str, bytes]]:
    """The first ones cut every file at each hundredth, as far as `n` goes."""
    cuts = [(name, data[: len(data) * k // 100]) for name, data in seeds for k in range(100)][:n]
    yield from ((k, name, data) for k, (name, data) in enumerate(cuts))
    for k in range(len(cuts), n):
        rng = random.Random(f"{seed} {k}")
        name, data = rng.choice(seeds)
        yield k, name, changed(data, rng, text)


def child(
    kind: str, batch: list[tuple[int, str, bytes]], folder: str, says: multiprocessing.connection.Connection
) -> None:
    """Run the cases of one batch, saying of each what became of it."""
    logging.disable(logging.CRITICAL)
    faulthandler.disable()
    os.chdir(folder)
    with Path(os.devnull).open("w") as nothing:
        os.dup2(nothing.fileno(), 2)
    limit = MEMORY_MB << 20
    resource.setrlimit(resource.RLIMIT_CPU, (HANG_S * len(batch), HANG_S * len(batch)))
    for number, name, data in batch:
        path = Path(folder) / name
        path.write_bytes(data)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        says.send(("begins", number, ""))
        began = time.perf_counter()
        try:
            KINDS[kind].opens(path)
            verdict, words = "read", ""
        except EdgePoseError as error:
            verdict, words = ("sentence", "") if "\n" not in str(error) else ("traceback", f"several lines: {error}")
        except BaseException:
            verdict, words = "traceback", traceback.format_exc()
        seconds = time.perf_counter() - began
        grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        says.send((verdict if grown_mb < limit >> 20 else "memory", number, words, seconds, grown_mb))
    says.send(("end", -1, ""))


def run(kind: str, n: int, seed: int, keep: Path | None) -> tuple[Counter[str], float, float]:
    """Counts of verdicts, the longest case in seconds, the largest growth in MB."""
    counts: Counter[str] = Counter()
    slowest = largest = 0.0
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as place:
        waiting = list(cases(KINDS[kind].seeds(Path(place)), n, seed, KINDS[kind].text))
        while waiting:
            batch = waiting[:BATCH]
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=child, args=(kind, batch, place, theirs), daemon=True)
            process.start()
            theirs.close()
            current, done = None, 0
            while True:
                heard = ours.poll(HANG_S + (60 if current is None else 5))
                if not heard:
                    process.kill()
                    verdict, words = "hang", "no answer"
                else:
                    try:
                        message = ours.recv()
                    except EOFError:
                        process.join()
                        verdict, words = "death", f"exit {process.exitcode}"
                    else:
                        if message[0] == "begins":
                            current = message[1]
                            continue
                        if message[0] == "end":
                            break
                        verdict, words = message[0], message[2]
                        slowest, largest = max(slowest, message[3]), max(largest, message[4])
                        if message[3] > HANG_S:
                            verdict = "hang"
                counts[verdict] += 1
                done += 1
                if verdict not in ("read", "sentence"):
                    name, data = next(
                        (name, data) for number, name, data in batch if number == (current or batch[0][0])
                    )
                    print(f"{kind} case {current}: {verdict}\n{words}", file=sys.stderr)
                    if keep is not None:
                        (keep / f"{kind}-{current}-{name}").write_bytes(data)
                if verdict in ("hang", "death"):
                    break
            process.kill()
            process.join()
            waiting = waiting[max(1, done) :]
    return counts, slowest, largest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    total: Counter[str] = Counter()
    verdicts = ("read", "sentence", "traceback", "hang", "death", "memory")
    print(
        f"{'kind':<10}{'cases':>10}" + "".join(f"{word:>10}" for word in verdicts) + f"{'slowest s':>11}{'most MB':>9}"
    )
    for kind in args.only:
        n = round(args.cases * SHARES[kind] / sum(SHARES[one] for one in args.only))
        counts, slowest, largest = run(kind, n, args.seed, args.keep)
        total += counts
        numbers = [sum(counts.values()), *(counts[word] for word in verdicts)]
        row = "".join(f"{number:>10}" for number in numbers)
        print(f"{kind:<10}{row}{slowest:>11.2f}{largest:>9.0f}", flush=True)
    return int(any(total[word] for word in ("traceback", "hang", "death", "memory")))


if __name__ == "__main__":
    raise SystemExit(main())
