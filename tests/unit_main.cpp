#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <string_view>

// The code under test starts its own program as an agent: that must not run the tests again, which
// would start the next one.
int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "agent") return 0;
  return doctest::Context(argc, argv).run();
}
