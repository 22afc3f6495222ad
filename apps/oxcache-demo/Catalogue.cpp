#include "Catalogue.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include <Poco/Exception.h>

#include "DpkgStatus.h"
#include "SqliteFile.h"

namespace oxcache::demo {
namespace {

namespace fs = std::filesystem;

// Raised when the tables change, so that an older database is built anew.
constexpr std::int64_t kLayout = 1;

constexpr const char* kTables =
    "PRAGMA journal_mode = OFF;"
    "PRAGMA synchronous = OFF;"
    "BEGIN;"
    "CREATE TABLE packages (name TEXT PRIMARY KEY, version TEXT, architecture TEXT, section TEXT,"
    " priority TEXT, maintainer TEXT, homepage TEXT, depends TEXT, installed_size INTEGER,"
    " summary TEXT, description TEXT) WITHOUT ROWID;"
    "CREATE TABLE built_from (layout INTEGER, path TEXT, size INTEGER, changed INTEGER);";

// What tells one state of the input file from another.
struct Source {
    std::string path;
    std::int64_t size = 0;
    std::int64_t changed = 0;
};

Source describe(const std::string& input) {
    std::error_code error;
    Source source;
    source.path = fs::absolute(input).lexically_normal().string();
    if (!fs::is_regular_file(input, error)) {
        throw Poco::FileNotFoundException(
            input + ": is no file; name one of the format of /var/lib/dpkg/status with --input");
    }
    source.size = static_cast<std::int64_t>(fs::file_size(input));
    source.changed = fs::last_write_time(input).time_since_epoch().count();
    return source;
}

// The number of packages in a database that was built from `source`; empty where it was not.
std::optional<std::uint64_t> builtFrom(const Source& source, const std::string& database) {
    if (!fs::exists(database)) return std::nullopt;
    try {
        SqliteFile file(database, SqliteFile::Mode::Read);
        SqliteStatement built(file, "SELECT layout, path, size, changed FROM built_from");
        if (!built.step() || built.number(0) != kLayout || built.text(1) != source.path ||
            built.number(2) != source.size || built.number(3) != source.changed)
            return std::nullopt;
        SqliteStatement count(file, "SELECT count(*) FROM packages");
        count.step();
        return static_cast<std::uint64_t>(count.number(0));
    } catch (const Poco::Exception&) {
        // Damaged, or somebody else's: it is built anew.
        return std::nullopt;
    }
}

void insertPackages(SqliteFile& file, std::istream& in, const std::string& input) {
    SqliteStatement insert(
        file, "INSERT OR REPLACE INTO packages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    ParagraphReader reader(in, input);
    for (Paragraph paragraph; reader.next(paragraph);) {
        const Package package = toPackage(paragraph, input);
        int column = 0;
        for (const std::string* text :
             {&package.name, &package.version, &package.architecture, &package.section,
              &package.priority, &package.maintainer, &package.homepage, &package.depends})
            insert.bind(++column, *text);
        insert.bind(9, package.installedSize).bind(10, package.summary);
        insert.bind(11, package.description).execute();
    }
}

std::uint64_t writeDatabase(const Source& source, const std::string& input,
                            const std::string& path) {
    std::ifstream in(input, std::ios::binary);
    if (!in) throw Poco::FileNotFoundException(input + ": cannot be opened; may it be read?");
    SqliteFile file(path, SqliteFile::Mode::Create);
    file.run(kTables);
    insertPackages(file, in, input);
    SqliteStatement remember(file, "INSERT INTO built_from VALUES (?, ?, ?, ?)");
    remember.bind(1, kLayout).bind(2, source.path).bind(3, source.size).bind(4, source.changed);
    remember.execute();
    SqliteStatement count(file, "SELECT count(*) FROM packages");
    count.step();
    const auto packages = static_cast<std::uint64_t>(count.number(0));
    if (packages == 0)
        throw Poco::DataFormatException(input + ": holds no package; is it a catalogue?");
    count.step();
    file.run("COMMIT");
    return packages;
}

}  // namespace

CatalogueState buildCatalogue(const std::string& input, const std::string& database) {
    const Source source = describe(input);
    if (const auto packages = builtFrom(source, database)) return {*packages, false};
    const std::string fresh = database + ".new-" + std::to_string(::getpid());
    std::error_code ignored;
    fs::remove(fresh, ignored);
    try {
        const std::uint64_t packages = writeDatabase(source, input, fresh);
        fs::rename(fresh, database);
        return {packages, true};
    } catch (...) {
        fs::remove(fresh, ignored);
        throw;
    }
}

std::vector<std::string> packageNames(const std::string& database) {
    SqliteFile file(database, SqliteFile::Mode::Read);
    SqliteStatement select(file, "SELECT name FROM packages ORDER BY name");
    std::vector<std::string> names;
    while (select.step()) names.emplace_back(select.text(0));
    return names;
}

}  // namespace oxcache::demo
