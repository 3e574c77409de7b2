"""A module proxy as a directory (GOPROXY=file://…), with modules made for a test."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

from sluice_harness import Machine, github


def escaped(text: str) -> str:
    """As in the paths of proxies and of the module cache: Capital is !capital."""
    return "".join("!" + c.lower() if c.isupper() else c for c in text)


class ModuleProxy:
    def __init__(self, root: Path):
        self.root = root

    @property
    def url(self) -> str:
        return self.root.as_uri()

    def add(self, module: str, version: str, files: dict[str, str]) -> None:
        place = self.root / escaped(module) / "@v"
        place.mkdir(parents=True, exist_ok=True)
        files = {"go.mod": f"module {module}\n\ngo 1.24\n", **files}
        with (place / "list").open("a") as listing:
            listing.write(version + "\n")
        (place / f"{version}.info").write_text(
            json.dumps({"Version": version, "Time": "2026-01-02T03:04:05Z"})
        )
        (place / f"{version}.mod").write_text(files["go.mod"])
        with zipfile.ZipFile(place / f"{version}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in files.items():
                archive.writestr(f"{module}@{version}/{name}", text)


    def without_content(self, root: Path) -> ModuleProxy:
        """One that knows which versions there are, and serves the go.mod of the newest alone."""
        other = ModuleProxy(root)
        shutil.copytree(self.root, root)
        for archive in root.rglob("*.zip"):
            archive.unlink()
        for versions in root.rglob("list"):
            for old in versions.read_text().split()[:-1]:
                (versions.parent / f"{old}.mod").unlink()
        return other


class ModuleMachine:
    """A machine of one CI with a module cache of its own, which knows one proxy or none."""

    def __init__(self, machine: Machine, proxy: ModuleProxy | None):
        self.machine = machine
        self.cache = machine.root / "gomod"
        machine.env |= {
            "GOMODCACHE": str(self.cache),
            "GOPROXY": proxy.url if proxy else "off",
            "GOSUMDB": "off",
        }
        machine.env.pop("GONOSUMDB", None)
        # The scopes of one repository, whatever Go and directory.
        machine.env |= github(repository="example/modules", sha="1" * 40)

    def tree(self, module: str, version: str) -> Path:
        return self.cache / f"{escaped(module)}@{version}"

    def download(self, module: str, version: str, suffix: str) -> Path:
        return self.cache / "cache/download" / escaped(module) / "@v" / f"{version}.{suffix}"
