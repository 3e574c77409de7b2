#include "codec/xml.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

namespace sluice::codec {
namespace {

TEST_CASE("a list of objects, as a store answers it") {
  const auto xml = parse_xml(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n"
      "  <!-- > -->\n"
      "  <IsTruncated>false</IsTruncated>\n"
      "  <Contents a='>'><Key>a&amp;b&#47;&#xe4;</Key><Empty/></Contents>\n"
      "  <s3:Contents><Key><![CDATA[<c>]]></Key></s3:Contents>\n"
      "</ListBucketResult>\n");
  REQUIRE_MESSAGE(xml.has_value(), (xml ? "" : xml.error().message));
  CHECK(xml->name == "ListBucketResult");
  CHECK(xml->text_of("IsTruncated") == "false");
  REQUIRE(xml->children.size() == 3);
  CHECK(xml->children[1].text_of("Key") == "a&b/\xc3\xa4");
  CHECK(xml->children[2].name == "Contents");
  CHECK(xml->children[2].text_of("Key") == "<c>");
  CHECK(xml->find("Nothing") == nullptr);
}

TEST_CASE("what is no such XML is refused") {
  for (const std::string text :
       {"", "x", "<a>", "<a></b>", "<a/><b/>", "<a>&x;</a>", "<a>&#0;</a>", "<a>& b</a>", "</a>",
        "<a", "<a b=\"c></a>", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a/>x", "<>",
        "<a><![CDATA[x</a>", "<a>&#xd800;</a>"}) {
    INFO(text);
    const auto xml = parse_xml(text);
    REQUIRE_FALSE(xml.has_value());
    CHECK(xml.error().code == Code::invalid);
  }
}

TEST_CASE("depth and number of elements are bounded") {
  std::string deep;
  for (std::size_t i = 0; i <= k_xml_depth_max; ++i) deep += "<a>";
  CHECK(parse_xml(deep).error().code == Code::exhausted);
  std::string many = "<a>";
  for (std::size_t i = 0; i < k_xml_elements_max; ++i) many += "<b/>";
  CHECK(parse_xml(many + "</a>").error().code == Code::exhausted);
}

TEST_CASE("what is escaped is read back") {
  CHECK(rc::check([](const std::string& text) {
    const auto xml = parse_xml("<a><b>x" + xml_escape(text) + "x</b></a>");
    return xml.has_value() && xml->text_of("b") == "x" + text + "x";
  }));
}

}  // namespace
}  // namespace sluice::codec
