#pragma once

#include <string>

#include "support/TempFolder.h"

namespace oxcache::testing {

/// An authority and certificates of its own, made with openssl in a folder that ends with the
/// scope. The server's bears the names `localhost` and 127.0.0.1, the stranger's was signed by
/// another authority. Throws std::runtime_error where openssl does not do it.
class TlsFiles {
public:
    TlsFiles();

    std::string ca() const { return folder_.file("ca.crt"); }
    std::string serverCertificate() const { return folder_.file("server.crt"); }
    std::string serverKey() const { return folder_.file("server.key"); }
    std::string clientCertificate() const { return folder_.file("client.crt"); }
    std::string clientKey() const { return folder_.file("client.key"); }
    std::string otherCa() const { return folder_.file("other.crt"); }
    /// Signed by ca(), for localhost, and over since yesterday.
    std::string expiredCertificate() const { return folder_.file("expired.crt"); }
    std::string expiredKey() const { return folder_.file("expired.key"); }

private:
    void authority(const std::string& name) const;
    void certificate(const std::string& name, const std::string& days) const;

    TempFolder folder_;
};

}  // namespace oxcache::testing
