#include "sys/fd.hpp"

#include "sys/file.hpp"
#include "sys/process.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>

using namespace sluice;
using namespace sluice::sys;
using std::chrono::milliseconds;

namespace {

struct Pipe {
  Fd read_end;
  Fd write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

}  // namespace

TEST_CASE("a descriptor is closed once, by its last owner") {
  Pipe pipe = make_pipe();
  const int number = pipe.read_end.get();
  Fd moved = std::move(pipe.read_end);
  CHECK(is_open(number));
  CHECK(moved.get() == number);
  moved = Fd();
  CHECK_FALSE(is_open(number));
  Fd released = std::move(pipe.write_end);
  const int raw = released.release();
  CHECK_FALSE(released);
  CHECK(is_open(raw));
  ::close(raw);
}

TEST_CASE("read_exact takes pieces together and notices an early end") {
  Pipe pipe = make_pipe();
  std::jthread writer([&pipe] {
    for (const std::string_view piece : {"ab", "c", "def"}) {
      CHECK(write_all(pipe.write_end.get(), bytes_of(piece)));
      std::this_thread::sleep_for(milliseconds(2));
    }
    pipe.write_end.reset();
  });
  Bytes buffer(5);
  REQUIRE(read_exact(pipe.read_end.get(), buffer));
  CHECK(text_of(buffer) == "abcde");
  const auto rest = read_exact(pipe.read_end.get(), buffer);
  REQUIRE_FALSE(rest);
  CHECK(rest.error().code == Code::unavailable);
}

TEST_CASE("read_some says the end with zero") {
  Pipe pipe = make_pipe();
  pipe.write_end.reset();
  Bytes buffer(5);
  CHECK(read_some(pipe.read_end.get(), buffer).value() == 0);
}

TEST_CASE("waiting ends with data, with the end, or at the deadline") {
  Pipe pipe = make_pipe();
  CHECK_FALSE(wait_readable(pipe.read_end.get(), Deadline::after(milliseconds(5))).value());
  CHECK_FALSE(wait_readable(pipe.read_end.get(), Deadline::after(milliseconds(0))).value());
  REQUIRE(write_all(pipe.write_end.get(), bytes_of("x")));
  CHECK(wait_readable(pipe.read_end.get(), Deadline::after(milliseconds(0))).value());
  Bytes buffer(1);
  REQUIRE(read_exact(pipe.read_end.get(), buffer));
  pipe.write_end.reset();
  CHECK(wait_readable(pipe.read_end.get(), Deadline::never()).value());
}

TEST_CASE("a reader that left is an error, not the end of this process") {
  ignore_write_signals();
  Pipe pipe = make_pipe();
  pipe.read_end.reset();
  const auto written = write_all(pipe.write_end.get(), bytes_of("x"));
  REQUIRE_FALSE(written);
  CHECK(written.error().code == Code::unavailable);
}

TEST_CASE("reads and writes at an offset leave the position alone and stop at the end") {
  const auto directory = TempDirectory::create("sluice-fd-test-");
  REQUIRE(directory);
  const Path path = directory->path() / "f";
  const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(write_all_at(fd.get(), bytes_of("world"), 6));
  REQUIRE(write_all_at(fd.get(), bytes_of("hello "), 0));
  CHECK(::lseek(fd.get(), 0, SEEK_CUR) == 0);
  Bytes buffer(100);
  CHECK(read_at(fd.get(), buffer, 3).value() == 8);
  CHECK(text_of(ByteView(buffer).first(8)) == "lo world");
  CHECK(read_at(fd.get(), buffer, 11).value() == 0);
  CHECK(read_at(fd.get(), {}, 0).value() == 0);
}

TEST_CASE("a descriptor that cannot do it is an error") {
  Bytes buffer(1);
  CHECK_FALSE(read_some(-1, buffer));
  CHECK_FALSE(read_at(-1, buffer, 0));
  CHECK_FALSE(write_all(-1, buffer));
  CHECK_FALSE(write_all_at(-1, buffer, 0));
}
