"""What Home Assistant is told so that it makes entities of a device by itself: values only, no connection.

Device-based discovery (Home Assistant 2024.11 and later): one retained message for the device and one for each live
camera, tied by `via_device`. Whatever is not watched is unavailable there, never a calm "no fall".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from edgepose.alerts.acknowledgement import Action
from edgepose.publish.mqtt.silence import SILENT_S
from edgepose.publish.mqtt.topics import Topics
from edgepose.version import __version__

EVENT_TYPES = (
    *("fall_suspected", "fall_confirmed", "long_lie", "found_down", "recovered", "cleared", "unknown"),
    *("help", "no_motion", "absence", "bed_not_returned", "drill", "other"),
)
"""Home Assistant drops an event of a type that was not announced: what a rule of one's own says becomes `other`."""

STAGES = ("suspected", "confirmed", "long_lie", "found_down", "unknown", "other")
CAMERA_STATES = ("online", "stalled", "reconnecting", "offline", "paused")

Message = dict[str, Any]


def messages(
    topics: Topics, prefix: str, cameras: Sequence[str], actions: Sequence[Action], pausing: bool = False
) -> dict[str, Message]:
    """Retained messages by topic, under Home Assistant's discovery prefix; none without a camera.

    cameras: names of the live ones. actions: the answers to alerts that this device takes over MQTT. pausing: whether
    it lets cameras be paused.
    """
    if not cameras:
        return {}
    found = {f"{base(topics, prefix)}/config": _message(topics, None, _of_device(topics))}
    for camera in cameras:
        components = {**_of_camera(topics, camera), **_buttons(topics, camera, actions)}
        if pausing:
            components["pause"] = _pause_switch(topics, camera)
        found[camera_topic(topics, prefix, camera)] = _message(topics, camera, components)
    return found


def base(topics: Topics, prefix: str) -> str:
    """Where this device's messages begin; `prefix` is Home Assistant's."""
    return f"{prefix}/device/edgepose_{topics.device}"


def camera_topic(topics: Topics, prefix: str, camera: str) -> str:
    """Where a camera is announced; its name is the level before the last, as in all topics of cameras."""
    return f"{base(topics, prefix)}/{topics.camera(camera)}/config"


def _message(topics: Topics, camera: str | None, components: Mapping[str, Message]) -> Message:
    """A device with its components; names are made here, so that no two of them can be the same."""
    own = f"edgepose.{topics.device}"
    device: Message = {"manufacturer": "EdgePose", "sw_version": __version__}
    if camera is None:
        device |= {"identifiers": [own], "name": topics.device, "model": "EdgePose"}
    else:
        place = topics.camera(camera)
        device |= {"identifiers": [f"{own}.cam.{place}"], "name": camera, "model": "Camera", "via_device": own}
    spoken = "_".join([topics.device, *([] if camera is None else [topics.camera(camera)])])
    for key, component in components.items():
        component["unique_id"] = f"{device['identifiers'][0]}.{key}"
        component["default_entity_id"] = f"{component['platform']}.{_entity_id(f'{spoken}_{key}')}"
    return {"device": device, "origin": {"name": "EdgePose", "sw_version": __version__}, "components": dict(components)}


