#include "lib/model/tensor_bridge.h"

#include "lib/base/errors.h"

#include <ATen/ATen.h>
#include <ATen/core/Dict.h>
#include <ATen/core/ivalue.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <array>
#include <cstring>

namespace carbonedge {
namespace {

struct SilentWarnings : c10::WarningHandler {
    void process(const c10::SourceLocation& /*where*/, const std::string& /*message*/, bool /*verbatim*/) override {}
};

/// LibTorch has one handler for the process and setting it is not thread-safe, so it is set once and stays.
void drop_warnings() {
    static SilentWarnings silent;
    static const bool set = [] {
        c10::Warning::set_warning_handler(&silent);
        return true;
    }();
    static_cast<void>(set);
}

struct ScalarTypeRow {
    DType dtype;
    at::ScalarType scalar_type;
};
constexpr std::array kScalarTypes{
    ScalarTypeRow{DType::kFloat32, at::kFloat}, ScalarTypeRow{DType::kFloat64, at::kDouble},
    ScalarTypeRow{DType::kFloat16, at::kHalf},  ScalarTypeRow{DType::kBFloat16, at::kBFloat16},
    ScalarTypeRow{DType::kInt64, at::kLong},    ScalarTypeRow{DType::kInt32, at::kInt},
    ScalarTypeRow{DType::kInt16, at::kShort},   ScalarTypeRow{DType::kInt8, at::kChar},
    ScalarTypeRow{DType::kUInt8, at::kByte},    ScalarTypeRow{DType::kBool, at::kBool},
};

at::ScalarType scalar_type(DType dtype) {
    for (const ScalarTypeRow& row : kScalarTypes)
        if (row.dtype == dtype) return row.scalar_type;
    return at::kFloat;
}

/// LibTorch's message shortened to what says something: for a failure inside a scripted model that is the last line.
std::string one_line(std::string message) {
    while (!message.empty() && (message.back() == '\n' || message.back() == ' ')) message.pop_back();
    message.erase(0, message.find_first_not_of("\n "));
    if (message.find("Traceback of TorchScript") != std::string::npos)
        message = message.substr(message.rfind('\n') + 1);
    else
        message = message.substr(0, message.find('\n'));
    return message;
}

}  // namespace

void with_torch(const std::string& path, const std::string& doing, const std::function<void()>& body) {
    drop_warnings();
    const at::NoGradGuard no_gradients;
    try {
        body();
    } catch (const InputError&) {
        throw;
    } catch (const EnvironmentError&) {
        throw;
    } catch (const UsageError&) {
        throw;
    } catch (const c10::Error& error) {
        throw InputError(path, 0, fmt::format("{}: {}", doing, one_line(error.what_without_backtrace())));
    } catch (const std::exception& error) {
        throw InputError(path, 0, fmt::format("{}: {}", doing, one_line(error.what())));
    }
}

std::optional<DType> dtype_of(const at::Tensor& tensor) {
    for (const ScalarTypeRow& row : kScalarTypes)
        if (row.scalar_type == tensor.scalar_type()) return row.dtype;
    return std::nullopt;
}

at::Tensor borrow_tensor(DType dtype, const std::vector<std::int64_t>& shape, const std::byte* content) {
    // from_blob takes void*; networks that write into their input are made not to when they are loaded.
    return at::from_blob(const_cast<std::byte*>(content), shape, at::TensorOptions(scalar_type(dtype)));
}

at::Tensor copy_tensor(const HostTensor& tensor) {
    return borrow_tensor(tensor.dtype, tensor.shape, tensor.content.data()).clone();
}

HostTensor to_host(const at::Tensor& tensor, std::string name) {
    const std::optional<DType> dtype = dtype_of(tensor);
    TORCH_CHECK(dtype, "tensors of type ", tensor.scalar_type(), " are not supported");
    const at::Tensor dense = (tensor.layout() == at::kMkldnn ? tensor.to_dense() : tensor).contiguous();
    HostTensor host{std::move(name), *dtype, dense.sizes().vec(), {}};
    host.content.resize(dense.nbytes());
    if (!host.content.empty()) std::memcpy(host.content.data(), dense.data_ptr(), dense.nbytes());
    return host;
}

void flatten_outputs(const c10::IValue& returned, const std::string& path, std::vector<at::Tensor>& tensors) {
    if (returned.isTensor()) {
        tensors.push_back(returned.toTensor());
    } else if (returned.isTuple()) {
        for (const c10::IValue& element : returned.toTupleRef().elements()) flatten_outputs(element, path, tensors);
    } else if (returned.isList()) {
        for (const c10::IValue& element : returned.toListRef()) flatten_outputs(element, path, tensors);
    } else if (returned.isGenericDict()) {
        for (const auto& entry : returned.toGenericDict()) flatten_outputs(entry.value(), path, tensors);
    } else if (!returned.isNone()) {
        throw InputError(path, 0, fmt::format("returns a value of type {}, expected tensors", returned.tagKind()));
    }
}

}  // namespace carbonedge
