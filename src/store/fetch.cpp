#include "store/fetch.hpp"

#include "store/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice::store {

namespace {

// Takes the stored bytes of one blob, gives the decoded ones to the sink and knows at the end
// whether they are the blob.
class BlobReader {
 public:
  BlobReader(const Entry& entry, codec::ByteSink sink) : entry_(entry), sink_(std::move(sink)) {
    if (entry.location.encoding != Encoding::zstd) return;
    decompressor_.emplace([this](ByteView piece) { return take(piece); }, entry.record.size);
  }
  BlobReader(const BlobReader&) = delete;
  BlobReader& operator=(const BlobReader&) = delete;

  Result<void> write(ByteView stored) {
    return decompressor_ ? decompressor_->write(stored) : take(stored);
  }

  Result<void> finish() {
    if (decompressor_) TRY(decompressor_->finish());
    if (size_ != entry_.record.size || hash_.finish_as<BlobId>() != entry_.record.output) {
      return fail(Code::corrupt, "the bytes are not the blob's: damaged in the store");
    }
    return {};
  }

 private:
  Result<void> take(ByteView piece) {
    if (piece.size() > entry_.record.size - size_) {
      return fail(Code::corrupt, "more bytes than the blob has");
    }
    size_ += piece.size();
    hash_.update(piece);
    return sink_(piece);
  }

  const Entry& entry_;
  codec::ByteSink sink_;
  std::optional<codec::ZstdDecompressor> decompressor_;
  Sha256 hash_;
  std::uint64_t size_ = 0;
};

std::string blob_name(const Entry& entry) {
  return fmt::format("fetch blob {}", entry.record.output.short_hex());
}

std::unexpected<Error> gone(const std::string& key) {
  return fail(Code::not_found, fmt::format("{} is gone from the store", key));
}

// One blob of a batch and everybody who wants it.
struct Want {
  std::vector<const Entry*> entries;  // same output, same place
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  const Entry& entry() const { return *entries.front(); }
};

struct Range {
  std::string key;
  std::size_t order = 0;    // of the first entry that needs it
  std::vector<Want> wants;  // ascending, not overlapping

  std::uint64_t begin() const { return wants.front().begin; }
  std::uint64_t end() const { return wants.back().end; }
};

// Gives the bytes of one range, as they come, to the wants they belong to.
class RangeReader {
 public:
  RangeReader(Range& range, BatchSink& sink)
      : range_(range), sink_(sink), position_(range.begin()) {}

  void write(ByteView bytes) {
    while (!bytes.empty() && next_ < range_.wants.size()) {
      const Want& want = range_.wants[next_];
      if (position_ >= want.begin && outs_.empty()) begin(want);
      const std::uint64_t until = position_ < want.begin ? want.begin : want.end;
      const ByteView part = bytes.first(
          static_cast<std::size_t>(std::min<std::uint64_t>(until - position_, bytes.size())));
      if (position_ >= want.begin) feed(part);
      position_ += part.size();
      bytes = bytes.subspan(part.size());
      if (position_ == want.end) finish();
    }
  }

  // Tells everybody who has not got all.
  void abandon(const Error& error) {
    for (; next_ < range_.wants.size(); ++next_) {
      const Want& want = range_.wants[next_];
      for (std::size_t i = 0; i < want.entries.size(); ++i) {
        if (i < outs_.size() && outs_[i].told) continue;
        tell(*want.entries[i], std::unexpected(error));
      }
      outs_.clear();
    }
  }

 private:
  struct Out {
    std::unique_ptr<BlobReader> reader;
    bool told = false;
  };

  void begin(const Want& want) {
    for (const Entry* entry : want.entries) {
      Out out;
      auto to = sink_.open(*entry);
      if (to) {
        out.reader = std::make_unique<BlobReader>(*entry, std::move(*to));
      } else {
        out.told = true;
        tell(*entry, std::unexpected(std::move(to).error()));
      }
      outs_.push_back(std::move(out));
    }
  }

  void feed(ByteView bytes) {
    for (std::size_t i = 0; i < outs_.size(); ++i) {
      if (outs_[i].told) continue;
      auto written = outs_[i].reader->write(bytes);
      if (!written) end(i, std::move(written));
    }
  }

  void finish() {
    for (std::size_t i = 0; i < outs_.size(); ++i) {
      if (!outs_[i].told) end(i, outs_[i].reader->finish());
    }
    outs_.clear();
    ++next_;
  }

  void end(std::size_t i, Result<void> result) {
    outs_[i].told = true;
    tell(*range_.wants[next_].entries[i], std::move(result));
  }

