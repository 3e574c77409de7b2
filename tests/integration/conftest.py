"""Fixtures of the integration tests; sluice_harness.py has the machinery."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from module_proxy import ModuleMachine  # noqa: E402
from servers import Minio, Proxy, WebStore  # noqa: E402
from sluice_harness import REPO, SHOP, Machine, Run, fresh_checkout, sha256  # noqa: E402

# One toolchain of every supported release; the machine's own go runs everything, these the smoke
# tests and the matrix.
TOOLCHAINS = ["go1.24.11", "go1.25.9", "go1.26.11", "go1.27.4"]
OLD_TOOLCHAIN = "go1.23.12"


def by_toolchain(group: str = "") -> list:
    """Parameters: the first and the last in `make test`, those between in `make check`. A group,
    and its versions' tests each stay with one worker.
    """
    params = []
    for version in TOOLCHAINS:
        marks = [pytest.mark.xdist_group(f"{group} {version}")] if group else []
        if version not in (TOOLCHAINS[0], TOOLCHAINS[-1]):
            marks.append(pytest.mark.matrix)
        params.append(pytest.param(version, marks=marks))
    return params

SHOP_FIXTURES = {"checkout", "filled_store", "first_machine", "native"}

K_TEST_BOUND_S = 600
K_MATRIX_TEST_BOUND_S = 1200


def pytest_configure(config):
    # nohup and a shell's `&` ignore some signals, every child inherits that, and then nothing that
    # is tested here can be interrupted.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, default)
    config.addinivalue_line("markers", "xdist_group: run by one worker (pytest-xdist)")
    config.addinivalue_line(
        "markers", "matrix: Go versions and modes beside those of `make test`; run by `make check`"
    )


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(config, items):
    # What builds the shop stays with one worker: filling its store takes a minute, and its machines
    # share one checkout path.
    for item in items:
        if SHOP_FIXTURES & set(item.fixturenames):
            item.add_marker(pytest.mark.xdist_group("shop"))
    if "matrix" in (config.getoption("-m") or ""):
        return
    slow = [item for item in items if "matrix" in item.keywords]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if "matrix" not in item.keywords]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """No test hangs for ever, whatever the binary does: a bound on each, set-up included."""
    bound_s = K_MATRIX_TEST_BOUND_S if "matrix" in item.keywords else K_TEST_BOUND_S

    def over(number, frame):
        raise TimeoutError(f"the test took more than {bound_s} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(bound_s)
    try:
        return (yield)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def sluice() -> Path:
    """The binary under test: SLUICE_BIN, else the release build."""
    binary = Path(os.environ.get("SLUICE_BIN", REPO / "build" / "sluice")).resolve()
    if not os.access(binary, os.X_OK):
        pytest.fail(f"{binary} is missing: run make build", pytrace=False)
    return binary


def _go_says(*names: str) -> dict[str, str]:
    out = subprocess.run(["go", "env", *names], capture_output=True, text=True, check=True, cwd="/")
    return dict(zip(names, out.stdout.splitlines(), strict=True))


@pytest.fixture(scope="session")
def go_env() -> dict[str, str]:
    """What every machine's go has in common with this one's: the module cache and where modules
    come from.
    """
    env = _go_says("GOMODCACHE", "GOPROXY", "GOSUMDB", "GONOSUMDB")
    return {
        **{name: value for name, value in env.items() if value},
        "GOTOOLCHAIN": os.environ.get("SLUICE_TEST_GOTOOLCHAIN", "local"),
        "GOFLAGS": "-buildvcs=false",
        # The stores of tests share the machine with builds; what a dead one costs is tested apart.
        "SLUICE_STORE_PATIENCE": "60s",
    }


@pytest.fixture(scope="session")
def goroot(go_env) -> Path:
    out = subprocess.run(
        ["go", "env", "GOROOT"],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        env={**os.environ, **go_env},
    )
    return Path(out.stdout.strip())


@pytest.fixture(scope="session")
def toolchain(go_env):
    """A function that says whether a Go toolchain can be had, and skips the test when it cannot."""
    known: dict[str, bool] = {}

    def need(name: str) -> str:
        if name not in known:
            env = {**os.environ, **go_env, "GOTOOLCHAIN": name}
            out = subprocess.run(
                ["go", "version"], capture_output=True, text=True, env=env, cwd="/"
            )
            known[name] = out.returncode == 0 and name in out.stdout
        if not known[name]:
            pytest.skip(f"the Go proxy does not serve {name}")
        return name

    return need


class Park:
    """All machines of a test, stopped together at its end."""

    def __init__(
        self, root: Path, sluice: Path, go_env: dict[str, str], gocache: Path | None = None
    ):
        self.root = root
        self.sluice = sluice
        self.go_env = go_env
        self.gocache = gocache  # what each machine begins with
        self.machines: list[Machine] = []

    def __call__(self, name: str = "m", store: Path | str | None = None) -> Machine:
        root = self.root / f"{name}-{len(self.machines)}"
        root.mkdir(parents=True)
        machine = Machine(root, self.sluice, store, self.go_env)
        if self.gocache is not None:
            shutil.copytree(self.gocache, machine.gocache)
        self.machines.append(machine)
        return machine

    def stop(self) -> None:
        errors = []
        for machine in self.machines:
            try:
                machine.stop()
            except AssertionError as error:
                errors.append(str(error))
        assert not errors, "\n".join(errors)


@pytest.fixture
def machine(tmp_path, sluice, go_env):
    """A factory: machine("a", store=path) is one more computer."""
    park = Park(tmp_path / "machines", sluice, go_env)
    yield park
    park.stop()


# What `go env` says that is another thing on each run.
K_NOT_IN_KEYS = {"GOCACHE", "GOGCCFLAGS", "GOMOD", "GOWORK", "GOTMPDIR", "PWD"}
K_STANDARD = ("bytes", "fmt", "io", "os", "os/exec", "path/filepath", "strings", "syscall", "time")


@pytest.fixture(scope="session")
def standard_library(session_root, go_env) -> Path:
    """A cache of go's own with what tests import of the standard library, compiled and vetted. Kept
    from run to run, by all that makes go's keys others.
    """
    env = {**os.environ, **go_env}
    settings = subprocess.check_output(["go", "env", "-json"], env=env, cwd="/", text=True)
    named = {k: v for k, v in json.loads(settings).items() if k not in K_NOT_IN_KEYS}
    key = hashlib.sha256(json.dumps([named, K_STANDARD], sort_keys=True).encode()).hexdigest()[:16]
    cache = REPO / ".cache" / "test-standard" / key
    cache.parent.mkdir(parents=True, exist_ok=True)
    with cache.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not cache.exists():
            made = session_root / "standard-cache"
            compile_standard(session_root / "standard", {**env, "GOCACHE": str(made)})
            shutil.copytree(made, cache.with_suffix(".part"), dirs_exist_ok=True)
            cache.with_suffix(".part").rename(cache)
    return cache


def compile_standard(root: Path, env: dict[str, str]) -> None:
    root.mkdir()
    (root / "go.mod").write_text("module example.com/standard\n\ngo 1.24\n")
    imports = "".join(f'import _ "{name}"\n' for name in ("testing", *K_STANDARD))
    (root / "standard_test.go").write_text(f"package standard\n\n{imports}")
    for words in ((), ("-trimpath",)):
        command = ["go", "test", *words, "./..."]
        subprocess.run(command, cwd=root, env=env, check=True, capture_output=True)


@pytest.fixture
def warm_machine(tmp_path, sluice, go_env, standard_library):
    """As machine; the standard library is there already, and is not what the test is about."""
    park = Park(tmp_path / "machines", sluice, go_env, standard_library)
    yield park
    park.stop()


@pytest.fixture(scope="session")
def session_root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("session")


@pytest.fixture(scope="session")
def checkout_path(session_root) -> Path:
    """The one path at which every machine of this run checks the shop out."""
    return session_root / "work" / "shop"


@pytest.fixture
def checkout(checkout_path) -> Path:
    """A fresh checkout of examples/shop."""
    return fresh_checkout(SHOP, checkout_path)


@pytest.fixture(scope="session")
def native(session_root, checkout_path, sluice, go_env):
    """What go itself builds at the checkout path, with a warm cache of its own and no sluice."""
    park = Park(session_root / "native", sluice, go_env)
    reference = park("native")
    fresh_checkout(SHOP, checkout_path)
    binary = session_root / "native-shop"
    reference.plain_go("build", "-o", str(binary), "./cmd/shop", cwd=checkout_path).ok()
    reference.plain_go("vet", "./...", cwd=checkout_path).ok()
    reference.binary = binary
    yield reference
    park.stop()


@pytest.fixture(scope="session")
def first_machine(session_root, checkout_path, sluice, go_env):
    """The first job: builds, vets and tests the shop cold on an empty store, and uploads all of
    it.
    """
    park = Park(session_root / "first", sluice, go_env)
    first = park("first", store=session_root / "first-store")
    fresh_checkout(SHOP, checkout_path)
    out = first.root / "shop"
    first.build = first.go("build", "-o", str(out), "./cmd/shop", cwd=checkout_path).ok()
    first.vet = first.go("vet", "./...", cwd=checkout_path).ok()
    first.test = first.go("test", "./...", cwd=checkout_path).ok()
    first.wait_uploads(cwd=checkout_path)
    first.binary = out
    first.stop()
    yield first
    park.stop()


@pytest.fixture
def filled_store(first_machine, session_root, tmp_path) -> Path:
    """A private copy of the store that the first job filled."""
    store = tmp_path / "store"
    shutil.copytree(session_root / "first-store", store)
    return store


@pytest.fixture
def tmpfs(tmp_path):
    """A factory of small file systems in memory: tmpfs("4m") returns the mount point. Needs
    root.
    """
    mounted: list[Path] = []

    def mount(size: str) -> Path:
        target = tmp_path / f"tmpfs-{len(mounted)}"
        target.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(target)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
            pytest.skip("mounting a tmpfs needs root")
        mounted.append(target)
        return target

    yield mount
    for target in mounted:
        # Lazily: an agent of the test may still hold a file there; it is stopped by its machine.
        subprocess.run(["umount", "-l", str(target)], check=True)


@pytest.fixture
def read_only():
    """A function that makes a mounted tmpfs read-only, for root too."""

    def remount(target: Path) -> None:
        subprocess.run(["mount", "-o", "remount,ro", str(target)], check=True)

    return remount


def fill_store(first: Machine, root: Path, command: tuple[str, ...]) -> None:
    """A module's first job: one go command, and all that it made is uploaded."""
    first.go(*command, cwd=root).ok()
    first.wait_uploads(cwd=root)
    first.stop()


