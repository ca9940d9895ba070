#include "lib/formats/json.h"

#include "lib/units/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

class Writer {
public:
    explicit Writer(bool on_one_line) : on_one_line_(on_one_line) {}

    void value(const Json& json, int depth) {
        switch (json.type()) {
            case Json::value_t::object:
                object(json.get_ref<const Json::object_t&>(), depth);
                break;
            case Json::value_t::array:
                array(json.get_ref<const Json::array_t&>(), depth);
                break;
            case Json::value_t::string:
                string(json.get_ref<const std::string&>());
                break;
            case Json::value_t::boolean:
                out_ += json.get<bool>() ? "true" : "false";
                break;
            case Json::value_t::number_integer:
                number(json.get<std::int64_t>());
                break;
            case Json::value_t::number_unsigned:
                number(json.get<std::uint64_t>());
                break;
            case Json::value_t::number_float:
                real(json.get<double>());
                break;
            default:
                out_ += "null";
        }
    }

    std::string take() { return std::move(out_); }

private:
    void new_line(int depth) {
        if (on_one_line_) return;
        out_ += '\n';
        out_.append(static_cast<std::size_t>(depth) * 2, ' ');
    }

    void object(const Json::object_t& members, int depth) {
        out_ += '{';
        bool first = true;
        for (const auto& [key, member] : members) {
            if (!first) out_ += ',';
            first = false;
            new_line(depth + 1);
            string(key);
            out_ += on_one_line_ ? ":" : ": ";
            value(member, depth + 1);
        }
        if (!first) new_line(depth);
        out_ += '}';
    }

    void array(const Json::array_t& elements, int depth) {
        const bool flat =
            std::all_of(elements.begin(), elements.end(), [](const Json& element) { return element.is_number(); });
        out_ += '[';
        bool first = true;
        for (const Json& element : elements) {
            if (!first) out_ += flat && !on_one_line_ ? ", " : ",";
            first = false;
            if (!flat) new_line(depth + 1);
            value(element, depth + 1);
        }
        if (!flat) new_line(depth);
        out_ += ']';
    }

    void string(const std::string& text) {
        const bool plain = std::all_of(text.begin(), text.end(),
                                       [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; });
        if (plain) {
            out_ += '"';
            out_ += text;
            out_ += '"';
        } else {
            out_ += Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
        }
    }

    template <class T>
    void number(T count) {
        std::array<char, 24> buffer{};
        const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), count);
        out_.append(buffer.data(), end);
    }

    void real(double number) {
        if (!std::isfinite(number)) throw std::invalid_argument("a number that is not finite cannot be written");
        // "-0" would be read back as the integer 0.
        if (number == 0) number = 0;
        out_ += number_text(number);
    }

    bool on_one_line_;
    std::string out_;
};

}  // namespace

std::string write_json(const nlohmann::ordered_json& value) {
    Writer writer(/*on_one_line=*/false);
    writer.value(value, 0);
    return writer.take() + '\n';
}

std::string write_json_line(const nlohmann::ordered_json& value) {
    Writer writer(/*on_one_line=*/true);
    writer.value(value, 0);
    return writer.take();
}

}  // namespace carbonedge
