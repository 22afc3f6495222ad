#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "support/TempFolder.h"

namespace oxcache::demo {

/// How a run of the program ended.
struct Ended {
    int status = -1;
    std::string out;
    std::string err;

    nlohmann::json json() const { return nlohmann::json::parse(out); }
};

/// The demo, run in a folder of its own, as a user would from a shell.
class DemoProgram {
public:
    std::string path(const std::string& name) const { return folder_.file(name); }
    std::string file(const std::string& name, const std::string& text) const {
        std::ofstream(path(name), std::ios::binary) << text;
        return path(name);
    }

    /// `arguments` are quoted for the shell.
    Ended run(const std::string& arguments) const {
        const std::string command = "cd '" + folder_.path() + "' && '" OXCACHE_DEMO_PATH "' " +
                                    arguments + " >out 2>err </dev/null";
        const int result = std::system(command.c_str());
        Ended ended;
        ended.status = WIFEXITED(result) ? WEXITSTATUS(result) : 1000 + result;
        ended.out = content("out");
        ended.err = content("err");
        INFO(command);
        INFO(ended.err);
        CHECK(ended.status < 3);
        return ended;
    }

private:
    std::string content(const std::string& name) const {
        std::ifstream in(path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    testing::TempFolder folder_;
};

inline bool contains(const std::string& text, const std::string& part) {
    CAPTURE(text);
    return text.find(part) != std::string::npos;
}

}  // namespace oxcache::demo
