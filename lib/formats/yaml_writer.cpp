#include "lib/formats/yaml.h"

#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>
#include <yaml-cpp/null.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

/// Letters, digits, '-', '_' and '/', beginning with a letter, and no word that some version of YAML takes for a value.
bool is_plain_key(std::string_view key) {
    constexpr std::array<std::string_view, 9> kValues{"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto is_plain = [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '/';
    };
    std::string lower(key);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return !key.empty() && is_letter(key.front()) && std::all_of(key.begin(), key.end(), is_plain) &&
           std::find(kValues.begin(), kValues.end(), lower) == kValues.end();
}

/// YAML 1.1 takes "1e-05" for text: a number has a point.
std::string number_with_point(const Json& number) {
    std::string text = number.dump();
    const std::size_t exponent = text.find('e');
    if (exponent != std::string::npos && text.find('.') == std::string::npos) text.insert(exponent, ".0");
    return text;
}

bool is_flat(const Json& array) {
    return std::none_of(array.begin(), array.end(), [](const Json& each) { return each.is_structured(); });
}

void emit(YAML::Emitter& out, const Json& value) {
    if (value.is_object()) {
        out << YAML::BeginMap;
        for (const auto& member : value.items()) {
            out << YAML::Key;
            if (!is_plain_key(member.key())) out << YAML::DoubleQuoted;
            out << member.key() << YAML::Value;
            emit(out, member.value());
        }
        out << YAML::EndMap;
    } else if (value.is_array()) {
        out << (is_flat(value) ? YAML::Flow : YAML::Block) << YAML::BeginSeq;
        for (const Json& each : value) emit(out, each);
        out << YAML::EndSeq;
    } else if (value.is_string()) {
        out << YAML::DoubleQuoted << value.get_ref<const std::string&>();
    } else if (value.is_number_float()) {
        if (!std::isfinite(value.get<double>()))
            throw std::invalid_argument("YAML for every reader has finite numbers");
        out << number_with_point(value);
    } else if (value.is_null()) {
        out << YAML::Null;
    } else {
        out << value.dump();
    }
}

}  // namespace

std::string write_yaml(const Json& value) {
    YAML::Emitter out;
    emit(out, value);
    return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace carbonedge
