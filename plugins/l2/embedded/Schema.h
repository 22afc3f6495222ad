#pragma once

#include "Database.h"

namespace oxcache::embedded {

/// What the file's header must say; FORMAT.md is the specification.
inline constexpr std::int64_t kApplicationId = 0x4f584331;  // "OXC1"
inline constexpr std::int64_t kSchemaVersion = 1;
inline constexpr std::int64_t kPageSize = 4096;
/// The statements that make an empty database ours.
extern const char* const kSchema;

/// New: an empty database. Ours: of this version. Broken: of another version of ours, or with our
/// tables but another mark. Foreign: a sound database of somebody else.
enum class SchemaState { New, Ours, Broken, Foreign };

SchemaState inspectSchema(Database& database);
/// Makes an empty database ours, in one transaction.
void createSchema(Database& database);

}  // namespace oxcache::embedded
