"""Banned calls: every rule finds its call, and leaves alone what only looks like it."""

import pytest
from house_checks import calls

BAD = {
    "fork": "const pid_t pid = fork();",
    "system": 'std::system("ls");',
    "exec": "execv(path, argv);",
    "parse": "const int n = std::stoi(text);",
    "regex": 'std::regex pattern("a");',
    "iostream": 'std::cerr << "x";',
    "format": 'std::format("{}", 1);',
    "coroutine": "co_await next();",
    "new": "auto* p = new Thing(1);",
    "delete": "  delete p;",
    "malloc": "void* p = malloc(4);",
    "evp-sha256": "EVP_DigestInit(c, EVP_sha256());",
    "detach": "worker.detach();",
    "c-string": "strcpy(a, b);",
    "sleep": "std::this_thread::sleep_for(1ms);",
    "environment": 'const char* home = std::getenv("HOME");',
    "rand": "const int n = rand();",
    "tmpnam": "mktemp(name);",
    "chdir": 'chdir("/");',
    "monadic": "return open().and_then(read);",
    "build-date": "const char* built = __DATE__;",
    "using-std": "using namespace std;",
    "const-cast": "auto* p = const_cast<char*>(q);",
}


def test_every_rule_has_an_example():
    assert set(BAD) == {ban.rule for ban in calls.BANS}


@pytest.mark.parametrize("rule", BAD)
def test_a_banned_call_fails_and_names_what_to_use(findings, rule):
    [found] = findings(calls.check_calls, {"src/agent/a.cpp": f"void f() {{\n{BAD[rule]}\n}}\n"})
    assert found.startswith(f"src/agent/a.cpp:2: {rule}: use ")


@pytest.mark.parametrize(
    "line",
    ["(void)fork();", "if (::fork() == 0) {", "return fork();", "a && fork();", "f(x, fork())"],
)
def test_a_call_is_found_wherever_it_stands(findings, line):
    [found] = findings(calls.check_calls, {"src/agent/a.cpp": f"{line}\n"})
    assert "fork: use" in found


@pytest.mark.parametrize(
    "line",
    [
        "// fork() would copy the agent's threads",
        'say("run system(3) and rand()");',
        'R"(std::cout << new Thing; delete p;)"',
        "task.system(1);",
        "store->fork(2);",
        "Job fork(objects);",
        "static void free(Raw* raw) { drop(raw); }",
        "int gets() const { return gets_; }",
        "free_list.push(1);",
        "my::format(1);",
        "Thing(const Thing&) = delete;",
        "Thing& operator=(const Thing&) = delete;",
        "new (place) Thing(1);",
        "const auto renew = 1; newest(renew);",
        "job.detached();",
        "runtime.sleep(1);",
        "constexpr std::size_t k_big = 1'000'000; f('\\'');",
        "std::strong_ordering order; random_bytes(1);",
        "#error system()",
    ],
)
def test_what_only_looks_like_it_is_fine(findings, line):
    assert findings(calls.check_calls, {"src/agent/a.cpp": f"{line}\n"}) == []


def test_the_room_whose_job_it_is_may(findings):
    files = {
        "src/sys/process.cpp": "execve(a, b, c);\nnanosleep(a, b);\n",
        "src/sys/environment.cpp": 'getenv("HOME");\n',
        "src/base/digest.cpp": "EVP_sha256();\n",
        "src/agent/a_test.cpp": "std::this_thread::sleep_for(1ms);\n",
    }
    assert findings(calls.check_calls, files) == []


def test_an_excuse_needs_the_rule_and_a_reason(findings):
    excused = "// house: allow new (placement in the arena)\nauto* p = new Thing;\n"
    assert findings(calls.check_calls, {"src/agent/a.cpp": excused}) == []
    for comment in ("house: allow new", "house: allow delete (wrong rule)", "house: allow new ( )"):
        text = f"// {comment}\nauto* p = new Thing;\n"
        assert len(findings(calls.check_calls, {"src/agent/a.cpp": text})) == 1


def test_line_numbers_survive_comments_and_raw_strings(findings):
    text = '/* one\ntwo */ const char* s = R"x(\n)" fork()\n)x";\nfork();\n'
    [found] = findings(calls.check_calls, {"src/agent/a.cpp": text})
    assert found.startswith("src/agent/a.cpp:5:")
