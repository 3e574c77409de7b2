// `sluice key`: makes a key that signs, and keeps the user's list of those whose results are
// believed.
//
// Called once, from the main thread. Exit 2 for words that name no key, before anything is changed;
// 1 where a file cannot be written. A private key is written to a file of its owner and nowhere
// else. Format: docs/formats/keys.md.
#pragma once

#include "base/result.hpp"
#include "cli/parse.hpp"
#include "store/key_settings.hpp"
#include "sys/environment.hpp"

#include <string>

namespace sluice::cli {

// A line for each key: what it is believed for, and its public line.
std::string keys_text(const store::KeySettings& settings);
std::string keys_json(const store::KeySettings& settings);

int run_key(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
