// answers.cpp: every function of centra.hpp against the C call of its name, to the last bit: points of each type, in rows,
// columns and the strides of matrices, with and without weights, threads and a workspace.
#include "centra.hpp"

#include "../c/check.h"

#include <array>
#include <thread>

namespace {

constexpr std::size_t n = 700, d = 5, k = 9;

std::vector<double> numbers, weights;

/// Coordinate i of point p.
double at(std::size_t p, std::size_t i) { return numbers[p * d + i]; }

bool same(const std::vector<double> &a, const std::vector<double> &b)
{
    return a.size() == b.size() && same_bits(a.data(), b.data(), a.size());
}

bool same(const centra::report &a, const centra_report &b)
{
    return static_cast<int>(a.stopped_by) == b.stopped_by && a.iterations == b.iterations &&
           a.empty_clusters == b.empty_clusters && a.moved == b.moved && a.inertia == b.inertia && a.distances == b.distances &&
           a.rechecked == b.rechecked && a.skipped == b.skipped && a.workspace_bytes == b.workspace_bytes &&
           a.threads == b.threads;
}

/// All answers of C, for the points as doubles in rows.
struct answers {
    std::vector<double> centers = std::vector<double>(k * d), refined, seeds = centers, distances = std::vector<double>(n),
                        all = std::vector<double>(n * k), weights = std::vector<double>(k), inertias = weights, means;
    std::vector<std::int32_t> labels = std::vector<std::int32_t>(n), refined_labels = labels, assigned = labels;
    std::vector<std::int64_t> counts = std::vector<std::int64_t>(k), sizes = counts;
    double inertia = 0;
    centra_report report, refined_report;

