#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <Poco/Exception.h>
#include <doctest/doctest.h>

#include "support/TempFolder.h"

namespace oxcache::demo {

/// A folder for one test's input files.
class InputFiles {
public:
    std::string path(const std::string& name) const { return folder_.file(name); }
    /// Writes a file; gives its path.
    std::string file(const std::string& name, const std::string& text) const {
        std::ofstream(path(name), std::ios::binary) << text;
        return path(name);
    }
    std::size_t count() const {
        const std::filesystem::directory_iterator all(folder_.path());
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }

private:
    testing::TempFolder folder_;
};

/// The text of the Poco::Exception that `action` throws; empty when it throws none.
template <class F>
std::string problemOf(F&& action) {
    try {
        action();
        return {};
    } catch (const Poco::Exception& error) {
        return error.message();
    }
}

}  // namespace oxcache::demo
