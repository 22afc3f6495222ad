#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace oxcache::demo {

/// What became of a call of buildCatalogue().
struct CatalogueState {
    std::uint64_t packages = 0;
    /// False where the database was of this catalogue already.
    bool built = false;
};

/// Makes `database` a SQLite file with the table `packages`, one row per package of the file
/// `input`, which has the format of /var/lib/dpkg/status. Of packages with one name the last
/// counts. The database is written beside its place and renamed, so that readers see the old or
/// the new one; it is left alone where it was built from the same file in the same state. Throws
/// Poco::FileNotFoundException, Poco::DataFormatException and Poco::IOException.
CatalogueState buildCatalogue(const std::string& input, const std::string& database);

/// The names of all packages, sorted.
std::vector<std::string> packageNames(const std::string& database);

}  // namespace oxcache::demo
