// What arrives on the agent's socket: any bytes must end in a frame or an error, never worse.
#include "agent/config.hpp"
#include "agent/messages.hpp"
#include "agent/provenance.hpp"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;         // NOLINT(google-build-using-namespace)
  using namespace sluice::agent;  // NOLINT(google-build-using-namespace)
  const ByteView bytes = std::as_bytes(std::span(data, size));
  FrameReader reader(k_frame_bytes_max);
  reader.feed(bytes);
  for (;;) {
    const auto frame = reader.next();
    if (!frame || !*frame) break;
    const ByteView payload = (*frame)->payload;
    (void)decode_hello(payload);
    (void)decode_get(payload);
    (void)decode_hit(payload);
    (void)decode_note(Type::made, payload);
    (void)decode_note(Type::used, payload);
    (void)decode_text(payload);
    (void)decode_number(payload);
    (void)decode_finish(payload);
    (void)decode_hold(payload);
    (void)decode_save(payload);
    (void)decode_link_get(payload);
    (void)decode_link_note(payload);
  }
  (void)AgentConfig::decode(text_of(bytes));
  (void)decode_provenance(bytes);
  return 0;
}
