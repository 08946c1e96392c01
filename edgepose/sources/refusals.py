"""What the status numbers of network cameras mean; RTSP took them over from HTTP."""

from __future__ import annotations

REFUSALS = {
    401: "refuses the user name or password (401); its address carries them as USER:PASSWORD@HOST",
    403: "forbids this user to look (403); give the user the right to in the camera's settings",
    404: "has no stream at this path (404); look up the path in the camera's manual",
}
"""A server's answer, as the end of a sentence that begins with the camera."""
