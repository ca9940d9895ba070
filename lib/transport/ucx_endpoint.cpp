#include "lib/transport/ucx_endpoint.h"

#include "lib/base/errors.h"
#include "lib/transport/clocks.h"
#include "lib/transport/tcp_socket.h"

#include <sys/socket.h>
#include <ucp/api/ucp.h>
#include <algorithm>
#include <cerrno>
#include <utility>

namespace carbonedge {
namespace {

constexpr std::array<char, 4> kHello = {'C', 'E', 'U', '1'};
constexpr ucp_tag_t kWholeTag = ~ucp_tag_t{0};
/// What ends by force ends at once; UCX has this long all the same.
constexpr Nanoseconds kLongestEnd = std::chrono::seconds(5);

/// UCX's own are a few hundred bytes, with many networks a few thousand.
constexpr std::size_t kLongestAddress = 64 * 1024;

/// How long the address is that follows.
std::size_t announced(const std::string& introduction) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        size |= static_cast<std::size_t>(static_cast<unsigned char>(introduction[kHello.size() + i])) << (8 * i);
    }
    return size;
}

ucp_tag_t number_of(UcxEndpoint::Tag tag) { return static_cast<ucp_tag_t>(tag); }

}  // namespace

// -- requests --------------------------------------------------------------------------------------------------------

UcxRequest::UcxRequest(UcxRequest&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), started_(std::exchange(other.started_, false)) {}

UcxRequest& UcxRequest::operator=(UcxRequest&& other) noexcept {
    release();
    handle_ = std::exchange(other.handle_, nullptr);
    started_ = std::exchange(other.started_, false);
    return *this;
}

void UcxRequest::set(void* handle) {
    handle_ = handle;
    started_ = true;
}

bool UcxRequest::pending() const {
    return UCS_PTR_IS_PTR(handle_) && ucp_request_check_status(handle_) == UCS_INPROGRESS;
}

int UcxRequest::status() const {
    if (handle_ == nullptr) return UCS_OK;
    return UCS_PTR_IS_PTR(handle_) ? ucp_request_check_status(handle_) : UCS_PTR_STATUS(handle_);
}

std::size_t UcxRequest::received() const {
    if (!UCS_PTR_IS_PTR(handle_)) return 0;
    ucp_tag_recv_info_t came{};
    return ucp_tag_recv_request_test(handle_, &came) == UCS_OK ? came.length : 0;
}

void UcxRequest::release() {
    if (UCS_PTR_IS_PTR(handle_)) ucp_request_free(handle_);
    handle_ = nullptr;
    started_ = false;
}

// -- the endpoint ----------------------------------------------------------------------------------------------------

UcxEndpoint::UcxEndpoint(UcxScope scope, Descriptor socket)
    : socket_(std::move(socket)), here_(stays_here(socket_)), worker_(scope) {
    worker_.watch(socket_.number(), true);
    introduce();
}

void UcxEndpoint::introduce() {
    ucp_address_t* address = nullptr;
    std::size_t size = 0;
    const ucs_status_t status = ucp_worker_get_address(worker_.handle(), &address, &size);
    if (status != UCS_OK) throw EnvironmentError(ucx_problem(status), "see whether UCX works on this machine");
    std::string own(kHello.begin(), kHello.end());
    for (unsigned shift = 0; shift < 32; shift += 8) own += static_cast<char>((size >> shift) & 0xFFU);
    own.append(reinterpret_cast<const char*>(address), size);
    ucp_worker_release_address(worker_.handle(), address);
    // Some hundred bytes fit the buffer of any socket; what becomes of them the answer tells.
    if (::send(socket_.number(), own.data(), own.size(), MSG_NOSIGNAL) < 0) problem_ = "it went away";
}

