#include "lib/base/errors.h"
#include "lib/runtime/container_cli.h"
#include "lib/runtime/grpc_log.h"
#include "lib/runtime/node_child.h"
#include "lib/runtime/proto/node.grpc.pb.h"
#include "lib/transport/certificate_files.h"
#include "tests/support/skip.h"
#include "tests/unit/runtime/pipeline_fixture.h"

#include <doctest/doctest.h>
#include <grpcpp/grpcpp.h>
#include <algorithm>
#include <iterator>
#include <mutex>
#include <sstream>

namespace carbonedge {
namespace {

constexpr Nanoseconds kPatience = std::chrono::seconds(30);

/// One node that is reached as from another host, and a gateway.
struct RemoteNode {
    TemporaryFolder folder;
    BuiltinLoader loader;
    BuiltinStage stage = chain_of(1).front();
    std::unique_ptr<NodeServer> node;
    std::unique_ptr<ControlClient> control;
    Gateway gateway{"tcp:127.0.0.1:0", Bytes(64 << 20), kPatience};

    explicit RemoteNode(bool believes = true) {
        NodeOptions options;
        options.name = "n0";
        options.directory = folder.path().string();
        options.control = "127.0.0.1:0";
        options.tensors = "tcp:127.0.0.1:0";
        options.security.plain_text = believes;
        node = std::make_unique<NodeServer>(options, loader);
        control = std::make_unique<ControlClient>("n0", node->control_address());
    }

    void load() {
        const std::string path = folder.file("stage");
        std::ofstream(path, std::ios::binary) << builtin_stage_text(stage);
        control->await(kPatience, {});
        control->load_stage("s0", path, true, kPatience, {});
        control->set_route(0, "s0", {"gateway", gateway.address(), {}}, kPatience, {});
        gateway.connect(0, {"n0", node->tensors_address(), {}});
    }

    Answer ask() {
        const std::vector<HostTensor> inputs = inputs_of(stage, 1);
        auto promise = std::make_shared<std::promise<Answer>>();
        gateway.submit(0, views_of(inputs), nullptr, now_monotonic(),
                       [promise](Answer answer) { promise->set_value(std::move(answer)); });
        return promise->get_future().get();
    }
};

Nanoseconds sum_of(const RequestRecord& record) {
    Nanoseconds sum = record.wait + record.return_transfer;
    for (const StageRecord& stage : record.stages) sum += stage.transfer + stage.queue + stage.compute;
    return sum;
}

TEST_CASE("a node that is reached over TCP answers as one beside us") {
    RemoteNode remote;
    remote.load();
    const Answer answer = remote.ask();
    REQUIRE_MESSAGE(answer.record.ok, answer.record.error);
    CHECK(answer.outputs.at(0).content == expected_outputs(remote.stage, inputs_of(remote.stage, 1)).at(0).content);
    CHECK(sum_of(answer.record) == answer.record.latency);
}

TEST_CASE("a node says what it has used and its clock is ours on the same kernel") {
    RemoteNode remote;
    remote.control->await(kPatience, {});
    const ReportedUsage usage = remote.control->usage(kPatience, {});
    CHECK(usage.cpu > Nanoseconds(0));
    CHECK(usage.peak_memory > Bytes(0));
    CHECK(remote.control->align_clock(3, kPatience, {}) == ClockOffset{});
}

TEST_CASE("the parts add up to the latency however wrong a clock is") {
    for (const Nanoseconds wrong : {Nanoseconds(std::chrono::hours(-5)), Nanoseconds(-20'000), Nanoseconds(20'000),
                                    Nanoseconds(std::chrono::seconds(3))}) {
        RemoteNode remote;
        remote.load();
        remote.control->state_offset(wrong, kPatience);
        const RequestRecord record = remote.ask().record;
        REQUIRE_MESSAGE(record.ok, record.error);
        CHECK(sum_of(record) == record.latency);
        CHECK(record.stages.at(0).transfer >= Nanoseconds(0));
        CHECK(record.return_transfer >= Nanoseconds(0));
    }
}

TEST_CASE("a node that believes nobody from elsewhere refuses control by TCP") {
    RemoteNode remote(false);
    CHECK_THROWS_WITH_AS(remote.control->await(kPatience, {}), doctest::Contains("private socket only"),
                         EnvironmentError);
}

TEST_CASE("plain text beyond loopback must be asked for") {
    const TemporaryFolder folder;
    BuiltinLoader loader;
    for (const bool tensors : {false, true}) {
        NodeOptions options;
        options.name = "n0";
        options.directory = folder.path().string();
        (tensors ? options.tensors : options.control) = tensors ? "tcp:0.0.0.0:0" : "0.0.0.0:0";
        CHECK_THROWS_AS(NodeServer(options, loader), UsageError);
    }
}

std::chrono::sys_seconds today() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

CertificateRequest request_for_test(bool overwrite) {
    CertificateRequest request;
    request.cluster = "test";
    for (const char* name : {"gateway", "n0", "n1"}) request.subjects.push_back({name, {}});
    request.overwrite = overwrite;
    return request;
}

/// An authority and certificates of "gateway", "n0" and "n1".
std::string certificates_in(const TemporaryFolder& folder) {
    const std::string directory = folder.file("tls");
    write_certificates(directory, request_for_test(false), today());
    return directory;
}

struct SecuredNode {
    BuiltinLoader loader;
    std::unique_ptr<NodeServer> node;

