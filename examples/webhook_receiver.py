"""What a program of your own receives from `[webhook] format = "json"`: a critical alert, one HTTP POST each.

.venv/bin/python examples/webhook_receiver.py [PORT]
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        incident = call["incident"]
        print(f"{call['text']}\n  incident {incident['id']}, seconds to each stage: {incident['seconds']}", flush=True)
        self.send_response(204)  # anything but 2xx is tried again
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Only alerts are printed."""


with HTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8900), Receiver) as server:
    print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()
