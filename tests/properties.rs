//! Properties of any input: random shapes, values from nasty pools and from random bits. Small inputs, so that a
//! failure shrinks to something that can be read; the same ones in every run.

mod harness;
mod options;
mod reference;

use centra::Points;
use harness::data::*;
use harness::*;
use options::Options;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

/// The raw material of a case. Bits become values by the kind, so shrinking moves towards zero and few points.
#[derive(Clone, Debug)]
struct Raw {
    kind: usize,
    d: usize,
    x: Vec<u64>,
    start: Vec<u64>,
    weights: Option<(usize, Vec<u64>)>,
    plan: usize,
}

fn raw(points: usize, dimensions: usize, kinds: usize) -> impl Strategy<Value = Raw> {
    (1..=points, 1..=dimensions).prop_flat_map(move |(n, d)| {
        let weights = proptest::option::of((0..WEIGHTS.len(), vec(any::<u64>(), n)));
        // A start is rows of the points (even bits) or values of its own (odd bits).
        let start = (1..=n.min(24)).prop_flat_map(|k| vec(any::<u64>(), k));
        (
            0..kinds,
            vec(any::<u64>(), n * d),
            start,
            weights,
            0..4usize,
        )
            .prop_map(move |(kind, x, start, weights, plan)| Raw {
                kind,
                d,
                x,
                start,
                weights,
                plan,
            })
    })
}

impl Raw {
    fn case(&self) -> Case {
        let kind = KINDS[self.kind];
        let x: Vec<f64> = self.x.iter().map(|&bits| kind.1(bits)).collect();
        let n = x.len() / self.d;
        let start = self.start.iter().flat_map(|&bits| {
            let mut rng = Rng(bits);
            if bits % 2 == 0 {
                x[rng.below(n) * self.d..][..self.d].to_vec()
            } else {
                fill(kind, self.d, &mut rng)
            }
        });
        let plain = Case::new(kind.0, self.d, x.clone(), start.collect());
        let Some((of, bits)) = &self.weights else {
            return plain;
        };
        let mut weights: Vec<f64> = bits.iter().map(|&bits| WEIGHTS[*of].1(bits)).collect();
        if weights.iter().all(|&w| w == 0.0) {
            weights[n / 2] = 1.0;
        }
        plain.weighted(WEIGHTS[*of].0, weights)
    }

    fn plan(&self) -> Plan {
        let plan = [
            RELOCATE,
            KEEP,
            ERROR,
            Plan {
                tol: 0.5,
                ..RELOCATE
            },
        ][self.plan];
        plan.at_most(25)
    }
}

/// Runs the property over inputs that are the same in every run, and shows the smallest failure it can find.
fn holds<S: Strategy>(cases: u32, strategy: S, property: impl Fn(&S::Value) -> Result<(), String>)
where
    S::Value: Clone,
{
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let result = runner.run(&strategy, |value| {
        property(&value).map_err(TestCaseError::fail)
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, value)) => panic!("{reason}\nfor {value:?}"),
        Err(other) => panic!("{other}"),
    }
}

/// Turns collected differences into one error, so that a failing case can shrink.
fn all_good(check: impl FnOnce(&mut Bad)) -> Result<(), String> {
    let mut bad = Bad::default();
    check(&mut bad);
    bad.take()
}

fn fit(case: &Case, plan: Plan, way: Way) -> Result<centra::Clustering, centra::Error> {
    let stored = Stored::new(&case.x, case.d, way.copy);
    options::fit_from(
        &stored.points(),
        &case.start,
        &plan.options(case.options(way)),
    )
}

fn a_way(raw: &Raw) -> Way {
    let ways = all_ways();
    ways[(raw.x[0] >> 32) as usize % ways.len()]
}

#[test]
fn everything_equals_the_oracle() {
    let ways = few_ways();
    holds(1500, raw(40, 12, KINDS.len()), |raw| {
        all_good(|bad| raw.case().check(raw.plan(), &ways, bad))
    });
}

#[test]
fn everything_equals_the_oracle_in_many_dimensions() {
    let ways = few_ways();
    holds(300, raw(60, 70, KINDS.len()), |raw| {
        all_good(|bad| raw.case().check(raw.plan(), &ways, bad))
    });
}

