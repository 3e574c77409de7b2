"""Leftovers, machine paths, headings and links."""

import pytest
from house_checks import text


@pytest.mark.parametrize("word", ["TODO", "FIXME: x", "XXX", "HACK", "not implemented"])
def test_a_leftover_fails(findings, word):
    [found] = findings(text.check_leftovers, {"src/a.cpp": f"int x;  // {word}\n"})
    assert found.startswith("src/a.cpp:1:")


@pytest.mark.parametrize("line", ["mkdtemp(XXXXXX)", "ctx := context.TODO()", "// todos, hacker"])
def test_what_only_looks_like_a_leftover(findings, line):
    assert findings(text.check_leftovers, {"a.go": line + "\n"}) == []


@pytest.mark.parametrize(
    "path", ["/root/.cache/x", "/home/jane/src", "/work/main", "/tmp/build-x", "../shared/a.md"]
)
def test_a_path_of_one_machine_fails(findings, path):
    [found] = findings(text.check_machine_paths, {"docs/a.md": f"see `{path}`\n"})
    assert "a path of one machine" in found


@pytest.mark.parametrize("path", ["/usr/bin/go", "/home/user/x", "$HOME/work/x", "a/work/b"])
def test_a_path_of_every_machine_is_fine(findings, path):
    assert findings(text.check_machine_paths, {"docs/a.md": f"see {path}\n"}) == []


def test_a_registry_host_fails(findings):
    host = ".".join(("proxy", "golang", "org"))
    [found] = findings(text.check_registries, {"docs/a.md": f"from https://{host}\n"})
    assert host in found


@pytest.mark.parametrize("page", ["text\n", "# One\n\n# Two\n", "```\n# code\n```\n"])
def test_a_page_has_one_title(findings, page):
    assert len(findings(text.check_headings, {"a.md": page})) == 1


def test_titles_in_code_do_not_count(findings):
    page = "# Title\n\n```sh\n# a comment\n```\n\n    # indented code\n"
    assert findings(text.check_headings, {"a.md": page}) == []


def test_links_lead_somewhere(findings):
    files = {
        "README.md": "# A\n\n[one](docs/b.md) [two](docs/b.md#a-heading-here) [dir](docs/)\n"
        "[web](https://example.com/x) `[code](gone.md)` [here](#a)\n",
        "docs/b.md": "# B\n\n## A `heading`, here\n\n[up](../README.md)\n",
    }
    assert findings(text.check_links, files) == []


@pytest.mark.parametrize("target", ["gone.md", "b.md#nothing", "#nothing", "../../b.md"])
def test_a_dead_link_fails(findings, target):
    files = {"docs/a.md": f"# A\n\n[x]({target})\n", "docs/b.md": "# B\n"}
    [found] = findings(text.check_links, files)
    assert found.startswith("docs/a.md:3: the link ")
