"""Prometheus is answered on this machine, in its format; nobody else is, and nothing ends the run."""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgepose.errors import ConfigError
from edgepose.health import reason_now
from edgepose.publish.metrics import MetricsPublisher
from edgepose.publish.options import MetricsOptions

ROOT = Path(__file__).resolve().parents[2]

LINE = re.compile(r'edgepose_[a-z_]+(\{[a-z]+="([^"\\\n]|\\.)*"(,[a-z]+="([^"\\\n]|\\.)*")*\})? [0-9.e+-]+')

STATS = {
    "frames": 150,
    "dropped": 2,
    "people_frames": 40,
    "fps": 15.0,
    "latency_ms": {"infer": {"p50": 12.0, "p99": 20.0}},
    "events": {"fall.confirmed": 1},
    "reconnects": {"hall": 3},
    "watched": {"hall": {"day": "2026-01-31", "watched_s": 7200, "unwatched_s": {"offline": 61}}},
    "spool_depth": 4,
    "temperatures_c": {"cpu": 51.5},
    "ram_used_mb": 2000.0,
    "gpu_load": None,
}


@pytest.fixture
def publisher() -> Iterator[MetricsPublisher]:
    made = MetricsPublisher(MetricsOptions(listen="127.0.0.1:0"))
    made.open({"versions": {"edgepose": "1"}, "model": {"backend": "replay", "precision": "fp32", "device": "CPU"}})
    yield made
    made.close()


def get(publisher: MetricsPublisher, path: str = "/metrics", **headers: str) -> tuple[int, str]:
    client = http.client.HTTPConnection("127.0.0.1", publisher.port, timeout=5)
    client.request("GET", path, headers=headers)
    answer = client.getresponse()
    body = answer.read().decode()
    client.close()
    return answer.status, body


def test_a_scrape_has_every_figure_and_counters_add_up(publisher):
    publisher.camera_state("hall", "offline")
    publisher.tell_troubles([reason_now("camera_dark", "it is dark", 'the "hall"')])
    publisher.stats(STATS)
    publisher.stats(STATS)
    code, text = get(publisher)
    lines = text.splitlines()
    assert code == 200 and all(line.startswith("# ") or LINE.fullmatch(line) for line in lines)
    for wanted in (
        "edgepose_frames_total 300",
        'edgepose_events_total{kind="fall",stage="confirmed"} 2',
        'edgepose_camera_watched_seconds_total{camera="hall"} 7200',
        'edgepose_camera_unwatched_seconds_total{camera="hall",reason="offline"} 61',
        'edgepose_stage_latency_seconds{stage="infer",quantile="0.5"} 0.012',
        'edgepose_stage_latency_seconds{stage="infer",quantile="0.99"} 0.02',
        'edgepose_camera_state{camera="hall",state="offline"} 1',
        'edgepose_camera_state{camera="hall",state="online"} 0',
        r'edgepose_trouble{code="camera_dark",camera="the \"hall\""} 1',
        "edgepose_alerts_waiting 4",
        "edgepose_memory_used_bytes 2097152000.0",
    ):
        assert wanted in lines, wanted
    assert "gpu_load" not in text  # this board does not tell


def test_rules_that_are_shipped_name_figures_that_there_are(publisher):
    publisher.camera_state("hall", "online")
    publisher.tell_troubles([reason_now("camera_dark", "it is dark", "hall")])
    publisher.stats(STATS)
    text = get(publisher)[1]
    named = set(re.findall(r"edgepose_[a-z_]+", (ROOT / "examples/prometheus/alerts.yml").read_text()))
    assert len(named) == 5 and all(f"# TYPE {name} " in text for name in named)


@pytest.mark.parametrize("host", ["evil.example", "192.168.1.7", "", "[", "127.0.0.1.evil.example"])
def test_a_foreign_host_is_refused(publisher, host):
    assert get(publisher, Host=host)[0] == 403


def test_a_page_elsewhere_is_refused_and_other_paths_are_not_there(publisher):
    assert get(publisher, Origin="http://evil.example")[0] == 403
    assert get(publisher, "/etc/passwd")[0] == 404 and get(publisher, "/metrics?x=1")[0] == 200


def test_garbage_and_a_client_that_leaves_end_nothing(publisher):
    for words in (b"\x00\xff" * 4000, b"GET /metrics HTTP/1.1\r\n", b""):
        with socket.create_connection(("127.0.0.1", publisher.port), 5) as client:
            client.sendall(words)
    assert get(publisher)[0] == 200


def test_a_port_that_is_taken_is_a_trouble(publisher):
    second = MetricsPublisher(MetricsOptions(listen=f"127.0.0.1:{publisher.port}"))
    second.open({})
    assert [one.code for one in second.troubles] == ["metrics_failed"] and second.port is None
    second.close()


@pytest.mark.parametrize("listen", ["0.0.0.0:9478", "9478", "127.0.0.1", "hall.lan:9478", "127.0.0.1:x", "[::]:1"])
def test_only_this_machine_can_be_listened_at(listen):
    with pytest.raises(ConfigError, match=r"metrics\.listen"):
        MetricsPublisher(MetricsOptions(listen=listen))
