#include "store/checkup.hpp"

#include "base/digest.hpp"
#include "store/layout.hpp"
#include "store/parallel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <string_view>
#include <utility>

namespace sluice::store {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

constexpr std::uint64_t k_answer_bytes_max = 64U << 10U;
constexpr auto k_speed_wait = std::chrono::seconds(20);  // both ways
constexpr auto k_remove_wait = std::chrono::seconds(5);

microseconds since(Clock::time_point start) {
  return std::chrono::duration_cast<microseconds>(Clock::now() - start);
}

double rate(std::uint64_t bytes, Clock::time_point start) {
  return static_cast<double>(bytes) / std::chrono::duration<double>(Clock::now() - start).count();
}

// Bytes that nothing on the way can make smaller.
Bytes noise(std::uint64_t size) {
  std::mt19937_64 random{std::random_device{}()};
  Bytes bytes(static_cast<std::size_t>(size));
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

class Examination {
 public:
  Examination(Objects& objects, std::string_view domain, bool read_only, Deadline deadline)
      : objects_(objects),
        read_only_(read_only),
        deadline_(deadline),
        prefix_(doctor_prefix(domain, std::uniform_int_distribution<std::uint64_t>()(device_))) {}

  Checkup run() {
    read();
    write();
    list();
    if (can("write")) {
      conditions();
      speed();
      clock();
    }
    remove();
    return std::move(found_);
  }

 private:
  std::string key(std::string_view name) const { return fmt::format("{}/{}", prefix_, name); }

  bool can(std::string_view name) const {
    return std::ranges::any_of(found_.abilities, [name](const Checkup::Ability& each) {
      return each.name == name && each.asked && !each.problem;
    });
  }
  template <typename T>
  void note(std::string_view name, bool needed, const Result<T>& result) {
    Checkup::Ability ability{std::string(name), needed, true, std::nullopt};
    if (!result) ability.problem = result.error();
    found_.abilities.push_back(std::move(ability));
  }
  void skip(std::string_view name, bool needed) {
    found_.abilities.push_back({std::string(name), needed, false, std::nullopt});
  }

  // What is not there answers as well as what is.
  void read() {
    auto start = Clock::now();
    const auto first = objects_.get(key("absent"), k_answer_bytes_max, deadline_);
    found_.first_answer = since(start);
    note("read", true, first);
    if (!first) return;
    std::vector<microseconds> trips;
    for (int i = 0; i < k_checkup_round_trips; ++i) {
      start = Clock::now();
      if (!objects_.get(key("absent"), k_answer_bytes_max, deadline_)) break;
      trips.push_back(since(start));
    }
    if (trips.empty()) return;
    std::ranges::nth_element(trips, trips.begin() + static_cast<std::ptrdiff_t>(trips.size() / 2));
    found_.latency = trips[trips.size() / 2];
  }

  void write() {
    if (read_only_ || !can("read")) return skip("write", !read_only_);
    const auto put =
        objects_.put(key("small"), bytes_of("sluice"), PutCondition::always(), deadline_);
    note("write", true, put);
    if (put) written_.emplace_back("small");
  }

  void list() {
    if (!objects_.capabilities().list || !can("read")) return skip("list", false);
    note("list", false, objects_.list(prefix_ + "/", "", k_list_page_max, deadline_));
  }

  void conditions() {
    found_.if_absent = is_refused(PutCondition::absent());
    found_.if_match = is_refused(PutCondition::match("\"0123456789abcdef0123456789abcdef\""));
    // A look before the put refuses too, but two writers may look at the same time.
    const Capabilities can = objects_.capabilities();
    if (!can.if_absent) found_.if_absent = false;
    if (!can.if_match) found_.if_match = false;
  }

  // A condition that does not hold: who honours it does not write.
  std::optional<bool> is_refused(const PutCondition& condition) {
    const auto put = objects_.put(key("small"), bytes_of("again"), condition, deadline_);
    if (put) return !put->stored;
    if (put.error().code == Code::unsupported) return false;
    return std::nullopt;
  }

  void speed() {
    const Bytes bytes = noise(k_checkup_bytes);
    auto start = Clock::now();
    const Deadline deadline = deadline_.sooner(Deadline::after(k_speed_wait));
    written_.emplace_back("large");  // perhaps, if its answer is lost
    if (!objects_.put(key("large"), ByteView(bytes), PutCondition::always(), deadline)) return;
    found_.up_bytes_per_second = rate(k_checkup_bytes, start);
    constexpr std::uint64_t k_part = k_checkup_bytes / k_checkup_streams;
    std::vector<Result<bool>> parts(k_checkup_streams, false);
    start = Clock::now();
    run_parallel(k_checkup_streams, k_checkup_streams, [&](std::size_t i) {
      parts[i] = objects_.get_range(
          key("large"), i * k_part, k_part, [](ByteView) -> Result<void> { return {}; }, deadline);
    });
    const bool all = std::ranges::all_of(parts, [](const auto& part) { return part && *part; });
    if (all) found_.down_bytes_per_second = rate(k_checkup_bytes, start);
  }

  void clock() {
    const UnixNanos before = unix_now_ns();
    if (!objects_.put(key("small"), bytes_of("now"), PutCondition::always(), deadline_)) return;
    const UnixNanos after = unix_now_ns();
    const auto info = objects_.head(key("small"), deadline_);
    if (!info || !*info || !(*info)->modified_ns) return;
    // Between the two, in the store's time; whole seconds there.
    const UnixNanos middle = before + (after - before) / 2;
    found_.clock_ahead_s = static_cast<double>(middle - *(*info)->modified_ns) / 1e9;
  }

  void remove() {
    if (written_.empty() || !objects_.capabilities().remove) return skip("remove", false);
    Result<void> removed;
    for (const std::string& name : written_) {
      auto one = objects_.remove(key(name), Deadline::after(k_remove_wait));
      if (!one) removed = std::move(one);
    }
    note("remove", false, removed);
  }

  Objects& objects_;
  const bool read_only_;
  const Deadline deadline_;
  std::random_device device_;
  const std::string prefix_;
  std::vector<std::string> written_;
  Checkup found_;
};

}  // namespace

bool Checkup::is_usable() const {
  return std::ranges::none_of(abilities, [](const Ability& each) {
    return each.needed && (!each.asked || each.problem.has_value());
  });
}

Checkup examine(Objects& objects, std::string_view domain, bool read_only, Deadline deadline) {
  return Examination(objects, domain, read_only, deadline).run();
}

}  // namespace sluice::store
