#include <algorithm>
#include <cstdint>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include <Poco/AutoPtr.h>
#include <Poco/Exception.h>
#include <Poco/Util/JSONConfiguration.h>
#include <Poco/Util/PropertyFileConfiguration.h>
#include <Poco/Util/XMLConfiguration.h>

#include "Require.h"
#include "config/KeyIndex.h"
#include "config/References.h"
#include "config/Values.h"

namespace oxcache::config {

using fuzz::require;

namespace {

int lastLine(std::string_view text) {
    return 1 + static_cast<int>(std::count_if(text.begin(), text.end(),
                                              [](char c) { return c == '\n' || c == '\r'; }));
}

void checkLines(const KeyIndex& index, std::string_view text) {
    int before = 1;
    for (const IndexedKey& key : index.keys) {
        require(key.line >= 1 && key.line <= lastLine(text), "lines exist");
        require(key.line >= before, "keys are in order");
        before = key.line;
    }
    for (const Finding& finding : index.findings)
        require(finding.line <= lastLine(text), "findings lie in the file");
    require(index.usable || !index.findings.empty(), "what is unusable has a reason");
}

/// Poco's reader keeps the last of several equal keys; otherwise the two see the same.
void checkProperties(const std::string& text) {
    const KeyIndex index = indexProperties(text);
    checkLines(index, text);
    if (!index.usable) return;
    std::istringstream stream(text);
    class Reader : public Poco::Util::PropertyFileConfiguration {
    public:
        explicit Reader(std::istream& in) : PropertyFileConfiguration(in) {}
        std::set<std::string> names() const {
            std::set<std::string> result;
            for (auto it = begin(); it != end(); ++it) result.insert(it->first);
            return result;
        }

    protected:
        ~Reader() override = default;
    };
    const Poco::AutoPtr<Reader> reader(new Reader(stream));
    std::set<std::string> indexed;
    for (const IndexedKey& key : index.keys) indexed.insert(key.key);
    require(indexed == reader->names(), "the index and Poco see the same keys");
}

/// What the index calls a usable key of ours, Poco's reader must have, unless there are findings.
template <class Reader>
void checkTree(const std::string& text, const KeyIndex& index) {
    for (const Finding& finding : index.findings)
        require(finding.line <= lastLine(text) && !finding.text.empty(), "findings are sound");
    if (!index.usable) return;
    std::istringstream stream(text);
    try {
        const Poco::AutoPtr<Reader> reader(new Reader(stream));
        if (!index.findings.empty()) return;
        for (const IndexedKey& key : index.keys) {
            require(key.line >= 1 && key.line <= lastLine(text), "lines exist");
            if (!isOurs(key.key)) continue;
            require(reader->has(key.key), "Poco has the key");
            reader->getRawString(key.key);
        }
    } catch (const Poco::Exception&) {
        // Poco may be stricter; the loader reports that.
    }
}

void checkValue(const std::string& text) {
    auto duration = parseDuration(text);
    if (duration)
        require(parseDuration(std::to_string(duration->count()) + "ms").value() == *duration,
                "durations survive");
    auto size = parseSize(text);
    if (size) require(parseSize(std::to_string(*size)).value() == *size, "sizes survive");
    auto integer = parseInteger(text);
    if (integer)
        require(parseInteger(std::to_string(*integer)).value() == *integer, "integers survive");
    auto real = parseReal(text);
    if (real) require(*real - *real == 0, "reals are finite");
    auto list = parseList(text);
    if (list)
        for (const std::string& element : *list)
            require(!element.empty() && trimmed(element) == element, "elements are trimmed");
    (void)parseBoolean(text);
    for (const char c : inQuotes(text))
        require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "quoted text is printable");
    for (const spi::OptionType type :
         {spi::OptionType::Text, spi::OptionType::Path, spi::OptionType::Integer,
          spi::OptionType::Real, spi::OptionType::Boolean, spi::OptionType::Duration,
          spi::OptionType::Size, spi::OptionType::Choice, spi::OptionType::List}) {
        spi::OptionSpec spec;
        spec.type = type;
        spec.least = -5;
        spec.most = 1000;
        spec.choices = {"a", "b"};
        auto value = parseValue(spec, text);
        if (!value) require(value.error().message.find("; ") != std::string::npos, "errors help");
    }
}

/// Lines are the raw values of the keys a, b, c...; files are not referred to.
void checkReferences(const std::string& text) {
    if (text.find("file:") != std::string::npos) return;
    Layer layer;
    std::istringstream stream(text);
    std::string raw;
    for (char name = 'a'; name <= 'z' && std::getline(stream, raw); ++name)
        layer.set({std::string(1, name), raw, Origin{}});
    const Variables variables{{"A", "secret"}, {"B", "${a}"}};
    const Surroundings surroundings{[&](const std::string& key) {
                                        const Setting* found = layer.find(key);
                                        return found == nullptr ? std::nullopt
                                                                : std::optional<Setting>(*found);
                                    },
                                    variables, [](const std::string& key) { return key == "b"; },
                                    [](const std::string& key) { return key == "c"; }};
    for (const auto& [key, setting] : layer.settings) {
        const Expansion expansion = expandReferences(setting, surroundings);
        require(expansion.failure || expansion.text.size() <= 1 << 20, "expansion is bounded");
        if (expansion.failure)
            require(expansion.failure->text.find("; ") != std::string::npos, "failures help");
        if (text.find("secret") == std::string::npos)
            require(display(setting, surroundings).find("secret") == std::string::npos,
                    "what a variable holds is not shown");
        (void)isReference(setting, surroundings);
    }
}

}  // namespace
}  // namespace oxcache::config

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0]) {
        case 'p':
            oxcache::config::checkProperties(text);
            break;
        case 'j':
            oxcache::config::checkTree<Poco::Util::JSONConfiguration>(
                text, oxcache::config::indexJson(text));
            break;
        case 'x':
            oxcache::config::checkTree<Poco::Util::XMLConfiguration>(
                text, oxcache::config::indexXml(text));
            break;
        case 'v':
            oxcache::config::checkValue(text);
            break;
        case 'r':
            oxcache::config::checkReferences(text);
            break;
        default:
            break;
    }
    return 0;
}
