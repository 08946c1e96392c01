"""JPEG pictures over HTTP against a real server on loopback: streams as cameras send them, refusals in words."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import pytest
from msgspec.structs import replace
from sources_kit import picture

from edgepose.errors import SourceError
from edgepose.sources import SourceOptions, mjpeg, open_source

QUICK = SourceOptions(open_timeout_s=2, hang_s=2, stall_s=0.5, backoff_first_s=0.1, backoff_max_s=0.3)
PASSWORD = "s/e@c#ret"


def jpeg(number: int) -> bytes:
    return cv2.imencode(".jpg", picture(number))[1].tobytes()


def with_lengths(number: int) -> bytes:
    data = jpeg(number)
    return b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(data), data)


def without_lengths(number: int) -> bytes:
    return b"--frame\r\nContent-Type: image/jpeg\r\n\r\n%b\r\n" % jpeg(number)


def one_damaged(number: int) -> bytes:
    return with_lengths(number) if number != 1 else b"--frame\r\nContent-Length: 4\r\n\r\nnope\r\n"


class Camera(ThreadingHTTPServer):
    """What one camera answers. part: makes the n-th piece of its stream; n_asked: times somebody asked."""

    def __init__(
        self,
        part: Callable[[int], bytes],
        kind: str = "multipart/x-mixed-replace; boundary=frame",
        status: int = 200,
        user: str = "",
        n: int = 1000,
        to: str = "",
    ) -> None:
        self.n_asked = 0
        camera = self

        class Answers(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                camera.n_asked += 1
                wanted = "Basic " + base64.b64encode(user.encode()).decode()
                if user and self.headers.get("Authorization") != wanted:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                    self.end_headers()
                    return
                self.send_response(302 if to else status)
                self.send_header("Location" if to else "Content-Type", to or kind)
                self.end_headers()
                for number in range(0 if to else n):
                    try:
                        self.wfile.write(part(number))
                        self.wfile.flush()
                    except OSError:
                        return
                    time.sleep(0.01)

        super().__init__(("127.0.0.1", 0), Answers)
        self.daemon_threads = True
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def uri(self, user: str = "") -> str:
        return f"http://{user}127.0.0.1:{self.server_address[1]}/stream"


@pytest.fixture
def cameras() -> Iterator[Callable[..., Camera]]:
    made: list[Camera] = []

    def make(*parts: object, **options: object) -> Camera:
        made.append(Camera(*parts, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for camera in made:
        camera.shutdown()
        camera.server_close()


@pytest.mark.parametrize("part", [with_lengths, without_lengths, one_damaged])
@pytest.mark.parametrize("boundary", ["frame", '"frame"', "--frame"])
def test_pictures_come_in_order_whatever_way_a_camera_marks_them(cameras, part, boundary):
    camera = cameras(part, kind=f"multipart/x-mixed-replace;boundary={boundary}")
    with_close = open_source(camera.uri(), QUICK)
    try:
        seen = [frame for _ in range(20) if (frame := with_close.read(1.0)) is not None]
    finally:
        with_close.close()
    assert len(seen) > 5
    assert with_close.live
    assert with_close.name == "127_0_0_1_stream"
    grey = [int(frame.image.mean()) for frame in seen]
    assert grey == sorted(grey)
    assert {round((value - 10) / 5) for value in grey[:3]} <= set(range(40))


def test_a_stream_that_ends_is_asked_for_again(cameras):
    camera = cameras(with_lengths, n=3)
    source = open_source(camera.uri(), QUICK)
    deadline = time.monotonic() + 10
    while camera.n_asked < 3 and time.monotonic() < deadline:
        source.read(0.1)
    source.close()
    assert camera.n_asked >= 3


def test_the_password_of_the_address_is_given_when_it_is_asked_for(cameras):
    camera = cameras(with_lengths, user=f"bob:{PASSWORD}")
    source = open_source(camera.uri("bob:s%2Fe%40c%23ret@"), QUICK)
    assert source.read(2.0) is not None
    source.close()


@pytest.mark.parametrize(
    ("options", "user", "says"),
    [
        ({"user": f"bob:{PASSWORD}"}, "bob:wrong-s3cret@", r"401"),
        ({"user": f"bob:{PASSWORD}"}, "", r"401"),
        ({"status": 403}, "", r"403"),
        ({"status": 404}, "", r"404"),
        ({"status": 500}, "", r"500"),
        ({"kind": "image/jpeg"}, "", "one picture"),
        ({"kind": "text/html"}, "", "text/html"),
        ({"kind": "video/mp4"}, "", "download"),
        ({"to": "file:///etc/passwd"}, "", "302"),
        ({"to": "ftp://127.0.0.1/x"}, "", "302"),
    ],
)
def test_a_refusal_says_what_it_is_and_no_secret(cameras, options, user, says):
    camera = cameras(with_lengths, **options)
    with pytest.raises(SourceError, match=says) as refused:
        open_source(camera.uri(user), QUICK)
    assert "s3cret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_nobody_there_is_said_in_words():
    with pytest.raises(SourceError, match="nothing answers"):
        open_source("http://127.0.0.1:9/stream", QUICK)


@pytest.mark.parametrize(
    "part",
    [
        lambda _: b"--frame\r\nContent-Length: 99999999999\r\n\r\n",
        lambda _: b"--frame\r\n" + b"X-Line: 1\r\n" * 100,
        lambda _: b"--frame\r\n\r\n" + b"x" * (1 << 19),
    ],
    ids=["too long", "header without end", "picture without end"],
)
def test_a_camera_that_never_ends_what_it_begins_breaks_off(cameras, part, monkeypatch):
    monkeypatch.setattr(mjpeg, "MAX_BYTES", 1 << 18)
    camera = cameras(part)
    source = open_source(camera.uri(), replace(QUICK, require_at_start=False))
    deadline = time.monotonic() + 10
    while not source.last_error and time.monotonic() < deadline:
        source.read(0.1)
    source.close()
    assert "broke off" in source.last_error


@pytest.mark.parametrize("uri", ["http://", "http://host:99999/x", "http://bob:p#w@host/x"])
def test_an_address_that_cannot_be_one_is_refused_before_anything_is_asked(uri):
    with pytest.raises(SourceError, match="HTTP address"):
        open_source(uri)
