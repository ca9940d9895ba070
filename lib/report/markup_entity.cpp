#include "lib/report/markup_entity.h"

namespace carbonedge {

std::string_view markup_entity(char letter) {
    switch (letter) {
        case '<':
            return "&lt;";
        case '>':
            return "&gt;";
        case '&':
            return "&amp;";
        case '"':
            return "&quot;";
        case '\'':
            return "&#39;";
        default:
            return "";
    }
}

}  // namespace carbonedge