bool UcxEndpoint::connect() {
    constexpr std::size_t kFixed = kHello.size() + 4;
    std::size_t whole = kFixed;
    if (introduction_.size() >= kFixed) {
        whole += announced(introduction_);
    }
    while (introduction_.size() < whole) {
        std::array<char, 4096> part{};
        const ssize_t came =
            ::recv(socket_.number(), part.data(), std::min(part.size(), whole - introduction_.size()), MSG_DONTWAIT);
        if (came == 0) problem_ = "it refused the connection";
        if (came < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) problem_ = "it went away";
        if (came <= 0) return false;
        introduction_.append(part.data(), static_cast<std::size_t>(came));
        if (introduction_.size() != kFixed) continue;
        if (!std::equal(kHello.begin(), kHello.end(), introduction_.begin()) ||
            announced(introduction_) > kLongestAddress) {
            problem_ = "it does not speak carbonedge's frames over UCX";
            return false;
        }
        whole += announced(introduction_);
    }
    worker_.watch(socket_.number(), false);
    ucp_ep_params_t params{};
    params.field_mask =
        UCP_EP_PARAM_FIELD_REMOTE_ADDRESS | UCP_EP_PARAM_FIELD_ERR_HANDLING_MODE | UCP_EP_PARAM_FIELD_ERR_HANDLER;
    params.address = reinterpret_cast<const ucp_address_t*>(introduction_.data() + kFixed);
    // To report peers that are cut off restricts UCX to what can tell, which its shared memory cannot: there the socket
    // does.
    params.err_mode = here_ ? UCP_ERR_HANDLING_MODE_NONE : UCP_ERR_HANDLING_MODE_PEER;
    params.err_handler.cb = [](void* self, ucp_ep_h /*endpoint*/, ucs_status_t /*status*/) {
        static_cast<UcxEndpoint*>(self)->broken_.store(true);
    };
    params.err_handler.arg = this;
    const ucs_status_t status = ucp_ep_create(worker_.handle(), &params, &endpoint_);
    if (status != UCS_OK) {
        endpoint_ = nullptr;
        problem_ = ucx_problem(status);
        return false;
    }
    hello_.sent = start_sending(kHello.data(), kHello.size(), Tag::kHello);
    hello_.came = start_receiving(hello_.word.data(), hello_.word.size(), Tag::kHello);
    ready_.came = start_receiving(ready_.word.data(), ready_.word.size(), Tag::kReady);
    return true;
}

UcxEndpoint::~UcxEndpoint() {
    worker_.resume();
    bool waits = false;
    {
        const std::lock_guard lock(worker_.mutex());
        cancel(hello_.came);
        cancel(ready_.came);
        waits = close();
    }
    if (!waits) return;
    const auto ended = [this] {
        const std::array<const UcxRequest*, 6> all{&closing_,    &flushing_,   &hello_.sent,
                                                   &hello_.came, &ready_.sent, &ready_.came};
        return std::none_of(all.begin(), all.end(), [](const UcxRequest* each) { return each->pending(); });
    };
    if (!worker_.wait_until(ended, now_monotonic() + kLongestEnd)) worker_.abandon();
}

bool UcxEndpoint::greeted(Greeting& greeting) {
    if (greeting.sent.pending() || !greeting.came.started() || greeting.came.pending()) return false;
    if (greeting.came.status() != UCS_OK || greeting.came.received() != greeting.word.size() ||
        greeting.word != kHello) {
        problem_ = "it does not speak carbonedge's frames";
    }
    return true;
}

UcxEndpoint::Meeting UcxEndpoint::meeting() {
    const bool connected = endpoint_ != nullptr || (problem_.empty() && connect());
    if (connected && greeted(hello_) && problem_.empty()) {
        if (!flushing_.started()) flushing_ = start_flushing();
        if (!ready_.sent.started() && !flushing_.pending()) {
            ready_.sent = start_sending(kHello.data(), kHello.size(), Tag::kReady);
        }
        if (ready_.sent.started() && greeted(ready_) && problem_.empty()) return Meeting::kMet;
    }
    if (problem_.empty()) {
        if (!broken()) return Meeting::kUnderWay;
        problem_ = "it refused the connection";
    }
    return Meeting::kFailed;
}

UcxRequest UcxEndpoint::start_sending(const void* bytes, std::size_t size, Tag tag) {
    UcxRequest request;
    const ucp_request_param_t params{};
    request.set(ucp_tag_send_nbx(endpoint_, bytes, size, number_of(tag), &params));
    return request;
}

UcxRequest UcxEndpoint::start_receiving(void* bytes, std::size_t size, Tag tag) {
    UcxRequest request;
    ucp_request_param_t params{};
    params.op_attr_mask = UCP_OP_ATTR_FLAG_NO_IMM_CMPL;  // the request tells how much came
    request.set(ucp_tag_recv_nbx(worker_.handle(), bytes, size, number_of(tag), kWholeTag, &params));
    return request;
}

UcxRequest UcxEndpoint::start_flushing() {
    UcxRequest request;
    const ucp_request_param_t params{};
    request.set(ucp_ep_flush_nbx(endpoint_, &params));
    return request;
}

void UcxEndpoint::cancel(UcxRequest& request) {
    if (request.pending()) ucp_request_cancel(worker_.handle(), request.handle_);
}

bool UcxEndpoint::close() {
    if (!closed_) {
        closed_ = true;
        broken_.store(true);
        ::shutdown(socket_.number(), SHUT_RDWR);
        if (!here_ && endpoint_ != nullptr) {
            ucp_request_param_t params{};
            params.op_attr_mask = UCP_OP_ATTR_FIELD_FLAGS;
            params.flags = UCP_EP_CLOSE_FLAG_FORCE;
            closing_.set(ucp_ep_close_nbx(endpoint_, &params));
        }
    }
    return !here_;
}

}  // namespace carbonedge
