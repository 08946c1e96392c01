"""The Node-RED flow: it can be imported, listens where alerts are, and its functions do what they say."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from example_kit import EXAMPLES, alert

from edgepose.publish.mqtt.topics import Topics

FLOW = json.loads((EXAMPLES / "node-red/flow.json").read_text())
NODES = {node["id"]: node for node in FLOW}
COMES_WITH_NODE_RED = {
    *("tab", "mqtt-broker", "mqtt in", "mqtt out", "switch", "function", "debug", "http request", "inject"),
}


def named(name: str) -> dict:
    (node,) = (node for node in FLOW if node.get("name") == name)
    return node


def run(node: dict, msg: dict, flow: dict | None = None) -> tuple[dict | None, dict]:
    """What a function node returns for a message, and what the flow remembers afterwards; in real JavaScript."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("needs node, which is not installed (apt-get install nodejs)")
    script = (
        f"const kept = {json.dumps(flow or {})}; const flow = {{get: k => kept[k], set: (k, v) => kept[k] = v}};"
        f"const made = (msg => {{{node['func']}\n}})({json.dumps(msg)});"
        "console.log(JSON.stringify([made === undefined ? null : made, kept]))"
    )
    done = subprocess.run([program, "-e", script], capture_output=True, text=True, check=True)
    made, kept = json.loads(done.stdout)
    return made, kept


def test_every_node_comes_with_node_red_and_every_wire_ends_at_one():
    assert len(NODES) == len(FLOW) and {node["type"] for node in FLOW} <= COMES_WITH_NODE_RED
    (tab,) = (node["id"] for node in FLOW if node["type"] == "tab")
    for node in FLOW:
        assert node["type"] in ("tab", "mqtt-broker") or node["z"] == tab
        assert "broker" not in node or node["type"] == "mqtt-broker" or NODES[node["broker"]]["type"] == "mqtt-broker"
        assert all(end in NODES for wires in node.get("wires", ()) for end in wires)


def test_it_listens_to_alerts_of_every_device_and_camera():
    topic = Topics("jetson").of_camera("hall", "alert")
    filtered = named("alerts")["topic"].split("/")
    assert len(filtered) == len(topic.split("/"))
    assert all(want in ("+", level) for want, level in zip(filtered, topic.split("/"), strict=True))
    assert named("alerts")["qos"] == "1"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (alert(), "somebody has fallen, camera hall of jetson"),
        (alert("long_lie", "update"), "somebody has been lying on the floor for long, camera hall of jetson"),
        (alert(drill=True), "DRILL: somebody has fallen, camera hall of jetson"),
        (alert("cleared", "end"), None),
        (alert(delivery={"attempt": 2, "queued_ms": 9000, "replayed": True}), None),
    ],
    ids=["a fall", "a long lie", "a drill", "an end", "an old one"],
)
def test_it_says_in_a_sentence_what_happened(message, words):
    made, kept = run(named("what to say"), {"payload": message})
    assert (made and made["payload"]) == words
    if words:
        assert kept["open"] == {"device": "jetson", "id": "01a2"}


def test_a_click_answers_the_last_alert():
    made, _ = run(named("the last alert"), {"payload": "seen"}, {"open": {"device": "jetson", "id": "01a2"}})
    answer = {"alert_id": "01a2", "action": "seen", "by": "node-red"}
    assert made == {"topic": "edgepose/v1/jetson/ack", "payload": answer}
    assert run(named("the last alert"), {"payload": "seen"})[0] is None
