"""A notebook over HTTP: POST /notes with the text as the body, GET /notes for all of them.

DATABASE_PATH says where the notes are kept (notes.db), PORT where to listen (3000).
"""

import json
import os
import signal
import sqlite3
import threading
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer

db = sqlite3.connect(os.environ.get("DATABASE_PATH", "notes.db"), timeout=5, isolation_level=None)
db.row_factory = sqlite3.Row
db.execute("PRAGMA journal_mode = wal")
db.execute("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, createdAt TEXT NOT NULL)")


class Notebook(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/notes":
            return self.answer(404, {"error": "Only /notes is here"})
        self.answer(200, [dict(row) for row in db.execute("SELECT * FROM notes ORDER BY id")])

    def do_POST(self):
        if self.path != "/notes":
            return self.answer(404, {"error": "Only /notes is here"})
        text = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        if text.strip() == "":
            return self.answer(400, {"error": "A note needs a text"})
        now = datetime.now(timezone.utc).isoformat()
        rows = db.execute("INSERT INTO notes (text, createdAt) VALUES (?, ?) RETURNING *", (text, now)).fetchall()
        self.answer(201, dict(rows[0]))

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode() + b"\n")


server = HTTPServer(("0.0.0.0", int(os.environ.get("PORT", "3000"))), Notebook)
# The request at hand is answered, then the database is closed: its last commit is whole.
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print(f"Listening on port {server.server_port}, process {os.getpid()}", flush=True)
server.serve_forever()
db.close()
