"""Calls that the house does not make, each with what is used in its place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .tree import File, Finding, Tree


@dataclass(frozen=True)
class Ban:
    """A pattern over code freed of comments and strings. `rule` is the word of an allow comment;
    `places` are rooms or files where it is right."""

    rule: str
    pattern: str
    instead: str
    places: tuple[str, ...] = ()
    in_tests: bool = False  # tests may

    def holds_for(self, file: File) -> bool:
        if file.is_test and self.in_tests:
            return False
        return file.room not in self.places and file.path not in self.places


# A free function called by name: what stands before it begins a statement or an expression. So it
# is no member (x.name, x->name), no other namespace's, and no declaration (Type name(...)).
# std::name and ::name are the same function.
_BEFORE_CALL = r"(?:^|[;{}()\[,=!?:<>+\-/%|~]|&&|\b(?:return|else|do|case|throw))\s*"


def _call(*names: str) -> str:
    return rf"{_BEFORE_CALL}(?<!->)(?<!\w::)(?:::|\bstd::)?\b(?:{'|'.join(names)})\s*\("


def _std(*names: str) -> str:
    return rf"\bstd::(?:{'|'.join(names)})\b"


BANS = (
    Ban("fork", _call("fork", "vfork", "_Fork", "daemon"), "sys::spawn (posix_spawn)"),
    Ban("system", _call("system", "popen"), "sys::spawn with a list of arguments, no shell"),
    Ban(
        "exec",
        _call("exec(?:l|lp|le|v|vp|vpe|ve)", "fexecve"),
        "sys::spawn, or what sys offers to replace this process",
        places=("sys",),
    ),
    Ban(
        "parse",
        _call("ato[ifl]", "atoll", "strto(?:l|ul|ll|ull|d|f)", "sscanf")
        + "|"
        + _std("sto(?:i|l|ll|ul|ull|d|f)"),
        "parse_int of base/strings.hpp, which reads all of the text or nothing",
        in_tests=True,
    ),
    Ban("regex", _std("w?regex", "regex_\\w+"), "a few lines that parse, with a test"),
    Ban("iostream", _std("cout", "cerr", "clog", "cin", "endl"), "fmt and sys::write_all"),
    Ban("format", _std("format", "print", "println", "vformat"), "fmt::format: g++ 12 lacks it"),
    Ban(
        "coroutine",
        r"\bco_(?:await|yield|return)\b",
        "a blocking call with a Deadline: g++ 12 destroys temporaries twice",
    ),
    Ban("new", r"\bnew\b(?!\s*\()\s*[\w:<]", "std::make_unique or a container"),
    Ban(
        "delete", r"(?<!=)(?<!operator)\s\bdelete\b(?:\s*\[\s*\])?\s+[\w(*:]", "an owner that frees"
    ),
    Ban("malloc", _call("malloc", "calloc", "realloc", "free", "strdup"), "a container"),
    Ban(
        "evp-sha256",
        _call("EVP_sha256", "EVP_get_digestbyname", "SHA256"),
        "Sha256 of base/digest.hpp, which fetches the algorithm once",
        places=("src/base/digest.cpp",),
    ),
    Ban("detach", r"[.>]detach\s*\(\s*\)", "std::jthread, joined by its owner"),
    Ban(
        "c-string",
        _call("strcpy", "strncpy", "strcat", "strncat", "v?sprintf", "gets", "strtok"),
        "std::string and fmt::format",
    ),
    Ban(
        "sleep",
        _call("u?sleep", "nanosleep") + r"|\bsleep_(?:for|until)\b",
        "a wait with a Deadline on what is awaited; where there is only time to wait for, allow it "
        "and name the bound",
        places=("sys",),
        in_tests=True,
    ),
    Ban(
        "environment",
        _call("(?:secure_)?getenv", "setenv", "putenv", "unsetenv", "clearenv"),
        "sys::Environment, a copy that its owner may read and change",
        places=("sys",),
        in_tests=True,
    ),
    Ban("rand", _call("s?rand", "drand48"), "a generator of <random>"),
    Ban("tmpnam", _call("tmpnam", "tempnam", "mktemp", "tmpfile"), "a temporary file of sys"),
    Ban("chdir", _call("f?chdir"), "an absolute path, or SpawnOptions::working_directory"),
    Ban("monadic", r"[.>](?:and_then|or_else)\s*\(", "TRY: g++ 12 has no monadic std::expected"),
    Ban("build-date", r"\b__(?:DATE|TIME|TIMESTAMP)__\b", "nothing: two builds must be equal"),
    Ban("using-std", r"\busing\s+namespace\s+std\s*;", "names with std::"),
    Ban("const-cast", r"\bconst_cast\s*<", "a design that needs none"),
)


def check_calls(tree: Tree) -> list[Finding]:
    """Banned calls in src/; a comment `// house: allow RULE (reason)` excuses one line."""
    findings = []
    compiled = [(ban, re.compile(ban.pattern)) for ban in BANS]
    for file in tree.sources():
        rules = [(ban, pattern) for ban, pattern in compiled if ban.holds_for(file)]
        for number, line in enumerate(file.code, 1):
            if line.lstrip().startswith("#"):
                continue
            for ban, pattern in rules:
                if pattern.search(line) and not file.allows(number, ban.rule):
                    message = f"{ban.rule}: use {ban.instead}"
                    findings.append(Finding(file.path, number, message))
    return findings
