int oxcacheDependency();
__attribute__((visibility("default"))) int oxcacheDependency() { return 1; }
