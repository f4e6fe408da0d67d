//! The comparison: one input, one oracle's answer, and every way the library can be asked for it.
//!
//! A [`Case`] is an input. A [`Way`] is an instruction set, a number of threads and a place in memory. Checks run a
//! case along many ways and collect what differs in [`Bad`], so that one run shows the pattern of a defect.
#![allow(dead_code)]

pub mod chunks;
pub mod cross;
pub mod data;
mod memory;

pub use memory::{Stored, Type, Workspace};

use crate::options::{Init, Options};
use crate::reference::{self as oracle, Stop};
use centra::{Algorithm, Clustering, Empty, Error, Isa, Points, Report, Status, StoppedBy};
use std::fmt::Debug;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// One input. `weights: None` is a case of its own.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub d: usize,
    pub x: Vec<f64>,
    pub start: Vec<f64>,
    pub weights: Option<Vec<f64>>,
}

/// How a run from the case's start goes on.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub empty: oracle::Empty,
    pub max_iter: i64,
    pub tol: f64,
}

pub const RELOCATE: Plan = Plan {
    empty: oracle::Empty::Relocate,
    max_iter: 300,
    tol: 0.0,
};
pub const KEEP: Plan = Plan {
    empty: oracle::Empty::Keep,
    ..RELOCATE
};
pub const ERROR: Plan = Plan {
    empty: oracle::Empty::Error,
    ..RELOCATE
};

#[derive(Clone, Copy, Debug)]
pub struct Way {
    pub isa: Isa,
    pub threads: usize,
    /// Which of the case's [`Stored`] copies; and with its place goes an algorithm.
    pub copy: usize,
}

/// An algorithm for each copy: results depend on neither.
const ALGORITHM: [Algorithm; PLACES] = [
    Algorithm::Auto,
    Algorithm::Hamerly,
    Algorithm::Lloyd,
    Algorithm::Hamerly,
];

/// Places in memory: rows and columns, without gaps and with.
pub const PLACES: usize = 4;
/// Copies of a case: doubles in each place, then floats, then bytes.
pub const COPIES: usize = 3 * PLACES;
/// And then sparse rows: of doubles by 32-bit and by 64-bit indices, of floats by 32-bit and of bytes by 64-bit ones.
pub const SPARSE: [usize; 4] = [12, 13, 14, 15];
/// All of these.
pub const COPIES_AND_SPARSE: usize = COPIES + SPARSE.len();
/// With so many coordinates compared, more than one thread must be used where more than one is asked for.
pub const THREADED: usize = 10 << 17;

const THREADS: [usize; 4] = [1, 2, 3, 8];
/// The last is the best that there is, whatever that is.
pub const ISAS: [Isa; 3] = match cfg!(target_arch = "aarch64") {
    true => [Isa::Portable, Isa::Neon, Isa::Amx],
    false => [Isa::Portable, Isa::Avx2, Isa::Amx],
};

/// All instruction sets, threads and places; all places of floats and bytes, where points can be stored as such; and sparse rows.
pub fn all_ways() -> Vec<Way> {
    let mut all = ways(&ISAS, &THREADS, &[0, 1, 2, 3]);
    all.extend(ways(&ISAS, &[1, 3], &[4, 5, 6, 7, 8, 9, 10, 11]));
    all.extend(ways(&ISAS, &[1], &SPARSE[..2]));
    all.extend(ways(&ISAS, &[3], &SPARSE[2..]));
    all
}

/// The same with fewer combinations, for inputs on which threads cannot matter or that take long.
pub fn few_ways() -> Vec<Way> {
    let mut few = ways(&ISAS, &[1], &[0, 3]);
    few.extend(ways(&ISAS, &[3], &[1, 2]));
    few.extend(ways(&ISAS, &[1], &[5]));
    few.extend(ways(&ISAS, &[3], &[10]));
    few.extend(ways(&ISAS, &[1], &[12]));
    few
}

/// One thread and rows without gaps, three threads and columns with gaps.
pub fn least_ways() -> Vec<Way> {
    let mut least = ways(&ISAS, &[1], &[0]);
    least.extend(ways(&ISAS, &[3], &[3]));
    least
}

