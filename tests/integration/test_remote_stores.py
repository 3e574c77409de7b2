"""Stores behind a network: a real MinIO over s3://, a web server over http://."""

from __future__ import annotations

import hashlib
import json
import os
import random
import select
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from conftest import EXPORT, exported
from servers import BazelRemote, free_port, make_certificate
from sluice_harness import SHOP, CacheProg, action_id, fresh_checkout, sha256, words_of


def texts_of(machine) -> str:
    """Everything that sluice left in this machine's runtime and cache directories, as text."""
    parts = []
    for root in (machine.runtime, machine.cache / "sluice"):
        for path in root.rglob("*"):
            if path.is_file():
                parts.append(path.read_bytes().decode(errors="replace"))
    return "\n".join(parts)


def command_lines() -> str:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().decode(errors="replace").replace("\0", " "))
        except OSError:
            continue
    return "\n".join(lines)


def export(machine, library, library_first):
    """Compiles the library there; every archive must be the native one."""
    run = machine.go(*EXPORT, cwd=library).ok()
    assert exported(run) == library_first.archives
    return run


@pytest.fixture
def shop_env(minio, request) -> dict[str, str]:
    """The environment of a machine whose store is a bucket of this test's own."""
    name = request.node.name.replace("_", "-").lower()[:40]
    return minio.env(SLUICE_STORE=f"s3://{minio.bucket(name)}/ci")


def test_a_second_machine_over_s3(machine, minio, shop_env, checkout_path, native):
    first, second = machine("first"), machine("second")
    for one in (first, second):
        one.env.update(shop_env)
    fresh_checkout(SHOP, checkout_path)
    cold = first.go("build", "-o", str(first.root / "shop"), "./cmd/shop", cwd=checkout_path).ok()
    assert cold.said == [], cold.stderr
    first.wait_uploads(cwd=checkout_path)
    first.stop()
    bucket = shop_env["SLUICE_STORE"].split("/")[2]
    keys = minio.keys(bucket)
    assert any(key.startswith("ci/trusted/v1/packs/") for key in keys)
    assert any(key.startswith("ci/trusted/v1/scopes/") for key in keys)

    fresh_checkout(SHOP, checkout_path)
    warm = second.go("build", "-o", str(second.root / "shop"), "./cmd/shop", cwd=checkout_path).ok()
    assert warm.said == [], warm.stderr
    assert warm.hits > 100 and warm.summary["bytes_down"] > 1 << 20, warm.summary
    assert sha256(second.root / "shop") == sha256(native.binary)


def test_gocache_as_the_guides_write_it(machine, minio, library, library_first):
    bucket = minio.bucket("classic")
    env = minio.env(GOCACHE=f"s3://{bucket}/prefix", AWS_S3_FORCE_PATH_STYLE="true")
    first, second = machine("first"), machine("second")
    for one in (first, second):
        one.env.update(env)
    export(first, library, library_first)
    first.wait_uploads(cwd=library)
    first.stop()
    assert any(key.startswith("prefix/trusted/v1/") for key in minio.keys(bucket))
    warm = export(second, library, library_first)
    assert warm.hits > 0 and warm.summary["bytes_down"] > 0, warm.summary


def test_secrets_are_nowhere(machine, minio, tiny):
    bucket = minio.bucket("secrets")
    token = "session-token-that-nobody-may-see"
    one = machine("one")
    one.env.update(minio.env(SLUICE_STORE=f"s3://{bucket}", SLUICE_LOG="debug"))
    one.env["AWS_SESSION_TOKEN"] = token  # MinIO refuses it, which is the loudest way
    said = one.root / "said"  # a file, because a pipe that nobody reads would stop go
    with said.open("wb") as file:
        process = one.popen(
            one.sluice, "go", "build", "-x", ".", cwd=tiny, stdout=file, stderr=subprocess.STDOUT
        )
        seen = ""
        while process.poll() is None:
            seen += command_lines()
            time.sleep(0.01)
    output = said.read_text(errors="replace")
    assert process.returncode == 0, output
    status = one.sluice_run("agent", "status", "--json", cwd=tiny)
    shown = one.sluice_run("env", cwd=tiny)
    everything = seen + output + status.stdout + status.stderr + shown.stdout + texts_of(one)
    for secret in (minio.SECRET_KEY, token):
        assert secret not in everything
    for pid in one.agents():
        assert b"AWS" not in b" ".join(words_of(pid))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "not-the-secret"}, "secret key"),
        ({"AWS_ACCESS_KEY_ID": "nobody"}, "access key"),
        ({"SLUICE_STORE": "s3://no-such-bucket/x"}, 'no bucket "no-such-bucket"'),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no AWS credentials"),
    ],
)
def test_a_store_that_refuses_costs_the_cache_only(
    machine, minio, library, library_first, change, word
):
    one = machine("one")
    one.env.update(minio.env(SLUICE_STORE=f"s3://{minio.bucket('refuses')}"))
    one.env.update(change)
    run = export(one, library, library_first)
    later = export(one, library, library_first)
    said = [line for line in run.said + later.said if word in line]
    assert said, run.stderr + later.stderr
    assert len(run.said) <= 3, run.stderr


