// Points in, clusters out; a stop and an error; a stream; as bindings/cpp/README.md tells it.
#include <centra.hpp>

#include <iostream>

int main()
{
    // Six points in the plane, row after row.
    const std::vector<double> numbers{1, 1, 2, 1, 1, 2, 8, 8, 9, 8, 8, 9};
    const auto points = centra::rows(numbers, 2);

    centra::options options;
    options.seed = 42;
    options.threads = 0; // all cores; threads and processor change nothing
    const centra::clustering found = centra::fit(points, 2, options);
    for (std::size_t p = 0; p < points.n; ++p)
        std::cout << "(" << numbers[2 * p] << ", " << numbers[2 * p + 1] << ") is in cluster " << found.labels[p] << "\n";
    std::cout << "inertia " << found.report.inertia << "\n";

    // A lambda sees each iteration, and may stop the fit; what it throws comes out of the call.
    options.progress = [](const centra::progress &now) { return now.iteration == 1; };
    const auto stopped = centra::fit(points, 2, options);
    std::cout << "stopped after " << stopped.report.iterations << " iteration\n";

    try {
        centra::fit(points, 7);
    } catch (const centra::error &error) {
        std::cout << error.what() << "\n";
    }

    // The same points in chunks of two: read(visit) goes through them once for every pass.
    const auto read = [&](auto visit) {
        for (std::size_t first = 0; first < 6; first += 2)
            visit(centra::rows(&numbers[2 * first], 2, 2));
    };
    const centra::streamed stream = centra::fit_stream(read, 2);
    std::cout << "inertia " << stream.inertia << " in chunks, too\n";
}
