"""A small web server for the tests of scripts/fetch-data: serves one directory in several moods.

    python3 file-server.py DIRECTORY LOG

The first part of a request's path is the mood, the second the file: /good/NAME honours Range, /ranges-ignored/NAME
always sends the whole file, /corrupt/NAME sends a sound gzip file of something else, /cut/NAME breaks the connection
half-way, /error-page/NAME sends HTML with status 200, anything else is not found.

Prints its port, and appends a line to LOG for each request: the path and the first byte sent. Ends when its standard
input does, so that it never outlives the test.
"""

import gzip
import http.server
import pathlib
import re
import sys
import threading


def note(*words):
    with open(sys.argv[2], "a") as log:
        print(*words, file=log)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        mood, _, name = self.path.lstrip("/").partition("/")
        file = pathlib.Path(sys.argv[1], pathlib.PurePath(name).name)
        moods = ("good", "ranges-ignored", "corrupt", "cut", "error-page")
        if mood not in moods or not file.is_file():
            note(self.path, "missing")
            return self.send_error(404)
        body = file.read_bytes()
        if mood == "corrupt":
            body = gzip.compress(b"other digits")
        if mood == "error-page":
            body = b"<html>Too many requests</html>"

        start = 0
        requested = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if requested and mood != "ranges-ignored":
            start = int(requested.group(1))
        note(self.path, start)
        if start >= len(body):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.wfile.write(body[start : start + len(body) // 2] if mood == "cut" else body[start:])

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
