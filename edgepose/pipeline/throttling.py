"""Whether heat or current holds the board's clocks back, as a trouble that begins and ends."""

from __future__ import annotations

import math

from edgepose.health import Trouble

BEGINS = 2
"""Looks in a row that find it: a single one may be a fan that was about to start."""

ENDS_S = 60.0

TROUBLE = Trouble(
    "board_throttled",
    "heat or a weak power supply holds this board back: check its fan, its place, its power supply and its power mode",
)


class Throttling:
    """Used by one thread. troubles: the trouble, while it lasts."""

    def __init__(self) -> None:
        self.troubles: tuple[Trouble, ...] = ()
        self._n_found = 0
        self._found_s = -math.inf

    def update(self, throttled: bool | None, now_s: float) -> None:
        """Take in what the board says (None: nothing) at monotonic second `now_s`."""
        if throttled:
            self._n_found += 1
            self._found_s = now_s
        else:
            self._n_found = 0
        if self._n_found >= BEGINS:
            self.troubles = (TROUBLE,)
        elif now_s - self._found_s >= ENDS_S:
            self.troubles = ()
