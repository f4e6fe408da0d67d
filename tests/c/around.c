/* around.c: what happens around a call. Memory and threads that cannot be had, each in turn; cancellation, forks and signals while it runs;
 * first use from many threads; a library that comes and goes. Nothing of it may end the process, hang, print, write to an
 * output of a call that is refused, or change a bit of one that is not.
 *
 * Each attempt is made in a child of its own, which an alarm ends if it hangs; the last line counts the attempts. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "centra.h"
#include "check.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 20000, D = 8, K = 24, ITERATIONS = 6, HANGS = 30 };
enum { FIT, RESTARTS, ASSIGN, UPDATE, SEED, PARALLEL, INERTIA, DISTANCES, CLUSTERS, RANGE, SUMS, MASSES, WEIGH, CALLS };
static const char *const names[CALLS] = {"fit",     "restarts", "assign", "update", "seed", "k-means||",
                                         "inertia", "distances", "clusters", "range", "sums", "masses", "weigh"};

static unsigned long attempts, killed, hung, wrong;

/* ---- memory and threads that are refused ----------------------------------------------------------------------- */

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);

static atomic_long asked;                /* how often memory was asked for */
static atomic_long refuse_at = -1;       /* which time it is refused */
static atomic_int refuse_on;             /* whether it is from then on */
static atomic_long threads_asked;
static atomic_long threads_had = -1;     /* how many threads may be had */

static int refused(void)
{
    long turn = atomic_fetch_add(&asked, 1), at = atomic_load(&refuse_at);
    if (at < 0 || turn < at || (turn > at && !atomic_load(&refuse_on)))
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) { return refused() ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return refused() ? NULL : __libc_calloc(count, size); }
void *realloc(void *memory, size_t size) { return refused() ? NULL : __libc_realloc(memory, size); }
void *memalign(size_t align, size_t size) { return refused() ? NULL : __libc_memalign(align, size); }
void *aligned_alloc(size_t align, size_t size) { return memalign(align, size); }