/// Each with each; of instruction sets those that this machine has, the best of them in place of all that are better.
pub fn ways(isas: &[Isa], threads: &[usize], copies: &[usize]) -> Vec<Way> {
    let mut ways = Vec::new();
    let mut here: Vec<Isa> = isas.iter().map(|&isa| isa.min(centra::isa())).collect();
    here.dedup();
    for isa in here {
        for &threads in threads {
            ways.extend(copies.iter().map(|&copy| Way { isa, threads, copy }));
        }
    }
    ways
}

/// Whether points could be stored as that copy, and are not doubles in its place.
pub fn is_copy(stored: &Stored, copy: usize) -> bool {
    stored.coordinates() != Type::Doubles || copy < PLACES || SPARSE[..2].contains(&copy)
}

/// What differed. Says so when it is dropped, at the end of a test.
#[derive(Default)]
pub struct Bad {
    seen: usize,
    first: Vec<String>,
    pub checked: usize,
}

impl Bad {
    pub fn note(&mut self, context: impl FnOnce() -> String, result: Result<(), String>) {
        self.checked += 1;
        if let Err(difference) = result {
            self.seen += 1;
            if self.first.len() < 12 {
                self.first.push(format!("{}: {difference}", context()));
            }
        }
    }
}

impl Bad {
    /// All of it as one error; nothing is left to complain about.
    pub fn take(&mut self) -> Result<(), String> {
        let (seen, first) = (
            std::mem::take(&mut self.seen),
            std::mem::take(&mut self.first),
        );
        require(seen == 0, || {
            format!(
                "{seen} of {} answers differ, the first of them:\n  {}\n",
                self.checked,
                first.join("\n  ")
            )
        })
    }
}

impl Drop for Bad {
    fn drop(&mut self) {
        match self.take() {
            Ok(()) => {}
            Err(text) if std::thread::panicking() => eprintln!("{text}"),
            Err(text) => panic!("{text}"),
        }
    }
}

/// Equal bits, or the first index that differs and both patterns.
pub fn same(what: &str, got: &[f64], want: &[f64]) -> Result<(), String> {
    if got.len() != want.len() {
        return Err(format!("{what}: {} values, not {}", got.len(), want.len()));
    }
    match (0..got.len()).find(|&i| got[i].to_bits() != want[i].to_bits()) {
        None => Ok(()),
        Some(i) => Err(format!(
            "{what}[{i}] is {:e} = {:#018x}, not {:e} = {:#018x}",
            got[i],
            got[i].to_bits(),
            want[i],
            want[i].to_bits()
        )),
    }
}

/// The same for anything that `==` compares well.
pub fn equal<T: PartialEq + Debug>(what: &str, got: &[T], want: &[T]) -> Result<(), String> {
    if got.len() != want.len() {
        return Err(format!("{what}: {} values, not {}", got.len(), want.len()));
    }
    match (0..got.len()).find(|&i| got[i] != want[i]) {
        None => Ok(()),
        Some(i) => Err(format!("{what}[{i}] is {:?}, not {:?}", got[i], want[i])),
    }
}

pub fn require(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(what())
    }
}

pub fn refusal(error: Error) -> String {
    format!("refused with {:?}: {}", error.status(), error.detail())
}

pub fn policy(empty: oracle::Empty) -> Empty {
    match empty {
        oracle::Empty::Relocate => Empty::Relocate,
        oracle::Empty::Keep => Empty::Keep,
        oracle::Empty::Error => Empty::Error,
    }
}

pub fn stop(stop: Stop) -> StoppedBy {
    match stop {
        Stop::Converged => StoppedBy::Converged,
        Stop::Tolerance => StoppedBy::Tolerance,
        Stop::MaxIter => StoppedBy::MaxIter,
    }
}

impl Case {
    /// Points that differ are refused where every D underflows: their first coordinate is then made another.
    pub fn new(name: impl Into<String>, d: usize, mut x: Vec<f64>, start: Vec<f64>) -> Case {
        let all = [&x[..], &start[..]].concat();
        if !x.is_empty() && (underflow(&x, d) || underflow(&all, d)) {
            x[0] = if x[0] == 1.0 { 2.0 } else { 1.0 };
        }
        Case {
            name: name.into(),
            d,
            x,
            start,
            weights: None,
        }
    }

    pub fn weighted(&self, how: &str, weights: Vec<f64>) -> Case {
        Case {
            name: format!("{}, weights {how}", self.name),
            weights: Some(weights),
            ..self.clone()
        }
    }

    pub fn n(&self) -> usize {
        self.x.len() / self.d
    }

    pub fn k(&self) -> usize {
        self.start.len() / self.d
    }

    pub fn options(&self, way: Way) -> Options<'_> {
        Options {
            isa: way.isa,
            threads: way.threads,
            init: Init::Given,
            algorithm: ALGORITHM[way.copy % PLACES],
            weights: self.weights.as_deref(),
            ..Options::default()
        }
    }

    pub fn oracle(&self, plan: Plan) -> Option<oracle::Fit> {
        let Plan {
            empty,
            max_iter,
            tol,
        } = plan;
        oracle::fit(
            &self.x,
            self.d,
            self.weights.as_deref(),
            &self.start,
            empty,
            max_iter,
            tol,
        )
    }

    fn describe(&self) -> String {
        let mut text = format!(
            "{} (n {}, d {}, k {})",
            self.name,
            self.n(),
            self.d,
            self.k()
        );
        // A small input is its own minimal reproduction.
        if self.x.len() + self.start.len() <= 24 {
            text += &format!(
                " points {:?} start {:?} weights {:?}",
                self.x, self.start, self.weights
            );
        }
        text
    }

    /// Runs `check` along each of the ways, but those of floats or bytes if the points cannot be stored as such; a panic is a difference like any other.
    pub fn each(
        &self,
        what: &str,
        ways: &[Way],
        bad: &mut Bad,
        mut check: impl FnMut(&Points, Options, &mut Workspace) -> Result<(), String>,
    ) {
        let mut copies: [Option<Stored>; COPIES_AND_SPARSE] = [const { None }; COPIES_AND_SPARSE];
        let mut workspace = Workspace::default();
        for way in ways {
            let stored =
                copies[way.copy].get_or_insert_with(|| Stored::new(&self.x, self.d, way.copy));
            if !is_copy(stored, way.copy) {
                continue;
            }
            let points = stored.points();
            let run = AssertUnwindSafe(|| check(&points, self.options(*way), &mut workspace));
            let result = catch_unwind(run).unwrap_or_else(|panic| {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                Err(format!(
                    "panicked: {}",
                    text.or(panic.downcast_ref::<&str>().copied())
                        .unwrap_or("?")
                ))
            });
            bad.note(
                || format!("{what} of {} along {way:?}", self.describe()),
                result,
            );
        }
    }

    /// Labels and D against the start.
    pub fn check_assign(&self, ways: &[Way], bad: &mut Bad) {
        let (labels, squared) = oracle::assign(&self.x, self.d, &self.start);
        self.each("assign", ways, bad, |points, options, workspace| {
            let kmeans = options.kmeans(self.k(), &self.start);
            let size = kmeans.workspace_size(self.n(), self.d).map_err(refusal)?;
            let mut got = vec![-7; self.n()];
            let mut distance = vec![-7.0; self.n()];
            workspace
                .run(size, |w| {
                    kmeans.assign_into(
                        points,
                        &self.start,
                        &mut got,
                        Some(&mut distance),
                        &mut centra::Workspace::borrowed(w),
                    )
                })?
                .map_err(refusal)?;
            equal("labels", &got, &labels)?;
            same("sqdist", &distance, &squared)?;
            if !also_the_other_forms(&options) {
                return Ok(());
            }
            got.fill(-7);
            workspace
                .run(size, |w| {
                    kmeans.assign_into(
                        points,
                        &self.start,
                        &mut got,
                        None,
                        &mut centra::Workspace::borrowed(w),
                    )
                })?
                .map_err(refusal)?;
            equal("labels without sqdist", &got, &labels)?;
            equal(
                "labels of assign",
                &kmeans.assign(points, &self.start).map_err(refusal)?,
                &labels,
            )
        });
    }

    /// Means and counts of the labels, and their inertia against the start.
    pub fn check_update(&self, labels: &[i32], empty: oracle::Empty, ways: &[Way], bad: &mut Bad) {
        let weights = self.weights.as_deref();
        let want = oracle::means(&self.x, self.d, weights, labels, &self.start, empty);
        let inertia = oracle::inertia(&self.x, self.d, weights, &self.start, labels);
        self.each(
            &format!("update ({empty:?})"),
            ways,
            bad,
            |points, options, workspace| {
                let options = Options {
                    empty: policy(empty),
                    ..options
                };
                let kmeans = options.kmeans(self.k(), &self.start);
                let size = kmeans.workspace_size(self.n(), self.d).map_err(refusal)?;
                let mut centers = self.start.clone();
                let mut counts = vec![-7; self.k()];
                let result = workspace.run(size, |w| {
                    kmeans.update_into(
                        points,
                        &mut centers,
                        labels,
                        Some(&mut counts),
                        &mut centra::Workspace::borrowed(w),
                    )
                })?;
                match (&want, result) {
                    (Some((means, members)), Ok(())) => {
                        equal("counts", &counts, members)?;
                        same("centers", &centers, means)?;
                        if also_the_other_forms(&options) {
                            let mut centers = self.start.clone();
                            let counts = kmeans
                                .update(points, &mut centers, labels)
                                .map_err(refusal)?;
                            equal("counts of update", &counts, members)?;
                            same("centers of update", &centers, means)?;
                            centers.copy_from_slice(&self.start);
                            let update = |w: &mut [u8]| {
                                kmeans.update_into(
                                    points,
                                    &mut centers,
                                    labels,
                                    None,
                                    &mut centra::Workspace::borrowed(w),
                                )
                            };
                            workspace.run(size, update)?.map_err(refusal)?;
                            same("centers without counts", &centers, means)?;
                        }
                    }
                    (None, Err(error)) if error.status() == Status::Empty => {
                        same("centers of the refusal", &centers, &self.start)?;
                        equal("counts of the refusal", &counts, &vec![-7; self.k()])?;
                    }
                    (_, Err(error)) => return Err(refusal(error)),
                    (None, Ok(())) => return Err("an empty cluster was not refused".into()),
                }
                let got = kmeans
                    .inertia(points, &self.start, labels)
                    .map_err(refusal)?;
                same("inertia", &[got], &[inertia])
            },
        );
    }

    /// D of all pairs of a point and a center of the start, in rows without gaps and with gaps, which nothing is written to.
    pub fn check_distances(&self, ways: &[Way], bad: &mut Bad) {
        let (n, k) = (self.n(), self.k());
        let want = oracle::distances(&self.x, self.d, &self.start);
        self.each("distances", ways, bad, |points, options, _| {
            let kmeans = options.kmeans(k, &self.start);
            let got = kmeans.distances(points, &self.start).map_err(refusal)?;
            same("sqdist", &got, &want)?;
            let ld = k + 1 + n % 5;
            let mut table = vec![-7.0; n.saturating_sub(1) * ld + k.min(n * k)];
            kmeans
                .distances_into(points, &self.start, &mut table, ld)
                .map_err(refusal)?;
            for (got, want) in table.chunks(ld).zip(want.chunks(k)) {
                same("sqdist in a row", &got[..k], want)?;
                same("a gap", &got[k..], &vec![-7.0; got.len() - k])?;
            }
            Ok(())
        });
    }

    /// Size, weight and inertia of the clusters of these labels, against the start.
    pub fn check_clusters(&self, labels: &[i32], ways: &[Way], bad: &mut Bad) {
        let (k, weights) = (self.k(), self.weights.as_deref());
        let (counts, totals, inertias) =
            oracle::clusters(&self.x, self.d, weights, &self.start, labels);
        self.each("clusters", ways, bad, |points, options, _| {
            let kmeans = options.kmeans(k, &self.start);
            let got = kmeans
                .clusters(points, &self.start, labels)
                .map_err(refusal)?;
            equal("counts", &got.counts, &counts)?;
            same("weights", &got.weights, &totals)?;
            same("inertia", &got.inertia, &inertias)?;
            // Each by itself.
            let (mut members, mut weighed, mut spread) =
                (vec![-7; k], vec![-7.0; k], vec![-7.0; k]);
            let start = &self.start;
            kmeans
                .clusters_into(points, start, labels, Some(&mut members), None, None)
                .map_err(refusal)?;
            kmeans
                .clusters_into(points, start, labels, None, Some(&mut weighed), None)
                .map_err(refusal)?;
            kmeans
                .clusters_into(points, start, labels, None, None, Some(&mut spread))
                .map_err(refusal)?;
            equal("counts alone", &members, &counts)?;
            same("weights alone", &weighed, &totals)?;
            same("inertia alone", &spread, &inertias)
        });
    }

    /// A whole run. Returns the oracle's.
    pub fn check_fit(&self, plan: Plan, ways: &[Way], bad: &mut Bad) -> Option<oracle::Fit> {
        let want = self.oracle(plan);
        self.each(
            &format!("fit ({plan:?})"),
            ways,
            bad,
            |points, options, workspace| {
                let options = plan.options(options);
                let kmeans = options.kmeans(self.k(), &self.start);
                let size = kmeans.workspace_size(self.n(), self.d).map_err(refusal)?;
                let mut centers = self.start.clone();
                let mut labels = vec![-7; self.n()];
                let result = workspace.run(size, |w| {
                    kmeans.fit_into(
                        points,
                        &mut centers,
                        Some(&mut labels),
                        &mut centra::Workspace::borrowed(w),
                    )
                })?;
                let Some(want) = &want else {
                    let Err(error) = result else {
                        return Err("an empty cluster was not refused".into());
                    };
                    require(error.status() == Status::Empty, || refusal(error))?;
                    same("centers of the refusal", &centers, &self.start)?;
                    return equal("labels of the refusal", &labels, &vec![-7; self.n()]);
                };
                let report = result.map_err(refusal)?;
                same_run(want, &centers, &labels, &report)?;
                let enough = self.x.len() * self.k() >= THREADED;
                let asked = match options.threads {
                    0 => std::thread::available_parallelism().map_or(1, |cores| cores.get()),
                    asked => asked,
                };
                let least = if enough { asked.min(2) } else { 1 };
                require((least..=asked).contains(&report.threads), || {
                    format!("{} threads", report.threads)
                })?;
                if also_the_other_forms(&options) {
                    let Clustering {
                        centers,
                        labels,
                        report,
                        ..
                    } = kmeans.fit(points).map_err(refusal)?;
                    same_run(want, &centers, &labels, &report).map_err(|e| format!("fit: {e}"))?;
                    let mut centers = self.start.clone();
                    let report = workspace
                        .run(size, |w| {
                            kmeans.fit_into(
                                points,
                                &mut centers,
                                None,
                                &mut centra::Workspace::borrowed(w),
                            )
                        })?
                        .map_err(refusal)?;
                    same_run(want, &centers, &want.labels, &report)
                        .map_err(|e| format!("without labels: {e}"))?;
                }
                Ok(())
            },
        );
        want
    }

    /// Assignment, update with the labels of the start, and a run under the plan.
    pub fn check(&self, plan: Plan, ways: &[Way], bad: &mut Bad) {
        self.check_assign(ways, bad);
        let labels = oracle::assign(&self.x, self.d, &self.start).0;
        self.check_update(&labels, plan.empty, ways, bad);
        self.check_fit(plan, ways, bad);
    }
}

