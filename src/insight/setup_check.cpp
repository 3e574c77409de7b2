#include "insight/setup_check.hpp"

#include "codec/yaml.hpp"
#include "insight/setup_words.hpp"

#include <algorithm>

namespace sluice::insight {
namespace {

using codec::YamlMember;
using codec::YamlNode;

class Comparer {
 public:
  explicit Comparer(std::string_view action) : action_(action) {}

  bool is_same(const YamlNode& before, const YamlNode& after) const {
    if (before.kind != after.kind || before.tag != after.tag) return false;
    switch (before.kind) {
      case YamlNode::Kind::scalar: return before.text == after.text;
      case YamlNode::Kind::sequence: return has_same_items(before, after);
      case YamlNode::Kind::mapping: return has_same_members(before, after);
    }
    return false;
  }

 private:
  bool has_same_items(const YamlNode& before, const YamlNode& after) const {
    auto next = before.items.begin();
    for (const YamlNode& item : after.items) {
      if (next != before.items.end() && is_same(*next, item)) {
        ++next;
      } else if (!is_ours(item)) {
        return false;
      }
    }
    return next == before.items.end();
  }

  bool has_same_members(const YamlNode& before, const YamlNode& after) const {
    const bool keeps_all = std::ranges::all_of(before.members, [&](const YamlMember& member) {
      const YamlNode* other = after.find(member.key);
      return other != nullptr && is_same(member.value, *other);
    });
    return keeps_all && std::ranges::all_of(after.members, [&](const YamlMember& member) {
             return before.find(member.key) != nullptr || is_ours(member.value);
           });
  }

  bool is_ours(const YamlNode& node) const {
    if (node.is_scalar()) {
      return node.text == k_begin || node.text == k_begin_in_shell || node.text == k_end ||
             node.text == k_end_anyway || (!action_.empty() && node.text == action_);
    }
    if (node.is_sequence()) {
      return !node.items.empty() && std::ranges::all_of(node.items, [this](const YamlNode& item) {
        return is_ours(item);
      });
    }
    return !node.members.empty() &&
           std::ranges::all_of(node.members, [this](const YamlMember& member) {
             return is_ours(member.value) ||
                    (member.key == "if" && is_our_condition(member.value.text));
           });
  }

  static bool is_our_condition(std::string_view text) {
    return text == k_if_always || text == k_if_linux || text == k_if_always_on_linux;
  }

  std::string_view action_;
};

}  // namespace

Result<bool> says_the_same(std::string_view before, std::string_view after, std::string_view file,
                           std::string_view action) {
  TRY_ASSIGN(const auto old_documents, codec::parse_yaml(before, file));
  TRY_ASSIGN(const auto new_documents, codec::parse_yaml(after, file));
  const Comparer comparer(action);
  return std::ranges::equal(old_documents, new_documents,
                            [&comparer](const YamlNode& left, const YamlNode& right) {
                              return comparer.is_same(left, right);
                            });
}

}  // namespace sluice::insight