def _entity_id(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def _of_device(topics: Topics) -> dict[str, Message]:
    stats = {
        "state_topic": topics.of("stats"),
        "expire_after": int(SILENT_S),
        "entity_category": "diagnostic",
        **_while(_device_is_online(topics)),
    }
    hottest = "{{ value_json.temperatures_c.values() | max if value_json.temperatures_c else None }}"
    return {
        "running": {**stats, **_binary("Running", "connectivity", "ON")},
        "problem": {
            **_binary("Problem", "problem", "{{ 'OFF' if value_json.level == 'ok' else 'ON' }}"),
            "state_topic": topics.of("health"),
            "json_attributes_topic": topics.of("health"),
            "json_attributes_template": "{{ {'reasons': value_json.reasons} | tojson }}",
            "expire_after": int(SILENT_S),
            "entity_category": "diagnostic",
            **_while(_device_is_online(topics)),
        },
        "drill": {
            **_binary("Drill", None, "{{ value_json.state }}"),
            "state_topic": topics.of("drill"),
            "json_attributes_topic": topics.of("drill"),
            "entity_category": "diagnostic",
            **_while(_device_is_online(topics)),
        },
        "last_drill": {
            "platform": "sensor",
            "name": "Last drill that arrived",
            "device_class": "timestamp",
            "state_topic": topics.of("drill"),
            "value_template": "{{ value_json.last_drill_ok }}",
            "entity_category": "diagnostic",
            **_while(_device_is_online(topics)),
        },
        "fps": {**stats, **_number("Frame rate", "{{ value_json.fps }}", "fps")},
        "waiting": {**stats, **_number("Alerts waiting", "{{ value_json.spool_depth }}")},
        "temperature": {**stats, **_number("Temperature", hottest, "°C"), "device_class": "temperature"},
    }


def _of_camera(topics: Topics, camera: str) -> dict[str, Message]:
    fall, occupancy, link = (topics.of_camera(camera, name) for name in ("fall", "occupancy", "status"))
    watched = _while(_device_is_online(topics), _is(link, "value == 'online'"))
    fresh = {"expire_after": int(SILENT_S)}
    return {
        "fall": {
            **_binary("Fall", "safety", "{{ value_json.state }}"),
            "state_topic": fall,
            "json_attributes_topic": fall,
            "qos": 1,
            **fresh,
            **watched,
        },
        "open_fall": {  # there as long as a fall is open, whatever became of device and camera
            **_choice("Open fall", STAGES, "value_json.stage"),
            "state_topic": fall,
            "json_attributes_topic": fall,
            "qos": 1,
            **_while(_fall_is_open(fall)),
        },
        "alert": {
            "platform": "event",
            "name": "Alert",
            "state_topic": topics.of_camera(camera, "alert"),
            "event_types": list(EVENT_TYPES),
            "value_template": _ALERT,
            "qos": 1,
            **_while(_device_is_online(topics)),  # not of the camera: that it is lost may be what an alert says
        },
        "occupancy": {
            **_binary("Occupancy", "occupancy", "{{ value_json.state }}"),
            "state_topic": occupancy,
            **fresh,
            **watched,
        },
        "people": {
            **_number("People", "{{ value_json.count }}"),
            "state_topic": occupancy,
            **fresh,
            **watched,
        },
        "link": {
            **_binary("Connection", "connectivity", "{{ 'ON' if value in ['online', 'paused'] else 'OFF' }}"),
            "state_topic": link,
            "entity_category": "diagnostic",
            **fresh,
            **_while(_device_is_online(topics)),
        },
        "state": {
            **_choice("State", CAMERA_STATES, "value", "offline"),
            "state_topic": link,
            "entity_category": "diagnostic",
            **fresh,
            **_while(_device_is_online(topics)),
        },
    }


_BUTTONS: Mapping[Action, tuple[str, str]] = {
    "seen": ("Seen", "mdi:eye-check"),
    "helped": ("Helped", "mdi:account-heart"),
    "false_alarm": ("False alarm", "mdi:close-octagon-outline"),
}


def _buttons(topics: Topics, camera: str, actions: Sequence[Action]) -> dict[str, Message]:
    """A button for each answer, pressable while a fall is open. It answers the fall that its own attributes name."""
    fall = topics.of_camera(camera, "fall")
    answer = '{"alert_id":"{{ this.attributes.alert_id or \'\' }}","action":"%s","by":"Home Assistant"}'
    return {
        action: {
            "platform": "button",
            "name": _BUTTONS[action][0],
            "icon": _BUTTONS[action][1],
            "command_topic": topics.of("ack"),
            "command_template": answer % action,
            "json_attributes_topic": fall,
            "qos": 1,
            "retain": False,
            **_while(_device_is_online(topics), _fall_is_open(fall)),
        }
        for action in actions
    }


def _pause_switch(topics: Topics, camera: str) -> Message:
    """On while nobody looks; it goes off by itself."""
    state = topics.of_camera(camera, "pause")
    return {
        "platform": "switch",
        "name": "Pause",
        "icon": "mdi:eye-off",
        "command_topic": f"{state}/set",
        "state_topic": state,
        "value_template": "{{ value_json.state }}",
        **{f"payload_{word.lower()}": f'{{"state":"{word}","by":"Home Assistant"}}' for word in ("ON", "OFF")},
        "state_on": "ON",
        "state_off": "OFF",
        "json_attributes_topic": state,
        "qos": 1,
        "retain": False,
        **_while(_device_is_online(topics)),
    }


_ALERT = (
    "{{ {'event_type': 'drill' if value_json.drill else value_json.event_type "
    f"if value_json.event_type in {list(EVENT_TYPES)} else 'other', "
    "'said': value_json.event_type, 'alert_id': value_json.id, 'seq': value_json.seq, 'step': value_json.type, "
    "'severity': value_json.severity, 'zone': value_json.zone, 'captured': value_json.captured, "
    "'score': value_json.score, 'drill': value_json.drill, 'replayed': value_json.delivery.replayed} | tojson }}"
)
"""The alert without its keypoints, which Home Assistant would keep in its history."""


def _binary(name: str, device_class: str | None, template: str) -> Message:
    message = {"platform": "binary_sensor", "name": name, "value_template": template}
    return message | ({} if device_class is None else {"device_class": device_class})


def _number(name: str, template: str, unit: str | None = None) -> Message:
    message = {"platform": "sensor", "name": name, "state_class": "measurement", "value_template": template}
    return message | ({} if unit is None else {"unit_of_measurement": unit})


def _choice(name: str, words: Sequence[str], value: str, otherwise: str = "other") -> Message:
    template = f"{{{{ {value} if {value} in {list(words)} else '{otherwise}' }}}}"
    return {
        "platform": "sensor",
        "name": name,
        "device_class": "enum",
        "options": list(words),
        "value_template": template,
    }


def _while(*conditions: Message) -> Message:
    """Available while all of these hold; a topic that was never heard of does not."""
    return {"availability": list(conditions), "availability_mode": "all"}


def _is(topic: str, condition: str) -> Message:
    """Home Assistant ignores a payload that is neither of its two words, so every one is made one of them."""
    return {"topic": topic, "value_template": f"{{{{ 'online' if {condition} else 'offline' }}}}"}


def _device_is_online(topics: Topics) -> Message:
    return _is(topics.of("status"), "value == 'online'")


def _fall_is_open(fall: str) -> Message:
    return _is(fall, "value_json.state == 'ON'")
