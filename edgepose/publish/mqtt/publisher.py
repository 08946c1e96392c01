"""MQTT: skeletons, occupancy, falls and alerts of every camera, under `edgepose/v1/<device>`.

This file decides what is said on which topic; `Link` carries it, the desk of `edgepose.alerts` keeps
the falls. docs/reference/mqtt.md is
the contract with subscribers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from edgepose.alerts.acknowledgement import allowed
from edgepose.alerts.desk import AlertDesk, pose_of, to_alert
from edgepose.alerts.message import Alert
from edgepose.alerts.store import MemoryAlertStore
from edgepose.alerts.timing import boot_id
from edgepose.encoding import encode
from edgepose.errors import ClosedError, ConfigError, PublishError
from edgepose.health import Reason
from edgepose.publish.mqtt.camera import Camera
from edgepose.publish.mqtt.health import Health
from edgepose.publish.mqtt.home import Home
from edgepose.publish.mqtt.identity import client_id
from edgepose.publish.mqtt.inbound import Inbox
from edgepose.publish.mqtt.link import Link
from edgepose.publish.mqtt.messages import SKELETON_KEYS, Info, Stats
from edgepose.publish.mqtt.pausing import Pauses, PauseSwitch
from edgepose.publish.mqtt.presence import Presence
from edgepose.publish.mqtt.session import Session
from edgepose.publish.mqtt.topics import Topics
from edgepose.publish.options import MqttOptions
from edgepose.publish.schema import SCHEMA_IDS
from edgepose.types import CameraState, Event, FrameResult

log = logging.getLogger(__name__)

_SKELETON_EXPIRY_S = 2
_EVENT_EXPIRY_S = 60

_BEAT_S = 25.0
"""The heartbeat: `health` and the states of cameras are said again with the next `stats` after so long: every 30 s."""


class MqttPublisher:
    """Publishes results to a broker. Used by one thread, never blocks; `close` may be called twice.

    A broker that is away is said once and tried again for as long as the run lasts. Only when it was never reached does
    `close` raise PublishError, after everything else was tidied up.
    """

    def __init__(self, options: MqttOptions) -> None:
        if not options.url:
            raise ConfigError("the MQTT publisher needs a broker; set mqtt.url or --mqtt mqtt://HOST")
        self.options = options
        self.topics = Topics(options.device_name)
        self.health = Health()
        self._troubles: Sequence[Reason] = ()
        self._desk = AlertDesk(self.topics.device, MemoryAlertStore())
        self._is_own_desk = True
        self._cameras: dict[str, Camera] = {}
        self._watched: set[str] = set()  # cameras whose link something was said of
        self._stats_s = self._beat_s = time.monotonic()
        self._closed = False
        own_id = options.client_id or client_id(self.topics.device)
        self._session = Session(options, own_id, (self.topics.of("status"), b"offline"))
        self._switch = PauseSwitch(self.topics, options.pause_min, self._say)
        self._presence = Presence(options.pagers, time.monotonic())
        self._absent: list[str] = []
        self._inbox = Inbox(
            self.topics, self._desk, self._say_again, self._forget, self.alert, self._switch, self._presence
        )
        self._link = Link(self._session, self.topics, self._desk, self.health, options.max_waiting, self._inbox.take)
        self._home = Home(self.topics, options.discovery, self._say_again, self._kept)

    @property
    def connected(self) -> bool:
        """Whether the broker is there right now."""
        return self._session.connected

    @property
    def busy(self) -> bool:
        """Whether messages are still on their way to the socket."""
        return not self._link.idle

    @property
    def dropped(self) -> int:
        """QoS 0 messages let go because the broker was away or slow."""
        return self._link.dropped

    @property
    def progress(self) -> dict[str, int]:
        """Loops of the link's thread, while it runs or ought to: one that stands still hangs."""
        return {"mqtt": self._link.progress} if self._link.alive else {}

    def use_desk(self, desk: AlertDesk) -> None:
        """Carry the alerts of this desk, into which somebody else puts the events; call it before `open`."""
        self._desk = self._link.desk = self._inbox.desk = desk
        self._is_own_desk = False

    def use_pauses(self, pauses: Pauses) -> None:
        """Let cameras be paused over MQTT, as far as `mqtt.pause_min` allows; call it before `open`."""
        self._switch.pauses = pauses

    def alert(self, alert: Alert) -> None:
        """An alert was recorded: send it, and the latched state that it leads to."""
        if alert.drill:
            self._tell_drill()
        else:
            self._link.state(f"{self.topics.base}/cam/{alert.cam}/fall", self._desk.state(alert.cam))
        self._link.wake()

    def _tell_drill(self) -> None:
        state = self._desk.drill_state()
        self._link.state(self.topics.of("drill"), state)
        self.health.last_drill_ok = state.last_drill_ok
        self.tell_health()

    def try_again(self) -> None:
        """Offer at once what nobody took so far."""
        self._link.try_again()

    def _say(self, topic: str, message: object) -> None:
        self._link.state(topic, message)

    def _say_again(self, topic: str) -> None:
        self._link.say_again(topic)

    def _forget(self, topic: str) -> None:
        self._link.forget(topic)

    def open(self, card: Mapping[str, Any]) -> None:
        """Announce this device and begin to connect; returns at once."""
        model = card.get("model")
        if self._is_own_desk:
            self._desk.model = dict(model) if isinstance(model, Mapping) else None
        cameras = card.get("cameras")
        if isinstance(cameras, Sequence):
            self._inbox.cameras = {self.topics.camera(str(camera["name"])) for camera in cameras}
            self._announce([str(camera["name"]) for camera in cameras if camera.get("live")])
        self._session.subscribe(*self._inbox.subscriptions)
        self._link.state(self.topics.of("status"), "online")
        self.tell_card(card)
        self._tell_drill()
        self._link.start()

    def tell_card(self, card: Mapping[str, Any]) -> None:
        """Say what this device is and runs, in the place of what was said before."""
        about: Info = {"device": self.topics.device, "schemas": SCHEMA_IDS, "skeleton_keys": SKELETON_KEYS}
        self._link.state(self.topics.of("info"), {**card, **about})

    def _announce(self, cameras: Sequence[str]) -> None:
        """Have Home Assistant make entities of the live cameras; a recording is nobody's camera."""
        actions = allowed(self._desk.options.answers)
        for camera in cameras:
            self._switch.tell(camera)
        for topic, message in self._home.announcements(cameras, actions, self._switch.allowed).items():
            self._link.state(topic, message)
        if (where := self._home.subscriptions) is not None:
            self._inbox.home_status, self._inbox.announced = where
            self._inbox.at_home = self._home.started

    def _kept(self) -> list[str]:
        """The topics of all retained values."""
        return [*(self.topics.of(name) for name in ("status", "info", "health", "drill")), *self._kept_of_cameras()]

    def _kept_of_cameras(self) -> list[str]:
        cameras = sorted(self._watched | self._cameras.keys())
        kinds = ("status", "occupancy", "fall", "pause")  # a topic that was never set is not sent
        return [self.topics.of_camera(name, kind) for name in cameras for kind in kinds]

    def publish(self, result: FrameResult) -> None:
        """Send what is new in one frame: skeletons, occupancy, events."""
        if self._closed:
            raise ClosedError("results cannot be published after the MQTT publisher was closed")
        camera = self._camera(result.source)
        for event in result.events:
            self._tell(camera, event, result)
        if self.options.skeletons and (message := camera.skeletons(result)) is not None:
            self._link.send(self.topics.of_camera(camera.name, "skeleton"), encode(message), _SKELETON_EXPIRY_S)
        n_present = sum(track.missing_s <= self.options.occupancy_hold_s for track in result.tracks)
        if n_present != camera.n_present:
            self._tell_occupancy(camera, n_present)
        self._link.check()

    def camera_state(self, source: str, state: CameraState) -> None:
        """Tell that a camera's link changed, or that it is paused; that a camera is not watched is ill health, too."""
        self._watched.add(source)
        self._switch.tell(source)
        if state == "paused":
            self._look_away(self._camera(source))
        self._link.state(self.topics.of_camera(source, "status"), state)
        camera = self.topics.camera(source)
        changed = False
        for code, hint in _CAMERA_TROUBLE.items():
            if code == f"camera_{state}":
                changed |= self.health.raise_reason(code, hint, camera)
            else:
                changed |= self.health.clear(code, camera)
        if changed:
            self.tell_health()

    def stats(self, values: Mapping[str, Any]) -> None:
        """Send the numbers of the last interval, with this link's own; a device that does not is silent."""
        own: Stats = {
            "mqtt_dropped": self.dropped,
            "mqtt_too_large": self._link.n_too_large,
            "spool_depth": self._desk.store.depth(),
            "boot": boot_id(),
        }
        now_s = time.monotonic()
        self._tell_absent(self._presence.absent(now_s))
        interval_s = now_s - self._stats_s
        self._stats_s = now_s
        self._link.send(self.topics.of("stats"), encode({**values, **own}), max(1, round(2 * interval_s)))
        if now_s - self._beat_s >= _BEAT_S:
            self._beat_s = now_s
            self._tell_drill()  # and the health with it: when a drill last arrived is known only later
            for topic in self._kept_of_cameras():
                self._link.say_again(topic)

    def _tell_absent(self, names: list[str]) -> None:
        if names != self._absent:
            self._absent = names
            self.health.clear("pager_absent")
            if names:
                hint = f"not there to hear alerts: {', '.join(names)}; start it, or see to its connection"
                self.health.raise_reason("pager_absent", hint)
            self.tell_health()

    def tell_troubles(self, troubles: Sequence[Reason]) -> None:
        """Tell what other publishers suffer from, in the place of what they suffered from before."""
        spelt = [one if one.camera is None else replace(one, camera=self.topics.camera(one.camera)) for one in troubles]
        self.health.replace(self._troubles, spelt)
        self._troubles = spelt
        self.tell_health()

    def tell_health(self) -> None:
        """Send the health after `self.health` was changed."""
        self._link.state(self.topics.of("health"), self.health.message())

    def close(self) -> None:
        """Say `stopped`, let the last messages out, and leave.

        PublishError when the broker was never reached, and no alert went a second way either.
        """
        if not self._closed:
            self._leave("stopped")
            if not self._session.n_connects:
                problem = self._session.problem or "did not answer in time"
                if not self._desk.went_second_way:
                    raise PublishError(f"nothing was published: broker {self._session.broker} {problem}")
                log.warning("broker %s %s; what was critical went the second way", self._session.broker, problem)

    def fail(self) -> None:
        """Let the last messages out and leave without a word: the last will says `offline`, as after a crash."""
        if not self._closed:
            self._leave("")

    def _leave(self, last_word: str) -> None:
        self._closed = True
        self._inbox.is_running = False
        self._home.close()
        for name in self._watched:
            self._switch.end(name)
        for name in self._watched | self._cameras.keys():  # nobody watches them any more
            self._link.state(self.topics.of_camera(name, "status"), "offline")
        for camera in self._cameras.values():
            self._tell_occupancy(camera, 0)
        self._link.close(self.topics.of("status"), last_word, self.options.close_timeout_s)

    def _camera(self, name: str) -> Camera:
        camera = self._cameras.get(name)
        if camera is None:
            camera = self._cameras[name] = Camera(name)
            self._link.state(self.topics.of_camera(name, "fall"), self._desk.state(name))
        return camera

    def _tell_occupancy(self, camera: Camera, n_present: int) -> None:
        self._link.state(self.topics.of_camera(camera.name, "occupancy"), camera.occupancy(n_present))

    def _look_away(self, camera: Camera) -> None:
        """Of a paused camera nobody knows who is there."""
        self._tell_occupancy(camera, 0)
        camera.forget_people()

    def _tell(self, camera: Camera, event: Event, result: FrameResult) -> None:
        if self._is_own_desk and to_alert(event):
            self.alert(self._desk.take(camera.name, event, pose_of(event, result.tracks)))
        if event.kind != "fall":
            message = encode(camera.observation(event, result))
            self._link.send(self.topics.of_camera(camera.name, "event"), message, _EVENT_EXPIRY_S)


_CAMERA_TROUBLE = {
    "camera_stalled": "the camera is connected but its picture stands still; restart the camera",
    "camera_reconnecting": "the camera does not answer; check its power and cable",
    "camera_offline": "the camera is gone; check its power, cable and address",
    "camera_paused": "somebody has paused the camera: nobody is watched there until the pause ends by itself",
}
"""Codes of health that a camera's state raises, with what to do."""