EXPORT = ("list", "-x", "-export", "-f", "{{.ImportPath}} {{.Export}}", "./...")


def exported(run: Run) -> dict[str, str]:
    """The SHA-256 of each package's archive, from the output of `go list -export` (EXPORT)."""
    return {name: sha256(Path(path)) for name, path in map(str.split, run.stdout.splitlines())}


def write_library(root: Path) -> Path:
    """A module of eight packages that import nothing but each other, so that not even the runtime
    is compiled; one of them makes an archive above 1 MiB.
    """
    if root.exists():
        shutil.rmtree(root)
    root.mkdir(parents=True)
    (root / "go.mod").write_text("module example.com/library\n\ngo 1.23\n")
    noise = random.Random(1)
    for number in range(8):
        name = f"p{number}"
        lines = [f"package {name}", ""]
        if number:
            lines += [f'import "example.com/library/p{number - 1}"', ""]
            lines += [f"func Depth() int {{ return 1 + p{number - 1}.Depth() }}"]
        else:
            lines += ["func Depth() int { return 0 }"]
        size = 2 << 20 if number == 3 else 3000
        lines += ["", f'const Text = "{noise.randbytes(size // 2).hex()}"', ""]
        lines += ["func Last() byte { return Text[len(Text)-Depth()-1] }", ""]
        lines += ["var Kept = []byte(Text)", ""]
        (root / name).mkdir()
        (root / name / f"{name}.go").write_text("\n".join(lines))
    return root


