#include "cli/test_classes.hpp"

#include "base/strings.hpp"
#include "cli/settings.hpp"
#include "cli/spelling.hpp"
#include "codec/toml.hpp"
#include "gotool/go_flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sluice::cli {

Result<CheckoutRules> load_test_rules(const sys::Path& working_directory) {
  const auto file = find_checkout_file(working_directory);
  if (!file) return CheckoutRules{runner::usual_rules(), working_directory};
  TRY_ASSIGN(const auto bytes, sys::read_file(*file, k_settings_file_bytes_max));
  const std::string shown = file->lexically_relative(working_directory).string();
  TRY_ASSIGN(const auto entries, codec::parse_toml(bytes ? text_of(*bytes) : "", shown));
  TRY_ASSIGN(auto rules, runner::parse_test_rules(entries, shown));
  return CheckoutRules{std::move(rules), file->parent_path()};
}

Result<runner::Selection> selection_of(std::string_view classes, std::string_view filter,
                                       const runner::TestRules& rules) {
  runner::Selection selection;
  if (!filter.empty()) {
    auto parsed = runner::TestFilter::parse(
        filter, [&rules](std::string_view name) { return rules.find(name).has_value(); });
    if (!parsed) return std::unexpected(std::move(parsed).error().in("--filter"));
    selection.filter = std::move(*parsed);
  }
  if (classes.empty()) return selection;
  for (const std::string_view word : split(classes, ',')) {
    const std::string_view name = trim(word);
    if (const auto number = rules.find(name)) {
      selection.classes.push_back(*number);
      continue;
    }
    std::vector<std::string> known;
    for (const auto& one : rules.classes) known.push_back(one.name);
    return fail(Code::invalid, fmt::format("--class: there is no class \"{}\"; there are {}",
                                           printable(name, 80), join(known, ", ")));
  }
  return selection;
}

void add_tags(gotool::TestWords& words, const runner::Selection& selection,
              const runner::TestRules& rules, std::string_view goflags) {
  constexpr std::string_view k_flag = "-tags=";
  std::vector<std::string> tags;
  const auto add = [&tags](std::string_view tag) {
    if (!tag.empty() && std::ranges::find(tags, tag) == tags.end()) tags.emplace_back(tag);
  };
  const auto add_list = [&add](std::string_view list) {
    for (const std::string_view tag : split(list, ',')) add(trim(tag));
  };
  if (const auto flags = gotool::split_go_words(goflags)) {
    for (const std::string& flag : *flags) {
      const std::string_view plain =
          flag.starts_with("--") ? std::string_view(flag).substr(1) : flag;
      if (plain.starts_with(k_flag)) add_list(plain.substr(k_flag.size()));
    }
  }
  // Those of the command line are in place of those.
  const auto said = std::ranges::find_if(
      words.build, [&](const std::string& flag) { return flag.starts_with(k_flag); });
  if (said != words.build.end()) {
    tags.clear();
    add_list(std::string_view(*said).substr(k_flag.size()));
  }
  const std::size_t before = tags.size();
  for (const runner::ClassNumber number : selection.classes) {
    for (const std::string& tag : rules.classes[number].tags) add(tag);
  }
  if (tags.size() == before) return;
  std::string flag = std::string(k_flag) + join(tags, ",");
  if (said != words.build.end()) {
    *said = std::move(flag);
  } else {
    words.build.push_back(std::move(flag));
  }
}

}  // namespace sluice::cli
