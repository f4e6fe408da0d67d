/* callers.c: the caller's own threads. As C, OpenMP runs the tasks; as C++, a pool of std::thread. Every call has to give the bits that
 * it gives on one thread, the caller's function has to be called in the caller's floating-point environment, and no thread of the
 * library's may be there. */
#define _XOPEN_SOURCE 700
#include "centra.h"
#include "check.h"

#include <fenv.h>
#include <stdlib.h>

#ifdef __cplusplus
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

/* Three threads that wait for tasks. */
class Pool {
public:
    Pool()
    {
        for (int i = 0; i < 3; ++i)
            threads.emplace_back([this] { work(); });
    }
    ~Pool()
    {
        {
            std::lock_guard<std::mutex> hold(lock);
            over = true;
        }
        wake.notify_all();
        for (std::thread &thread : threads)
            thread.join();
    }
    void run(size_t tasks, centra_task_fn function, void *its_context)
    {
        std::unique_lock<std::mutex> hold(lock);
        task = function;
        context = its_context;
        next = finished = 0;
        count = tasks;
        wake.notify_all();
        done.wait(hold, [this] { return finished == count; });
    }

private:
    void work()
    {
        std::unique_lock<std::mutex> hold(lock);
        for (;;) {
            wake.wait(hold, [this] { return over || next < count; });
            if (over)
                return;
            size_t index = next++;
            hold.unlock();
            task(context, index);
            hold.lock();
            if (++finished == count)
                done.notify_one();
        }
    }

    std::vector<std::thread> threads;
    std::mutex lock;
    std::condition_variable wake, done;
    centra_task_fn task = nullptr;
    void *context = nullptr;
    size_t next = 0, finished = 0, count = 0;
    bool over = false;
};
static Pool *pool;
#endif

typedef struct { size_t calls, most; int rounding; } seen_t;

static void run_tasks(void *user, size_t count, centra_task_fn task, void *context)
{
    seen_t *seen = (seen_t *)user;
    ++seen->calls;
    seen->most = count > seen->most ? count : seen->most;
    seen->rounding = fegetround();
#ifdef __cplusplus
    pool->run(count, task, context);
#else
#pragma omp parallel for schedule(dynamic, 1) num_threads(3)
    for (size_t i = 0; i < count; ++i)
        task(context, i);
#endif
}

enum { N = 4000, D = 5, K = 90, THREADS = 4 };
static double points[N * D], weights[N];

/* All that the calls write. */
typedef struct {
    double fit[K * D], updated[K * D], seeds[K * D], distances[N], inertia, report;
    int32_t labels[N], assigned[N];
    int64_t counts[K];
} answers_t;

static void all_calls(const centra_options *options, answers_t *a)
{
    centra_report report;
    centra_report_init(&report);
    memset(a, 0, sizeof *a);
    CHECK(centra_fit(points, N, D, D, K, options, a->fit, a->labels, &report, NULL, 0) == CENTRA_OK);
    a->report = report.inertia;
    CHECK(centra_assign(points, N, D, D, K, options, points, a->assigned, a->distances, NULL, 0) == CENTRA_OK);
    CHECK(centra_update(points, N, D, D, K, options, a->labels, a->updated, a->counts, NULL, 0) == CENTRA_OK);
    CHECK(centra_seed(points, N, D, D, K, options, a->seeds, NULL, 0) == CENTRA_OK);
    CHECK(centra_inertia(points, N, D, D, K, options, a->fit, a->labels, &a->inertia) == CENTRA_OK);
}

int main(void)
{
#ifdef __cplusplus
    Pool threads;
    pool = &threads;
#endif
    unsigned long long state = 1;
    for (size_t i = 0; i < N * D; ++i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        points[i] = (double)(state >> 40) / 1000;
    }
    for (size_t i = 0; i < N; ++i)
        weights[i] = 1 + (double)(i % 3);
    static answers_t alone, together;
    for (int weighted = 0; weighted < 2; ++weighted)
        for (int rounding = 0; rounding < 2; ++rounding) {
            centra_options options;
            centra_options_init(&options);
            options.max_iter = 5;
            options.weights = weighted ? weights : NULL;
            all_calls(&options, &alone);
            seen_t seen = {0, 0, 0};
            options.threads = THREADS;
            options.parallel = run_tasks;
            options.parallel_data = &seen;
            int mode = rounding ? FE_UPWARD : FE_TONEAREST;
            CHECK(fesetround(mode) == 0);
            all_calls(&options, &together);
            CHECK(fegetround() == mode);
            fesetround(FE_TONEAREST);
            CHECK(memcmp(&alone, &together, sizeof alone) == 0);
            CHECK(seen.calls >= 5 && seen.most >= 2 && seen.most <= THREADS && seen.rounding == mode);
            /* With one thread there is nothing to run. */
            options.threads = 1;
            seen.calls = 0;
            all_calls(&options, &together);
            CHECK(seen.calls == 0 && memcmp(&alone, &together, sizeof alone) == 0);
        }
    return finish("callers");
}
