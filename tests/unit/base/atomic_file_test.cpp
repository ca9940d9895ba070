#include "lib/base/atomic_file.h"

#include "lib/base/errors.h"
#include "tests/support/temporary_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace carbonedge {
namespace {

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::size_t entries(const TemporaryFolder& folder) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder.path()), {}));
}

}  // namespace

TEST_CASE("a file is written whole and nothing is left beside it") {
    const TemporaryFolder folder;
    std::ostringstream standard_output;
    const std::string bytes("a\0b\r\n\xff", 6);
    write_output(folder.file("out"), false, bytes, standard_output);
    CHECK(content_of(folder.file("out")) == bytes);
    CHECK(entries(folder) == 1);
    CHECK(standard_output.str().empty());
}

TEST_CASE("a dash writes to standard output and a full one is an error") {
    std::ostringstream standard_output;
    write_output("-", false, "text", standard_output);
    CHECK(standard_output.str() == "text");
    std::ofstream full("/dev/full");
    CHECK_THROWS_WITH_AS(write_output("-", false, "text", full),
                         "cannot write to standard output; check the reader of the pipe", EnvironmentError);
}

TEST_CASE("an existing file is refused and kept without overwrite") {
    const TemporaryFolder folder;
    std::ostringstream unused;
    const std::string path = folder.file("out");
    check_output(path, false);
    write_output(path, false, "old", unused);
    const std::string said = path + " already exists; use --overwrite to replace it";
    CHECK_THROWS_WITH_AS(check_output(path, false), said.c_str(), EnvironmentError);
    CHECK_THROWS_WITH_AS(write_output(path, false, "new", unused), said.c_str(), EnvironmentError);
    CHECK(content_of(path) == "old");
    CHECK(entries(folder) == 1);
    check_output(path, true);
    write_output(path, true, "new", unused);
    CHECK(content_of(path) == "new");
}

TEST_CASE("overwriting keeps the permissions and follows a link") {
    const TemporaryFolder folder;
    std::ostringstream unused;
    write_output(folder.file("real"), false, "old", unused);
    REQUIRE(::chmod(folder.file("real").c_str(), 0600) == 0);
    std::filesystem::create_symlink("real", folder.file("link"));
    write_output(folder.file("link"), true, "new", unused);
    CHECK(content_of(folder.file("real")) == "new");
    CHECK(std::filesystem::is_symlink(folder.file("link")));
    struct stat status {};
    REQUIRE(::stat(folder.file("real").c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0600U);
}

TEST_CASE("a failed write names the path and the remedy and leaves nothing") {
    const TemporaryFolder folder;
    std::ostringstream unused;
    const std::string inside_nothing = folder.file("no/such/folder/out");
    CHECK_THROWS_WITH_AS(write_output(inside_nothing, false, "x", unused),
                         ("cannot write " + inside_nothing +
                          ": No such file or directory; check that the folder exists, is writable and has space")
                             .c_str(),
                         EnvironmentError);
    CHECK_THROWS_AS(write_output(folder.path().string(), true, "x", unused), EnvironmentError);
    CHECK(entries(folder) == 0);
}

TEST_CASE("a special file is written in place") {
    std::ostringstream unused;
    write_output("/dev/null", false, "x", unused);
    CHECK(std::filesystem::is_character_file("/dev/null"));
    CHECK_THROWS_AS(write_output("/dev/full", false, "x", unused), EnvironmentError);
}

TEST_CASE("input comes from a file or standard input and says why it cannot be read") {
    const TemporaryFolder folder;
    std::istringstream standard_input("piped");
    std::ostringstream unused;
    CHECK(read_input("-", standard_input) == "piped");
    write_output(folder.file("in"), false, std::string("x\0y", 3), unused);
    CHECK(read_input(folder.file("in"), standard_input) == std::string("x\0y", 3));
    CHECK_THROWS_WITH_AS(read_input(folder.file("none"), standard_input),
                         (folder.file("none") + ": cannot be read: No such file or directory").c_str(), InputError);
    CHECK_THROWS_WITH_AS(read_input(folder.path().string(), standard_input),
                         (folder.path().string() + ": cannot be read: it is a folder, a file was expected").c_str(),
                         InputError);
}

TEST_CASE("a secret is written for its owner alone, whatever an old file allowed") {
    const TemporaryFolder folder;
    const std::string path = folder.file("key");
    struct stat status {};
    write_private_file(path, false, "old");
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0600);
    CHECK_THROWS_AS(write_private_file(path, false, "new"), EnvironmentError);
    REQUIRE(::chmod(path.c_str(), 0666) == 0);
    write_private_file(path, true, "new");
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0600);
    CHECK(content_of(path) == "new");
    CHECK(entries(folder) == 1);
}

}  // namespace carbonedge
