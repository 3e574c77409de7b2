#!/usr/bin/env python3
"""A web server that keeps what is PUT to it: GET (with one range), HEAD, PUT and DELETE of files.

    web_store.py DIRECTORY [--token TOKEN] [--basic USER:PASSWORD] [--bazel] [--validate-ac]
                 [--held-while FILE]

Listens on a free loopback port, writes it as the first line of stdout and runs until it is killed.
For the tests of http:// stores; it does what such servers have in common and nothing more. With
--bazel it is as strict and as poor as a server of Bazel's caching protocol: paths are /cas/<hash>
and /ac/<hash>, what is PUT to /cas must have that hash; no ranges, no etags, no DELETE. With
--validate-ac it takes nothing at /ac, as bazel-remote does with what is no action result. With
--held-while a PUT is answered only once FILE is gone.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import re
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PIECE = 1 << 20
BAZEL = re.compile(r"/(?:.*/)?(ac|cas)/([0-9a-f]{64})")
PLAIN = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    root: Path
    authorization: str | None = None
    bazel = False
    validate_ac = False
    held_while: Path | None = None

    def log_message(self, *words):
        pass

    def answer(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", "0")
        self.end_headers()

    def place(self) -> Path | None:
        """The file of the request; None when it is answered already."""
        if self.authorization and self.headers.get("Authorization") != self.authorization:
            self.close_connection = True  # a body may be behind it
            self.answer(401)
            return None
        if not PLAIN.fullmatch(self.path) or (self.bazel and not BAZEL.fullmatch(self.path)):
            self.close_connection = True
            self.answer(400)
            return None
        return self.root / self.path[1:]

    def send_file(self, with_body: bool) -> None:
        path = self.place()
        if path is None:
            return
        try:
            data = path.read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            self.answer(404)
            return
        if self.bazel:
            self.answer(200, {"Content-Length": str(len(data))})
            if with_body:
                self.wfile.write(data)
            return
        headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "Accept-Ranges": "bytes"}
        status = 200
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked and with_body:
            first, last = int(asked[1]), min(int(asked[2]), len(data) - 1)
            if first > last:
                self.answer(416, {"Content-Range": f"bytes */{len(data)}"})
                return
            headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
            data, status = data[first : last + 1], 206
        self.answer(status, {**headers, "Content-Length": str(len(data))})
        if with_body:
            self.wfile.write(data)

    def do_GET(self):
        self.send_file(True)

    def do_HEAD(self):
        self.send_file(False)

    def do_PUT(self):
        path = self.place()
        if path is None:
            return
        left = int(self.headers["Content-Length"])
        digest = hashlib.sha256()
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.root, prefix=".put-", delete=False) as file:
            while left:
                piece = self.rfile.read(min(left, PIECE))
                if not piece:
                    os.unlink(file.name)
                    self.close_connection = True
                    return
                file.write(piece)
                digest.update(piece)
                left -= len(piece)
        if self.bazel and not self.takes(digest.hexdigest()):
            os.unlink(file.name)
            self.answer(400)
            return
        while self.held_while and self.held_while.exists():
            time.sleep(0.02)
        os.replace(file.name, path)
        self.answer(201)

    def takes(self, digest: str) -> bool:
        kind, name = BAZEL.fullmatch(self.path).groups()
        return digest == name if kind == "cas" else not self.validate_ac

    def do_DELETE(self):
        path = self.place()
        if path is None:
            return
        if self.bazel:
            self.answer(405)
            return
        try:
            path.unlink()
        except FileNotFoundError:
            self.answer(404)
            return
        self.answer(204)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--token")
    parser.add_argument("--basic")
    parser.add_argument("--bazel", action="store_true")
    parser.add_argument("--validate-ac", action="store_true")
    parser.add_argument("--held-while", type=Path)
    arguments = parser.parse_args()
    Handler.root = arguments.directory
    Handler.bazel = arguments.bazel
    Handler.validate_ac = arguments.validate_ac
    Handler.held_while = arguments.held_while
    if arguments.token:
        Handler.authorization = f"Bearer {arguments.token}"
    if arguments.basic:
        Handler.authorization = "Basic " + base64.b64encode(arguments.basic.encode()).decode()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_address[1]}\n")  # at once: the reader may look once only
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
