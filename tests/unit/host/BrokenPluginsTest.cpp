#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "host/PluginHost.h"
#include "support/TempFolder.h"

using namespace oxcache;
using oxcache::host::PluginHost;
using oxcache::testing::TempFolder;
namespace fs = std::filesystem;

namespace {

const std::string kFolder = OXCACHE_TEST_PLUGINS;
const std::string kGood = kFolder + "/oxcache-fallback-good.so";

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// The error of a plugin that cannot be used: an Unavailable that names the file and says what to
/// do. The host still loads good plugins afterwards.
std::string errorOf(PluginHost& host, const std::string& kind, const std::string& name,
                    const std::string& file) {
    const auto offer = host.load(kind, name);
    REQUIRE_FALSE(offer.ok());
    CHECK(offer.error().code == ErrorCode::Unavailable);
    std::string text = offer.error().message;
    CAPTURE(text);
    CHECK(contains(text, file));
    CHECK(contains(text, "; "));
    return text;
}

std::string errorOf(const std::string& name) {
    std::string text;
    {
        PluginHost host({kFolder});
        text = errorOf(host, "l2", name, kFolder + "/oxcache-l2-" + name + ".so");
        CHECK(host.load("fallback", "good").ok());
        CHECK_FALSE(host.load("l2", name).ok());
    }
    return text;
}

/// The error of a file with this content.
std::string errorOfContent(const std::string& content) {
    TempFolder folder;
    const std::string file = folder.file("oxcache-l2-odd.so");
    std::ofstream(file, std::ios::binary) << content;
    PluginHost host({folder.path()});
    return errorOf(host, "l2", "odd", file);
}

std::string contentOf(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(stream), {});
}

/// What the throwing plugin's error says, when it throws there and that.
std::string errorWhenThrown(const std::string& what) {
    ::setenv("OXCACHE_TEST_THROW", what.c_str(), 1);
    std::string text = errorOf("throwing");
    ::unsetenv("OXCACHE_TEST_THROW");
    return text;
}

}  // namespace

