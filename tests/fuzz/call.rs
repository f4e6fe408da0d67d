//! A case along its two ways: the same status, the same bits, and the reference's where that is soon computed.

use crate::c::{self, InC};
use crate::case::{Call, Case, Form, Way};
use crate::harness::chunks::{Calls, Chunks, InRust};
use crate::harness::data::Rng;
use crate::harness::{policy, refusal, require, stop, Stored, Workspace};
use crate::options::stream;
use crate::options::{self, Init, Options};
use crate::reference::{self as oracle, seeding};
use centra::{Empty, Error, Points, Progress, Status, StoppedBy};
use std::cell::RefCell;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// What a call gave.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// 0, or that of the refusal, and what it says, unless that depends on the form.
    status: i32,
    detail: Option<String>,
    /// Its outputs, by name and bits; none where it was refused.
    outputs: Vec<(&'static str, Vec<u64>)>,
}

/// How much the reference may do: coordinates compared, and coordinates summed; and along how many more ways its answer, once it is
/// there, is asked for.
#[derive(Clone, Copy)]
pub struct Patience {
    pub pairs: usize,
    pub sums: usize,
    pub more_ways: u64,
}

impl Patience {
    /// Of a call among many of any size.
    pub const SHORT: Patience = Patience {
        pairs: 1 << 22,
        sums: 1 << 16,
        more_ways: 0,
    };
    /// Of a call with many labels.
    pub const LONG: Patience = Patience {
        pairs: 1 << 26,
        sums: 1 << 22,
        more_ways: 6,
    };
}

/// What came of a check.
pub enum Checked {
    /// The ways agree, on a refusal.
    Refused,
    /// The ways agree; so many labels of theirs are those of the reference, where there is one.
    Agreed { labels: usize, referred: bool },
}

pub fn reals(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| x.to_bits()).collect()
}

pub fn integers<T: Copy + Into<i64>>(x: &[T]) -> Vec<u64> {
    x.iter().map(|&x| x.into() as u64).collect()
}

