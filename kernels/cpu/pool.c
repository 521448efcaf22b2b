// pool.c: see pool.h.
#define _GNU_SOURCE
#include "pool.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SPIN_NS = 50 * 1000,       // how long a wait spins
    CROWDED_NS = 1000 * 1000,  // a wait this long means that somebody else has our core
    CALM_WAITS = 256           // for so many waits afterwards
};

void *s1_zeros(size_t bytes) {
    size_t n = (bytes + 63) / 64 * 64;
    void *p = aligned_alloc(64, n ? n : 64);
    return p ? memset(p, 0, n) : NULL;
}

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static long long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void wake(s1_pool *p) {
    if (atomic_load(&p->sleepers) > 0) {
        pthread_mutex_lock(&p->mutex);
        pthread_cond_broadcast(&p->changed);
        pthread_mutex_unlock(&p->mutex);
    }
}

// Waits until *what is not was; both sides are sequentially consistent, so that a sleeper is seen or sees the change.
static void wait_change(s1_pool *p, atomic_uint *what, unsigned was, int inside) {
    int calm = atomic_load_explicit(&p->calm, memory_order_relaxed);
    long long start = 0;
    if (calm > 0 && inside) {
        atomic_store_explicit(&p->calm, calm - 1, memory_order_relaxed);
        start = now_ns();
    } else {
        for (int i = 0;; i++) {
            if (atomic_load_explicit(what, memory_order_acquire) != was) return;
            relax();
            if (i % 64 == 63) {
                long long t = now_ns();
                if (!start) start = t;
                if (t - start > SPIN_NS) break;
            }
        }
    }
    pthread_mutex_lock(&p->mutex);
    atomic_fetch_add(&p->sleepers, 1);
    while (atomic_load(what) == was) pthread_cond_wait(&p->changed, &p->mutex);
    atomic_fetch_sub(&p->sleepers, 1);
    pthread_mutex_unlock(&p->mutex);
    if (inside && now_ns() - start > CROWDED_NS) atomic_store_explicit(&p->calm, CALM_WAITS, memory_order_relaxed);
}

// Takes a share of what is left: half of a fair part, so that the parts shrink towards the end and all finish together.
static int take(s1_counter *c, int threads, int *lo, int *hi) {
    int at = atomic_load_explicit(&c->next, memory_order_relaxed);
    while (at < c->units) {
        int n = 1;
        if (c->grain) {
            n = (c->units - at) / (2 * threads);
            if (n < c->grain) n = c->grain;
            if (n > c->units - at) n = c->units - at;
        }
        if (atomic_compare_exchange_weak_explicit(&c->next, &at, at + n, memory_order_relaxed, memory_order_relaxed)) {
            *lo = at;
            *hi = at + n;
            return 1;
        }
    }
    return 0;
}

// Opens stage s, or the first one after it that is worth sharing; the small ones in between are run here.
static int advance(s1_pool *p, s1_run *r, int s, int thread) {
    while (s < r->nstages && r->counters[s].units <= 1) {
        if (r->counters[s].units == 1) p->work(p->owner, s, 0, 1, thread);
        s++;
    }
    if (atomic_load_explicit(p->cancel, memory_order_relaxed)) s = r->nstages;
    atomic_store(&r->stage, s);
    wake(p);
    return s;
}

static void follow(s1_pool *p, s1_run *r, int thread) {
    int s = atomic_load_explicit(&r->stage, memory_order_acquire);
    while (s < r->nstages) {
        s1_counter *c = &r->counters[s];
        int lo, hi, did = 0;
        while (take(c, p->threads, &lo, &hi)) {
            p->work(p->owner, s, lo, hi, thread);
            did += hi - lo;
        }
        if (did && atomic_fetch_add_explicit(&c->done, did, memory_order_acq_rel) + did == c->units) {
            s = advance(p, r, s + 1, thread);
        } else {
            wait_change(p, (atomic_uint *)&r->stage, (unsigned)s, 1);
            s = atomic_load_explicit(&r->stage, memory_order_acquire);
        }
    }
}

typedef struct s1_helper {
    s1_pool *pool;
    int thread;
} s1_helper;

static void *helper(void *arg) {
    s1_helper *h = arg;
    s1_pool *p = h->pool;
    unsigned seen = 0;
    for (;;) {
        wait_change(p, &p->step, seen, 0);
        if (atomic_load(&p->stop)) return NULL;
        seen = atomic_load(&p->step);
        s1_run *r = &p->runs[seen % S1_RING];
        atomic_fetch_add(&r->inside, 1);
        if (atomic_load(&p->step) == seen) follow(p, r, h->thread); // else the run may already be another step's
        atomic_fetch_sub(&r->inside, 1);
    }
}

int s1_pool_start(s1_pool *p) {
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->changed, NULL);
    size_t bytes = (size_t)p->most_stages * sizeof(s1_counter);
    for (int i = 0; i < S1_RING; i++) {
        p->runs[i].counters = aligned_alloc(64, bytes ? bytes : 64);
        if (!p->runs[i].counters) return -1;
    }
    p->handles = calloc((size_t)p->threads, sizeof(pthread_t));
    p->helpers = calloc((size_t)p->threads, sizeof(s1_helper));
    if (!p->handles || !p->helpers) return -1;
    p->started = 1; // the caller is thread 0
    for (int i = 1; i < p->threads; i++) {
        p->helpers[i] = (s1_helper){p, i};
        if (pthread_create(&p->handles[i], NULL, helper, &p->helpers[i]) != 0) break;
        p->started++;
    }
    p->threads = p->started; // fewer threads than asked for is slower, not wrong
    return 0;
}

void s1_pool_stop(s1_pool *p) {
    atomic_store(&p->stop, 1);
    atomic_fetch_add(&p->step, 1);
    pthread_mutex_lock(&p->mutex);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->mutex);
    for (int i = 1; i < p->started; i++) pthread_join(p->handles[i], NULL);
    for (int i = 0; i < S1_RING; i++) free(p->runs[i].counters);
    free(p->handles);
    free(p->helpers);
    pthread_mutex_destroy(&p->mutex);
    pthread_cond_destroy(&p->changed);
}

s1_run *s1_pool_next(s1_pool *p) {
    s1_run *r = &p->runs[(atomic_load(&p->step) + 1) % S1_RING];
    while (atomic_load(&r->inside) > 0) relax(); // a helper S1_RING steps behind: it only has to leave
    memset(r->counters, 0, (size_t)p->most_stages * sizeof(s1_counter));
    atomic_store(&r->stage, 0);
    return r;
}

void s1_pool_run(s1_pool *p) {
    s1_run *r = &p->runs[(atomic_load(&p->step) + 1) % S1_RING];
    if (advance(p, r, 0, 0) >= r->nstages) return; // nothing to share; the run is not published and is used again
    atomic_fetch_add(&p->step, 1);
    wake(p);
    follow(p, r, 0);
}
