"""What becomes of an event that somebody must hear of: ids, order, latch, and where it waits until somebody has it.

It knows events and files, and nothing of MQTT or HTTP: publishers carry alerts out.
"""
