// refusals.cpp: what leaves centra.hpp as an exception, and what is as before then: refused calls, and what callbacks throw.
#include "centra.hpp"

#include "../c/check.h"

#include <atomic>
#include <cmath>
#include <thread>

namespace {

std::vector<double> numbers; // 60 points in the plane
constexpr std::size_t n = 60, d = 2, k = 3;

/// The call throws a centra::error of this status that says this.
template <class Call> void refused(Call &&call, centra::status why, const char *says)
{
    CONTEXT("%s", says);
    try {
        call();
        CHECK(!"nothing was thrown");
    } catch (const centra::error &error) {
        CHECK(error.status() == why);
        CHECK(error.detail() == says);
        const std::string meaning = centra_status_message(static_cast<std::int32_t>(why));
        CHECK(error.what() == meaning + ": " + says);
    }
    CONTEXT("%s", "");
}

void of_the_library()
{
    std::vector<double> bad = numbers, centers(k * d, 5.0);
    bad[7] = std::nan("");
    refused([&] { centra::fit(centra::rows(bad, d), k); }, centra::status::nonfinite, "points: NaN at row 3, dimension 1");
    refused([&] { centra::fit_into(centra::rows(bad, d), centers, {}); }, centra::status::nonfinite,
            "points: NaN at row 3, dimension 1");
    CHECK(centers == std::vector<double>(k * d, 5.0));
    centra::options options;
    options.threads = -1;
    refused([&] { centra::seed(centra::rows(numbers, d), k, options); }, centra::status::option,
            "threads: -1 is not 0 (all) or positive");
    options.threads = 1;
    options.empty = centra::empty::error;
    centers = {0, 0, 0, 0, 1e6, 1e6};
    try {
        centra::refine(centra::rows(numbers, d), centers, options);
        CHECK(!"nothing was thrown");
    } catch (const std::runtime_error &error) {
        CHECK(dynamic_cast<const centra::error &>(error).status() == centra::status::empty);
    }
}

/// The arrays of C++ know their lengths, which the C calls are not told.
void of_lengths()
{
    const auto x = centra::rows(numbers, d);
    std::vector<double> centers(k * d), uneven(k * d + 1), distances(n - 1), weights(n - 1);
    std::vector<std::int32_t> labels(n), few(n - 1);
    centra::options weighted;
    weighted.weights = weights;
    const auto shape = centra::status::shape;
    refused([&] { centra::rows(numbers, 7); }, shape, "points: 120 elements are no rows of 7");
    refused([&] { centra::rows(numbers, 0); }, shape, "points: 120 elements are no rows of 0");
    refused([&] { centra::strided(numbers.data(), 20, 2, 6, 3); }, shape,
            "points: strides of 6 and 3 are those of neither rows nor columns");
    refused([&] { centra::strided(numbers.data(), 20, 2, -2, 1); }, shape,
            "points: strides of -2 and 1 are those of neither rows nor columns");
    refused([&] { centra::fit(x, k, weighted); }, shape, "weights: 59 elements, not 60");
    refused([&] { centra::fit_into(x, uneven, {}); }, shape, "centers: 7 elements are no rows of 2");
    refused([&] { centra::fit_into(x, centers, few); }, shape, "labels: 59 elements, not 60");
    refused([&] { centra::assign_into(x, centers, few); }, shape, "labels: 59 elements, not 60");
    refused([&] { centra::assign_into(x, centers, labels, distances); }, shape, "distances: 59 elements, not 60");
    refused([&] { centra::update(x, few, centers); }, shape, "labels: 59 elements, not 60");
    refused([&] { centra::inertia(x, centers, few); }, shape, "labels: 59 elements, not 60");
    refused([&] { centra::clusters(x, uneven, labels); }, shape, "centers: 7 elements are no rows of 2");
    refused([&] { centra::distances(x, uneven); }, shape, "centers: 7 elements are no rows of 2");
    refused([&] { centra::fit(x, SIZE_MAX / 2); }, shape, "centers: 9223372036854775807 times 2 is too large");
    // Where there is one point, or one dimension, its stride does not matter.
    CHECK(centra::strided(numbers.data(), 1, 2, 7, 1).ld == 2 && centra::strided(numbers.data(), 1, 2, 7, 3).ld == 3);
    CHECK(centra::strided(numbers.data(), 20, 1, 6, 3).ld == 6 && centra::strided(numbers.data(), 0, 2, 0, 1).n == 0);
}

void of_many()
{
    std::vector<double> bad = numbers;
    bad[2] = INFINITY;
    std::vector<centra::problem> problems{
        {centra::rows(numbers, d), k}, {centra::rows(bad, d), k}, {centra::rows(numbers, d), n + 1}};
    const auto found = centra::fit_many(problems);
    CHECK(found[0] && found[0].clustering.labels.size() == n);
    CHECK(!found[1] && found[1].status == centra::status::nonfinite && found[1].clustering.centers.empty());
    CHECK(!found[2] && found[2].status == centra::status::shape);
    // That of the call as a whole.
    centra::options options;
    options.n_init = 0;
    refused([&] { centra::fit_many(problems, options); }, centra::status::option, "n_init: 0 is not positive");
    problems[1].points = centra::columns(numbers.data(), n, d);
    refused([&] { centra::fit_many(problems); }, centra::status::shape,
            "problem 1: points in rows and in columns do not go together");
    problems[1] = {centra::rows(numbers, d), k, 0, {}, {numbers.data(), k * d}};
    refused([&] { centra::fit_many(problems); }, centra::status::shape,
            "problem 1: starting centers are for all problems or for none");
}

struct own_exception {
    int number;
};

/// Runs the call, which has to throw own_exception{number}.
template <class Call> void throws(int number, Call &&call)
{
    try {
        call();
        CHECK(!"nothing was thrown");
    } catch (const own_exception &thrown) {
        CHECK(thrown.number == number);
    }
}

void of_callbacks()
{
    const auto x = centra::rows(numbers, d);
    centra::options options;
    int calls = 0;
    options.progress = [&](const centra::progress &now) {
        CHECK(now.restart == 0 && now.iteration == ++calls && now.moved > 0 && now.shift > 0);
        if (calls == 2)
            throw own_exception{17};
        return false;
    };
    throws(17, [&] { centra::fit(x, 6, options); });
    CHECK(calls == 2);
    // The same options serve again.
    calls = 0;
    throws(17, [&] { centra::fit(x, 6, options); });
    // What was written is consistent; a bool stops without an exception.
    std::vector<double> centers(6 * d), stopped_centers(6 * d);
    std::vector<std::int32_t> labels(n), stopped_labels(n);
    calls = 0;
    throws(17, [&] { centra::fit_into(x, centers, labels, options); });
    options.progress = [](const centra::progress &now) { return now.iteration == 2; };
    const auto report = centra::fit_into(x, stopped_centers, stopped_labels, options);
    CHECK(report.stopped_by == centra::stopped_by::callback && report.iterations == 2);
    CHECK(centers == stopped_centers && labels == stopped_labels);

    // In fit_many an exception ends all that come after.
    calls = 0;
    options.progress = [&](const centra::progress &) -> bool {
        ++calls;
        throw own_exception{18};
    };
    const std::vector<centra::problem> problems{{x, 6}, {x, 6, 1}, {x, 6, 2}};
    throws(18, [&] { centra::fit_many(problems, options); });
    CHECK(calls == 1);

    // In a stream: from the callback, and from what reads the points.
    const auto read = [&](auto visit) { visit(x); };
    throws(18, [&] { centra::fit_stream(read, 6, options); });
    int passes = 0;
    throws(19, [&] {
        centra::fit_stream(
            [&](auto visit) {
                visit(x);
                if (++passes == 5)
                    throw own_exception{19};
            },
            6);
    });
}

void of_streams()
{
    const auto shape = centra::status::shape;
    int passes = 0;
    const auto changing = [&](std::size_t then, std::size_t dimensions) {
        return [&passes, then, dimensions](auto visit) {
            visit(++passes == 1 ? centra::rows(numbers, d) : centra::rows(numbers.data(), then, dimensions));
        };
    };
    refused([&] { centra::fit_stream(changing(n - 1, d), k); }, shape, "chunks: fewer points than in the first pass");
    passes = 0;
    refused([&] { centra::fit_stream(changing(n, 1), k); }, shape, "chunks: other dimensions than in the first pass");
    passes = 0;
    refused([&] { centra::refine_stream(changing(n, d), {numbers.data(), 3}); }, shape, "centers: 3 elements are no rows of 2");
    const auto twice = [&](auto visit) {
        for (int i = ++passes == 1; i < 2; ++i)
            visit(centra::rows(numbers, d));
    };
    passes = 0;
    refused([&] { centra::fit_stream(twice, k); }, shape, "chunks: more points than in the first pass");
    std::vector<std::int32_t> few(n - 1);
    refused([&] { centra::fit_stream([&](auto visit) { visit(centra::rows(numbers, d)); }, k, {}, few); }, shape,
            "labels: 59 elements, not 60");
    try {
        centra::fit_stream([](auto) {}, k);
        CHECK(!"nothing was thrown");
    } catch (const centra::error &error) {
        CHECK(error.status() == shape);
    }
}

/// Threads of the program, which may fail too.
void of_lent_threads()
{
    std::vector<double> many(4000 * 5);
    for (double &number : many)
        number = static_cast<double>(random_below(1000));
    const auto x = centra::rows(many, 5);
    const centra::clustering alone = centra::fit(x, 90);
    centra::options options;
    options.threads = 4;
    std::size_t calls = 0, most = 0;
    options.parallel = [&](std::size_t count, const centra::task &run) {
        ++calls;
        most = std::max(most, count);
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < count; ++i)
            threads.emplace_back(run, i);
        for (std::thread &thread : threads)
            thread.join();
    };
    const centra::clustering together = centra::fit(x, 90, options);
    CHECK(calls > 2 && most > 1 && most <= 4);
    CHECK(together.centers == alone.centers && together.labels == alone.labels &&
          together.report.inertia == alone.report.inertia);

    // One that throws after some of the tasks: the call goes on without it, and then throws.
    calls = 0;
    options.parallel = [&](std::size_t, const centra::task &run) {
        ++calls;
        run(0);
        throw own_exception{20};
    };
    std::vector<double> centers(90 * 5);
    std::vector<std::int32_t> labels(4000);
    throws(20, [&] { centra::fit_into(x, centers, labels, options); });
    CHECK(calls == 1 && centers == alone.centers && labels == alone.labels);
}

} // namespace

int main()
{
    for (std::size_t i = 0; i < n * d; ++i)
        numbers.push_back(static_cast<double>(random_below(1000)));
    of_the_library();
    of_lengths();
    of_many();
    of_callbacks();
    of_streams();
    of_lent_threads();
    return finish("refusals");
}