#[test]
fn counts_add_up_and_labels_are_in_range() {
    holds(500, raw(80, 6, KINDS.len()), |raw| {
        let (case, way) = (raw.case(), a_way(raw));
        let stored = Stored::new(&case.x, case.d, way.copy);
        let options = Plan {
            empty: reference::Empty::Relocate,
            ..raw.plan()
        }
        .options(case.options(way));
        let run = options::fit_from(&stored.points(), &case.start, &options).map_err(refusal)?;
        require(
            run.labels
                .iter()
                .all(|&l| (0..case.k() as i32).contains(&l)),
            || format!("{:?}", run.labels),
        )?;
        let mut centers = run.centers.clone();
        let counts = options::update(&stored.points(), &run.labels, &mut centers, &options)
            .map_err(refusal)?;
        require(counts.iter().sum::<i64>() == case.n() as i64, || {
            format!("{counts:?}")
        })
    });
}

/// Without relocation nothing depends on the order of the points.
#[test]
fn permuted_points_permute_the_labels() {
    holds(500, raw(60, 9, KINDS.len()), |raw| {
        let (case, way) = (raw.case(), a_way(raw));
        let mut order: Vec<usize> = (0..case.n()).collect();
        let mut rng = Rng(raw.x[0]);
        (1..case.n()).for_each(|p| order.swap(p, rng.below(p + 1)));
        let permuted = Case {
            x: order
                .iter()
                .flat_map(|&p| case.x[p * case.d..][..case.d].to_vec())
                .collect(),
            weights: case
                .weights
                .as_ref()
                .map(|w| order.iter().map(|&p| w[p]).collect()),
            ..case.clone()
        };
        let plan = Plan {
            empty: reference::Empty::Keep,
            ..raw.plan()
        };
        let (one, other) = (
            fit(&case, plan, way).map_err(refusal)?,
            fit(&permuted, plan, way).map_err(refusal)?,
        );
        same("centers", &other.centers, &one.centers)?;
        same("inertia", &[other.report.inertia], &[one.report.inertia])?;
        equal(
            "labels",
            &other.labels,
            &order.iter().map(|&p| one.labels[p]).collect::<Vec<_>>(),
        )
    });
}

/// A point without weight gets a label and changes nothing else, once the run converges.
#[test]
fn points_of_weight_zero_change_nothing() {
    holds(500, raw(40, 6, KINDS.len()), |raw| {
        let (case, way) = (raw.case(), a_way(raw));
        let plan = Plan {
            empty: [reference::Empty::Keep, reference::Empty::Relocate][raw.plan % 2],
            ..KEEP
        };
        let mut rng = Rng(raw.x[0]);
        let weights = case.weights.clone().unwrap_or(vec![1.0; case.n()]);
        let mut more = Case {
            x: vec![],
            weights: Some(vec![]),
            ..case.clone()
        };
        let mut kept = Vec::new();
        for (p, &weight) in weights.iter().enumerate() {
            while rng.below(3) == 0 {
                more.x.extend(fill(KINDS[raw.kind], case.d, &mut rng));
                more.weights.as_mut().unwrap().push(0.0);
            }
            kept.push(more.n());
            more.x.extend_from_slice(&case.x[p * case.d..][..case.d]);
            more.weights.as_mut().unwrap().push(weight);
        }
        let one = fit(&case, plan, way).map_err(refusal)?;
        let other = match fit(&more, plan, way) {
            // Points of weight zero are points: no distance tells them from a point that was alone before.
            Err(error) if refusal(error.clone()).contains("underflow") => return Ok(()),
            other => other.map_err(refusal)?,
        };
        if one.report.stopped_by != centra::StoppedBy::Converged
            || other.report.stopped_by != one.report.stopped_by
        {
            return Ok(());
        }
        same("centers", &other.centers, &one.centers)?;
        same("inertia", &[other.report.inertia], &[one.report.inertia])?;
        equal(
            "empty clusters",
            &[other.report.empty_clusters],
            &[one.report.empty_clusters],
        )?;
        equal(
            "labels",
            &kept.iter().map(|&p| other.labels[p]).collect::<Vec<_>>(),
            &one.labels,
        )
    });
}

