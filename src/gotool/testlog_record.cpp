#include "gotool/testlog_record.hpp"

#include "codec/wire.hpp"

#include <string_view>

namespace sluice::gotool {
namespace {

constexpr std::string_view k_magic = "sluice test inputs 2";
constexpr std::size_t k_text_max = std::size_t{64} << 10U;
constexpr std::size_t k_line_bytes_min = 1 + 1 + 1;

}  // namespace

Bytes TestRecord::encode() const {
  codec::WireWriter out;
  out.text(k_magic);
  out.text(import_path);
  out.varint(umask);
  out.u8(godebug);
  out.varint(lines.size());
  for (const Line& line : lines) {
    out.u8(static_cast<std::uint8_t>(line.op));
    out.text(line.name);
    if (line.op == TestOp::getenv)
      out.u8(static_cast<std::uint8_t>(line.part));
    else
      out.u32(line.part);
  }
  return out.take();
}

Result<TestRecord> TestRecord::decode(ByteView bytes) {
  codec::WireReader in(bytes);
  TestRecord record;
  if (in.text(k_text_max) != k_magic) in.fail();
  record.import_path = in.text(k_text_max);
  record.umask = static_cast<std::uint32_t>(in.varint() & 0777U);
  record.godebug = in.u8();
  const std::size_t count = in.count(k_line_bytes_min);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    Line line;
    const std::uint8_t op = in.u8();
    if (op > static_cast<std::uint8_t>(TestOp::open)) in.fail();
    line.op = static_cast<TestOp>(op);
    line.name = in.text(k_text_max);
    line.part = line.op == TestOp::getenv ? in.u8() : in.u32();
    record.lines.push_back(std::move(line));
  }
  TRY(in.finish("test inputs record"));
  return record;
}

}  // namespace sluice::gotool