@pytest.fixture
def library(session_root) -> Path:
    """A fresh checkout of the library, always at one path."""
    return write_library(session_root / "work" / "library")


@pytest.fixture(scope="session")
def library_first(session_root, sluice, go_env):
    """The library compiled on its first machine, and by go alone (library_first.archives)."""
    park = Park(session_root / "library-machines", sluice, go_env)
    root = write_library(session_root / "work" / "library")
    first = park("library", store=session_root / "library-store")
    fill_store(first, root, EXPORT)
    reference = park("native")
    first.archives = exported(reference.plain_go(*EXPORT, cwd=root).ok())
    assert len(first.archives) == 8
    yield first
    park.stop()


@pytest.fixture
def library_store(library_first, session_root, tmp_path) -> Path:
    """A private copy of the store that the library filled."""
    store = tmp_path / "library-store"
    shutil.copytree(session_root / "library-store", store)
    return store


def write_tiny(root: Path, text: str = "tiny one") -> Path:
    """A module of two packages that needs only the runtime: cold in a few seconds."""
    if root.exists():
        shutil.rmtree(root)
    (root / "part").mkdir(parents=True)
    (root / "go.mod").write_text("module example.com/tiny\n\ngo 1.23\n")
    (root / "main.go").write_text(
        'package main\n\nimport "example.com/tiny/part"\n\nfunc main() {\n\tprintln(part.Text)\n}\n'
    )
    (root / "part" / "part.go").write_text(f'package part\n\nconst Text = "{text}"\n')
    return root


