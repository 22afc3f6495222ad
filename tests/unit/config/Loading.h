#pragma once

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "Folder.h"
#include "config/Configuration.h"

namespace oxcache::testing {

/// A configuration with the problems met so far; variables are those given and no others.
struct Loaded {
    explicit Loaded(config::Source source) {
        if (!source.variables) source.variables = config::Variables{};
        configuration = config::Configuration::load(source, problems);
    }
    explicit Loaded(const std::string& file) : Loaded(fromFile(file)) {}

    static config::Source fromFile(const std::string& file) {
        config::Source source;
        source.file = file;
        return source;
    }

    config::Configuration* operator->() { return configuration.get(); }
    std::string text(const std::string& key) {
        return configuration->text(key, problems).value_or("(unset)");
    }
    spi::OptionValues read(const std::string& prefix) {
        return configuration->read(prefix, problems).values;
    }
    /// The lines reported so far, `folder` cut out of them.
    std::vector<std::string> lines(const Folder& folder) const {
        std::vector<std::string> result = problems.lines();
        const std::string path = folder.path("");
        for (std::string& line : result)
            for (std::size_t at = line.find(path); at != std::string::npos; at = line.find(path))
                line.erase(at, path.size());
        return result;
    }

    config::Problems problems;
    config::Configuration::Ptr configuration;
};

using Lines = std::vector<std::string>;

}  // namespace oxcache::testing

namespace doctest {

template <>
struct StringMaker<std::vector<std::string>> {
    static String convert(const std::vector<std::string>& lines) {
        std::string text;
        for (const std::string& line : lines) text += "\n    " + line;
        return text.c_str();
    }
};

}  // namespace doctest
