"""PoseEstimator: a picture in, people out, in one call. The shortest way to use EdgePose from Python."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from edgepose.backends import Backend, BackendInfo, BackendOptions, open_backend
from edgepose.decode import GroupOptions
from edgepose.errors import ClosedError, ModelError, ShapeError
from edgepose.look.network import Network
from edgepose.look.sight import Sight
from edgepose.model import ModelSpec
from edgepose.model.limits import MAX_SIDE
from edgepose.options import given
from edgepose.pictures import Colour, as_image
from edgepose.shown import shown
from edgepose.types import Pose

MAX_BATCH = 8
"""Pictures that go through the network at once; more bring no speed and take memory."""


class PoseEstimator:
    """People of single pictures: prepares, infers and groups in the calling thread. Threads may share one.

    model: ONNX file or TensorRT engine, the shipped network when left out; or an open backend, which is closed with
    this. backend: name of a runtime, or all of its options. height: of the network input in pixels, as the model
    declares it when left out; larger finds smaller people and takes longer. min_score: smallest score of a person, 0 to
    1; larger finds fewer people and makes fewer up. options: of grouping. Raises ModelError, BackendError or
    ConfigError in one sentence.

    >>> import edgepose, numpy
    >>> with edgepose.PoseEstimator(height=64) as estimator:
    ...     estimator(numpy.zeros((240, 320, 3), numpy.uint8))  # uint8 BGR; a path, PIL picture or colour="rgb" also
    []
    """

    def __init__(
        self,
        model: str | Path | Backend | None = None,
        *,
        backend: str | BackendOptions = "auto",
        height: int | None = None,
        min_score: float | None = None,
        options: GroupOptions | None = None,
    ) -> None:
        if height is not None and not (isinstance(height, (int, float)) and 0 < height <= MAX_SIDE):
            raise ModelError(f"height is a number of pixels from 1 to {MAX_SIDE}, got {shown(height)}")
        options = given(options, GroupOptions)
        if min_score is not None:
            options = replace(options, min_score=min_score)
        if model is None or isinstance(model, (str, Path)):
            chosen = BackendOptions(name=backend) if isinstance(backend, str) else given(backend, BackendOptions)
            model = open_backend(model, chosen)
        elif not hasattr(model, "infer"):
            raise ModelError(f"model is a file, a name such as 'edgepose-lite' or an open backend, got {shown(model)}")
        if height and not model.spec.dynamic_size and height != model.spec.input_hw[0]:
            model.close()
            fixed = f"{model.spec.input_hw[0]}x{model.spec.input_hw[1]}"
            raise ModelError(f"model {model.spec.name} takes pictures of {fixed} only, not of height {height}")
        self._network: Network | None = Network(model, height or 0, options)
        self.spec: ModelSpec = self._network.backend.spec
        self.info: BackendInfo = self._network.backend.info
        self._sights = threading.local()  # scratch memory of its own for every thread

    def __call__(self, image: Any, *, colour: Colour = "bgr") -> list[Pose]:
        """The people in one picture: keypoints float32 (18, 3) in pixels of it, best first.

        image: uint8 (H, W, 3) BGR; also grey, with a fourth channel, a PIL picture, or the path of a file. colour:
        `rgb` where an array is RGB. A network with a keypoint set of its own gives (K, 3). Raises ShapeError for
        anything else, with the conversion to write.
        """
        return self._sight()(as_image(image, colour))

    def batch(self, images: Iterable[Any], *, colour: Colour = "bgr") -> list[list[Pose]]:
        """The people of several pictures, in their order; those of one shape go through the network together.

        images: each as for a call. Faster than one by one where the network's runtime gains from batches.
        """
        if not isinstance(images, Iterable) or isinstance(images, (str, Path)) or getattr(images, "ndim", 4) < 4:
            raise ShapeError(
                "a batch is several pictures, got one or none; write estimator(picture), or batch([picture])"
            )
        network = self._sight().network
        preparer = network.preparer()
        found: dict[int, list[Pose]] = {}
        waiting: defaultdict[tuple[int, ...], dict[int, Any]] = defaultdict(dict)

        def infer(pending: dict[int, Any]) -> None:
            fields = network.infer([prepared.tensor for prepared in pending.values()])
            for (number, prepared), field in zip(pending.items(), fields, strict=True):
                found[number] = network.poses(field, prepared.letterbox)
            pending.clear()

        for number, image in enumerate(images):
            prepared = preparer(as_image(image, colour))
            pending = waiting[prepared.tensor.shape]
            pending[number] = prepared
            if len(pending) == self._most:
                infer(pending)
        for pending in filter(None, waiting.values()):
            infer(pending)
        return [found[number] for number in sorted(found)]

    @property
    def _most(self) -> int:
        return MAX_BATCH if self.spec.dynamic_batch else self.spec.batch

    def _sight(self) -> Sight:
        """The calling thread's own."""
        if self._network is None:
            raise ClosedError("this PoseEstimator was closed; make a new one")
        sight: Sight | None = getattr(self._sights, "mine", None)
        if sight is None:
            sight = self._sights.mine = Sight(self._network)
        return sight

    def close(self) -> None:
        """Free the network; closing twice is fine."""
        if self._network is not None:
            self._network.close()
            self._network = None

    def __enter__(self) -> PoseEstimator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
