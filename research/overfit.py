"""Proof that network, targets, loss and decoder belong together: twenty photos learned by heart.

    python research/overfit.py ANNOTATIONS.json IMAGES --start CHECKPOINT [--height 192] [--samples 6000] [--bf16]

The set's own drawn targets, decoded at that size, give the AP that a perfect network would reach (small people melt
together); the network is trained on the same photos, each always at the same place of a square, and judged on that
square. The bar is .95 of the first. Prints both, their ratio, and the minutes it took.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import torch

from edgepose.decode import Grouper
from edgepose.evaluation import evaluate
from edgepose.skeleton import BODYPOSENET_18 as SKELETON
from edgepose.training.data.augment import View, ViewOptions, view_image, view_keypoints
from edgepose.training.data.coco import SetOptions, read_set
from edgepose.training.data.dataset import DataOptions, PoseDataset, Sample
from edgepose.training.data.labels import read
from edgepose.training.data.targets import TargetOptions, draw_heatmaps, draw_pafs
from edgepose.training.network.pose_network import NetworkOptions, PoseNetwork
from edgepose.training.network.validate import own_spec
from edgepose.training.run.loop import Training, normalised
from edgepose.training.run.options import LoopOptions, TrainOptions
from edgepose.training.run.schedule import OptimiserOptions
from edgepose.training.weights import checkpoint
from edgepose.types import Fields, Image, Pose

N_PICTURES = 20
BROADEST = 1.5
"""Width by height of the pictures taken; all have room in a square of that many heights."""
GREY = 128, 128, 128


def choose(annotations: Path, out: Path) -> None:
    """A COCO file of pictures spread evenly over those that show somebody labelled."""
    truth = json.loads(annotations.read_text())
    labelled = {a["image_id"] for a in truth["annotations"] if sum(v > 0 for v in a["keypoints"][2::3]) >= 5}
    images = [
        image for image in truth["images"] if image["id"] in labelled and image["width"] <= BROADEST * image["height"]
    ]
    chosen = [images[i] for i in np.linspace(0, len(images) - 1, N_PICTURES).astype(int)]
    ids = {image["id"] for image in chosen}
    people = [a for a in truth["annotations"] if a["image_id"] in ids]
    out.write_text(json.dumps({**truth, "images": chosen, "annotations": people}))


def side_px(height: int) -> int:
    """Side of the square that the network sees."""
    return round(BROADEST * height / 8) * 8


def still(image: Image, height: int) -> View:
    """The whole picture at that height, in the top left corner of the square."""
    scale = height / image.shape[0]
    return View(np.array([[scale, 0, scale / 2 - 0.5], [0, scale, scale / 2 - 0.5]]), side_px(height), False)


class StillPictures(PoseDataset):
    """Every picture as it will be judged, and all of it: what is drawn is to be learned, where nobody is drawn too."""

    def __getitem__(self, index: int) -> Sample:
        rng = np.random.default_rng((self.seed, self.epoch, index))
        (pictures,) = self._pictures
        picture = pictures[int(rng.integers(len(pictures)))]
        image = read(picture)
        view = still(image, int(picture.options.picture_px[0]))
        labels = self._labeller.draw(picture, self._people[picture.path], image, view)
        heatmaps, pafs = map(torch.from_numpy, labels[:2])
        return Sample(seen(image, view), heatmaps, pafs, torch.ones(1, *heatmaps.shape[1:]))


def seen(image: Image, view: View) -> torch.Tensor:
    """uint8 (3, S, S): the square."""
    return torch.from_numpy(
        np.ascontiguousarray(view_image(image, view, GREY, own_spec("own").resize).transpose(2, 0, 1))
    )


def targets_alone(pictures: SetOptions, height: int) -> dict[bytes, list[Pose]]:
    """For each picture the poses that its drawn targets decode to, in its pixels, by its bytes."""
    grouper = Grouper(SKELETON)
    answers = {}
    for picture in read_set(pictures, SKELETON):
        image = read(picture)
        view = still(image, height)
        people = view_keypoints(picture.keypoints, view, SKELETON)
        maps = (
            draw(people, SKELETON, (view.size_px, view.size_px), TargetOptions()) for draw in (draw_heatmaps, draw_pafs)
        )
        poses = grouper(Fields(*maps))
        answers[image.tobytes()] = [Pose(back(pose.keypoints, view.scale), pose.score) for pose in poses]
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
            view=ViewOptions(crop_px=side_px(height)),
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
    training.dataset = StillPictures(options.data, SKELETON, options.loop.seed, None)
    training.run()
    return training


def learned(network: PoseNetwork, height: int) -> Callable[[Image], list[Pose]]:
    """Pictures to the poses that the network finds in its square, in their pixels."""
    grouper = Grouper(SKELETON)

    @torch.no_grad()
    def predict(image: Image) -> list[Pose]:
        view = still(image, height)
        pafs, heatmaps = network.eval()(normalised(seen(image, view)[None]))
        poses = grouper(Fields(heatmaps[0].numpy(), pafs[0].numpy()))
        return [Pose(back(pose.keypoints, view.scale), pose.score) for pose in poses]

    return predict


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("annotations", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--start", type=Path, required=True, help="checkpoint to begin with")
    parser.add_argument("--height", type=int, default=192)
    parser.add_argument("--samples", type=int, default=6000)
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
        reached = evaluate(learned(training.mean.network, args.height), chosen, args.images)  # type: ignore[arg-type]
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
