"""The servers that remote stores are tested against: MinIO, a plain web server, bazel-remote.

Each listens on a free loopback port, keeps what it has in a directory of its own, and is stopped by
whoever started it.
"""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
ENGINES = REPO / ".cache" / "engines" / "bin"  # what tools/bootstrap.py built

K_READY_S = 60


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_ready(process: subprocess.Popen, url: str, log: Path) -> None:
    """Returns when the server answers 200 there; whatever certificate it has."""
    deadline = time.monotonic() + K_READY_S
    trust = ssl._create_unverified_context() if url.startswith("https") else None
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2, context=trust) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise AssertionError(f"{url} did not become ready: {log.read_text()}")
        time.sleep(0.05)


class Minio:
    """MinIO with one user, `engine`; buckets are made by name."""

    ACCESS_KEY = "engine"
    SECRET_KEY = "engine-secret-words"

    @classmethod
    def start(
        cls, root: Path, certificates: Path | None = None, domain: str = ""
    ) -> Minio | None:
        """None where the machine has no MinIO. With a directory of certificates it speaks TLS, with
        a domain it takes bucket.domain for the bucket.
        """
        binary = Path(os.environ.get("SLUICE_TEST_MINIO", ENGINES / "minio"))
        return cls(binary, root, certificates, domain) if os.access(binary, os.X_OK) else None

    def __init__(self, binary: Path, root: Path, certificates: Path | None, domain: str):
        self.binary = binary
        self.domain = domain
        self.root = root
        self.data = root / "data"
        self.certificates = certificates
        self.port = free_port()
        self._launch()

    def _launch(self) -> None:
        env = {
            "HOME": str(self.root),
            "PATH": os.environ["PATH"],
            "MINIO_ROOT_USER": self.ACCESS_KEY,
            "MINIO_ROOT_PASSWORD": self.SECRET_KEY,
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
            **({"MINIO_DOMAIN": self.domain} if self.domain else {}),
        }
        command = [self.binary, "server", "--quiet", "--address", f"127.0.0.1:{self.port}"]
        if self.certificates:
            command += ["--certs-dir", str(self.certificates)]
        with open(self.root / "minio.log", "a") as log:
            self.process = subprocess.Popen(
                [*command, self.data], env=env, stdout=log, stderr=log, start_new_session=True
            )
        wait_ready(self.process, f"{self.url}/minio/health/ready", self.root / "minio.log")

    @property
    def url(self) -> str:
        return f"{'https' if self.certificates else 'http'}://127.0.0.1:{self.port}"

    def bucket(self, name: str) -> str:
        """Makes the bucket (a directory of its data) and returns its name."""
        (self.data / name).mkdir(exist_ok=True)
        return name

    def keys(self, bucket: str) -> list[str]:
        """The objects of the bucket, as MinIO keeps them: each a directory with its xl.meta."""
        root = self.data / bucket
        return sorted(str(path.parent.relative_to(root)) for path in root.rglob("xl.meta"))

    def env(self, **more: str) -> dict[str, str]:
        """What a user has in the environment."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": self.SECRET_KEY,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            **more,
        }

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


class WebStore:
    """web_store.py in a process of its own."""

    def __init__(self, root: Path, *arguments: str):
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        script = Path(__file__).with_name("web_store.py")
        self.process = subprocess.Popen(
            [sys.executable, script, root, *arguments], stdout=subprocess.PIPE, text=True
        )
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

    def files(self) -> list[str]:
        return sorted(
            str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()
        )

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class BazelRemote:
    """bazel-remote, which keeps what it is given at /cas and /ac."""

    @classmethod
    def start(cls, root: Path) -> BazelRemote | None:
        """None where the machine has no bazel-remote."""
        binary = Path(os.environ.get("SLUICE_TEST_BAZEL_REMOTE", ENGINES / "bazel-remote"))
        return cls(binary, root) if os.access(binary, os.X_OK) else None

    def __init__(self, binary: Path, root: Path):
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [binary, "--dir", root / "data", "--max_size", "1", "--grpc_address", "none"]
        command += ["--http_address", f"127.0.0.1:{port}", "--disable_http_ac_validation"]
        with open(root / "log", "w") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, env={"HOME": str(root)}
            )
        wait_ready(self.process, f"{self.url}/status", root / "log")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def make_certificate(directory: Path, host: str, address: str = "", also: str = "") -> Path:
    """A certificate that is its own root, as MinIO wants it: public.crt and private.key. Returns
    public.crt.
    """
    directory.mkdir(parents=True)
    names = f"subjectAltName=DNS:{host}" + (f",DNS:{also}" if also else "")
    names += f",IP:{address}" if address else ""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", f"/CN={host}", "-addext", names]
    command += ["-keyout", "private.key", "-out", "public.crt"]
    subprocess.run(command, cwd=directory, check=True, capture_output=True)
    return directory / "public.crt"


class Proxy:
    """A proxy that opens tunnels to 127.0.0.1, whatever the name, and remembers who asked."""

    def __init__(self):
        self.asked: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(4096)
            if not piece:
                return
            head += piece
        line = head.split(b"\r\n")[0].decode()
        self.asked.append(line)
        port = int(line.split()[1].rsplit(":", 1)[1])
        server = socket.create_connection(("127.0.0.1", port))
        client.sendall(b"HTTP/1.1 200 Tunnel\r\n\r\n")
        threading.Thread(target=self._pump, args=(client, server), daemon=True).start()
        self._pump(server, client)

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket) -> None:
        try:
            while piece := source.recv(1 << 16):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self) -> None:
        self.listener.close()
