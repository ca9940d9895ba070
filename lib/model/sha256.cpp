#include "lib/model/sha256.h"

#include "lib/base/errors.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>

namespace carbonedge {

std::string sha256_of_file(const std::string& path) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored))
        throw InputError(path, 0, "is a folder, expected a TorchScript file");
    std::ifstream stream(path, std::ios::binary);
    if (!stream) throw InputError(path, 0, "cannot be read, expected a TorchScript file");
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1)
        throw EnvironmentError("OpenSSL has no SHA-256", "");
    std::array<char, 1U << 16U> block{};
    while (stream.read(block.data(), block.size()) || stream.gcount() > 0)
        EVP_DigestUpdate(context.get(), block.data(), static_cast<std::size_t>(stream.gcount()));
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context.get(), digest.data(), &size);
    std::string text;
    for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
}

}  // namespace carbonedge
