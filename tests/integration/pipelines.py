"""Runs the jobs of pipeline files as their runners would: the part of GitHub Actions and of GitLab
CI that `sluice init` and this repository's action and template use.

GitHub: `env` of workflow, job and step, `run` with `shell`, `if: always()`, `uses` of a local or a
named composite action, GITHUB_ENV, GITHUB_PATH, GITHUB_STEP_SUMMARY; `actions/checkout` and
`actions/setup-go` are there already. GitLab: `variables`, `default`, `extends`, `include: local`,
`before_script` with `script` in one shell, `after_script` in another.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import small_yaml
from sluice_harness import Machine, Run, github

K_GITHUB_SHELLS = {
    None: ("bash", "-e"),
    "bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail"),
    "sh": ("sh", "-e"),
}
K_GIVEN_ACTIONS = ("actions/checkout", "actions/setup-go")
K_EXPRESSION = re.compile(r"\$\{\{\s*([a-z]+)\.([A-Za-z0-9_]+)\s*\}\}")


@dataclasses.dataclass
class Step:
    text: str
    run: Run


@dataclasses.dataclass
class JobRun:
    steps: list[Step]
    failed: bool
    summary: str = ""  # what the steps have added to the job's page

    def ok(self) -> JobRun:
        said = "\n".join(step.run.describe() for step in self.steps)
        assert not self.failed, said
        return self

    @property
    def stderr(self) -> str:
        return "".join(step.run.stderr for step in self.steps)

    @property
    def stdout(self) -> str:
        return "".join(step.run.stdout for step in self.steps)

    def of(self, words: str) -> Run:
        """The run of the step that has these words."""
        (found,) = [step.run for step in self.steps if words in step.text]
        return found


class GithubJob:
    """One job of a workflow on one machine, in a checkout that is there."""

    def __init__(self, machine: Machine, checkout: Path, workflow: str, job: str, **event):
        self.machine = machine
        self.checkout = checkout
        self.document = small_yaml.load((checkout / ".github/workflows" / workflow).read_text())
        self.job = self.document["jobs"][job]
        self.actions: dict[str, Path] = {}  # where a named action lies
        self.directory = machine.root / f"runner-{job}-{event.get('run', 1000)}"
        self.directory.mkdir()
        run = str(event.pop("run", 1000))
        self.env = {
            **github(**event),
            "GITHUB_RUN_ID": run,
            "GITHUB_JOB": job,
            "GITHUB_WORKFLOW": self.document.get("name", workflow),
            "GITHUB_WORKSPACE": str(checkout),
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.directory / "temp"),
            "RUNNER_TOOL_CACHE": str(self.directory / "tools"),
        }
        (self.directory / "temp").mkdir()
        self.path: list[str] = []
        self.summary = self.directory / "summary.md"
        self.result = JobRun([], False)

    def run(self) -> JobRun:
        env = {**self.document.get("env", {}), **self.job.get("env", {})}
        for step in self.job["steps"]:
            self._step(step, env, {}, self.checkout)
        if self.summary.exists():
            self.result.summary = self.summary.read_text()
        return self.result

    def _step(self, step: dict, env: dict, inputs: dict, action_path: Path) -> None:
        condition = step.get("if", "success()")
        assert condition in ("always()", "success()"), condition
        if self.result.failed and condition != "always()":
            return
        words = {"inputs": inputs, "github": {"action_path": str(action_path)}}
        own = {name: _filled(str(value), words) for name, value in step.get("env", {}).items()}
        if "uses" in step:
            self._use(step, {**env, **own})
            return
        self._command(step["run"], step.get("shell"), {**env, **own})

    def _use(self, step: dict, env: dict) -> None:
        uses = step["uses"]
        if uses.split("@")[0] in K_GIVEN_ACTIONS:
            return
        place = self.checkout / uses if uses.startswith("./") else self.actions[uses]
        action = small_yaml.load((place / "action.yml").read_text())
        assert action["runs"]["using"] == "composite"
        known = action.get("inputs", {})
        assert set(step.get("with", {})) <= set(known), "an input that the action has not"
        inputs = {name: spec.get("default", "") for name, spec in known.items()}
        inputs |= step.get("with", {})
        for inner in action["runs"]["steps"]:
            assert "shell" in inner, "run steps of an action name their shell"
            self._step(inner, env, inputs, place)

    def _command(self, script: str, shell: str | None, env: dict) -> None:
        number = len(self.result.steps)
        files = {
            name: self.directory / f"{name.lower()}-{number}"
            for name in ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT")
        }
        for file in files.values():
            file.touch()
        script_file = self.directory / f"step-{number}.sh"
        script_file.write_text(script)
        path = ":".join([*reversed(self.path), self.machine.env["PATH"]])
        run = self.machine.run(
            *K_GITHUB_SHELLS[shell],
            script_file,
            cwd=self.checkout,
            env={
                **env,
                **self.env,
                **{name: str(file) for name, file in files.items()},
                "GITHUB_STEP_SUMMARY": str(self.summary),
                "PATH": path,
                "SLUICE_SUMMARY": None,
            },
        )
        self.result.steps.append(Step(script, run))
        self.result.failed = self.result.failed or run.code != 0
        self.path += files["GITHUB_PATH"].read_text().split()
        for line in files["GITHUB_ENV"].read_text().splitlines():
            name, value = line.split("=", 1)
            assert not name.startswith(("GITHUB_", "RUNNER_")), "a runner refuses this name"
            self.env[name] = value


def _filled(text: str, words: dict) -> str:
    return K_EXPRESSION.sub(lambda found: words[found.group(1)][found.group(2)], text)


class GitlabJob:
    """One job of a .gitlab-ci.yml on one machine, in a checkout that is there."""

    def __init__(self, machine: Machine, checkout: Path, job: str, number: int = 1):
        self.machine = machine
        self.checkout = checkout
        self.document = _with_includes(
            small_yaml.load((checkout / ".gitlab-ci.yml").read_text()), checkout
        )
        self.name = job
        self.env = {
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_COMMIT_BRANCH": "main",
            "CI_COMMIT_SHA": "1" * 40,
            "CI_DEFAULT_BRANCH": "main",
            "CI_JOB_ID": str(number),
            "CI_JOB_NAME": job,
            "CI_PIPELINE_ID": str(100 + number),
            "CI_PROJECT_DIR": str(checkout),
            "CI_PROJECT_PATH": "acme/shop",
            "CI_SERVER_HOST": "gitlab.example",
        }

    def run(self) -> JobRun:
        variables = {**self.document.get("variables", {}), **self._keyword("variables", {})}
        env = {**{k: str(v) for k, v in variables.items()}, **self.env, "SLUICE_SUMMARY": None}
        result = JobRun([], False)
        main = [*self._keyword("before_script", []), *self._keyword("script", [])]
        for lines in (main, self._keyword("after_script", [])):
            script = "".join(f"{line.rstrip()}\n" for line in lines)
            run = self.machine.run("sh", "-e", "-c", script, cwd=self.checkout, env=env)
            # What fails after the scripts changes nothing.
            result.failed = result.failed or (lines is main and run.code != 0)
            result.steps.append(Step(script, run))
        return result

    def _keyword(self, keyword: str, nothing):
        job = self.document[self.name]
        layers = [job]
        if "extends" in job:
            layers.append(self.document[job["extends"]])
        layers += [self.document.get("default", {}), self.document]
        if keyword == "variables":
            layers = layers[:-2]
        for layer in layers:
            if keyword in layer:
                return layer[keyword]
        return nothing


def _with_includes(document: dict, checkout: Path) -> dict:
    merged: dict = {}
    for include in document.get("include", []):
        merged |= small_yaml.load((checkout / include["local"]).read_text())
    return merged | document
