//! Many fits in one call: each is its own fit, bit for bit, whatever is fitted beside it, on however many threads; and a problem that is
//! refused is refused alone.

use std::ffi::{c_void, CStr};
use std::ptr::{null, null_mut};

use centra::capi::*;
use centra::{KMeans, Points, Problem, Start};

/// Numbers from 0 to below 1.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() * n as f64) as usize
    }
}

fn options() -> centra_options {
    let mut options = std::mem::MaybeUninit::<centra_options>::uninit();
    // SAFETY: so many writable bytes; all members are written.
    unsafe {
        centra_options_init_sized(options.as_mut_ptr(), size_of::<centra_options>());
        options.assume_init()
    }
}

fn detail() -> String {
    // SAFETY: the text of this thread, which ends in a nul.
    let text = unsafe { CStr::from_ptr(centra_error_detail()) };
    text.to_str().expect("a text").to_owned()
}

/// The data of a problem, in memory of its own.
#[derive(Clone)]
struct Data {
    points: Vec<f64>,
    n: usize,
    d: usize,
    ld: usize,
    k: usize,
    weights: Option<Vec<f64>>,
    seed: u64,
    centers: Vec<f64>,
    labels: Option<Vec<i32>>,
    report: centra_report,
    status: i32,
}

impl Data {
    fn new(n: usize, d: usize, k: usize, layout: i32, random: &mut Random) -> Data {
        let gap = random.below(3);
        let (ld, lines) = match layout {
            CENTRA_ROWS => (d + gap, n),
            _ => (n + gap, d),
        };
        // Few distinct values, so that there are ties and empty clusters.
        let points: Vec<f64> = (0..ld * lines)
            .map(|_| random.below(9) as f64 * 0.1)
            .collect();
        let weighted = random.below(3) == 0;
        let mut report = std::mem::MaybeUninit::<centra_report>::uninit();
        // SAFETY: so many writable bytes; all members are written.
        let report = unsafe {
            centra_report_init_sized(report.as_mut_ptr(), size_of::<centra_report>());
            report.assume_init()
        };
        Data {
            points,
            n,
            d,
            ld,
            k,
            weights: weighted.then(|| (0..n).map(|_| 0.5 + random.next()).collect()),
            seed: random.below(1000) as u64,
            centers: (0..k * d).map(|_| random.next()).collect(),
            labels: (random.below(4) > 0).then(|| vec![-9; n]),
            report,
            status: -99,
        }
    }

    fn problem(&mut self) -> centra_problem {
        centra_problem {
            struct_size: size_of::<centra_problem>(),
            points: self.points.as_ptr(),
            n: self.n,
            d: self.d,
            ld: self.ld,
            k: self.k,
            weights: self
                .weights
                .as_ref()
                .map_or(null(), |weights| weights.as_ptr()),
            seed: self.seed,
            centers: self.centers.as_mut_ptr(),
            labels: self
                .labels
                .as_mut()
                .map_or(null_mut(), |labels| labels.as_mut_ptr()),
            report: &mut self.report,
            status: self.status,
        }
    }

    /// By centra_fit.
    fn fit(&mut self, options: &centra_options) {
        let own = self.problem();
        let options = centra_options {
            weights: own.weights,
            seed: own.seed,
            threads: 1,
            ..*options
        };
        // SAFETY: live arrays of these lengths.
        self.status = unsafe {
            centra_fit(
                own.points,
                own.n,
                own.d,
                own.ld,
                own.k,
                &options,
                own.centers,
                own.labels,
                own.report,
                null_mut(),
                0,
            )
        };
    }

    /// What a fit wrote, but for seconds, threads and bytes.
    fn results(&self) -> (i32, Vec<u64>, Option<Vec<i32>>, [i64; 4], u64) {
        let report = &self.report;
        let numbers = [
            report.iterations,
            report.moved,
            report.empty_clusters,
            i64::from(report.stopped_by),
        ];
        (
            self.status,
            self.centers.iter().map(|x| x.to_bits()).collect(),
            self.labels.clone(),
            numbers,
            report.inertia.to_bits(),
        )
    }
}

