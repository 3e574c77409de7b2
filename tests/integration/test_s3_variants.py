"""What else speaks S3, and how one is known there: buckets as host names, sessions with a token,
credentials of a container. The store is a real MinIO.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import resource
import signal
import subprocess
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import EXPORT, exported
from servers import Minio, make_certificate
from sluice_harness import wait_until


def two_machines(machine, env, library, library_first):
    """What one machine made under this environment another one gets."""
    first, second = machine("first"), machine("second")
    for one in (first, second):
        one.env.update(env)
        for name in [name for name, value in env.items() if not value]:
            del one.env[name]
    cold = first.go(*EXPORT, cwd=library).ok()
    assert cold.said == [], cold.stderr
    first.wait_uploads(cwd=library)
    warm = second.go(*EXPORT, cwd=library).ok()
    assert warm.said == [], warm.stderr
    assert warm.hits >= 8 and warm.summary["bytes_down"] > 0, warm.summary
    assert exported(warm) == library_first.archives
    return second


def sts_session(minio: Minio, seconds: int = 900) -> dict[str, str]:
    """Temporary credentials of MinIO's STS, asked for as AWS documents it (AssumeRole, Signature
    Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html).
    """
    body = f"Action=AssumeRole&DurationSeconds={seconds}&Version=2011-06-15".encode()
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{now[:8]}/us-east-1/sts/aws4_request"
    payload = hashlib.sha256(body).hexdigest()
    host = f"127.0.0.1:{minio.port}"
    canonical = (
        f"POST\n/\n\ncontent-type:application/x-www-form-urlencoded\nhost:{host}\n"
        f"x-amz-content-sha256:{payload}\nx-amz-date:{now}\n\n"
        f"content-type;host;x-amz-content-sha256;x-amz-date\n{payload}"
    )
    to_sign = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{minio.SECRET_KEY}".encode()
    for word in scope.split("/"):
        key = hmac.digest(key, word.encode(), "sha256")
    request = urllib.request.Request(
        f"{minio.url}/",
        data=body,
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Amz-Content-Sha256": payload,
            "X-Amz-Date": now,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={minio.ACCESS_KEY}/{scope}, "
            "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, "
            f"Signature={hmac.digest(key, to_sign.encode(), 'sha256').hex()}",
        },
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        text = answer.read().decode()
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    return {name: re.search(f"<{name}>(.*?)</{name}>", text)[1] for name in names}


class Container:
    """The credentials service of a container, on this machine: a new session each time."""

    def __init__(self, minio: Minio, lives_s: list[int]):
        self.handed_out = 0
        lives = iter(lives_s)
        container = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                session = sts_session(minio)
                ends = time.gmtime(time.time() + next(lives, 3600))
                body = json.dumps(
                    {
                        "AccessKeyId": session["AccessKeyId"],
                        "SecretAccessKey": session["SecretAccessKey"],
                        "Token": session["SessionToken"],
                        "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", ends),
                    }
                ).encode()
                container.handed_out += 1
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/credentials"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def test_a_session_with_a_token(machine, minio, library, library_first):
    session = sts_session(minio)
    env = minio.env(
        SLUICE_STORE=f"s3://{minio.bucket('session')}/ci",
        AWS_ACCESS_KEY_ID=session["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=session["SecretAccessKey"],
        AWS_SESSION_TOKEN=session["SessionToken"],
    )
    two_machines(machine, env, library, library_first)
    # Without its token the same key is nobody's.
    other = machine("other")
    other.env.update(env)
    del other.env["AWS_SESSION_TOKEN"]
    run = other.go(*EXPORT, cwd=library).ok()
    assert run.said and run.summary["hits_remote"] == 0, run.stderr


def test_sessions_of_a_container_are_renewed(machine, minio, library, library_first):
    container = Container(minio, [5, 5])  # two that are nearly over, then good ones
    try:
        env = minio.env(
            SLUICE_STORE=f"s3://{minio.bucket('container')}/ci",
            AWS_CONTAINER_CREDENTIALS_FULL_URI=container.url,
            AWS_ACCESS_KEY_ID="",
            AWS_SECRET_ACCESS_KEY="",
        )
        two_machines(machine, env, library, library_first)
        assert container.handed_out >= 3
    finally:
        container.stop()


@pytest.mark.parametrize("style", ["virtual", "path"])
def test_a_bucket_as_a_host_name(
    machine, tmp_path, own_minio, tunnel, library, library_first, style
):
    """Virtual-hosted style, as AWS has it: MinIO knows its domain, a proxy resolves the names."""
    root = make_certificate(tmp_path / "certs", "*.minio.test", also="minio.test")
    server = own_minio(certificates=tmp_path / "certs", domain="minio.test")
    env = server.env(
        SLUICE_STORE=f"s3://{server.bucket('hosted')}/ci",
        AWS_ENDPOINT_URL=f"https://minio.test:{server.port}",
        AWS_S3_FORCE_PATH_STYLE="false" if style == "virtual" else "true",
        HTTPS_PROXY=tunnel.url,
        SLUICE_CA=str(root),
    )
    two_machines(machine, env, library, library_first)
    host = "hosted.minio.test" if style == "virtual" else "minio.test"
    assert set(tunnel.asked) == {f"CONNECT {host}:{server.port} HTTP/1.1"}


def test_an_agent_with_credentials_leaves_no_core(machine, minio, tmp_path):
    """And one without, on the same machine, does."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if hard == 0:
        pytest.skip("no cores are allowed here: their hard limit (ulimit -Hc) is 0")
    (tmp_path / "cores").mkdir()
    stores = {"folder": (tmp_path / "s").as_uri(), "s3": f"s3://{minio.bucket('core')}/x"}

    def leaves_core(where: str) -> bool:
        one = machine(where)
        config = {
            "version": 1,
            "runtime": str(one.runtime / "job"),
            "cache": str(one.cache / "sluice"),
            "local": str(one.gocache),
            "store": stores[where],
            "credentials": "" if where == "folder" else "who",
            "domain": "trusted",
            "read_domains": ["trusted"],
            "job_id": "job",
        }
        agent = one.popen(
            one.sluice,
            "agent",
            "run",
            env={**minio.env(), "SLUICE_SESSION": json.dumps(config)},
            cwd=tmp_path / "cores",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (hard, hard)),
            stderr=subprocess.DEVNULL,
        )
        assert wait_until(lambda: [*(one.runtime / "job").glob("*.sock")], 20)
        os.kill(agent.pid, signal.SIGABRT)
        _, status = os.waitpid(agent.pid, 0)
        agent.returncode = -signal.SIGABRT  # waited for already
        assert os.WIFSIGNALED(status), status
        return os.WCOREDUMP(status)

    if not leaves_core("folder"):
        pytest.skip("the kernel's core_pattern writes no cores here")
    assert not leaves_core("s3")
