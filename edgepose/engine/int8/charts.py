"""The drawings of the report page as self-contained SVG and JPEG: no plotting library, no files beside the page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from edgepose.engine.int8.histogram import Histogram
from edgepose.overlay import draw
from edgepose.types import Image, Pose

INK, ACCENT, MUTED, WARN = "#1f2933", "#0b7285", "#ced4da", "#c92a2a"


def bars(rows: Sequence[tuple[str, float, bool]], unit: str) -> str:
    """Horizontal bars, one per row (name, value, highlighted), with the value behind each."""
    width, line, left = 900, 17, 330
    longest = max((value for _, value, _ in rows), default=1.0) or 1.0
    parts = []
    for k, (name, value, marked) in enumerate(rows):
        y = k * line
        length = max(1.0, value / longest * (width - left - 90))
        colour = WARN if marked else ACCENT
        parts.append(
            f'<text x="{left - 8}" y="{y + 12}" text-anchor="end">{escape(_short(name))}</text>'
            f'<rect x="{left}" y="{y + 3}" width="{length:.1f}" height="11" rx="2" fill="{colour}"/>'
            f'<text x="{left + length + 6:.1f}" y="{y + 12}" class="n">{value:.4f} {escape(unit)}</text>'
        )
    return _svg(width, len(rows) * line + 4, "".join(parts))


def range_chart(name: str, histogram: Histogram, amax: float) -> str:
    """A tensor's histogram, counts on a logarithmic axis, with the chosen range marked."""
    width, height, n = 290, 97, 96
    used = max(n, int(np.flatnonzero(histogram.counts)[-1]) + 1) if histogram.counts.any() else n
    edges = np.linspace(0, used, n + 1).astype(int)
    counts = np.add.reduceat(histogram.counts[:used], edges[:-1])
    tall = np.log10(1.0 + counts)
    tall = tall / max(float(tall.max()), 1e-9)
    step = width / n
    columns = "".join(
        f'<rect x="{k * step:.1f}" y="{66 - 62 * value:.1f}" width="{step - 0.4:.1f}" height="{62 * value:.1f}"/>'
        for k, value in enumerate(tall)
        if value > 0
    )
    x = min(width - 1.0, amax / max(used * histogram.bin_width, 1e-12) * width)
    return _svg(
        width,
        height,
        f'<g fill="{MUTED}">{columns}</g>'
        f'<line x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="66" stroke="{WARN}" stroke-width="2"/>'
        f'<text x="0" y="79">{escape(_short(name))}</text>'
        f'<text x="0" y="92" class="n">range {amax:.3g} of largest {histogram.amax:.3g}</text>',
    )


def side_by_side(image: Image, exact: Sequence[Pose], int8: Sequence[Pose]) -> str:
    """FP32's people left and INT8's right, as one inline JPEG."""
    import cv2

    pair = np.concatenate([draw(image, exact), draw(image, int8)], 1)
    scale = min(1.0, 960 / pair.shape[1])
    small = cv2.resize(pair, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 82])
    return _inline(data) if done else ""


def _inline(data: NDArray[np.uint8]) -> str:
    return f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}">'


def _svg(width: int, height: int, body: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">{body}</svg>'


def _short(name: str, most: int = 44) -> str:
    return name if len(name) <= most else f"{name[: most // 2 - 1]}…{name[-(most // 2) :]}"
