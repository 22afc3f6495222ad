#include "support/TlsFiles.h"

#include <fstream>

#include "support/ChildProcess.h"

namespace oxcache::testing {

TlsFiles::TlsFiles() {
    std::ofstream(folder_.file("names")) << "subjectAltName=DNS:localhost,IP:127.0.0.1\n";
    authority("ca");
    authority("other");
    certificate("server", "30");
    certificate("client", "30");
    certificate("expired", "-1");
}

void TlsFiles::authority(const std::string& name) const {
    outputOf({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
              "-nodes", "-days", "30", "-subj", "/CN=oxcache test " + name, "-keyout",
              folder_.file(name + ".key"), "-out", folder_.file(name + ".crt")});
}

void TlsFiles::certificate(const std::string& name, const std::string& days) const {
    const std::string request = folder_.file(name + ".csr");
    outputOf({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
              "-subj", "/CN=" + name, "-keyout", folder_.file(name + ".key"), "-out", request});
    outputOf({"openssl", "x509", "-req", "-in", request, "-CA", ca(), "-CAkey",
              folder_.file("ca.key"), "-CAcreateserial", "-days", days, "-extfile",
              folder_.file("names"), "-out", folder_.file(name + ".crt")});
}

}  // namespace oxcache::testing
