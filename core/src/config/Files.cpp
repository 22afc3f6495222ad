#include "config/Files.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <Poco/Exception.h>
#include <Poco/String.h>
#include <Poco/Util/JSONConfiguration.h>
#include <Poco/Util/PropertyFileConfiguration.h>
#include <Poco/Util/XMLConfiguration.h>

#include "config/KeyIndex.h"
#include "config/Values.h"

namespace oxcache::config {
namespace {

namespace fs = std::filesystem;
using Reader = Poco::AutoPtr<Poco::Util::AbstractConfiguration>;

constexpr std::size_t kMostFile = 16 << 20;

struct Format {
    const char* extension;
    KeyIndex (*index)(std::string_view);
    Reader (*open)(std::istream&);
};

template <class Configuration>
Reader openWith(std::istream& text) {
    return new Configuration(text);
}

constexpr Format kFormats[] = {
    {".properties", indexProperties, openWith<Poco::Util::PropertyFileConfiguration>},
    {".json", indexJson, openWith<Poco::Util::JSONConfiguration>},
    {".xml", indexXml, openWith<Poco::Util::XMLConfiguration>},
};

const Format* formatOf(const std::string& path) {
    const std::string extension = Poco::toLower(fs::path(path).extension().string());
    for (const Format& format : kFormats)
        if (extension == format.extension) return &format;
    return nullptr;
}

/// Values come from Poco's reader, lines from the index.
bool fill(Layer& layer, const Origin& file, const Format& format, const std::string& text,
          Problems& problems) {
    const KeyIndex index = format.index(text);
    for (const Finding& finding : index.findings) {
        Origin origin = file;
        origin.line = finding.line;
        problems.add(origin, finding.key, finding.text);
    }
    if (!index.usable) return false;
    std::istringstream stream(text);
    const Reader reader = format.open(stream);
    for (const IndexedKey& indexed : index.keys) {
        if (!reader->has(indexed.key)) continue;  // null, or below an array: a finding already
        Origin origin = file;
        origin.line = indexed.line;
        const std::string raw = indexed.empty ? "" : reader->getRawString(indexed.key);
        layer.set({indexed.key, std::string(trimmed(raw)), origin});
    }
    return true;
}

}  // namespace

std::string currentFolder() {
    std::error_code error;
    return fs::current_path(error).string();
}

std::string folderOf(const std::string& path) {
    std::error_code error;
    return fs::absolute(fs::path(path), error).lexically_normal().parent_path().string();
}

Result<std::string> readFile(const std::string& path, std::size_t most) {
    const auto failed = [](std::string why) {
        return Error{ErrorCode::Unavailable, std::move(why)};
    };
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) return failed(error ? error.message() : "No such file or directory");
    // Anything else may block or never end.
    if (!fs::is_regular_file(status)) return failed("Not a regular file");
    std::ifstream stream(path, std::ios::binary);
    if (!stream) return failed(std::strerror(errno));
    std::string text(most + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (stream.bad()) return failed(std::strerror(errno));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (text.size() > most) return failed("Larger than " + std::to_string(most >> 20) + " MiB");
    return text;
}

bool readConfigurationFile(const std::string& path, Layer& layer, Problems& problems) {
    const Origin origin{layer.kind, path, 0, folderOf(path)};
    const Format* format = formatOf(path);
    if (format == nullptr) {
        problems.add(origin, "", "unknown format; name it .properties, .json or .xml");
        return false;
    }
    const Result<std::string> text = readFile(path, kMostFile);
    if (!text) {
        problems.add(origin, "",
                     "cannot be read: " + text.error().message + "; correct the path or the file");
        return false;
    }
    if (text.value().starts_with("\xEF\xBB\xBF")) {
        problems.add(origin, "", "begins with a byte order mark; save it as UTF-8 without one");
        return false;
    }
    try {
        return fill(layer, origin, *format, text.value(), problems);
    } catch (const Poco::Exception& error) {
        problems.add(origin, "", "cannot be read: " + error.displayText() + "; correct it");
        return false;
    }
}

}  // namespace oxcache::config
