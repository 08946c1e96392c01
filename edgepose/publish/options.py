"""Options of every publisher; light to import, so that `config` can show them without loading a client or codec."""

from __future__ import annotations

import socket
from typing import Annotated, Literal

from msgspec import Meta

from edgepose.options import Options


class MqttOptions(Options, frozen=True):
    """Where messages go, and what is sent. Credentials may stand in the URL or in a file, and are never logged."""

    url: Annotated[
        str, Meta(description="broker, mqtt://[user:password@]host[:port]; mqtts:// for TLS; empty: off")
    ] = ""
    device: Annotated[str, Meta(description="name of this device in every topic; empty: the host's name")] = ""
    password_file: Annotated[
        str, Meta(description="file with the password, so that it stays out of the configuration; empty: none")
    ] = ""
    fallbacks: Annotated[
        tuple[str, ...], Meta(description="more brokers, taken in turn when the one in use does not answer for 5 s")
    ] = ()
    client_id: Annotated[
        str, Meta(description="what the broker knows this device by; empty: made of its name and its hardware")
    ] = ""
    ca_file: Annotated[str, Meta(description="certificates to trust with mqtts://; empty: the system's")] = ""
    cert_file: Annotated[str, Meta(description="certificate that the broker asks for; empty: none")] = ""
    key_file: Annotated[str, Meta(description="key of cert_file; empty: it stands in the same file")] = ""
    protocol: Annotated[
        Literal["auto", "5", "3.1.1"], Meta(description="MQTT version; auto takes 5, else 3.1.1 and says so")
    ] = "auto"
    discovery: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z0-9_/-]*$",
            description="Home Assistant's discovery prefix: live cameras become entities there; empty: off",
        ),
    ] = "homeassistant"
    skeletons: Annotated[bool, Meta(description="send keypoints; false sends occupancy and alerts only")] = True
    occupancy_hold_s: Annotated[
        float, Meta(ge=0, description="seconds an unseen person still counts as present; more flickers less")
    ] = 2.0
    max_waiting: Annotated[
        int, Meta(ge=1, description="QoS 0 messages kept while the broker is slow; the oldest is dropped and counted")
    ] = 64
    pagers: Annotated[
        tuple[str, ...],
        Meta(
            description="names of those who have to be there to hear alerts, as they say on pager/<name>; health "
            "says who is not"
        ),
    ] = ()
    pause_min: Annotated[
        float,
        Meta(
            ge=0,
            le=1440,
            description="longest pause of a camera that may be asked for over MQTT, minutes; it ends by itself; 0: "
            "nobody may pause one",
        ),
    ] = 0.0
    close_timeout_s: Annotated[
        float, Meta(gt=0, description="longest wait at the end for the broker to take the last messages, seconds")
    ] = 1.0

    @property
    def device_name(self) -> str:
        """The configured device name, else the host's."""
        return self.device or socket.gethostname().split(".")[0] or "edgepose"


class WebhookOptions(Options, frozen=True):
    """A second way out for critical alerts, where MQTT brought nobody."""

    url: Annotated[
        str, Meta(description="address that critical alerts are posted to, such as https://ntfy.sh/TOPIC; empty: off")
    ] = ""
    headers_file: Annotated[
        str, Meta(description="private file with headers, a line each, such as Authorization: Bearer ...; empty: none")
    ] = ""
    ca_file: Annotated[str, Meta(description="certificates to trust; empty: the system's")] = ""
    format: Annotated[
        Literal["text", "json"],
        Meta(description="text: one sentence, with the headers that ntfy shows; json: the incident as an object"),
    ] = "text"
    after_s: Annotated[
        float, Meta(ge=0, le=180, description="seconds that somebody has to take an alert from the broker")
    ] = 30.0
    after_min: Annotated[
        float, Meta(ge=0, le=3, description="minutes that a person has to answer it; 0: nobody need")
    ] = 3.0
    timeout_s: Annotated[float, Meta(gt=0, le=60, description="longest wait for an answer, seconds")] = 10.0
    retry_s: Annotated[
        float, Meta(gt=0, le=60, description="first pause after a failure, seconds; doubled up to 60")
    ] = 2.0


class JsonlOptions(Options, frozen=True):
    """One FrameResult per line."""

    path: Annotated[str, Meta(description="file to write; empty: off")] = ""
    append: Annotated[
        bool, Meta(description="keep what an earlier run wrote, as a service that may be restarted should")
    ] = False


class VideoOptions(Options, frozen=True):
    """Annotated video, one file per source."""

    path: Annotated[
        str, Meta(description="file to write, such as out.mp4; further sources get -NAME added; empty: off")
    ] = ""
    crf: Annotated[int, Meta(ge=0, le=51, description="H.264 quality; larger is smaller and blurrier")] = 26
    fallback_fps: Annotated[
        float, Meta(gt=0, description="frames per second written where only OpenCV is there and one frame came")
    ] = 25.0


class MetricsOptions(Options, frozen=True):
    """Figures for Prometheus, for this machine only."""

    listen: Annotated[
        str, Meta(description="address of this machine that answers /metrics, such as 127.0.0.1:9478; empty: off")
    ] = ""


class ShowOptions(Options, frozen=True):
    """A window with the annotated picture of every source."""

    enabled: Annotated[bool, Meta(description="open a window; needs a display and OpenCV with GUI support")] = False
