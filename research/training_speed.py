"""Samples a second of the loader alone, in one process, beside images a second that the network learns from.

    python research/training_speed.py CONFIG.toml [--samples 64]

Both with one thread, taking turns, so that other work on the machine weighs on both. The issue's bar is a ratio of 2.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import cv2
import msgspec
import torch
from torch.utils.data import DataLoader

from edgepose.training.run.config import load_config
from edgepose.training.run.loop import Training


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("--samples", type=int, default=64, help="samples per turn")
    parser.add_argument("--turns", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    options = load_config(args.config)
    with tempfile.TemporaryDirectory() as out:
        loop = msgspec.structs.replace(options.loop, out=out, start="", threads=1)
        training = Training(msgspec.structs.replace(options, loop=loop))
        batch = next(iter(DataLoader(training.dataset, options.loop.batch)))
        training.learn(batch)
        loading, learning = [], []
        for turn in range(args.turns):
            start = time.perf_counter()
            for i in range(args.samples):
                training.dataset[turn * args.samples + i]
            loading.append(args.samples / (time.perf_counter() - start))
            start = time.perf_counter()
            training.learn(batch)
            learning.append(options.loop.batch / (time.perf_counter() - start))
    loader, network = sorted(loading)[args.turns // 2], sorted(learning)[args.turns // 2]
    report = {"loader_samples_per_s": loader, "network_images_per_s": network, "ratio": loader / network}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