  void tell(const Entry& entry, Result<void> result) {
    if (!result) result = std::unexpected(std::move(result).error().in(blob_name(entry)));
    sink_.done(entry, std::move(result));
  }

  Range& range_;
  BatchSink& sink_;
  std::uint64_t position_;
  std::size_t next_ = 0;   // the want that is being read or comes next
  std::vector<Out> outs_;  // of that want, one per entry, once it has begun
};

bool same_blob(const Entry& a, const Entry& b) {
  return a.record.output == b.record.output && a.record.size == b.record.size &&
         a.location == b.location;
}

bool joins(const Range& range, const Location& location, std::uint64_t gap_max) {
  const std::uint64_t end = location.offset + location.stored_size;
  return location.offset >= range.end() && location.offset - range.end() <= gap_max &&
         end - range.begin() <= k_range_size_max;
}

struct Wanted {
  const Entry* entry = nullptr;
  std::size_t order = 0;
};

// `wanted` are all of one object.
void plan_object(const std::string& key, std::vector<Wanted>& wanted, std::uint64_t gap_max,
                 std::vector<Range>& plan) {
  std::ranges::sort(wanted, {}, [](const Wanted& each) {
    return std::tuple(each.entry->location.offset, each.entry->location.stored_size, each.order);
  });
  const std::size_t first = plan.size();
  for (const Wanted& each : wanted) {
    const Location& location = each.entry->location;
    if (plan.size() > first) {
      Range& last = plan.back();
      if (same_blob(last.wants.back().entry(), *each.entry)) {
        last.wants.back().entries.push_back(each.entry);
        last.order = std::min(last.order, each.order);
        continue;
      }
      if (joins(last, location, gap_max)) {
        last.wants.push_back(
            {{each.entry}, location.offset, location.offset + location.stored_size});
        last.order = std::min(last.order, each.order);
        continue;
      }
    }
    plan.push_back({key,
                    each.order,
                    {{{each.entry}, location.offset, location.offset + location.stored_size}}});
  }
}

// What needs no request is told at once.
std::vector<Range> plan_batch(std::span<const Entry* const> entries, BatchSink& sink,
                              std::uint64_t gap_max) {
  std::unordered_map<std::string, std::vector<Wanted>> by_object;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = *entries[i];
    if (auto checked = check_entry(entry); !checked) {
      sink.done(entry, std::move(checked));
    } else if (entry.location.where == Location::Where::nowhere) {
      auto opened = sink.open(entry);
      sink.done(entry, opened ? Result<void>{} : std::unexpected(std::move(opened).error()));
    } else {
      by_object[object_key(entry.record, entry.location)].push_back({&entry, i});
    }
  }
  std::vector<Range> plan;
  for (auto& [key, wanted] : by_object) plan_object(key, wanted, gap_max, plan);
  std::ranges::sort(plan, {}, &Range::order);
  return plan;
}

// Whether other objects of the store may still come although this one failed.
bool is_of_one_object(Code code) {
  return code == Code::corrupt || code == Code::not_found || code == Code::unsupported;
}

}  // namespace

Result<void> fetch_blob(Objects& objects, const Entry& entry, const codec::ByteSink& sink,
                        Deadline deadline) {
  const auto fetch = [&]() -> Result<void> {
    TRY(check_entry(entry));
    const Location& location = entry.location;
    if (location.where == Location::Where::nowhere) return {};
    const std::string key = object_key(entry.record, location);
    BlobReader reader(entry, sink);
    TRY_ASSIGN(const bool found,
               objects.get_range(
                   key, location.offset, location.stored_size,
                   [&](ByteView piece) { return reader.write(piece); }, deadline));
    if (!found) return gone(key);
    return reader.finish();
  };
  auto fetched = fetch();
  if (!fetched) return std::unexpected(std::move(fetched).error().in(blob_name(entry)));
  return {};
}

Result<void> fetch_batch(Objects& objects, std::span<const Entry* const> entries, BatchSink& sink,
                         Deadline deadline, std::uint64_t gap_max) {
  std::vector<Range> plan = plan_batch(entries, sink, gap_max);
  Result<void> outcome;
  for (Range& range : plan) {
    RangeReader reader(range, sink);
    if (!outcome) {
      reader.abandon(outcome.error());
      continue;
    }
    const auto found = objects.get_range(
        range.key, range.begin(), range.end() - range.begin(),
        [&](ByteView piece) -> Result<void> {
          reader.write(piece);
          return {};
        },
        deadline);
    if (found && *found) continue;
    const Error error = found ? gone(range.key).error() : found.error();
    reader.abandon(error);
    if (!is_of_one_object(error.code)) outcome = std::unexpected(error);
  }
  return outcome;
}

}  // namespace sluice::store
