"""PoseEstimator: a picture in, people out, in one call. The shortest way to use EdgePose from Python."""

from __future__ import annotations

import threading
from pathlib import Path

from edgepose.backends import Backend, BackendInfo, BackendOptions, open_backend
from edgepose.decode import GroupOptions
from edgepose.errors import ClosedError, ModelError
from edgepose.look.network import Network
from edgepose.look.sight import Sight
from edgepose.model import ModelSpec
from edgepose.types import Image, Pose


class PoseEstimator:
    """People of single pictures: prepares, infers and groups in the calling thread. Threads may share one.

    model: ONNX file or TensorRT engine, the shipped network when left out; or an open backend, which is closed with
    this. backend: name of a runtime, or all of its options. height: of the network input in pixels, as the model
    declares it when left out; larger finds smaller people and takes longer. options: of grouping. Raises ModelError or
    BackendError in one sentence.
    """

    def __init__(
        self,
        model: str | Path | Backend | None = None,
        *,
        backend: str | BackendOptions = "auto",
        height: int | None = None,
        options: GroupOptions | None = None,
    ) -> None:
        if model is None or isinstance(model, (str, Path)):
            model = open_backend(model, BackendOptions(name=backend) if isinstance(backend, str) else backend)
        if height and not model.spec.dynamic_size and height != model.spec.input_hw[0]:
            model.close()
            fixed = f"{model.spec.input_hw[0]}x{model.spec.input_hw[1]}"
            raise ModelError(f"model {model.spec.name} takes pictures of {fixed} only, not of height {height}")
        self._network: Network | None = Network(model, height or 0, options)
        self.spec: ModelSpec = self._network.backend.spec
        self.info: BackendInfo = self._network.backend.info
        self._sights = threading.local()  # scratch memory of its own for every thread

    def __call__(self, image: Image) -> list[Pose]:
        """The people in one picture, uint8 (H, W, 3) BGR: keypoints float32 (18, 3) in pixels of it, best first."""
        if self._network is None:
            raise ClosedError("this PoseEstimator was closed; make a new one")
        sight: Sight | None = getattr(self._sights, "mine", None)
        if sight is None:
            sight = self._sights.mine = Sight(self._network)
        return sight(image)

    def close(self) -> None:
        """Free the network; closing twice is fine."""
        if self._network is not None:
            self._network.close()
            self._network = None

    def __enter__(self) -> PoseEstimator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
