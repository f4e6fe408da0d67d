//! Ranges and sums are integers and nothing more: text files that a shell joins give the fit of all points, bit for bit.

mod native;

use centra::{Empty, KMeans, Points, Start};
use native::raw::{blobs, numbers, write};
use native::{Language, Link};
use std::process::Command;

#[test]
fn a_shell_reduces_text() {
    let scratch = native::scratch("parts");
    let compiler =
        || native::compiler(Language::C11).expect("a C compiler (Debian: apt-get install gcc)");
    let (object, program) = (scratch.join("parts.o"), scratch.join("parts"));
    native::compile(
        compiler(),
        Language::C11,
        &native::file("tests/c/parts.c"),
        &object,
    );
    native::link(compiler(), &object, Link::Static, &program);

    let (n, d, k) = (800, 3, 5);
    // Of many magnitudes, and of both signs.
    let mut points = blobs(n, d, k);
    for (i, x) in points.iter_mut().enumerate() {
        *x = (*x - 60.0) * [1.0, 1e-9, 1e12][i % d];
    }
    let file = scratch.join("points");
    write(&file, &points);
    let kmeans = KMeans::new(k).start(Start::Centers(&points[..k * d]));
    let all = Points::rows(&points, n, d).expect("points");
    let fit = kmeans.empty(Empty::Keep).fit(&all).expect("a fit");
    assert!(fit.report.iterations > 2);
    let mut want = fit.centers;
    want.extend([fit.report.inertia, fit.report.iterations as f64]);
    let want: Vec<u64> = want.iter().map(|x| x.to_bits()).collect();

    for chunk in [800, 300, 111] {
        let output = native::succeed(
            Command::new("sh")
                .current_dir(&scratch)
                .arg(native::file("tests/c/parts.sh"))
                .arg(&program)
                .arg(&file)
                .args([d, k, n, chunk].map(|number| number.to_string())),
        );
        assert_eq!(numbers(&output), want, "chunks of {chunk}: {output:?}");
    }
}
