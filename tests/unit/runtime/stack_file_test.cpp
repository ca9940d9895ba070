#include "lib/runtime/stack_file.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

TEST_CASE("a stack has a service a node placed limited and without privileges") {
    Node green;
    green.name = "green";
    green.cpus = 0.4;
    green.memory = Bytes(512 << 20);
    Node high;
    high.name = "high";
    high.threads = 2;
    EngineOptions options;
    options.container.image = "it's $5";
    const std::string text = stack_text("abc", {{green, 17000, 17001}, {high, 17002, 17003}}, Bytes(1000), options);
    for (const char* part :
         {"\n  green:\n    image: 'it''s $$5'\n", "\n  high:\n", "read_only: true", "cap_drop: [ALL]",
          "user: '10001:10001'", "constraints: ['node.labels.carbonedge.green == true']", "endpoint_mode: dnsrr",
          "restart_policy: {condition: none}", "cpus: '0.40'", "memory: '536870912b'",
          "{target: 7001, published: 17000, protocol: tcp, mode: host}",
          "{target: 7000, published: 17003, protocol: tcp, mode: host}", "driver: overlay", "'OMP_NUM_THREADS=2'",
          "labels: ['carbonedge.run=abc', 'carbonedge.node=high']"}) {
        CHECK_MESSAGE(text.find(part) != std::string::npos, part);
    }
    CHECK(text.find("carbonedge-probe") != std::string::npos);
    options.impose_limits = false;
    CHECK(stack_text("abc", {{green, 1, 2}}, Bytes(1000), options).find("resources") == std::string::npos);
    // Heartbeats instead of health checks; and a node that has been ended keeps its place without a task.
    options.fail_over = true;
    const std::string failing_over = stack_text("abc", {{green, 1, 2, false}, {high, 3, 4}}, Bytes(1000), options);
    CHECK(failing_over.find("healthcheck: {disable: true}") != std::string::npos);
    CHECK(failing_over.find("carbonedge-probe") == std::string::npos);
    CHECK(failing_over.find("replicas: 0") < failing_over.find("replicas: 1"));
}

}  // namespace
}  // namespace carbonedge
