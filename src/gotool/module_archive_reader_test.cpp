#include "gotool/module_archive_reader.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sluice::gotool {
namespace {

const ModuleVersion k_module{"example.com/m", "v1.0.0"};

Bytes archive_of(const ModuleHeader& header, std::string_view content) {
  Bytes bytes = encode_module_header(header);
  const ByteView more = bytes_of(content);
  bytes.insert(bytes.end(), more.begin(), more.end());
  return bytes;
}

// What was read, as words; pieces of `step` bytes.
Result<std::string> read(const Bytes& archive, std::size_t step) {
  std::string told;
  ModuleArchiveReader reader(k_module, {[&](const ModuleHeader& header) -> Result<void> {
                                          told += header.module.text();
                                          return {};
                                        },
                                        [&](const ArchivedFile& file) -> Result<void> {
                                          told += "\n" + file.name + ": ";
                                          return {};
                                        },
                                        [&](ByteView bytes) -> Result<void> {
                                          told += text_of(bytes);
                                          return {};
                                        },
                                        [&](const ArchivedFile&) -> Result<void> {
                                          told += ".";
                                          return {};
                                        }});
  for (ByteView rest(archive); !rest.empty(); rest = rest.subspan(std::min(step, rest.size()))) {
    TRY(reader.write(rest.first(std::min(step, rest.size()))));
  }
  TRY(reader.finish());
  return told;
}

}  // namespace

TEST_CASE("archive reader: the parts, whatever the pieces") {
  const ModuleHeader header{k_module, "", "module example.com/m\n", {{"a", 3}, {"b", 0}, {"c", 1}}};
  const Bytes archive = archive_of(header, "xyzw");
  for (const std::size_t step : {1U, 2U, 5U, 1000U}) {
    CHECK(read(archive, step).value() == "example.com/m@v1.0.0\na: xyz.\nb: .\nc: w.");
  }
  const ModuleHeader none{k_module, "", "module example.com/m\n", {}};
  CHECK(read(archive_of(none, ""), 7).value() == "example.com/m@v1.0.0");
}

TEST_CASE("archive reader: what is no archive of this module is refused") {
  const ModuleHeader header{k_module, "", "", {{"a", 3}}};
  CHECK(read(archive_of(header, "xy"), 9).error().message ==
        "module example.com/m@v1.0.0: the archive is cut");
  CHECK(read(archive_of(header, "xyz!"), 9).error().code == Code::corrupt);
  CHECK(read({}, 1).error().code == Code::corrupt);
  const ModuleHeader other{{"example.com/n", "v1.0.0"}, "", "", {}};
  CHECK(read(archive_of(other, ""), 9).error().message ==
        "module example.com/m@v1.0.0: the archive is of another one");
  CHECK(read(Bytes(9, std::byte{0xFF}), 9).error().message ==
        "module example.com/m@v1.0.0: its header is too large");
}

}  // namespace sluice::gotool
