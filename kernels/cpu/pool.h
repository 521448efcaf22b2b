// pool.h: threads that go through the stages of a step together.
//
// No thread is needed for progress but one that holds units: a helper that the system took off its core costs what it has
// taken, not the step. Waiting is a short spin, then sleep; after a wait that shows that the machine is crowded, sleep at once.
#ifndef S1_POOL_H
#define S1_POOL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

enum { S1_RING = 4 }; // steps a late helper may be behind

// Units of one stage. units and grain are set before the step is published.
typedef struct {
    _Alignas(64) atomic_int next;
    int units, grain; // grain: fewest units to take at once; 0 = always one
    _Alignas(64) atomic_int done;
} s1_counter;

typedef struct {
    _Alignas(64) atomic_int stage;  // the open one; nstages when the step is over
    _Alignas(64) atomic_int inside; // helpers that look at this step
    int nstages;
    s1_counter *counters; // (most stages)
} s1_run;

typedef struct s1_pool {
    void *owner;
    // runs units [lo, hi) of a stage
    void (*work)(void *owner, int stage, int lo, int hi, int thread);
    const atomic_int *cancel;
    int threads, most_stages;
    s1_run runs[S1_RING];
    _Alignas(64) atomic_uint step; // number of the published step
    _Alignas(64) atomic_int sleepers;
    atomic_int calm; // waits left that go to sleep at once
    atomic_int stop;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t *handles;
    struct s1_helper *helpers;
    int started;
} s1_pool;

// Zeros aligned to a cache line, as what holds a pool must be; to be freed. NULL where there is no memory.
void *s1_zeros(size_t bytes);

int s1_pool_start(s1_pool *p); // owner, work, cancel, threads and most_stages are set
void s1_pool_stop(s1_pool *p);
s1_run *s1_pool_next(s1_pool *p); // a run to fill: nstages, and units and grain of its counters
void s1_pool_run(s1_pool *p);     // publishes it, takes part, returns when it is over

#endif