@pytest.fixture
def tiny(session_root) -> Path:
    """A fresh checkout of the tiny module, always at one path."""
    return write_tiny(session_root / "work" / "tiny")


@pytest.fixture(scope="session")
def tiny_first(session_root, sluice, go_env):
    """The tiny module built cold on its first machine, and the same by go alone
    (tiny_first.native).
    """
    park = Park(session_root / "tiny-machines", sluice, go_env)
    root = write_tiny(session_root / "work" / "tiny")
    first = park("tiny", store=session_root / "tiny-store")
    fill_store(first, root, ("build", "-o", str(first.root / "tiny"), "."))
    first.native = first.root / "native"
    reference = park("native")
    reference.plain_go("build", "-o", str(first.native), ".", cwd=root).ok()
    first.native_cache = reference.gocache
    yield first
    park.stop()


@pytest.fixture
def tiny_store(tiny_first, session_root, tmp_path) -> Path:
    """A private copy of the store that the tiny module filled."""
    store = tmp_path / "tiny-store"
    shutil.copytree(session_root / "tiny-store", store)
    return store


@pytest.fixture(scope="session")
def runtime_filled(session_root, sluice, go_env):
    """A store with the runtime, of the one repository that has the modules of module_proxy.py."""
    park = Park(session_root / "runtime-machines", sluice, go_env)
    root = write_tiny(session_root / "work" / "runtime")
    store = session_root / "runtime-store"
    first = ModuleMachine(park("runtime", store=store), None)
    fill_store(first.machine, root, ("build", "-o", f"{park.root}/out", "."))
    yield store
    park.stop()


@pytest.fixture
def runtime_store(runtime_filled, tmp_path) -> Path:
    """A private copy of it."""
    store = tmp_path / "runtime-store"
    shutil.copytree(runtime_filled, store)
    return store


def start_minio(root: Path, **options) -> Minio:
    """A real MinIO, or the test is skipped."""
    server = Minio.start(root, **options)
    if server is None:
        pytest.skip("no MinIO: tools/bootstrap.py test builds it")
    return server


@pytest.fixture(scope="session")
def minio(tmp_path_factory):
    """The MinIO of this worker."""
    server = start_minio(tmp_path_factory.mktemp("minio"))
    yield server
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def store_env(request, tmp_path):
    """A store of each kind, and what a machine needs to reach it."""
    if request.param == "folder":
        return {"SLUICE_STORE": (tmp_path / "store").as_uri()}
    minio = request.getfixturevalue("minio")
    bucket = minio.bucket(f"test-{os.getpid()}-{time.time_ns()}")
    return minio.env(SLUICE_STORE=f"s3://{bucket}/ci")


@pytest.fixture
def own_minio(tmp_path):
    """A factory of MinIOs of this test's own, which keep what they have below `root`."""
    running: list[Minio] = []

    def start(root: Path = tmp_path / "minio", **options) -> Minio:
        root.mkdir(exist_ok=True)
        running.append(start_minio(root, **options))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def tunnel():
    """A proxy of this test's own."""
    proxy = Proxy()
    yield proxy
    proxy.stop()


@pytest.fixture
def web_store(tmp_path):
    """A factory of web servers that keep what is PUT to them."""
    running: list[WebStore] = []

    def start(*arguments: str) -> WebStore:
        server = WebStore(tmp_path / f"web-{len(running)}", *arguments)
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()
