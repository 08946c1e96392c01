"""One camera's people over time: its tracker and its rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from edgepose.events import Rule
from edgepose.health import Trouble
from edgepose.pipeline.looks import SecondLooks
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.tracking import Tracker, TrackerOptions
from edgepose.types import Event, Frame, FrameResult, LookAgain, Pose

RuleMaker = Callable[[str, tuple[int, int]], Rule]
"""Makes one camera's rule, given its name and picture size (width, height) in pixels."""

MAX_LOOKS = 4
"""Second looks at one frame; the others are refused, and a rule simply asks again later."""


class Scene:
    """Tracker and rules of one camera; used by one thread.

    A picture of another size begins anew: what is open in the rules is closed as `unknown` first, and ids go on.
    """

    def __init__(
        self,
        source: str,
        tracking: TrackerOptions,
        rules: Sequence[RuleMaker],
        looks: SecondLooks | None = None,
        skeleton: Skeleton = BODYPOSENET_18,
    ) -> None:
        self._source = source
        self._tracking = tracking
        self._makers = rules
        self._new_makers: Sequence[RuleMaker] | None = None
        self._looks = looks
        self._size_wh = (0, 0)
        self._skeleton = skeleton
        self._tracker = Tracker(tracking, skeleton)
        self._rules: list[Rule] = []
        self._next_seq: int | None = 0  # None after frames that nobody looked at
        self._t: float | None = None

    def update(self, frame: Frame, poses: Sequence[Pose], timings_ms: Mapping[str, float]) -> FrameResult:
        """Follow the poses of one frame, ask every rule, and have every second look answered or refused."""
        size_wh = (frame.image.shape[1], frame.image.shape[0])
        events = self._take_new_rules() if self._new_makers is not None else []
        events += self._begin(size_wh) if size_wh != self._size_wh else []
        began = time.perf_counter()
        tracks = self._tracker.update(poses, frame.t)
        tracked = time.perf_counter()
        wishes: list[tuple[Rule, LookAgain]] = []
        for rule in self._rules:
            for found in rule.update(tracks, frame.t) or ():
                if isinstance(found, LookAgain):
                    wishes.append((rule, found))
                else:
                    events.append(found)
        ended = time.perf_counter()
        timings_ms = {**timings_ms, "track": (tracked - began) * 1e3, "rules": (ended - tracked) * 1e3}
        if wishes:
            events += self._look_again(frame, wishes)
            timings_ms["second_look"] = (time.perf_counter() - ended) * 1e3
        dropped = 0 if self._next_seq is None else max(0, frame.seq - self._next_seq)
        self._next_seq, self._t = frame.seq + 1, frame.t
        return FrameResult(
            frame.source,
            frame.seq,
            frame.t,
            size_wh=size_wh,
            tracks=tracks,
            events=tuple(events),
            timings_ms=timings_ms,
            dropped=dropped,
            image=frame.image,
        )

    def interrupt(self, why: str) -> list[Event]:
        """Nobody looks from now on: what is open in the rules is `unknown`, and the next frame begins anew."""
        events = abandoned(self._rules, why)
        self._rules = []
        self._size_wh = (0, 0)
        self._next_seq = self._t = None
        return events

    def use_rules(self, makers: Sequence[RuleMaker]) -> None:
        """Take other rules from the next frame on; people keep their tracks, and what is open in the rules of before
        is closed as `unknown` first.
        """
        self._new_makers = makers

    def _take_new_rules(self) -> list[Event]:
        self._makers, self._new_makers = self._new_makers or (), None
        events = abandoned(self._rules, "the configuration was read again")
        self._rules = [make(self._source, self._size_wh) for make in self._makers] if self._size_wh != (0, 0) else []
        return events

    @property
    def troubles(self) -> list[Trouble]:
        """Why the rules cannot judge as they should, where they cannot."""
        return [one for rule in self._rules for one in getattr(rule, "troubles", ())]

    def _begin(self, size_wh: tuple[int, int]) -> list[Event]:
        """Make tracker and rules for a picture size; what the rules of the last one leave open is `unknown`."""
        events = abandoned(self._rules, another_size(size_wh))
        self._size_wh = size_wh
        self._tracker = Tracker(self._tracking, self._skeleton, first_id=self._tracker.next_id)
        self._rules = [make(self._source, size_wh) for make in self._makers]
        return events

    def _look_again(self, frame: Frame, wishes: Sequence[tuple[Rule, LookAgain]]) -> list[Event]:
        """What the rules make of their second looks at this frame; a refused one costs the rule nothing."""
        every_s = 0.0 if self._t is None else frame.t - self._t
        deadline = self._looks.deadline(frame, every_s) if self._looks else None
        events: list[Event] = []
        for k, (rule, wish) in enumerate(wishes):
            poses = self._looks.answer(frame, wish, deadline) if self._looks and k < MAX_LOOKS else None
            take = getattr(rule, "second_look" if poses is not None else "look_refused", None)
            if take is None:
                continue
            answer = take(wish, frame.t) if poses is None else take(wish, poses, frame.t)
            events += [event for event in answer or () if isinstance(event, Event)]
        return events


def another_size(size_wh: tuple[int, int]) -> str:
    """Why rules are thrown away when the picture changes its size."""
    return f"picture size is {size_wh[0]}x{size_wh[1]} now"


def abandoned(rules: Sequence[Rule], why: str) -> list[Event]:
    """What rules leave open that are thrown away."""
    events: list[Event] = []
    for rule in rules:
        abandon = getattr(rule, "abandon", None)
        events += (abandon(why) or ()) if abandon else ()
    return events


class Scenes:
    """The scene of every camera, made with its first frame.

    looks: answers the rules' second looks; without it all of them are refused. skeleton: the keypoints of the people.
    """

    def __init__(
        self,
        tracking: TrackerOptions,
        rules: Sequence[RuleMaker],
        looks: SecondLooks | None = None,
        skeleton: Skeleton = BODYPOSENET_18,
    ) -> None:
        self._skeleton = skeleton
        self._tracking = tracking
        self._rules = rules
        self._looks = looks
        self._scenes: dict[str, Scene] = {}

    def use_rules(self, makers: Sequence[RuleMaker]) -> None:
        """As `Scene.use_rules`, for every camera."""
        self._rules = makers
        for scene in self._scenes.values():
            scene.use_rules(makers)

    def update(self, frame: Frame, poses: Sequence[Pose], timings_ms: Mapping[str, float]) -> FrameResult:
        """As `Scene.update`, in the scene of the frame's camera."""
        scene = self._scenes.get(frame.source)
        if scene is None:
            scene = Scene(frame.source, self._tracking, self._rules, self._looks, self._skeleton)
            self._scenes[frame.source] = scene
        return scene.update(frame, poses, timings_ms)

    def interrupt(self, source: str, why: str) -> list[Event]:
        """As `Scene.interrupt`, of one camera."""
        scene = self._scenes.get(source)
        return [] if scene is None else scene.interrupt(why)

    def troubles(self) -> list[tuple[str, Trouble]]:
        """What keeps rules from judging as they should, each with its camera."""
        return [(name, one) for name, scene in self._scenes.items() for one in scene.troubles]
