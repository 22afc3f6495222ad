#pragma once

#include <fstream>
#include <string>

#include "oxcache/oxcache.h"
#include "support/TempFolder.h"

namespace oxcache::testing {

/// A configuration file in a folder of its own.
class ConfigurationFile {
public:
    explicit ConfigurationFile(const std::string& text,
                               const std::string& name = "oxcache.properties")
        : path_(folder_.file(name)) {
        write(text);
    }
    void write(const std::string& text) const {
        std::ofstream file(path_, std::ios::trunc);
        file << text;
    }
    const std::string& path() const { return path_; }
    std::string folder() const { return folder_.path(); }

private:
    TempFolder folder_;
    std::string path_;
};

/// One service called `name` with L1 alone, and more lines for it.
inline std::string l1Service(const std::string& name, const std::string& more = {}) {
    return "oxcache.services." + name + ".cache_type = l1\n" + more;
}

/// The process-wide manager over a file, for the time of a scope.
class Initialized {
public:
    explicit Initialized(const std::string& text) : file_(text) { init(file_.path()); }
    ~Initialized() { shutdownAll(); }
    Initialized(const Initialized&) = delete;
    Initialized& operator=(const Initialized&) = delete;
    const ConfigurationFile& file() const { return file_; }

private:
    ConfigurationFile file_;
};

}  // namespace oxcache::testing