/// Fits all; in a workspace of just the bytes asked for, or in memory that the call allocates.
fn fit_many(all: &mut [Data], options: &centra_options, given: bool) -> i32 {
    let mut problems: Vec<centra_problem> = all.iter_mut().map(Data::problem).collect();
    let (count, mut bytes) = (problems.len(), 0);
    // SAFETY: live arrays of these lengths.
    let status = unsafe {
        let query = centra_fit_many_workspace_size(problems.as_ptr(), count, options, &mut bytes);
        assert_eq!(query, CENTRA_OK, "{}", detail());
        let mut workspace = vec![0xa5a5_a5a5u128; if given { bytes.div_ceil(16) } else { 0 }];
        let (start, bytes) = match given {
            true => (workspace.as_mut_ptr().cast::<c_void>(), bytes),
            false => (null_mut(), 0),
        };
        centra_fit_many(problems.as_mut_ptr(), count, options, start, bytes)
    };
    for (data, problem) in all.iter_mut().zip(&problems) {
        data.status = problem.status;
    }
    status
}

#[test]
fn each_is_its_own_fit() {
    let mut random = Random(5);
    for turn in 0..120 {
        let options = centra_options {
            layout: [CENTRA_ROWS, CENTRA_COLUMNS][turn % 2],
            label_base: (turn / 2 % 2) as i32,
            init: [
                CENTRA_INIT_KMEANSPP,
                CENTRA_INIT_RANDOM,
                CENTRA_INIT_GIVEN,
                CENTRA_INIT_PARALLEL,
            ][random.below(4)],
            empty: [CENTRA_EMPTY_RELOCATE, CENTRA_EMPTY_KEEP][random.below(2)],
            n_init: [1, 3][random.below(2)],
            max_iter: [300, 2, 0][random.below(3)],
            tol: [0.0, 0.01][random.below(2)],
            algorithm: random.below(3) as i32,
            threads: [1, 2, 3, 0, 16][turn % 5],
            ..options()
        };
        let count = [0, 1, 2, 15, 16, 17, 100][random.below(7)];
        let mut all: Vec<Data> = (0..count)
            .map(|_| {
                // Mostly small ones; some are worth several threads by themselves.
                let most = if random.below(30) == 0 { 9000 } else { 60 };
                let (n, d) = (1 + random.below(most), 1 + random.below(19));
                Data::new(
                    n,
                    d,
                    1 + random.below(n.min(17)),
                    options.layout,
                    &mut random,
                )
            })
            .collect();
        let mut wanted = all.clone();
        wanted.iter_mut().for_each(|data| data.fit(&options));
        for given in [true, false] {
            let mut found = all.clone();
            assert_eq!(
                fit_many(&mut found, &options, given),
                CENTRA_OK,
                "{}",
                detail()
            );
            for (index, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
                assert_eq!(
                    found.results(),
                    wanted.results(),
                    "turn {turn}, problem {index}"
                );
            }
        }
        all.clear();
    }
}

/// As many coordinates as make more than one thread worthwhile, in problems none of which is by itself.
#[test]
fn small_problems_share_the_threads() {
    let mut random = Random(6);
    let all: Vec<Data> = (0..3000)
        .map(|_| Data::new(100, 2, 3, CENTRA_ROWS, &mut random))
        .collect();
    let options = |threads| centra_options {
        threads,
        ..options()
    };
    let (mut wanted, mut found) = (all.clone(), all);
    let (mut one, mut three) = (0, 0);
    let problems: Vec<centra_problem> = found.iter_mut().map(Data::problem).collect();
    for (threads, bytes) in [(1, &mut one), (3, &mut three)] {
        // SAFETY: live arrays of these lengths.
        unsafe {
            centra_fit_many_workspace_size(
                problems.as_ptr(),
                problems.len(),
                &options(threads),
                bytes,
            )
        };
    }
    // The list of stretches, which is there once, and a workspace for each thread.
    let each = (three - one) / 2;
    assert!(each > 0 && three == one + 2 * each, "{one}, {three}");
    assert_eq!(fit_many(&mut wanted, &options(1), true), CENTRA_OK);
    assert_eq!(fit_many(&mut found, &options(3), true), CENTRA_OK);
    for (found, wanted) in found.iter().zip(&wanted) {
        assert_eq!(found.results(), wanted.results());
        assert_eq!(found.report.threads, 1);
    }
}