int posix_memalign(void **out, size_t align, size_t size)
{
    void *memory = memalign(align, size);
    if (!memory)
        return ENOMEM;
    *out = memory;
    return 0;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
{
    typedef int (*create_fn)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    static create_fn create;
    if (!create)
        *(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
    long had = atomic_load(&threads_had);
    if (had >= 0 && atomic_fetch_add(&threads_asked, 1) >= had)
        return EAGAIN;
    return create(thread, attributes, start, argument);
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

typedef struct Outputs {
    double centers[K * D], sqdist[N], cluster_weights[K], cluster_inertia[K], inertia;
    int32_t labels[N], range[3 * (D + 1)], iterations;
    int64_t counts[K], sums[4096], masses[CENTRA_STREAM_MASS_DIGITS], tally[3 * K], written;
} Outputs;

static double points[N * D], start[K * D];
static int32_t start_labels[N], whole_range[3 * (D + 1)];
static Outputs before, expected[CALLS], out;
static unsigned char *workspace;
static size_t workspace_bytes;

typedef struct How {
    int32_t threads;
    int given; /* a workspace */
    centra_progress_fn progress;
    void *data;
    int64_t max_iter;
} How;

static int32_t run(int call, How how)
{
    centra_options options;
    centra_options_init(&options);
    options.threads = how.threads;
    options.max_iter = how.max_iter ? how.max_iter : ITERATIONS;
    options.init = call == PARALLEL ? CENTRA_INIT_PARALLEL : call == FIT ? CENTRA_INIT_GIVEN : CENTRA_INIT_KMEANSPP;
    options.progress = how.progress;
    options.progress_data = how.data;
    centra_report report;
    centra_report_init(&report);
    void *memory = how.given ? workspace : NULL;
    size_t bytes = how.given ? workspace_bytes : 0;
    int32_t status;
    switch (call) {
    case RESTARTS: /* of few points, which run side by side */
        options.n_init = 8;
        status = centra_fit(points, N / 40, D, D, K, &options, out.centers, out.labels, &report, memory, bytes);
        break;
    case FIT:
        status = centra_fit(points, N, D, D, K, &options, out.centers, out.labels, &report, memory, bytes);
        if (status >= 0)
            out.iterations = (int32_t)report.iterations;
        break;
    case ASSIGN: return centra_assign(points, N, D, D, K, &options, start, out.labels, out.sqdist, memory, bytes);
    case UPDATE: return centra_update(points, N, D, D, K, &options, start_labels, out.centers, out.counts, memory, bytes);
    case SEED:
    case PARALLEL: return centra_seed(points, N, D, D, K, &options, out.centers, memory, bytes);
    case INERTIA: return centra_inertia(points, N, D, D, K, &options, start, start_labels, &out.inertia);
    case DISTANCES: {
        /* All bits in one number, from which that of nothing written is taken away. */
        static double table[N * K];
        int64_t sums[2] = {0, 0};
        for (size_t at = 0; at < N * K; ++at)
            table[at] = -7;
        status = centra_distances(points, N, D, D, K, &options, start, table, K);
        for (size_t at = 0; at < N * K; ++at) {
            int64_t bits;
            memcpy(&bits, table + at, sizeof bits);
            sums[0] ^= (int64_t)((uint64_t)bits * (2 * at + 1));
            bits = 0;
            const double nothing = -7;
            memcpy(&bits, &nothing, sizeof bits);
            sums[1] ^= (int64_t)((uint64_t)bits * (2 * at + 1));
        }
        out.written = sums[0] ^ sums[1];
        break;
    }
    case CLUSTERS:
        return centra_clusters(points, N, D, D, K, &options, start, start_labels, out.counts, out.cluster_weights, out.cluster_inertia);
    case RANGE: return centra_stream_range(points, N, D, D, &options, out.range, memory, bytes);
    case SUMS:
        return centra_stream_sums(points, N, D, D, K, &options, N, whole_range, start, out.labels, CENTRA_STREAM_INERTIA, out.sums, memory,
                                  bytes);
    case MASSES:
        return centra_stream_masses(points, N, D, D, K, &options, N, whole_range, start, K, 0, out.sqdist, out.masses, memory, bytes);
    default:
        return centra_stream_weigh(points, N, D, D, K, &options, N, whole_range, start, K, out.tally, memory, bytes);
    }
    return status;
}

/* The outputs as they were before every call. */
static void reset(void) { memcpy(&out, &before, sizeof out); }

/* Whether a call gave the one answer, or was refused for want of memory and wrote nothing. */
static int fine(int call, int32_t status)
{
    if (status == CENTRA_ERR_MEMORY)
        return memcmp(&out, &before, sizeof out) == 0;
    return status == CENTRA_OK && memcmp(&out, &expected[call], sizeof out) == 0;
}

/* Whether a task returns true in a child that nothing ends; what ends it is counted. */
static void attempt(int (*task)(const void *), const void *argument)
{
    ++attempts;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(HANGS);
        _exit(task(argument) ? 0 : 1);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        ++killed;
    else if (WIFSIGNALED(status))
        ++*(WTERMSIG(status) == SIGALRM ? &hung : &killed);
    else if (WEXITSTATUS(status) != 0)
        ++wrong;
    else
        return;
    fprintf(stderr, "status %#x [%s]\n", (unsigned)status, check_context);
}

typedef struct Case {
    int call;
    How how;
    long at;
    int on;
} Case;

static int without_memory(const void *argument)
{
    const Case *c = (const Case *)argument;
    reset();
    atomic_store(&refuse_on, c->on);
    atomic_store(&asked, 0);
    atomic_store(&refuse_at, c->at);
    int32_t status = run(c->call, c->how);
    atomic_store(&refuse_at, -1);
    int good = fine(c->call, status);
    reset();
    return good && fine(c->call, run(c->call, c->how));
}

static int without_threads(const void *argument)
{
    const Case *c = (const Case *)argument;
    reset();
    atomic_store(&threads_asked, 0);
    atomic_store(&threads_had, c->at);
    int32_t status = run(c->call, c->how);
    atomic_store(&threads_had, -1);
    return status == CENTRA_OK && fine(c->call, status);
}

static long size_of_process(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%ld", &pages) != 1)
        pages = -1;
    if (file)
        fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static int without_addresses(const void *argument)
{
    const Case *c = (const Case *)argument;
    struct rlimit limit;
    getrlimit(RLIMIT_AS, &limit);
    rlim_t found = limit.rlim_cur;
    limit.rlim_cur = (rlim_t)(size_of_process() + c->at);
    reset();
    setrlimit(RLIMIT_AS, &limit);
    int32_t status = run(c->call, c->how);
    limit.rlim_cur = found;
    setrlimit(RLIMIT_AS, &limit);
    return fine(c->call, status);
}

/* Threads are forbidden by a filter of system calls. */
static int without_clone(const void *argument)
{
    const Case *c = (const Case *)argument;
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 435 /* clone3 */, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return 1; /* not on this kernel */
    reset();
    int32_t status = run(c->call, c->how);
    return status == CENTRA_OK && fine(c->call, status);
}

/* A process counts its cores once, when all are asked for first. */
static void check_first_use_of_all_cores(void)
{
    Case c = {FIT, {0, 0, NULL, NULL, 0}, 0, 0};
    for (c.on = 0; c.on < 2; ++c.on)
        for (c.at = 0; c.at < 6; ++c.at) {
            CONTEXT("all cores for the first time, memory refused at %ld, on %d", c.at, c.on);
            attempt(without_memory, &c);
        }
}

static void check_refusals_of_the_system(void)
{
    for (int call = 0; call < CALLS; ++call)
        for (int32_t threads = 2; threads <= 4; threads += 2)
            for (int given = 0; given < 2; ++given) {
                Case c = {call, {threads, given, NULL, NULL, 0}, 0, 0};
                reset();
                atomic_store(&asked, 0);
                CHECK(fine(call, run(call, c.how)));
                long times = atomic_load(&asked);
                CHECK(times < 40);
                for (c.on = 0; c.on < 2; ++c.on)
                    for (c.at = 0; c.at < times; ++c.at) {
                        CONTEXT("%s, threads %d, workspace %d, memory refused at %ld, on %d", names[call], (int)threads, given, c.at, c.on);
                        attempt(without_memory, &c);
                    }
                for (c.at = 0; c.at < 3; ++c.at) {
                    CONTEXT("%s, threads %d, workspace %d, %ld threads to be had", names[call], (int)threads, given, c.at);
                    attempt(without_threads, &c);
                }
                for (c.at = 0; c.at < 12 << 20; c.at += 640 << 10) {
                    CONTEXT("%s, threads %d, workspace %d, %ld bytes of addresses", names[call], (int)threads, given, c.at);
                    attempt(without_addresses, &c);
                }
                CONTEXT("%s, threads %d, workspace %d, no clone", names[call], (int)threads, given);
                attempt(without_clone, &c);
            }
}

/* ---- cancellation, forks, signals --------------------------------------------------------------------------------- */

typedef struct Cancelled {
    How how;
    atomic_int begun, ended;
} Cancelled;

static void *to_be_cancelled(void *argument)
{
    Cancelled *c = (Cancelled *)argument;
    atomic_store(&c->begun, 1);
    for (;;) {
        int32_t status = run(FIT, c->how);
        atomic_store(&c->ended, fine(FIT, status) ? 1 : -1);
        if (status != CENTRA_OK)
            return NULL;
        pthread_testcancel();
        reset();
    }
}

static int cancelled(const void *argument)
{
    const Case *c = (const Case *)argument;
    Cancelled state = {c->how, 0, 0};
    pthread_t thread;
    void *result = NULL;
    reset();
    if (pthread_create(&thread, NULL, to_be_cancelled, &state) != 0)
        return 0;
    while (!atomic_load(&state.begun))
        sched_yield();
    usleep((useconds_t)c->at);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    if (result != PTHREAD_CANCELED || atomic_load(&state.ended) != 1)
        return 0;
    reset();
    return fine(FIT, run(FIT, c->how));
}

/* What a callback does at which iteration. */
typedef struct At {
    int64_t iteration;
    pid_t child;
} At;

static int32_t stops(const centra_progress *progress, void *data)
{
    return progress->iteration == ((At *)data)->iteration;
}

static int32_t forks(const centra_progress *progress, void *data)
{
    At *at = (At *)data;
    if (progress->iteration == at->iteration) {
        at->child = fork();
        if (at->child == 0)
            alarm(HANGS);
    }
    return 0;
}

static int stopped(const void *argument)
{
    const Case *c = (const Case *)argument;
    At at = {c->at, 0};
    How how = c->how;
    how.progress = stops;
    how.data = &at;
    reset();
    int32_t status = run(FIT, how);
    if (at.iteration > expected[FIT].iterations)
        return fine(FIT, status);
    Outputs after = out;
    how.progress = NULL;
    how.max_iter = at.iteration;
    reset();
    return status == CENTRA_CANCELLED && run(FIT, how) == CENTRA_OK && memcmp(&out, &after, sizeof out) == 0;
}

/* A child that is born in a callback returns from it, and ends the call as its parent does. */
static int born_within(const void *argument)
{
    const Case *c = (const Case *)argument;
    At at = {c->at, -1};
    How how = c->how;
    how.progress = forks;
    how.data = &at;
    reset();
    int good = fine(FIT, run(FIT, how));
    how.progress = NULL;
    reset();
    good &= fine(FIT, run(FIT, how));
    if (at.child == 0)
        _exit(good ? 0 : 1);
    int status = 0;
    return good && (at.child < 0 || (waitpid(at.child, &status, 0) == at.child && status == 0));
}

static atomic_long signals;
static atomic_int elsewhere;

static void on_signal(int signal)
{
    (void)signal;
    atomic_fetch_add(&signals, 1);
    if (syscall(SYS_gettid) != getpid())
        atomic_store(&elsewhere, 1);
}

/* A signal every 200 microseconds, whose handler runs on the caller's thread alone. */
static int under_signals(const void *argument)
{
    const Case *c = (const Case *)argument;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGVTALRM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    struct itimerval timer = {{0, 200}, {0, 200}};
    setitimer(ITIMER_VIRTUAL, &timer, NULL);
    int good = 1;
    while (good && atomic_load(&signals) < 20)
        for (int call = 0; call < CALLS; ++call) {
            reset();
            good &= fine(call, run(call, c->how));
        }
    memset(&timer, 0, sizeof timer);
    setitimer(ITIMER_VIRTUAL, &timer, NULL);
    return good && !atomic_load(&elsewhere);
}

static void check_what_comes_between(void)
{
    Case c = {FIT, {1, 1, NULL, NULL, 0}, 0, 0};
    for (c.how.threads = 1; c.how.threads < 4; ++c.how.threads) {
        for (c.at = 0; c.at < 24; ++c.at) {
            CONTEXT("cancelled, threads %d, turn %ld", (int)c.how.threads, c.at);
            Case later = c;
            later.at = c.at * c.at * 40;
            attempt(cancelled, &later);
        }
        for (c.at = 1; c.at <= ITERATIONS + 1; ++c.at) {
            CONTEXT("threads %d, iteration %ld", (int)c.how.threads, c.at);
            attempt(stopped, &c);
            attempt(born_within, &c);
        }
        CONTEXT("signals, threads %d", (int)c.how.threads);
        attempt(under_signals, &c);
    }
}

/* ---- many at once, and a library that comes and goes ---------------------------------------------------------------- */

enum { MANY = 64, FEW = 2500, WIDE = 32 };

static pthread_barrier_t barrier;

/* The first call of a thread, and in the child that makes it the first of all. */
static void *first_call(void *argument)
{
    double *own = (double *)argument;
    centra_options options;
    centra_options_init(&options);
    options.threads = 2;
    options.max_iter = 4;
    options.seed = 7;
    pthread_barrier_wait(&barrier);
    int32_t status = centra_fit(points, FEW, WIDE, WIDE, K, &options, own, NULL, NULL, NULL, 0);
    return status == CENTRA_OK ? argument : NULL;
}

static int many_at_once(const void *argument)
{
    (void)argument;
    static double centers[MANY][K * WIDE];
    pthread_t threads[MANY];
    pthread_barrier_init(&barrier, NULL, MANY);
    int good = 1;
    for (int t = 0; t < MANY; ++t)
        if (pthread_create(&threads[t], NULL, first_call, centers[t]) != 0)
            return 0;
    for (int t = 0; t < MANY; ++t) {
        void *result = NULL;
        pthread_join(threads[t], &result);
        good &= result == centers[t] && same_bits(centers[t], centers[0], K * WIDE);
    }
    return good;
}

static long mappings(void)
{
    long lines = 0;
    FILE *file = fopen("/proc/self/maps", "r");
    for (int c; file && (c = fgetc(file)) != EOF;)
        lines += c == '\n';
    if (file)
        fclose(file);
    return lines;
}

/* A library that is loaded, used with threads and unloaded, over and over, leaves no more behind than the first few times. */
static int loaded_and_unloaded(const void *argument)
{
    long maps = 0, bytes = 0;
    for (int turn = 0; turn < 120; ++turn) {
        void *library = dlopen((const char *)argument, RTLD_NOW | RTLD_LOCAL);
        if (!library)
            return 0;
        int32_t (*fit)(const double *, size_t, size_t, size_t, size_t, const centra_options *, double *, int32_t *, centra_report *, void *,
                       size_t);
        *(void **)&fit = dlsym(library, "centra_fit");
        centra_options options;
        centra_options_init(&options);
        options.threads = 3;
        options.init = CENTRA_INIT_GIVEN;
        options.max_iter = ITERATIONS;
        reset();
        memcpy(out.centers, start, sizeof start);
        if (fit(points, N, D, D, K, &options, out.centers, out.labels, NULL, NULL, 0) != CENTRA_OK)
            return 0;
        if (memcmp(out.centers, expected[FIT].centers, sizeof out.centers) != 0 || dlclose(library) != 0)
            return 0;
        if (turn == 20) {
            maps = mappings();
            bytes = size_of_process();
        }
    }
    return mappings() <= maps && size_of_process() <= bytes;
}

int main(int count, char **arguments)
{
    for (size_t i = 0; i < N * D; ++i)
        points[i] = (double)((i * 2654435761u >> 7) % 1009) / 7 + (double)(i / D % 11);
    for (size_t p = 0; p < N; ++p)
        start_labels[p] = (int32_t)(p % K);
    memcpy(start, points, sizeof start);
    CONTEXT("64 callers at once, the first call of all");
    attempt(many_at_once, NULL);

    memset(&before, 0, sizeof before);
    memcpy(before.centers, start, sizeof start);
    centra_options options;
    centra_options_init(&options);
    options.threads = 4;
    for (options.init = CENTRA_INIT_KMEANSPP; options.init <= CENTRA_INIT_PARALLEL; ++options.init)
        for (options.n_init = 1; options.n_init <= 8; options.n_init += 7) {
            size_t bytes = 0;
            CHECK(centra_workspace_size(N, D, K, &options, &bytes) == CENTRA_OK);
            workspace_bytes = bytes > workspace_bytes ? bytes : workspace_bytes;
            CHECK(centra_stream_workspace_size(N, N, D, K, &options, &bytes) == CENTRA_OK);
            workspace_bytes = bytes > workspace_bytes ? bytes : workspace_bytes;
        }
    workspace = (unsigned char *)get(workspace_bytes, 1);
    CHECK(centra_stream_range(points, N, D, D, NULL, whole_range, NULL, 0) == CENTRA_OK);
    size_t length = 0;
    CHECK(centra_stream_sums_length(N, D, K, whole_range, &length) == CENTRA_OK && length <= sizeof out.sums / sizeof *out.sums);
    CHECK(centra_stream_weights_length(N, D, K, whole_range, K, &length) == CENTRA_OK && length <= sizeof out.tally / sizeof *out.tally);
    for (int call = 0; call < CALLS; ++call) {
        CONTEXT("%s, one thread", names[call]);
        How how = {1, 0, NULL, NULL, 0};
        reset();
        CHECK(run(call, how) == CENTRA_OK);
        expected[call] = out;
        CHECK(memcmp(&out, &before, sizeof out) != 0);
    }
    check_first_use_of_all_cores();
    check_refusals_of_the_system();
    check_what_comes_between();
    if (count > 1) {
        CONTEXT("loaded and unloaded");
        attempt(loaded_and_unloaded, arguments[1]);
    }
    CHECK(killed == 0);
    CHECK(hung == 0);
    CHECK(wrong == 0);
    printf("around: %lu attempts, %lu killed, %lu hung, %lu wrong\n", attempts, killed, hung, wrong);
    return finish("around");
}
