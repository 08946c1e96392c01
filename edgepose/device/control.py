"""The control socket: how the verbs of an operator reach the running service on the same machine.

A Unix socket in the service's runtime folder, for the service's own user and root only. A request is one line of JSON,
and so is its answer: `{"ok": ...}`, or `{"error": "a sentence"}`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import stat
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from edgepose.errors import ControlError, EdgePoseError
from edgepose.files import reason
from edgepose.workers import Worker

log = logging.getLogger(__name__)

NAME = "control.sock"

SERVICE_FOLDER = Path("/run/edgepose")
"""The runtime folder that systemd makes for the unit, as a person's shell, which has no RUNTIME_DIRECTORY, finds it."""

MAX_REQUEST = 65_536
MAX_ANSWER = 8 << 20
IDLE_S = 5.0
"""How long somebody may take for a request, or to read an answer."""

_MOST_AT_ONCE = 4
_TICK_S = 0.25
_UCRED = struct.Struct("3i")

Answer = Callable[[bytes, threading.Event], Any]
"""Answers one request with plain values; an EdgePoseError becomes its sentence. The event is set when the end comes."""


def own_path() -> Path | None:
    """Where a service opens its socket; None without a runtime folder, as when it is run by hand."""
    folder = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Path(folder) / NAME if folder else None


class ControlSocket:
    """Listens at `path` and has requests answered, each connection in a thread of its own, four at most.

    Raises ControlError where the socket cannot be made, or another service has it. A context manager; `close` ends all
    of its threads and may be called twice.
    """

    def __init__(self, path: Path, answer: Answer) -> None:
        self.path = path
        self._answer = answer
        self._stop = threading.Event()
        self._clients: set[Worker] = set()
        self._lock = threading.Lock()
        self._listener = _listening(path)
        self._worker = Worker("control", self._accept).start()

    def __enter__(self) -> ControlSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._stop.is_set():
            return
        self._stop.set()
        self._worker.join(2.0)
        self._listener.close()
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            client.join(1.0)
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _accept(self, _stop: threading.Event) -> None:
        while not self._stop.is_set():
            try:
                peer, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError as error:  # out of descriptors: the pipeline goes on
                log.warning("the control socket cannot answer (%s)", reason(error))
                self._stop.wait(_TICK_S)
                continue
            client = Worker("control client", lambda _, peer=peer: self._serve(peer), self._gone)  # type: ignore[misc]
            with self._lock:
                is_free = len(self._clients) < _MOST_AT_ONCE
                if is_free:
                    self._clients.add(client)
            if is_free:
                client.start()
            else:
                _tell(peer, {"error": "the service answers others already; try again"})
                peer.close()

    def _gone(self, client: Worker) -> None:
        with self._lock:
            self._clients.discard(client)

    def _serve(self, peer: socket.socket) -> None:
        with peer:
            if not _is_allowed(peer):
                _tell(peer, {"error": "only the service's own user and root may ask it"})
                return
            for line in _lines(peer, self._stop):
                if not _tell(peer, self._answered(line)):
                    return

    def _answered(self, line: bytes) -> dict[str, Any]:
        try:
            return {"ok": self._answer(line, self._stop)}
        except msgspec.MsgspecError as error:
            return {"error": f"this service does not understand the request ({error}); is it of the same version?"}
        except EdgePoseError as error:
            return {"error": str(error)}
        except Exception:  # whatever it is, the service goes on
            log.exception("a request at the control socket failed")
            return {"error": "the service failed to answer; its log says why"}


def ask(path: Path, request: msgspec.Struct, timeout_s: float = IDLE_S) -> Any:
    """The service's answer to one request; ControlError with its sentence, or where it cannot be asked."""
    with _connected(path) as service:
        try:
            service.settimeout(timeout_s)
            with contextlib.suppress(BrokenPipeError):  # whoever is refused is told before the service reads anything
                service.sendall(msgspec.json.encode(request) + b"\n")
            received = bytearray()
            while not received.endswith(b"\n"):
                piece = service.recv(65_536)
                if not piece or len(received) > MAX_ANSWER:
                    raise ControlError("the running service ended without an answer; its log says more")
                received += piece
            answer = msgspec.json.decode(received)
        except OSError as error:
            if isinstance(error, ControlError):
                raise
            words = "no answer in time" if isinstance(error, TimeoutError) else reason(error)
            raise ControlError(f"the running service cannot be asked at '{path}': {words}") from None
        except msgspec.MsgspecError:
            raise ControlError(f"what answers at '{path}' is no EdgePose service") from None
    if not isinstance(answer, dict) or "ok" not in answer:
        said = answer.get("error") if isinstance(answer, dict) else None
        raise ControlError(str(said or f"what answers at '{path}' is no EdgePose service"))
    return answer["ok"]


def running() -> Path | None:
    """The socket of the service that runs here, None where none does; ControlError where it may not be asked."""
    for path in (own_path(), SERVICE_FOLDER / NAME):
        if path is None:
            continue
        try:
            if not stat.S_ISSOCK(path.lstat().st_mode):
                continue
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
                trial.settimeout(IDLE_S)
                trial.connect(str(path))
            return path
        except PermissionError:
            raise ControlError(f"the service at '{path}' answers its own user and root only; use sudo") from None
        except OSError:
            continue
    return None


@contextlib.contextmanager
def _connected(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as service:
        try:
            service.settimeout(IDLE_S)
            service.connect(str(path))
        except OSError as error:
            raise ControlError(f"no service answers at '{path}' ({reason(error)}); is it running?") from None
        yield service


def _listening(path: Path) -> socket.socket:
    """A socket nobody but us and root can connect to: its mode is set before it listens."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        _remove_left_over(path)
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(_MOST_AT_ONCE)
        listener.settimeout(_TICK_S)
    except OSError as error:
        listener.close()
        if isinstance(error, ControlError):
            raise
        raise ControlError(f"the control socket '{path}' cannot be made ({reason(error)})") from None
    return listener


def _remove_left_over(path: Path) -> None:
    """Take away the socket of a service that was killed."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ControlError(f"the control socket '{path}' cannot be made: something else is there")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.settimeout(1.0)
        try:
            trial.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise ControlError(f"another EdgePose answers at '{path}' already")


def _is_allowed(peer: socket.socket) -> bool:
    _, user, _ = _UCRED.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return user in (0, os.geteuid())


def _lines(peer: socket.socket, stop: threading.Event) -> Iterator[bytes]:
    """Requests of one peer until it goes, is too slow, or says too much."""
    peer.settimeout(_TICK_S)
    received, deadline = bytearray(), time.monotonic() + IDLE_S
    while not stop.is_set() and time.monotonic() < deadline:
        try:
            piece = peer.recv(4096)
        except TimeoutError:
            continue
        except OSError:
            return
        if not piece:
            return
        received += piece
        while b"\n" in received:
            line, _, rest = received.partition(b"\n")
            received = bytearray(rest)
            yield bytes(line)
            deadline = time.monotonic() + IDLE_S
        if len(received) > MAX_REQUEST:
            _tell(peer, {"error": f"a request is one line of at most {MAX_REQUEST} bytes"})
            return


def _tell(peer: socket.socket, answer: dict[str, Any]) -> bool:
    """Whether the peer took its answer in time."""
    line = msgspec.json.encode(answer)
    if len(line) > MAX_ANSWER:
        line = msgspec.json.encode({"error": "the answer is too large; ask for less at once"})
    try:
        peer.settimeout(IDLE_S)
        peer.sendall(line + b"\n")
        peer.settimeout(_TICK_S)
    except OSError:
        return False
    return True
