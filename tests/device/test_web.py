"""The page's server: who may ask, what is answered, what is written, and nothing more."""

from __future__ import annotations

import http.client
import json
import random
import stat
import string
from pathlib import Path

import pytest
from real_broker import wait_for
from web_page import asked, page_of

from edgepose.cli import main
from edgepose.config import load_config
from edgepose.device import control
from edgepose.device.web.feed import MOST_VIEWERS, Feed
from edgepose.device.web.looking import OfRun
from edgepose.device.web.traces import MOST, Traces
from edgepose.errors import SourceError

BED = {"name": "bed", "policy": "bed", "polygon": [[0.1, 0.5], [0.4, 0.5], [0.4, 0.9]]}


def events(server) -> dict[str, dict]:
    """The newest of each kind, until there is one of both; a page that begins is told what changes next, too."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", "/events")
    answer, found, name = connection.getresponse(), {}, ""
    assert answer.status == 200
    while not {"scene", "about"} <= {*found}:
        line = answer.readline().decode()
        if line.startswith("event: "):
            name = line[7:].strip()
        elif line.startswith("data: "):
            found[name] = json.loads(line[6:])
    connection.close()
    return found


def body(**content: object) -> bytes:
    return json.dumps(content).encode()


def test_the_page_is_whole_and_loads_nothing_from_elsewhere(tmp_path: Path):
    with page_of(tmp_path) as (server, _):
        for path, kind in {"/": "text/html", "/view.css": "text/css", "/view.js": "text/javascript"}.items():
            status, headers, text = asked(server, path)
            assert status == 200 and headers["Content-Type"].startswith(kind)
            assert "default-src 'none'" in headers["Content-Security-Policy"] and "://" not in text


def test_who_looks_sees_people_incidents_and_hours(tmp_path: Path):
    with page_of(tmp_path) as (server, _):
        found = events(server)
        (frame,) = found["scene"]["frames"]
        assert [(one["id"], one["label"]) for one in frame["people"]] == [(1, ""), (2, "confirmed")]
        assert len(frame["people"][0]["keypoints"]) == 18 and len(found["scene"]["limbs"]) == 19
        about = found["about"]
        assert about["watch"]["hall"]["watched_s"] == 7260 and about["may_save"]
        assert [one["stage"] for one in about["incidents"]] == ["confirmed"]
        assert [zone["name"] for zone in about["zones"]] == ["tv"]
        assert asked(server, "/picture/hall")[0] == 404


def test_an_incident_is_answered(tmp_path: Path):
    with page_of(tmp_path) as (server, carrier):
        (open_one,) = carrier.desk.store.open_incidents()
        assert asked(server, "/answer", body(id=open_one.id, action="helped"))[0] == 200
        incident = carrier.desk.incident(open_one.id)
        assert incident.closed and incident.action == "helped" and incident.by == "the page"


def test_zones_are_saved_beside_the_configuration_and_taken(tmp_path: Path):
    with page_of(tmp_path) as (server, carrier):
        status, _, text = asked(server, "/zones", body(camera="hall", zones=[BED]))
        assert status == 200 and "[[zones]]" in json.loads(text)["toml"]
        assert not (tmp_path / "conf.d").exists() and carrier.n_read == 0
        assert asked(server, "/zones", body(camera="hall", zones=[BED], save=True))[0] == 200
        assert [(one.name, one.camera) for one in load_config(tmp_path / "edgepose.toml").zones] == [
            ("tv", ""),
            ("bed", "hall"),
        ]
        assert [one["name"] for one in events(server)["about"]["drawn"]["hall"]] == ["bed"]
        path = tmp_path / "conf.d/zones-hall.toml"
        assert stat.S_IMODE(path.stat().st_mode) == 0o644  # written by root, read by the service
        assert asked(server, "/zones", body(camera="hall", zones=[], save=True))[0] == 200
        assert [one.name for one in load_config(tmp_path / "edgepose.toml").zones] == ["tv"]
        assert carrier.n_read == 2


NO_ZONES = {
    "two corners": ({"zones": [{**BED, "polygon": [[0, 0], [1, 1]]}]}, "corners"),
    "outside": ({"zones": [{**BED, "polygon": [[0, 0], [2, 0], [1, 1]]}]}, "outside the picture"),
    "other keys": ({"zones": [{**BED, "mqtt": {"url": "mqtt://elsewhere"}}]}, "mqtt"),
    "a key that is TOML": ({"zones": [{**BED, "a = 1\n[mqtt]\nurl": "mqtt://elsewhere"}]}, "unknown field"),
    "another camera": ({"camera": "attic"}, "no camera 'attic'"),
    "a way out": ({"camera": "../../etc/passwd"}, "no camera"),
    "many": ({"zones": [BED] * 51}, "more than the 50"),
    "more": ({"mqtt": 1}, "unknown field"),
}


@pytest.mark.parametrize("wish, words", NO_ZONES.values(), ids=NO_ZONES.keys())
def test_what_is_no_zone_changes_nothing(tmp_path: Path, wish: dict, words: str):
    with page_of(tmp_path) as (server, carrier):
        status, _, text = asked(server, "/zones", body(**{"camera": "hall", "zones": [BED], "save": True, **wish}))
        assert status == 400 and words in text and len(text.splitlines()) == 1
        assert sorted(path.name for path in tmp_path.iterdir() if path.suffix) == ["control.sock", "edgepose.toml"]
        assert not (tmp_path / "conf.d").exists() and carrier.n_read == 0


def test_a_folder_that_takes_nothing_is_one_sentence(tmp_path: Path):
    with page_of(tmp_path) as (server, _):
        (tmp_path / "conf.d").write_text("a file")
        status, _, text = asked(server, "/zones", body(camera="hall", zones=[BED], save=True))
        assert status == 400 and len(text.splitlines()) == 1 and "conf.d" in text


ANSWER = body(id="x", action="helped")
REFUSED = {
    "a name bent to us": ("/", None, {"Host": "evil.example"}, "this machine"),
    "a page elsewhere": ("/events", None, {"Origin": "http://evil.example"}, "another page"),
    "a page elsewhere that answers": ("/answer", ANSWER, {"Origin": "http://evil.example"}, "another page"),
    "a form elsewhere": ("/answer", ANSWER, {"Content_Type": "text/plain"}, "application/json"),
    "a sandboxed page": ("/answer", ANSWER, {"Origin": "null"}, "another page"),
}


@pytest.mark.parametrize("path, content, headers, words", REFUSED.values(), ids=REFUSED.keys())
def test_pages_elsewhere_are_refused(tmp_path: Path, path, content, headers, words: str):
    with page_of(tmp_path) as (server, carrier):
        status, _, text = asked(server, path, content, **headers)
        assert status == 403 and words in text and carrier.desk.store.open_incidents()


def test_others_need_the_token_and_save_nothing_without_it(tmp_path: Path):
    with page_of(tmp_path, "0.0.0.0", "s3cret") as (server, _):
        assert asked(server, "/")[0] == asked(server, "/events")[0] == asked(server, "/?token=wrong")[0] == 403
        assert asked(server, "/zones", body(camera="hall", zones=[]))[0] == 403
        status, headers, _ = asked(server, "/?token=s3cret")
        assert status == 303 and headers["Location"] == "/" and "HttpOnly; SameSite=Strict" in headers["Set-Cookie"]
        assert asked(server, "/", Cookie=headers["Set-Cookie"].split(";")[0])[0] == 200
        assert asked(server, "/", Authorization="Bearer s3cret")[0] == 200


def test_whatever_is_asked_gets_one_sentence_and_the_page_goes_on(tmp_path: Path):
    odd = random.Random(7)
    letters = string.printable.replace("\r", "").replace("\n", "").replace(" ", "") + "%/../"
    with page_of(tmp_path) as (server, _):
        for k in range(300):
            path = "/" + "".join(odd.choices(letters, k=odd.randrange(40)))
            content = bytes(odd.choices(range(256), k=30)) if k % 3 == 0 else None
            try:
                status, _, text = asked(server, path, content)
            except http.client.InvalidURL:
                continue
            assert status in (200, 400, 403, 404) and (status == 200 or text.count("\n") <= 1 or "<!DOCTYPE" in text)
        assert asked(server, "/answer", b"[" * 60_000)[0] == 400
        assert asked(server, "/")[0] == 200


def test_scenes_are_asked_for_once_however_many_look(tmp_path: Path):
    with page_of(tmp_path) as (server, carrier):
        looking = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=20) for _ in range(MOST_VIEWERS)]
        for one in looking:
            one.request("GET", "/events")
        answers = [one.getresponse() for one in looking]
        assert asked(server, "/events")[0] == 503
        before = carrier.n_scenes, server.feed.number
        for answer in answers:
            for _ in range(12):
                answer.readline()
        n_scenes, n_told = carrier.n_scenes - before[0], server.feed.number - before[1]
        assert n_told > 0 and n_scenes <= n_told + 1
        for one in (*answers, *looking):
            one.close()
        assert wait_for(lambda: server.feed._n_viewers == 0)
        assert events(server)["scene"]["frames"]


def test_a_run_that_failed_says_so_on_the_page():
    class Failing:
        is_live = False

        def run(self, callback: object) -> None:
            raise SourceError("the camera is gone")

        def close(self) -> None: ...

    looking = OfRun(Failing())
    assert wait_for(lambda: looking._worker.error is not None)
    feed = Feed(looking)
    assert wait_for(lambda: "the camera is gone" in feed.trouble)
    feed.close()
    looking.close()


@pytest.mark.parametrize("token", ["a b", "a;b", "a\nb", "ä"])
def test_a_token_that_no_address_can_hold_is_refused(tmp_path: Path, capsys, token: str):
    (tmp_path / "night.jsonl").write_text("")
    assert main(["view", str(tmp_path / "night.jsonl"), "--token", token]) == 1
    assert "a token is letters" in capsys.readouterr().err


def test_traces_forget_and_skip_what_is_not_seen():
    traces = Traces()
    nobody = [[None, None, 0.0]] * 18
    feet = [[None, None, 0.0]] * 10 + [[50.0, 90.0, 0.9]] + [[None, None, 0.0]] * 7
    for t in range(MOST + 500):
        people = [{"id": 1, "keypoints": feet}, {"id": 2, "keypoints": nobody}, {"id": 3, "keypoints": feet[:5]}]
        people += [{"id": 4, "keypoints": [[10.0, 10.0, 0.9]] * 20}]  # a set of one's own, whose feet nobody knows
        traces.add({"source": "hall", "t": float(t), "size_wh": [100, 100], "people": people})
        traces.add({"source": "hall", "t": t + 0.5, "size_wh": [100, 100], "people": people})
    points = traces.points()["hall"]
    assert len(points) == MOST and points[-1] == (MOST + 499.0, 0.5, 0.9)


def test_without_a_service_it_says_what_to_name(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(control, "SERVICE_FOLDER", tmp_path)
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    assert main(["view"]) == 1 and "no service runs here" in capsys.readouterr().err
    assert main(["view", "none.jsonl"]) == 1 and "does not exist" in capsys.readouterr().err
    (tmp_path / "night.jsonl").write_text("")
    assert main(["view", str(tmp_path / "night.jsonl"), "--host", "203.0.113.7"]) == 1
    assert "cannot be listened at" in capsys.readouterr().err