/// Where nothing under- or overflows, a power of two passes through everything.
#[test]
fn powers_of_two_scale_exactly() {
    // The kinds up to "offset 1e15" have no subnormal differences and few binary digits.
    holds(500, (raw(60, 12, 12), -300..300i32), |(raw, power)| {
        let (case, way) = (raw.case(), a_way(raw));
        let plan = Plan {
            empty: reference::Empty::Keep,
            tol: 0.0,
            ..raw.plan()
        };
        let scale = |values: &[f64]| {
            values
                .iter()
                .map(|v| v * two_to(*power))
                .collect::<Vec<_>>()
        };
        let scaled = Case {
            x: scale(&case.x),
            start: scale(&case.start),
            ..case.clone()
        };
        let (one, other) = (
            fit(&case, plan, way).map_err(refusal)?,
            fit(&scaled, plan, way).map_err(refusal)?,
        );
        if case
            .weights
            .as_ref()
            .is_some_and(|w| w.iter().any(|&w| w > 0.0 && w < 1e-300))
        {
            return Ok(());
        }
        same("centers", &other.centers, &scale(&one.centers))?;
        equal("labels", &other.labels, &one.labels)?;
        equal(
            "iterations",
            &[other.report.iterations],
            &[one.report.iterations],
        )
    });
}

/// The labels of a run are those of its centers, and running on from a converged run changes nothing.
#[test]
fn converged_runs_are_fixed_points() {
    holds(500, raw(60, 8, KINDS.len()), |raw| {
        let (case, way) = (raw.case(), a_way(raw));
        let run = fit(&case, KEEP, way).map_err(refusal)?;
        let stored = Stored::new(&case.x, case.d, way.copy);
        let labels =
            options::assign(&stored.points(), &run.centers, &case.options(way)).map_err(refusal)?;
        equal("labels", &run.labels, &labels)?;
        if run.report.stopped_by == centra::StoppedBy::Converged {
            let again = fit(
                &Case {
                    start: run.centers.clone(),
                    ..case.clone()
                },
                KEEP,
                way,
            )
            .map_err(refusal)?;
            same("centers", &again.centers, &run.centers)?;
            equal("iterations", &[again.report.iterations], &[1])?;
        }
        Ok(())
    });
}

/// Whatever bits come in: an answer equal to the oracle's or a refusal of the right kind, and never a panic.
#[test]
fn any_bits_at_all() {
    let strategy = (1..30usize, 1..6usize).prop_flat_map(|(n, d)| {
        let bits = prop_oneof![
            any::<u64>(),
            Just(0),
            Just(1 << 63),
            Just(0x7fe0_0000_0000_0000),
            Just(1),
            0x3fe0 << 48..0x4010u64 << 48
        ];
        (Just(d), vec(bits, n * d), 1..=n)
    });
    holds(1500, strategy, |(d, bits, k)| {
        let x: Vec<f64> = bits.iter().map(|&b| f64::from_bits(b)).collect();
        let case = Case::new("any bits", *d, x.clone(), x[..k * d].to_vec());
        // Where no distance could tell points apart, one of them has been made another.
        let x = case.x.clone();
        let way = all_ways()[bits[0] as usize % all_ways().len()];
        let result = fit(&case, KEEP, way);
        let seed = options::seed(
            &Points::rows(&x, x.len() / d, *d).unwrap(),
            *k,
            &Options::default(),
        );
        let m = (0..*d).map(|i| {
            x.iter()
                .skip(i)
                .step_by(*d)
                .fold(0.0f64, |m, v| m.max(v.abs()))
        });
        let corner: Vec<f64> = m.collect();
        let worst = reference::squared(&corner, &corner.iter().map(|m| -m).collect::<Vec<_>>());
        match (result, seed) {
            (Ok(run), Ok(_)) => same_run(
                &case.oracle(KEEP).unwrap(),
                &run.centers,
                &run.labels,
                &run.report,
            ),
            (Err(error), Err(other)) => {
                equal("status of seed", &[other.status()], &[error.status()])?;
                let finite = x.iter().all(|v| v.is_finite());
                let right = if finite {
                    centra::Status::Range
                } else {
                    centra::Status::NonFinite
                };
                require(!finite || worst > 0.99 * two_to(1020), || {
                    refusal(error.clone())
                })?;
                equal("status", &[error.status()], &[right])
            }
            (fit, seed) => Err(format!(
                "is it legal? fit says {}, seed says {}",
                fit.is_ok(),
                seed.is_ok()
            )),
        }
    });
}

/// The readable form of a failing case would be lost among raw bits without this.
#[test]
fn failures_are_described() {
    let case = Case::new("x", 1, vec![1.0, f64::from_bits(1)], vec![2.0]);
    let result = all_good(|bad| {
        case.each("test", &all_ways()[..1], bad, |_, _, _| {
            same("v", &[1.0], &[2.0])
        })
    });
    let text = result.unwrap_err();
    for word in [
        "Portable",
        "5e-324",
        "v[0]",
        "0x3ff0000000000000",
        "threads: 1",
    ] {
        assert!(text.contains(word), "{word} is not in {text}");
    }
}
