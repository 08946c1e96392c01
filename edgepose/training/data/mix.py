"""Pictures nobody ever took, so that a few photos teach features many times over.

Some crops are blended with another crop of the same step. What is to be seen in a blend is not defined, so nothing is
said of its maps; but the teacher's features are what they are, and the network is held to those (L. Beyer et al.,
"Knowledge distillation: a good teacher is patient and consistent", CVPR 2022, where the teacher sees the same blend).
"""

from __future__ import annotations

import torch
from torch import Tensor


def blend(images: Tensor, mask: Tensor, share: float, seed: int) -> tuple[Tensor, Tensor]:
    """The images with the last `share` of them blended with others, and the mask with those blends blanked out.

    images: float (N, 3, S, S). mask: float (N, C, s, s). Each blend takes 0 to 1, evenly drawn, of its own image and
    the rest of the image one place before. The same seed blends alike.
    """
    n_left = len(images) - round(share * len(images))
    if n_left == len(images):
        return images, mask
    generator = torch.Generator().manual_seed(seed)
    own = torch.rand(len(images) - n_left, 1, 1, 1, generator=generator).to(images)
    mixed, seen = images.clone(), mask.clone()
    mixed[n_left:] = own * images[n_left:] + (1 - own) * images.roll(1, 0)[n_left:]
    seen[n_left:] = 0.0
    return mixed, seen
