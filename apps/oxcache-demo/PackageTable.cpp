#include "PackageTable.h"

#include <nlohmann/json.hpp>

namespace oxcache::demo {

const char* PackageTable::query() noexcept {
    return "SELECT name, version, architecture, section, priority, maintainer, homepage, depends, "
           "installed_size, summary, description FROM packages WHERE name = :name";
}

PackageTable::PackageTable(const std::string& database) : file_(database, SqliteFile::Mode::Read) {}

std::optional<std::string> PackageTable::load(const std::string& name) {
    const MutexLock lock(mutex_);
    queries_.fetch_add(1, std::memory_order_relaxed);
    SqliteStatement select(file_, query());
    select.bind(1, name);
    if (!select.step()) return std::nullopt;
    nlohmann::ordered_json row;
    for (int i = 0; i < select.columns(); ++i) {
        if (select.isInteger(i))
            row[select.name(i)] = select.number(i);
        else
            row[select.name(i)] = select.text(i);
    }
    return row.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace oxcache::demo
