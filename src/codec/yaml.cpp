#include "codec/yaml.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <yaml.h>

#include <algorithm>
#include <map>
#include <utility>

namespace sluice::codec {
namespace {

constexpr std::string_view k_merge_key = "<<";

// An event of libyaml, freed with the object.
class Event {
 public:
  Event() = default;
  ~Event() { yaml_event_delete(&event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  yaml_event_t& get() { return event_; }

 private:
  yaml_event_t event_{};
};

struct Size {
  std::size_t nodes = 0;
  std::size_t bytes = 0;
};

Size size_of(const YamlNode& node) {
  Size sum{1, node.text.size() + node.tag.size()};
  const auto add = [&sum](Size more) {
    sum.nodes += more.nodes;
    sum.bytes += more.bytes;
  };
  for (const YamlNode& item : node.items) add(size_of(item));
  for (const YamlMember& member : node.members) {
    add(size_of(member.value));
    sum.bytes += member.key.size();
  }
  return sum;
}

std::size_t height_of(const YamlNode& node) {
  std::size_t below = 0;
  for (const YamlNode& item : node.items) below = std::max(below, height_of(item));
  for (const YamlMember& member : node.members) below = std::max(below, height_of(member.value));
  return node.is_scalar() ? 0 : below + 1;
}

std::string_view text_from(const yaml_char_t* text, std::size_t length) {
  return {reinterpret_cast<const char*>(text), length};
}

// Of "!name"; the long names of YAML's own types are no news.
std::string local_tag(const yaml_char_t* tag) {
  if (tag == nullptr || tag[0] != '!') return {};
  return reinterpret_cast<const char*>(tag);
}

// libyaml's events, made into trees.
class Reader {
 public:
  Reader(std::string_view text, std::string_view source) : source_(source) {
    is_ready_ = yaml_parser_initialize(&parser_) == 1;
    if (!is_ready_) return;
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Reader() {
    if (is_ready_) yaml_parser_delete(&parser_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Result<std::vector<YamlNode>> documents() {
    if (!is_ready_) return fail(Code::exhausted, fmt::format("{}: no memory", source_));
    std::vector<YamlNode> found;
    while (true) {
      Event event;
      TRY(next(event));
      switch (event.get().type) {
        case YAML_STREAM_END_EVENT: return found;
        case YAML_DOCUMENT_START_EVENT: anchors_.clear(); break;
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT: break;
        default: {
          TRY_ASSIGN(YamlNode root, node_of(event.get(), 0));
          found.push_back(std::move(root));
        }
      }
    }
  }

 private:
  Result<void> next(Event& event) {
    if (yaml_parser_parse(&parser_, &event.get()) == 1) return {};
    const char* problem = parser_.problem != nullptr ? parser_.problem : "not readable";
    // The reader of bytes has an offset and no line.
    const std::size_t line =
        parser_.error == YAML_READER_ERROR ? parser_.mark.line : parser_.problem_mark.line;
    return fail(Code::invalid, fmt::format("{}:{}: no YAML: {}", source_, line + 1, problem));
  }

  std::unexpected<Error> too_much(const yaml_mark_t& mark, std::string_view what) const {
    return fail(Code::exhausted, fmt::format("{}:{}: {}", source_, mark.line + 1, what));
  }

  Result<void> count(const yaml_mark_t& mark, Size more) {
    size_.nodes += more.nodes;
    size_.bytes += more.bytes;
    if (size_.nodes > k_yaml_nodes_max) {
      return too_much(mark, fmt::format("more than {} values", k_yaml_nodes_max));
    }
    if (size_.bytes > k_yaml_text_max) {
      return too_much(mark, "aliases make too much text of it");
    }
    return {};
  }

  Result<YamlNode> node_of(const yaml_event_t& event, std::size_t depth) {
    const yaml_mark_t mark = event.start_mark;
    if (event.type == YAML_ALIAS_EVENT) return copy_of_alias(event, depth);
    TRY(count(mark, {1, 0}));
    YamlNode node;
    node.line = static_cast<std::uint32_t>(mark.line + 1);
    const yaml_char_t* anchor = nullptr;
    if (event.type == YAML_SCALAR_EVENT) {
      const auto& scalar = event.data.scalar;
      anchor = scalar.anchor;
      node.text = text_from(scalar.value, scalar.length);
      node.is_block = scalar.style == YAML_LITERAL_SCALAR_STYLE;
      if (node.is_block || scalar.style == YAML_FOLDED_SCALAR_STYLE) ++node.line;
      TRY(count(mark, {0, node.text.size()}));
    } else if (depth >= k_yaml_depth_max) {
      return too_much(mark, fmt::format("nested deeper than {}", k_yaml_depth_max));
    } else if (event.type == YAML_SEQUENCE_START_EVENT) {
      anchor = event.data.sequence_start.anchor;
      node.tag = local_tag(event.data.sequence_start.tag);
      node.kind = YamlNode::Kind::sequence;
      TRY(read_items(node, depth));
    } else if (event.type == YAML_MAPPING_START_EVENT) {
      anchor = event.data.mapping_start.anchor;
      node.tag = local_tag(event.data.mapping_start.tag);
      node.kind = YamlNode::Kind::mapping;
      TRY(read_members(node, depth));
    } else {
      return fail(Code::invalid,
                  fmt::format("{}:{}: no YAML: a value is missing", source_, mark.line + 1));
    }
    if (anchor != nullptr) {
      std::string name(reinterpret_cast<const char*>(anchor));
      TRY(count(mark, size_of(node)));  // the copy that is kept
      anchors_.insert_or_assign(std::move(name), node);
    }
    return node;
  }

  Result<YamlNode> copy_of_alias(const yaml_event_t& event, std::size_t depth) {
    const std::string name(reinterpret_cast<const char*>(event.data.alias.anchor));
    const auto at = anchors_.find(name);
    if (at == anchors_.end()) {
      return fail(Code::invalid, fmt::format("{}:{}: no YAML: no anchor '{}' above", source_,
                                             event.start_mark.line + 1, printable(name, 60)));
    }
    TRY(count(event.start_mark, size_of(at->second)));
    if (depth + height_of(at->second) > k_yaml_depth_max) {
      return too_much(event.start_mark, fmt::format("nested deeper than {}", k_yaml_depth_max));
    }
    return at->second;
  }

  Result<void> read_items(YamlNode& node, std::size_t depth) {
    while (true) {
      Event event;
      TRY(next(event));
      if (event.get().type == YAML_SEQUENCE_END_EVENT) return {};
      TRY_ASSIGN(YamlNode item, node_of(event.get(), depth + 1));
      node.items.push_back(std::move(item));
    }
  }

  Result<void> read_members(YamlNode& node, std::size_t depth) {
    std::vector<YamlNode> merges;
    while (true) {
      Event event;
      TRY(next(event));
      if (event.get().type == YAML_MAPPING_END_EVENT) break;
      TRY_ASSIGN(YamlNode key, node_of(event.get(), depth + 1));
      Event value_event;
      TRY(next(value_event));
      TRY_ASSIGN(YamlNode value, node_of(value_event.get(), depth + 1));
      if (key.is_scalar() && key.text == k_merge_key) {
        merges.push_back(std::move(value));
      } else {
        node.members.push_back({std::move(key.text), key.line, std::move(value)});
      }
    }
    for (YamlNode& merge : merges) merge_into(node, std::move(merge));
    return {};
  }

  // What the mapping says itself counts, then the first that is merged.
  static void merge_into(YamlNode& node, YamlNode merged) {
    for (YamlNode& item : merged.items) merge_into(node, std::move(item));
    for (YamlMember& member : merged.members) {
      if (node.find(member.key) == nullptr) node.members.push_back(std::move(member));
    }
  }

  std::string_view source_;
  yaml_parser_t parser_{};
  bool is_ready_ = false;
  Size size_;
  std::map<std::string, YamlNode> anchors_;
};

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const YamlMember& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

std::string YamlNode::text_or(std::string_view key, std::string_view fallback) const {
  const YamlNode* found = find(key);
  return std::string(found != nullptr && found->is_scalar() ? std::string_view(found->text)
                                                            : fallback);
}

Result<std::vector<YamlNode>> parse_yaml(std::string_view text, std::string_view source) {
  if (text.size() > k_yaml_size_max) {
    return fail(Code::exhausted,
                fmt::format("{}:1: more than {} bytes of YAML", source, k_yaml_size_max));
  }
  if (text.empty()) return std::vector<YamlNode>{};  // libyaml takes no null pointer
  return Reader(text, source).documents();
}

}  // namespace sluice::codec
