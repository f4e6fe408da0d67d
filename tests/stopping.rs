//! The loop: when it stops and why, what is reported to the callback, what cancelling leaves behind, and which restart wins.

mod harness;
mod options;
mod reference;

use centra::{Progress, StoppedBy};
use harness::data::*;
use harness::*;
use options::{Init, Options};
use std::cell::{Cell, RefCell};

/// Inputs with a run of at least five iterations, small, weighted and large enough for threads.
fn cases() -> Vec<Case> {
    let mut rng = Rng(1);
    let mut cases = Vec::new();
    for (n, d, k) in [(60, 1, 5), (200, 2, 9), (300, 17, 12), (12_000, 3, 32)] {
        let x = fill(UNIFORM, n * d, &mut rng);
        let start = distinct(&x, d, k, &mut rng);
        let plain = Case::new("uniform", d, x, start);
        cases.push(plain.weighted("small integers", weigh(WEIGHTS[1], n, &mut rng)));
        cases.push(plain);
    }
    cases
}

/// A few iterations of a large case say as much as all of them.
fn limit(case: &Case) -> i64 {
    if case.n() < 1000 {
        300
    } else {
        7
    }
}

/// Threads show in large cases only, which need not try them in every place as well.
fn ways(case: &Case) -> Vec<Way> {
    if case.n() < 1000 {
        all_ways()
    } else {
        few_ways()
    }
}

#[test]
fn iterations_are_limited() {
    let mut bad = Bad::default();
    for case in cases() {
        for max_iter in [0, 1, 2, 3, 5] {
            for plan in [RELOCATE, KEEP] {
                let run = case
                    .check_fit(plan.at_most(max_iter), &ways(&case), &mut bad)
                    .unwrap();
                assert_eq!(
                    run.iterations, max_iter,
                    "the case converges too early to test this"
                );
            }
        }
    }
}

/// The iteration that converges is the last one allowed: converged, not out of iterations.
#[test]
fn convergence_goes_first() {
    let mut bad = Bad::default();
    for case in cases().into_iter().filter(|case| case.n() < 1000) {
        let all = case.oracle(KEEP).unwrap().iterations;
        for (max_iter, stop) in [
            (all - 1, StoppedBy::MaxIter),
            (all, StoppedBy::Converged),
            (i64::MAX, StoppedBy::Converged),
        ] {
            let run = case
                .check_fit(KEEP.at_most(max_iter), &ways(&case), &mut bad)
                .unwrap();
            assert_eq!(harness::stop(run.stopped_by), stop);
        }
    }
}

/// The tolerance is compared with the shift to the last bit.
#[test]
fn tolerance() {
    let mut bad = Bad::default();
    for case in cases() {
        let base = KEEP.at_most(limit(&case));
        let trace = case.oracle(base).unwrap().trace;
        for (_, shift) in [trace[0], trace[1], trace[trace.len() - 2]] {
            let [below, above] =
                [-1, 1].map(|ulp| f64::from_bits(shift.to_bits().wrapping_add_signed(ulp)));
            for tol in [shift, below, above] {
                case.check_fit(Plan { tol, ..base }, &few_ways(), &mut bad);
            }
        }
        for tol in [5e-324, 1e300, f64::MAX] {
            case.check_fit(Plan { tol, ..base }, &few_ways(), &mut bad);
        }
    }
}

#[test]
fn progress_is_that_of_the_oracle() {
    let mut bad = Bad::default();
    for case in cases() {
        let plan = RELOCATE.at_most(limit(&case));
        let want = case.oracle(plan).unwrap();
        case.each("progress", &ways(&case), &mut bad, |points, options, _| {
            let seen = RefCell::new(Vec::new());
            let note = |step: &Progress| {
                seen.borrow_mut()
                    .push((step.restart, step.iteration, step.moved, step.shift));
                false
            };
            let options = Options {
                progress: Some(&note),
                ..plan.options(options)
            };
            let got = options::fit_from(points, &case.start, &options).map_err(refusal)?;
            same_run(&want, &got.centers, &got.labels, &got.report)?;
            let seen = seen.borrow();
            let reported: Vec<_> = seen.iter().map(|step| (step.0, step.1, step.2)).collect();
            let steps: Vec<_> = want
                .trace
                .iter()
                .zip(1..)
                .map(|(step, i)| (0, i, step.0))
                .collect();
            equal("restart, iteration, moved", &reported, &steps)?;
            let shifts: Vec<_> = seen.iter().map(|step| step.3).collect();
            same(
                "shift",
                &shifts,
                &want.trace.iter().map(|step| step.1).collect::<Vec<_>>(),
            )
        });
    }
}

/// Cancelling in iteration j leaves what `max_iter = j` leaves, also in the iteration that converges.
#[test]
fn cancelling() {
    let mut bad = Bad::default();
    for case in cases() {
        let last = case
            .oracle(RELOCATE.at_most(limit(&case)))
            .unwrap()
            .iterations;
        for j in [1, 2, 4, last] {
            let plan = RELOCATE.at_most(j);
            let want = case.oracle(plan).unwrap();
            case.each(
                "cancel",
                &ways(&case),
                &mut bad,
                |points, options, workspace| {
                    let cancel = |step: &Progress| step.iteration == j;
                    let options = Options {
                        progress: Some(&cancel),
                        ..RELOCATE.options(options)
                    };
                    let size = options::workspace_size(case.n(), case.d, case.k(), &options)
                        .map_err(refusal)?;
                    let mut centers = case.start.clone();
                    let mut labels = vec![-7; case.n()];
                    let mut report = workspace
                        .run(size, |w| {
                            options::fit_into(points, &options, &mut centers, Some(&mut labels), w)
                        })?
                        .map_err(refusal)?;
                    equal(
                        "stopped_by, cancelled",
                        &[(report.stopped_by, report.cancelled)],
                        &[(StoppedBy::Stopped, true)],
                    )?;
                    (report.stopped_by, report.cancelled) = (stop(want.stopped_by), false);
                    same_run(&want, &centers, &labels, &report)
                },
            );
        }
    }
}

/// A seeded run is the run from its seeds.
#[test]
fn a_seeded_run_starts_from_its_seeds() {
    let mut bad = Bad::default();
    for case in cases() {
        for init in [Init::KmeansPlusPlus, Init::Random] {
            let plan = RELOCATE.at_most(limit(&case));
            let options = Options {
                init,
                seed: 42,
                weights: case.weights.as_deref(),
                ..plan.options(Options::default())
            };
            let stored = Stored::new(&case.x, case.d, 0);
            let start = options::seed(&stored.points(), case.k(), &options).unwrap();
            let want = Case {
                start,
                ..case.clone()
            }
            .oracle(plan)
            .unwrap();
            case.each(
                "seeded fit",
                &ways(&case),
                &mut bad,
                |points, options, workspace| {
                    let options = Options {
                        init,
                        seed: 42,
                        ..plan.options(options)
                    };
                    let got = options::fit(points, case.k(), &options).map_err(refusal)?;
                    same_run(&want, &got.centers, &got.labels, &got.report)?;
                    let size = options::workspace_size(case.n(), case.d, case.k(), &options)
                        .map_err(refusal)?;
                    let mut centers = vec![f64::NAN; case.start.len()];
                    let mut labels = vec![-7; case.n()];
                    let report = workspace
                        .run(size, |w| {
                            options::fit_into(points, &options, &mut centers, Some(&mut labels), w)
                        })?
                        .map_err(refusal)?;
                    same_run(&want, &centers, &labels, &report)
                },
            );
        }
    }
}

