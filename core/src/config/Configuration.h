#pragma once

#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <Poco/AutoPtr.h>
#include <Poco/Util/AbstractConfiguration.h>

#include "config/Layer.h"
#include "config/Origin.h"
#include "config/Problems.h"
#include "config/References.h"
#include "config/Tables.h"
#include "oxcache/base/Export.h"
#include "oxcache/spi/OptionSpec.h"

namespace oxcache::config {

/// What a configuration is made from.
struct Source {
    /// The base file: .properties, .json or .xml. Empty where `application` is given.
    std::string file{};
    /// An application's own configuration as the base layer; its keys under `oxcache.` are read
    /// once, by load().
    Poco::AutoPtr<Poco::Util::AbstractConfiguration> application{};
    /// The environment that was chosen explicitly; empty: OXCACHE_ENV, then the recorded one, then
    /// `development`.
    std::string environment{};
    /// `KEY=VALUE` each, with or without the prefix `oxcache.`; of one key the last counts.
    std::vector<std::string> settings{};
    /// Environment variables; unset: those of the process.
    std::optional<Variables> variables{};
};

/// One effective value for people to read.
struct Explanation {
    std::string key;
    /// Secrets and references to them are not shown.
    std::string value;
    Origin origin;
};

/// A configuration in labelled layers: defaults < base file or application < environment file <
/// OXCACHE__A__B variables < command line. Every value knows where it was written.
///
/// Used in two steps, because plugins bring option tables of their own: load() and declare() what
/// the core knows, find out which plugins are wanted (services(), text(), paths()), declare() their
/// tables, then read() everything and reportUnknown(). Nothing throws for a wrong configuration;
/// what is wrong goes to Problems, and values read meanwhile are incomplete.
///
/// As a Poco configuration it is read-only; getString() gives expanded values of the keys under
/// `oxcache.`, secrets included. Loading and declaring belong to one thread, reading is
/// thread-safe afterwards.
class OXCACHE_INTERNAL Configuration : public Poco::Util::AbstractConfiguration {
public:
    using Ptr = Poco::AutoPtr<Configuration>;
    struct Values {
        spi::OptionValues values{};
        /// False when a required one has no value that can be used.
        bool complete = true;
    };

    static Ptr load(const Source& source, Problems& problems);

    /// The environment in use.
    const std::string& environment() const noexcept { return environment_; }
    /// False when a file could not be read: what seems missing may stand there, so read() does not
    /// report it.
    bool complete() const noexcept { return complete_; }

    /// Names of the configured services, sorted; a malformed name is a problem and left out.
    std::vector<std::string> services(Problems& problems);
    /// The segments that follow `prefix` (which ends with a dot) in the keys set below it, sorted.
    std::vector<std::string> groups(const std::string& prefix) const;
    /// The value that counts, as it was written; declared defaults included.
    std::optional<Setting> find(const std::string& key) const;
    /// The value that counts, references expanded, a declared Path made absolute. Nothing when
    /// unset, or when a reference fails (a problem).
    std::optional<std::string> text(const std::string& key, Problems& problems) const;
    /// text() as a comma-separated list of paths, each made absolute.
    std::vector<std::string> paths(const std::string& key, Problems& problems) const;
    /// Where a problem with this key is to be reported: where it is set, else where its group
    /// begins, else the base layer.
    Origin originOf(const std::string& key) const;

    /// Reports what a plugin says of its options: each line that begins with the name of one and a
    /// colon (`path: ...`) at that option below `prefix`, any other at `key`.
    void reportFindings(const std::string& text, const std::string& prefix, const std::string& key,
                        Problems& problems) const;

    /// Makes a table's options known below `prefix` (which ends with a dot) and their defaults
    /// effective. Tables may share a prefix, and a prefix may lie within another.
    void declare(const std::string& prefix, std::vector<spi::OptionSpec> table);
    /// The validated values of what was declared at exactly this prefix, named as in the tables. A
    /// wrong value is a problem, and its default stands in, so that what depends on the others can
    /// be checked in the same run.
    Values read(const std::string& prefix, Problems& problems) const;
    /// Keys below this prefix are not reported as unknown: their table could not be had.
    void excuse(const std::string& prefix) { excused_.insert(prefix); }
    /// Reports every key under `oxcache.`, in every layer, that no declared table has.
    void reportUnknown(Problems& problems) const;

    /// The effective value of a key with its origin; nothing when unset.
    std::optional<Explanation> explain(const std::string& key) const;
    /// All effective keys under `oxcache.`, sorted.
    std::vector<Explanation> explainAll() const;

protected:
    ~Configuration() override = default;
    bool getRaw(const std::string& key, std::string& value) const override;
    void setRaw(const std::string& key, const std::string& value) override;
    void removeRaw(const std::string& key) override;
    void enumerate(const std::string& key, Keys& range) const override;

private:
    struct Declared {
        std::string prefix;
        std::vector<spi::OptionSpec> table;
        std::vector<Option> options;
    };

    Configuration() = default;
    void readEnvironmentLayer(const Source& source, Problems& problems);
    Surroundings surroundings() const;
    std::set<std::string> effectiveKeys() const;
    const Setting* firstUnder(const std::string& prefix) const;
    bool isKnown(const std::string& key) const;
    bool readOption(const Option& option, spi::OptionValues& values, Problems& problems) const;
    std::string unknownText(const std::string& key) const;

    std::string environment_;
    bool complete_ = true;
    Origin base_;
    Variables variables_;
    Poco::AutoPtr<Poco::Util::AbstractConfiguration> application_;
    /// Lowest first; the defaults are layer 0.
    std::vector<Layer> layers_;
    std::list<Declared> declared_;
    std::map<std::string, const spi::OptionSpec*, std::less<>> specs_;
    std::set<std::string> excused_;
};

}  // namespace oxcache::config
