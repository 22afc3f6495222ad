#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "oxcache/base/Bytes.h"

namespace oxcache::redis {

/// Appends commands to a buffer as RESP arrays of bulks. Not thread-safe.
class CommandWriter {
public:
    explicit CommandWriter(Bytes& out) : out_(out) {}

    /// Begins a command of so many arguments, its name included; arguments must follow.
    CommandWriter& begin(std::size_t arguments) {
        length('*', arguments);
        ++commands_;
        return *this;
    }
    CommandWriter& add(BytesView argument) {
        length('$', argument.size());
        out_.append(argument);
        out_.append("\r\n", 2);
        return *this;
    }
    CommandWriter& add(std::int64_t number) {
        char digits[24];
        const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
        return add(BytesView(digits, static_cast<std::size_t>(end - digits)));
    }
    /// An argument of so many bytes, which the caller appends to the buffer before endRaw().
    CommandWriter& beginRaw(std::size_t size) {
        length('$', size);
        return *this;
    }
    CommandWriter& endRaw() {
        out_.append("\r\n", 2);
        return *this;
    }
    CommandWriter& command(std::initializer_list<BytesView> arguments) {
        begin(arguments.size());
        for (const BytesView argument : arguments) add(argument);
        return *this;
    }

    /// Commands begun so far.
    std::size_t commands() const noexcept { return commands_; }
    Bytes& buffer() noexcept { return out_; }
    /// Bytes in the buffer.
    std::size_t size() const noexcept { return out_.size(); }

private:
    void length(char mark, std::size_t value) {
        char text[32];
        text[0] = mark;
        char* end = std::to_chars(text + 1, text + 24, value).ptr;
        *end++ = '\r';
        *end++ = '\n';
        out_.append(text, static_cast<std::size_t>(end - text));
    }

    Bytes& out_;
    std::size_t commands_ = 0;
};

}  // namespace oxcache::redis