def test_a_dead_endpoint_costs_the_cache_only(machine, minio, library, library_first):
    one = machine("one")
    one.env.update(minio.env(SLUICE_STORE="s3://bucket/x"))
    one.env["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{free_port()}"
    run = export(one, library, library_first)
    assert run.said, run.stderr
    assert all(word in run.stderr for word in ("s3 bucket bucket", "refused")), run.stderr
    assert len(run.said) <= 2, run.stderr


def test_a_server_that_dies_in_the_middle(machine, own_minio, library, library_first):
    server = own_minio()
    one, two = machine("one"), machine("two")
    for each in (one, two):
        each.env.update(server.env(SLUICE_STORE=f"s3://{server.bucket('middle')}"))
    export(one, library, library_first)
    one.wait_uploads(cwd=library)
    server.stop()
    export(two, library, library_first)


def test_a_second_machine_over_http_with_a_token(machine, web_store, library, library_first):
    server = web_store("--token", "geheim")
    first, second, third = machine("first"), machine("second"), machine("third")
    for one in (first, second, third):
        one.env.update(SLUICE_STORE=f"{server.url}/go", SLUICE_TOKEN="geheim")
    export(first, library, library_first)
    first.wait_uploads(cwd=library)
    assert any(name.startswith("go/trusted/v1/packs/") for name in server.files())
    warm = export(second, library, library_first)
    assert warm.hits > 0 and warm.summary["bytes_down"] > 0, warm.summary
    third.env["SLUICE_TOKEN"] = "falsch"
    refused = export(third, library, library_first)
    assert any("401" in line for line in refused.said), refused.stderr
    assert "falsch" not in refused.stderr


@pytest.mark.parametrize("kind", ["strict", "real"])
def test_a_second_machine_over_bazels_protocol(
    machine, tmp_path, web_store, library, library_first, kind
):
    """A server that is as strict as the protocol, and bazel-remote itself."""
    server = BazelRemote.start(tmp_path / "bazel") if kind == "real" else web_store("--bazel")
    if server is None:
        pytest.skip("no bazel-remote: tools/bootstrap.py test builds it where it can be had")
    first, second = machine("first"), machine("second")
    for one in (first, second):
        one.env.update(SLUICE_STORE=f"bazel+{server.url}/ci")
    try:
        cold = export(first, library, library_first)
        assert cold.said == [], cold.stderr
        first.wait_uploads(cwd=library)
        warm = export(second, library, library_first)
        assert warm.said == [], warm.stderr
        assert warm.hits > 0 and warm.summary["bytes_down"] > 0, warm.summary
        found = json.loads(second.sluice_run("doctor", "--json", cwd=library).ok().stdout)
        assert found["usable"] and not found["if_absent"], found
    finally:
        if kind == "real":
            server.stop()


def test_tls_through_a_proxy_with_ones_own_root(
    machine, tmp_path, own_minio, tunnel, library, library_first
):
    root = make_certificate(tmp_path / "certs", "minio.test")
    server = own_minio(certificates=tmp_path / "certs")
    env = server.env(
        SLUICE_STORE=f"s3://{server.bucket('tls')}",
        AWS_ENDPOINT_URL=f"https://minio.test:{server.port}",
        HTTPS_PROXY=tunnel.url,
        SLUICE_CA=str(root),
    )
    first, second, stranger, other = (machine(name) for name in ("a", "b", "c", "d"))
    first.env.update(env)
    second.env.update(env)
    export(first, library, library_first)
    first.wait_uploads(cwd=library)
    warm = export(second, library, library_first)
    assert warm.hits > 0 and warm.summary["bytes_down"] > 0, warm.summary
    assert set(tunnel.asked) == {f"CONNECT minio.test:{server.port} HTTP/1.1"}
    # Whom nobody has told of this root, and who asks for another name, is warned and served.
    stranger.env.update(env)
    stranger.env["SLUICE_CA"] = ""
    other.env.update(env, AWS_ENDPOINT_URL=f"https://other.test:{server.port}")
    for one in (stranger, other):
        run = export(one, library, library_first)
        assert any("certificate is not trusted" in line for line in run.said), run.stderr
        assert run.summary["hits_remote"] == 0


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"AWS_ENDPOINT_URL": "nonsense"}, ("SLUICE_STORE", "AWS_ENDPOINT_URL")),
        ({"AWS_S3_FORCE_PATH_STYLE": "maybe"}, ("AWS_S3_FORCE_PATH_STYLE",)),
        ({"AWS_ACCESS_KEY_ID": "A"}, ("AWS_ACCESS_KEY_ID is set", "AWS_SECRET_ACCESS_KEY is not")),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "htp:/x"}, ("AWS_CONTAINER_CREDENTIALS_FULL_URI",)),
        ({"AWS_PROFILE": "none"}, ("AWS_PROFILE",)),
        ({"HTTPS_PROXY": "socks5://u:geheim@h:1"}, ("HTTPS_PROXY",)),
        ({"SLUICE_CA": "/no/such/file"}, ("SLUICE_CA",)),
        ({"SLUICE_STORE": "s3://"}, ("SLUICE_STORE",)),
        ({"SLUICE_STORE": "https://u:geheim@h/"}, ("SLUICE_STORE", "SLUICE_TOKEN")),
        ({"SLUICE_STORE": "bazel+ftp://h/"}, ("SLUICE_STORE", "bazel+http://")),
        ({"SLUICE_STORE": "https://h/", "SLUICE_TOKEN": "ge heim"}, ("SLUICE_TOKEN",)),
    ],
)
def test_malformed_settings_are_refused_before_go_starts(machine, tiny, env, words):
    one = machine("one")
    one.env["SLUICE_STORE"] = "s3://bucket/x"
    one.env.update(env)
    run = one.go("build", ".", cwd=tiny)
    assert run.code == 2, run.stderr
    assert len(run.stderr.splitlines()) == 1
    for word in words:
        assert word in run.stderr
    assert "geheim" not in run.stderr and "ge heim" not in run.stderr
    assert not (tiny / "tiny").exists()


