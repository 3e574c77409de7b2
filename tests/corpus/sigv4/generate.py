#!/usr/bin/env python3
"""Writes vectors.json beside itself: requests as botocore signs them, for src/net/sigv4_test.cpp.

Needs botocore (`pip install botocore`). Run by hand when a case is added; tests read the result.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from unittest import mock

import botocore
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime(2026, 11, 24, 14, 50, 5, tzinfo=datetime.timezone.utc)
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
UNSIGNED = "UNSIGNED-PAYLOAD"
KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "")
SESSION = ("ASIAEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjE//+=token")

# name, method, host, path (encoded), query, further headers, payload hash, key, region, service
CASES = [
    ("get", "GET", "b.s3.us-east-1.amazonaws.com", "/k", [], [], EMPTY, KEY, "us-east-1", "s3"),
    ("get over TLS", "GET", "b.s3.eu-west-1.amazonaws.com", "/p/trusted/v1/packs/ab/cd", [],
     [("Range", "bytes=0-99")], UNSIGNED, KEY, "eu-west-1", "s3"),
    ("session token", "GET", "127.0.0.1:9000", "/bucket/p/k.zst", [], [], EMPTY, SESSION,
     "us-east-1", "s3"),
    ("put with a body", "PUT", "127.0.0.1:9000", "/bucket/k", [],
     [("If-None-Match", "*"), ("Content-Type", "application/octet-stream")], HELLO, KEY,
     "us-east-1", "s3"),
    ("put if match", "PUT", "127.0.0.1:9000", "/bucket/k", [],
     [("If-Match", '"9b2cf535f27731c974343645a3985328"')], UNSIGNED, SESSION, "us-east-1", "s3"),
    ("path that is quoted", "GET", "127.0.0.1:9000", "/bucket/a%20b/%C3%A4%2B~%25/x", [], [],
     EMPTY, KEY, "us-east-1", "s3"),
    ("path with dots and slashes", "GET", "127.0.0.1:9000", "/bucket/a/../b//c/./d", [], [],
     EMPTY, KEY, "us-east-1", "s3"),
    ("list", "GET", "127.0.0.1:9000", "/bucket", [
        ("prefix", "a b/\u00e4+&=~"), ("list-type", "2"), ("start-after", "x/y"),
        ("max-keys", "1000")], [], EMPTY, KEY, "us-east-1", "s3"),
    ("query that is sorted after encoding", "GET", "127.0.0.1:9000", "/bucket",
     [("b", "2"), ("a-b", "1"), ("a", ""), ("A", "3"), ("a", "/")], [], EMPTY, KEY,
     "us-east-1", "s3"),
    ("start of an upload in parts", "POST", "127.0.0.1:9000", "/bucket/k", [("uploads", "")], [],
     EMPTY, KEY, "us-east-1", "s3"),
    ("a part", "PUT", "127.0.0.1:9000", "/bucket/k",
     [("partNumber", "2"), ("uploadId", "VXBsb2FkIElE/+=")], [], HELLO, KEY, "us-east-1", "s3"),
    ("blanks in a header", "GET", "127.0.0.1:9000", "/bucket/k", [],
     [("X-Amz-Meta-A", "  a   b  c ")], EMPTY, KEY, "us-east-1", "s3"),
]


class Auth(botocore.auth.S3SigV4Auth):
    """The payload's hash as the case says; every header of the case is signed."""

    def payload(self, request):
        return request.context["payload_hash"]


def vector(case) -> dict:
    name, method, host, path, query, headers, payload_hash, key, region, service = case
    request = AWSRequest(method=method, url=f"http://{host}{path}", headers=dict(headers))
    request.params = query
    request.headers["Host"] = host
    request.context["payload_hash"] = payload_hash
    auth = Auth(Credentials(key[0], key[1], key[2] or None), service, region)
    with (
        mock.patch.object(botocore.auth, "get_current_datetime", return_value=NOW, create=True),
        mock.patch.object(botocore.auth, "datetime", create=True) as clock,
    ):
        clock.datetime.utcnow.return_value = NOW
        clock.datetime.now.return_value = NOW
        auth.add_auth(request)
    authorization = request.headers["Authorization"]
    del request.headers["Authorization"]
    return {
        "name": name,
        "method": method,
        "path": path,
        "query": [list(pair) for pair in query],
        "headers": [["host", host], *map(list, headers)],
        "payload_hash": payload_hash,
        "access_key": key[0],
        "secret_key": key[1],
        "session_token": key[2],
        "region": region,
        "service": service,
        "canonical_request": auth.canonical_request(request),
        "authorization": authorization,
    }


def main() -> None:
    vectors = {
        "made_by": f"botocore {botocore.__version__}",
        "unix_s": int(NOW.timestamp()),
        "vectors": [vector(case) for case in CASES],
    }
    target = Path(__file__).with_name("vectors.json")
    target.write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()
