"""Rooms and libraries: what the include lines may say."""

import pytest
from house_checks import edges

HEADER = "// What it is for, who owns it.\n#pragma once\n"


@pytest.mark.parametrize(
    ("path", "include"),
    [
        ("src/base/a.cpp", '"sys/file.hpp"'),
        ("src/store/a.cpp", '"gotool/kind.hpp"'),
        ("src/gotool/a.cpp", '"store/pack.hpp"'),
        ("src/gotool/a.cpp", '"net/client.hpp"'),
        ("src/agent/a_test.cpp", '"cli/go.hpp"'),
        ("src/journal/a.hpp", '"agent/job.hpp"'),
    ],
)
def test_an_edge_that_is_not_in_the_table_fails(findings, path, include):
    [found] = findings(edges.check_rooms, {path: f"#include {include}\n"})
    assert found.startswith(f"{path}:1: room ")


@pytest.mark.parametrize(
    ("path", "include"),
    [
        ("src/sys/a.cpp", '"base/bytes.hpp"'),
        ("src/store/a.cpp", '"base/bytes.hpp"'),
        ("src/agent/a.cpp", '"store/pack.hpp"'),
        ("src/cli/a.cpp", '"gotool/kind.hpp"'),
        ("src/main.cpp", '"cli/go.hpp"'),
        ("src/store/a.cpp", '"store/b.hpp"'),
    ],
)
def test_an_edge_downwards_is_fine(findings, path, include):
    assert findings(edges.check_rooms, {path: f"#include {include}\n"}) == []


@pytest.mark.parametrize("include", ['"file.hpp"', '"../sys/file.hpp"', '"src/sys/file.hpp"'])
def test_includes_are_written_from_src(findings, include):
    [found] = findings(edges.check_rooms, {"src/sys/a.cpp": f"#include {include}\n"})
    assert "room/name.hpp" in found


def test_a_room_that_nobody_knows(findings):
    [found] = findings(edges.check_rooms, {"src/attic/a.cpp": "int x;\n"})
    assert "attic is not in the table" in found


def test_an_include_in_a_comment_is_none(findings):
    text = '/*\n#include "cli/go.hpp"\n*/\n// #include "cli/go.hpp"\n'
    assert findings(edges.check_rooms, {"src/base/a.cpp": text}) == []


@pytest.mark.parametrize(
    ("path", "include"),
    [
        ("src/store/a.cpp", "<zstd.h>"),
        ("src/cli/a.cpp", "<boost/json.hpp>"),
        ("src/codec/a.cpp", "<boost/asio.hpp>"),
        ("src/base/units.cpp", "<openssl/evp.h>"),
        ("src/sys/file.cpp", "<spdlog/spdlog.h>"),
        ("src/agent/a.cpp", "<CLI/CLI.hpp>"),
        ("src/agent/a.cpp", "<sqlite3.h>"),
        ("src/agent/a.cpp", "<doctest/doctest.h>"),
        ("src/agent/a.cpp", "<absl/strings.h>"),
        ("src/codec/a.hpp", "<zstd.h>"),
    ],
)
def test_a_library_outside_its_room_fails(findings, path, include):
    [found] = findings(edges.check_libraries, {path: f"#include {include}\n"})
    assert include in found


@pytest.mark.parametrize(
    ("path", "include"),
    [
        ("src/codec/zstd.cpp", "<zstd.h>"),
        ("src/codec/json.cpp", "<boost/json/src.hpp>"),
        ("src/base/digest.cpp", "<openssl/evp.h>"),
        ("src/base/ed25519.cpp", "<openssl/evp.h>"),
        ("src/sys/log.cpp", "<spdlog/spdlog.h>"),
        ("src/sys/a_test.cpp", "<doctest/doctest.h>"),
        ("src/sys/log.hpp", "<fmt/format.h>"),
        ("src/sys/a.cpp", "<sys/socket.h>"),
        ("src/sys/a.cpp", "<vector>"),
        ("src/gotool/cache_for_test.hpp", "<doctest/doctest.h>"),
    ],
)
def test_a_library_in_its_room_is_fine(findings, path, include):
    assert findings(edges.check_libraries, {path: f"#include {include}\n"}) == []


@pytest.mark.parametrize("include", ["<boost/json.hpp>", "<toml++/toml.h>", "<fmt/format-inl.h>"])
def test_heavy_headers_stay_out_of_headers(findings, include):
    files = {"src/codec/a.hpp": HEADER + f"#include {include}\n"}
    [found] = findings(edges.check_heavy, files)
    assert "src/codec/a.hpp:3" in found
    files = {"src/codec/a.hpp": HEADER, "src/codec/a.cpp": f"#include {include}\n"}
    assert findings(edges.check_heavy, files) == []


@pytest.mark.parametrize("name", ["iostream", "regex", "coroutine", "format", "print"])
def test_some_headers_are_for_nobody(findings, name):
    [found] = findings(edges.check_heavy, {"src/cli/a.cpp": f"#include <{name}>\n"})
    assert f"<{name}>" in found


def test_the_table_has_no_circle():
    for room, reach in edges.REACH.items():
        assert all(room not in edges.REACH[below] for below in reach - {room})
