"""A network for other keypoints out of a trained one: everything that the keypoints do not shape keeps its weights."""

from __future__ import annotations

from typing import Any

import msgspec
from torch import Tensor

from edgepose.training.network.pose_network import NetworkOptions, PoseNetwork
from edgepose.training.weights.checkpoint import conv_shapes, reshape


def differ_in_keypoints_alone(one: NetworkOptions, other: NetworkOptions) -> bool:
    """Whether two networks are the same but for the keypoints they find."""
    same = msgspec.structs.replace(one, skeleton=other.skeleton, keypoints=other.keypoints)
    return one != other and same == other


def with_keypoints(description: dict[str, Any], state: dict[str, Tensor], options: NetworkOptions) -> PoseNetwork:
    """The network of a checkpoint (`checkpoint.describe`) for the keypoints of `options`, pruned widths included.

    The last layers of the heads, and the layers that read their maps, begin anew.
    """
    before = PoseNetwork(msgspec.convert(description["options"], NetworkOptions))
    network = PoseNetwork(options)
    old, new = conv_shapes(before), conv_shapes(network)
    shapes = {
        name: [pruned + now - then for pruned, then, now in zip(shape[:2], old[name], new[name], strict=False)]
        + [shape[2]]
        for name, shape in description["shapes"].items()
    }
    reshape(network, shapes)
    own = network.state_dict()
    fitting = {name: tensor.float() for name, tensor in state.items() if own[name].shape == tensor.shape}
    network.load_state_dict(fitting, strict=False)
    return network
