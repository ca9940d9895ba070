#include "lib/runtime/gateway.h"

#include "tests/unit/runtime/pipeline_fixture.h"

#include <doctest/doctest.h>
#include <future>
#include <map>

namespace carbonedge {
namespace {

const std::vector<HostTensor> kInputs{random_tensor(parse_input_spec("x=16:float32"), 7)};

/// Takes requests like a node and answers them only when told to.
class HandNode {
public:
    HandNode(const TemporaryFolder& folder, const std::string& name, const std::string& gateway)
        : listener_(listen_for_frames("unix:" + folder.file(name), {})),
          answers_(connect_frames(gateway, "gateway", {})),
          name_(name) {
        thread_ = std::jthread([this] {
            const auto pool = BufferPool::create();
            while (std::shared_ptr<FrameStream> stream = listener_->accept()) {
                {
                    const std::lock_guard lock(mutex_);
                    if (closing_) return;
                    stream_ = stream;
                }
                while (const auto frame = stream->receive(*pool, 1 << 20, [](const FrameHead&) { return ""; })) {
                    const std::lock_guard lock(mutex_);
                    heads_.push_back(frame->head);
                    came_.notify_all();
                }
            }
        });
    }
    ~HandNode() {
        listener_->shut_down();
        const std::lock_guard lock(mutex_);
        closing_ = true;
        if (stream_) stream_->shut_down();
    }
    HandNode(const HandNode&) = delete;
    HandNode& operator=(const HandNode&) = delete;

    [[nodiscard]] NextHop hop() const { return {name_, listener_->address(), {}}; }

    /// Waits for so many requests in all.
    std::vector<FrameHead> await(std::size_t count) {
        std::unique_lock lock(mutex_);
        REQUIRE(came_.wait_for(lock, std::chrono::seconds(20), [&] { return heads_.size() >= count; }));
        return heads_;
    }

    void answer(FrameHead head, const std::string& error = "") {
        head.error = error;
        head.tensors.clear();
        head.handed_over = now_monotonic();
        head.stages.push_back({name_, Nanoseconds(0), Nanoseconds(0), Nanoseconds(0), Nanoseconds(0), {}, {}});
        answers_->send(head, {});
    }

    void hang_up_answers() { answers_->shut_down(); }

private:
    std::unique_ptr<FrameListener> listener_;
    std::unique_ptr<FrameStream> answers_;
    std::string name_;
    std::mutex mutex_;
    std::condition_variable came_;
    std::shared_ptr<FrameStream> stream_;
    bool closing_ = false;
    std::vector<FrameHead> heads_;
    std::jthread thread_;
};

/// Who was answered how often, and with what.
class Answers {
public:
    Gateway::Done taker() {
        return [this](Answer answer) {
            const std::lock_guard lock(mutex_);
            order_.push_back(answer.record.id);
            records_[answer.record.id].push_back(answer.record);
            came_.notify_all();
        };
    }
    /// Waits until so many answers have come in all.
    std::map<std::int64_t, std::vector<RequestRecord>> await(std::size_t count) {
        std::unique_lock lock(mutex_);
        REQUIRE(came_.wait_for(lock, std::chrono::seconds(20), [&] { return order_.size() >= count; }));
        return records_;
    }
    std::vector<std::int64_t> order() {
        const std::lock_guard lock(mutex_);
        return order_;
    }

private:
    std::mutex mutex_;
    std::condition_variable came_;
    std::map<std::int64_t, std::vector<RequestRecord>> records_;
    std::vector<std::int64_t> order_;
};

struct Scene {
    explicit Scene(const GatewayPolicy& policy = {}, Nanoseconds timeout = std::chrono::seconds(30))
        : gateway("unix:" + folder.file("gateway"), Bytes(1 << 20), timeout, policy),
          a(folder, "a", gateway.address()),
          b(folder, "b", gateway.address()) {}

    std::int64_t submit() { return gateway.submit(0, views_of(kInputs), nullptr, now_monotonic(), answers.taker()); }
    static Failure failure_of(const std::string& node) {
        return {node, "node '" + node + "' went", "process end", now_monotonic(), Nanoseconds(0)};
    }

