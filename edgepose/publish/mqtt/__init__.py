"""MQTT: what is said on which topic, and how it gets there. docs/reference/mqtt.md is the contract with subscribers.

publisher decides what is said; messages and topics give it form; alerts keeps falls and alerts until somebody got them;
link carries everything over one session; health says what is wrong. watch and drill are for people.
"""
