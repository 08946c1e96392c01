"""MQTT against a real broker: what a subscriber sees of a run, and what stays behind on the broker."""

from __future__ import annotations

import time

import pytest
from publish_scene import fall, person, result, wait_for
from subscriber import Subscriber

from edgepose.alerts.timing import boot_id
from edgepose.errors import ClosedError, ConfigError
from edgepose.health import reason_now
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.options import MqttOptions
from edgepose.types import Event

CARD = {"model": {"name": "net", "sha256": "00"}, "keypoints": ["nose"]}


@pytest.fixture
def publisher(broker):
    """A publisher that is connected to the broker."""
    with_broker = MqttPublisher(MqttOptions(url=broker.url, device="jetson"))
    with_broker.open(CARD)
    assert wait_for(lambda: with_broker.connected)
    yield with_broker
    with_broker.close()


@pytest.fixture
def subscriber(broker):
    with Subscriber(broker.port) as listening:
        yield listening


def test_status_goes_from_online_to_stopped(subscriber, publisher):
    publisher.close()
    assert wait_for(lambda: len(subscriber.raw("jetson/status")) == 2)
    assert wait_for(lambda: subscriber.raw("jetson/status") == [b"online", b"stopped"])


def test_the_last_frame_arrives_before_stopped(subscriber, publisher):
    publisher.publish(result(person(), events=(fall("suspected"),)))
    publisher.close()
    assert wait_for(lambda: b"stopped" in subscriber.raw("status"))
    order = [topic.rsplit("/", 1)[1] for topic, _, _ in subscriber.messages]
    assert {"skeleton", "alert", "occupancy"} < set(order) and order[-1] == "status"


def test_state_is_retained_and_skeletons_and_alerts_are_not(broker, publisher):
    publisher.publish(result(person(), events=(fall("suspected"),)))
    publisher.camera_state("hall", "online")
    publisher.close()
    with Subscriber(broker.port) as late:
        wait_for(lambda: len(late.messages) >= 7)
        kept = {topic.removeprefix("edgepose/v1/jetson/") for topic, _, _ in late.messages}
    assert kept == {"status", "info", "health", "drill", "cam/hall/status", "cam/hall/occupancy", "cam/hall/fall"}


def test_info_is_the_card_with_what_the_short_keys_mean(subscriber, publisher):
    assert wait_for(lambda: subscriber.json("/info"))
    (info,) = subscriber.json("/info")
    assert info["model"]["name"] == "net" and info["device"] == "jetson"
    assert {"p", "i", "k"} < set(info["skeleton_keys"]) and info["schemas"]["alert"] == "edgepose.alert/1"


def test_a_skeleton_message_holds_the_frame(subscriber, publisher):
    publisher.publish(result(person(4), seq=9))
    assert wait_for(lambda: subscriber.json("skeleton"))
    message = subscriber.json("skeleton")[0]
    assert (message["v"], message["seq"], message["w"], message["h"], message["n"]) == (1, 9, 640, 480, 1)
    assert abs(message["t"] / 1000 - time.time()) < 5
    (someone,) = message["p"]
    assert someone["i"] == 4 and someone["b"] == [100.0, 50.0, 100.0, 379.4]
    assert someone["k"][:3] == [100.0, 50.0, 0.9] and someone["k"][-3:] == [None, None, 0.0] and len(someone["k"]) == 54


def test_one_empty_frame_follows_the_last_person(subscriber, publisher):
    for tracks in ((), (person(),), (person(),), (), ()):
        publisher.publish(result(*tracks))
    publisher.close()
    assert wait_for(lambda: b"stopped" in subscriber.raw("status"))
    assert wait_for(lambda: [message["n"] for message in subscriber.json("skeleton")] == [1, 1, 0])


def test_a_posture_is_carried_with_the_skeleton(subscriber, publisher):
    publisher.publish(result(person(4), events=(Event("posture", "sitting", 1.0, 4),)))
    assert wait_for(lambda: subscriber.json("skeleton") and subscriber.json("/event"))
    assert wait_for(lambda: subscriber.json("skeleton")[0]["p"][0]["st"] == "sitting")
    assert wait_for(lambda: subscriber.json("/event")[0]["kind"] == "posture")


def test_frames_dropped_while_nobody_was_there_are_counted_in_the_next_message(subscriber, publisher):
    from dataclasses import replace

    publisher.publish(replace(result(), dropped=3))
    publisher.publish(replace(result(person()), dropped=2))
    assert wait_for(lambda: subscriber.json("skeleton"))
    assert wait_for(lambda: subscriber.json("skeleton")[0]["q"] == 5)


