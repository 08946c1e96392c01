"""Asks an RTSP server for a stream's description and returns its status code: 200, 401, 404 and so on.

Used only to explain a failure; RFC 2326 section 10.2 (DESCRIBE) and RFC 2617 (Basic, Digest).
"""

from __future__ import annotations

import base64
import hashlib
import re
import socket

_MAX_ANSWER = 64 * 1024
_PARAMETER = re.compile(r'(\w+)="?([^",]*)"?')


def describe_status(host: str, port: int, address: str, user: str, password: str, timeout_s: float) -> int | None:
    """Status code of DESCRIBE for an address without credentials, signed with them where the server asks for it.

    None when what answers does not speak RTSP. Raises OSError (ConnectionRefusedError, TimeoutError, ...).
    """
    with socket.create_connection((host, port), timeout_s) as connection:
        connection.settimeout(timeout_s)
        answer = _describe(connection, address, 1, "")
        status = _status(answer)
        challenge = _challenge(answer)
        if status != 401 or not user or not challenge:
            return status
        return _status(_describe(connection, address, 2, authorization(challenge, address, user, password)))


def authorization(challenge: str, address: str, user: str, password: str, method: str = "DESCRIBE") -> str:
    """The Authorization header that answers a WWW-Authenticate challenge (Digest without qop, or Basic)."""
    kind, _, rest = challenge.partition(" ")
    if kind.lower() != "digest":
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    told = dict(_PARAMETER.findall(rest))
    realm, nonce = told.get("realm", ""), told.get("nonce", "")
    secret, request = _md5(f"{user}:{realm}:{password}"), _md5(f"{method}:{address}")
    response = _md5(f"{secret}:{nonce}:{request}")
    return f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{address}", response="{response}"'


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _describe(connection: socket.socket, address: str, number: int, signature: str) -> str:
    lines = [f"DESCRIBE {address} RTSP/1.0", f"CSeq: {number}", "Accept: application/sdp", "User-Agent: EdgePose"]
    if signature:
        lines.append(f"Authorization: {signature}")
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    answer = b""
    while b"\r\n\r\n" not in answer and len(answer) < _MAX_ANSWER:
        part = connection.recv(4096)
        if not part:
            break
        answer += part
    return answer.decode("latin-1")


def _status(answer: str) -> int | None:
    found = re.match(r"RTSP/1\.\d (\d{3})", answer)
    return int(found.group(1)) if found else None


def _challenge(answer: str) -> str:
    """The server's WWW-Authenticate line, Digest preferred over Basic; "" when there is none."""
    lines = re.findall(r"(?im)^WWW-Authenticate: *(.+?)\r?$", answer)
    return str(next((line for line in lines if line.lower().startswith("digest")), lines[0] if lines else ""))
