#pragma once

#include <string>
#include <vector>

namespace oxcache::demo {

/// The keys in a file, one a line, in order; empty lines are passed over. Throws
/// Poco::FileNotFoundException, Poco::ReadFileException, and Poco::DataFormatException when there
/// is no key in it.
std::vector<std::string> readKeys(const std::string& path);

}  // namespace oxcache::demo
