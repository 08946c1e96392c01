"""Proof that network, targets, loss and decoder belong together: twenty photos learned by heart.

    python benchmarks/overfit.py ANNOTATIONS.json IMAGES --start CHECKPOINT [--height 192] [--samples 10000] [--bf16]

The set's own drawn targets, decoded at that size, give the AP that a perfect network would reach (small people melt
together); the network is trained on the same photos without augmentation and judged on them. The issue's bar is .95 of
the first. Prints both, their ratio, and the minutes it took.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np

from edgepose.decode import Grouper
from edgepose.evaluation import evaluate, load_annotations
from edgepose.preprocess import input_size
from edgepose.skeleton import BODYPOSENET_18 as SKELETON
from edgepose.training import checkpoint
from edgepose.training.augment import View, ViewOptions, view_keypoints
from edgepose.training.coco import SetOptions, read_set
from edgepose.training.dataset import DataOptions
from edgepose.training.labels import read
from edgepose.training.loop import LoopOptions, Training, TrainOptions
from edgepose.training.network import NetworkOptions
from edgepose.training.photometric import LightOptions
from edgepose.training.schedule import OptimiserOptions
from edgepose.training.targets import TargetOptions, draw_heatmaps, draw_pafs
from edgepose.training.validate import predictor
from edgepose.types import Fields, Image, Pose

N_PICTURES = 20
DARK = LightOptions(colour=0.0, grey=0.0, low_light=0.0, blur=0.0, jpeg=0.0, occluder=0.0)


def choose(annotations: Path, out: Path) -> None:
    """A COCO file of pictures spread evenly over those that show somebody labelled."""
    truth = load_annotations(annotations)
    labelled = {a["image_id"] for a in truth["annotations"] if sum(v > 0 for v in a["keypoints"][2::3]) >= 5}
    images = [image for image in truth["images"] if image["id"] in labelled]
    chosen = [images[i] for i in np.linspace(0, len(images) - 1, N_PICTURES).astype(int)]
    ids = {image["id"] for image in chosen}
    people = [a for a in truth["annotations"] if a["image_id"] in ids]
    out.write_text(json.dumps({**truth, "images": chosen, "annotations": people}))


def targets_alone(pictures: SetOptions, height: int) -> dict[bytes, list[Pose]]:
    """For each picture the poses that its drawn targets decode to, in its pixels, by its bytes."""
    grouper = Grouper(SKELETON)
    answers = {}
    for picture in read_set(pictures, SKELETON):
        image = read(picture)
        input_hw = input_size((image.shape[0], image.shape[1]), height, 8)
        scale = input_hw[0] / image.shape[0]
        view = View(np.array([[scale, 0, scale / 2 - 0.5], [0, scale, scale / 2 - 0.5]]), input_hw[0], False)
        people = view_keypoints(picture.keypoints, view, SKELETON)
        maps = (draw(people, SKELETON, input_hw, TargetOptions()) for draw in (draw_heatmaps, draw_pafs))
        poses = grouper(Fields(*maps))
        answers[image.tobytes()] = [Pose(back(pose.keypoints, scale), pose.score) for pose in poses]
    return answers


def back(keypoints: np.ndarray, scale: float) -> np.ndarray:
    moved = keypoints.copy()
    moved[:, :2] = (keypoints[:, :2] + 0.5) / scale - 0.5
    return moved


def learn(pictures: SetOptions, args: argparse.Namespace, out: str) -> Training:
    """The start's network, trained on the set for `args.samples` crops."""
    batch, per_epoch = 4, 200
    start, height = args.start, args.height
    options = TrainOptions(
        network=msgspec.convert(checkpoint.load(start)["network"]["options"], NetworkOptions),
        data=DataOptions(
            sets=(pictures,),
            samples_per_epoch=per_epoch,
            view=ViewOptions(crop_px=round(1.5 * height / 8) * 8, any_angle=0, tilt_deg=0, shift_px=0, flip=0),
            light=DARK,
        ),
        optimiser=OptimiserOptions(kind="adamw", rate=args.rate, min_rate=1e-6, schedule="cosine", clip=100.0),
        loop=LoopOptions(
            out=out,
            start=str(start),
            epochs=args.samples // per_epoch,
            batch=batch,
            workers=1,
            bf16=args.bf16,
            ema_decay=0.98,
        ),
    )
    training = Training(options)
    training.run()
    return training


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("annotations", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--start", type=Path, required=True, help="checkpoint to begin with")
    parser.add_argument("--height", type=int, default=192)
    parser.add_argument("--samples", type=int, default=10000)
    parser.add_argument("--rate", type=float, default=5e-4, help="of AdamW, falling to 1e-6")
    parser.add_argument("--bf16", action="store_true", help="on CPUs that compute it")
    args = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as out:
        chosen = Path(out) / "chosen.json"
        choose(args.annotations, chosen)
        pictures = SetOptions(
            annotations=str(chosen),
            images=str(args.images),
            whole=True,
            picture_px=(args.height, args.height),
            min_person_px=1.0,
            min_keypoints=1,
        )
        answers = targets_alone(pictures, args.height)

        def decoded(image: Image) -> list[Pose]:
            return answers[image.tobytes()]

        bound = evaluate(decoded, chosen, args.images)
        training = learn(pictures, args, out)
        network = training.mean.network.eval()
        reached = evaluate(predictor(network, args.height), chosen, args.images)  # type: ignore[arg-type]
    report = {
        "pictures": bound.images,
        "people": bound.people,
        "AP_of_targets": bound.ap,
        "AP_learned": reached.ap,
        "ratio": reached.ap / bound.ap,
        "samples": args.samples,
        "rate": args.rate,
        "minutes": (time.monotonic() - started) / 60,
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
