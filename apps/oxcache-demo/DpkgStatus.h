#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "LineReader.h"

namespace oxcache::demo {

/// A paragraph of a Debian control file: its fields in the order of the file.
struct Paragraph {
    /// Where it begins, from 1.
    std::size_t line = 0;
    std::vector<std::pair<std::string, std::string>> fields{};

    /// A field's value by name, letter case ignored; null when there is none.
    const std::string* find(std::string_view name) const noexcept;
};

/// Reads the format of /var/lib/dpkg/status (and of apt's Packages files), paragraph by paragraph:
/// `Name: value` lines, continuation lines that begin with a blank, comments that begin with `#`,
/// paragraphs parted by blank lines. A continuation keeps its text after the first blank; lines
/// are joined by LF. Not thread-safe. Malformed input is a Poco::DataFormatException with
/// `source:line: what; what to do`.
class ParagraphReader {
public:
    static constexpr std::size_t kMaxParagraph = 8 * LineReader::kMaxLength;

    ParagraphReader(std::istream& in, std::string source);

    /// The next paragraph; false at the end.
    bool next(Paragraph& paragraph);

private:
    void addField(Paragraph& paragraph, const std::string& line);
    void continueField(Paragraph& paragraph, const std::string& line);

    LineReader lines_;
};

/// A package as the catalogue tells of it.
struct Package {
    std::string name;
    std::string version;
    std::string architecture;
    std::string section;
    std::string priority;
    std::string maintainer;
    std::string homepage;
    std::string depends;
    /// In KiB; 0 where the catalogue does not say.
    std::int64_t installedSize = 0;
    /// First line of the description, and the rest of it.
    std::string summary;
    std::string description;
};

/// What a paragraph says of a package. A Poco::DataFormatException where it has no name or a size
/// that is no number.
Package toPackage(const Paragraph& paragraph, const std::string& source);

}  // namespace oxcache::demo