/// The outputs of the call for clusters.
fn of_clusters(counts: &[i64], weights: &[f64], inertia: &[f64]) -> [(&'static str, Vec<u64>); 3] {
    [
        ("members", integers(counts)),
        ("weights", reals(weights)),
        ("inertias", reals(inertia)),
    ]
}

impl Case {
    pub fn options(&self, way: Way) -> Options<'_> {
        Options {
            init: self.init,
            empty: self.empty,
            threads: way.threads,
            n_init: self.n_init,
            max_iter: self.max_iter,
            tol: self.tol,
            seed: self.seed,
            weights: self.input.weights.as_deref(),
            algorithm: way.algorithm,
            isa: way.isa,
            ..Options::default()
        }
    }

    /// Whether points in chunks have an answer, and one that can be compared.
    fn streams(&self) -> bool {
        let kept = self.empty != Empty::Error && self.n_init == 1 && self.stop.is_none();
        match self.call {
            Call::Fit => kept && matches!(self.init, Init::Given | Init::Parallel),
            Call::Seed => self.init == Init::Parallel,
            _ => false,
        }
    }

    /// Whether the fuzzer makes the call in C, too.
    fn is_in_c(&self) -> bool {
        !matches!(self.call, Call::Distances | Call::Clusters)
    }

    /// The call along a way. An error is a breach of what is promised of any call.
    fn along(&self, way: Way) -> Result<Outcome, String> {
        match way.form {
            Form::Chunks(seed) if self.streams() => self.in_chunks(way, &InRust, seed),
            Form::ChunksInC(seed) if self.streams() => self.in_chunks(way, &InC::new(seed), seed),
            Form::InC(seed) | Form::ChunksInC(seed) if self.is_in_c() => {
                Ok(c::at_once(self, way, seed))
            }
            _ => self.at_once(way),
        }
    }

    fn at_once(&self, way: Way) -> Result<Outcome, String> {
        let (n, k, d) = (self.n(), self.input.k(), self.input.d);
        let stored = Stored::new(&self.input.x, d, way.copy);
        let (points, mut options) = (stored.points(), self.options(way));
        let reported = RefCell::new((Vec::new(), 0));
        let watch = |progress: &Progress| {
            let (reported, calls) = &mut *reported.borrow_mut();
            reported.extend(integers(&[
                progress.restart,
                progress.iteration,
                progress.moved,
            ]));
            reported.push(progress.shift.to_bits());
            *calls += 1;
            self.stop == Some(*calls)
        };
        if self.stop.is_some() {
            options.progress = Some(&watch);
        }
        let (mut centers, mut labels) = (self.input.start.clone(), self.labels.clone());
        let (mut sqdist, mut counts, mut inertia) = (vec![-7.0; n], vec![-7i64; k], -7.0);
        let (mut run, mut of_pairs) = (Vec::new(), Vec::new());
        let size = match options::workspace_size(n, d, k, &options) {
            Ok(size) if way.form != Form::Owned => size,
            _ => 0,
        };
        let mut memory = Workspace::default();
        let result = memory.run(size, |w| -> Result<(), Error> {
            match self.call {
                Call::Fit => {
                    let report = match way.form {
                        Form::Owned if self.init == Init::Given => {
                            let got = options::fit_from(&points, &centers, &options)?;
                            (centers, labels) = (got.centers, got.labels);
                            got.report
                        }
                        Form::Owned => {
                            let got = options::fit(&points, k, &options)?;
                            (centers, labels) = (got.centers, got.labels);
                            got.report
                        }
                        _ => options::fit_into(
                            &points,
                            &options,
                            &mut centers,
                            Some(&mut labels),
                            w,
                        )?,
                    };
                    inertia = report.inertia;
                    let reported = [report.iterations, report.moved, report.empty_clusters];
                    run = integers(&reported);
                    run.extend([report.stopped_by as u64, report.cancelled.into()]);
                }
                Call::Assign if way.form == Form::Owned => {
                    labels = options::assign(&points, &centers, &options)?
                }
                Call::Assign => options::assign_into(
                    &points,
                    &centers,
                    &options,
                    &mut labels,
                    Some(&mut sqdist),
                    w,
                )?,
                Call::Update if way.form == Form::Owned => {
                    counts = options::update(&points, &labels, &mut centers, &options)?;
                }
                Call::Update => options::update_into(
                    &points,
                    &labels,
                    &options,
                    &mut centers,
                    Some(&mut counts),
                    w,
                )?,
                Call::Inertia => inertia = options::inertia(&points, &centers, &labels, &options)?,
                Call::Seed if way.form == Form::Owned => {
                    centers = options::seed(&points, k, &options)?
                }
                Call::Seed => options::seed_into(&points, &options, &mut centers, w)?,
                Call::Distances => {
                    let kmeans = options.kmeans(k, &self.input.start);
                    let table = kmeans.distances(&points, &centers)?;
                    of_pairs.push(("distances", reals(&table)));
                }
                Call::Clusters => {
                    let kmeans = options.kmeans(k, &self.input.start);
                    let of_each = kmeans.clusters(&points, &centers, &labels)?;
                    of_pairs.extend(of_clusters(
                        &of_each.counts,
                        &of_each.weights,
                        &of_each.inertia,
                    ));
                }
            }
            Ok(())
        })?;
        if let Err(error) = &result {
            let untouched = reals(&centers) == reals(&self.input.start)
                && labels == self.labels
                && sqdist.iter().all(|&x| x == -7.0)
                && counts.iter().all(|&x| x == -7);
            require(untouched, || {
                format!("{}, but wrote an output", refusal(error.clone()))
            })?;
        }
        let mut outputs = vec![("centers", reals(&centers)), ("labels", integers(&labels))];
        outputs.extend(of_pairs);
        if matches!(self.call, Call::Fit | Call::Inertia) {
            outputs.push(("inertia", reals(&[inertia])));
        }
        if self.call == Call::Fit {
            outputs.push((Outcome::RUN, run));
        }
        if self.call == Call::Fit && self.stop.is_some() {
            outputs.push(("progress", reported.into_inner().0));
        }
        if self.call == Call::Update {
            outputs.push(("counts", integers(&counts)));
        }
        if way.form != Form::Owned && self.call == Call::Assign {
            outputs.push(("sqdist", reals(&sqdist)));
        }
        Ok(Outcome::new(result, outputs))
    }

    fn in_chunks(&self, way: Way, calls: &dyn Calls, seed: u64) -> Result<Outcome, String> {
        let options = self.options(way);
        // A stream reads its start from the case that it is of.
        let mut input = self.input.clone();
        if self.call == Call::Fit && self.init == Init::Given {
            let checked = Points::rows(&input.x, input.n(), input.d).map_err(refusal)?;
            // A stream is not asked what a whole refuses: it need not see that points differ too little.
            let mut labels = self.labels.clone();
            let options = Options {
                max_iter: 0,
                ..options.clone()
            };
            let mut centers = input.start.clone();
            let bytes = options::workspace_size(input.n(), input.d, input.k(), &options);
            if let Err(error) = bytes.and_then(|bytes| {
                let mut memory = vec![0u128; bytes.div_ceil(16)];
                let memory = options::as_bytes(&mut memory);
                options::fit_into(&checked, &options, &mut centers, Some(&mut labels), memory)
            }) {
                return self.refused_in_chunks(error, calls, &options, seed);
            }
        } else {
            let stored = Stored::new(&self.input.x, self.input.d, way.copy);
            if let Err(error) = options::seed(&stored.points(), input.k(), &options) {
                return self.refused_in_chunks(error, calls, &options, seed);
            }
        }
        let chunks = Chunks::through(calls, &self.input, &options, seed);
        let range = chunks.range()?;
        if self.init == Init::Parallel {
            input.start = chunks.seed(&range, seed.is_multiple_of(2))?;
        }
        if self.call == Call::Seed {
            return Ok(Outcome::new(Ok(()), vec![("centers", reals(&input.start))]));
        }
        let chunks = Chunks::through(calls, &input, &options, seed);
        let (centers, labels, state) = chunks
            .fit(&range, true)?
            .map_err(|status| format!("a step was refused with {status}"))?;
        let stopped_by = state.stopped_by.ok_or("a stream that never stopped")?;
        let mut run = integers(&[state.iterations, state.moved, state.empty_clusters]);
        run.extend([stopped_by as u64, 0]);
        let outputs = vec![
            ("centers", reals(&centers)),
            ("labels", integers(&labels)),
            ("inertia", reals(&[state.inertia])),
            (Outcome::RUN, run),
        ];
        Ok(Outcome::new(Ok(()), outputs))
    }

    /// What the whole is refused for; where points or weights are no numbers, chunks are, too.
    fn refused_in_chunks(
        &self,
        error: Error,
        calls: &dyn Calls,
        options: &Options,
        seed: u64,
    ) -> Result<Outcome, String> {
        let finite = |x: &f64| x.is_finite();
        let weights = self.input.weights.as_deref().unwrap_or(&[]);
        let all = self.input.x.iter().chain(weights).all(finite);
        if !all && error.status() == Status::NonFinite {
            let range = Chunks::through(calls, &self.input, options, seed).range();
            let refused = format!("refused with {}", Status::NonFinite as i32);
            require(
                range
                    .as_ref()
                    .is_err_and(|detail| detail.starts_with(&refused)),
                || format!("chunks that are no numbers: {range:?}"),
            )?;
        }
        Ok(Outcome::new(Err(error), Vec::new()))
    }

    /// The reference's outputs; `None` where it has none, or would take more than this patience, a run being of so many iterations.
    fn expected(&self, iterations: u64, patience: Patience) -> Option<Outcome> {
        let input = &self.input;
        let (x, d, k, weights) = (&input.x[..], input.d, input.k(), input.weights.as_deref());
        let runs = match self.call {
            Call::Fit => (iterations as usize + 2) * self.n_init as usize,
            _ => 1,
        };
        let candidates = match (self.call, self.init) {
            (Call::Fit | Call::Seed, Init::Parallel) => 15 * k + 160,
            (Call::Fit | Call::Seed, Init::KmeansPlusPlus) => 4 * k,
            _ => 0,
        };
        let pairs = x.len() * (k * runs + candidates * self.n_init as usize);
        let sums = match self.call {
            Call::Assign | Call::Seed | Call::Distances => 0,
            _ => x.len() * runs,
        };
        if pairs > patience.pairs || sums > patience.sums {
            return None;
        }
        let empty = match self.empty {
            Empty::Relocate => oracle::Empty::Relocate,
            Empty::Keep => oracle::Empty::Keep,
            Empty::Error => oracle::Empty::Error,
            other => unreachable!("{other:?}"),
        };
        assert_eq!(policy(empty), self.empty);
        let seeds = |restart: u32| match self.init {
            Init::Given => input.start.clone(),
            Init::KmeansPlusPlus => seeding::greedy(x, d, weights, k, self.seed, restart),
            Init::Random => seeding::random(x, d, weights, k, self.seed, restart),
            Init::Parallel => seeding::parallel(x, d, weights, k, self.seed, restart),
        };
        let outputs = match self.call {
            Call::Fit => {
                let mut best: Option<(oracle::Fit, StoppedBy)> = None;
                let (mut progress, mut calls, mut cancelled) = (Vec::new(), 0, false);
                let restarts = if self.init == Init::Given {
                    1
                } else {
                    self.n_init
                };
                for restart in 0..restarts {
                    let start = seeds(restart);
                    let run = |most: u64| {
                        oracle::fit(x, d, weights, &start, empty, most as i64, self.tol)
                    };
                    let mut fit = run(self.max_iter)?;
                    // Where the caller stops it, a run is one of as many iterations.
                    let left = self.stop.map(|stop| stop - calls);
                    if let Some(left) = left.filter(|&left| left <= fit.trace.len() as u64) {
                        fit = run(left)?;
                        cancelled = true;
                    }
                    calls += fit.trace.len() as u64;
                    for (at, (moved, shift)) in fit.trace.iter().enumerate() {
                        progress.extend(integers(&[restart.into(), at as i64 + 1, *moved]));
                        progress.push(shift.to_bits());
                    }
                    let last = cancelled || fit.inertia == 0.0;
                    let stopped_by = match cancelled {
                        true => StoppedBy::Stopped,
                        false => stop(fit.stopped_by),
                    };
                    if best
                        .as_ref()
                        .is_none_or(|(best, _)| fit.inertia < best.inertia)
                    {
                        best = Some((fit, stopped_by));
                    }
                    // Nothing beats an inertia of zero.
                    if last {
                        break;
                    }
                }
                let (fit, stopped_by) = best?;
                let mut run = integers(&[fit.iterations, fit.moved, fit.empty_clusters]);
                run.extend([stopped_by as u64, cancelled.into()]);
                vec![
                    ("centers", reals(&fit.centers)),
                    ("labels", integers(&fit.labels)),
                    ("inertia", reals(&[fit.inertia])),
                    (Outcome::RUN, run),
                    ("progress", progress),
                ]
            }
            Call::Assign => {
                let (labels, sqdist) = oracle::assign(x, d, &input.start);
                vec![("labels", integers(&labels)), ("sqdist", reals(&sqdist))]
            }
            Call::Update => {
                let (centers, counts) =
                    oracle::means(x, d, weights, &self.labels, &input.start, empty)?;
                vec![("centers", reals(&centers)), ("counts", integers(&counts))]
            }
            Call::Inertia => {
                let inertia = oracle::inertia(x, d, weights, &input.start, &self.labels);
                vec![("inertia", reals(&[inertia]))]
            }
            Call::Seed => vec![("centers", reals(&seeds(0)))],
            Call::Distances => {
                let table = oracle::distances(x, d, &input.start);
                vec![("distances", reals(&table))]
            }
            Call::Clusters => {
                let (counts, totals, inertias) =
                    oracle::clusters(x, d, weights, &input.start, &self.labels);
                of_clusters(&counts, &totals, &inertias).into()
            }
        };
        Some(Outcome::new(Ok(()), outputs))
    }

    /// Whether nothing is near a limit, so that no call may refuse it.
    fn plainly_legal(&self) -> bool {
        let plain = |x: &f64| *x == 0.0 || (2f64.powi(-300)..2f64.powi(300)).contains(&x.abs());
        let weighed = |w: &Vec<f64>| {
            let plain = |w: &f64| (0.0..2f64.powi(100)).contains(w);
            w.iter().all(plain) && w.iter().any(|&w| w > 0.0)
        };
        let input = &self.input;
        let points_enough = input.k() <= self.n() || !matches!(self.call, Call::Fit | Call::Seed);
        let named = |label: &i32| (0..input.k() as i32).contains(label);
        points_enough
            && self.tol >= 0.0
            && input.x.iter().chain(&input.start).all(plain)
            && input.weights.as_ref().is_none_or(weighed)
            && self.labels.iter().all(named)
    }

    /// What a query says suffices for more of anything, too.
    fn queries(&self) -> Result<(), String> {
        let (n, k, d, options) = (
            self.n(),
            self.input.k(),
            self.input.d,
            self.options(self.ways[0]),
        );
        let more = |bits: u64| (self.seed >> bits & 7) as usize;
        let (n2, d2, k2) = (n + more(0), d + more(3), k + more(6));
        let larger = Options {
            threads: options.threads + more(9),
            ..options.clone()
        };
        let whole = |n, d, k, options: &Options| options::workspace_size(n, d, k, options);
        if let (Ok(few), Ok(many)) = (whole(n, d, k, &options), whole(n2, d2, k2, &larger)) {
            require(few <= many, || {
                format!("workspace {few} for {n} {d} {k}, {many} for {n2} {d2} {k2}")
            })?;
        }
        let total = n.max(k);
        let chunk =
            |n, d, k, options: &Options| stream::workspace_size(n, total.max(k), d, k, options);
        if let (Ok(few), Ok(many)) = (chunk(n, d, k, &options), chunk(n2, d2, k2, &larger)) {
            require(few <= many, || {
                format!("workspace of a chunk {few} for {n} {d} {k}, {many} for {n2} {d2} {k2}")
            })?;
        }
        Ok(())
    }

    /// Whether all agree; a panic, of the library or the reference, is a failure like any other.
    pub fn check(&self, patience: Patience) -> Result<Checked, String> {
        catch_unwind(AssertUnwindSafe(|| self.compare(patience))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or(panic.downcast_ref::<&str>().map(|text| text.to_string()));
            Err(format!("panicked: {}", text.unwrap_or_default()))
        })
    }

    fn compare(&self, patience: Patience) -> Result<Checked, String> {
        self.queries()?;
        let [a, b] = [self.along(self.ways[0])?, self.along(self.ways[1])?];
        a.same("the ways", &b)?;
        if a.status != 0 {
            require(a.status != Status::Internal as i32, || a.said())?;
            let empty = self.empty == Empty::Error && a.status == Status::Empty as i32;
            require(empty || !self.plainly_legal(), || {
                format!("refused: {}", a.said())
            })?;
            return Ok(Checked::Refused);
        }
        let iterations = a.iterations().or(b.iterations()).unwrap_or(self.max_iter);
        let expected = self.expected(iterations, patience);
        if let Some(expected) = &expected {
            expected.same("the reference and the first way", &a)?;
            expected.same("the reference and the second way", &b)?;
        }
        let mut labels = 0;
        if let Some(expected) = &expected {
            let writes = matches!(self.call, Call::Fit | Call::Assign);
            let mut count = |outcome: &Outcome| {
                labels += if writes { outcome.labels() } else { 0 };
            };
            count(&a);
            count(&b);
            for more in 0..patience.more_ways {
                let way = Way::drawn(&mut Rng(self.seed.wrapping_add(more)));
                let other = self.along(way)?;
                expected.same(&format!("the reference and {way:?}"), &other)?;
                count(&other);
            }
        }
        Ok(Checked::Agreed {
            labels,
            referred: expected.is_some(),
        })
    }
}

