#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "support/TempFolder.h"

namespace oxcache::testing {

/// A folder of its own for one test, to write files into.
class Folder {
public:
    std::string path(const std::string& name) const { return folder_.file(name); }
    /// Writes a file, with the folders it needs; gives its path.
    std::string write(const std::string& name, const std::string& text) const {
        const std::filesystem::path file = path(name);
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
        return file.string();
    }

private:
    TempFolder folder_;
};

}  // namespace oxcache::testing
