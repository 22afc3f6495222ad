#pragma once

#include <openssl/ssl.h>

#include <Poco/Net/Context.h>
#include <Poco/Net/StreamSocket.h>

#include "Transport.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::redis {

/// TLS over a socket that Poco connected, with the certificates of a Poco::Net::Context. The SSL
/// object is ours: Poco's secure socket can neither be used by a sender and a receiver at once nor
/// wait without blocking.
class TlsTransport final : public Transport {
public:
    ~TlsTransport() override;

    /// Shakes hands. Errors: Unavailable (with OpenSSL's reason), Timeout.
    static Result<std::unique_ptr<Transport>> over(const Poco::Net::StreamSocket& socket,
                                                   const Endpoint& endpoint, const TlsSettings& tls,
                                                   SteadyTime until);

    IoResult receive(char* at, std::size_t size, bool wait) noexcept override;
    IoResult send(const char* at, std::size_t size) noexcept override;

private:
    TlsTransport(const Poco::Net::StreamSocket& socket, Poco::Net::Context::Ptr context);
    Result<void> shakeHands(const Endpoint& endpoint, const TlsSettings& tls, SteadyTime until);
    IoResult resultOf(int returned, const char* call) noexcept OXCACHE_REQUIRES(mutex_);

    Poco::Net::StreamSocket socket_;
    Poco::Net::Context::Ptr context_;
    Mutex mutex_;  // an SSL object takes one thread at a time
    SSL* ssl_ OXCACHE_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace oxcache::redis