    explicit answers(centra_options options)
    {
        centra_report_init(&report);
        centra_report_init(&refined_report);
        const double *x = numbers.data();
        CHECK(centra_fit(x, n, d, d, k, &options, centers.data(), labels.data(), &report, nullptr, 0) == CENTRA_OK);
        CHECK(centra_seed(x, n, d, d, k, &options, seeds.data(), nullptr, 0) == CENTRA_OK);
        CHECK(centra_assign(x, n, d, d, k, &options, seeds.data(), assigned.data(), distances.data(), nullptr, 0) == CENTRA_OK);
        means = seeds;
        CHECK(centra_update(x, n, d, d, k, &options, assigned.data(), means.data(), counts.data(), nullptr, 0) == CENTRA_OK);
        CHECK(centra_inertia(x, n, d, d, k, &options, seeds.data(), assigned.data(), &inertia) == CENTRA_OK);
        CHECK(centra_distances(x, n, d, d, k, &options, seeds.data(), all.data(), k) == CENTRA_OK);
        CHECK(centra_clusters(x, n, d, d, k, &options, seeds.data(), assigned.data(), sizes.data(), weights.data(),
                              inertias.data()) == CENTRA_OK);
        refined.assign(x, x + k * d);
        options.init = CENTRA_INIT_GIVEN;
        CHECK(centra_fit(x, n, d, d, k, &options, refined.data(), refined_labels.data(), &refined_report, nullptr, 0) ==
              CENTRA_OK);
    }
};

template <class T>
void calls(const centra::points<T> &x, const centra::options &options, const answers &expected, centra::workspace *memory)
{
    const centra::clustering fitted = centra::fit(x, k, options, memory);
    CHECK(same(fitted.centers, expected.centers) && fitted.labels == expected.labels);
    CHECK(fitted.report.inertia == expected.report.inertia && fitted.report.iterations == expected.report.iterations);
    const centra::clustering refined = centra::refine(x, centra::span<const double>(numbers.data(), k * d), options, memory);
    CHECK(same(refined.centers, expected.refined) && refined.labels == expected.refined_labels);

    // The same into memory of the program's; labels may be left out.
    std::vector<double> centers(k * d, -1.0);
    CHECK(centra::fit_into(x, centers, {}, options, memory).inertia == fitted.report.inertia &&
          same(centers, expected.centers));
    centers.assign(numbers.begin(), numbers.begin() + k * d);
    std::vector<std::int32_t> labels(n);
    CHECK(centra::refine_into(x, centers, labels, options, memory).inertia == expected.refined_report.inertia);
    CHECK(same(centers, expected.refined) && labels == expected.refined_labels);

    const std::vector<double> seeds = centra::seed(x, k, options, memory);
    CHECK(same(seeds, expected.seeds));
    const centra::assignment assigned = centra::assign(x, seeds, options, memory);
    CHECK(assigned.labels == expected.assigned && same(assigned.distances, expected.distances));
    centra::assign_into(x, seeds, labels, {}, options, memory);
    CHECK(labels == expected.assigned);
    std::vector<double> means = seeds;
    CHECK(centra::update(x, labels, means, options, memory) == expected.counts && same(means, expected.means));
    CHECK(centra::inertia(x, seeds, labels, options) == expected.inertia);
    CHECK(same(centra::distances(x, seeds, options), expected.all));
    const centra::cluster_sums sums = centra::clusters(x, seeds, labels, options);
    CHECK(sums.counts == expected.sizes && same(sums.weights, expected.weights) && same(sums.inertia, expected.inertias));
}

/// What C++23's mdspan has, as far as centra::matrix looks at it.
template <class T> struct mdspan {
    T *first;
    std::array<std::size_t, 2> extents, strides;
    T *data_handle() const { return first; }
    std::size_t extent(std::size_t r) const { return extents[r]; }
    std::size_t stride(std::size_t r) const { return strides[r]; }
};

/// What a matrix of Eigen has, as far as centra::matrix looks at it; eigen.cpp has Eigen's own.
template <class T> struct matrix {
    std::vector<T> numbers;
    std::ptrdiff_t n_rows, n_cols, row, column;
    const T *data() const { return numbers.data(); }
    std::ptrdiff_t rows() const { return n_rows; }
    std::ptrdiff_t cols() const { return n_cols; }
    std::ptrdiff_t rowStride() const { return row; }
    std::ptrdiff_t colStride() const { return column; }
};

template <class T> void layouts(const centra::options &options, const answers &expected)
{
    const T gap = static_cast<T>(99);
    std::vector<T> tight(n * d), spread(n * (d + 3), gap), across((n + 2) * d, gap);
    for (std::size_t p = 0; p < n; ++p)
        for (std::size_t i = 0; i < d; ++i)
            tight[p * d + i] = spread[p * (d + 3) + i] = across[i * (n + 2) + p] = static_cast<T>(at(p, i));
    centra::workspace memory;
    calls(centra::rows(tight, d), options, expected, nullptr);
    calls(centra::rows(tight.data(), n, d), options, expected, &memory);
    CHECK(memory.size() > 0);
    centra::workspace moved = std::move(memory);
    calls(centra::rows(spread.data(), n, d, d + 3), options, expected, &moved);
    calls(centra::columns(across.data(), n, d, n + 2), options, expected, &moved);
    calls(centra::matrix(mdspan<const T>{spread.data(), {n, d}, {d + 3, 1}}), options, expected, &moved);
    calls(centra::matrix(mdspan<T>{across.data(), {n, d}, {1, n + 2}}), options, expected, nullptr);
    calls(centra::matrix(matrix<T>{tight, n, d, d, 1}), options, expected, nullptr);
    calls(centra::matrix(matrix<T>{across, n, d, 1, n + 2}), options, expected, nullptr);
#if defined(__cpp_lib_span)
    calls(centra::rows(std::span<const T>(tight), d), options, expected, nullptr);
#endif
}

void whole()
{
    for (const bool weighted : {false, true})
        for (const std::int32_t threads : {1, 3}) {
            CONTEXT("weighted %d, threads %d", weighted, static_cast<int>(threads));
            centra_options c;
            centra_options_init(&c);
            centra::options options;
            c.weights = weighted ? weights.data() : nullptr;
            options.weights = weighted ? centra::span<const double>(weights) : centra::span<const double>();
            c.threads = options.threads = threads;
            c.seed = options.seed = 7;
            c.n_init = options.n_init = 2;
            c.label_base = options.label_base = weighted;
            const answers expected(c);
            layouts<double>(options, expected);
            layouts<float>(options, expected);
            layouts<std::uint8_t>(options, expected);
            CHECK(same(centra::fit(centra::rows(numbers, d), k, options).report, expected.report));
        }
    CONTEXT("%s", "");
}

/// Each option of C++ is that of C: a fit with it alone is that of C with it alone, and is not the fit without it, or says so.
void every_option()
{
    const auto x = centra::rows(numbers, d);
    const auto both = [&](const centra::options &options, auto &&set) {
        centra_options c;
        centra_options_init(&c);
        set(c);
        std::vector<double> centers(k * d);
        std::vector<std::int32_t> labels(n);
        centra_report report;
        centra_report_init(&report);
        CHECK(centra_fit(numbers.data(), n, d, d, k, &c, centers.data(), labels.data(), &report, nullptr, 0) == CENTRA_OK);
        const centra::clustering found = centra::fit(x, k, options);
        CHECK(same(found.centers, centers) && found.labels == labels && same(found.report, report));
        return found;
    };
    const centra::clustering plain = both({}, [](centra_options &) {});
    centra::options o;
    for (const auto init : {centra::init::random, centra::init::parallel}) {
        o.init = init;
        CHECK(!same(both(o, [&](centra_options &c) { c.init = static_cast<std::int32_t>(init); }).centers, plain.centers));
    }
    o = {};
    o.max_iter = 2;
    CHECK(both(o, [](centra_options &c) { c.max_iter = 2; }).report.stopped_by == centra::stopped_by::max_iter);
    o = {};
    o.tol = 1e6;
    CHECK(both(o, [](centra_options &c) { c.tol = 1e6; }).report.stopped_by == centra::stopped_by::tolerance);
    o = {};
    for (const auto algorithm : {centra::algorithm::lloyd, centra::algorithm::hamerly}) {
        o.algorithm = algorithm;
        const centra::clustering found =
            both(o, [&](centra_options &c) { c.algorithm = static_cast<std::int32_t>(algorithm); });
        CHECK((found.report.skipped == 0) == (algorithm == centra::algorithm::lloyd) && same(found.centers, plain.centers));
    }
#if __cplusplus >= 202002L
    CHECK(same(centra::fit(x, k, {.threads = 3, .n_init = 2, .seed = 7}).centers, both({.n_init = 2, .seed = 7}, [](centra_options &c) {
                   c.n_init = 2;
                   c.seed = 7;
               }).centers));
#endif
    // Empty clusters: a center that is far away from all points.
    std::vector<double> start(numbers.begin(), numbers.begin() + 2 * d), c_centers;
    std::fill(start.begin() + d, start.end(), 1e6);
    for (const auto empty : {centra::empty::relocate, centra::empty::keep}) {
        centra_options c;
        centra_options_init(&c);
        c.empty = static_cast<std::int32_t>(empty);
        c.init = CENTRA_INIT_GIVEN;
        c_centers = start;
        CHECK(centra_fit(numbers.data(), n, d, d, 2, &c, c_centers.data(), nullptr, nullptr, nullptr, 0) == CENTRA_OK);
        o = {};
        o.empty = empty;
        const centra::clustering found = centra::refine(x, start, o);
        CHECK(same(found.centers, c_centers) && (found.report.empty_clusters == 1) == (empty == centra::empty::keep));
    }
}

void many()
{
    std::vector<centra::problem> problems;
    for (std::size_t i = 0; i < 4; ++i)
        problems.push_back({centra::rows(numbers.data() + 100 * d * i, 100 + i, d), 3 + i, i, {weights.data() + i, 100 + i}});
    centra::workspace memory;
    for (const std::int32_t threads : {1, 3}) {
        centra::options options;
        options.threads = threads;
        const auto found = centra::fit_many(problems, options, threads == 1 ? &memory : nullptr);
        CHECK(found.size() == problems.size());
        for (std::size_t i = 0; i < found.size(); ++i) {
            centra::options own = options;
            own.seed = i;
            own.weights = problems[i].weights;
            const centra::clustering alone = centra::fit(problems[i].points, problems[i].k, own);
            CHECK(found[i] && same(found[i].clustering.centers, alone.centers) && found[i].clustering.labels == alone.labels);
            CHECK(found[i].clustering.report.inertia == alone.report.inertia);
        }
    }
    for (auto &one : problems)
        one.start = {numbers.data(), one.k * d};
    const auto started = centra::fit_many(problems);
    for (std::size_t i = 0; i < started.size(); ++i) {
        centra::options own;
        own.weights = problems[i].weights;
        const centra::clustering alone = centra::refine(problems[i].points, problems[i].start, own);
        CHECK(same(started[i].clustering.centers, alone.centers) && started[i].clustering.labels == alone.labels);
    }
    CHECK(centra::fit_many({}).empty());
}

/// A stream of chunks has the answer of one array.
template <class T> void stream(bool weighted, bool columns)
{
    std::vector<T> points(n * d);
    for (std::size_t i = 0; i < n * d; ++i)
        points[i] = static_cast<T>(numbers[i]);
    centra::options options;
    options.init = centra::init::parallel;
    options.seed = 3;
    options.label_base = 1;
    if (weighted)
        options.weights = weights;
    const centra::clustering whole = centra::fit(centra::rows(points, d), k, options);
    options.weights = {};

    std::vector<T> chunk;
    const auto read = [&](auto visit) {
        for (std::size_t first = 0, size; first < n; first += size) {
            size = std::min<std::size_t>(150, n - first);
            chunk.resize(size * d);
            for (std::size_t p = 0; p < size; ++p)
                for (std::size_t i = 0; i < d; ++i)
                    chunk[columns ? i * size + p : p * d + i] = points[(first + p) * d + i];
            const auto x = columns ? centra::columns(chunk.data(), size, d) : centra::rows(chunk.data(), size, d);
            if (weighted)
                visit(x, centra::span<const double>(weights.data() + first, size));
            else
                visit(x);
            visit(centra::rows(chunk.data(), 0, d)); // a chunk may have no points
        }
    };
    std::vector<std::int32_t> labels(n);
    centra::workspace memory;
    const centra::streamed found = centra::fit_stream(read, k, options, labels, &memory);
    CHECK(same(found.centers, whole.centers) && labels == whole.labels && found.inertia == whole.report.inertia);
    CHECK(found.iterations == whole.report.iterations && found.stopped_by == whole.report.stopped_by);
    const centra::streamed unlabelled = centra::fit_stream(read, k, options);
    CHECK(same(unlabelled.centers, whole.centers) && unlabelled.inertia == whole.report.inertia);

    // Two starting centers that are too far away for any point: relocation, in chunks as in one array.
    std::vector<double> start(numbers.begin(), numbers.begin() + k * d);
    std::fill(start.end() - 2 * d, start.end(), 1e6);
    if (weighted)
        options.weights = weights;
    const centra::clustering relocated = centra::refine(centra::rows(points, d), start, options);
    options.weights = {};
    const centra::streamed also = centra::refine_stream(read, start, options, labels);
    CHECK(same(also.centers, relocated.centers) && labels == relocated.labels && also.inertia == relocated.report.inertia);

    // Stopped by the program, labels and inertia are those of the centers.
    options.progress = [](const centra::progress &now) { return now.iteration == 2; };
    const centra::streamed stopped = centra::fit_stream(read, k, options, labels);
    CHECK(stopped.stopped_by == centra::stopped_by::callback && stopped.iterations == 2);
    if (weighted)
        options.weights = weights;
    options.progress = nullptr;
    CHECK(centra::assign(centra::rows(points, d), stopped.centers, options).labels == labels);
    CHECK(centra::inertia(centra::rows(points, d), stopped.centers, labels, options) == stopped.inertia);
}

} // namespace

int main()
{
    for (std::size_t i = 0; i < n * d; ++i)
        numbers.push_back(static_cast<double>(random_below(256)));
    for (std::size_t i = 0; i < n; ++i)
        weights.push_back(static_cast<double>(random_below(8)) / 4);
    whole();
    every_option();
    many();
    stream<double>(false, false);
    stream<double>(true, true);
    stream<float>(true, false);
    stream<std::uint8_t>(false, true);
    CHECK(centra::version() == std::string(centra_version()) && centra::isa() == std::string(centra_isa()));
    return finish("answers");
}
