#pragma once

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "support/LoadedPlugin.h"
#include "support/TempFolder.h"

namespace oxcache::testing {

using Options = std::vector<std::pair<std::string, std::string>>;

/// A database made and changed by the test, on a connection of its own.
class Writer {
public:
    explicit Writer(const std::string& path) {
        REQUIRE(sqlite3_open(path.c_str(), &db_) == SQLITE_OK);
    }
    ~Writer() { sqlite3_close(db_); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void run(const std::string& sql) const {
        char* message = nullptr;
        const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, &message);
        const std::string text = message == nullptr ? "" : message;
        sqlite3_free(message);
        REQUIRE_MESSAGE(code == SQLITE_OK, sql << ": " << text);
    }
    sqlite3* db() const { return db_; }

private:
    sqlite3* db_ = nullptr;
};

/// Writes a file that is no database; gives its path.
inline std::string written(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
    return path;
}

/// A folder with a database of users, and the plugin to read it.
struct Fixture {
    Fixture() {
        const Writer writer(path);
        writer.run(
            "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT UNIQUE, mail TEXT, age INT);"
            "INSERT INTO users VALUES(1, 'ada', 'ada@x', 36), (2, 'bob', NULL, 41);");
    }

    Options users(const std::string& query = "SELECT name FROM users WHERE id = :id") const {
        return {{"path", path}, {"routes.users.match", "user:{id}"}, {"routes.users.query", query}};
    }
    std::unique_ptr<spi::FallbackStore> open(const Options& options) {
        auto store = plugin.fallback(options, clock);
        REQUIRE_MESSAGE(store.ok(), store.error().message);
        return std::move(store).value();
    }
    std::string refusal(const Options& options) {
        auto store = plugin.fallback(options, clock);
        REQUIRE_FALSE(store.ok());
        return store.error().message;
    }

    TempFolder folder;
    std::string path = folder.file("app.db");
    SystemClock clock;
    LoadedPlugin plugin{OXCACHE_SQLITE_PLUGIN};
};

inline Result<spi::FallbackReply> load(spi::FallbackStore& store, const std::string& key,
                                       Deadline deadline = Deadline::never()) {
    const Key keys[] = {key};
    auto replies = store.load(keys, deadline);
    REQUIRE(replies.size() == 1);
    return std::move(replies[0]);
}

/// An error as `Code: message`.
inline std::string textOf(const Error& error) {
    return std::string(toString(error.code)).append(": ").append(error.message);
}

/// The value, or `(absent)`, `(no route)`, or the error.
inline std::string textOf(const Result<spi::FallbackReply>& reply) {
    if (!reply.ok()) return textOf(reply.error());
    if (reply->outcome == spi::FallbackOutcome::Absent) return "(absent)";
    if (reply->outcome == spi::FallbackOutcome::NoRoute) return "(no route)";
    return reply->value;
}

inline std::string get(spi::FallbackStore& store, const std::string& key) {
    return textOf(load(store, key));
}

inline std::vector<std::string> getAll(spi::FallbackStore& store,
                                       const std::vector<std::string>& names,
                                       Deadline deadline = Deadline::never()) {
    const std::vector<Key> keys(names.begin(), names.end());
    std::vector<std::string> texts;
    for (const auto& reply : store.load(keys, deadline)) texts.push_back(textOf(reply));
    return texts;
}

/// Empty when the database is there.
inline std::string ping(spi::FallbackStore& store, Deadline deadline = Deadline::never()) {
    const auto answer = store.ping(deadline);
    return answer.ok() ? "" : textOf(answer.error());
}

using Texts = std::vector<std::string>;

}  // namespace oxcache::testing
