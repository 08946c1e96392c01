"""Skeletons and events in a browser by server-sent events: .venv/bin/python examples/dashboard.py SOURCE [PORT]"""

import queue
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import edgepose
from edgepose.skeleton import BODYPOSENET_18

PAGE = """<!doctype html><title>EdgePose</title><canvas id=c style="width:100%;background:#222"></canvas><ul id=e></ul>
<script>const limbs = LIMBS, g = c.getContext("2d")
new EventSource("/results").onmessage = message => {
  const r = JSON.parse(message.data); [c.width, c.height] = r.size_wh; g.lineWidth = 3; g.strokeStyle = "#4f4"
  for (const t of r.tracks) for (const [a, b] of t.missing_s ? [] : limbs) {
    const [p, q] = [t.keypoints[a], t.keypoints[b]]
    if (p[2] && q[2]) { g.beginPath(); g.moveTo(p[0], p[1]); g.lineTo(q[0], q[1]); g.stroke() } }
  for (const one of r.events) e.prepend(Object.assign(document.createElement("li"),
    {textContent: `${r.captured} person ${one.track_id}: ${one.kind} ${one.stage}`})) }</script>"""
watchers: set[queue.Queue[str]] = set()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if self.path == "/results" else "text/html")
        self.end_headers()
        if self.path != "/results":
            self.wfile.write(PAGE.replace("LIMBS", str([list(limb) for limb in BODYPOSENET_18.limbs])).encode())
            return
        watchers.add(results := queue.Queue(maxsize=8))  # a browser that is slower than that misses results
        try:
            while True:
                self.wfile.write(f"data: {results.get()}\n\n".encode())
        except OSError:  # the browser has gone
            watchers.discard(results)


if len(sys.argv) < 2:
    sys.exit("give a source: dashboard.py SOURCE [PORT]")
server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 8099), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(f"watch http://127.0.0.1:{server.server_port}/", flush=True)
with edgepose.Pipeline(source=sys.argv[1], keep_images=False) as pipeline:
    for result in pipeline:
        for watcher in list(watchers):
            if not watcher.full():
                watcher.put_nowait(result.to_json())
