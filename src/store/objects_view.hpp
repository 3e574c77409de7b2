// A view of a store that passes every call on as it is: what a view with a purpose derives from, so
// that it says only what it does otherwise.
//
// Borrows the store; as thread-safe as it.
#pragma once

#include "store/objects.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::store {

class ObjectsView : public Objects {
 public:
  explicit ObjectsView(Objects& objects) : objects_(objects) {}

  Capabilities capabilities() const override { return objects_.capabilities(); }
  std::string describe() const override { return objects_.describe(); }
  Result<std::optional<Object>> get(std::string_view key, std::uint64_t size_max,
                                    Deadline deadline) override {
    return objects_.get(key, size_max, deadline);
  }
  Result<bool> get_range(std::string_view key, std::uint64_t offset, std::uint64_t length,
                         const codec::ByteSink& sink, Deadline deadline) override {
    return objects_.get_range(key, offset, length, sink, deadline);
  }
  Result<PutResult> put(std::string_view key, const Body& body, const PutCondition& condition,
                        Deadline deadline) override {
    return objects_.put(key, body, condition, deadline);
  }
  Result<std::optional<ObjectInfo>> head(std::string_view key, Deadline deadline) override {
    return objects_.head(key, deadline);
  }
  Result<void> remove(std::string_view key, Deadline deadline) override {
    return objects_.remove(key, deadline);
  }
  Result<ListPage> list(std::string_view prefix, std::string_view after, std::size_t limit,
                        Deadline deadline) override {
    return objects_.list(prefix, after, limit, deadline);
  }
  void observe_waits(std::function<void(bool begins)> observer) override {
    objects_.observe_waits(std::move(observer));
  }
  RequestCounts requests() const override { return objects_.requests(); }
  void warm_up(unsigned connections, Deadline deadline) override {
    objects_.warm_up(connections, deadline);
  }

 protected:
  Objects& objects_;
};

}  // namespace sluice::store