    TemporaryFolder folder;
    Answers answers;
    Gateway gateway;
    HandNode a;
    HandNode b;
};

TEST_CASE("what a failed node owed goes another way and is answered once") {
    Scene scene;
    scene.gateway.add_route(10, {0, {"a"}, 0}, scene.a.hop());
    scene.gateway.add_route(11, {0, {"b"}, 1}, scene.b.hop());
    for (int i = 0; i < 4; ++i) scene.submit();
    const std::vector<FrameHead> lost = scene.a.await(4);
    scene.a.answer(lost[0]);
    scene.answers.await(1);
    scene.gateway.fail_node(Scene::failure_of("a"));
    for (const FrameHead& head : scene.b.await(3)) {
        CHECK(head.pipeline == 11);
        scene.b.answer(head);
    }
    auto answered = scene.answers.await(4);
    // What the failed node says now is a duplicate.
    for (const FrameHead& head : lost) scene.a.answer(head);
    scene.submit();
    scene.b.answer(scene.b.await(4).back());
    answered = scene.answers.await(5);
    CHECK(answered.size() == 5);
    for (const auto& [id, records] : answered) {
        CAPTURE(id);
        REQUIRE(records.size() == 1);
        CHECK(records[0].ok);
        CHECK(records[0].resubmitted == (id >= 1 && id <= 3 ? 1 : 0));
        Nanoseconds sum = records[0].wait + records[0].return_transfer;
        for (const StageRecord& stage : records[0].stages) sum += stage.transfer;
        CHECK(sum <= records[0].latency);
    }
    CHECK(scene.gateway.counts().resubmitted == 3);
    const std::vector<FailoverRecord> failovers = scene.gateway.failovers();
    REQUIRE(failovers.size() == 1);
    CHECK(failovers[0].node == "a");
    CHECK(failovers[0].resubmitted == 3);
    REQUIRE(failovers[0].recovery.has_value());
    CHECK(*failovers[0].recovery > Nanoseconds(0));
}

TEST_CASE("a late answer from the way that was given up is taken, a late failure is not") {
    for (const bool fails : {false, true}) {
        Scene scene;
        scene.gateway.add_route(10, {0, {"a"}, 0}, scene.a.hop());
        scene.gateway.add_route(11, {0, {"b"}, 1}, scene.b.hop());
        scene.submit();
        const FrameHead first = scene.a.await(1)[0];
        scene.gateway.fail_route(10, {"", "cut", "connection", now_monotonic(), Nanoseconds(0)});
        const FrameHead second = scene.b.await(1)[0];
        scene.a.answer(first, fails ? "something" : "");
        if (fails) {
            // What comes over the same connection afterwards shows that the failure was read.
            scene.submit();
            scene.a.answer(scene.b.await(2)[1]);
            scene.answers.await(1);
            CHECK(scene.gateway.counts().late == 1);
            scene.b.answer(second);
        }
        const auto answered = scene.answers.await(fails ? 2 : 1);
        CHECK(answered.at(0).size() == 1);
        CHECK(answered.at(0)[0].ok);
        CHECK(answered.at(0)[0].stages.at(0).node == (fails ? "b" : "a"));
    }
}

TEST_CASE("the last failure's cause is why a request fails, unless recovery is expected") {
    Scene scene;
    scene.gateway.add_route(1, {0, {"a"}, 0}, scene.a.hop());
    scene.submit();
    scene.a.await(1);
    scene.gateway.fail_node(Scene::failure_of("a"));
    CHECK(scene.answers.await(1).at(0)[0].error == "node 'a' went");
    scene.submit();
    CHECK(scene.answers.await(2).at(1)[0].error == "node 'a' went");
    scene.gateway.expect_recovery(true);
    scene.submit();
    CHECK(scene.answers.order().size() == 2);
    scene.gateway.add_route(2, {0, {"b"}, 0}, scene.b.hop());
    scene.b.answer(scene.b.await(1)[0]);
    CHECK(scene.answers.await(3).at(2)[0].ok);
}

TEST_CASE("a request that every node fails on is given up") {
    GatewayPolicy policy;
    policy.most_attempts = 3;
    Scene scene(policy);
    scene.gateway.expect_recovery(true);
    scene.submit();
    for (RouteNumber route = 0; route < 3; ++route) {
        scene.gateway.add_route(route, {0, {"a"}, 0}, scene.a.hop());
        scene.a.await(static_cast<std::size_t>(route) + 1);
        scene.gateway.fail_route(route, {"", "broke", "connection", now_monotonic(), Nanoseconds(0)});
        scene.gateway.retire_route(route, Nanoseconds(0));
    }
    scene.gateway.add_route(3, {0, {"a"}, 0}, scene.a.hop());
    CHECK(scene.answers.await(1).at(0)[0].error == "given up after 3 attempts: broke");
}

TEST_CASE("a gateway that holds as many requests as it may takes the next when one has ended") {
    GatewayPolicy policy;
    policy.most_accepted = 2;
    Scene scene(policy);
    scene.gateway.add_route(0, {0, {"a"}, 0}, scene.a.hop());
    scene.submit();
    scene.submit();
    const std::vector<FrameHead> heads = scene.a.await(2);
    std::atomic<bool> accepted{false};
    std::jthread third([&] {
        scene.submit();
        accepted = true;
    });
    CHECK_FALSE(accepted);
    scene.a.answer(heads[1]);
    scene.a.answer(scene.a.await(3)[2]);
    scene.a.answer(heads[0]);
    CHECK(scene.answers.await(3).size() == 3);
}

TEST_CASE("a request without an answer fails at its time limit, wherever it is") {
    Scene scene({}, std::chrono::milliseconds(50));
    scene.gateway.expect_recovery(true);
    scene.submit();  // waits for a route
    scene.gateway.add_route(0, {1, {"a"}, 0}, scene.a.hop());
    scene.submit();  // is on one
    const auto answered = scene.answers.await(2);
    for (const std::int64_t id : {0, 1}) CHECK(answered.at(id)[0].error == "no answer within 50.0 ms");
}

TEST_CASE("ordered answers wait for those before them") {
    GatewayPolicy policy;
    policy.ordered = true;
    Scene scene(policy);
    scene.gateway.add_route(0, {0, {"a"}, 0}, scene.a.hop());
    for (int i = 0; i < 5; ++i) scene.submit();
    const std::vector<FrameHead> heads = scene.a.await(5);
    for (const std::size_t i : {3U, 1U, 0U, 4U}) scene.a.answer(heads[i]);
    scene.answers.await(2);
    scene.a.answer(heads[2], "out of range");  // a failure is an answer too
    const auto answered = scene.answers.await(5);
    CHECK(scene.answers.order() == std::vector<std::int64_t>{0, 1, 2, 3, 4});
    CHECK_FALSE(answered.at(2)[0].ok);
}

TEST_CASE("a route that owes answers and gives none has failed") {
    GatewayPolicy policy;
    policy.stall = std::chrono::milliseconds(400);  // on a busy machine the other one takes its time
    Scene scene(policy);
    scene.gateway.add_route(0, {0, {"a"}, 0}, scene.a.hop());
    scene.gateway.add_route(1, {0, {"b"}, 1}, scene.b.hop());
    scene.submit();
    scene.b.answer(scene.b.await(1)[0]);
    CHECK(scene.answers.await(1).at(0)[0].ok);
    REQUIRE(scene.gateway.failovers().size() == 1);
    CHECK(scene.gateway.failovers()[0].noticed_by == "no answers");
}

TEST_CASE("a connection that breaks takes its routes with it") {
    Scene scene;
    scene.gateway.add_route(0, {0, {"a"}, 0}, scene.a.hop());
    scene.gateway.add_route(1, {0, {"b"}, 1}, scene.b.hop());
    scene.submit();
    scene.a.answer(scene.a.await(1)[0]);  // now the gateway knows what this connection carries
    scene.answers.await(1);
    scene.submit();
    scene.a.await(2);
    scene.a.hang_up_answers();
    scene.b.answer(scene.b.await(1)[0]);
    CHECK(scene.answers.await(2).at(1)[0].stages.at(0).node == "b");
    CHECK(scene.gateway.failed_routes() == std::vector<RouteNumber>{0});
}

TEST_CASE("a retired route ends what it owes, and hands on what it does not") {
    Scene scene;
    scene.gateway.add_route(0, {0, {"a"}, 0}, scene.a.hop());
    scene.submit();
    const FrameHead head = scene.a.await(1)[0];
    scene.gateway.add_route(1, {0, {"b"}, 1}, scene.b.hop());
    std::jthread retiring([&] { CHECK(scene.gateway.retire_route(0, std::chrono::seconds(20))); });
    scene.a.answer(head);
    retiring.join();
    scene.submit();
    const FrameHead other = scene.b.await(1)[0];
    scene.gateway.add_route(2, {0, {"a"}, 0}, scene.a.hop());
    CHECK_FALSE(scene.gateway.retire_route(1, Nanoseconds(0)));
    scene.a.answer(scene.a.await(2)[1]);
    CHECK(scene.answers.await(2).at(1)[0].resubmitted == 1);
    scene.b.answer(other);
}

TEST_CASE("two may retire a route at once, and it is gone for both") {
    Scene scene;
    scene.gateway.add_route(0, {0, {"a"}, 0}, scene.a.hop());
    scene.gateway.add_route(1, {0, {"b"}, 1}, scene.b.hop());
    scene.submit();
    scene.a.await(1);
    std::promise<void> begun;
    auto patient = std::async(std::launch::async, [&] {
        begun.set_value();
        return scene.gateway.retire_route(0, std::chrono::seconds(20));
    });
    begun.get_future().wait();
    // What waits is let go by the other, whichever comes first.
    const bool empty = scene.gateway.retire_route(0, Nanoseconds(0));
    REQUIRE(patient.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
    CHECK(patient.get() != empty);  // one of them found what it owed
    const FrameHead moved = scene.b.await(1)[0];
    CHECK(moved.pipeline == 1);
    scene.b.answer(moved);
    CHECK(scene.answers.await(1).at(0)[0].resubmitted == 1);
}

TEST_CASE("a silent node that is back is told with its failure, and its next silence is another") {
    Scene scene;
    const auto silent = [](const std::string& node) -> Failure {
        return {node, "node '" + node + "' gave no sign of life", "heartbeat", now_monotonic(), Nanoseconds(1000)};
    };
    scene.gateway.add_route(0, {0, {"a"}, 0}, scene.a.hop());
    scene.gateway.add_route(1, {0, {"b"}, 1}, scene.b.hop());
    scene.gateway.fail_node(silent("a"));
    const Nanoseconds back = now_monotonic();
    scene.gateway.note_return("a", back);
    scene.gateway.note_return("b", back);  // of whom nothing is known
    REQUIRE(scene.gateway.failovers().size() == 1);
    CHECK(scene.gateway.failovers()[0].returned == back - scene.gateway.failovers()[0].at);
    scene.gateway.add_route(2, {0, {"a"}, 0}, scene.a.hop());
    scene.gateway.fail_node(silent("a"));
    // Then it is killed for it, which is no third failure.
    scene.gateway.fail_node(silent("a"));
    REQUIRE(scene.gateway.failovers().size() == 2);
    CHECK(scene.gateway.failovers()[0].returned.has_value());
    CHECK_FALSE(scene.gateway.failovers()[1].returned.has_value());
}

TEST_CASE("a broken connection is explained by a node that has been silent since, however late that is found out") {
    struct Case {
        Nanoseconds later;
        Nanoseconds silent;
        bool explains;
    };
    using std::chrono::milliseconds;
    const std::vector<Case> cases{{milliseconds(2000), milliseconds(0), true},
                                  {milliseconds(3800), milliseconds(3900), true},
                                  {milliseconds(5000), milliseconds(0), false},
                                  {milliseconds(9000), milliseconds(600), false}};
    for (const Case& one : cases) {
        CAPTURE(one.later.count());
        Scene scene;
        scene.gateway.add_route(0, {0, {"a"}, 0}, scene.a.hop());
        const Nanoseconds broke = now_monotonic();
        scene.gateway.fail_route(0, {"", "the connection closed", "connection", broke, Nanoseconds(0)});
        scene.gateway.add_route(1, {0, {"a"}, 0}, scene.a.hop());
        scene.gateway.fail_node({"a", "node 'a' is gone", "heartbeat", broke + one.later, one.silent});
        CHECK(scene.gateway.failovers().size() == (one.explains ? 1 : 2));
        CHECK(scene.gateway.failovers().back().node == "a");
    }
}

}  // namespace
}  // namespace carbonedge
