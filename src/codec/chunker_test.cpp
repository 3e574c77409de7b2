#include "codec/chunker.hpp"

#include "base/digest.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

namespace sluice::codec {

namespace {

Bytes noise(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

std::vector<ByteView> chunks_of(ByteView bytes) {
  std::vector<ByteView> chunks;
  while (!bytes.empty()) {
    const std::size_t length = chunk_length(bytes);
    chunks.push_back(bytes.first(length));
    bytes = bytes.subspan(length);
  }
  return chunks;
}

std::set<BlobId> names_of(const std::vector<ByteView>& chunks) {
  std::set<BlobId> names;
  for (const ByteView chunk : chunks) names.insert(sha256_as<BlobId>(chunk));
  return names;
}

}  // namespace

TEST_CASE("chunks: their sizes keep the bounds and lie near the average") {
  const Bytes bytes = noise(32U << 20U, 1);
  const auto chunks = chunks_of(bytes);
  for (std::size_t i = 0; i + 1 < chunks.size(); ++i) {
    CHECK(chunks[i].size() >= k_chunk_min);
    CHECK(chunks[i].size() <= k_chunk_max);
  }
  const std::size_t average = bytes.size() / chunks.size();
  CHECK(average > k_chunk_average / 2);
  CHECK(average < k_chunk_average * 2);
  CHECK(chunk_length({}) == 0);
  CHECK(chunk_length(ByteView(bytes).first(100)) == 100);
  const Bytes zeros(3U << 20U);
  CHECK(chunk_length(zeros) == k_chunk_max);
}

TEST_CASE("chunks: an insertion changes those near it alone") {
  Bytes bytes = noise(16U << 20U, 2);
  const auto before = names_of(chunks_of(bytes));
  const Bytes inserted = noise(100, 3);
  bytes.insert(bytes.begin() + (5 << 20), inserted.begin(), inserted.end());
  const auto after = chunks_of(bytes);
  std::size_t changed = 0;
  for (const ByteView chunk : after) changed += before.contains(sha256_as<BlobId>(chunk)) ? 0U : 1U;
  CHECK(changed >= 1);
  CHECK(changed <= 4);
}

}  // namespace sluice::codec
