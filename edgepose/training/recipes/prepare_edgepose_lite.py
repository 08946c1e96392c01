"""Gathers the pictures that edgepose-lite is trained on: `python prepare_edgepose_lite.py SHARED OUT`.

SHARED holds photos/ (manifest.json, images/) and fall/videos/ of the development material. Only items whose licence
allows it are taken (MIT, Debian, CC BY, CC BY-SA, no known restrictions); photos with ground truth that are not among
them stay aside for validation. OUT receives COCO-style lists (photos, street, falls, rooms) and the frames they name.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

CLEAN = {"CC BY 2.0", "CC BY-SA 2.0", "no known restrictions", "MIT", "Debian main (opencv-doc)"}
FRAMES_PER_S = 2.0
LONG_SIDE = 640


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--all", action="store_true", help="take every licence: for measuring, never for shipping")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    photos = args.shared / "photos"
    items = [
        item for item in json.loads((photos / "manifest.json").read_text()) if args.all or item["licence"] in CLEAN
    ]
    truth = json.loads((photos / "annotations/coco_gt_keypoints17.json").read_text())
    aside = {image["file_name"] for image in truth["images"] if image["licence"] not in CLEAN}
    frames = [item for item in items if "/frames/" in item["file"]]
    write(args.out / "photos.json", [i for i in items if "/photos/" in i["file"] and i["file"] not in aside], photos)
    write(args.out / "street.json", [i for i in frames if "vtest" in i["source"] or "CCTV" in i["source"]], photos)
    falls = [i for i in frames if i["source"] == "GMDCSA24"]
    videos = sorted((args.shared / "fall/videos").glob("gmdcsa24_*.mp4"))
    rooms = []
    for subject in sorted({video.stem.split("_")[1] for video in videos}):
        stacks = []
        for video in (video for video in videos if f"_{subject}_" in video.stem and "_fall_" in video.stem):
            stacks += read_video(video)
        for video in (video for video in videos if f"_{subject}_" in video.stem):
            falls += [
                save(args.out / "frames" / f"{video.stem}_{i:04d}.jpg", f) for i, f in enumerate(read_video(video))
            ]
        room = np.median(np.stack(stacks), 0).astype(np.uint8)
        rooms.append(save(args.out / "frames" / f"{subject}_room.jpg", room))
    write(args.out / "falls.json", falls, photos)
    write(args.out / "rooms.json", rooms, photos)
    kept = [image for image in truth["images"] if image["file_name"] in aside]
    ids = {image["id"] for image in kept}
    truth |= {"images": kept, "annotations": [a for a in truth["annotations"] if a["image_id"] in ids]}
    (args.out / "validation.json").write_text(json.dumps(truth))


def write(path: Path, items: list[dict[str, Any]], root: Path) -> None:
    """A COCO-style list of pictures without people's annotations; file names become absolute."""
    images = [
        {
            "id": i + 1,
            "file_name": str((root / item["file"]).resolve()),
            "width": item["width"],
            "height": item["height"],
            "licence": item["licence"],
            "source": item["source"],
        }
        for i, item in enumerate(items)
    ]
    path.write_text(json.dumps({"images": images, "annotations": [], "categories": []}))
    print(f"{path.name}: {len(images)} pictures")


def read_video(video: Path) -> list[Any]:
    """Frames of a clip, FRAMES_PER_S of them a second, long side at most LONG_SIDE."""
    capture = cv2.VideoCapture(str(video))
    step = max(1, round(capture.get(cv2.CAP_PROP_FPS) / FRAMES_PER_S))
    frames: list[Any] = []
    index = 0
    while True:
        found, frame = capture.read()
        if not found:
            return frames
        if index % step == 0:
            scale = min(1.0, LONG_SIDE / max(frame.shape[:2]))
            frames.append(cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
        index += 1


def save(path: Path, picture: Any) -> dict[str, Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, 95])
    height, width = picture.shape[:2]
    return {"file": path.resolve(), "width": width, "height": height, "licence": "MIT", "source": "GMDCSA24"}


if __name__ == "__main__":
    main()
