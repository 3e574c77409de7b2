#include "agent/pace.hpp"

#include "store/fetch.hpp"
#include "store/objects_view.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace sluice::agent {
namespace {

using std::chrono::microseconds;

constexpr double k_smoothing = 0.2;  // weight of the newest request in the moving mean
// A window short of this says little about a rate.
constexpr auto k_window_min = std::chrono::milliseconds(40);
constexpr auto k_window_max = std::chrono::milliseconds(500);
// With n requests of R bytes under way on a line of rate B and latency L the line is busy for the
// share nR / (BL + nR) of the time: three times BL under way keep it three quarters full. More
// fills it better and brings what is needed first later, because all requests share the line.
constexpr double k_fill = 3.0;
// That many requests share what is under way: the first of them ends early, the count stays small.
constexpr double k_streams_wanted = 8.0;
// Below it the store is as good as on this machine.
constexpr auto k_latency_local = microseconds(1000);
constexpr unsigned k_streams_local_max = 4;
constexpr std::uint64_t k_requests_to_trust = 2;

double seconds_of(Pace::Clock::duration span) {
  return std::chrono::duration<double>(span).count();
}

class PacedObjects final : public store::ObjectsView {
 public:
  PacedObjects(store::Objects& objects, Pace& pace) : ObjectsView(objects), pace_(pace) {}

  Result<bool> get_range(std::string_view key, std::uint64_t offset, std::uint64_t length,
                         const codec::ByteSink& sink, Deadline deadline) override;

 private:
  Pace& pace_;
};

Result<bool> PacedObjects::get_range(std::string_view key, std::uint64_t offset,
                                     std::uint64_t length, const codec::ByteSink& sink,
                                     Deadline deadline) {
  const auto started = Pace::Clock::now();
  std::optional<microseconds> first_byte;
  std::uint64_t bytes = 0;
  pace_.begin(started);
  auto found = objects_.get_range(
      key, offset, length,
      [&](ByteView piece) {
        if (!first_byte) {
          first_byte = std::chrono::duration_cast<microseconds>(Pace::Clock::now() - started);
        }
        bytes += piece.size();
        pace_.moved(Pace::Clock::now(), piece.size());
        return sink(piece);
      },
      deadline);
  const auto now = Pace::Clock::now();
  pace_.end(now, first_byte.value_or(std::chrono::duration_cast<microseconds>(now - started)),
            bytes);
  return found;
}

}  // namespace

void Pace::begin(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (under_way_++ > 0) return;
  window_start_ = now;
  window_bytes_ = 0;
}

// What the window says of the line so far; a long one is closed.
void Pace::look_locked(Clock::time_point now) {
  const auto span = now - window_start_;
  if (span < k_window_min) return;
  best_rate_ = std::max(best_rate_, static_cast<double>(window_bytes_) / seconds_of(span));
  if (span < k_window_max && under_way_ > 0) return;
  window_start_ = now;
  window_bytes_ = 0;
}

// Bytes count when they come: those of a request that began long before the window would make the
// line look faster than it is, for good.
void Pace::moved(Clock::time_point now, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  window_bytes_ += bytes;
  look_locked(now);
}

void Pace::end(Clock::time_point now, microseconds first_byte, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  under_way_ -= std::min(under_way_, 1U);
  look_locked(now);
  if (bytes == 0) return;  // an error's latency says nothing
  latency_ = requests_ == 0 ? first_byte : std::min(latency_, first_byte);
  const double size = static_cast<double>(bytes);
  mean_bytes_ = requests_ == 0 ? size : mean_bytes_ + k_smoothing * (size - mean_bytes_);
  ++requests_;
}

unsigned Pace::streams() const {
  const std::lock_guard lock(mutex_);
  if (requests_ < k_requests_to_trust) return k_streams_first;
  if (latency_ < k_latency_local) return std::clamp(cores_, 1U, k_streams_local_max);
  if (best_rate_ <= 0) return k_streams_first;
  const double in_flight = k_fill * best_rate_ * seconds_of(latency_);
  const double wanted = std::ceil(in_flight / std::max(mean_bytes_, 1.0));
  return static_cast<unsigned>(std::clamp(wanted, 2.0, static_cast<double>(k_streams_max)));
}

std::uint64_t Pace::request_bytes() const {
  const std::lock_guard lock(mutex_);
  // Doubled with every answer until the line is known.
  const std::uint64_t grown = k_request_bytes_min << std::min<std::uint64_t>(requests_, 4);
  double most = static_cast<double>(std::min(grown, k_request_bytes_max));
  if (best_rate_ > 0) most = std::min(most, best_rate_ * seconds_of(k_request_time_max));
  if (best_rate_ > 0 && latency_ >= k_latency_local) {
    most = std::min(most, k_fill * best_rate_ * seconds_of(latency_) / k_streams_wanted);
  }
  return std::max(static_cast<std::uint64_t>(most), k_request_bytes_min);
}

// An eighth of what the line brings while a request is on its way: eight are under way at a time.
std::uint64_t Pace::gap_bytes() const {
  const std::lock_guard lock(mutex_);
  const auto worth =
      static_cast<std::uint64_t>(best_rate_ * seconds_of(latency_) / k_streams_wanted);
  return std::clamp(worth, store::k_range_gap_default, k_gap_bytes_max);
}

microseconds Pace::expected_time(std::uint64_t bytes) const {
  const std::lock_guard lock(mutex_);
  const double rate = best_rate_ > 0 ? best_rate_ : k_assumed_bytes_per_second;
  const microseconds distance = requests_ > 0 ? latency_ : microseconds(k_assumed_latency);
  return distance +
         microseconds(static_cast<std::int64_t>(static_cast<double>(bytes) / rate * 1e6));
}

microseconds Pace::latency() const {
  const std::lock_guard lock(mutex_);
  return latency_;
}

double Pace::bytes_per_second() const {
  const std::lock_guard lock(mutex_);
  return best_rate_;
}

std::unique_ptr<store::Objects> paced(store::Objects& objects, Pace& pace) {
  return std::make_unique<PacedObjects>(objects, pace);
}

}  // namespace sluice::agent
