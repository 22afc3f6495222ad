#include "DpkgStatus.h"

#include <algorithm>
#include <charconv>

#include <Poco/Exception.h>

namespace oxcache::demo {
namespace {

char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool isBlank(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && isBlank(text.front())) text.remove_prefix(1);
    while (!text.empty() && isBlank(text.back())) text.remove_suffix(1);
    return text;
}

bool isFieldName(std::string_view name) {
    return !name.empty() && name.front() != '-' &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string textOf(const Paragraph& paragraph, std::string_view name) {
    const std::string* value = paragraph.find(name);
    return value == nullptr ? std::string() : *value;
}

// The lines after the first; a line of one dot stands for an empty one.
std::string longText(std::string_view lines) {
    std::string text;
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        const std::string_view line = lines.substr(0, end);
        if (!text.empty()) text += '\n';
        if (line != ".") text += line;
        lines.remove_prefix(std::min(end + 1, lines.size()));
    }
    return text;
}

}  // namespace

const std::string* Paragraph::find(std::string_view name) const noexcept {
    const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& field) {
        return std::equal(field.first.begin(), field.first.end(), name.begin(), name.end(),
                          [](char a, char b) { return lowered(a) == lowered(b); });
    });
    return found == fields.end() ? nullptr : &found->second;
}

ParagraphReader::ParagraphReader(std::istream& in, std::string source)
    : lines_(in, std::move(source)) {}

bool ParagraphReader::next(Paragraph& paragraph) {
    paragraph = {};
    std::size_t size = 0;
    for (std::string line; lines_.next(line);) {
        if (trimmed(line).empty()) {
            if (!paragraph.fields.empty()) return true;
            continue;
        }
        if (line.front() == '#') continue;
        size += line.size();
        if (size > kMaxParagraph) {
            throw Poco::DataFormatException(lines_.at("the paragraph is larger than " +
                                                      std::to_string(kMaxParagraph) +
                                                      " bytes; part paragraphs by an empty line"));
        }
        if (isBlank(line.front()))
            continueField(paragraph, line);
        else
            addField(paragraph, line);
    }
    return !paragraph.fields.empty();
}

void ParagraphReader::addField(Paragraph& paragraph, const std::string& line) {
    const std::size_t colon = line.find(':');
    const std::string name = line.substr(0, colon);
    if (colon == std::string::npos || !isFieldName(name)) {
        throw Poco::DataFormatException(
            lines_.at("no field; a line is 'Name: value', or begins with a blank to go on with "
                      "the field above"));
    }
    if (paragraph.find(name) != nullptr) {
        throw Poco::DataFormatException(
            lines_.at("the field " + name +
                      " stands twice in one paragraph; remove one, or part "
                      "the paragraphs by an empty line"));
    }
    if (paragraph.fields.empty()) paragraph.line = lines_.number();
    paragraph.fields.emplace_back(name, trimmed(std::string_view(line).substr(colon + 1)));
}

void ParagraphReader::continueField(Paragraph& paragraph, const std::string& line) {
    if (paragraph.fields.empty()) {
        throw Poco::DataFormatException(
            lines_.at("a line that goes on with a field, but no field stands above it; begin with "
                      "'Name: value'"));
    }
    paragraph.fields.back().second += '\n';
    paragraph.fields.back().second += std::string_view(line).substr(1);
}

Package toPackage(const Paragraph& paragraph, const std::string& source) {
    const std::string at = source + ":" + std::to_string(paragraph.line) + ": ";
    Package package;
    package.name = textOf(paragraph, "Package");
    if (package.name.empty())
        throw Poco::DataFormatException(at + "the paragraph has no field Package; add one");
    package.version = textOf(paragraph, "Version");
    package.architecture = textOf(paragraph, "Architecture");
    package.section = textOf(paragraph, "Section");
    package.priority = textOf(paragraph, "Priority");
    package.maintainer = textOf(paragraph, "Maintainer");
    package.homepage = textOf(paragraph, "Homepage");
    package.depends = textOf(paragraph, "Depends");
    const std::string size = textOf(paragraph, "Installed-Size");
    const char* end = size.data() + size.size();
    const auto parsed = std::from_chars(size.data(), end, package.installedSize);
    if (!size.empty() && (parsed.ec != std::errc{} || parsed.ptr != end)) {
        throw Poco::DataFormatException(at + "Installed-Size of " + package.name + " is '" + size +
                                        "'; write a number of KiB");
    }
    const std::string about = textOf(paragraph, "Description");
    const std::size_t first = std::min(about.find('\n'), about.size());
    package.summary = about.substr(0, first);
    package.description =
        longText(std::string_view(about).substr(std::min(first + 1, about.size())));
    return package;
}

}  // namespace oxcache::demo
