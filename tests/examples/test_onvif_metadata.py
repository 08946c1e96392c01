"""ONVIF metadata of the example: who has fallen is Fallen, in the coordinates and words of ONVIF."""

from __future__ import annotations

import runpy

import pytest
from example_kit import EXAMPLES, alert, running
from real_broker import wait_for

EXAMPLE = runpy.run_path(str(EXAMPLES / "onvif_metadata.py"))
ONVIF_WORDS = {"Walking", "Running", "Fallen", "Squatting", "Sitting", "Standing", "Driving", "Other"}
"""bd:HumanActivity of humanbody.xsd, version 19.12."""


def skeletons(*people: tuple[int, str]) -> dict:
    """A skeleton message of 640 x 480; everybody's box is 64 by 48 pixels about a third of the way."""
    box = [159.5, 119.5, 223.5, 167.5]
    shown = [{"i": number, "s": 0.8, "b": box, "k": [], "st": posture} for number, posture in people]
    return {"v": 1, "seq": 1, "t": 1795431047032, "w": 640, "h": 480, "n": len(shown), "q": 0, "p": shown}


def activities(frame: dict) -> list[str]:
    found = [one["Appearance"]["HumanBody"]["Behaviour"]["Activity"] for one in frame["Frame"][0]["Object"]]
    assert set(found) <= ONVIF_WORDS
    return found


def test_postures_are_said_in_onvifs_words():
    people = skeletons((1, "standing"), (2, "sitting"), (3, "crouching"), (4, "lying"), (5, "unknown"))
    found = activities(EXAMPLE["frame_of"](people, {4}))
    assert found == ["Standing", "Sitting", "Squatting", "Fallen", "Other"]


def test_boxes_run_from_minus_one_to_one_and_upwards():
    (frame,) = EXAMPLE["frame_of"](skeletons((7, "standing")), set())["Frame"]
    (body,) = frame["Object"]
    shape = body["Appearance"]["Shape"]
    assert shape["BoundingBox"] == {"@left": -0.5, "@top": 0.5, "@right": -0.3, "@bottom": 0.3}
    assert shape["CenterOfGravity"] == {"@x": -0.4, "@y": 0.4}
    assert body["@ObjectId"] == 7 and frame["@UtcTime"] == "2026-11-23T10:50:47.032Z"


@pytest.mark.parametrize(
    ("alerts", "fallen"),
    [
        ([alert("fall_suspected")], set()),
        ([alert("fall_suspected"), alert("fall_confirmed", "update")], {3}),
        ([alert("found_down")], {3}),
        ([alert(), alert("unknown", "update", track_id=9)], {9}),
        ([alert(), alert("recovered", "end")], set()),
        ([alert(drill=True)], set()),
        ([alert(cam="kitchen")], set()),
    ],
    ids=["suspected", "confirmed", "found down", "another id", "recovered", "drill", "another camera"],
)
def test_fallen_is_whoever_has_an_open_alert(alerts, fallen):
    falls = EXAMPLE["Falls"]()
    for one in alerts:
        falls.take(one)
    assert falls.of("hall") == fallen


def test_a_fall_on_the_broker_becomes_a_fallen_human_there(broker, client):
    with running("onvif_metadata.py", f"127.0.0.1:{broker.port}"):
        client.say("jetson/cam/hall/alert", alert())
        client.say("jetson/cam/hall/skeleton", skeletons((3, "lying")))
        topic = "edgepose/onvif-mj/VideoAnalytics/hall/EdgePose"
        assert wait_for(lambda: [said for where, said in client.heard if where == topic])
    (frame,) = [said for where, said in client.heard if where == topic]
    assert activities(frame) == ["Fallen"]
