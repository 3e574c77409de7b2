// MD5, because S3 calls it an ETag; nothing is believed because of it.
//
// A value that one thread at a time uses.
#pragma once

#include "base/bytes.hpp"

#include <memory>
#include <string>

namespace sluice {

class Md5 {
 public:
  Md5();
  ~Md5();
  void update(ByteView bytes);
  std::string finish_hex();  // 32 lower-case digits, of all bytes so far

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace sluice
