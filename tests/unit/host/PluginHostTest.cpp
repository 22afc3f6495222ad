#include "host/PluginHost.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <doctest/doctest.h>

#include "support/TempFolder.h"

using namespace oxcache;
using oxcache::host::Offer;
using oxcache::host::PluginHost;
using oxcache::testing::TempFolder;
namespace fs = std::filesystem;

namespace {

const std::string kFolder = OXCACHE_TEST_PLUGINS;
const std::string kGood = kFolder + "/oxcache-fallback-good.so";

/// The events that the good plugin tells of.
class Events {
public:
    Events() { ::setenv("OXCACHE_TEST_EVENTS", file().c_str(), 1); }
    ~Events() { ::unsetenv("OXCACHE_TEST_EVENTS"); }
    Events(const Events&) = delete;
    Events& operator=(const Events&) = delete;

    std::vector<std::string> all() const {
        std::ifstream stream(file());
        std::vector<std::string> lines;
        for (std::string line; std::getline(stream, line);) lines.push_back(line);
        return lines;
    }

private:
    std::string file() const { return folder_.file("events"); }
    TempFolder folder_;
};

bool isLoaded(const std::string& file) {
    void* handle = ::dlopen(file.c_str(), RTLD_LAZY | RTLD_NOLOAD);
    if (handle != nullptr) ::dlclose(handle);
    return handle != nullptr;
}

std::unique_ptr<spi::FallbackStore> makeStore(const Offer& offer, Clock& clock) {
    const spi::OptionValues options;
    const spi::ExtensionContext context{options, clock, "s", "s:", 1, 1000, {}};
    Result<std::unique_ptr<spi::FallbackStore>> store = offer.fallbackStore(context);
    REQUIRE(store.ok());
    return std::move(*store);
}

}  // namespace

TEST_CASE("AGoodPluginSaysWhatItIsAndOffers") {
    PluginHost host({kFolder});
    const Result<const Offer*> offer = host.load("fallback", "good");
    REQUIRE_MESSAGE(offer.ok(), offer.error().message);
    CHECK((*offer)->file == fs::canonical(kGood).string());
    CHECK((*offer)->info.name == "good");
    CHECK((*offer)->info.version == "1.2.3");
    CHECK((*offer)->info.kind == "fallback");
    REQUIRE((*offer)->options.size() == 1);
    CHECK((*offer)->options[0].name == "path");
    CHECK(static_cast<bool>((*offer)->fallbackStore));
    CHECK_FALSE(static_cast<bool>((*offer)->remoteStore));
    CHECK_FALSE(static_cast<bool>((*offer)->invalidationBus));
}

TEST_CASE("WhatAPluginBuildsWorks") {
    PluginHost host({kFolder});
    ManualClock clock;
    const auto store = makeStore(**host.load("fallback", "good"), clock);
    const Key keys[] = {"a", "b"};
    const auto replies = store->load(keys, Deadline::never());
    REQUIRE(replies.size() == 2);
    CHECK(replies[1]->value == "b");
}

TEST_CASE("ALibraryIsUnloadedAfterAllThatCameFromIt") {
    const Events events;
    {
        PluginHost host({kFolder});
        ManualClock clock;
        const Result<const Offer*> offer = host.load("fallback", "good");
        REQUIRE(offer.ok());
        const auto store = makeStore(**offer, clock);
        CHECK(isLoaded(kGood));
    }
    CHECK_FALSE(isLoaded(kGood));
    CHECK(events.all() == std::vector<std::string>{"library loaded", "plugin made", "store made",
                                                   "store destroyed", "plugin destroyed",
                                                   "factory destroyed", "library unloaded"});
}

TEST_CASE("TheSameFileIsLoadedOnce") {
    const Events events;
    PluginHost host({kFolder});
    const Result<const Offer*> first = host.load("fallback", "good");
    REQUIRE(first.ok());
    CHECK(*host.load("fallback", "good") == *first);
    CHECK(*host.loadFile(kGood) == *first);
    CHECK(*host.loadFile(kFolder + "/../plugins/./oxcache-fallback-good.so") == *first);
    TempFolder folder;
    fs::create_symlink(kGood, folder.file("link.so"));
    CHECK(*host.loadFile(folder.file("link.so")) == *first);
    CHECK(events.all() == std::vector<std::string>{"library loaded", "plugin made"});
}

TEST_CASE("TwoHostsShareALibraryAndTheLastUnloadsIt") {
    const Events events;
    ManualClock clock;
    auto first = std::make_unique<PluginHost>(std::vector<std::string>{kFolder});
    auto second = std::make_unique<PluginHost>(std::vector<std::string>{kFolder});
    const Result<const Offer*> one = first->load("fallback", "good");
    const Result<const Offer*> other = second->load("fallback", "good");
    REQUIRE(one.ok());
    REQUIRE(other.ok());
    CHECK(*one != *other);
    first.reset();
    CHECK(isLoaded(kGood));
    const auto store = makeStore(**other, clock);
    const Key key = "k";
    CHECK(store->load({&key, 1}, Deadline::never())[0]->value == "k");
    CHECK(events.all().back() == "store made");
}

TEST_CASE("AfterTwoHostsNothingIsLeft") {
    {
        PluginHost first({kFolder});
        PluginHost second({kFolder});
        REQUIRE(first.load("fallback", "good").ok());
        REQUIRE(second.load("fallback", "good").ok());
        REQUIRE(second.load("l2", "plain").ok());
    }
    CHECK_FALSE(isLoaded(kGood));
    CHECK_FALSE(isLoaded(kFolder + "/oxcache-l2-plain.so"));
}

TEST_CASE("FoldersAreSearchedInOrder") {
    TempFolder before;
    const std::string copy = before.file("oxcache-fallback-good.so");
    fs::copy_file(kGood, copy);
    PluginHost host({before.file("not-there"), "", before.path(), kFolder});
    const Result<const Offer*> offer = host.load("fallback", "good");
    REQUIRE(offer.ok());
    CHECK((*offer)->file == fs::canonical(copy).string());
    CHECK(host.load("l2", "plain").ok());
}

TEST_CASE("ARelativeFolderIsTakenFromTheCurrentOne") {
    const std::string relative = fs::relative(kFolder).string();
    REQUIRE(fs::path(relative).is_relative());
    PluginHost host({relative});
    CHECK(host.load("fallback", "good").ok());
    CHECK(host.loadFile(relative + "/oxcache-l2-plain.so").ok());
    const fs::path before = fs::current_path();
    fs::current_path(kFolder);
    const bool bareName = host.loadFile("oxcache-fallback-good.so").ok();
    fs::current_path(before);
    CHECK(bareName);
}

TEST_CASE("TheDefaultFolderBelongsToTheLibraryInUse") {
    CHECK(PluginHost::defaultFolder() == fs::weakly_canonical(OXCACHE_BUILT_PLUGINS).string());
}
