"""One broker and what is known of it: which version of MQTT it speaks, and which last will it takes."""

from __future__ import annotations

import msgspec

from edgepose.publish.mqtt import reasons
from edgepose.publish.mqtt.connection import Ending, Will
from edgepose.publish.mqtt.topics import Broker

_CLOSES_FOR_3_1_1 = 3
"""Times in a row that a broker which spoke MQTT 5 before must hang up on it, before 3.1.1 is tried."""


class Target(msgspec.Struct):
    """protocol: of the next try, "5" or "3.1.1". n_closed: times in a row that it hung up before it answered."""

    broker: Broker
    protocol: str
    will: Will | None
    spoke_5: bool = False
    is_old: bool = False
    n_closed: int = 0

    def adapt(self, wanted: str, protocol: str, ending: Ending) -> bool:
        """Whether another way of asking this broker is worth a try at once; it is noted here.

        wanted: of the options. protocol: of the try that ended.
        """
        automatic = wanted == "auto" and protocol == "5"
        if ending.kind == "refused":
            if ending.code == reasons.UNSUPPORTED_PROTOCOL and automatic:
                self.protocol = "3.1.1"
                return True
            if self.will is not None and ending.code == reasons.QOS_TOO_HIGH and self.will.qos:
                self.will = msgspec.structs.replace(self.will, qos=0)
                return True
            if self.will is not None and ending.code == reasons.NO_RETAIN and self.will.retain:
                self.will = msgspec.structs.replace(self.will, retain=False)
                return True
        elif ending.kind == "closed" and automatic:
            self.n_closed += 1
            if not self.spoke_5 or self.n_closed >= _CLOSES_FOR_3_1_1:
                self.protocol = "3.1.1"
                return True
        elif ending.kind == "silent" and wanted == "auto" and not self.spoke_5:
            self.protocol = "3.1.1" if protocol == "5" else "5"  # at its next turn
        return False
