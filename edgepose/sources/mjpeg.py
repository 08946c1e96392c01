"""Network cameras that send JPEG pictures over HTTP one after the other (multipart/x-mixed-replace), as many do.

Each picture comes whole and with its own header, so Python's HTTP client reads them; no address is handed to FFmpeg.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from email.message import Message
from functools import partial
from typing import BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit
from urllib.request import (
    HTTPBasicAuthHandler,
    HTTPDefaultErrorHandler,
    HTTPDigestAuthHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPPasswordMgrWithDefaultRealm,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
)

from edgepose.errors import SourceError
from edgepose.pictures.header import header_of
from edgepose.pictures.pixels import decode
from edgepose.pictures.words import DamagedError
from edgepose.sources.live import LiveSource
from edgepose.sources.options import SourceOptions
from edgepose.sources.reader import MAX_DAMAGED, Shot
from edgepose.sources.refusals import REFUSALS
from edgepose.sources.uri import camera_name, checked_network, redact, shown

MAX_BYTES = 1 << 25
"""Of one picture; a JPEG of 32 million pixels is smaller."""

MAX_LINES = 64
"""Of the header before a picture."""

_LINE = 4096


class MjpegSource(LiveSource):
    """One stream of JPEG pictures, `http://user:password@host:port/path` or `https://`."""

    def __init__(self, uri: str, options: SourceOptions | None = None) -> None:
        options = options or SourceOptions()
        parts, name = checked(uri), camera_name(options.name, uri)
        label = f"camera '{name}' ({shown(uri)})"
        super().__init__(name, label, partial(MjpegReader, parts, label, options), options)


def checked(uri: str) -> SplitResult:
    """The parts of an HTTP address. Raises SourceError when host or port cannot be one."""
    return urlsplit(checked_network(uri))


class MjpegReader:
    """An opened stream. period_s: not known, 0. skipped: pictures that could not be decoded. Raises SourceError."""

    def __init__(self, parts: SplitResult, label: str, options: SourceOptions) -> None:
        self.period_s = 0.0
        self.skipped = 0
        self._label = label
        self._answer = _ask(parts, label, options)
        kind = self._answer.headers.get_content_type()
        boundary = self._answer.headers.get_boundary()
        if not kind.startswith("multipart/") or not boundary:
            self.close()
            raise SourceError(f"{label} gives {kind}, not a stream of JPEG pictures; {_hint(kind)}")
        self._pictures = _parts(self._answer, boundary.strip('"').removeprefix("--").encode())

    def read(self) -> Shot:
        damaged = 0
        while damaged <= MAX_DAMAGED:
            try:
                data = next(self._pictures)
            except StopIteration:
                raise EOFError from None
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise SourceError(f"{self._label} broke off: {_words(error)}") from None
            try:
                return Shot(decode(data, header_of(data), upright=True), None)
            except DamagedError:
                damaged, self.skipped = damaged + 1, self.skipped + 1
        raise SourceError(f"{self._label} gives no picture that can be decoded ({damaged} tried)")

    def close(self) -> None:
        self._answer.close()


def _ask(parts: SplitResult, label: str, options: SourceOptions) -> http.client.HTTPResponse:
    """The camera's answer, its pictures still to come; SourceError where it refuses."""
    host = parts.netloc.rpartition("@")[2]
    address = urlunsplit(parts._replace(netloc=host, fragment=""))
    keys = HTTPPasswordMgrWithDefaultRealm()
    if parts.username is not None:
        keys.add_password(None, address, unquote(parts.username), unquote(parts.password or ""))
    opener = OpenerDirector()  # of HTTP alone: a camera must not send this machine to files or to other protocols
    for handler in (
        HTTPHandler(),
        HTTPSHandler(),
        HTTPDefaultErrorHandler(),
        HTTPRedirectHandler(),
        HTTPErrorProcessor(),
        HTTPBasicAuthHandler(keys),
        HTTPDigestAuthHandler(keys),
    ):
        opener.add_handler(handler)
    try:
        answer: http.client.HTTPResponse | None = opener.open(address, timeout=options.open_timeout_s)
    except HTTPError as error:
        error.close()
        why = REFUSALS.get(error.code, f"answers with an error ({error.code}); is it the address of its stream?")
        raise SourceError(f"{label} {why}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SourceError(f"{label}: {_words(error)}") from None
    if answer is None:
        raise SourceError(f"{label} sends this machine to an address that is no HTTP; give the address of its stream")
    return answer


def _parts(stream: BinaryIO | http.client.HTTPResponse, boundary: bytes) -> Iterator[bytes]:
    """The pictures of a multipart stream, each by its stated length or else up to the next boundary (RFC 2046)."""
    delimiter = b"--" + boundary
    line = stream.readline(_LINE)
    while line:
        if not line.startswith(delimiter):
            line = stream.readline(_LINE)
            continue
        if line.rstrip().endswith(delimiter + b"--"):
            return
        length = _length(_header(stream))
        if length is None:
            data, line = _until(stream, delimiter)
        else:
            data, line = stream.read(length), b"\r\n"
            if len(data) < length:
                return
            line = stream.readline(_LINE) or b""
        if data:
            yield data


def _header(stream: BinaryIO | http.client.HTTPResponse) -> Message:
    header = Message()
    for _ in range(MAX_LINES):
        name, colon, value = stream.readline(_LINE).decode("latin-1").partition(":")
        if not colon:
            return header
        header[name.strip()] = value.strip()
    raise ValueError(f"the header of a picture has more than {MAX_LINES} lines")


def _length(header: Message) -> int | None:
    """Bytes of the picture as its header states them; None where it does not."""
    stated = str(header.get("Content-Length", "")).strip()
    if not stated.isdecimal() or not int(stated):
        return None
    if int(stated) > MAX_BYTES:
        raise ValueError(f"a picture of {int(stated)} bytes was announced, at most {MAX_BYTES} are read")
    return int(stated)


def _until(stream: BinaryIO | http.client.HTTPResponse, delimiter: bytes) -> tuple[bytes, bytes]:
    """(what comes before the next boundary line, that line)."""
    data = bytearray()
    while line := stream.readline(_LINE):
        if line.startswith(delimiter):
            return bytes(data).removesuffix(b"\n").removesuffix(b"\r"), line
        data += line
        if len(data) > MAX_BYTES:
            raise ValueError(f"a picture has more than {MAX_BYTES} bytes")
    return b"", b""


def _words(error: Exception) -> str:
    """What went wrong, in words for a person, with nothing secret in them."""
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({cause.verify_message}); use http:// in a network of your own"
    if isinstance(cause, ConnectionRefusedError):
        return "nothing answers there (connection refused); is it on, and is the port right?"
    if isinstance(cause, TimeoutError):
        return "it does not answer in time"
    text = redact(str(getattr(cause, "strerror", None) or cause)) or type(cause).__name__
    return text[:1].lower() + text[1:]


def _hint(kind: str) -> str:
    if kind.startswith("image/"):
        return "this is the address of one picture; look up that of its MJPEG stream"
    if kind.startswith("video/"):
        return "download the video and give the file"
    return "look up the address of its MJPEG stream in the camera's manual"