/// The forms that allocate, or leave out an output, share all but their entry with the form that is always checked.
fn also_the_other_forms(options: &Options) -> bool {
    options.threads == 1 && options.isa == centra::isa()
}

/// Whether these rows are not all the same, and yet D of any two of them is 0.
fn underflow(rows: &[f64], d: usize) -> bool {
    let extreme = |of: fn(f64, f64) -> f64| -> Vec<f64> {
        let column = |i: usize| rows.iter().skip(i).step_by(d).copied();
        (0..d)
            .map(|i| column(i).reduce(of).unwrap_or(0.0))
            .collect()
    };
    let (least, most) = (extreme(f64::min), extreme(f64::max));
    least != most && oracle::squared(&least, &most) == 0.0
}

impl Plan {
    pub fn at_most(self, max_iter: i64) -> Plan {
        Plan { max_iter, ..self }
    }

    pub fn options<'a>(&self, options: Options<'a>) -> Options<'a> {
        Options {
            empty: policy(self.empty),
            max_iter: self.max_iter as u64,
            tol: self.tol,
            ..options
        }
    }
}

/// The oracle's run and the library's, in every output but the costs.
pub fn same_run(
    want: &oracle::Fit,
    centers: &[f64],
    labels: &[i32],
    report: &Report,
) -> Result<(), String> {
    equal("iterations", &[report.iterations], &[want.iterations])?;
    equal("moved", &[report.moved], &[want.moved])?;
    equal("stopped_by", &[report.stopped_by], &[stop(want.stopped_by)])?;
    equal(
        "empty_clusters",
        &[report.empty_clusters],
        &[want.empty_clusters],
    )?;
    equal("labels", labels, &want.labels)?;
    same("centers", centers, &want.centers)?;
    same("inertia", &[report.inertia], &[want.inertia])?;
    require(!report.cancelled, || "cancelled".into())
}
