#include <map>

#include "config/KeyIndex.h"
#include "config/Values.h"

namespace oxcache::config {
namespace {

/// Follows Poco::Util::PropertyFileConfiguration: spaces before a line are skipped, `#` and `!`
/// begin a comment line, a key ends at `=` or `:`, a backslash in a value takes the next character
/// with it (a line end too).
class PropertiesReader {
public:
    explicit PropertiesReader(std::string_view text) : text_(text) {}

    KeyIndex read() {
        while (skipSpace()) {
            if (text_[at_] == '#' || text_[at_] == '!')
                skipLine();
            else
                readEntry();
        }
        return std::move(index_);
    }

private:
    static bool endsLine(char c) { return c == '\n' || c == '\r'; }

    char take() {
        const char c = text_[at_++];
        // "\r\n" is one line end.
        if (c == '\n' || (c == '\r' && (at_ == text_.size() || text_[at_] != '\n'))) ++line_;
        return c;
    }
    bool more() const { return at_ < text_.size(); }

    bool skipSpace() {
        while (more() && trimmed(text_.substr(at_, 1)).empty()) take();
        return more();
    }

    void skipLine() {
        while (more() && !endsLine(text_[at_])) take();
    }

    void readEntry() {
        const int line = line_;
        const std::size_t begin = at_;
        while (more() && !endsLine(text_[at_]) && text_[at_] != '=' && text_[at_] != ':') take();
        const std::string key(trimmed(text_.substr(begin, at_ - begin)));
        const bool separated = more() && !endsLine(text_[at_]);
        if (separated) {
            take();
            skipValue();
        }
        note(key, line, separated);
    }

    void skipValue() {
        while (more() && !endsLine(text_[at_])) {
            if (take() != '\\' || !more()) continue;
            if (take() == '\r' && more() && text_[at_] == '\n') take();
        }
    }

    void note(const std::string& key, int line, bool separated) {
        const auto [first, isNew] = seen_.emplace(key, line);
        index_.keys.push_back({key, line});
        if (key.empty())
            index_.findings.push_back({line, "", "no key before the separator; write KEY = VALUE"});
        else if (!isNew && isOurs(key))
            index_.findings.push_back(givenTwice(key, line, first->second));
        else if (!separated && isOurs(key))
            index_.findings.push_back({line, key, "no value; write KEY = VALUE"});
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
    std::map<std::string, int> seen_;
    KeyIndex index_;
};

}  // namespace

bool isOurs(std::string_view key) { return key == "oxcache" || key.starts_with("oxcache."); }

Finding givenTwice(const std::string& key, int line, int first) {
    return {line, key,
            "given twice, first on line " + std::to_string(first) + "; remove one of the two"};
}

KeyIndex indexProperties(std::string_view text) {
    const std::size_t nul = text.find('\0');
    if (nul != std::string_view::npos) {
        int line = 1;
        for (const char c : text.substr(0, nul)) line += c == '\n' ? 1 : 0;
        KeyIndex index;
        index.usable = false;
        index.findings.push_back({line, "", "a NUL byte; save the file as UTF-8 text"});
        return index;
    }
    return PropertiesReader(text).read();
}

}  // namespace oxcache::config
