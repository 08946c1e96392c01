"""A configuration to begin with: the few keys that a first run needs, each with its sentence."""

from __future__ import annotations

from edgepose.config.text import toml_value

TEMPLATE = """# A run of `edgepose train`: fine-tunes {start} on your own pictures.
# Every key: edgepose train --keys. A list of people's keypoints is not needed: a network draws them.

[[data.sets]]
images = {images}            # folder of pictures
labels = "teacher"           # a network draws the people; "keypoints" with annotations = "people.json" (COCO)
turns = true                 # it also looks at the picture turned, for people on the floor

[data]
samples_per_epoch = {samples}      # crops that make one epoch

[distill]
teacher = {teacher}      # the network that draws; a larger one is better

[optimiser]
kind = "adamw"
rate = 1e-4                  # learning rate after the soft start
schedule = "cosine"

[loop]
start = {start_toml}       # weights to begin with, and the shape of the network
out = {out}            # checkpoints, log.csv and curves.svg
epochs = 10
batch = 8                    # crops per step
"""


def template(images: str, start: str, out: str) -> str:
    """TOML of a first run on the pictures of a folder."""
    return TEMPLATE.format(
        images=toml_value(images),
        samples=400,
        teacher=toml_value(start),
        start=start,
        start_toml=toml_value(start),
        out=toml_value(out),
    )
