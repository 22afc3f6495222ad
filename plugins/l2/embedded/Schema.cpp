#include "Schema.h"

#include <string>

namespace oxcache::embedded {

const char* const kSchema =
    R"(CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    guard INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    head BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX entries_by_expiry ON entries (guard, expires_ms);
CREATE TABLE changes (
    seq INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    version_ms INTEGER NOT NULL,
    version_counter INTEGER NOT NULL,
    version_origin INTEGER NOT NULL
) STRICT;
)";

namespace {

/// True when each of our tables and indexes was made by the statement of ours.
bool schemaIsOurs(Database& database) {
    Statement rows(database,
                   "SELECT sql FROM sqlite_schema"
                   " WHERE name IN ('entries', 'entries_by_expiry', 'changes')");
    int matching = 0;
    while (rows.step()) {
        const std::string statement = std::string(rows.bytes(0)) + ";\n";
        if (std::string_view(kSchema).find(statement) == std::string_view::npos) return false;
        ++matching;
    }
    return matching == 3;
}

}  // namespace

SchemaState inspectSchema(Database& database) {
    const std::int64_t mark = database.number("PRAGMA application_id");
    const std::int64_t objects = database.number("SELECT count(*) FROM sqlite_schema");
    if (objects == 0 && (mark == 0 || mark == kApplicationId)) return SchemaState::New;
    const bool ours = schemaIsOurs(database);
    if (mark != kApplicationId) return ours ? SchemaState::Broken : SchemaState::Foreign;
    const bool version = database.number("PRAGMA user_version") == kSchemaVersion;
    return ours && version ? SchemaState::Ours : SchemaState::Broken;
}

void createSchema(Database& database) {
    database.run("BEGIN IMMEDIATE");
    database.run(kSchema);
    database.run(("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
    database.run(("PRAGMA user_version = " + std::to_string(kSchemaVersion)).c_str());
    database.run("COMMIT");
}

}  // namespace oxcache::embedded
