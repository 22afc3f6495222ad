#include <charconv>
#include <sstream>

#include <Poco/Base64Encoder.h>

#include <nlohmann/json.hpp>

#include "Statement.h"

namespace oxcache::sqlite {
namespace {

BytesView textOf(sqlite3_stmt* statement, int column) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
    const int size = sqlite3_column_bytes(statement, column);
    return text == nullptr ? BytesView() : BytesView(text, static_cast<std::size_t>(size));
}

BytesView blobOf(sqlite3_stmt* statement, int column) {
    const auto* blob = static_cast<const char*>(sqlite3_column_blob(statement, column));
    const int size = sqlite3_column_bytes(statement, column);
    return blob == nullptr ? BytesView() : BytesView(blob, static_cast<std::size_t>(size));
}

/// The shortest decimal that gives the same double; SQLite's own text keeps 15 digits only.
Bytes shortest(double number) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number);
    return Bytes(buffer, end.ptr);
}

Bytes base64(BytesView bytes) {
    std::ostringstream text;
    Poco::Base64Encoder encoder(text);
    encoder.rdbuf()->setLineLength(0);
    encoder.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    encoder.close();
    return text.str();
}

Bytes rawValue(sqlite3_stmt* statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
        case SQLITE_INTEGER:
            return std::to_string(sqlite3_column_int64(statement, column));
        case SQLITE_FLOAT:
            return shortest(sqlite3_column_double(statement, column));
        case SQLITE_BLOB:
            return Bytes(blobOf(statement, column));
        default:
            return Bytes(textOf(statement, column));
    }
}

nlohmann::ordered_json jsonValue(sqlite3_stmt* statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
        case SQLITE_NULL:
            return nullptr;
        case SQLITE_INTEGER:
            return sqlite3_column_int64(statement, column);
        case SQLITE_FLOAT:
            return sqlite3_column_double(statement, column);
        case SQLITE_BLOB:
            return base64(blobOf(statement, column));
        default:
            return Bytes(textOf(statement, column));
    }
}

}  // namespace

spi::FallbackReply readRow(sqlite3_stmt* statement, int firstColumn) {
    const int columns = sqlite3_column_count(statement);
    if (columns - firstColumn == 1) {
        if (sqlite3_column_type(statement, firstColumn) == SQLITE_NULL)
            return {spi::FallbackOutcome::Absent};
        return {spi::FallbackOutcome::Found, rawValue(statement, firstColumn), CodecId::Raw};
    }
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (int i = firstColumn; i < columns; ++i)
        object[sqlite3_column_name(statement, i)] = jsonValue(statement, i);
    return {spi::FallbackOutcome::Found,
            object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace),
            CodecId::Json};
}

}  // namespace oxcache::sqlite
