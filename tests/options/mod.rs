//! The options that tests and benchmarks cross, as one plain value, and the calls by them, each of which makes one call of the
//! builder. What only a C caller can ask for, a test asks of the C API.
#![allow(dead_code)]

pub mod stream;

use centra::{
    Algorithm, Clustering, Clusters, Empty, Error, Isa, KMeans, Points, Progress, Report, Start,
    Workspace,
};
use std::ops::ControlFlow;

/// Where the centers start. Those that are given are an argument of the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Init {
    #[default]
    KmeansPlusPlus,
    Random,
    Given,
    Parallel,
}

/// What runs tasks on threads of the caller's own.
pub type Lent<'a> = &'a (dyn Fn(usize, &(dyn Fn(usize) + Sync)) + Sync);

/// The settings of a [`KMeans`]; [`Default`] gives the builder's.
#[derive(Clone)]
pub struct Options<'a> {
    pub init: Init,
    pub empty: Empty,
    pub threads: usize,
    pub parallel: Option<&'a Lent<'a>>,
    pub n_init: u32,
    pub max_iter: u64,
    pub tol: f64,
    pub seed: u64,
    pub weights: Option<&'a [f64]>,
    /// Called after every iteration; `true` stops the fit there.
    pub progress: Option<&'a dyn Fn(&Progress) -> bool>,
    pub algorithm: Algorithm,
    pub isa: Isa,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options {
            init: Init::default(),
            empty: Empty::default(),
            threads: 1,
            parallel: None,
            n_init: 1,
            max_iter: 300,
            tol: 0.0,
            seed: 0,
            weights: None,
            progress: None,
            algorithm: Algorithm::default(),
            isa: Isa::Amx,
        }
    }
}

