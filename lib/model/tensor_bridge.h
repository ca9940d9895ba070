#pragma once

#include "lib/model/torch_fwd.h"
#include "lib/tensor/tensor.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// Runs `body` without gradients and with LibTorch's warnings dropped (they would reach stderr). A LibTorch exception
/// becomes an InputError on `path`: "`doing`: first line of its message", without its backtrace.
void with_torch(const std::string& path, const std::string& doing, const std::function<void()>& body);

/// The element type as ours, or nothing where a stage border cannot carry it (complex, quantised).
std::optional<DType> dtype_of(const at::Tensor& tensor);

/// A tensor on the host tensor's own memory, which must outlive it.
at::Tensor borrow_tensor(DType dtype, const std::vector<std::int64_t>& shape, const std::byte* content);
/// A copy of the host tensor that LibTorch owns.
at::Tensor copy_tensor(const HostTensor& tensor);
/// A copy of any strided or opaque CPU tensor. Its element type must be one of ours.
HostTensor to_host(const at::Tensor& tensor, std::string name);

/// The tensors in what a network returned, in order: a tensor, or tuples, lists and dictionaries of them; None is left
/// out. Throws InputError on `path` for anything else.
void flatten_outputs(const c10::IValue& returned, const std::string& path, std::vector<at::Tensor>& tensors);

}  // namespace carbonedge
