# The text becomes an array of byte values: no quoting rule of C++ or CMake can change it.
file(READ "${INPUT}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE "${OUTPUT}"
     "#include <string_view>\nnamespace carbonedge {\nnamespace {\nconstexpr unsigned char kBytes[] = {${bytes}0};\n}\n"
     "extern const std::string_view ${SYMBOL};\n"
     "const std::string_view ${SYMBOL}(reinterpret_cast<const char*>(kBytes), sizeof(kBytes) - 1);\n}\n")
