#include "lib/base/errors.h"
#include "lib/base/utf8.h"
#include "lib/tensor/tensor.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace carbonedge {
namespace {

// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
constexpr std::string_view kMagic("\x93NUMPY", 6);

struct DescrRow {
    std::string_view descr;
    DType dtype;
};
constexpr std::array kDescrs{
    DescrRow{"<f4", DType::kFloat32}, DescrRow{"<f8", DType::kFloat64}, DescrRow{"<f2", DType::kFloat16},
    DescrRow{"<i8", DType::kInt64},   DescrRow{"<i4", DType::kInt32},   DescrRow{"<i2", DType::kInt16},
    DescrRow{"|i1", DType::kInt8},    DescrRow{"|u1", DType::kUInt8},   DescrRow{"|b1", DType::kBool}};

/// Reads the header, a Python dict literal with exactly the keys descr, fortran_order and shape.
class HeaderReader {
public:
    HeaderReader(std::string_view text, const std::string& path) : rest_(text), path_(path) {}

    void read(HostTensor& tensor) {
        bool has_descr = false;
        bool has_order = false;
        bool has_shape = false;
        expect('{');
        while (!accept('}')) {
            const std::string_view key = string();
            expect(':');
            if (key == "descr" && !has_descr) {
                tensor.dtype = descr();
                has_descr = true;
            } else if (key == "fortran_order" && !has_order) {
                if (word() != "False") fail("is in Fortran order; save numpy.ascontiguousarray(x) instead");
                has_order = true;
            } else if (key == "shape" && !has_shape) {
                tensor.shape = shape();
                has_shape = true;
            } else {
                fail(fmt::format("has an unexpected or doubled header key {}", quoted_for_message(key)));
            }
            if (!accept(',') && peek() != '}') fail("has a malformed header");
        }
        if (!has_descr || !has_order || !has_shape) fail("has a header without descr, fortran_order or shape");
        if (peek() != '\0') fail("has text after its header");
    }

private:
    [[noreturn]] void fail(const std::string& problem) const { throw InputError(path_, 0, problem); }

    char peek() {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n')) rest_.remove_prefix(1);
        return rest_.empty() ? '\0' : rest_.front();
    }
    bool accept(char wanted) {
        if (peek() != wanted) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void expect(char wanted) {
        if (!accept(wanted)) fail("has a malformed header");
    }
    std::string_view string() {
        expect('\'');
        const std::size_t end = rest_.find('\'');
        if (end == std::string_view::npos) fail("has a malformed header");
        const std::string_view text = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        return text;
    }
    std::string_view word() {
        peek();
        const std::size_t end = std::min(rest_.find_first_of(",} "), rest_.size());
        const std::string_view text = rest_.substr(0, end);
        rest_.remove_prefix(end);
        return text;
    }
    DType descr() {
        if (peek() != '\'') fail("holds a structured array, expected numbers of one type");
        const std::string_view name = string();
        for (const DescrRow& candidate : kDescrs)
            if (candidate.descr == name) return candidate.dtype;
        fail(fmt::format("holds elements of type {}, expected little-endian float, int, uint8 or bool",
                         quoted_for_message(name)));
    }
    std::vector<std::int64_t> shape() {
        std::vector<std::int64_t> extents;
        expect('(');
        while (!accept(')')) {
            peek();
            std::int64_t extent = 0;
            const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), extent);
            if (error != std::errc() || extent < 0 || extent > (std::int64_t{1} << 40U))
                fail("has a malformed shape in its header");
            rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
            extents.push_back(extent);
            if (!accept(',') && peek() != ')') fail("has a malformed shape in its header");
        }
        return extents;
    }

    std::string_view rest_;
    const std::string& path_;
};

/// Bytes the shape needs, or -1 where that is more than `available`: no product can overflow.
std::int64_t needed_bytes(const HostTensor& tensor, std::size_t available) {
    __extension__ using Wide = unsigned __int128;
    Wide bytes = static_cast<Wide>(dtype_size_bytes(tensor.dtype));
    for (const std::int64_t extent : tensor.shape) {
        if (extent == 0) return 0;
        bytes *= static_cast<Wide>(extent);
        if (bytes > available) return -1;
    }
    return static_cast<std::int64_t>(bytes);
}

}  // namespace

HostTensor parse_npy(std::string_view bytes, const std::string& path) {
    if (!bytes.starts_with(kMagic) || bytes.size() < 10)
        throw InputError(path, 0, "is not a .npy file, expected one written by numpy.save");
    const auto byte = [&](std::size_t index) {
        return static_cast<std::size_t>(static_cast<unsigned char>(bytes[index]));
    };
    const std::size_t version = byte(6);
    if (version < 1 || version > 3)
        throw InputError(path, 0, fmt::format("has .npy version {}, expected 1 to 3", version));
    const std::size_t start = version == 1 ? 10 : 12;
    if (bytes.size() < start) throw InputError(path, 0, "ends inside its .npy header");
    const std::size_t length =
        version == 1 ? byte(8) | byte(9) << 8U : byte(8) | byte(9) << 8U | byte(10) << 16U | byte(11) << 24U;
    if (length > bytes.size() - start) throw InputError(path, 0, "ends inside its .npy header");
    HostTensor tensor;
    HeaderReader(bytes.substr(start, length), path).read(tensor);
    const std::string_view content = bytes.substr(start + length);
    const std::int64_t needed = needed_bytes(tensor, content.size());
    if (needed < 0 || static_cast<std::size_t>(needed) != content.size())
        throw InputError(path, 0,
                         fmt::format("holds {} bytes of elements, its header says {} of {}", content.size(),
                                     shape_text(tensor.shape), dtype_name(tensor.dtype)));
    tensor.content.resize(content.size());
    if (!content.empty()) std::memcpy(tensor.content.data(), content.data(), content.size());
    return tensor;
}

HostTensor read_npy(const std::string& path) {
    std::error_code unknown;
    if (std::filesystem::is_directory(path, unknown)) {
        throw InputError(path, 0, "is a folder, expected a .npy file");
    }
    std::ifstream stream(path, std::ios::binary);
    if (!stream) throw InputError(path, 0, "cannot be read, expected a .npy file");
    const std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    if (stream.bad()) throw InputError(path, 0, "cannot be read, expected a .npy file");
    return parse_npy(bytes, path);
}

}  // namespace carbonedge