    SecuredNode(const TemporaryFolder& folder, const std::string& certificates,
                const std::function<void(NodeOptions&)>& change = {}) {
        NodeOptions options;
        options.name = "n0";
        options.directory = folder.path().string();
        options.control = "127.0.0.1:0";
        options.tensors = "tls:127.0.0.1:0";
        options.security.tls_directory = certificates;
        if (change) change(options);
        node = std::make_unique<NodeServer>(options, loader);
    }
};

TEST_CASE("a node with certificates answers the gateway control and tensors encrypted") {
    const TemporaryFolder folder;
    const PeerSecurity security{certificates_in(folder), false};
    SecuredNode secured(folder, security.tls_directory);
    Gateway gateway("tls:127.0.0.1:0", Bytes(64 << 20), kPatience, {}, secured_streams(security, "gateway", kPatience));
    ControlClient control("n0", secured.node->control_address(), security);
    const BuiltinStage stage = chain_of(1).front();
    const std::string path = folder.file("stage");
    std::ofstream(path, std::ios::binary) << builtin_stage_text(stage);
    control.await(kPatience, {});
    control.load_stage("s0", path, true, kPatience, {});
    control.set_route(0, "s0", {"gateway", gateway.address(), {}}, kPatience, {});
    gateway.connect(0, {"n0", secured.node->tensors_address(), {}});
    const std::vector<HostTensor> inputs = inputs_of(stage, 1);
    std::promise<Answer> promise;
    gateway.submit(0, views_of(inputs), nullptr, now_monotonic(),
                   [&promise](Answer given) { promise.set_value(std::move(given)); });
    const Answer answer = promise.get_future().get();
    REQUIRE_MESSAGE(answer.record.ok, answer.record.error);
    CHECK(answer.outputs.at(0).content == expected_outputs(stage, inputs).at(0).content);
    CHECK(sum_of(answer.record) == answer.record.latency);
}

TEST_CASE("control is the gateway's alone: others of the authority strangers and plain text are refused") {
    const TemporaryFolder folder;
    const TemporaryFolder elsewhere;
    const std::string certificates = certificates_in(folder);
    SecuredNode secured(folder, certificates);
    const Nanoseconds soon = std::chrono::seconds(5);
    const auto refused = [&](const PeerSecurity& security, const std::string& node) {
        ControlClient control(node, secured.node->control_address(), security);
        CHECK_THROWS_AS(control.usage(soon, {}), EnvironmentError);
    };
    refused({certificates_in(elsewhere), false}, "n0");  // signed by another authority
    refused({"", true}, "n0");                           // no certificate
    refused({certificates, false}, "n1");                // the node is not whom we take it for
    // n1 in the gateway's place.
    const std::string impostor = folder.file("impostor");
    std::filesystem::create_directories(impostor);
    std::filesystem::copy(certificates + "/n1", impostor + "/gateway", std::filesystem::copy_options::recursive);
    refused({impostor, false}, "n0");
    ControlClient control("n0", secured.node->control_address(), {certificates, false});
    CHECK(control.usage(kPatience, {}).cpu > Nanoseconds(0));
}

/// Until it is true, for so long as a test may take.
template <class Condition>
bool becomes_true(const Condition& condition) {
    const Nanoseconds end = now_monotonic() + kPatience;
    while (now_monotonic() < end) {
        if (condition()) return true;
    }
    return false;
}

/// Whether tensors may be sent to `address` by `name` of these certificates, who takes the other end for n0.
bool may_connect(const std::string& address, const std::string& certificates, const std::string& name,
                 std::string* problem = nullptr) {
    StreamOptions streams = secured_streams({certificates, false}, name, kPatience);
    streams.expected_name = "n0";
    try {
        (void)connect_frames(address, "n0", streams);
        return true;
    } catch (const EnvironmentError& error) {
        if (problem != nullptr) *problem = error.what();
        return false;
    }
}

TEST_CASE("replaced certificates hold for new connections without a restart") {
    const TemporaryFolder folder;
    const std::string certificates = certificates_in(folder);
    const std::string before = folder.file("before");
    std::filesystem::copy(certificates, before, std::filesystem::copy_options::recursive);
    SecuredNode secured(folder, certificates);
    const std::string tensors = secured.node->tensors_address();
    CHECK(may_connect(tensors, certificates, "gateway"));
    ControlClient early("n0", secured.node->control_address(), {certificates, false});
    CHECK(early.usage(kPatience, {}).cpu > Nanoseconds(0));

    write_certificates(certificates, request_for_test(true), today());  // of another authority
    CHECK(becomes_true([&] { return may_connect(tensors, certificates, "gateway"); }));
    CHECK_FALSE(may_connect(tensors, before, "gateway"));
    const auto answers = [&](const std::string& directory) {
        try {
            ControlClient control("n0", secured.node->control_address(), {directory, false});
            return control.usage(kPatience, {}).cpu > Nanoseconds(0);
        } catch (const EnvironmentError&) {
            return false;
        }
    };
    CHECK(becomes_true([&] { return answers(certificates); }));
    CHECK_FALSE(answers(before));
    CHECK(early.usage(kPatience, {}).cpu > Nanoseconds(0));  // a connection that is open stays so
}

TEST_CASE("tensors of a valid certificate with another name are refused") {
    const TemporaryFolder folder;
    const std::string certificates = certificates_in(folder);
    std::mutex mutex;
    std::vector<std::string> warnings;
    SecuredNode secured(folder, certificates, [&](NodeOptions& options) {
        options.security.accepted = {"gateway", "n7"};
        options.warn = [&](const std::string& line) {
            const std::lock_guard lock(mutex);
            warnings.push_back(line);
        };
    });
    const std::string tensors = secured.node->tensors_address();
    for (int i = 0; i < 3; ++i) CHECK_FALSE(may_connect(tensors, certificates, "n1"));
    CHECK(may_connect(tensors, certificates, "gateway"));
    const std::lock_guard lock(mutex);
    CHECK(warnings == std::vector<std::string>{
                          "a connection from 127.0.0.1 was refused: 'n1' is not one of those that may connect"});
}

TEST_CASE("who is refused at the control port is told once, in our words, and the node goes on") {
    const TemporaryFolder folder;
    const TemporaryFolder elsewhere;
    const std::string certificates = certificates_in(folder);
    const std::string strangers = certificates_in(elsewhere);
    // Expired yesterday, of the same authority.
    const std::string expired = folder.file("expired");
    std::filesystem::copy(certificates, expired, std::filesystem::copy_options::recursive);
    CertificateRequest old = request_for_test(false);
    old.rotate = true;
    old.valid = std::chrono::hours(1);
    write_certificates(expired, old, today() - std::chrono::days(1));

    std::mutex mutex;
    std::vector<std::string> lines;
    const GrpcLog log([&](const std::string& line) {
        const std::lock_guard lock(mutex);
        lines.push_back(line);
    });
    SecuredNode secured(folder, certificates);
    const std::string address = secured.node->control_address();
    const auto call = [&](const grpc::SslCredentialsOptions& options) {
        grpc::ChannelArguments arguments;
        arguments.SetSslTargetNameOverride("n0");
        arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
        const auto stub = wire::Node::NewStub(
            grpc::CreateCustomChannel("dns:///" + address, grpc::SslCredentials(options), arguments));
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + kPatience);
        wire::UsageResponse response;
        return stub->Usage(&context, {}, &response).ok();
    };
    const auto text_of = [](const std::string& path) {
        std::ostringstream text;
        text << std::ifstream(path).rdbuf();
        return text.str();
    };
    const auto options_of = [&](const std::string& directory) {
        const TlsFiles files = tls_files(directory, "gateway");
        // Whom it believes is not the question here, but whether it is believed.
        return grpc::SslCredentialsOptions{text_of(certificates + "/ca.pem"), text_of(files.key),
                                           text_of(files.certificate)};
    };
    for (int i = 0; i < 2; ++i) {
        CHECK_FALSE(call(options_of(expired)));
        CHECK_FALSE(call(options_of(strangers)));
        CHECK_FALSE(call({text_of(certificates + "/ca.pem"), "", ""}));
    }
    CHECK(call(options_of(certificates)));
    const std::lock_guard lock(mutex);
    std::vector<std::string> refusals;
    std::copy_if(lines.begin(), lines.end(), std::back_inserter(refusals),
                 [](const std::string& line) { return line.find("was refused") != std::string::npos; });
    std::sort(refusals.begin(), refusals.end());
    CHECK(refusals == std::vector<std::string>{"a gRPC connection was refused: certificate verify failed",
                                               "a gRPC connection was refused: peer did not return a certificate"});
}

TEST_CASE("a certificate that ends within days is told when a node starts") {
    const TemporaryFolder folder;
    const std::string certificates = certificates_in(folder);
    CertificateRequest soon = request_for_test(false);
    soon.rotate = true;
    soon.valid = std::chrono::days(2);
    write_certificates(certificates, soon, today());
    std::vector<std::string> warnings;
    const SecuredNode secured(folder, certificates, [&](NodeOptions& options) {
        options.warn = [&](const std::string& line) { warnings.push_back(line); };
    });
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].starts_with("the certificate of n0 expires at "));
}

