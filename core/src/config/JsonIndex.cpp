#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>

#include <nlohmann/json.hpp>

#include "config/KeyIndex.h"

namespace oxcache::config {
namespace {

/// Reads a text and counts what was read; nlohmann's SAX events carry no position.
class CountingIterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    CountingIterator(const char* at, std::size_t* count) : at_(at), count_(count) {}
    reference operator*() const { return *at_; }
    CountingIterator& operator++() {
        ++at_;
        ++*count_;
        return *this;
    }
    CountingIterator operator++(int) {
        CountingIterator old = *this;
        ++*this;
        return old;
    }
    bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
    bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

private:
    const char* at_;
    std::size_t* count_;
};

class JsonEvents : public nlohmann::json_sax<nlohmann::json> {
public:
    JsonEvents(std::string_view text, const std::size_t& position)
        : text_(text), position_(position) {}

    KeyIndex take() { return std::move(index_); }

    bool null() override {
        finding("null is no value; leave the key out or write a value");
        return leaf();
    }
    bool boolean(bool) override { return leaf(); }
    bool number_integer(number_integer_t) override { return leaf(); }
    bool number_unsigned(number_unsigned_t) override { return leaf(); }
    bool number_float(number_float_t, const string_t&) override { return leaf(); }
    bool string(string_t&) override { return leaf(); }
    bool binary(binary_t&) override { return leaf(); }

    bool start_object(std::size_t) override {
        if (path_.size() >= kDeepest) return malformed(lineHere(), "nested too deep");
        path_.push_back({path_.empty() ? "" : here() + '.', {}, "", 0});
        return true;
    }
    bool end_object() override {
        const bool empty = path_.back().seen.empty();
        path_.pop_back();
        return empty && !path_.empty() ? leaf(true) : true;
    }
    bool key(string_t& name) override {
        Object& object = path_.back();
        object.name = name;
        object.line = lineHere();
        const auto [first, isNew] = object.seen.emplace(name, object.line);
        if (!isNew && arrays_ == 0 && isOurs(here()))
            index_.findings.push_back(givenTwice(here(), object.line, first->second));
        if (name.empty() || name.find_first_of(".[]") != std::string::npos)
            finding("a name with a dot or bracket, or an empty one; nest objects instead");
        return true;
    }
    bool start_array(std::size_t) override {
        if (path_.empty()) return malformed(1, "an array");
        if (arrays_ + path_.size() >= kDeepest) return malformed(lineHere(), "nested too deep");
        finding("an array; write the elements as one text with commas between");
        ++arrays_;
        return true;
    }
    bool end_array() override {
        --arrays_;
        return true;
    }
    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception& error) override {
        std::string reason = error.what();
        const std::size_t begin = reason.find("column ");
        if (begin != std::string::npos) reason.erase(0, reason.find(": ", begin) + 2);
        // What was last read may be a password.
        reason.erase(std::min(reason.size(), reason.find("; last read")));
        std::replace(reason.begin(), reason.end(), ';', ',');
        const std::string_view read = text_.substr(0, position > 0 ? position - 1 : 0);
        const std::size_t lineStart = read.rfind('\n') + 1;
        index_.usable = false;
        index_.findings.push_back({lineOf(position > 0 ? position - 1 : 0), "",
                                   "not valid JSON, column " +
                                       std::to_string(read.size() - lineStart + 1) + ": " + reason +
                                       "; correct it there or just before"});
        return false;
    }

private:
    struct Object {
        std::string prefix;
        std::map<std::string, int> seen;
        std::string name;
        int line;
    };

    std::string here() const { return path_.back().prefix + path_.back().name; }
    int lineHere() const { return lineOf(position_); }
    int lineOf(std::size_t position) const {
        const std::string_view read = text_.substr(0, std::min(position, text_.size()));
        return 1 + static_cast<int>(std::count(read.begin(), read.end(), '\n'));
    }

    void finding(const std::string& text) {
        if (arrays_ == 0 && !path_.empty() && isOurs(here()))
            index_.findings.push_back({path_.back().line, here(), text});
    }

    bool leaf(bool empty = false) {
        if (path_.empty()) return malformed(1, "a single value");
        if (arrays_ == 0) index_.keys.push_back({here(), path_.back().line, empty});
        return true;
    }

    bool malformed(int line, const std::string& what) {
        index_.usable = false;
        index_.findings.push_back({line, "", what + "; write objects within one object"});
        return false;
    }

    std::string_view text_;
    const std::size_t& position_;
    std::size_t arrays_ = 0;
    std::vector<Object> path_;
    KeyIndex index_;
};

}  // namespace

KeyIndex indexJson(std::string_view text) {
    std::size_t position = 0;
    JsonEvents events(text, position);
    nlohmann::json::sax_parse(CountingIterator(text.data(), &position),
                              CountingIterator(text.data() + text.size(), &position), &events);
    return events.take();
}

}  // namespace oxcache::config