def test_occupancy_changes_only_when_the_number_of_people_does(subscriber, publisher):
    for tracks in ((), (person(1),), (person(1), person(2)), (person(1), person(2, missing_s=1.0)), ()):
        publisher.publish(result(*tracks))
        wait_for(lambda: not publisher._link._busy())
    assert wait_for(lambda: len(subscriber.json("occupancy")) >= 4)
    assert [(o["state"], o["count"]) for o in subscriber.json("occupancy")] == [
        ("OFF", 0),
        ("ON", 1),
        ("ON", 2),
        ("OFF", 0),
    ]


def test_the_life_of_a_fall(subscriber, publisher):
    publisher.publish(result())
    wait_for(lambda: not publisher._link._busy())
    for stage in ("suspected", "confirmed", "long_lie", "recovered"):
        publisher.publish(result(person(), events=(fall(stage, torso_angle_deg=81.5),)))
        wait_for(lambda: not publisher._link._busy())
    assert wait_for(lambda: len(subscriber.json("/alert")) == 4)
    alerts = subscriber.json("/alert")
    assert [a["type"] for a in alerts] == ["new", "update", "update", "end"]
    assert [a["event_type"] for a in alerts] == ["fall_suspected", "fall_confirmed", "long_lie", "recovered"]
    assert [a["severity"] for a in alerts] == ["warning", "critical", "critical", "info"]
    assert [a["seq"] for a in alerts] == [0, 1, 2, 3] and len({a["id"] for a in alerts}) == 1
    assert alerts[0]["evidence"] == {"torso_angle_deg": 81.5} and alerts[0]["ended"] is None and alerts[3]["ended"]
    assert alerts[0]["delivery"]["attempt"] == 1 and alerts[0]["model"]["sha256"] == "00"
    assert len(alerts[0]["pose"]) == 54
    states = subscriber.json("/fall")
    assert [s["state"] for s in states] == ["OFF", "ON", "ON", "ON", "OFF"]
    assert states[1]["alert_id"] == alerts[0]["id"]


def test_a_lost_camera_is_told_as_status_and_as_health(subscriber, publisher):
    publisher.camera_state("hall", "offline")
    publisher.camera_state("hall", "online")
    assert wait_for(lambda: subscriber.raw("cam/hall/status")[-1:] == [b"online"])
    assert wait_for(lambda: subscriber.json("health")[-1]["level"] == "ok")


def test_what_another_publisher_gave_up_is_told_as_health(subscriber, publisher):
    file, video = reason_now("jsonl_failed", "make room"), reason_now("video_failed", "make room", "hall")
    publisher.tell_troubles([file, video])
    assert wait_for(lambda: [one["level"] for one in subscriber.json("health")][-1:] == ["degraded"])
    told = {(one["code"], one["camera"], one["hint"]) for one in subscriber.json("health")[-1]["reasons"]}
    assert told == {("jsonl_failed", None, "make room"), ("video_failed", "hall", "make room")}
    publisher.tell_troubles([])
    assert wait_for(lambda: subscriber.json("health")[-1]["level"] == "ok")


def test_stats_carry_the_links_own_numbers(subscriber, publisher):
    publisher.stats({"fps": 25.0})
    assert wait_for(lambda: subscriber.json("stats"))
    assert subscriber.json("stats")[0] == {"fps": 25.0, "boot": boot_id()} | dict.fromkeys(
        ("mqtt_dropped", "mqtt_too_large", "spool_depth"), 0
    )


def test_health_and_falls_are_said_again_as_a_heartbeat(subscriber, publisher, monkeypatch):
    publisher.publish(result())
    wait_for(lambda: not publisher._link._busy())
    publisher.publish(result(events=(fall("confirmed"),)))
    publisher.stats({})
    assert wait_for(
        lambda: len(subscriber.json("/fall")) == 2 and subscriber.json("stats") and not publisher._link._busy()
    )
    n_falls, n_health = len(subscriber.json("/fall")), len(subscriber.json("health"))
    monkeypatch.setattr(publisher, "_beat_s", time.monotonic() - 30)
    time.sleep(0.002)
    publisher.stats({})
    publisher.stats({})
    assert wait_for(lambda: len(subscriber.json("stats")) == 3 and len(subscriber.json("/fall")) > n_falls)
    assert wait_for(lambda: len(subscriber.json("health")) > n_health)
    assert wait_for(
        lambda: len(subscriber.json("/fall")) == n_falls + 1 and len(subscriber.json("health")) == n_health + 1
    )
    last = subscriber.json("health")[-1]
    assert wait_for(lambda: last["boot"] == boot_id() and last["at"] > subscriber.json("health")[-2]["at"])


