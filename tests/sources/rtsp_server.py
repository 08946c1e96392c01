"""A small RTSP server for the tests: H.264 test pictures on loopback. Runs under the system's Python.

    python3 rtsp_server.py PORT [--user NAME --password WORD] [--size WxH]

It prints "ready" when it listens and serves rtsp://127.0.0.1:PORT/cam until it is ended.
"""

import argparse

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--size", default="160x120")
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(args.port))
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f"( videotestsrc is-live=true pattern=ball ! video/x-raw,width={width},height={height},framerate=20/1 "
        "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! rtph264pay name=pay0 pt=96 )"
    )
    factory.set_shared(True)
    if args.user:
        auth = GstRtspServer.RTSPAuth()
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod(2))  # digest; FFmpeg and rtspsrc both speak it
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(args.user, args.password), token)
        auth.add_digest(args.user, args.password, token)
        server.set_auth(auth)
        factory.add_role_from_structure(_may("viewer"))
    server.get_mount_points().add_factory("/cam", factory)
    if not server.attach(None):
        raise SystemExit(f"port {args.port} is taken")
    print("ready", flush=True)
    GLib.MainLoop().run()


def _may(role: str) -> Gst.Structure:
    right = Gst.Structure.new_empty(role)
    right.set_value("media.factory.access", True)
    right.set_value("media.factory.construct", True)
    return right


if __name__ == "__main__":
    main()
