#include "insight/ci_gitlab.hpp"

#include "base/strings.hpp"
#include "codec/yaml.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::insight {
namespace {

using codec::YamlMember;
using codec::YamlNode;

constexpr std::size_t k_extends_max = 11;  // GitLab's own bound
constexpr std::size_t k_jobs_max = 500;    // as GitLab bounds a pipeline

constexpr std::array<std::string_view, 7> k_no_jobs = {
    "default", "include", "stages", "variables", "workflow", "spec", "pages:deploy"};
constexpr std::array<std::string_view, 3> k_scripts = {"before_script", "script", "after_script"};

class Reader {
 public:
  Reader(std::string_view file, const YamlNode& root) : root_(root) {
    pipeline_.kind = FileKind::gitlab;
    pipeline_.file = file;
  }

  Pipeline read() {
    std::vector<Variable> outer;
    take_variables(root_.find("variables"), outer);
    // Keywords of every job may stand at the top, the old way, or below `default`.
    const YamlNode* defaults = root_.find("default");
    for (const YamlNode* place : {&root_, defaults}) {
      if (place != nullptr) read_image_and_cache("", *place);
    }
    std::size_t jobs = 0;
    for (const YamlMember& member : root_.members) {
      if (!member.value.is_mapping() || ++jobs > k_jobs_max) continue;
      if (std::ranges::find(k_no_jobs, member.key) != k_no_jobs.end()) continue;
      read_job(member.key, member.value, outer, defaults);
    }
    return std::move(pipeline_);
  }

 private:
  void take_variables(const YamlNode* node, std::vector<Variable>& into) {
    if (node == nullptr) return;
    for (const YamlMember& member : node->members) {
      const YamlNode* value = &member.value;
      if (value->is_mapping()) value = value->find("value");
      if (value == nullptr || !value->is_scalar()) continue;
      const Variable set{member.key, value->text, member.key_line};
      set_variable(into, set);
      if (std::ranges::find(pipeline_.variables, set) == pipeline_.variables.end()) {
        pipeline_.add_variable(set);
        if (set.name == "GIT_CLONE_PATH") {
          pipeline_.checkout_paths.push_back({"", set.value, set.line});
        }
      }
    }
  }

  // How a job with these variables clones.
  void note_clone(const std::string& job, const std::vector<Variable>& environment) {
    if (const Variable* said = find_variable(environment, "GIT_DEPTH")) {
      const auto depth = parse_int<std::uint64_t>(trim(said->value));
      if (depth) pipeline_.clones.push_back({job, *depth, said->line, true});
    }
  }

  // What a job is made of, the strongest first: itself, what it extends (the last named first).
  std::vector<const YamlNode*> layers_of(const YamlNode& job) const {
    std::vector<const YamlNode*> layers = {&job};
    for (std::size_t at = 0; at < layers.size() && layers.size() < k_extends_max; ++at) {
      const YamlNode* extends = layers[at]->find("extends");
      if (extends == nullptr) continue;
      std::vector<std::string> names;
      if (extends->is_scalar()) names.push_back(extends->text);
      for (auto item = extends->items.rbegin(); item != extends->items.rend(); ++item) {
        names.push_back(item->text);
      }
      for (const std::string& name : names) {
        const YamlNode* base = root_.find(name);
        if (base != nullptr && std::ranges::find(layers, base) == layers.end()) {
          layers.push_back(base);
        }
      }
    }
    return layers;
  }

  void read_job(const std::string& name, const YamlNode& job, const std::vector<Variable>& outer,
                const YamlNode* defaults) {
    std::vector<const YamlNode*> layers = layers_of(job);
    std::vector<Variable> environment = outer;
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
      take_variables((*layer)->find("variables"), environment);
    }
    read_image_and_cache(name, job);
    // A template only lends its parts.
    if (name.starts_with('.')) return;
    note_clone(name, environment);
    if (defaults != nullptr) layers.push_back(defaults);
    layers.push_back(&root_);
    has_shell_ = false;
    for (const std::string_view keyword : k_scripts) {
      for (const YamlNode* layer : layers) {
        const YamlNode* script = layer->find(keyword);
        if (script == nullptr) continue;
        // A shell of its own.
        has_shell_ = has_shell_ && keyword != "after_script";
        add_script(name, environment, *script, 0);
        break;
      }
    }
  }

  // Lists may be nested by anchors; `!reference [.job, script]` stands for what is there.
  void add_script(const std::string& job, const std::vector<Variable>& environment,
                  const YamlNode& script, std::size_t depth) {
    if (script.is_scalar()) {
      pipeline_.add_step({job, environment, script.text, script.line, script.is_block, has_shell_});
      has_shell_ = true;
    }
    if (depth >= k_extends_max) return;
    if (script.tag == "!reference") {
      const YamlNode* named = &root_;
      for (const YamlNode& key : script.items) {
        named = named == nullptr ? nullptr : named->find(key.text);
      }
      if (named != nullptr && named != &root_) add_script(job, environment, *named, depth + 1);
      return;
    }
    for (const YamlNode& item : script.items) add_script(job, environment, item, depth + 1);
  }

  void read_image_and_cache(const std::string& job, const YamlNode& place) {
    if (const YamlNode* image = place.find("image")) {
      const YamlNode* name = image->is_mapping() ? image->find("name") : image;
      if (name != nullptr && name->is_scalar()) add_image({job, name->text, name->line});
    }
    const YamlNode* cache = place.find("cache");
    if (cache == nullptr) return;
    if (cache->is_mapping()) read_cache(job, *cache);
    for (const YamlNode& one : cache->items) read_cache(job, one);
  }

  // One that an anchor copies into many jobs is said once.
  void add_image(Said image) {
    for (const Said& known : pipeline_.images) {
      if (known.line == image.line) return;
    }
    pipeline_.images.push_back(std::move(image));
  }

  void read_cache(const std::string& job, const YamlNode& cache) {
    std::vector<std::string> cached;
    if (const YamlNode* paths = cache.find("paths")) {
      for (const YamlNode& path : paths->items) {
        if (path.is_scalar()) cached.push_back(path.text);
        const auto is_same = [&path](const CachedPath& known) { return known.line == path.line; };
        if (path.is_scalar() && std::ranges::none_of(pipeline_.cached, is_same)) {
          pipeline_.cached.push_back({job, path.text, path.line});
        }
      }
    }
    const YamlNode* key = cache.find("key");
    if (key != nullptr && key->is_mapping()) key = key->find("prefix");  // beside `files`
    if (key == nullptr || !key->is_scalar()) return;
    const auto is_known = [key](const CacheKey& known) {
      return known.line == key->line && known.text == key->text;
    };
    if (std::ranges::any_of(pipeline_.cache_keys, is_known)) return;  // copied by an anchor
    const bool has_more = cache.find("fallback_keys") != nullptr ||
                          find_variable(pipeline_.variables, "CACHE_FALLBACK_KEY") != nullptr;
    pipeline_.cache_keys.push_back({job, key->text, key->line, std::move(cached), has_more});
  }

  const YamlNode& root_;
  Pipeline pipeline_;
  bool has_shell_ = false;  // the next step goes on in the one of the last
};

}  // namespace

Result<Pipeline> read_gitlab(std::string_view text, std::string_view file) {
  TRY_ASSIGN(const auto documents, codec::parse_yaml(text, file));
  // Before the last one stands at most a header of inputs.
  const YamlNode nothing;
  return Reader(file, documents.empty() ? nothing : documents.back()).read();
}

}  // namespace sluice::insight
