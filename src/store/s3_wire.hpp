// What S3 answers, as values: lists, uploads, errors. Pure functions; any thread.
//
// Errors of parsing are Code::corrupt. Errors of the server become one line for the user, with what
// to do where that is known; they hold no secret.
#pragma once

#include "base/result.hpp"
#include "net/response_parser.hpp"
#include "store/aws_profile.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::store {

struct S3Page {
  std::vector<std::string> keys;     // decoded, as they are in the bucket
  std::vector<std::uint64_t> sizes;  // as keys; 0 where the server does not say one
  bool more = false;
};
Result<S3Page> read_s3_list(std::string_view xml);

Result<std::string> read_s3_upload_id(std::string_view xml);
// The etag of a finished upload; the server may answer 200 with an error inside.
Result<std::string> read_s3_completed(std::string_view xml);
std::string s3_complete_body(const std::vector<std::string>& etags);

struct S3Problem {
  std::string code;     // "NoSuchBucket"; empty when the answer has no body
  std::string message;  // the server's words, printable
  std::string region;   // where the bucket really is; empty when unknown
};
S3Problem read_s3_problem(const net::ResponseHead& head, std::string_view body);
Error s3_error(int status, const S3Problem& problem, const S3Config& config);

}  // namespace sluice::store
