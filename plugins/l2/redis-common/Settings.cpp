#include "Settings.h"

#include <charconv>

#include "OptionRows.h"

namespace oxcache::redis {
namespace {

using spi::OptionSpec;
using spi::OptionType;

Error wrong(const std::string& what) {
    return {ErrorCode::InvalidKey, "connection_string: " + what};
}

Result<void> readQuery(const ConnectionString& uri, Settings& settings) {
    for (const auto& [name, value] : uri.query) {
        if (name == "tls") {
            if (value != "true" && value != "false") return wrong("tls is true or false");
            settings.tls.enabled = value == "true";
        } else if (name == "client_name") {
            settings.login.clientName = value;
        } else if (name == "db") {
            const char* end = value.data() + value.size();
            const auto parsed = std::from_chars(value.data(), end, settings.login.database);
            if (value.empty() || parsed.ptr != end || settings.login.database < 0)
                return wrong("db must be a number from 0");
        } else {
            return wrong("unknown parameter '" + name + "'; there are tls, client_name and db");
        }
    }
    return {};
}

void take(const spi::OptionValues& options, const char* name, std::string& into) {
    if (options.has(name)) into = options.text(name);
}

/// Where the server is, and who we are to it.
std::vector<OptionSpec> accessTable() {
    return {
        row("connection_string", OptionType::Text, "",
            "where the server is, as a URI; what is set by a key of its own wins"),
        row("username", OptionType::Text, "", "ACL user; without it a password is the default's"),
        secret(row("password", OptionType::Text, "", "password of the user")),
        row("client_name", OptionType::Text, "", "name shown by CLIENT LIST"),
        within(row("database", OptionType::Integer, "", "number of the database; 0 if unset"), 0,
               1'000'000),
        row("tls", OptionType::Boolean, "", "encrypt; also by rediss:// or ?tls=true"),
        row("tls_ca", OptionType::Path, "", "file or folder of authorities; the system's if unset"),
        row("tls_certificate", OptionType::Path, "", "certificate shown to the server"),
        row("tls_key", OptionType::Path, "", "private key of that certificate"),
        row("tls_server_name", OptionType::Text, "",
            "name that the server's certificate must bear; the host's if unset"),
        row("tls_verify", OptionType::Boolean, "true",
            "check the server's certificate; false only where nobody else can listen"),
    };
}

/// How long and how much.
std::vector<OptionSpec> boundsTable() {
    constexpr std::int64_t kMiB = std::int64_t{1} << 20;
    return {
        within(row("connect_timeout", OptionType::Duration, "1s",
                   "longest time for connection, TLS and login together"),
               10, 60'000),
        within(row("reconnect_max", OptionType::Duration, "1s",
                   "longest pause between two attempts to connect"),
               50, 60'000),
        within(row("liveness", OptionType::Duration, "3s",
                   "a connection on which an answer is due and nothing came for so long is"
                   " dropped"),
               100, 60'000),
        within(row("connections", OptionType::Integer, "1",
                   "connections shared by all threads; a key keeps to one of them"),
               1, 16),
        within(row("queue_commands", OptionType::Integer, "4096",
                   "commands under way per connection; more wait until their deadline"),
               16, 1'000'000),
        within(row("queue_bytes", OptionType::Size, "32MiB",
                   "bytes that wait to be sent per connection"),
               kMiB, 4096 * kMiB),
        within(row("max_value", OptionType::Size, "512MiB",
                   "largest entry; the server's proto-max-bulk-len must allow it"),
               1024, 4096 * kMiB),
        within(row("bus.beat", OptionType::Duration, "1s",
                   "how often this process says how much it has published"),
               20, 10'000),
        within(row("bus.reorder", OptionType::Duration, "250ms",
                   "how long a missing message may be late before it counts as lost"),
               1, 10'000),
    };
}

}  // namespace

Result<Settings> Settings::from(const spi::OptionValues& options, const ConnectionString& uri) {
    Settings settings;
    settings.login.username = uri.username;
    settings.login.password = uri.password;
    settings.tls.enabled = uri.scheme == "rediss";
    if (const auto read = readQuery(uri, settings); !read) return read.error();

    take(options, "username", settings.login.username);
    take(options, "password", settings.login.password);
    take(options, "client_name", settings.login.clientName);
    if (options.has("database")) settings.login.database = options.integer("database");
    if (options.has("tls")) settings.tls.enabled = options.boolean("tls");
    take(options, "tls_ca", settings.tls.caLocation);
    take(options, "tls_certificate", settings.tls.certificate);
    take(options, "tls_key", settings.tls.key);
    take(options, "tls_server_name", settings.tls.serverName);
    settings.tls.verify = options.boolean("tls_verify");
    settings.connectTimeout = options.duration("connect_timeout");
    settings.reconnectMax = options.duration("reconnect_max");
    settings.liveness = options.duration("liveness");
    settings.connections = static_cast<std::size_t>(options.integer("connections"));
    settings.queueCommands = static_cast<std::size_t>(options.integer("queue_commands"));
    settings.queueBytes = options.size("queue_bytes");
    settings.maxValue = options.size("max_value");
    settings.beat = options.duration("bus.beat");
    settings.reorder = options.duration("bus.reorder");
    if (settings.tls.certificate.empty() != settings.tls.key.empty())
        return Error{ErrorCode::InvalidKey,
                     "tls_certificate and tls_key belong together; set both or none"};
    if (settings.login.password.empty() && !settings.login.username.empty())
        return Error{ErrorCode::InvalidKey, "a user name is given without a password"};
    return settings;
}

std::vector<spi::OptionSpec> Settings::table() {
    std::vector<OptionSpec> table = accessTable();
    const std::vector<OptionSpec> bounds = boundsTable();
    table.insert(table.end(), bounds.begin(), bounds.end());
    return table;
}

}  // namespace oxcache::redis