def test_a_hostile_camera_name_stays_one_level(subscriber, publisher):
    publisher.publish(result(person(), source="../+/#\x00\nhall"))
    assert wait_for(lambda: subscriber.json("skeleton"))
    topic = next(topic for topic, _, _ in subscriber.messages if topic.endswith("skeleton"))
    assert topic.count("/") == 5 and not set(topic) & set("+#\x00\n")


def test_closed_says_so_and_twice_is_fine(publisher):
    publisher.close()
    publisher.close()
    with pytest.raises(ClosedError):
        publisher.publish(result())


def test_a_password_comes_from_its_file(make_broker, tmp_path):
    import subprocess

    users = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(users), "anna", "s3cret"], check=True)
    users.chmod(0o644)
    broker = make_broker(f"allow_anonymous false\npassword_file {users}").start()
    (tmp_path / "word").write_text("s3cret\n")
    options = MqttOptions(url=f"mqtt://anna@127.0.0.1:{broker.port}", password_file=str(tmp_path / "word"))
    publisher = MqttPublisher(options)
    publisher.open({})
    assert wait_for(lambda: publisher.connected)
    publisher.close()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (MqttOptions(), "needs a broker"),
        (MqttOptions(url="http://x"), "mqtt://"),
        (MqttOptions(url="mqtt://x", password_file="/nowhere"), "needs a user"),
        (MqttOptions(url="mqtt://u@x", password_file="/nowhere"), "cannot be read"),
        (MqttOptions(url="mqtts://x", ca_file="/nowhere"), "ca_file"),
    ],
    ids=["no url", "scheme", "no user", "no password", "no certificates"],
)
def test_wrong_options_are_told_in_a_sentence(options, words):
    with pytest.raises(ConfigError, match=words):
        MqttPublisher(options)


def test_a_lost_person_keeps_the_latch_until_the_fall_is_closed(subscriber, publisher):
    for stage in ("confirmed", "unknown", "cleared"):
        publisher.publish(result(events=(fall(stage),)))
        wait_for(lambda: not publisher._link._busy())
    assert wait_for(lambda: len(subscriber.json("/alert")) == 3)
    assert wait_for(lambda: [a["type"] for a in subscriber.json("/alert")] == ["new", "update", "end"])
    assert [(s["state"], s["stage"]) for s in subscriber.json("/fall")][-3:] == [
        ("ON", "confirmed"),
        ("ON", "unknown"),
        ("OFF", None),
    ]


def test_of_two_falls_the_gravest_is_shown_and_each_has_its_own_alert(subscriber, publisher):
    for stage, episode in (("confirmed", 1), ("suspected", 2), ("recovered", 1)):
        publisher.publish(result(events=(fall(stage, episode),)))
        wait_for(lambda: not publisher._link._busy())
    assert wait_for(lambda: len(subscriber.json("/alert")) == 3)
    first, second, third = subscriber.json("/alert")
    assert first["id"] == third["id"] != second["id"]
    assert wait_for(lambda: [s["stage"] for s in subscriber.json("/fall")][-2:] == ["confirmed", "suspected"])


def test_a_call_for_help_is_an_alert_that_latches_nothing(subscriber, publisher):
    publisher.publish(result(person(4), events=(Event("gesture", "help", time.monotonic(), 4),)))
    assert wait_for(lambda: subscriber.json("/alert"))
    assert wait_for(lambda: subscriber.json("/alert")[0]["event_type"] == "help")
    assert wait_for(lambda: subscriber.json("/alert")[0]["severity"] == "critical")
    assert wait_for(lambda: subscriber.json("/fall")[-1]["state"] == "OFF")


def test_an_unknown_without_an_episode_is_an_alert_that_latches_nothing(subscriber, publisher):
    publisher.publish(result(events=(Event("fall", "unknown", time.monotonic(), evidence={"fps": 2.0}),)))
    assert wait_for(lambda: subscriber.json("/alert"))
    assert wait_for(lambda: subscriber.json("/alert")[0]["event_type"] == "unknown")
    assert wait_for(lambda: subscriber.json("/fall")[-1]["state"] == "OFF")
