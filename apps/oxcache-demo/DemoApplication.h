#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <Poco/Util/Application.h>
#include <oxcache/oxcache.h>

#include "DemoOptions.h"
#include "PackageTable.h"
#include "Workload.h"

namespace oxcache::demo {

/// The main job: serves the package catalogue, or a database of the user's, through a cached
/// function, and tells what the levels did. Exit status: 0 done (`get`: found), 1 failed (`get`:
/// not there; a run: some requests failed), 2 usage or configuration.
class DemoApplication : public Poco::Util::Application {
public:
    static constexpr int kDone = 0;
    static constexpr int kFailed = 1;
    static constexpr int kUsage = 2;

    /// Tells on standard error of the exception that is being handled, which kept the main job
    /// from beginning; gives kUsage.
    static int refuse();

protected:
    void defineOptions(Poco::Util::OptionSet& options) override;
    void handleOption(const std::string& name, const std::string& value) override;
    void initialize(Poco::Util::Application& self) override;
    int main(const std::vector<std::string>& arguments) override;

private:
    std::ostream& notes() const;
    void prepare(const std::vector<std::string>& arguments);
    int work();
    void prepareCatalogue();
    Workload workload() const;
    Ask cachedLookup(const Cache& cache);
    void tellTemperature(const Cache& cache) const;
    int get(const Ask& ask) const;
    int serve(const Cache& cache, const Ask& ask);
    std::uint64_t queries(const Cache& cache) const;

    DemoOptions options_;
    bool finished_ = false;
    /// The catalogue's database, and the loader's way to it; unset with --db.
    std::string catalogue_;
    bool catalogueIsNew_ = false;
    std::unique_ptr<PackageTable> packages_;
    std::vector<std::string> keys_;
    std::string service_;
};

}  // namespace oxcache::demo
