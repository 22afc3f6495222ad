#include "config/References.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include <Poco/String.h>

#include "config/Files.h"
#include "config/Values.h"

namespace oxcache::config {
namespace {

constexpr std::string_view kOpen = "${";
constexpr std::string_view kEnv = "env:";
constexpr std::string_view kFile = "file:";
constexpr std::string_view kHowToWrite = "write ${env:NAME}, ${file:PATH} or ${key}";
constexpr std::size_t kMostSecret = 1 << 20;
// References that refer to references multiply; both limits are far above any real value.
constexpr std::size_t kMostText = 1 << 20;
constexpr int kMostReferences = 10'000;

/// What stands between `${` and `}`.
struct Reference {
    enum class Kind { Variable, File, Key, Unknown };
    Kind kind;
    std::string name;
};

Reference parseReference(std::string_view inside) {
    inside = trimmed(inside);
    if (inside.starts_with(kEnv))
        return {Reference::Kind::Variable, std::string(trimmed(inside.substr(kEnv.size())))};
    if (inside.starts_with(kFile))
        return {Reference::Kind::File, std::string(trimmed(inside.substr(kFile.size())))};
    const bool foreign = inside.starts_with("system.") || inside.find(':') != inside.npos;
    return {foreign ? Reference::Kind::Unknown : Reference::Kind::Key, std::string(inside)};
}

/// Replaces the references of one value, keys' values in turn. Showing replaces only keys.
class Expander {
public:
    Expander(const Surroundings& surroundings, bool showing)
        : surroundings_(surroundings), showing_(showing) {}

    /// False when a reference failed.
    bool append(const Setting& setting, std::string& out) {
        stack_.push_back(setting.key);
        const bool ok = appendText(setting, out);
        stack_.pop_back();
        return ok;
    }

    std::optional<ReferenceFailure> failure() { return std::move(failure_); }

private:
    bool appendText(const Setting& setting, std::string& out) {
        std::string_view rest = setting.raw;
        for (;;) {
            const std::size_t open = rest.find(kOpen);
            if (open == std::string_view::npos) return put(setting, rest, out);
            if (open > 0 && rest[open - 1] == '$') {
                if (!put(setting, rest.substr(0, open - 1), out) || !put(setting, kOpen, out))
                    return false;
                rest.remove_prefix(open + kOpen.size());
                continue;
            }
            const std::size_t close = rest.find('}', open);
            if (close == std::string_view::npos)
                return fail(setting, "a reference without its '}'",
                            "close it, or write $${ for the characters themselves");
            if (!put(setting, rest.substr(0, open), out)) return false;
            const std::string_view whole = rest.substr(open, close + 1 - open);
            if (!appendReference(setting, whole, out)) return false;
            rest.remove_prefix(close + 1);
        }
    }

    bool put(const Setting& setting, std::string_view text, std::string& out) {
        if (out.size() + text.size() > kMostText)
            return fail(setting, "its references expand to more than 1 MiB", "use fewer");
        out += text;
        return true;
    }

    bool appendReference(const Setting& setting, std::string_view whole, std::string& out) {
        if (++references_ > kMostReferences)
            return fail(setting, "its references lead to too many others", "use fewer");
        const Reference reference =
            parseReference(whole.substr(kOpen.size(), whole.size() - kOpen.size() - 1));
        const std::string shown(whole);
        if (reference.name.empty())
            return fail(setting, shown + " names nothing", std::string(kHowToWrite));
        switch (reference.kind) {
            case Reference::Kind::Variable:
                return showing_ ? put(setting, whole, out)
                                : appendVariable(setting, reference.name, shown, out);
            case Reference::Kind::File:
                return showing_ ? put(setting, whole, out)
                                : appendFile(setting, reference.name, shown, out);
            case Reference::Kind::Key:
                return appendKey(setting, reference.name, shown, out);
            case Reference::Kind::Unknown:
                break;
        }
        return fail(setting, shown + " is a reference that is not expanded here",
                    std::string(kHowToWrite));
    }

    bool appendVariable(const Setting& setting, const std::string& name, const std::string& shown,
                        std::string& out) {
        const auto found = surroundings_.variables.find(name);
        if (found == surroundings_.variables.end())
            return fail(setting, shown + " refers to an environment variable that is not set",
                        "set " + name + " or refer to another");
        return put(setting, found->second, out);
    }