TEST_CASE("AFileThatIsNoLibraryIsNamed") {
    CHECK(contains(errorOfContent("This is a text.\n"), "it is not a shared library"));
    CHECK(contains(errorOfContent(""), "it is not a shared library"));
    CHECK(contains(errorOfContent(std::string(10'000, '\0')), "it is not a shared library"));
    CHECK(contains(errorOfContent("\x7f"
                                  "ELF"),
                   "it is not a shared library"));
    CHECK(contains(errorOfContent("\x7f"
                                  "ELF" +
                                  std::string(10'000, 'x')),
                   "not a shared library"));
}

TEST_CASE("AProgramIsNoPlugin") {
    // A position-independent program is of the same type as a library; the loader refuses it.
    const std::string text = errorOfContent(contentOf("/proc/self/exe"));
    CHECK((contains(text, "cannot be loaded") || contains(text, "not a shared library")));
}

TEST_CASE("AFolderInAPluginsPlaceIsNamed") {
    TempFolder folder;
    const std::string file = folder.file("oxcache-l2-odd.so");
    fs::create_directory(file);
    PluginHost host({folder.path()});
    CHECK(contains(errorOf(host, "l2", "odd", file), "it is not a shared library"));
}

// The dynamic loader maps such a file and dies of a bus error.
TEST_CASE("AFileThatIsCutShortIsNamed") {
    const std::string whole = contentOf(kGood);
    REQUIRE(whole.size() > 10'000);
    std::vector<std::size_t> sizes{64, 100, 800, 4096, 5000, 8192};
    for (std::size_t part = 1; part < 8; ++part) sizes.push_back(whole.size() * part / 10);
    for (const std::size_t size : sizes) {
        CAPTURE(size);
        CHECK(contains(errorOfContent(whole.substr(0, size)), "it is cut short"));
    }
}

TEST_CASE("ALibraryWithoutTheRecordIsNamed") {
    CHECK(contains(errorOf("no-record"), "lacks the record oxcache_plugin_abi"));
}

TEST_CASE("ALibraryWithoutManifestIsNamed") {
    CHECK(contains(errorOf("no-manifest"), "it has no manifest"));
}

TEST_CASE("ARecordOfSomebodyElseIsNamed") {
    CHECK(contains(errorOf("other-magic"), "not of an Oxcache plugin"));
}

TEST_CASE("AnotherVersionOfTheInterfaceIsNamed") {
    const std::string major = errorOf("other-major");
    CHECK(contains(major, "was built for version 99.0"));
    CHECK(contains(major, "this process has " + std::to_string(OXCACHE_SPI_MAJOR) + "." +
                              std::to_string(OXCACHE_SPI_MINOR)));
    CHECK(contains(errorOf("later-minor"),
                   "was built for version " + std::to_string(OXCACHE_SPI_MAJOR) + ".99"));
}

TEST_CASE("AnUnresolvedSymbolIsNamedBeforeItIsCalled") {
    const std::string text = errorOf("unresolved");
    CHECK(contains(text, "undefined symbol"));
    CHECK(contains(text, "oxcacheFunctionThatIsNowhere"));
}

TEST_CASE("AMissingDependencyIsNamed") {
    const std::string text = errorOf("dependent");
    CHECK(contains(text, "libhost-test-dependency.so"));
    CHECK(contains(text, "install what it needs"));
}

TEST_CASE("AManifestWithTwoClassesIsRefused") {
    CHECK(contains(errorOf("two-classes"), "must name exactly one class"));
}

TEST_CASE("AManifestOfAnotherBaseIsRefused") {
    CHECK(contains(errorOf("other-base"), "Manifest class mismatch"));
}

TEST_CASE("AnExceptionInAPluginIsTold") {
    CHECK(contains(errorWhenThrown("constructor:poco"), "the disk of Poco"));
    CHECK(contains(errorWhenThrown("constructor:std"), "the standard trouble"));
    CHECK(contains(errorWhenThrown("constructor:int"), "something that is no exception"));
    CHECK(contains(errorWhenThrown("info:poco"), "the disk of Poco"));
    CHECK(contains(errorWhenThrown("register:std"), "the standard trouble"));
    CHECK(contains(errorWhenThrown("register:int"), "something that is no exception"));
}

TEST_CASE("APluginOfAnotherKindIsRefused") {
    PluginHost host({kFolder});
    const std::string text = errorOf(host, "sink", "plain", kFolder + "/oxcache-sink-plain.so");
    CHECK(contains(text, "it is a plugin of kind 'l2'"));
    CHECK(contains(text, "oxcache-l2-plain.so"));
    CHECK(host.load("l2", "plain").ok());
}

TEST_CASE("AMissingPluginIsToldWithWhatIsThere") {
    TempFolder empty;
    PluginHost host({empty.path(), kFolder});
    const std::string text = errorOf(host, "fallback", "goood", "oxcache-fallback-goood.so");
    CHECK(contains(text, "in " + empty.path() + ", " + fs::path(kFolder).string()));
    CHECK(contains(text, "plugins of this kind there: good)"));
    CHECK(contains(text, "oxcache.plugins.path"));
    CHECK(contains(errorOf(host, "bus", "any", "oxcache-bus-any.so"), "there: none)"));
    CHECK(contains(errorOf(host, "l2", "../x", "oxcache-l2-../x.so"), "is not there"));
}

TEST_CASE("WithoutFoldersNothingIsFound") {
    PluginHost host({});
    CHECK(contains(errorOf(host, "l2", "plain", "oxcache-l2-plain.so"), "in any folder"));
    PluginHost nowhere({"", "/not/there"});
    CHECK(contains(errorOf(nowhere, "l2", "plain", "oxcache-l2-plain.so"), "in /not/there;"));
}

TEST_CASE("AFileThatIsNotThereIsNamed") {
    PluginHost host({});
    const auto offer = host.loadFile("/not/there.so");
    REQUIRE_FALSE(offer.ok());
    CHECK(contains(offer.error().message, "/not/there.so: it is not there"));
    CHECK_FALSE(host.loadFile("").ok());
}
