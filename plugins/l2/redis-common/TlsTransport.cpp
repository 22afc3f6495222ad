#include "TlsTransport.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <Poco/Exception.h>
#include <Poco/Net/IPAddress.h>

namespace oxcache::redis {
namespace {

bool wouldBlock() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int fdOf(BIO* bio) noexcept { return static_cast<Transport*>(BIO_get_data(bio))->descriptor(); }

// OpenSSL's own socket BIO uses write(), which raises SIGPIPE.
int bioWrite(BIO* bio, const char* at, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t bytes =
        ::send(fdOf(bio), at, static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (bytes < 0 && wouldBlock()) BIO_set_retry_write(bio);
    return static_cast<int>(bytes);
}

int bioRead(BIO* bio, char* at, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t bytes = ::recv(fdOf(bio), at, static_cast<std::size_t>(size), MSG_DONTWAIT);
    if (bytes < 0 && wouldBlock()) BIO_set_retry_read(bio);
    return static_cast<int>(bytes);
}

long bioControl(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

// Freed when the plugin is unloaded, which is after its last connection.
BIO_METHOD* socketMethod() {
    static const std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "oxcache");
        BIO_meth_set_write(made, bioWrite);
        BIO_meth_set_read(made, bioRead);
        BIO_meth_set_ctrl(made, bioControl);
        return std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)>(made, &BIO_meth_free);
    }();
    return method.get();
}

std::string opensslReason() {
    std::string text;
    while (const unsigned long code = ERR_get_error()) {
        char line[256];
        ERR_error_string_n(code, line, sizeof line);
        text += (text.empty() ? "" : ", ") + std::string(line);
    }
    return text;
}

Poco::Net::Context::Ptr contextOf(const TlsSettings& tls) {
    Poco::Net::Context::Params params;
    params.caLocation = tls.caLocation;
    params.certificateFile = tls.certificate;
    params.privateKeyFile = tls.key;
    params.loadDefaultCAs = tls.caLocation.empty();
    params.verificationMode =
        tls.verify ? Poco::Net::Context::VERIFY_RELAXED : Poco::Net::Context::VERIFY_NONE;
    params.cipherList = "DEFAULT";
    Poco::Net::Context::Ptr context(
        new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, params));
    context->disableProtocols(Poco::Net::Context::PROTO_TLSV1 | Poco::Net::Context::PROTO_TLSV1_1);
    return context;
}

}  // namespace

TlsTransport::TlsTransport(const Poco::Net::StreamSocket& socket, Poco::Net::Context::Ptr context)
    : Transport(static_cast<int>(socket.impl()->sockfd())),
      socket_(socket),
      context_(std::move(context)) {}

TlsTransport::~TlsTransport() {
    MutexLock lock(mutex_);
    SSL_free(ssl_);
}

Result<std::unique_ptr<Transport>> TlsTransport::over(const Poco::Net::StreamSocket& socket,
                                                      const Endpoint& endpoint,
                                                      const TlsSettings& tls, SteadyTime until) {
    try {
        std::unique_ptr<TlsTransport> transport(new TlsTransport(socket, contextOf(tls)));
        if (const auto shaken = transport->shakeHands(endpoint, tls, until); !shaken)
            return shaken.error();
        return std::unique_ptr<Transport>(std::move(transport));
    } catch (const Poco::Exception& problem) {
        return Error{ErrorCode::Unavailable,
                     "redis " + endpoint.text() + ": TLS cannot be set up: " +
                         problem.displayText() + "; check tls_ca, tls_certificate and tls_key"};
    }
}

Result<void> TlsTransport::shakeHands(const Endpoint& endpoint, const TlsSettings& tls,
                                      SteadyTime until) {
    const std::string& name = tls.serverName.empty() ? endpoint.host : tls.serverName;
    Poco::Net::IPAddress address;
    const bool isAddress = Poco::Net::IPAddress::tryParse(name, address);
    MutexLock lock(mutex_);
    ssl_ = SSL_new(context_->sslContext());
    BIO* bio = BIO_new(socketMethod());
    if (ssl_ == nullptr || bio == nullptr)
        return Error{ErrorCode::Unavailable, "redis " + endpoint.text() + ": out of memory in TLS"};
    BIO_set_data(bio, static_cast<Transport*>(this));
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_mode(ssl_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_set_verify(ssl_, tls.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (isAddress) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), name.c_str());
    } else {
        SSL_set1_host(ssl_, name.c_str());
        SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(name.c_str()));
    }
    for (;;) {
        ERR_clear_error();
        errno = 0;
        const int returned = SSL_connect(ssl_);
        if (returned == 1) return {};
        const int why = SSL_get_error(ssl_, returned);
        const bool ready = why == SSL_ERROR_WANT_READ    ? awaitReadable(until)
                           : why == SSL_ERROR_WANT_WRITE ? awaitWritable(until)
                                                         : false;
        if (ready) continue;
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
            return Error{ErrorCode::Timeout,
                         "redis " + endpoint.text() + ": the TLS handshake took too long"};
        std::string reason = opensslReason();
        const long verified = SSL_get_verify_result(ssl_);
        if (tls.verify && verified != X509_V_OK)
            reason = std::string("the certificate was refused: ") +
                     X509_verify_cert_error_string(verified);
        if (reason.empty()) reason = "the server ended the handshake; does it speak TLS?";
        return Error{ErrorCode::Unavailable, "redis " + endpoint.text() + ": TLS: " + reason};
    }
}

IoResult TlsTransport::receive(char* at, std::size_t size, bool wait) noexcept {
    for (;;) {
        IoResult result;
        {
            MutexLock lock(mutex_);
            ERR_clear_error();
            errno = 0;
            result =
                resultOf(SSL_read(ssl_, at, static_cast<int>(std::min<std::size_t>(size, INT_MAX))),
                         "receiving");
        }
        if (result.status != IoResult::Status::WouldBlock || !wait) return result;
        wait = false;
        if (!awaitReadable(std::chrono::steady_clock::now() + kTick)) return result;
    }
}

IoResult TlsTransport::send(const char* at, std::size_t size) noexcept {
    MutexLock lock(mutex_);
    ERR_clear_error();
    errno = 0;
    return resultOf(SSL_write(ssl_, at, static_cast<int>(std::min<std::size_t>(size, INT_MAX))),
                    "sending");
}

IoResult TlsTransport::resultOf(int returned, const char* call) noexcept {
    if (returned > 0) return {IoResult::Status::Done, static_cast<std::size_t>(returned), {}};
    const int why = SSL_get_error(ssl_, returned);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        return {IoResult::Status::WouldBlock, 0, {}};
    if (why == SSL_ERROR_ZERO_RETURN)
        return {IoResult::Status::Closed, 0, "the server closed the connection"};
    const std::string reason = opensslReason();
    const std::string fallback = errno != 0 ? std::strerror(errno) : "the connection was cut";
    return {IoResult::Status::Closed, 0,
            std::string("TLS, ") + call + ": " + (reason.empty() ? fallback : reason)};
}

}  // namespace oxcache::redis
