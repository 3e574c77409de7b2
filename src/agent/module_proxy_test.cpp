#include "agent/module_proxy.hpp"

#include "agent/testing.hpp"
#include "net/http_client.hpp"

#include <doctest/doctest.h>

#include <string>

// What go makes of it, with a store behind: tests/integration/test_module_proxy.py.
namespace sluice::agent {
namespace {

struct Asking {
  testing::Machine machine;
  FaultBook faults;
  gotool::LocalTier tier = gotool::LocalTier::open(machine.path() / "tier").value();
  Uploader uploader{machine.config, nullptr, nullptr, tier, faults, {}, {}, {}};
  ModuleProxy proxy{machine.config, nullptr, nullptr, uploader, faults};

  net::Response get(const std::string& url) {
    net::HttpClient client({}, {});
    net::Request request;
    request.url = net::parse_url(url).value();
    request.collect_max = 1U << 20U;
    auto response = client.send(request, testing::soon());
    REQUIRE(response);
    return std::move(*response);
  }
};

}  // namespace

TEST_CASE("module proxy: what it does not know is wanted, and asked for elsewhere") {
  Asking asking;
  const auto url = asking.proxy.url({});
  REQUIRE(url);
  for (const char* target :
       {"/example.com/%21big/@v/v1.0.0.mod", "/unset/example.com/!big/@v/v1.0.0.info",
        "/example.com/!big/@v/v1.0.0.zip"}) {
    CHECK(asking.get(*url + target).head.status == 404);
  }
  const gotool::ModuleVersion big{"example.com/Big", "v1.0.0"};
  const std::vector<ModuleProxy::Wanted> wanted = {{big, false}, {big, true}};
  CHECK(asking.proxy.take_wanted() == wanted);
  CHECK(asking.proxy.take_wanted().empty());
}

TEST_CASE("module proxy: lists, branches and whatever is no module are none of its business") {
  Asking asking;
  const auto url = asking.proxy.url({});
  REQUIRE(url);
  for (const char* target :
       {"/example.com/a/@v/list", "/example.com/a/@latest", "/example.com/a/@v/master.info",
        "/example.com/../@v/v1.0.0.mod", "/example.com/A/@v/v1.0.0.mod", "/sumdb/x/supported",
        "/example.com/a/@v/v1.0.0.mod?x"}) {
    CHECK(asking.get(*url + target).head.status == 404);
  }
  std::string other = *url;
  other.back() = other.back() == '0' ? '1' : '0';
  CHECK(asking.get(other + "/example.com/a/@v/v1.0.0.mod").head.status == 404);
  CHECK(asking.proxy.take_wanted().empty());
}

}  // namespace sluice::agent
