// For programs that forbid themselves system calls. LeakSanitizer stops the other threads by ptrace from a process of
// its own: a node may neither, and would end with that complaint.
extern "C" const char* __asan_default_options() __attribute__((used));
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }
