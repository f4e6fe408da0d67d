/* centra.hpp: centra from C++17 and later, over the C API. One header, nothing to link but libcentra.
 * Licence: MIT or Apache-2.0.
 *
 * Views of points where they lie, results in vectors, errors as exceptions, options with lambdas. Every result is that of the C
 * call of the same name, bit for bit; centra.h says what it is. */
#ifndef CENTRA_HPP
#define CENTRA_HPP

#include <centra.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#if __cplusplus >= 202002L && __has_include(<span>)
#include <span>
#endif

namespace centra {

/// What a call returns: 0 is success, positive that a callback stopped the fit, negative that the call was refused.
enum class status : std::int32_t {
    ok = CENTRA_OK,
    cancelled = CENTRA_CANCELLED,
    null = CENTRA_ERR_NULL,
    shape = CENTRA_ERR_SHAPE,
    nonfinite = CENTRA_ERR_NONFINITE,
    range = CENTRA_ERR_RANGE,
    weights = CENTRA_ERR_WEIGHTS,
    workspace = CENTRA_ERR_WORKSPACE,
    option = CENTRA_ERR_OPTION,
    alias = CENTRA_ERR_ALIAS,
    empty = CENTRA_ERR_EMPTY,
    label = CENTRA_ERR_LABEL,
    memory = CENTRA_ERR_MEMORY,
    internal = CENTRA_ERR_INTERNAL,
};

/// A refused call. All outputs are as they were.
class error : public std::runtime_error {
public:
    error(centra::status why, const std::string &where)
        : std::runtime_error(std::string(centra_status_message(static_cast<std::int32_t>(why))) + ": " + where), why_(why),
          where_(where)
    {
    }
    /// Why.
    centra::status status() const noexcept { return why_; }
    /// Where: "points: NaN at row 1234, dimension 5". what() has the meaning of the status before it.
    const std::string &detail() const noexcept { return where_; }

private:
    centra::status why_;
    std::string where_;
};

/// Where a fit starts.
enum class init : std::int32_t {
    kmeanspp = CENTRA_INIT_KMEANSPP, ///< greedy k-means++
    random = CENTRA_INIT_RANDOM,     ///< k distinct points
    parallel = CENTRA_INIT_PARALLEL, ///< k-means||, for large k and for streams
};

/// What becomes of a cluster without members.
enum class empty : std::int32_t {
    relocate = CENTRA_EMPTY_RELOCATE, ///< it takes the point farthest from its own center
    keep = CENTRA_EMPTY_KEEP,         ///< its center stays
    error = CENTRA_EMPTY_ERROR,       ///< the call is refused
};

/// How a fit avoids work; results do not depend on it.
enum class algorithm : std::int32_t {
    automatic = CENTRA_ALGORITHM_AUTO,
    lloyd = CENTRA_ALGORITHM_LLOYD,
    hamerly = CENTRA_ALGORITHM_HAMERLY,
};

/// Why a fit ended.
enum class stopped_by : std::int32_t {
    converged = CENTRA_CONVERGED, ///< no label changed
    tolerance = CENTRA_TOLERANCE, ///< the centers moved by no more than tol
    max_iter = CENTRA_MAX_ITER,
    callback = CENTRA_STOPPED,
};

/// What a progress callback sees after every iteration.
struct progress {
    std::int64_t restart;   ///< from 0
    std::int64_t iteration; ///< from 1
    std::int64_t moved;     ///< labels that changed
    double shift;           ///< sum of the squared distances between new and previous centers
};

/// A task of a pass, for threads of the program; see options::parallel.
class task {
public:
    task(centra_task_fn function, void *context) noexcept : function_(function), context_(context) {}
    void operator()(std::size_t index) const noexcept { function_(context_, index); }

private:
    centra_task_fn function_;
    void *context_;
};

/// The library's version, "major.minor.patch".
inline const char *version() noexcept { return centra_version(); }
/// The instruction set in use: "amx", "avx512", "avx2", "neon" or "portable".
inline const char *isa() noexcept { return centra_isa(); }

// What has a span in it differs between C++17, which has none, and C++20. Each has its own names, so that both fit in a program.
#if defined(__cpp_lib_span)
inline namespace std_span {
template <class T> using span = std::span<T>;
#else
inline namespace own_span {
/// Contiguous elements of somebody else's: as much of C++20's std::span as is needed here.
template <class T> class span {
    template <class C>
    using of = std::enable_if_t<(std::is_const_v<T> || std::is_lvalue_reference_v<C>) && std::is_convertible_v<
        std::remove_pointer_t<decltype(std::data(std::declval<C &>()))> (*)[], T (*)[]>>;

public:
    constexpr span() noexcept = default;
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <class C, class = of<C>>
    constexpr span(C &&container) noexcept : data_(std::data(container)), size_(std::size(container))
    {
    }
    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }
    constexpr T &operator[](std::size_t i) const { return data_[i]; }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};
#endif

/// Options of a call, at their defaults; the comments of centra.h tell which call uses which. With C++20 they are named in the
/// call: `centra::fit(points, 8, {.threads = 0, .seed = 42})`.
struct options {
    centra::init init = centra::init::kmeanspp;
    centra::empty empty = centra::empty::relocate;
    std::int32_t label_base = 0;     ///< the first label, 0 or 1
    std::int32_t threads = 1;        ///< 0: all cores that the process may use; results do not depend on it
    std::int32_t n_init = 1;         ///< restarts; the least inertia wins
    std::int64_t max_iter = 300;     ///< the most iterations of a restart
    double tol = 0;                  ///< stop when the squared shifts of the centers sum to no more than this
    std::uint64_t seed = 0;          ///< of the random draws
    span<const double> weights = {}; ///< one for each point; none: all are 1
    /// Called after every iteration; returns whether to stop. An exception stops the fit, and then leaves the call.
    std::function<bool(const centra::progress &)> progress = {};
    centra::algorithm algorithm = centra::algorithm::automatic;
    /// Threads of the program: calls run(i) for every i below count, on whichever threads it likes, and returns when all are
    /// done. An exception leaves the call at its end; until then all tasks run on the calling thread. It must not be thrown
    /// while tasks run elsewhere.
    std::function<void(std::size_t count, const task &run)> parallel = {};
};

/// Memory that calls use again. It grows as they need. Calls at the same time need one each.
class workspace {
public:
    workspace() = default;
    workspace(workspace &&other) noexcept : memory_(std::move(other.memory_)), size_(std::exchange(other.size_, 0)) {}
    workspace &operator=(workspace &&other) noexcept
    {
        memory_ = std::move(other.memory_);
        size_ = std::exchange(other.size_, 0);
        return *this;
    }
    /// Makes it at least so large.
    void reserve(std::size_t bytes)
    {
        if (bytes <= size_)
            return;
        memory_.reset();
        size_ = 0;
        memory_.reset(::operator new(bytes, alignment));
        size_ = bytes;
    }
    void *data() const noexcept { return memory_.get(); }
    std::size_t size() const noexcept { return size_; }

private:
    static constexpr std::align_val_t alignment{16};
    struct release {
        void operator()(void *memory) const noexcept { ::operator delete(memory, alignment); }
    };
    std::unique_ptr<void, release> memory_;
    std::size_t size_ = 0;
};

/// n points of d numbers each, double, float or std::uint8_t, that lie somewhere in rows or columns. A view: it owns nothing.
template <class T> struct points {
    static_assert(std::is_same_v<T, double> || std::is_same_v<T, float> || std::is_same_v<T, std::uint8_t>,
                  "points are double, float or std::uint8_t");
    const T *data;
    std::size_t n, d;
    std::size_t ld;      ///< elements from one row, or column, to the next
    std::int32_t layout; ///< CENTRA_ROWS or CENTRA_COLUMNS
};

/// Points in rows: point p is d numbers at data + p * ld.
template <class T> points<T> rows(const T *data, std::size_t n, std::size_t d, std::size_t ld)
{
    return {data, n, d, ld, CENTRA_ROWS};
}
template <class T> points<T> rows(const T *data, std::size_t n, std::size_t d) { return rows(data, n, d, d); }

/// Points in columns: dimension i is n numbers at data + i * ld.
template <class T> points<T> columns(const T *data, std::size_t n, std::size_t d, std::size_t ld)
{
    return {data, n, d, ld, CENTRA_COLUMNS};
}
template <class T> points<T> columns(const T *data, std::size_t n, std::size_t d) { return columns(data, n, d, n); }

/// Coordinate i of point p at data + p * point_stride + i * dimension_stride, one of the two strides being 1.
template <class T>
points<T> strided(const T *data, std::size_t n, std::size_t d, std::ptrdiff_t point_stride, std::ptrdiff_t dimension_stride)
{
    // The stride of a single point, or dimension, is not used.
    if (dimension_stride == 1 || d == 1) {
        if (n <= 1)
            return rows(data, n, d);
        if (point_stride > 0)
            return rows(data, n, d, static_cast<std::size_t>(point_stride));
    } else if (point_stride == 1 || n <= 1) {
        if (dimension_stride > 0)
            return columns(data, n, d, static_cast<std::size_t>(dimension_stride));
    }
    throw error(status::shape, "points: strides of " + std::to_string(point_stride) + " and " +
                                   std::to_string(dimension_stride) + " are those of neither rows nor columns");
}

namespace detail {

template <class M, class = void> constexpr bool is_mdspan = false;
template <class M>
constexpr bool
    is_mdspan<M, std::void_t<decltype(std::declval<const M &>().data_handle(), std::declval<const M &>().stride(0))>> = true;

template <class E> using element = std::remove_cv_t<std::remove_pointer_t<E>>;

/// The calls for points of a type.
template <class T> struct calls;
#define CENTRA_HPP_CALLS(T, suffix) \
    template <> struct calls<T> { \
        static constexpr auto workspace_size = centra_workspace_size##suffix; \
        static constexpr auto fit = centra_fit##suffix; \
        static constexpr auto assign = centra_assign##suffix; \
        static constexpr auto update = centra_update##suffix; \
        static constexpr auto seed = centra_seed##suffix; \
        static constexpr auto inertia = centra_inertia##suffix; \
        static constexpr auto distances = centra_distances##suffix; \
        static constexpr auto clusters = centra_clusters##suffix; \
        static constexpr auto stream_workspace_size = centra_stream_workspace_size##suffix; \
        static constexpr auto stream_range = centra_stream_range##suffix; \
        static constexpr auto stream_sums = centra_stream_sums##suffix; \
        static constexpr auto stream_farthest = centra_stream_farthest##suffix; \
        static constexpr auto stream_masses = centra_stream_masses##suffix; \
        static constexpr auto stream_draw = centra_stream_draw##suffix; \
        static constexpr auto stream_weigh = centra_stream_weigh##suffix; \
    }
CENTRA_HPP_CALLS(double, );
CENTRA_HPP_CALLS(float, _f32);
CENTRA_HPP_CALLS(std::uint8_t, _u8);
#undef CENTRA_HPP_CALLS

inline status check(std::int32_t returned)
{
    if (returned < 0)
        throw error(static_cast<status>(returned), centra_error_detail());
    return static_cast<status>(returned);
}

/// Refuses an array that has not the size that the call reads or writes.
inline void length(const char *name, std::size_t has, std::size_t needs)
{
    if (has != needs)
        throw error(status::shape, std::string(name) + ": " + std::to_string(has) + " elements, not " + std::to_string(needs));
}

/// a * b, refused where no array can have so many elements.
inline std::size_t product(const char *name, std::size_t a, std::size_t b)
{
    const std::size_t most = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) / sizeof(double);
    if (b != 0 && a > most / b)
        throw error(status::shape,
                    std::string(name) + ": " + std::to_string(a) + " times " + std::to_string(b) + " is too large");
    return a * b;
}

/// How many centers there are in an array.
inline std::size_t rows_of(const char *name, std::size_t has, std::size_t d)
{
    if (d == 0 || has % d != 0)
        throw error(status::shape,
                    std::string(name) + ": " + std::to_string(has) + " elements are no rows of " + std::to_string(d));
    return has / d;
}

/// The options of one C call. Callbacks run inside it; an exception of one is kept until the call has returned.
class settings {
public:
    template <class T>
    settings(const options &chosen, const points<T> &x, span<const double> weights) : settings(chosen, x.layout)
    {
        if (weights.data() != nullptr)
            length("weights", weights.size(), x.n);
        c.weights = weights.data();
    }
    template <class T> settings(const options &chosen, const points<T> &x) : settings(chosen, x, chosen.weights) {}
    settings(const options &chosen, std::int32_t layout) : chosen_(chosen)
    {
        centra_options_init_sized(&c, sizeof c);
        c.init = static_cast<std::int32_t>(chosen.init);
        c.empty = static_cast<std::int32_t>(chosen.empty);
        c.algorithm = static_cast<std::int32_t>(chosen.algorithm);
        c.layout = layout;
        c.label_base = chosen.label_base;
        c.threads = chosen.threads;
        c.n_init = chosen.n_init;
        c.max_iter = chosen.max_iter;
        c.tol = chosen.tol;
        c.seed = chosen.seed;
        c.progress_data = c.parallel_data = this;
        if (chosen.progress)
            c.progress = [](const centra_progress *now, void *user) noexcept -> std::int32_t {
                return static_cast<settings *>(user)->sees({now->restart, now->iteration, now->moved, now->shift});
            };
        if (chosen.parallel)
            c.parallel = [](void *user, std::size_t count, centra_task_fn function, void *context) noexcept {
                static_cast<settings *>(user)->lends(count, {function, context});
            };
    }
    settings(const settings &) = delete;
    settings &operator=(const settings &) = delete;

    /// What a call returned: throws what a callback threw, or why the call was refused.
    status check(std::int32_t returned)
    {
        if (thrown_)
            std::rethrow_exception(std::exchange(thrown_, nullptr));
        return detail::check(returned);
    }

    centra_options c;

private:
    bool sees(const centra::progress &now) noexcept
    {
        if (thrown_)
            return true;
        try {
            return chosen_.progress(now);
        } catch (...) {
            thrown_ = std::current_exception();
            return true;
        }
    }
    void lends(std::size_t count, const task &run) noexcept
    {
        if (!thrown_) {
            try {
                return chosen_.parallel(count, run);
            } catch (...) {
                thrown_ = std::current_exception();
            }
        }
        for (std::size_t i = 0; i < count; ++i)
            run(i);
    }

    const options &chosen_;
    std::exception_ptr thrown_;
};

/// A workspace as a call takes it: of the size that it needs, or none.
struct lent {
    void *data = nullptr;
    std::size_t size = 0;

    template <class Size> lent(workspace *memory, Size &&needs)
    {
        if (memory == nullptr)
            return;
        std::size_t bytes = 0;
        detail::check(needs(&bytes));
        memory->reserve(bytes);
        data = memory->data();
        size = memory->size();
    }
};

template <class T> lent lend(workspace *memory, const points<T> &x, std::size_t k, const settings &set)
{
    return {memory, [&](std::size_t *bytes) { return calls<T>::workspace_size(x.n, x.d, k, &set.c, bytes); }};
}

} // namespace detail

/// The points that the rows of a matrix are: of Eigen (a Matrix, Map, Ref or Block) or an mdspan, in place, whichever way they
/// lie.
template <class M> auto matrix(const M &m)
{
    if constexpr (detail::is_mdspan<M>)
        return strided<detail::element<decltype(m.data_handle())>>(
            m.data_handle(), static_cast<std::size_t>(m.extent(0)), static_cast<std::size_t>(m.extent(1)),
            static_cast<std::ptrdiff_t>(m.stride(0)), static_cast<std::ptrdiff_t>(m.stride(1)));
    else
        return strided<detail::element<decltype(m.data())>>(m.data(), static_cast<std::size_t>(m.rows()),
                                                            static_cast<std::size_t>(m.cols()), m.rowStride(), m.colStride());
}

/// The points that a vector, an array or a span of n * d numbers has in rows of d.
template <class C> auto rows(const C &numbers, std::size_t d)
{
    return rows<detail::element<decltype(std::data(numbers))>>(std::data(numbers),
                                                               detail::rows_of("points", std::size(numbers), d), d);
}

/// What a fit did; see centra_report.
struct report {
    centra::stopped_by stopped_by;
    std::int32_t threads;
    std::int64_t iterations, empty_clusters, moved;
    double inertia;
    std::int64_t distances, rechecked, skipped;
    double seconds_scan, seconds_seed, seconds_assign, seconds_update;
    std::int64_t workspace_bytes;

    /// That of C.
    explicit report(const centra_report &c)
        : stopped_by(static_cast<centra::stopped_by>(c.stopped_by)), threads(c.threads), iterations(c.iterations),
          empty_clusters(c.empty_clusters), moved(c.moved), inertia(c.inertia), distances(c.distances), rechecked(c.rechecked),
          skipped(c.skipped), seconds_scan(c.seconds_scan), seconds_seed(c.seconds_seed), seconds_assign(c.seconds_assign),
          seconds_update(c.seconds_update), workspace_bytes(c.workspace_bytes)
    {
    }
};

/// What a fit found.
struct clustering {
    std::vector<double> centers;      ///< k rows of d
    std::vector<std::int32_t> labels; ///< one for each point
    centra::report report;
};

namespace detail {

/// centra_fit. The labels may be none.
template <class T>
centra::report fit(const points<T> &x, std::int32_t init, span<double> centers, span<std::int32_t> labels,
                   const options &chosen, workspace *memory)
{
    const std::size_t k = rows_of("centers", centers.size(), x.d);
    if (labels.data() != nullptr)
        length("labels", labels.size(), x.n);
    settings set(chosen, x);
    set.c.init = init;
    const lent work = lend(memory, x, k, set);
    centra_report report;
    centra_report_init_sized(&report, sizeof report);
    set.check(calls<T>::fit(x.data, x.n, x.d, x.ld, k, &set.c, centers.data(), labels.data(), &report, work.data, work.size));
    return centra::report(report);
}

} // namespace detail

/// Clusters points, from starting centers that options.init draws, into given memory: k rows of d for the centers; the labels
/// may be {}.
template <class T>
report fit_into(const points<T> &x, span<double> centers, span<std::int32_t> labels, const options &chosen = {},
                workspace *memory = nullptr)
{
    return detail::fit(x, static_cast<std::int32_t>(chosen.init), centers, labels, chosen, memory);
}

/// The same from the starting centers that the array has on entry.
template <class T>
report refine_into(const points<T> &x, span<double> centers, span<std::int32_t> labels, const options &chosen = {},
                   workspace *memory = nullptr)
{
    return detail::fit(x, CENTRA_INIT_GIVEN, centers, labels, chosen, memory);
}

/// Clusters points into k clusters.
template <class T> clustering fit(const points<T> &x, std::size_t k, const options &chosen = {}, workspace *memory = nullptr)
{
    std::vector<double> centers(detail::product("centers", k, x.d));
    std::vector<std::int32_t> labels(x.n);
    const report done = fit_into(x, centers, labels, chosen, memory);
    return {std::move(centers), std::move(labels), done};
}

/// Clusters points from given starting centers, k rows of d.
template <class T>
clustering refine(const points<T> &x, span<const double> start, const options &chosen = {}, workspace *memory = nullptr)
{
    std::vector<double> centers(start.begin(), start.end());
    std::vector<std::int32_t> labels(x.n);
    const report done = refine_into(x, centers, labels, chosen, memory);
    return {std::move(centers), std::move(labels), done};
}

/// Labels, and the squared distances to the centers that they name.
struct assignment {
    std::vector<std::int32_t> labels;
    std::vector<double> distances;
};

/// Labels points by centers, k rows of d, into given memory; the distances may be {}.
template <class T>
void assign_into(const points<T> &x, span<const double> centers, span<std::int32_t> labels, span<double> distances = {},
                 const options &chosen = {}, workspace *memory = nullptr)
{
    const std::size_t k = detail::rows_of("centers", centers.size(), x.d);
    detail::length("labels", labels.size(), x.n);
    if (distances.data() != nullptr)
        detail::length("distances", distances.size(), x.n);
    // The weights are not used, and may be those of a fit of other points.
    detail::settings set(chosen, x, {});
    const detail::lent work = detail::lend(memory, x, k, set);
    set.check(detail::calls<T>::assign(x.data, x.n, x.d, x.ld, k, &set.c, centers.data(), labels.data(), distances.data(),
                                       work.data, work.size));
}

/// Labels points by centers, k rows of d.
template <class T>
assignment assign(const points<T> &x, span<const double> centers, const options &chosen = {}, workspace *memory = nullptr)
{
    assignment found{std::vector<std::int32_t>(x.n), std::vector<double>(x.n)};
    assign_into(x, centers, found.labels, found.distances, chosen, memory);
    return found;
}

/// Moves each center to the mean of its points, and returns how many they are. On entry the centers are those that the labels
/// were found with: empty clusters keep theirs, or measure from them which point is the farthest.
template <class T>
std::vector<std::int64_t> update(const points<T> &x, span<const std::int32_t> labels, span<double> centers,
                                 const options &chosen = {}, workspace *memory = nullptr)
{
    const std::size_t k = detail::rows_of("centers", centers.size(), x.d);
    detail::length("labels", labels.size(), x.n);
    detail::settings set(chosen, x);
    const detail::lent work = detail::lend(memory, x, k, set);
    std::vector<std::int64_t> counts(k);
    set.check(detail::calls<T>::update(x.data, x.n, x.d, x.ld, k, &set.c, labels.data(), centers.data(), counts.data(),
                                       work.data, work.size));
    return counts;
}

/// Draws k starting centers: those from which the first restart of fit starts.
template <class T>
std::vector<double> seed(const points<T> &x, std::size_t k, const options &chosen = {}, workspace *memory = nullptr)
{
    std::vector<double> centers(detail::product("centers", k, x.d));
    detail::settings set(chosen, x);
    const detail::lent work = detail::lend(memory, x, k, set);
    set.check(detail::calls<T>::seed(x.data, x.n, x.d, x.ld, k, &set.c, centers.data(), work.data, work.size));
    return centers;
}

/// The inertia of centers and labels.
template <class T>
double inertia(const points<T> &x, span<const double> centers, span<const std::int32_t> labels, const options &chosen = {})
{
    const std::size_t k = detail::rows_of("centers", centers.size(), x.d);
    detail::length("labels", labels.size(), x.n);
    detail::settings set(chosen, x);
    double sum = 0;
    set.check(detail::calls<T>::inertia(x.data, x.n, x.d, x.ld, k, &set.c, centers.data(), labels.data(), &sum));
    return sum;
}

/// The squared distances between all points and all centers: n rows of k.
template <class T> std::vector<double> distances(const points<T> &x, span<const double> centers, const options &chosen = {})
{
    const std::size_t k = detail::rows_of("centers", centers.size(), x.d);
    std::vector<double> found(detail::product("distances", x.n, k));
    detail::settings set(chosen, x, {});
    set.check(detail::calls<T>::distances(x.data, x.n, x.d, x.ld, k, &set.c, centers.data(), found.data(), k));
    return found;
}

/// What belongs to each cluster.
struct cluster_sums {
    std::vector<std::int64_t> counts;
    std::vector<double> weights, inertia;
};

/// Points, weight and inertia of each cluster of centers and labels.
template <class T>
cluster_sums clusters(const points<T> &x, span<const double> centers, span<const std::int32_t> labels,
                      const options &chosen = {})
{
    const std::size_t k = detail::rows_of("centers", centers.size(), x.d);
    detail::length("labels", labels.size(), x.n);
    detail::settings set(chosen, x);
    cluster_sums sums{std::vector<std::int64_t>(k), std::vector<double>(k), std::vector<double>(k)};
    set.check(detail::calls<T>::clusters(x.data, x.n, x.d, x.ld, k, &set.c, centers.data(), labels.data(), sums.counts.data(),
                                         sums.weights.data(), sums.inertia.data()));
    return sums;
}

/// One of the problems of fit_many.
struct problem {
    centra::points<double> points;
    std::size_t k;
    std::uint64_t seed = 0;
    span<const double> weights = {};
    span<const double> start = {}; ///< starting centers, for all problems or for none; none: options.init draws them
};

/// What became of a problem: a clustering, or, where the status is negative, nothing else.
struct outcome {
    centra::status status;
    centra::clustering clustering;
    /// Whether there is a clustering.
    explicit operator bool() const noexcept { return static_cast<std::int32_t>(status) >= 0; }
};

/// Fits many small problems by one team of threads. A problem that is refused is refused alone, and throws nothing. All points
/// lie in rows, or all in columns. Seeds and weights are those of the problems.
inline std::vector<outcome> fit_many(span<const problem> problems, const options &chosen = {}, workspace *memory = nullptr)
{
    // No status of the library's: what the call does not write was not reached.
    constexpr std::int32_t untouched = std::numeric_limits<std::int32_t>::min();
    const std::size_t count = problems.size();
    const bool given = count != 0 && problems[0].start.data() != nullptr;
    detail::settings set(chosen, count == 0 ? CENTRA_ROWS : problems[0].points.layout);
    if (given)
        set.c.init = CENTRA_INIT_GIVEN;
    std::vector<centra_problem> all(count);
    std::vector<centra_report> reports(count);
    std::vector<std::vector<double>> centers(count);
    std::vector<std::vector<std::int32_t>> labels(count);
    for (std::size_t i = 0; i < count; ++i) {
        const problem &one = problems[i];
        const auto &x = one.points;
        const std::string name = "problem " + std::to_string(i);
        const std::size_t size = detail::product((name + ": centers").c_str(), one.k, x.d);
        if (x.layout != set.c.layout)
            throw error(status::shape, name + ": points in rows and in columns do not go together");
        if ((one.start.data() != nullptr) != given)
            throw error(status::shape, name + ": starting centers are for all problems or for none");
        if (given)
            detail::length((name + ": start").c_str(), one.start.size(), size);
        if (one.weights.data() != nullptr)
            detail::length((name + ": weights").c_str(), one.weights.size(), x.n);
        centers[i].assign(one.start.begin(), one.start.end());
        centers[i].resize(size);
        labels[i].resize(x.n);
        centra_report_init_sized(&reports[i], sizeof reports[i]);
        all[i] = {sizeof all[i],     x.data,           x.n,         x.d,      x.ld, one.k, one.weights.data(), one.seed,
                  centers[i].data(), labels[i].data(), &reports[i], untouched};
    }
    const detail::lent work(
        memory, [&](std::size_t *bytes) { return centra_fit_many_workspace_size(all.data(), count, &set.c, bytes); });
    const std::int32_t returned = centra_fit_many(all.data(), count, &set.c, work.data, work.size);
    // The status is that of the first problem that was refused; that of the call itself, if it reached none.
    const bool reached = count != 0 && all[0].status != untouched;
    set.check(reached && returned < 0 ? CENTRA_OK : returned);
    std::vector<outcome> found;
    found.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        if (all[i].status < 0)
            centers[i].clear(), labels[i].clear();
        found.push_back(
            {static_cast<status>(all[i].status), {std::move(centers[i]), std::move(labels[i]), report(reports[i])}});
    }
    return found;
}

/// What a fit of a stream found.
struct streamed {
    std::vector<double> centers; ///< k rows of d
    centra::stopped_by stopped_by;
    std::int64_t iterations, empty_clusters;
    double inertia;
};

namespace detail {

/// What a program's function calls with the chunks of a pass: points, or points and weights.
template <class F> struct visitor {
    F visit;
    template <class T> void operator()(const points<T> &x, span<const double> weights = {}) const
    {
        // A chunk without points adds nothing, and its weights are nowhere.
        if (x.n != 0)
            visit(x, weights);
    }
};
template <class F> visitor(F) -> visitor<F>;

/// Points that come in chunks, over and over: the passes of a fit. The first pass finds their number and range.
template <class Read> class stream {
public:
    stream(Read &read, const options &chosen, workspace *memory) : read_(read), chosen_(chosen), memory_(memory)
    {
        read_(visitor{[&](const auto &x, span<const double> weights) {
            if (total_ == 0) {
                d_ = x.d;
                std::size_t length = 0;
                check(centra_stream_range_length(d_, &length));
                range_.resize(length);
            }
            call(x, weights, 1, CENTRA_INIT_KMEANSPP, [&](auto calls, const centra_options *options, const lent &work) {
                return calls.stream_range(x.data, x.n, x.d, x.ld, options, range_.data(), work.data, work.size);
            });
            total_ += static_cast<std::int64_t>(x.n);
        }});
    }

    std::size_t d() const noexcept { return d_; }

    /// Starting centers, by k-means||.
    std::vector<double> seed(std::size_t k)
    {
        std::size_t of_round = 0, of_all = 0, length = 0;
        check(centra_stream_candidates(k, &of_round, &of_all));
        // Candidates are drawn where they are to stand: behind those of the rounds before.
        std::vector<double> candidates(product("candidates", of_all, d_)), centers(product("centers", k, d_));
        std::int64_t masses[CENTRA_STREAM_MASS_DIGITS] = {};
        std::size_t count = 0;
        const auto on = [&](const auto &x, span<const double> weights, auto &&one) {
            call(x, weights, k, CENTRA_INIT_PARALLEL, one);
        };
        for (std::uint32_t round = 0; due(k, round, count, masses); ++round) {
            std::fill(std::begin(masses), std::end(masses), 0);
            pass([&](const auto &x, span<const double> weights, std::int64_t) {
                on(x, weights, [&](auto calls, const centra_options *options, const lent &work) {
                    return calls.stream_masses(x.data, x.n, x.d, x.ld, k, options, total_, range_.data(), candidates.data(),
                                               count, 0, nullptr, masses, work.data, work.size);
                });
            });
            std::int64_t drawn = 0;
            pass([&](const auto &x, span<const double> weights, std::int64_t first) {
                on(x, weights, [&](auto calls, const centra_options *options, const lent &work) {
                    return calls.stream_draw(x.data, x.n, x.d, x.ld, k, options, total_, range_.data(), masses,
                                             candidates.data(), count, nullptr, round, first, candidates.data() + count * d_,
                                             &drawn, work.data, work.size);
                });
            });
            if (drawn <= static_cast<std::int64_t>(of_round))
                count += static_cast<std::size_t>(drawn);
        }
        check(centra_stream_weights_length(total_, d_, k, range_.data(), count, &length));
        std::vector<std::int64_t> masses_of_candidates(length);
        pass([&](const auto &x, span<const double> weights, std::int64_t) {
            on(x, weights, [&](auto calls, const centra_options *options, const lent &work) {
                return calls.stream_weigh(x.data, x.n, x.d, x.ld, k, options, total_, range_.data(), candidates.data(), count,
                                          masses_of_candidates.data(), work.data, work.size);
            });
        });
        settings set(chosen_, CENTRA_ROWS);
        set.check(centra_stream_choose(total_, d_, k, &set.c, range_.data(), candidates.data(), count,
                                       masses_of_candidates.data(), centers.data(), nullptr, 0));
        return centers;
    }

    /// The loop of a fit, from these centers on.
    streamed iterate(std::vector<double> centers, span<std::int32_t> labels)
    {
        const std::size_t k = rows_of("centers", centers.size(), d_);
        if (labels.data() != nullptr) {
            length("labels", labels.size(), static_cast<std::size_t>(total_));
            std::fill(labels.begin(), labels.end(), chosen_.label_base);
        }
        const std::int32_t wanted = CENTRA_STREAM_INERTIA | (labels.data() != nullptr ? CENTRA_STREAM_MOVED : 0);
        std::size_t elements = 0;
        check(centra_stream_sums_length(total_, d_, k, range_.data(), &elements));
        std::vector<std::int64_t> sums(elements), farthest;
        centra_stream_state state;
        centra_stream_state_init(&state, sizeof state);
        settings set(chosen_, CENTRA_ROWS);
        bool stopped = false;
        for (;;) {
            std::fill(sums.begin(), sums.end(), 0);
            pass([&](const auto &x, span<const double> weights, std::int64_t first) {
                std::int32_t *own = labels.data() == nullptr ? nullptr : labels.data() + first;
                call(x, weights, k, CENTRA_INIT_KMEANSPP, [&](auto calls, const centra_options *options, const lent &work) {
                    return calls.stream_sums(x.data, x.n, x.d, x.ld, k, options, total_, range_.data(), centers.data(), own,
                                             wanted, sums.data(), work.data, work.size);
                });
            });
            set.check(centra_stream_farthest_length(total_, d_, k, &set.c, range_.data(), sums.data(), centers.data(), &state,
                                                    &elements));
            farthest.assign(elements, 0);
            if (elements != 0)
                pass([&](const auto &x, span<const double> weights, std::int64_t first) {
                    call(x, weights, k, CENTRA_INIT_KMEANSPP, [&](auto calls, const centra_options *options, const lent &work) {
                        return calls.stream_farthest(x.data, x.n, x.d, x.ld, k, options, total_, range_.data(), centers.data(),
                                                     sums.data(), first, farthest.data(), elements, work.data, work.size);
                    });
                });
            set.check(centra_stream_relocate(total_, d_, k, &set.c, range_.data(), sums.data(), farthest.data(), elements,
                                             centers.data(), &state));
            if (state.done)
                break;
            // Where the program stops, another pass makes labels and inertia those of the centers.
            if (!stopped && chosen_.progress && chosen_.progress({0, state.iterations, state.moved, state.shift})) {
                stopped = true;
                set.c.max_iter = state.iterations;
            }
        }
        const auto why = static_cast<centra::stopped_by>(state.stopped_by);
        const bool asked = stopped && why == centra::stopped_by::max_iter;
        return {std::move(centers), asked ? centra::stopped_by::callback : why, state.iterations, state.empty_clusters,
                state.inertia};
    }

private:
    static bool due(std::size_t k, std::uint32_t round, std::size_t count, const std::int64_t *masses)
    {
        const std::int32_t answer = centra_stream_due(k, round, count, masses);
        check(answer);
        return answer != 0;
    }

    /// One call on a chunk, with the calls for its type, its options, and memory.
    template <class T, class One>
    void call(const points<T> &x, span<const double> weights, std::size_t k, std::int32_t init, One &&one)
    {
        settings set(chosen_, x, weights);
        set.c.init = init;
        const std::int64_t total = total_ > 0 ? total_ : static_cast<std::int64_t>(x.n);
        const lent work(memory_,
                        [&](std::size_t *bytes) { return calls<T>::stream_workspace_size(x.n, total, x.d, k, &set.c, bytes); });
        set.check(one(calls<T>(), &set.c, work));
    }

    /// Calls visit(points, weights, index of the first one) for each chunk; these must be those of the first pass.
    template <class Visit> void pass(Visit &&visit)
    {
        std::int64_t first = 0;
        const auto change = [&](const std::string &what) {
            throw error(status::shape, "chunks: " + what + " than in the first pass");
        };
        read_(visitor{[&](const auto &x, span<const double> weights) {
            const auto n = static_cast<std::int64_t>(x.n);
            if (x.d != d_)
                change("other dimensions");
            if (n > total_ - first)
                change("more points");
            visit(x, weights, first);
            first += n;
        }});
        if (first != total_)
            change("fewer points");
    }

    Read &read_;
    const options &chosen_;
    workspace *memory_;
    std::size_t d_ = 0;
    std::int64_t total_ = 0;
    std::vector<std::int32_t> range_;
};

} // namespace detail

/// Clusters points that come in chunks, with memory for one at a time, starting by k-means||: what fit finds for all points in
/// one array with init::parallel, bit for bit.
///
/// read(visit) goes through the chunks in order, and calls visit(points) or visit(points, weights) for each; it is called once
/// for every pass, and has the same points each time. The labels, one for each point, may be {}: then the fit has converged
/// when no mean moves. The options init, n_init and weights are not used.
template <class Read>
streamed fit_stream(Read &&read, std::size_t k, const options &chosen = {}, span<std::int32_t> labels = {},
                    workspace *memory = nullptr)
{
    detail::stream<std::remove_reference_t<Read>> stream(read, chosen, memory);
    return stream.iterate(stream.seed(k), labels);
}

/// The same from given starting centers, k rows of d.
template <class Read>
streamed refine_stream(Read &&read, span<const double> start, const options &chosen = {}, span<std::int32_t> labels = {},
                       workspace *memory = nullptr)
{
    detail::stream<std::remove_reference_t<Read>> stream(read, chosen, memory);
    return stream.iterate({start.begin(), start.end()}, labels);
}

} // namespace own_span or std_span
} // namespace centra

#endif
