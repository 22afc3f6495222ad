#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ConnectionString.h"
#include "Endpoint.h"
#include "oxcache/base/Result.h"
#include "oxcache/spi/OptionSpec.h"

namespace oxcache::redis {

/// How the certificate of a server is checked, and which one is shown to it.
struct TlsSettings {
    bool enabled = false;
    bool verify = true;
    /// File or folder of authorities; empty: the system's.
    std::string caLocation{};
    std::string certificate{};
    std::string key{};
    /// The name the certificate must bear; empty: the host's.
    std::string serverName{};
};

/// Who we are to a server, and how long we wait for it.
struct LoginSettings {
    std::string username{};
    std::string password{};
    std::string clientName{};
    std::int64_t database = 0;
    /// A server that is no master is refused.
    bool masterOnly = false;
};

/// What all Redis plugins can be told.
struct Settings {
    LoginSettings login{};
    TlsSettings tls{};
    Duration connectTimeout{1000};
    /// The longest pause between two attempts to connect.
    Duration reconnectMax{1000};
    /// Nothing was read for so long although an answer is due: the connection is dropped.
    Duration liveness{3000};
    std::size_t connections = 1;
    std::size_t queueCommands = 4096;
    std::size_t queueBytes = std::size_t{32} << 20;
    std::size_t maxValue = std::size_t{512} << 20;
    Duration beat{1000};
    Duration reorder{250};

    /// Reads the rows of table(). Keys win over what the connection string says; `uri` is that
    /// string taken apart. InvalidKey says which value is wrong.
    static Result<Settings> from(const spi::OptionValues& options, const ConnectionString& uri);
    static std::vector<spi::OptionSpec> table();
};

}  // namespace oxcache::redis
