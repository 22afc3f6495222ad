#include "StoreFixture.h"

#include <random>

namespace oxcache::conformance {
namespace {

constexpr std::uint64_t kOrigin = 4242;

std::string randomRun() {
    static const std::string run = std::to_string(std::random_device()());
    return run;
}

std::unique_ptr<spi::RemoteStore> made(const StoreSubject& subject) {
    auto store = subject.makeStore();
    if (!store.ok()) throw BrokenPromise("the store was not made: " + store.error().message);
    require(store.value() != nullptr, "the factory gave neither a store nor an error");
    return std::move(store).value();
}

}  // namespace

StoreFixture::StoreFixture(const StoreSubject& subject, const std::string& check)
    : subject_(subject),
      prefix_("conformance:" + randomRun() + ":" + check + ":"),
      store_(made(subject)) {
    last_ = {static_cast<std::uint64_t>(now()), 0, kOrigin};
}

std::unique_ptr<spi::RemoteStore> StoreFixture::anotherStore() const { return made(subject_); }

Version StoreFixture::nextVersion() {
    ++last_.counter;
    return last_;
}

std::int64_t StoreFixture::now() {
    const auto time = store_->time(soon());
    if (!time.ok()) throw BrokenPromise("time: " + time.error().message);
    return time.value();
}

Bytes StoreFixture::envelope(EntryKind kind, const Version& version, const Version& written,
                             BytesView payload, std::uint64_t removeGeneration) {
    EnvelopeHeader header;
    header.kind = kind;
    header.version = version;
    header.written = written;
    header.createdMs = static_cast<std::int64_t>(version.ms);
    header.generations.remove = removeGeneration;
    return encodeEnvelope(header, payload);
}

spi::PutOutcome StoreFixture::put(spi::PutMode mode, const std::string& key, BytesView envelope,
                                  Duration life, const Version& observed, bool publish) {
    const spi::Put put{key, mode, envelope, observed, now() + life.count(), publish};
    return only(store_->put({&put, 1}, soon()), "put");
}

void StoreFixture::set(const std::string& key, BytesView envelope, Duration life) {
    require(put(spi::PutMode::Overwrite, key, envelope, life) == spi::PutOutcome::Stored,
            "an Overwrite was not stored");
}

Bytes StoreFixture::get(const std::string& key) {
    const Key asked = key;
    return only(store_->get({&asked, 1}, soon()), "get");
}

Bytes StoreFixture::lease(const std::string& key, const Version& version, Duration life) {
    const Key asked = key;
    return only(store_->lease({&asked, 1}, {version, now() + life.count()}, soon()), "lease");
}

EnvelopeHeader StoreFixture::headerAt(const std::string& key) {
    const Bytes bytes = get(key);
    require(!bytes.empty(), "nothing stands where something should");
    const auto decoded = decodeEnvelope(bytes);
    if (!decoded.ok())
        throw BrokenPromise("what stands is no envelope: " + decoded.error().message);
    return decoded.value().header;
}

std::vector<CheckResult> checkRemoteStore(const StoreSubject& subject) {
    std::vector<CheckResult> results;
    checkReads(subject, results);
    checkPuts(subject, results);
    checkLeases(subject, results);
    return results;
}

}  // namespace oxcache::conformance
