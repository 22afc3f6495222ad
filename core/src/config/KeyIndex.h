#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "oxcache/base/Export.h"

/// Which keys stand on which lines of a configuration file. Poco's readers give the values but no
/// positions, and of a key given twice they silently keep one; the indexes see both. They follow
/// the rules of Poco's readers, so that the two agree on what the keys are.
namespace oxcache::config {

struct IndexedKey {
    std::string key;
    int line;
    /// An object without members: a group in which nothing is set.
    bool empty = false;
};

/// A finding in the text of a file; an empty key concerns the line or the whole file.
struct Finding {
    int line;
    std::string key;
    /// `what; what to do`
    std::string text;
};

struct KeyIndex {
    std::vector<IndexedKey> keys{};
    std::vector<Finding> findings{};
    /// False when the text is malformed: Poco's reader must not be asked.
    bool usable = true;
};

OXCACHE_INTERNAL KeyIndex indexProperties(std::string_view text);
OXCACHE_INTERNAL KeyIndex indexJson(std::string_view text);
OXCACHE_INTERNAL KeyIndex indexXml(std::string_view text);

/// True for `oxcache` and everything below it.
OXCACHE_INTERNAL bool isOurs(std::string_view key);
/// What is said of a second appearance of a key.
OXCACHE_INTERNAL Finding givenTwice(const std::string& key, int line, int first);

/// Deepest nesting of JSON and XML that is accepted.
inline constexpr std::size_t kDeepest = 32;

}  // namespace oxcache::config
