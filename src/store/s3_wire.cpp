#include "store/s3_wire.hpp"

#include "base/strings.hpp"
#include "codec/xml.hpp"
#include "net/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sluice::store {

namespace {

constexpr std::size_t k_shown_max = 120;

Result<codec::XmlElement> read(std::string_view text, std::string_view name) {
  auto xml = codec::parse_xml(text);
  if (!xml || xml->name != name) {
    return fail(Code::corrupt, fmt::format("the server answered no {}", name));
  }
  return xml;
}

struct Hint {
  std::string_view code;
  std::string_view hint;
};

// What a refused user can do, by S3's code.
constexpr std::array k_hints = {
    Hint{"AccessDenied", "these credentials have no right to do this"},
    Hint{"InvalidAccessKeyId", "the access key is not known there"},
    Hint{"SignatureDoesNotMatch", "the secret key is not that of the access key"},
    Hint{"RequestTimeTooSkewed",
         "this machine's clock is wrong and the store does not say the time"},
    Hint{"ExpiredToken", "the session token has expired"},
    Hint{"InvalidToken", "the session token is not valid there"},
};

}  // namespace

Result<S3Page> read_s3_list(std::string_view text) {
  TRY_ASSIGN(const codec::XmlElement xml, read(text, "ListBucketResult"));
  S3Page page;
  const bool is_encoded = xml.text_of("EncodingType") == "url";
  for (const codec::XmlElement& each : xml.children) {
    if (each.name != "Contents") continue;
    std::string key = each.text_of("Key");
    if (is_encoded) {
      std::ranges::replace(key, '+', ' ');
      key = net::percent_decode(key).value_or(key);
    }
    page.keys.push_back(std::move(key));
    page.sizes.push_back(parse_int<std::uint64_t>(each.text_of("Size")).value_or(0));
  }
  page.more = xml.text_of("IsTruncated") == "true";
  return page;
}

Result<std::string> read_s3_upload_id(std::string_view text) {
  TRY_ASSIGN(const codec::XmlElement xml, read(text, "InitiateMultipartUploadResult"));
  std::string id = xml.text_of("UploadId");
  if (id.empty()) return fail(Code::corrupt, "the server answered no upload id");
  return id;
}

Result<std::string> read_s3_completed(std::string_view text) {
  TRY_ASSIGN(const codec::XmlElement xml, read(text, "CompleteMultipartUploadResult"));
  return xml.text_of("ETag");
}

std::string s3_complete_body(const std::vector<std::string>& etags) {
  std::string body = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < etags.size(); ++i) {
    body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1,
                        codec::xml_escape(etags[i]));
  }
  return body + "</CompleteMultipartUpload>";
}

S3Problem read_s3_problem(const net::ResponseHead& head, std::string_view body) {
  S3Problem problem;
  if (const auto xml = codec::parse_xml(body); xml && xml->name == "Error") {
    problem.code = printable(xml->text_of("Code"), k_shown_max);
    problem.message = printable(xml->text_of("Message"), k_shown_max);
    problem.region = printable(xml->text_of("Region"), k_shown_max);
  }
  if (const auto region = head.header("x-amz-bucket-region")) {
    problem.region = printable(*region, k_shown_max);
  }
  return problem;
}

Error s3_error(int status, const S3Problem& problem, const S3Config& config) {
  const std::string words = problem.code.empty() ? fmt::format("status {}", status)
                                                 : fmt::format("{} {}", status, problem.code);
  if (problem.code == "NoSuchBucket") {
    return {Code::not_found,
            fmt::format("there is no bucket \"{}\" at {}: create it, or correct the store's URL",
                        config.bucket, config.endpoint.origin())};
  }
  const bool elsewhere = status == 301 || status == 307 ||
                         problem.code == "AuthorizationHeaderMalformed" ||
                         problem.code == "PermanentRedirect";
  if (elsewhere && !problem.region.empty() && problem.region != config.region) {
    return {Code::invalid, fmt::format("the bucket is in the region {}, not {}: set AWS_REGION={}",
                                       problem.region, config.region, problem.region)};
  }
  for (const Hint& hint : k_hints) {
    if (hint.code == problem.code) return {Code::denied, fmt::format("{}: {}", words, hint.hint)};
  }
  if (status == 404 && problem.code.empty()) {
    return {Code::denied, fmt::format("status 404: what answers at {} is no S3 server",
                                      config.endpoint.origin())};
  }
  const std::string full =
      problem.message.empty() ? words : fmt::format("{}: {}", words, problem.message);
  if (status == 401 || status == 403) {
    return {Code::denied,
            full + (problem.code.empty() ? ": these credentials have no right to do this" : "")};
  }
  if (status == 501) return {Code::unsupported, full};
  if (status / 100 == 3) return {Code::denied, full};
  if (status / 100 == 5 || status == 429) return {Code::unavailable, full};
  return {Code::io, full};
}

}  // namespace sluice::store
