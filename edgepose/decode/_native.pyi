from edgepose.types import FloatArray

class Options:
    def __init__(
        self,
        peak_threshold: float,
        max_peaks: int,
        sample_threshold: float,
        max_misses: int,
        reach: float,
        min_keypoints: int,
        min_score: float,
    ) -> None: ...

class Grouper:
    def __init__(self, n_keypoints: int, limbs: list[int], reach: list[float], options: Options) -> None: ...
    def group(
        self, heatmaps: FloatArray, pafs: FloatArray, heatmap_stride: float, paf_stride: float
    ) -> tuple[FloatArray, FloatArray]: ...