/// Of several restarts the best inertia wins, and of equal ones the earliest: another restart either changes nothing
/// or lowers the inertia. The callback sees every iteration of every restart.
#[test]
fn restarts() {
    let mut bad = Bad::default();
    let mut better = 0;
    let mut rng = Rng(2);
    for (kind, n, d, k) in [
        (UNIFORM, 120, 2, 7),
        (GRID, 60, 2, 5),
        (BELL, 200, 9, 11),
        (KINDS[5], 40, 1, 4),
    ] {
        for init in [Init::KmeansPlusPlus, Init::Random] {
            let x = fill(kind, n * d, &mut rng);
            let case = Case::new(kind.0, d, x, vec![0.0; k * d]);
            let run = |points: &centra::Points, options: Options, n_init: u32| {
                let lengths = RefCell::new(Vec::<i64>::new());
                let note = |step: &Progress| {
                    let mut lengths = lengths.borrow_mut();
                    if step.iteration == 1 {
                        assert_eq!(step.restart, lengths.len() as i64);
                        lengths.push(0);
                    }
                    *lengths.last_mut().unwrap() += 1;
                    assert_eq!(
                        (step.restart, step.iteration),
                        (lengths.len() as i64 - 1, *lengths.last().unwrap())
                    );
                    false
                };
                let options = Options {
                    init,
                    n_init,
                    seed: 5,
                    progress: Some(&note),
                    ..RELOCATE.options(options)
                };
                let got = options::fit(points, k, &options).map_err(refusal)?;
                // None can beat an inertia of zero.
                let all = lengths.borrow().len() == n_init as usize;
                require(all || got.report.inertia == 0.0, || {
                    format!("{:?} for {n_init} restarts", lengths)
                })?;
                require(lengths.borrow().contains(&got.report.iterations), || {
                    "iterations of no restart".into()
                })?;
                Ok::<_, String>((got, lengths.into_inner()))
            };
            let stored = Stored::new(&case.x, d, 0);
            let ways = all_ways();
            let mut before = None;
            for n_init in 1..=8 {
                let (best, lengths) = run(&stored.points(), case.options(ways[0]), n_init).unwrap();
                if lengths.len() < n_init as usize {
                    break;
                }
                let (labels, _) = reference::assign(&case.x, d, &best.centers);
                let inertia = reference::inertia(&case.x, d, None, &best.centers, &labels);
                equal("labels", &best.labels, &labels).unwrap();
                same("inertia", &[best.report.inertia], &[inertia]).unwrap();
                if let Some((old, old_lengths)) = before.replace((best.clone(), lengths.clone())) {
                    assert_eq!(
                        lengths[..lengths.len() - 1],
                        old_lengths,
                        "an earlier restart depends on later ones"
                    );
                    if best.report.inertia < old.report.inertia {
                        better += 1;
                        assert_eq!(best.report.iterations, lengths[lengths.len() - 1]);
                    } else {
                        same("centers", &best.centers, &old.centers).unwrap();
                        equal("labels", &best.labels, &old.labels).unwrap();
                    }
                }
                if n_init == 1 || n_init == 8 {
                    case.each("restarts", &ways, &mut bad, |points, options, _| {
                        let (got, got_lengths) = run(points, options, n_init)?;
                        equal("iterations of each restart", &got_lengths, &lengths)?;
                        equal("labels", &got.labels, &best.labels)?;
                        same("centers", &got.centers, &best.centers)?;
                        same("inertia", &[got.report.inertia], &[best.report.inertia])?;
                        let numbers =
                            |r: &centra::Report| [r.iterations, r.moved, r.empty_clusters];
                        equal("report", &numbers(&got.report), &numbers(&best.report))
                    });
                }
            }
        }
    }
    assert!(
        better > 4,
        "{better} times in 8 a later restart was better than the first"
    );
}

/// Given centers leave nothing to draw: one run, whatever `n_init` says.
#[test]
fn given_centers_run_once() {
    let mut bad = Bad::default();
    let case = &cases()[1];
    let want = case.oracle(RELOCATE).unwrap();
    case.each(
        "n_init 5, given",
        &few_ways(),
        &mut bad,
        |points, options, _| {
            let calls = Cell::new(0);
            let note = |_: &Progress| {
                calls.set(calls.get() + 1);
                false
            };
            let options = Options {
                n_init: 5,
                progress: Some(&note),
                ..RELOCATE.options(options)
            };
            let got = options::fit_from(points, &case.start, &options).map_err(refusal)?;
            same_run(&want, &got.centers, &got.labels, &got.report)?;
            equal("calls", &[calls.get()], &[want.iterations])
        },
    );
}

/// Cancelling in a later restart leaves the best of what is done by then: all of it valid.
#[test]
fn cancelling_a_later_restart() {
    let mut bad = Bad::default();
    let case = &cases()[3];
    for (restart, iteration) in [(0, 2), (1, 1), (3, 2)] {
        let mut first = None;
        case.each(
            "cancel a restart",
            &all_ways(),
            &mut bad,
            |points, options, _| {
                let cancel =
                    |step: &Progress| step.restart == restart && step.iteration == iteration;
                let options = Options {
                    init: Init::Random,
                    n_init: 6,
                    progress: Some(&cancel),
                    ..RELOCATE.options(options)
                };
                let got = options::fit(points, case.k(), &options).map_err(refusal)?;
                require(got.report.cancelled, || "not cancelled".into())?;
                let labels = reference::assign(&case.x, case.d, &got.centers).0;
                equal("labels", &got.labels, &labels)?;
                let inertia = reference::inertia(&case.x, case.d, None, &got.centers, &labels);
                same("inertia", &[got.report.inertia], &[inertia])?;
                let (centers, iterations) =
                    first.get_or_insert((got.centers.clone(), got.report.iterations));
                equal("iterations", &[got.report.iterations], &[*iterations])?;
                same("centers", &got.centers, centers)
            },
        );
    }
}
