#include "insight/ci_github.hpp"

#include "base/strings.hpp"
#include "codec/yaml.hpp"

#include <utility>

namespace sluice::insight {
namespace {

using codec::YamlMember;
using codec::YamlNode;

constexpr std::uint64_t k_checkout_depth = 1;  // of actions/checkout

class Reader {
 public:
  explicit Reader(std::string_view file) {
    pipeline_.kind = FileKind::github;
    pipeline_.file = file;
  }

  Pipeline read(const YamlNode& root) {
    const std::vector<Variable> outer = variables_in(root.find("env"), {});
    if (const YamlNode* jobs = root.find("jobs")) {
      for (const YamlMember& job : jobs->members) read_job(job.key, job.value, outer);
    }
    if (const YamlNode* runs = root.find("runs")) read_job("runs", *runs, outer);
    return std::move(pipeline_);
  }

 private:
  std::vector<Variable> variables_in(const YamlNode* env, std::vector<Variable> outer) {
    if (env == nullptr) return outer;
    for (const YamlMember& member : env->members) {
      if (!member.value.is_scalar()) continue;
      const Variable set{member.key, member.value.text, member.key_line};
      set_variable(outer, set);
      pipeline_.add_variable(set);
    }
    return outer;
  }

  void read_job(const std::string& name, const YamlNode& job, const std::vector<Variable>& outer) {
    const std::vector<Variable> environment = variables_in(job.find("env"), outer);
    if (const YamlNode* container = job.find("container")) {
      const YamlNode* image = container->is_scalar() ? container : container->find("image");
      if (image != nullptr && image->is_scalar()) {
        pipeline_.images.push_back({name, image->text, image->line});
      }
      if (container->is_mapping()) {
        std::vector<Variable> inside = variables_in(container->find("env"), environment);
        read_steps(name, job, inside);
        return;
      }
    }
    read_steps(name, job, environment);
  }

  void read_steps(const std::string& name, const YamlNode& job,
                  const std::vector<Variable>& environment) {
    const YamlNode* steps = job.find("steps");
    if (steps == nullptr) return;
    for (const YamlNode& step : steps->items) {
      const std::vector<Variable> inner = variables_in(step.find("env"), environment);
      if (const YamlNode* run = step.find("run"); run != nullptr && run->is_scalar()) {
        const std::string shell = step.text_or("shell", "bash");
        if (shell.starts_with("pwsh") || shell.starts_with("powershell") || shell == "cmd" ||
            shell.starts_with("python")) {
          continue;
        }
        pipeline_.add_step({name, inner, run->text, run->line, run->is_block});
      }
      if (const YamlNode* uses = step.find("uses"); uses != nullptr && uses->is_scalar()) {
        read_use(name, step, *uses);
      }
    }
  }

  void read_use(const std::string& job, const YamlNode& step, const YamlNode& uses) {
    Use use;
    use.job = job;
    use.line = uses.line;
    const auto at = uses.text.find('@');
    use.action = to_lower(std::string_view(uses.text).substr(0, at));
    if (at != std::string::npos) use.version = uses.text.substr(at + 1);
    if (const YamlNode* with = step.find("with")) {
      for (const YamlMember& input : with->members) {
        if (input.value.is_scalar()) {
          use.inputs.push_back({input.key, input.value.text, input.value.line});
        }
      }
    }
    if (use.action == "actions/checkout") read_checkout(use);
    if (use.action == "actions/cache" || use.action == "actions/cache/restore") read_cache(use);
    pipeline_.uses.push_back(std::move(use));
  }

  void read_checkout(const Use& use) {
    Clone clone{use.job, k_checkout_depth, use.line, false};
    if (const Variable* depth = find_variable(use.inputs, "fetch-depth")) {
      const auto number = parse_int<std::uint64_t>(trim(depth->value));
      if (!number) return;
      clone = {use.job, *number, depth->line, true};
    }
    pipeline_.clones.push_back(clone);
    if (const Variable* path = find_variable(use.inputs, "path")) {
      pipeline_.checkout_paths.push_back({use.job, path->value, path->line});
    }
  }

  void read_cache(const Use& use) {
    std::vector<std::string> paths;
    if (const Variable* path = find_variable(use.inputs, "path")) {
      std::uint32_t line = path->line;
      for (const std::string_view one : split(path->value, '\n')) {
        const std::string_view name = trim(one);
        if (!name.empty()) {
          paths.emplace_back(name);
          pipeline_.cached.push_back({use.job, paths.back(), line});
        }
        ++line;
      }
    }
    if (const Variable* key = find_variable(use.inputs, "key")) {
      const bool has_more = find_variable(use.inputs, "restore-keys") != nullptr;
      pipeline_.cache_keys.push_back({use.job, key->value, key->line, std::move(paths), has_more});
    }
  }

  Pipeline pipeline_;
};

}  // namespace

Result<Pipeline> read_github(std::string_view text, std::string_view file) {
  TRY_ASSIGN(const auto documents, codec::parse_yaml(text, file));
  return Reader(file).read(documents.empty() ? YamlNode{} : documents.front());
}

}  // namespace sluice::insight