    bool appendFile(const Setting& setting, const std::string& name, const std::string& shown,
                    std::string& out) {
        const std::string path = absolutePath(name, setting.origin.folder);
        const Result<std::string> text = readFile(path, kMostSecret);
        if (!text)
            return fail(setting, shown + " cannot be read: " + path + ": " + text.error().message,
                        "create the file or correct the path");
        // Editors and echo end a file with a line end that is no part of the secret.
        std::string_view content = text.value();
        if (content.ends_with('\n')) content.remove_suffix(1);
        if (content.ends_with('\r')) content.remove_suffix(1);
        return put(setting, content, out);
    }

    bool appendKey(const Setting& setting, const std::string& key, const std::string& shown,
                   std::string& out) {
        if (showing_ && surroundings_.isSecret(key)) return put(setting, shown, out);
        if (std::find(stack_.begin(), stack_.end(), key) != stack_.end())
            return fail(setting, "the references go in a circle, " + circle(key),
                        "give one of these keys a value of its own");
        const std::optional<Setting> target = surroundings_.find(key);
        if (!target)
            return fail(setting, shown + " refers to a key that is not set",
                        "set " + key + " or correct the name");
        if (!surroundings_.isPath(key)) return append(*target, out);
        std::string path;
        if (!append(*target, path)) return false;
        return put(setting, absolutePath(path, target->origin.folder), out);
    }

    std::string circle(const std::string& key) const {
        std::string text;
        for (auto it = std::find(stack_.begin(), stack_.end(), key); it != stack_.end(); ++it)
            text += *it + " -> ";
        return text + key;
    }

    bool fail(const Setting& setting, const std::string& what, const std::string& whatToDo) {
        failure_ = ReferenceFailure{setting.origin, setting.key, what + "; " + whatToDo};
        return false;
    }

    const Surroundings& surroundings_;
    const bool showing_;
    int references_ = 0;
    std::vector<std::string> stack_;
    std::optional<ReferenceFailure> failure_;
};

/// Hides what stands between the first colon of a URI's authority and its last `@`, and the values
/// of `password=`. Where it cannot be told, it hides more.
std::string withoutPasswords(std::string text) {
    constexpr std::string_view kHidden = "***";
    for (std::size_t at = text.find("://"); at != std::string::npos; at = text.find("://", at)) {
        at += 3;
        const std::size_t end = std::min(text.find_first_of(" \t\n", at), text.size());
        const std::size_t sign = text.rfind('@', end);
        const std::size_t colon = text.find(':', at);
        if (sign == std::string::npos || sign < at || colon >= sign) continue;
        text.replace(colon + 1, sign - colon - 1, kHidden);
    }
    constexpr std::string_view kPassword = "password=";
    for (std::size_t at = Poco::toLower(text).find(kPassword); at != std::string::npos;
         at = Poco::toLower(text).find(kPassword, at)) {
        at += kPassword.size();
        const std::size_t end = std::min(text.find_first_of(" &;", at), text.size());
        text.replace(at, end - at, kHidden);
    }
    return text;
}

bool leadsToSecret(const Setting& setting, const Surroundings& surroundings, int depth) {
    constexpr int kDeepest = 32;
    const std::string_view raw = setting.raw;
    if (raw.empty() || depth > kDeepest) return true;
    if (!raw.starts_with(kOpen) || raw.find('}') != raw.size() - 1) return false;
    const Reference reference = parseReference(raw.substr(2, raw.size() - 3));
    if (reference.kind != Reference::Kind::Key) return true;
    const std::optional<Setting> target = surroundings.find(reference.name);
    // A dangling reference is reported when it is expanded.
    return !target || leadsToSecret(*target, surroundings, depth + 1);
}

}  // namespace

std::string absolutePath(const std::string& path, const std::string& folder) {
    if (path.empty()) return path;
    return (std::filesystem::path(folder) / path).lexically_normal().string();
}

Expansion expandReferences(const Setting& setting, const Surroundings& surroundings) {
    Expander expander(surroundings, false);
    Expansion result;
    if (!expander.append(setting, result.text)) result.failure = expander.failure();
    return result;
}

std::string display(const Setting& setting, const Surroundings& surroundings) {
    if (surroundings.isSecret(setting.key))
        return isReference(setting, surroundings) ? setting.raw : "***";
    Expander expander(surroundings, true);
    std::string text;
    if (!expander.append(setting, text)) text = setting.raw;
    return withoutPasswords(std::move(text));
}

bool isReference(const Setting& setting, const Surroundings& surroundings) {
    return leadsToSecret(setting, surroundings, 0);
}

}  // namespace oxcache::config
