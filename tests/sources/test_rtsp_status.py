"""Asking an RTSP server for a reason, against scripted answers on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from edgepose.sources.rtsp_status import authorization, describe_status

ADDRESS = "rtsp://127.0.0.1/cam"


@contextmanager
def server(*answers: bytes) -> Iterator[tuple[int, list[str]]]:
    """Gives these answers to one client, one per request; its port, and the requests as they came."""
    requests: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            client, _ = listening.accept()
            with client:
                for answer in answers:
                    requests.append(client.recv(65536).decode())
                    client.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], requests
        thread.join(20)


def answer(status: str, *headers: str) -> bytes:
    return ("\r\n".join((f"RTSP/1.0 {status}", "CSeq: 1", *headers)) + "\r\n\r\n").encode()


def test_digest_agrees_with_the_published_example() -> None:
    """RFC 2069, section 2.4, with the response of its erratum 749."""
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    signed = authorization(challenge, "/dir/index.html", "Mufasa", "CircleOfLife", method="GET")
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in signed


def test_basic_agrees_with_the_published_example() -> None:
    """RFC 2617, section 2."""
    assert authorization('Basic realm="x"', "/", "Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


def test_without_credentials_a_challenge_is_the_answer() -> None:
    with server(answer("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"')) as (port, requests):
        assert describe_status("127.0.0.1", port, ADDRESS, "", "", 5) == 401
    assert requests[0].startswith(f"DESCRIBE {ADDRESS} RTSP/1.0\r\n")


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "404 Not Found"])
def test_with_credentials_the_signed_request_decides(status: str) -> None:
    challenge = answer(
        "401 Unauthorized", 'WWW-Authenticate: Basic realm="x"', 'WWW-Authenticate: Digest realm="x", nonce="n"'
    )
    with server(challenge, answer(status)) as (port, requests):
        assert describe_status("127.0.0.1", port, ADDRESS, "bob", "pw", 5) == int(status[:3])
    assert 'Authorization: Digest username="bob"' in requests[1]
    assert "pw" not in requests[1]


def test_what_does_not_speak_rtsp_has_no_status() -> None:
    with server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as (port, _):
        assert describe_status("127.0.0.1", port, ADDRESS, "", "", 5) is None
    with server(b"") as (port, _):
        assert describe_status("127.0.0.1", port, ADDRESS, "", "", 5) is None


def test_a_server_that_talks_without_end_is_cut_short() -> None:
    with server(b"x" * 200_000) as (port, _):
        assert describe_status("127.0.0.1", port, ADDRESS, "", "", 5) is None


def test_silence_ends_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(TimeoutError):
        describe_status("127.0.0.1", listening.getsockname()[1], ADDRESS, "", "", 0.1)