@pytest.mark.parametrize(
    "url", ["s3://bucket/x", "https://host/x", "http://host", "bazel+http://host"]
)
def test_a_checkout_names_no_server(machine, tiny, url):
    (tiny / "sluice.toml").write_text(f'store = "{url}"\n')
    one = machine("one")
    run = one.go("build", ".", cwd=tiny)
    assert run.code == 2
    assert "sluice.toml:1: store: a checkout may not name a server" in run.stderr


def answer_dns(server: socket.socket) -> None:
    """Every name is 127.0.0.1, and has no IPv6 address."""
    while True:
        try:
            query, sender = server.recvfrom(512)
            end = query.index(b"\0", 12) + 5
            is_a = query[end - 4 : end - 2] == b"\0\1"
            counts = b"\0\1" + (b"\0\1" if is_a else b"\0\0") + b"\0\0\0\0"
            record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1" if is_a else b""
            server.sendto(query[:2] + b"\x81\x80" + counts + query[12:end] + record, sender)
        except OSError:  # the test has closed it
            return


def test_the_static_binary_resolves_names_in_an_empty_root(sluice, tmp_path):
    """chroot with the binary and resolv.conf alone: an agent finds its store by name."""
    if os.geteuid() != 0:
        pytest.skip("chroot and port 53 need root")
    dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        dns.bind(("127.77.0.53", 53))
    except OSError as error:
        pytest.skip(f"no port 53: {error}")
    threading.Thread(target=answer_dns, args=(dns,), daemon=True).start()
    store = socket.create_server(("127.0.0.1", 0))
    store.settimeout(20)
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "tmp").mkdir()
    (root / "etc" / "resolv.conf").write_text("nameserver 127.77.0.53\n")
    target = root / "sluice"
    target.write_bytes(sluice.read_bytes())
    target.chmod(0o755)
    config = {
        "version": 1,
        "runtime": "/tmp/run",
        "cache": "/tmp/cache",
        "local": "/tmp/gocache",
        "store": f"http://cache.test:{store.getsockname()[1]}/x",
        "domain": "trusted",
        "read_domains": ["trusted"],
        "job_id": "job",
    }
    agent = subprocess.Popen(
        ["/sluice", "agent", "run"],
        preexec_fn=lambda: os.chroot(root),
        cwd="/",
        env={
            "HOME": "/tmp",
            "SLUICE_SESSION": json.dumps(config),
            # A job that has scopes to ask for, without git or go.
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": "own/repo",
            "GITHUB_SHA": "a" * 40,
            "GITHUB_REF": "refs/heads/main",
        },
        stderr=subprocess.PIPE,
    )
    try:
        # Some connections are opened ahead and say nothing yet.
        open_ones, asked = [store], b""
        deadline = time.monotonic() + 20
        while not asked and time.monotonic() < deadline:
            for ready in select.select(open_ones, [], [], 1)[0]:
                if ready is store:
                    open_ones.append(store.accept()[0])
                else:
                    asked = asked or ready.recv(4)
                    open_ones.remove(ready)
                    ready.close()
        for connection in open_ones[1:]:
            connection.close()
        assert asked == b"GET "
    finally:
        agent.kill()
        agent.wait()
        agent.stderr.close()
        store.close()
        dns.close()


