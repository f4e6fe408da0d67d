//! Restarts side by side, where one is too little work for two threads, are restarts one after the other: the same bits, the
//! same counts, the same refusals.

mod harness;
mod reference;

use std::cell::Cell;

use centra::{Clustering, Empty, Error, Init, Options, Points};
use harness::data::{blobs, fill, Rng, BELL, UNIFORM};

const THREADS: [usize; 4] = [1, 2, 3, 8];

/// All that does not tell how the work was shared out.
fn told(result: Result<Clustering, Error>) -> Result<Clustering, (i32, String)> {
    let refusal = |error: Error| (error.status() as i32, error.detail().to_owned());
    result.map_err(refusal).map(|mut fit| {
        let report = &mut fit.report;
        (report.threads, report.workspace_bytes) = (0, 0);
        (report.seconds_scan, report.seconds_seed) = (0.0, 0.0);
        (report.seconds_assign, report.seconds_update) = (0.0, 0.0);
        fit
    })
}

/// Fits with each number of threads; returns what one gives.
fn check(
    x: &[f64],
    d: usize,
    k: usize,
    options: &Options<'_>,
) -> Result<Clustering, (i32, String)> {
    let points = Points::rows(x, x.len() / d, d).unwrap();
    let fit = |threads: usize| {
        let options = Options {
            threads,
            ..options.clone()
        };
        centra::fit(&points, k, &options)
    };
    let want = told(fit(1));
    for threads in THREADS {
        let got = fit(threads);
        if let Ok(got) = &got {
            assert!((1..=threads).contains(&got.report.threads));
        }
        let got = told(got);
        let reports = |fit: &Result<Clustering, _>| fit.clone().map(|fit| fit.report);
        assert_eq!(reports(&got), reports(&want), "{threads} threads");
        assert!(
            got == want,
            "{threads} threads give other labels or centers"
        );
    }
    want
}

#[test]
fn the_best_of_all() {
    let mut rng = Rng(31);
    for (n, d, k) in [(1500, 8, 20), (700, 3, 90), (301, 40, 17)] {
        let x = blobs(n, d, k, &mut rng);
        let weights = fill(UNIFORM, n, &mut rng);
        for n_init in [1, 2, 3, 7] {
            for weights in [None, Some(&weights[..])] {
                let options = Options {
                    n_init,
                    weights,
                    max_iter: 20,
                    init: if n_init == 3 {
                        Init::KmeansPlusPlus
                    } else {
                        Init::Random
                    },
                    ..Options::default()
                };
                check(&x, d, k, &options).unwrap();
            }
        }
    }
}

/// The test tests something: this many threads are used, and none where a callback has to be called in order.
#[test]
fn as_many_threads_as_restarts() {
    let x = fill(BELL, 2000 * 8, &mut Rng(32));
    let points = Points::rows(&x, 2000, 8).unwrap();
    let used = |n_init, threads| {
        let options = Options {
            n_init,
            threads,
            ..Options::default()
        };
        let bytes = centra::workspace_size(2000, 8, 12, &options).unwrap();
        let report = centra::fit(&points, 12, &options).unwrap().report;
        assert!(report.workspace_bytes <= bytes);
        report.threads
    };
    assert_eq!(
        (used(1, 2), used(2, 2), used(7, 3), used(3, 8)),
        (1, 2, 3, 3)
    );
    let last = Cell::new((0, 0));
    let note = |step: &centra::Progress| {
        let now = (step.restart, step.iteration);
        assert!(now > last.replace(now));
        false
    };
    let options = Options {
        n_init: 5,
        threads: 2,
        progress: Some(&note),
        ..Options::default()
    };
    let told = centra::fit(&points, 12, &options).unwrap().report;
    assert_eq!((told.threads, last.get().0), (1, 4));
    // A query does not know of callbacks, and a call without one fits what it says.
    let bytes = centra::workspace_size(2000, 8, 12, &options).unwrap();
    let mut workspace = vec![0u128; bytes.div_ceil(16)];
    let silent = Options {
        progress: None,
        ..options
    };
    let mut centers = [0.0; 12 * 8];
    let bytes = centra::as_bytes(&mut workspace);
    let report = centra::fit_into(&points, &silent, &mut centers, None, bytes).unwrap();
    assert_eq!(report.threads, 2);
    assert_eq!(told.inertia, report.inertia);
}

/// Points in four places: a start that draws each of them ends at an inertia of zero, and the restarts after it do not count.
#[test]
fn nothing_beats_zero() {
    let (n, d, k) = (5000, 8, 4);
    let x: Vec<f64> = (0..n * d)
        .map(|i| (i / d % k * (i % d + 1)) as f64)
        .collect();
    let mut zeros = 0;
    for seed in 0..6 {
        for n_init in [2, 3, 7, 30] {
            let options = Options {
                n_init,
                seed,
                init: Init::Random,
                empty: Empty::Keep,
                ..Options::default()
            };
            zeros += i32::from(check(&x, d, k, &options).unwrap().report.inertia == 0.0);
        }
    }
    assert!((1..24).contains(&zeros), "{zeros} of 24 fits end at zero");
}

/// A third of the points in one place: some starts have it twice, and leave a cluster empty.
#[test]
fn the_first_refusal_counts() {
    let (n, d, k) = (5000, 8, 3);
    let mut x = fill(UNIFORM, n * d, &mut Rng(33));
    for point in x.chunks_exact_mut(d).step_by(3) {
        point.fill(0.5);
    }
    let mut refusals = Vec::new();
    for seed in 0..6 {
        for n_init in [2, 3, 7] {
            let options = Options {
                n_init,
                seed,
                max_iter: 10,
                init: Init::Random,
                empty: Empty::Error,
                ..Options::default()
            };
            refusals.extend(check(&x, d, k, &options).err());
        }
    }
    assert!(
        (1..18).contains(&refusals.len()),
        "{} of 18 refused",
        refusals.len()
    );
    refusals.dedup();
    assert!(refusals.len() > 1, "only one way to be refused");
}

/// What the scan refuses, every thread finds.
#[test]
fn a_nan_is_found_once() {
    let mut x = fill(BELL, 2000 * 8, &mut Rng(34));
    x[1234 * 8 + 5] = f64::NAN;
    let options = Options {
        n_init: 4,
        ..Options::default()
    };
    let refusal = check(&x, 8, 12, &options).unwrap_err();
    assert!(refusal.1.contains("row 1234, dimension 5"), "{}", refusal.1);
}
