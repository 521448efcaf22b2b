/* A stand-in for the driver's library: two GPUs with known figures, the second of which tells its memory only. */
#include <stdlib.h>
#include <string.h>

typedef struct { unsigned long long total, free, used; } memory;
typedef struct { unsigned int gpu, memory; } use;

enum { OK = 0, NOT_SUPPORTED = 3, NOT_LOADED = 9 };

int nvmlInit_v2(void) { return getenv("S1_FAKE_NVML_UNLOADED") ? NOT_LOADED : OK; }
int nvmlInit(void) { return nvmlInit_v2(); }
int nvmlInitWithFlags(unsigned int flags) { (void)flags; return nvmlInit_v2(); }
int nvmlShutdown(void) { return OK; }
const char *nvmlErrorString(int code) { (void)code; return "an error of the stand-in"; }
int nvmlDeviceGetCount_v2(unsigned int *n) { *n = 2; return OK; }
int nvmlDeviceGetCount(unsigned int *n) { return nvmlDeviceGetCount_v2(n); }
int nvmlDeviceGetHandleByIndex_v2(unsigned int i, void **dev) { *dev = (void *)(size_t)(i + 1); return OK; }
int nvmlDeviceGetHandleByIndex(unsigned int i, void **dev) { return nvmlDeviceGetHandleByIndex_v2(i, dev); }
int nvmlDeviceGetName(void *dev, char *name, unsigned int n) {
    strncpy(name, (size_t)dev == 1 ? "Stand-in 80GB" : "Stand-in MIG", n);
    return OK;
}
int nvmlDeviceGetMemoryInfo(void *dev, memory *m) {
    m->total = 80000000000ull / (size_t)dev;
    m->used = 30000000000ull / (size_t)dev;
    m->free = m->total - m->used;
    return OK;
}
int nvmlDeviceGetUtilizationRates(void *dev, use *u) {
    if ((size_t)dev == 2) return NOT_SUPPORTED;
    u->gpu = 87;
    u->memory = 40;
    return OK;
}
int nvmlDeviceGetTemperature(void *dev, int sensor, unsigned int *c) {
    (void)sensor;
    if ((size_t)dev == 2) return NOT_SUPPORTED;
    *c = 61;
    return OK;
}
int nvmlDeviceGetPowerUsage(void *dev, unsigned int *mw) {
    if ((size_t)dev == 2) return NOT_SUPPORTED;
    *mw = 412500;
    return OK;
}
int nvmlDeviceGetEnforcedPowerLimit(void *dev, unsigned int *mw) {
    if ((size_t)dev == 2) return NOT_SUPPORTED;
    *mw = 700000;
    return OK;
}
