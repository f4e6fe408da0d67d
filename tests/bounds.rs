//! What bounds spare is never seen in a result: every algorithm gives the oracle's run, on data made to break bounds, and
//! sums that points were moved in and out of for 10,000 iterations are those of a fresh pass.

mod harness;
mod options;
mod reference;

use centra::{Algorithm, Isa, Points, Report};
use harness::data::{blobs, drawn, fill, two_to, weigh, Rng, BELL, UNIFORM, WEIGHTS};
use harness::*;
use options::{Init, Options};

const ALGORITHMS: [Algorithm; 3] = [Algorithm::Auto, Algorithm::Lloyd, Algorithm::Hamerly];

/// The oracle's run by every algorithm along the ways; returns how many pairs Hamerly's bounds proved away along the first.
fn check(case: &Case, plan: Plan, ways: &[Way], bad: &mut Bad) -> i64 {
    let want = case.oracle(plan).expect("no refusal under these plans");
    let passes = want.iterations + 1;
    let pairs = (case.n() * case.k()) as i64;
    let mut spared = None;
    case.each("fit", ways, bad, |points, options, _| {
        for algorithm in ALGORITHMS {
            let options = Options {
                algorithm,
                ..plan.options(options.clone())
            };
            let fit = options::fit_from(points, &case.start, &options).map_err(refusal)?;
            same_run(&want, &fit.centers, &fit.labels, &fit.report)
                .and_then(|()| {
                    counts_are_right(&fit.report, algorithm, pairs, passes, case.n() as i64)
                })
                .map_err(|e| format!("{algorithm:?}: {e}"))?;
            if algorithm == Algorithm::Hamerly {
                spared.get_or_insert(fit.report.skipped);
            }
        }
        Ok(())
    });
    spared.unwrap_or(0)
}

/// Every pair of every pass was either evaluated or proven away; the inertia evaluates each point once more.
fn counts_are_right(
    report: &Report,
    algorithm: Algorithm,
    pairs: i64,
    passes: i64,
    n: i64,
) -> Result<(), String> {
    let (done, spared) = (report.distances - n, report.skipped);
    require(algorithm != Algorithm::Lloyd || spared == 0, || {
        format!("{spared} pairs spared without bounds")
    })?;
    require(
        spared >= 0 && done + spared >= pairs * passes && done <= 3 * pairs * passes,
        || {
            format!(
                "{done} pairs evaluated and {spared} spared of {pairs} in each of {passes} passes"
            )
        },
    )
}

fn sizes() -> Vec<(usize, usize, usize)> {
    // Dimensions around the widths of the narrow kernels and of those that keep values; sizes around vectors and tiles.
    vec![
        (700, 2, 9),
        (769, 3, 16),
        (511, 5, 7),
        (384, 8, 17),
        (97, 9, 8),
        (600, 16, 15),
        (385, 17, 12),
        (331, 70, 33),
        (50, 1, 3),
    ]
}

/// All centers start in one corner, and creep from there.
#[test]
fn creeping_convergence() {
    let (mut bad, mut rng) = (Bad::default(), Rng(11));
    let mut spared = 0;
    for (n, d, k) in sizes() {
        let x = fill(UNIFORM, n * d, &mut rng);
        let start = fill(UNIFORM, k * d, &mut rng)
            .iter()
            .map(|c| c * 0.1)
            .collect();
        let case = Case::new("from a corner", d, x, start);
        spared += check(&case, KEEP, &least_ways(), &mut bad);
        spared += check(&case, RELOCATE.at_most(40), &least_ways(), &mut bad);
    }
    assert!(spared > 0, "bounds proved nothing");
}

/// Two centers share one blob, and one has several: clusters merge and split.
#[test]
fn merging_and_splitting() {
    let (mut bad, mut rng) = (Bad::default(), Rng(12));
    let mut spared = 0;
    for (n, d, k) in sizes() {
        let mut x = blobs(n, d, k, &mut rng);
        let start: Vec<f64> = (0..k).flat_map(|j| x[j % 2 * d..][..d].to_vec()).collect();
        // Equal starts are ties; the last digits of the others differ.
        let start: Vec<f64> = start
            .iter()
            .enumerate()
            .map(|(i, c)| c + (i / d / 2) as f64 * 1e-9)
            .collect();
        let case = Case::new("two starts", d, x.clone(), start);
        spared += check(&case, RELOCATE, &least_ways(), &mut bad);
        // Every point three times, and some all alike.
        x.truncate(n / 3 * d);
        let thrice = [&x[..], &x[..], &vec![x[0]; 4 * d], &x[..]].concat();
        let start = drawn(&thrice, d, k, &mut rng);
        let case = Case::new("duplicates", d, thrice, start);
        spared += check(&case, RELOCATE, &least_ways(), &mut bad);
    }
    assert!(spared > 0, "bounds proved nothing");
}