#[test]
fn what_is_refused_is_refused_alone() {
    let mut random = Random(7);
    for threads in [1, 4] {
        let options = centra_options {
            threads,
            ..options()
        };
        let mut all: Vec<Data> = (0..40)
            .map(|_| Data::new(30, 3, 4, CENTRA_ROWS, &mut random))
            .collect();
        let at = 2 * all[9].ld + 1;
        all[9].points[at] = f64::NAN;
        all[11].k = 31;
        all[20].weights = Some(vec![0.0; 30]);
        let mut wanted = all.clone();
        wanted.iter_mut().for_each(|data| data.fit(&options));
        let mut found = all.clone();
        assert_eq!(fit_many(&mut found, &options, true), CENTRA_ERR_NONFINITE);
        assert_eq!(detail(), "problem 9: points: NaN at row 2, dimension 1");
        for (index, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
            assert_eq!(found.results(), wanted.results(), "problem {index}");
            let status = match index {
                9 => CENTRA_ERR_NONFINITE,
                11 => CENTRA_ERR_SHAPE,
                20 => CENTRA_ERR_WEIGHTS,
                _ => CENTRA_OK,
            };
            assert_eq!(found.status, status, "problem {index}");
            if status < 0 {
                let untouched = (&all[index].centers, &all[index].labels);
                assert_eq!(
                    (&found.centers, &found.labels),
                    untouched,
                    "problem {index}"
                );
            }
        }
    }
}

/// What a call refuses as a whole: the status and text, and nothing is written.
fn refused(
    all: &mut [Data],
    options: &centra_options,
    change: impl FnOnce(&mut [centra_problem]),
) -> (i32, String) {
    let before = all.to_vec();
    let mut problems: Vec<centra_problem> = all.iter_mut().map(Data::problem).collect();
    change(&mut problems);
    // SAFETY: live arrays of these lengths.
    let status = unsafe {
        centra_fit_many(
            problems.as_mut_ptr(),
            problems.len(),
            options,
            null_mut(),
            0,
        )
    };
    assert!(problems.iter().all(|problem| problem.status == -99));
    for (data, before) in all.iter().zip(&before) {
        assert_eq!(data.results(), before.results());
    }
    (status, detail())
}

#[test]
fn calls_are_refused_as_a_whole() {
    let mut random = Random(8);
    let mut all: Vec<Data> = (0..6)
        .map(|_| Data {
            labels: Some(vec![-9; 20]),
            ..Data::new(20, 2, 3, CENTRA_ROWS, &mut random)
        })
        .collect();
    let usual = options();
    let alias = |text: &str| (CENTRA_ERR_ALIAS, text.to_owned());
    let labels = |from: usize, to: usize| {
        move |problems: &mut [centra_problem]| problems[to].labels = problems[from].labels
    };
    assert_eq!(
        refused(&mut all, &usual, labels(1, 4)),
        alias("problem 4: labels overlaps labels of problem 1")
    );
    assert_eq!(
        refused(&mut all, &usual, labels(4, 1)),
        alias("problem 4: labels overlaps labels of problem 1")
    );
    let centers = |problems: &mut [centra_problem]| {
        // The last byte of the points of another problem.
        let last = problems[2].ld * 19 + 1;
        problems[5].centers = problems[2].points.wrapping_add(last).cast_mut();
    };
    assert_eq!(
        refused(&mut all, &usual, centers),
        alias("problem 5: centers overlaps points of problem 2")
    );
    let report = |problems: &mut [centra_problem]| problems[3].report = problems[0].report;
    assert_eq!(
        refused(&mut all, &usual, report),
        alias("problem 3: report overlaps report of problem 0")
    );
    let into_problems = |problems: &mut [centra_problem]| {
        let start = problems.as_mut_ptr();
        problems[2].labels = start.cast::<i32>().wrapping_add(3);
    };
    assert_eq!(
        refused(&mut all, &usual, into_problems),
        alias("problem 2: labels overlaps problems")
    );
    let old = |problems: &mut [centra_problem]| problems[1].struct_size = 8;
    assert_eq!(
        refused(&mut all, &usual, old),
        (
            CENTRA_ERR_OPTION,
            "problem 1: struct_size is 8, and this library knows 96".to_owned()
        )
    );
    let options = centra_options {
        n_init: 0,
        ..options()
    };
    let (status, _) = refused(&mut all, &options, |_| ());
    assert_eq!(status, CENTRA_ERR_OPTION);
    // Points may be shared, and the arrays of a problem that will be refused count for nothing.
    let mut problems: Vec<centra_problem> = all.iter_mut().map(Data::problem).collect();
    problems[3].points = problems[0].points;
    problems[3].ld = problems[0].ld;
    problems[4].k = 0;
    problems[4].centers = problems[0].centers;
    // SAFETY: live arrays of these lengths.
    unsafe {
        let count = problems.len();
        let status = centra_fit_many(problems.as_mut_ptr(), count, &usual, null_mut(), 0);
        assert_eq!(status, CENTRA_ERR_SHAPE);
        assert_eq!(
            detail(),
            "problem 4: n = 20, d = 2, k = 0: none may be zero"
        );
        let (mut bytes, mut byte) = (0, 0u128);
        centra_fit_many_workspace_size(problems.as_ptr(), count, &usual, &mut bytes);
        let start = (&raw mut byte).cast();
        let status = centra_fit_many(problems.as_mut_ptr(), count, &usual, start, 16);
        assert_eq!(status, CENTRA_ERR_WORKSPACE);
        assert_eq!(
            detail(),
            format!("workspace: 16 bytes, but {bytes} are needed")
        );
        let status = centra_fit_many(null_mut(), 1, &usual, null_mut(), 0);
        assert_eq!(
            (status, detail()),
            (CENTRA_ERR_NULL, "problems: null".to_owned())
        );
        let status = centra_fit_many(null_mut(), usize::MAX / 8, &usual, null_mut(), 0);
        assert_eq!(status, CENTRA_ERR_SHAPE);
        assert_eq!(
            centra_fit_many(null_mut(), 0, null(), null_mut(), 0),
            CENTRA_OK
        );
    }
}

