# The text becomes an array of byte values: no quoting rule of C++ or CMake can change it.
file(READ "${INPUT}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(SHA256 "${INPUT}" sha256)
file(WRITE "${OUTPUT}"
     "#include <string_view>\nnamespace carbonedge {\nnamespace {\nconstexpr unsigned char kBytes[] = {${bytes}0};\n}\n"
     "extern const std::string_view ${SYMBOL};\n"
     "const std::string_view ${SYMBOL}(reinterpret_cast<const char*>(kBytes), sizeof(kBytes) - 1);\n"
     "extern const std::string_view ${SYMBOL}_sha256;\nconst std::string_view ${SYMBOL}_sha256 = \"${sha256}\";\n}\n")
