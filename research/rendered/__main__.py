"""Render a set of people: python -m research.rendered OUT --clothes DIR [--pictures 300] [--seed 1]

OUT gets images/ and annotations.json (COCO keypoints). Run again with more --pictures to let it grow; what is there
stays. DIR holds .mhclo and .obj files of MakeHuman's system assets: clothes male_* and female_*, shoes*, hair.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from edgepose.errors import EdgePoseError, MissingDependencyError
from research.rendered.dataset import RenderedSet
from research.rendered.garments import read_wardrobe

EACH = 30
"""Pictures between two writings of the annotations."""


def main(argv: Sequence[str] | None = None) -> int:
    """0 when the set is there, 1 with one sentence on stderr when not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--clothes", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    try:
        grow(RenderedSet(args.out, args.seed), args.clothes, args.pictures, args.seed)
    except EdgePoseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def grow(rendered: RenderedSet, clothes: Path, pictures: int, seed: int) -> None:
    """Render until the set has this many pictures. MissingDependencyError without anny or OpenGL."""
    wardrobe = read_wardrobe(clothes)
    try:
        from research.rendered.body import Bodies
        from research.rendered.draw import Renderer
        from research.rendered.picture import Studio

        bodies, renderer = Bodies(), Renderer()
    except ImportError as error:
        raise MissingDependencyError(
            f"rendering needs anny and moderngl ({error}); install them: pip install anny moderngl roma trimesh "
            "safetensors"
        ) from None
    except Exception as error:  # moderngl's own, when there is no EGL
        raise MissingDependencyError(
            f"no OpenGL through EGL here ({error}); on Debian: apt install libegl1 libgl1-mesa-dri"
        ) from None
    start, first = time.monotonic(), rendered.next_number
    with renderer:
        studio = Studio(seed, bodies, wardrobe, renderer)
        for number in range(first, pictures):
            rendered.add(number, studio.render(number))
            if (number + 1) % EACH == 0 or number + 1 == pictures:
                rendered.save()
                seconds = (time.monotonic() - start) / (number + 1 - first)
                print(f"{number + 1} of {pictures} pictures, {seconds:.1f} s each", flush=True)


if __name__ == "__main__":
    sys.exit(main())