impl Outcome {
    /// What a fit tells of its run.
    pub const RUN: &'static str = "iterations, moved, empty, stopped by, cancelled";

    fn new(result: Result<(), Error>, outputs: Vec<(&'static str, Vec<u64>)>) -> Outcome {
        match result {
            Ok(()) => Outcome::written(outputs),
            Err(error) => Outcome::refused(error.status() as i32, error.detail().into(), 0),
        }
    }

    pub fn written(outputs: Vec<(&'static str, Vec<u64>)>) -> Outcome {
        Outcome {
            status: 0,
            detail: None,
            outputs,
        }
    }

    /// What a refusal says of labels depends on which one is the first.
    pub fn refused(status: i32, detail: String, base: i32) -> Outcome {
        let depends = base > 0 && status == Status::Label as i32;
        Outcome {
            status,
            detail: (!depends).then_some(detail),
            outputs: Vec::new(),
        }
    }

    fn said(&self) -> String {
        self.detail.clone().unwrap_or_default()
    }

    fn output(&self, name: &str) -> Option<&[u64]> {
        let mut all = self.outputs.iter();
        let found = all.find(|(other, _)| *other == name);
        found.map(|(_, bits)| &bits[..])
    }

    /// How many labels the call wrote.
    fn labels(&self) -> usize {
        self.output("labels").map_or(0, <[u64]>::len)
    }

    fn iterations(&self) -> Option<u64> {
        self.output(Outcome::RUN).map(|run| run[0])
    }

    /// The same status, and the same bits of all outputs that both have.
    fn same(&self, who: &str, other: &Outcome) -> Result<(), String> {
        require(self.status == other.status, || {
            format!(
                "{who}: status {} ({}), and {} ({})",
                self.status,
                self.said(),
                other.status,
                other.said()
            )
        })?;
        if let (Some(one), Some(another)) = (&self.detail, &other.detail) {
            require(one == another, || {
                format!("{who}: \"{one}\", and \"{another}\"")
            })?;
        }
        for (name, bits) in &self.outputs {
            let Some(others) = other.output(name) else {
                continue;
            };
            require(bits.len() == others.len(), || {
                format!("{who}: other lengths of {name}")
            })?;
            let differ = |at: &usize| bits[*at] != others[*at];
            if let Some(at) = (0..bits.len()).find(differ) {
                let count = (0..bits.len()).filter(differ).count();
                let (a, b) = (bits[at], others[at]);
                return Err(format!(
                    "{who}: {name} differ at {at} ({a:#x} and {b:#x}), and {count} times in all"
                ));
            }
        }
        Ok(())
    }
}
