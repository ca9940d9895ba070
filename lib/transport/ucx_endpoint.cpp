#include "lib/transport/ucx_endpoint.h"

#include "lib/base/errors.h"
#include "lib/transport/clocks.h"

#include <ucp/api/ucp.h>
#include <algorithm>
#include <utility>

namespace carbonedge {
namespace {

constexpr std::array<char, 4> kHello = {'C', 'E', 'U', '1'};
constexpr ucp_tag_t kWholeTag = ~ucp_tag_t{0};
/// What ends by force ends at once; UCX has this long all the same.
constexpr Nanoseconds kLongestEnd = std::chrono::seconds(5);

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

/// Peers that die or are cut off are reported, which restricts UCX to what can tell.
void UcxEndpoint::create(ucp_ep_params& params) {
    params.field_mask |= UCP_EP_PARAM_FIELD_ERR_HANDLING_MODE | UCP_EP_PARAM_FIELD_ERR_HANDLER;
    params.err_mode = UCP_ERR_HANDLING_MODE_PEER;
    params.err_handler.cb = [](void* self, ucp_ep_h /*endpoint*/, ucs_status_t status) {
        auto* broken = static_cast<UcxEndpoint*>(self);
        broken->broken_status_ = status;
        broken->broken_.store(true);
    };
    params.err_handler.arg = this;
    const std::lock_guard lock(worker_.mutex());
    const ucs_status_t status = ucp_ep_create(worker_.handle(), &params, &endpoint_);
    if (status != UCS_OK) throw EnvironmentError(ucx_problem(status), "see whether it runs with ucx:");
    hello_.sent = start_sending(kHello.data(), kHello.size(), Tag::kHello);
    hello_.came = start_receiving(hello_.word.data(), hello_.word.size(), Tag::kHello);
    ready_.came = start_receiving(ready_.word.data(), ready_.word.size(), Tag::kReady);
}

UcxEndpoint::UcxEndpoint(UcxScope scope, const sockaddr_storage& listener, socklen_t size) : worker_(scope) {
    ucp_ep_params_t params{};
    params.field_mask = UCP_EP_PARAM_FIELD_FLAGS | UCP_EP_PARAM_FIELD_SOCK_ADDR;
    params.flags = UCP_EP_PARAMS_FLAGS_CLIENT_SERVER;
    params.sockaddr.addr = reinterpret_cast<const sockaddr*>(&listener);
    params.sockaddr.addrlen = size;
    create(params);
}

UcxEndpoint::UcxEndpoint(UcxScope scope, ucp_conn_request* request) : worker_(scope) {
    ucp_ep_params_t params{};
    params.field_mask = UCP_EP_PARAM_FIELD_CONN_REQUEST;
    params.conn_request = request;
    create(params);
}

UcxEndpoint::~UcxEndpoint() {
    worker_.resume();
    {
        const std::lock_guard lock(worker_.mutex());
        cancel(hello_.came);
        cancel(ready_.came);
        close();
    }
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
    if (greeted(hello_) && problem_.empty()) {
        if (!flushing_.started()) flushing_ = start_flushing();
        if (!ready_.sent.started() && !flushing_.pending()) {
            ready_.sent = start_sending(kHello.data(), kHello.size(), Tag::kReady);
        }
        if (ready_.sent.started() && greeted(ready_) && problem_.empty()) return Meeting::kMet;
    }
    if (problem_.empty()) {
        if (!broken()) return Meeting::kUnderWay;
        problem_ = broken_status_ == UCS_ERR_REJECTED ? "it refused the connection" : ucx_problem(broken_status_);
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

void UcxEndpoint::close() {
    if (closed_) return;
    closed_ = true;
    broken_.store(true);
    ucp_request_param_t params{};
    params.op_attr_mask = UCP_OP_ATTR_FIELD_FLAGS;
    params.flags = UCP_EP_CLOSE_FLAG_FORCE;
    closing_.set(ucp_ep_close_nbx(endpoint_, &params));
}

}  // namespace carbonedge
