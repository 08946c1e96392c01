"""What a broker means by the reason codes of MQTT 5, and what can be done: one sentence for each.

MQTT 3.1.1 has five codes of its own; paho gives them as those of version 5.
"""

from __future__ import annotations

FAILURE = 128
"""Codes from here on mean that a message, or a connection, was not taken."""

NO_SUBSCRIBERS = 16
"""PUBACK: taken, but nobody subscribes. Not a failure code, and yet nobody got it."""

UNSUPPORTED_PROTOCOL = 132
CLIENT_ID_REFUSED = 133
TAKEN_OVER = 142
TOO_LARGE = 149
NO_RETAIN = 154
QOS_TOO_HIGH = 155

OURS = frozenset((128, 129, 130, 131, 144, 147, 149, 151, 153, 154, 155))
"""Codes of a DISCONNECT that one of our messages may be the cause of."""

_WORDS = {
    128: "unspecified error; the broker's log says more",
    129: "malformed packet; the broker understood something else than was sent: is a proxy between?",
    130: "protocol error; the broker's log says more",
    131: "a rule of this broker forbids it; the broker's log says more",
    132: "it does not speak this version of MQTT; leave mqtt.protocol at auto",
    133: "client id not valid; set mqtt.client_id to one that it allows",
    134: "bad user name or password; check user and password",
    135: "not authorized; check user, password and the broker's access rules, for the client id too",
    136: "server unavailable; it is starting or overloaded",
    137: "server busy; it is overloaded",
    138: "banned; somebody has put this device on the broker's list",
    139: "the broker shuts down",
    140: "bad authentication method; it wants another way than user and password",
    141: "it heard nothing of this device for too long; is the network lossy?",
    142: "another client connects under the same client id; give each device a name of its own (mqtt.device)",
    144: "topic name not valid; the broker forbids this topic",
    145: "packet identifier in use; the broker's log says more",
    147: "more messages under way than it takes at once",
    148: "topic alias not valid",
    149: "packet too large; raise the broker's limit (mosquitto: max_packet_size)",
    150: "more messages a second than it takes; raise the broker's limit",
    151: "quota exceeded; the broker's storage or this user's share is full",
    152: "somebody ended the connection at the broker",
    153: "payload not valid; the broker wants another form of message",
    154: "retained messages are not allowed; allow them (mosquitto: retain_available)",
    155: "this QoS is not allowed; allow QoS 1 (mosquitto: max_qos)",
    156: "use another server; name that one in mqtt.url",
    157: "the server has moved; name the new one in mqtt.url",
    159: "more connections a second than it takes; it is tried less often",
    160: "the connection has lasted as long as the broker allows",
}


def sentence(code: int) -> str:
    """What the code means, with what can be done."""
    return _WORDS.get(code, f"reason {code}; the broker's log says more")
