//! The calls on chunks by [`Options`].

use super::Options;
use centra::streams::{self, Drawn, Kept, State, Wanted};
use centra::{Error, Points, Workspace};

/// What all chunks of a stream have in common.
#[derive(Clone, Copy, Debug)]
pub struct Stream<'a> {
    pub total: usize,
    pub d: usize,
    pub k: usize,
    pub range: &'a [i32],
}

impl<'a> Stream<'a> {
    /// Refuses what the builder refuses.
    pub fn new(total: usize, d: usize, k: usize, range: &'a [i32]) -> Result<Self, Error> {
        let stream = Stream { total, d, k, range };
        stream.by(&Options::default()).map(|_| stream)
    }

    fn by<'s>(&self, options: &Options<'s>) -> Result<streams::Stream<'s>, Error>
    where
        'a: 's,
    {
        let kmeans = options.kmeans(self.k, &[]);
        kmeans.stream(self.total, self.d, self.range)
    }

    pub fn sums_length(&self) -> Result<usize, Error> {
        self.by(&Options::default())?.sums_length()
    }

    pub fn weights_length(&self, count: usize) -> Result<usize, Error> {
        self.by(&Options::default())?.weights_length(count)
    }

    pub fn candidates_per_round(&self) -> Result<usize, Error> {
        Ok(self.by(&Options::default())?.candidates_per_round())
    }

    pub fn due(&self, round: u32, count: usize, masses: &[i64]) -> Result<bool, Error> {
        Ok(self.by(&Options::default())?.due(round, count, masses))
    }
}

pub fn range_length(d: usize) -> Result<usize, Error> {
    streams::range_length(d)
}

pub fn range(points: &Points, options: &Options, range: &mut [i32]) -> Result<(), Error> {
    let kmeans = options.kmeans(1, &[]);
    kmeans.stream_range(points, range, &mut Workspace::new())
}

pub fn workspace_size(
    n: usize,
    total: usize,
    d: usize,
    k: usize,
    options: &Options,
) -> Result<usize, Error> {
    let kmeans = options.kmeans(k, &[]);
    kmeans.stream_workspace_size(n, total, d)
}

pub fn sums(
    stream: &Stream,
    points: &Points,
    options: &Options,
    centers: &[f64],
    labels: Option<&mut [i32]>,
    wanted: Wanted,
    sums: &mut [i64],
) -> Result<(), Error> {
    let mut workspace = Workspace::new();
    let stream = stream.by(options)?;
    stream.sums(points, centers, labels, wanted, sums, &mut workspace)
}

#[allow(clippy::too_many_arguments)]
pub fn sums_into(
    stream: &Stream,
    points: &Points,
    options: &Options,
    centers: &[f64],
    labels: Option<&mut [i32]>,
    wanted: Wanted,
    sums: &mut [i64],
    workspace: &mut [u8],
) -> Result<(), Error> {
    let mut workspace = Workspace::borrowed(workspace);
    let stream = stream.by(options)?;
    stream.sums(points, centers, labels, wanted, sums, &mut workspace)
}

pub fn means(
    stream: &Stream,
    sums: &[i64],
    centers: &mut [f64],
    counts: Option<&mut [i64]>,
) -> Result<(), Error> {
    let stream = stream.by(&Options::default())?;
    stream.means(centers, sums, counts)
}

pub fn step(
    stream: &Stream,
    sums: &[i64],
    options: &Options,
    centers: &mut [f64],
    state: &mut State,
) -> Result<(), Error> {
    stream.by(options)?.step(centers, sums, state)
}

pub fn masses(
    stream: &Stream,
    points: &Points,
    options: &Options,
    candidates: &[f64],
    kept: Option<Kept>,
    masses: &mut [i64],
) -> Result<(), Error> {
    let stream = stream.by(options)?;
    stream.masses(points, candidates, kept, masses, &mut Workspace::new())
}

pub fn draw(
    stream: &Stream,
    points: &Points,
    options: &Options,
    masses: &[i64],
    candidates: &[f64],
    distances: Option<&[f64]>,
    drawn: Drawn,
) -> Result<(), Error> {
    let mut workspace = Workspace::new();
    let stream = stream.by(options)?;
    stream.draw(points, candidates, distances, masses, drawn, &mut workspace)
}

pub fn weigh(
    stream: &Stream,
    points: &Points,
    options: &Options,
    candidates: &[f64],
    weights: &mut [i64],
) -> Result<(), Error> {
    let stream = stream.by(options)?;
    stream.weigh(points, candidates, weights, &mut Workspace::new())
}

pub fn choose(
    stream: &Stream,
    candidates: &[f64],
    weights: &[i64],
    options: &Options,
    centers: &mut [f64],
) -> Result<(), Error> {
    let stream = stream.by(options)?;
    stream.choose(candidates, centers, weights, &mut Workspace::new())
}

pub fn farthest_length(
    stream: &Stream,
    sums: &[i64],
    options: &Options,
    centers: &[f64],
    state: &State,
) -> Result<usize, Error> {
    stream.by(options)?.farthest_length(centers, sums, state)
}

#[allow(clippy::too_many_arguments)]
pub fn farthest(
    stream: &Stream,
    points: &Points,
    options: &Options,
    centers: &[f64],
    sums: &[i64],
    first: u64,
    farthest: &mut [i64],
) -> Result<(), Error> {
    let mut workspace = Workspace::new();
    let stream = stream.by(options)?;
    stream.farthest(points, centers, sums, first, farthest, &mut workspace)
}

pub fn join_farthest(d: usize, from: &[i64], farthest: &mut [i64]) -> Result<(), Error> {
    streams::join_farthest(d, from, farthest)
}

pub fn relocate(
    stream: &Stream,
    sums: &mut [i64],
    farthest: &[i64],
    options: &Options,
    centers: &mut [f64],
    state: &mut State,
) -> Result<(), Error> {
    stream.by(options)?.relocate(centers, sums, farthest, state)
}
