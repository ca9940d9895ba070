#include "lib/base/errors.h"
#include "lib/runtime/container_cli.h"
#include "lib/runtime/docker_host.h"

#include <doctest/doctest.h>
#include <algorithm>

namespace carbonedge {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> kPath{"PATH=/usr/bin:/bin"};

TEST_CASE("a program's output status and errors come back") {
    const ContainerCli shell("sh", kPath);
    const ContainerCli::Outcome outcome = shell.run({"-c", "echo out; echo err >&2; exit 3"}, 20s, {});
    CHECK(outcome.status == 3);
    CHECK(outcome.out == "out\n");
    CHECK(outcome.err == "err\n");
    CHECK(shell.ask({"-c", "echo two; echo lines"}, 20s, {}) == "two\nlines");
    CHECK(shell.run({"-c", "kill -9 $$"}, 20s, {}).status == 128 + 9);
    CHECK(shell.run({"-c", "head -c 300000 /dev/zero"}, 20s, {}).out.size() == 300'000);
    std::vector<std::string> lines;
    shell.follow({"-c", "echo a; echo b"}, [&lines](const std::string& line) { lines.push_back(line); }, {});
    CHECK(lines == std::vector<std::string>{"a", "b"});
}

TEST_CASE("whoever waits for a program need not wait for ever") {
    const ContainerCli sleeper("sleep", kPath);
    CHECK_THROWS_AS(static_cast<void>(sleeper.run({"60"}, 50ms, {})), EnvironmentError);
    std::stop_source stop;
    stop.request_stop();
    CHECK_THROWS_AS(static_cast<void>(sleeper.run({"60"}, 60s, stop.get_token())), Interrupted);
    std::stop_source later;
    const std::jthread stopper([&later] { later.request_stop(); });
    CHECK_THROWS_AS(static_cast<void>(sleeper.run({"60"}, 60s, later.get_token())), Interrupted);
    CHECK_THROWS_AS(static_cast<void>(ContainerCli("no-such-program", kPath).run({}, 1s, {})), EnvironmentError);
    CHECK_THROWS_AS(static_cast<void>(ContainerCli("/etc/passwd", kPath).run({}, 1s, {})), EnvironmentError);
}

TEST_CASE("what an engine says becomes one line with its remedy") {
    struct Row {
        std::string said;
        std::string what;
        std::string remedy;
    };
    for (const Row& row : {
             Row{"Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n",
                 "no container engine answers", "DOCKER_HOST"},
             Row{"Got permission denied while trying to connect to the Docker daemon socket",
                 "does not let this user in", "group"},
             Row{"Unable to find image 'carbonedge:latest' locally\ndocker: Error response from daemon: pull access "
                 "denied for carbonedge.\nSee 'docker run --help'.\n",
                 "there is no such image", "make -f Makefile.docker image"},
             Row{"Error: No such image: x\n", "there is no such image", "--image"},
             Row{"Error response from daemon: This node is not a swarm manager. Use \"docker swarm init\".\n",
                 "manages no swarm", "docker swarm init"},
             Row{"WARNING: no swap\ndocker: Error response from daemon: Minimum memory limit allowed is 6MB.\nSee "
                 "'docker run --help'.\n",
                 "docker run: Minimum memory limit allowed is 6MB", "by hand"},
         }) {
        const ContainerProblem problem = explain_container_error("docker run", row.said);
        CHECK_MESSAGE(problem.what.find(row.what) != std::string::npos, problem.what);
        CHECK_MESSAGE(problem.remedy.find(row.remedy) != std::string::npos, problem.remedy);
        CHECK(problem.what.find('\n') == std::string::npos);
    }
}

bool has_pair(const std::vector<std::string>& words, const std::string& option, const std::string& value) {
    const auto at = std::find(words.begin(), words.end(), option);
    return at != words.end() && at + 1 != words.end() && *(at + 1) == value;
}

TEST_CASE("a container gets the node's limits and no more rights than it needs") {
    Node node;
    node.name = "green";
    node.cpus = 0.4;
    node.quota_period = 50ms;
    node.memory = Bytes(512 << 20);
    node.threads = 2;
    EngineOptions options;
    options.container.image = "some-image";
    std::vector<std::string> words = container_arguments(node, "abc", Bytes(1000), options);
    for (const auto& [option, value] :
         std::vector<std::pair<std::string, std::string>>{{"--cpu-period", "50000"},
                                                          {"--cpu-quota", "20000"},
                                                          {"--memory", "536870912b"},
                                                          {"--memory-swap", "536870912b"},
                                                          {"--cap-drop", "ALL"},
                                                          {"--security-opt", "no-new-privileges"},
                                                          {"--user", "10001:10001"},
                                                          {"--network", "carbonedge-abc"},
                                                          {"--pull", "never"},
                                                          {"--threads", "2"},
                                                          {"--longest-message", "1000B"},
                                                          {"--label", "carbonedge.run=abc"},
                                                          {"--env", "OMP_NUM_THREADS=2"}}) {
        CHECK_MESSAGE(has_pair(words, option, value), option);
    }
    CHECK(std::find(words.begin(), words.end(), "--read-only") != words.end());
    const auto image = std::find(words.begin(), words.end(), "some-image");
    REQUIRE(image != words.end());
    CHECK(std::find(words.begin(), image, "--directory") == image);  // the node's own options come after it
    options.impose_limits = false;
    words = container_arguments(node, "abc", Bytes(1000), options);
    CHECK(std::find(words.begin(), words.end(), "--cpu-quota") == words.end());
    CHECK(std::find(words.begin(), words.end(), "--memory") == words.end());
}

TEST_CASE("how a container ended is told from its status") {
    CHECK(container_ending(4, false) == "exited with status 4");
    CHECK(container_ending(137, false) == "was killed by signal 9 (Killed)");
    CHECK(container_ending(137, true) == "was killed by signal 9 (Killed): out of memory");
}

}  // namespace
}  // namespace carbonedge
