#include "agent/output_memo.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <span>
#include <utility>

namespace sluice::agent {

OutputMemo::Part OutputMemo::part_of(const BlobId& output) {
  Part part;
  std::ranges::copy_n(output.view().begin(), k_part_size, part.begin());
  return part;
}

OutputMemo::OutputMemo(sys::Path file, std::size_t names_max)
    : file_(std::move(file)), names_max_(names_max) {
  if (file_.empty()) return;
  const auto bytes = sys::read_file(file_, names_max_ * k_part_size);
  if (!bytes || !*bytes || (*bytes)->size() % k_part_size != 0) return;
  known_.resize((*bytes)->size() / k_part_size);
  if (!known_.empty()) std::memcpy(known_.data(), (*bytes)->data(), (*bytes)->size());
  if (!std::ranges::is_sorted(known_)) known_.clear();
}

bool OutputMemo::has(const BlobId& output) const {
  const Part part = part_of(output);
  const std::lock_guard lock(mutex_);
  return std::ranges::binary_search(known_, part) || added_.contains(part);
}

void OutputMemo::add(const BlobId& output) {
  const std::lock_guard lock(mutex_);
  if (added_.size() < names_max_) added_.insert(part_of(output));
}

Result<void> OutputMemo::save() {
  const std::lock_guard lock(mutex_);
  if (file_.empty() || added_.empty()) return {};
  std::vector<Part> all;
  if (known_.size() + added_.size() > names_max_) known_.clear();
  std::ranges::set_union(known_, added_, std::back_inserter(all));
  TRY(sys::make_private_directory(file_.parent_path()));
  TRY(sys::write_file_atomic(file_, std::as_bytes(std::span(all)), 0600));
  known_ = std::move(all);
  added_.clear();
  return {};
}

}  // namespace sluice::agent
