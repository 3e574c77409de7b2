#include "store/s3_wire.hpp"

#include <doctest/doctest.h>

namespace sluice::store {
namespace {

S3Config config() {
  S3Config made;
  made.bucket = "ci";
  made.region = "us-east-1";
  made.endpoint = *net::parse_url("http://h:9000");
  return made;
}

Error error(int status, std::string_view body, net::Headers headers = {}) {
  net::ResponseHead head;
  head.status = status;
  head.headers = std::move(headers);
  return s3_error(status, read_s3_problem(head, body), config());
}

TEST_CASE("a page of a list") {
  const auto page = read_s3_list(
      "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><Contents>"
      "<Key>a%2Fb+c</Key><Size>17</Size></Contents><Contents><Key>d</Key></Contents>"
      "</ListBucketResult>");
  REQUIRE(page.has_value());
  CHECK(page->keys == std::vector<std::string>{"a/b c", "d"});
  CHECK(page->sizes == std::vector<std::uint64_t>{17, 0});
  CHECK(page->more);
  CHECK_FALSE(read_s3_list("<Error/>").has_value());
  CHECK_FALSE(read_s3_list("").has_value());
}

TEST_CASE("an upload in parts") {
  CHECK(*read_s3_upload_id("<InitiateMultipartUploadResult><UploadId>x</UploadId>"
                           "</InitiateMultipartUploadResult>") == "x");
  CHECK(*read_s3_completed("<CompleteMultipartUploadResult><ETag>&quot;a-2&quot;</ETag>"
                           "</CompleteMultipartUploadResult>") == "\"a-2\"");
  CHECK_FALSE(read_s3_completed("<Error><Code>InternalError</Code></Error>").has_value());
  CHECK(s3_complete_body({"\"a\""}) ==
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag></Part>"
        "</CompleteMultipartUpload>");
}

TEST_CASE("errors are one line that says what to do") {
  const Error bucket = error(404, "<Error><Code>NoSuchBucket</Code></Error>");
  CHECK(bucket.code == Code::not_found);
  CHECK(bucket.message ==
        "there is no bucket \"ci\" at http://h:9000: create it, or correct the store's URL");
  const Error region = error(
      400, "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>");
  CHECK(region.message ==
        "the bucket is in the region eu-west-1, not us-east-1: set AWS_REGION=eu-west-1");
  CHECK(error(301, "", {{"X-Amz-Bucket-Region", "eu-west-1"}}).message == region.message);
  CHECK(error(403, "").code == Code::denied);
  CHECK(error(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>").message ==
        "403 SignatureDoesNotMatch: the secret key is not that of the access key");
  CHECK(error(503, "<Error><Code>SlowDown</Code><Message>Reduce\nit</Message></Error>").message ==
        "503 SlowDown: Reduce?it");
  CHECK(error(503, "").code == Code::unavailable);
  CHECK(error(501, "").code == Code::unsupported);
  CHECK(error(404, "").message.find("no S3 server") != std::string::npos);
  CHECK(error(404, "").code == Code::denied);
  CHECK(error(302, "").code == Code::denied);
  CHECK(error(418, "").code == Code::io);
}

}  // namespace
}  // namespace sluice::store