impl<'a> Options<'a> {
    /// The builder with these settings; where centers are given, they are `start`.
    pub fn kmeans(&self, k: usize, start: &'a [f64]) -> KMeans<'a> {
        let start = match self.init {
            Init::KmeansPlusPlus => Start::PlusPlus,
            Init::Parallel => Start::Parallel,
            Init::Random => Start::Random,
            Init::Given => Start::Centers(start),
        };
        let kmeans = KMeans::new(k)
            .start(start)
            .empty(self.empty)
            .threads(self.threads)
            .restarts(self.n_init)
            .max_iter(self.max_iter)
            .tol(self.tol)
            .seed(self.seed)
            .algorithm(self.algorithm)
            .isa(self.isa);
        let kmeans = match self.parallel {
            Some(run) => kmeans.parallel(run),
            None => kmeans,
        };
        match self.weights {
            Some(weights) => kmeans.weights(weights),
            None => kmeans,
        }
    }
}

/// A progress callback as the builder takes it.
fn watch(progress: &dyn Fn(&Progress) -> bool) -> impl Fn(&Progress) -> ControlFlow<()> + '_ {
    move |now| match progress(now) {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}

/// How many rows of the points' dimensions there are.
fn rows(points: &Points, centers: &[f64]) -> usize {
    centers.len() / points.d()
}

fn fit_by(kmeans: KMeans, points: &Points, options: &Options) -> Result<Clustering, Error> {
    match options.progress {
        Some(progress) => kmeans.progress(watch(progress)).fit(points),
        None => kmeans.fit(points),
    }
}

pub fn fit(points: &Points, k: usize, options: &Options) -> Result<Clustering, Error> {
    fit_by(options.kmeans(k, &[]), points, options)
}

pub fn fit_from(points: &Points, start: &[f64], options: &Options) -> Result<Clustering, Error> {
    let given = Options {
        init: Init::Given,
        ..options.clone()
    };
    fit_by(given.kmeans(rows(points, start), start), points, options)
}

/// Where centers are given, the fit starts from what `centers` has.
pub fn fit_into(
    points: &Points,
    options: &Options,
    centers: &mut [f64],
    labels: Option<&mut [i32]>,
    workspace: &mut [u8],
) -> Result<Report, Error> {
    let start = centers.to_vec();
    let kmeans = options.kmeans(rows(points, centers), &start);
    let mut workspace = Workspace::borrowed(workspace);
    match options.progress {
        Some(progress) => {
            let mut watched = kmeans.progress(watch(progress));
            watched.fit_into(points, centers, labels, &mut workspace)
        }
        None => kmeans.fit_into(points, centers, labels, &mut workspace),
    }
}

pub fn assign(points: &Points, centers: &[f64], options: &Options) -> Result<Vec<i32>, Error> {
    let kmeans = options.kmeans(rows(points, centers), &[]);
    kmeans.assign(points, centers)
}

pub fn assign_into(
    points: &Points,
    centers: &[f64],
    options: &Options,
    labels: &mut [i32],
    sqdist: Option<&mut [f64]>,
    workspace: &mut [u8],
) -> Result<(), Error> {
    let kmeans = options.kmeans(rows(points, centers), &[]);
    let mut workspace = Workspace::borrowed(workspace);
    kmeans.assign_into(points, centers, labels, sqdist, &mut workspace)
}

pub fn update(
    points: &Points,
    labels: &[i32],
    centers: &mut [f64],
    options: &Options,
) -> Result<Vec<i64>, Error> {
    let kmeans = options.kmeans(rows(points, centers), &[]);
    kmeans.update(points, centers, labels)
}

pub fn update_into(
    points: &Points,
    labels: &[i32],
    options: &Options,
    centers: &mut [f64],
    counts: Option<&mut [i64]>,
    workspace: &mut [u8],
) -> Result<(), Error> {
    let kmeans = options.kmeans(rows(points, centers), &[]);
    let mut workspace = Workspace::borrowed(workspace);
    kmeans.update_into(points, centers, labels, counts, &mut workspace)
}

pub fn seed(points: &Points, k: usize, options: &Options) -> Result<Vec<f64>, Error> {
    options.kmeans(k, &[]).seed_centers(points)
}

pub fn seed_into(
    points: &Points,
    options: &Options,
    centers: &mut [f64],
    workspace: &mut [u8],
) -> Result<(), Error> {
    let kmeans = options.kmeans(rows(points, centers), &[]);
    kmeans.seed_centers_into(points, centers, &mut Workspace::borrowed(workspace))
}

pub fn inertia(
    points: &Points,
    centers: &[f64],
    labels: &[i32],
    options: &Options,
) -> Result<f64, Error> {
    let kmeans = options.kmeans(rows(points, centers), &[]);
    kmeans.inertia(points, centers, labels)
}

pub fn distances(points: &Points, centers: &[f64], options: &Options) -> Result<Vec<f64>, Error> {
    let kmeans = options.kmeans(rows(points, centers), &[]);
    kmeans.distances(points, centers)
}

pub fn distances_into(
    points: &Points,
    centers: &[f64],
    options: &Options,
    sqdist: &mut [f64],
    ld_out: usize,
) -> Result<(), Error> {
    let kmeans = options.kmeans(rows(points, centers), &[]);
    kmeans.distances_into(points, centers, sqdist, ld_out)
}

pub fn clusters(
    points: &Points,
    centers: &[f64],
    labels: &[i32],
    options: &Options,
) -> Result<Clusters, Error> {
    let kmeans = options.kmeans(rows(points, centers), &[]);
    kmeans.clusters(points, centers, labels)
}

pub fn workspace_size(n: usize, d: usize, k: usize, options: &Options) -> Result<usize, Error> {
    options.kmeans(k, &[]).workspace_size(n, d)
}

/// The bytes of a buffer whose elements are aligned to 16, for use as a workspace.
pub fn as_bytes(buffer: &mut [u128]) -> &mut [u8] {
    // SAFETY: a u128 is sixteen bytes without padding, and any bytes are one.
    unsafe { std::slice::from_raw_parts_mut(buffer.as_mut_ptr().cast(), size_of_val(buffer)) }
}