/// A name, and how a coordinate changes in a dimension.
type Kind = (&'static str, fn(f64, usize) -> f64);

/// Offsets and scales at which single precision tells nothing apart, or everything underflows; and both at once.
#[test]
fn offsets_and_scales() {
    let (mut bad, mut rng) = (Bad::default(), Rng(13));
    for (n, d, k) in [(500, 2, 8), (300, 5, 9), (260, 17, 7)] {
        let plain = fill(BELL, n * d, &mut rng);
        let kinds: [Kind; 8] = [
            ("offset 1e8", |x, _| x + 1e8),
            ("offset 1e15", |x, _| x + 1e15),
            ("offset 1e30", |x, _| x + 1e30),
            ("1e30 beside 1", |x, i| if i == 0 { 1e30 * x } else { x }),
            ("1e30, constant", |x, i| if i == 0 { 1e30 } else { x }),
            ("2^-300", |x, _| x * two_to(-300)),
            ("2^400", |x, _| x * two_to(400)),
            ("2^-530, squares underflow", |x, _| x * two_to(-530)),
        ];
        for (name, change) in kinds {
            let x: Vec<f64> = plain
                .iter()
                .enumerate()
                .map(|(c, &x)| change(x, c % d))
                .collect();
            let start = drawn(&x, d, k, &mut rng);
            check(
                &Case::new(name, d, x, start),
                RELOCATE.at_most(60),
                &least_ways(),
                &mut bad,
            );
        }
    }
}

/// One far pair of points, or a far center, and squares so small beside them that |x|² underflows where a margin takes it back
/// out of a bound.
#[test]
fn margins_where_squares_underflow() {
    let mut bad = Bad::default();
    let integers = [
        58, 2, -32, 17, -7, 14, 72, -14, -16, 26, -55, 53, 20, -9, 31, 40,
    ];
    // In binary32, whose scale the far points choose.
    for far in [80, 84, 90, 96, 100, 104, 110, 140] {
        let far = two_to(far);
        let mut x = vec![0.0, far, 0.0, -far];
        x.extend(integers.map(f64::from));
        let start = vec![-7.0, 14.0, -55.0, 53.0, -55.0, 53.0];
        check(
            &Case::new("a far pair", 2, x, start),
            KEEP,
            &all_ways(),
            &mut bad,
        );
    }
    // In binary64, where a far center makes binary32 leave all to it.
    let points = [
        -38, -27, 45, -50, -76, -33, 26, -71, -60, 18, 70, -24, 29, 12,
    ];
    for scale in [-500, -510, -515, -519, -522, -525] {
        for far in [20, 24, 30] {
            let far = [two_to(far), 0.0];
            let mut x = far.to_vec();
            x.extend(points.map(f64::from));
            let mut start = [26, -71, -76, -33, 26, -71].map(f64::from).to_vec();
            start.extend(far);
            for value in x.iter_mut().chain(&mut start) {
                *value *= two_to(scale);
            }
            check(
                &Case::new("small", 2, x, start),
                KEEP,
                &all_ways(),
                &mut bad,
            );
        }
    }
}

/// One far pair of points, so far that the factor between the units of words and those of margins is subnormal in binary32.
#[test]
fn margins_where_the_factor_is_subnormal() {
    let mut bad = Bad::default();
    let (n, d) = (46, 32);
    let few = [[50.0, -82.0], [-92.0, 16.0], [-59.0, 18.0], [10.0, -43.0]];
    for far in [120, 150, 153, 170, 177, 178, 179, 180, 181, 190] {
        let far = 1.05 * two_to(far);
        let mut x = vec![0.0; n * d];
        (x[31], x[d + 31]) = (far, -far);
        for (row, two) in x.chunks_exact_mut(d).skip(2).zip(few) {
            row[..2].copy_from_slice(&two);
        }
        for (p, row) in x.chunks_exact_mut(d).enumerate().skip(6) {
            row[2 + p % 20] = 1.125;
        }
        let mut start = vec![0.0; 3 * d];
        for (row, two) in start.chunks_exact_mut(d).zip(&few[1..]) {
            row[..2].copy_from_slice(two);
        }
        check(
            &Case::new("a far pair", d, x, start),
            KEEP,
            &all_ways(),
            &mut bad,
        );
    }
}

/// Weights of zero, and so many clusters that some empty again and again in the middle of a run.
#[test]
fn weights_and_relocations() {
    let (mut bad, mut rng) = (Bad::default(), Rng(14));
    for (n, d, k) in [(400, 2, 60), (300, 3, 100), (250, 16, 40), (200, 40, 50)] {
        for of in WEIGHTS {
            let x = fill(BELL, n * d, &mut rng);
            let start = drawn(&x, d, k, &mut rng);
            let case = Case::new("normal", d, x, start).weighted(of.0, weigh(*of, n, &mut rng));
            check(&case, RELOCATE.at_most(60), &least_ways(), &mut bad);
            check(&case, KEEP.at_most(60), &least_ways(), &mut bad);
        }
    }
}

/// Enough work for several threads, and several stretches of points for each.
#[test]
fn stretches_and_threads() {
    let (mut bad, mut rng) = (Bad::default(), Rng(15));
    for (n, d, k) in [(12_001, 2, 60), (4099, 20, 40)] {
        let x = blobs(n, d, 12, &mut rng);
        let start = drawn(&x, d, k, &mut rng);
        let case = Case::new("blobs", d, x, start);
        let ways: Vec<Way> = all_ways()
            .into_iter()
            .filter(|w| w.copy == w.threads % 4)
            .collect();
        let spared = check(&case, RELOCATE.at_most(25), &ways, &mut bad);
        assert!(spared > 0, "bounds proved nothing");
    }
}

/// So many centers that a look takes far less where no margin is wanted, and several stretches of points: some are asked first
/// whether margins will pay.
#[test]
fn many_centers() {
    let (mut bad, mut rng) = (Bad::default(), Rng(18));
    let (n, d, k) = (9_000, 32, 256);
    let middles = fill(BELL, 200 * d, &mut rng);
    let x: Vec<f64> = (0..n * d)
        .map(|c| 4.0 * middles[c / d % 200 * d + c % d] + BELL.1(rng.next()))
        .collect();
    let start = drawn(&x, d, k, &mut rng);
    let case = Case::new("near blobs", d, x, start);
    let spared = check(&case, RELOCATE.at_most(12), &least_ways(), &mut bad);
    assert!(spared > 0, "bounds proved nothing");
}

/// Normal coordinates that vary less and less, so that many labels change in a few iterations.
fn flat(n: usize, d: usize, rng: &mut Rng) -> Vec<f64> {
    let x = fill(BELL, n * d, rng);
    let each = x.iter().enumerate();
    each.map(|(c, x)| x / (1 + c % d) as f64).collect()
}

/// Whether bounds to groups prove more away than one bound for each point does, with vectors of 128 bits, and with those of 512 bits from 512 centers on.
fn groups_spare_more(case: &Case, plan: Plan) -> bool {
    let points = Points::rows(&case.x, case.n(), case.d).unwrap();
    // Without VNNI, vectors of 512 bits have no words, and so no groups.
    #[cfg(target_arch = "x86_64")]
    let wide = case.start.len() / case.d >= 512 && is_x86_feature_detected!("avx512vnni");
    #[cfg(not(target_arch = "x86_64"))]
    let wide = false;
    let isas = [Isa::Portable, Isa::Avx512];
    isas[..1 + usize::from(wide)].iter().all(|&isa| {
        let [groups, one] = [Algorithm::Auto, Algorithm::Hamerly].map(|algorithm| {
            let options = Options {
                algorithm,
                isa,
                ..plan.options(Options::default())
            };
            let fit = options::fit_from(&points, &case.start, &options).unwrap();
            fit.report.distances
        });
        groups < one
    })
}

/// So many centers that there are bounds to groups of them: of sixteen, of 32 or of 48, the last of which has 16, 15, 24 or 17. Of equal centers, of weights,
/// of a far pair of points and of a far center, too; and where no point can be coded, so that there are none.
#[test]
fn groups_of_centers() {
    let (mut bad, mut rng) = (Bad::default(), Rng(19));
    for (n, d, k) in [
        (900, 32, 192),
        (900, 33, 207),
        (1300, 50, 600),
        (3000, 37, 1025),
    ] {
        let x = flat(n, d, &mut rng);
        // No two are equal.
        let start = x[..k * d].to_vec();
        let mut equal = start.clone();
        equal.copy_within(0..3 * d, (k - 3) * d);
        let mut far = x.clone();
        far[..d].fill(1e12);
        far[d..2 * d].fill(-1e12);
        let mut far_start = start.clone();
        far_start[7 * d..8 * d].fill(1e20);
        let weights = WEIGHTS.iter().map(|of| (of.0, weigh(*of, n, &mut rng)));
        let (name, weights) = weights.last().expect("there are some");
        let scaled = |x: &[f64]| x.iter().map(|x| x * two_to(310)).collect::<Vec<f64>>();
        let cases = [
            Case::new("flat", d, x.clone(), start.clone()),
            Case::new("equal starts", d, x.clone(), equal),
            Case::new("a far pair", d, far, start.clone()),
            Case::new("a far start", d, x.clone(), far_start),
            Case::new("2^310", d, scaled(&x), scaled(&start)),
            Case::new("weights", d, x, start).weighted(name, weights),
        ];
        check(&cases[1], KEEP.at_most(20), &least_ways(), &mut bad);
        for case in &cases {
            check(case, RELOCATE.at_most(20), &least_ways(), &mut bad);
        }
        let spare_more = groups_spare_more(&cases[0], RELOCATE.at_most(12));
        assert!(spare_more, "{n}x{d} k={k}: groups spare nothing");
    }
}

/// The same with several stretches of points and several threads.
#[test]
fn groups_of_centers_and_threads() {
    let (mut bad, mut rng) = (Bad::default(), Rng(20));
    for (n, d, k) in [(9_001, 32, 256), (3_000, 40, 1040)] {
        let x = flat(n, d, &mut rng);
        let start = x[..k * d].to_vec();
        let case = Case::new("flat", d, x, start);
        let ways: Vec<Way> = all_ways()
            .into_iter()
            .filter(|w| w.copy == w.threads % 4)
            .collect();
        check(&case, RELOCATE.at_most(12), &ways, &mut bad);
    }
}

/// Fits of many iterations, in most of which few points move, so that sums are only moved in and out of, of points of all
/// magnitudes: wherever such a fit is stopped, they are, to the last bit, what a fresh pass gives.
#[test]
fn sums_do_not_drift() {
    let mut longest = 0;
    for d in [1, 2, 9] {
        let mut rng = Rng(16);
        let n = 1500;
        let x: Vec<f64> = (0..n * d)
            .map(|c| match c % d {
                0 => 1e3 + 1e2 * BELL.1(rng.next()),
                i => BELL.1(rng.next()) * two_to(-((c / d * i) as i32 % 60)),
            })
            .collect();
        // All from one end, so that they have far to go.
        let mut rows: Vec<_> = x.chunks(d).collect();
        rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let start = rows[..40].concat();
        let points = Points::rows(&x, n, d).unwrap();
        for isa in ISAS {
            for algorithm in ALGORITHMS {
                let options = Options {
                    init: Init::Given,
                    empty: centra::Empty::Keep,
                    max_iter: 10_000,
                    algorithm,
                    isa,
                    ..Options::default()
                };
                let whole = options::fit_from(&points, &start, &options).unwrap();
                longest = longest.max(whole.report.iterations);
                for max_iter in [7, 20, 40, 80, 160] {
                    let at_most = |max_iter| Options {
                        max_iter,
                        ..options.clone()
                    };
                    let fit = options::fit_from(&points, &start, &at_most(max_iter)).unwrap();
                    let longer =
                        options::fit_from(&points, &start, &at_most(max_iter + 1)).unwrap();
                    let mut fresh = fit.centers.clone();
                    options::update(&points, &fit.labels, &mut fresh, &options).unwrap();
                    same("centers", &longer.centers, &fresh).unwrap();
                    if isa == Isa::Portable && algorithm == Algorithm::Auto {
                        let keep = reference::Empty::Keep;
                        let (want, _) =
                            reference::means(&x, d, None, &fit.labels, &fit.centers, keep).unwrap();
                        same("centers", &longer.centers, &want).unwrap();
                    }
                }
            }
        }
    }
    assert!(longest > 80, "the longest fit took {longest} iterations");
}

/// Restarts stop at an inertia that none can beat.
#[test]
fn restarts_that_cannot_win() {
    let x: Vec<f64> = (0..20).map(|c| f64::from(c / 2 % 5)).collect();
    let points = Points::rows(&x, 10, 2).unwrap();
    let restarts = std::cell::Cell::new(0);
    let note = |progress: &centra::Progress| {
        restarts.set(progress.restart + 1);
        false
    };
    let options = Options {
        n_init: 50,
        progress: Some(&note),
        ..Options::default()
    };
    let fit = options::fit(&points, 5, &options).unwrap();
    assert_eq!((fit.report.inertia, restarts.get()), (0.0, 1));
}
