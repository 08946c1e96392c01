"""Every fall alert of every device on a broker, in ten lines: .venv/bin/python examples/subscriber.py [HOST]"""

import json
import sys

import paho.mqtt.client as mqtt

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
client.on_connect = lambda client, *_: client.subscribe("edgepose/v1/+/cam/+/alert", qos=1)


def on_message(client, userdata, message):
    alert = json.loads(message.payload)
    print(alert["captured"], alert["cam"], alert["event_type"], alert["severity"], alert["evidence"], flush=True)


client.on_message = on_message
client.connect(sys.argv[1] if len(sys.argv) > 1 else "localhost")
client.loop_forever()
