#include "KeyList.h"

#include <fstream>

#include <Poco/Exception.h>

#include "LineReader.h"

namespace oxcache::demo {

std::vector<std::string> readKeys(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in)
        throw Poco::FileNotFoundException(path +
                                          ": cannot be opened; name a file with one key "
                                          "a line");
    LineReader lines(in, path);
    std::vector<std::string> keys;
    for (std::string line; lines.next(line);) {
        if (!line.empty()) keys.push_back(line);
    }
    if (keys.empty()) throw Poco::DataFormatException(path + ": holds no key; write one a line");
    return keys;
}

}  // namespace oxcache::demo