unsafe extern "C" fn stop_in_the_third(_: *const centra_progress, user: *mut c_void) -> i32 {
    let calls = user.cast::<i32>();
    // SAFETY: the counter of the test, which outlives the call.
    unsafe {
        *calls += 1;
        i32::from(*calls == 3)
    }
}

#[test]
fn progress_is_that_of_one_problem_after_the_other() {
    let mut random = Random(9);
    let mut calls = 0;
    let options = centra_options {
        threads: 4,
        max_iter: 1,
        progress: Some(stop_in_the_third),
        progress_data: (&raw mut calls).cast(),
        ..options()
    };
    let mut all: Vec<Data> = (0..5)
        .map(|_| Data::new(40, 2, 3, CENTRA_ROWS, &mut random))
        .collect();
    assert_eq!(fit_many(&mut all, &options, true), CENTRA_CANCELLED);
    assert_eq!(calls, 5);
    let statuses: Vec<i32> = all.iter().map(|data| data.status).collect();
    assert_eq!(
        statuses,
        [CENTRA_OK, CENTRA_OK, CENTRA_CANCELLED, CENTRA_OK, CENTRA_OK]
    );
}

#[test]
fn rust_problems_have_settings_of_their_own() {
    let mut random = Random(10);
    let kmeans = KMeans::new(3).seed(2).restarts(2);
    let data: Vec<Vec<f64>> = (0..200)
        .map(|_| {
            (0..2 * (1 + random.below(50)))
                .map(|_| random.next())
                .collect()
        })
        .collect();
    let weights: Vec<Vec<f64>> = data
        .iter()
        .map(|data| (0..data.len() / 2).map(|_| random.next()).collect())
        .collect();
    let problems: Vec<Problem<'_>> = data
        .iter()
        .zip(&weights)
        .enumerate()
        .map(|(turn, (data, weights))| {
            let points = Points::rows(data, data.len() / 2, 2).expect("rows");
            let problem = Problem::new(points);
            match turn % 5 {
                0 => problem,
                1 => problem.weights(weights),
                2 => problem.seed(turn as u64),
                3 => problem.centers(1 + turn % 7),
                _ => problem.start(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
            }
        })
        .collect();
    for threads in [1, 2, 0] {
        let fits = kmeans
            .clone()
            .threads(threads)
            .fit_many(&problems)
            .expect("settings");
        assert_eq!(fits.len(), problems.len());
        for (turn, (fit, (data, weights))) in fits.iter().zip(data.iter().zip(&weights)).enumerate()
        {
            let points = Points::rows(data, data.len() / 2, 2).expect("rows");
            let own = match turn % 5 {
                0 => kmeans.clone(),
                1 => kmeans.clone().weights(weights),
                2 => kmeans.clone().seed(turn as u64),
                3 => KMeans::new(1 + turn % 7).seed(2).restarts(2),
                _ => kmeans
                    .clone()
                    .start(Start::Centers(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6])),
            };
            let results = |fit: &Result<centra::Clustering, centra::Error>| match fit {
                Ok(fit) => Ok((fit.centers.clone(), fit.labels.clone(), fit.report.inertia)),
                Err(error) => Err(error.detail().to_owned()),
            };
            assert_eq!(results(fit), results(&own.fit(&points)), "problem {turn}");
        }
    }
    let weighted = kmeans.weights(&weights[0]);
    let error = weighted.fit_many(&problems).expect_err("whose weights?");
    assert_eq!(error.detail(), "weights: each problem has its own");
}