TEST_CASE("certificates that are not there are named") {
    const TemporaryFolder folder;
    CHECK_THROWS_WITH_AS(SecuredNode(folder, "no/such"), doctest::Contains("no/such/n0/ca.pem"), InputError);
    CHECK_THROWS_WITH_AS(ControlClient("n0", "127.0.0.1:1", {"no/such", false}),
                         doctest::Contains("no/such/gateway/ca.pem"), InputError);
}

TEST_CASE("a clock that counts from elsewhere is found and taken into account") {
    constexpr Nanoseconds kShift = std::chrono::hours(1);
    const std::vector<std::string> apart{"--time", "--monotonic", "3600", "--fork", "--kill-child", "--"};
    std::vector<std::string> words = apart;
    words.emplace_back("true");
    if (ContainerCli("unshare", {"PATH=/usr/bin:/bin"}).run(words, kPatience, {}).status != 0) {
        skip_test("a time namespace cannot be made (needs root and a kernel with them)");
        return;
    }
    const TemporaryFolder folder;
    Program program;
    program.path = "/usr/bin/unshare";
    program.arguments = apart;
    for (const std::string& word : {std::string(CARBONEDGE_BUILTIN_NODE), std::string("--name"), std::string("n0"),
                                    std::string("--directory"), folder.path().string()}) {
        program.arguments.push_back(word);
    }
    const LimitGroup group = LimitGroup::create("clock", {});
    NodeChild child(program, group);
    CHECK(child.read_line(kPatience, {}).starts_with("ready "));
    ControlClient control("n0", folder.file("n0.control"));
    const std::optional<ClockOffset> offset = control.align_clock(16, kPatience, {});
    REQUIRE(offset);
    CHECK(offset->uncertainty > Nanoseconds(0));
    CHECK(offset->ahead - offset->uncertainty <= kShift);
    CHECK(kShift <= offset->ahead + offset->uncertainty);

    const BuiltinStage stage = chain_of(1).front();
    const std::string path = folder.file("stage");
    std::ofstream(path, std::ios::binary) << builtin_stage_text(stage);
    Gateway gateway("unix:" + folder.file("gateway.tensors"), Bytes(64 << 20), kPatience);
    control.load_stage("s0", path, true, kPatience, {});
    control.set_route(0, "s0", {"gateway", gateway.address(), {true, std::chrono::milliseconds(2), {}}}, kPatience, {});
    gateway.connect(0, {"n0", "unix:" + folder.file("n0.tensors"), {}});
    const std::vector<HostTensor> inputs = inputs_of(stage, 1);
    std::promise<Answer> promise;
    gateway.submit(0, views_of(inputs), nullptr, now_monotonic(),
                   [&promise](Answer given) { promise.set_value(std::move(given)); });
    const RequestRecord record = promise.get_future().get().record;
    REQUIRE_MESSAGE(record.ok, record.error);
    CHECK(sum_of(record) == record.latency);
    CHECK(record.latency < std::chrono::minutes(1));
    CHECK(record.return_transfer + offset->uncertainty >= std::chrono::milliseconds(2));  // the imitated link
    control.shut_down(kPatience);
}

}  // namespace
}  // namespace carbonedge
