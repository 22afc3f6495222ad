#pragma once

#include <cstddef>
#include <istream>
#include <string>

namespace oxcache::demo {

/// Lines of a stream, one at a time, with a bound on their length, so that a file that is no text
/// cannot fill the memory. Not thread-safe. Errors are Poco::DataFormatException (a line is too
/// long) and Poco::ReadFileException, both as `source:line: what; what to do`.
class LineReader {
public:
    static constexpr std::size_t kMaxLength = 1024 * 1024;

    /// `source` names the stream in errors. The stream must outlive the reader.
    LineReader(std::istream& in, std::string source);

    /// The next line, without its end (LF or CR LF); false at the end of the stream.
    bool next(std::string& line);
    /// Number of the line last given, from 1.
    std::size_t number() const noexcept { return number_; }
    /// `source:line: what`, for errors about the line last given.
    std::string at(const std::string& what) const;

private:
    bool fill();

    std::istream& in_;
    const std::string source_;
    std::string buffer_;
    std::size_t position_ = 0;
    std::size_t number_ = 0;
};

}  // namespace oxcache::demo