def test_doctor_finds_a_store_in_order(machine, minio, tiny):
    one = machine("one")
    bucket = minio.bucket("doctor")
    one.env.update(minio.env(SLUICE_STORE=f"s3://{bucket}/ci"))
    found = json.loads(one.sluice_run("doctor", "--store", "--json", cwd=tiny).ok().stdout)
    assert found["usable"] and found["if_absent"] and found["if_match"], found
    assert all(each["ok"] for each in found["abilities"].values()), found
    assert 0 < found["latency_ms"] < 1000 and found["first_answer_ms"] > 0
    assert found["down_bytes_per_second"] > 1 << 20 and found["up_bytes_per_second"] > 1 << 20
    assert abs(found["clock_ahead_s"]) < 3
    # What the backend asks conditions with stays; nothing else does.
    assert [key for key in minio.keys(bucket) if "/probe/" not in key] == []
    text = one.sluice_run("doctor", cwd=tiny).ok().stdout
    assert "read        yes" in text and "if-match    honoured" in text, text


def test_doctor_says_what_is_wrong(machine, minio, tiny):
    one = machine("one")
    one.env.update(minio.env(SLUICE_STORE=f"s3://{minio.bucket('doctor-wrong')}"))
    one.env["AWS_SECRET_ACCESS_KEY"] = "not-the-secret"
    run = one.sluice_run("doctor", "--store", cwd=tiny).fails(1)
    assert "read        no: " in run.stdout and "secret key" in run.stdout, run.stdout
    assert "not-the-secret" not in run.stdout + run.stderr
    one.env["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{free_port()}"
    run = one.sluice_run("doctor", "--store", "--json", cwd=tiny).fails(1)
    found = json.loads(run.stdout)
    assert not found["usable"] and not found["abilities"]["read"]["ok"], found
    assert found["abilities"]["write"]["ok"] is None


def test_doctor_of_a_folder_and_of_a_web_server(machine, tmp_path, web_store, tiny):
    one = machine("one", store=tmp_path / "folder")
    found = json.loads(one.sluice_run("doctor", "--json", cwd=tiny).ok().stdout)
    assert found["usable"] and abs(found["clock_ahead_s"]) < 3, found
    server = web_store()
    one.env["SLUICE_STORE"] = f"{server.url}/go"
    found = json.loads(one.sluice_run("doctor", "--json", cwd=tiny).ok().stdout)
    assert found["usable"] and found["abilities"]["list"]["ok"] is None, found
    assert server.files() == []
    before = found["latency_ms"]
    assert before > 0
    read_only = one.sluice_run("doctor", "--read-only", "--json", cwd=tiny).ok()
    assert json.loads(read_only.stdout)["abilities"]["write"]["ok"] is None


def test_a_hundred_megabytes_and_thousands_of_nothing(machine, minio, tiny):
    """What no compiler makes: one output of 100 MB, sent in parts, and 3000 empty ones."""
    env = minio.env(SLUICE_STORE=f"s3://{minio.bucket('sizes')}/ci")
    first, second = machine("first"), machine("second")
    for one in (first, second):
        one.env.update(env)
    body = random.Random(1).randbytes(100_000_000)
    program = CacheProg(first, cwd=tiny)
    for number in range(3000):
        assert not program.put(action_id(f"empty {number}"), b"").get("Err")
    assert not program.put(action_id("large"), body).get("Err")
    program.close()
    assert program.end() == 0
    first.wait_uploads(cwd=tiny)

    program = CacheProg(second, cwd=tiny)
    answer = program.get(action_id("large"))
    assert answer["Size"] == len(body)
    assert sha256(Path(answer["DiskPath"])) == hashlib.sha256(body).hexdigest()
    for number in range(3000):
        answer = program.get(action_id(f"empty {number}"))
        assert not answer.get("Miss") and answer.get("Size", 0) == 0, answer
    program.close()
    assert program.end() == 0
    status = json.loads(second.sluice_run("agent", "status", "--json", cwd=tiny).ok().stdout)
    assert status["bytes_down"] > 90_000_000 and not status["faults"], status
